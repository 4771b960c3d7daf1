use std::collections::hash_map::Entry;

use async_trait::async_trait;
use plimsoll_contract::{FlowId, Instant, Result, RunControl, RunControlStore, RunId};

use crate::MemoryBackend;
use crate::store::IdempotencyKey;

#[async_trait]
impl RunControlStore for MemoryBackend {
    async fn configure_run(
        &self,
        run_id: RunId,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: Option<&str>,
        timeout_at: Option<Instant>,
    ) -> Result<()> {
        self.with(|store, now| {
            let slot = &mut store.run_mut(run_id).control;
            let configured = RunControl {
                run_id,
                flow_id,
                trigger_key: trigger_key.to_owned(),
                idempotency_key: idempotency_key.map(str::to_owned),
                created_at: now,
                timeout_at,
                cancel_requested: false,
                cancel_reason: None,
                cancel_requested_at: None,
                timed_out_at: None,
            };
            *slot = Some(match slot.take() {
                None => configured,
                Some(before) => RunControl {
                    created_at: before.created_at,
                    cancel_requested: before.cancel_requested,
                    cancel_reason: before.cancel_reason,
                    cancel_requested_at: before.cancel_requested_at,
                    timed_out_at: before.timed_out_at,
                    ..configured
                },
            });
            Ok(())
        })
    }

    async fn get_run_control(&self, run_id: RunId) -> Result<Option<RunControl>> {
        self.with(|store, _| Ok(store.run(run_id).and_then(|data| data.control.clone())))
    }

    async fn request_cancel(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        self.change_control(run_id, |control, now| {
            if control.cancel_requested {
                return false;
            }
            control.cancel_requested = true;
            control.cancel_reason = reason.map(str::to_owned);
            control.cancel_requested_at = Some(now);
            true
        })
    }

    async fn mark_timed_out(&self, run_id: RunId, reason: Option<&str>) -> Result<bool> {
        self.change_control(run_id, |control, now| {
            if control.timed_out_at.is_some() {
                return false;
            }
            control.timed_out_at = Some(now);
            control.cancel_requested = true;
            control.cancel_requested_at = control.cancel_requested_at.or(Some(now));
            control.cancel_reason = reason.map(str::to_owned).or(control.cancel_reason.take());
            true
        })
    }

    async fn find_run_id_by_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
    ) -> Result<Option<RunId>> {
        let key = normalise(flow_id, trigger_key, idempotency_key);
        self.with(|store, _| Ok(store.idempotency_keys.get(&key).copied()))
    }

    async fn try_register_idempotency_key(
        &self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
        run_id: RunId,
    ) -> Result<bool> {
        let key = normalise(flow_id, trigger_key, idempotency_key);
        self.with(|store, _| {
            if let Entry::Vacant(entry) = store.idempotency_keys.entry(key.clone()) {
                entry.insert(run_id);
                store.run_mut(run_id).idempotency_keys.push(key);
                return Ok(true);
            }
            Ok(false)
        })
    }
}

impl MemoryBackend {
    /// Changes the control record of a run; false without one.
    fn change_control(
        &self,
        run_id: RunId,
        change: impl FnOnce(&mut RunControl, Instant) -> bool,
    ) -> Result<bool> {
        self.with(|store, now| {
            let control = store.runs.get_mut(&run_id).and_then(|data| data.control.as_mut());
            Ok(control.is_some_and(|control| change(control, now)))
        })
    }
}

/// As the source compares keys: without ASCII blanks around them, in ASCII lower case.
fn normalise(flow_id: FlowId, trigger_key: &str, idempotency_key: &str) -> IdempotencyKey {
    let fold = |text: &str| {
        let blanks = ['\t', '\n', '\u{b}', '\u{c}', '\r', ' '];
        text.trim_matches(blanks).to_ascii_lowercase()
    };
    (flow_id, fold(trigger_key), fold(idempotency_key))
}
