use plimsoll_contract::{Answer, FlowId, Instant, RunControl, RunId};

use crate::Spec;
use crate::text::normalised;

/// The interface `run-control-store`.
pub trait RunControlStore: Spec {
    /// CONTROL-1 to 4.
    fn configure_run(
        &mut self,
        run_id: RunId,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: Option<&str>,
        timeout_at: Option<Instant>,
    ) -> Answer<()> {
        let now = self.now();
        let control = self.space()?.controls.entry(run_id).or_insert_with(|| RunControl {
            run_id,
            flow_id,
            trigger_key: String::new(),
            idempotency_key: None,
            created_at: now,
            timeout_at: None,
            cancel_requested: false,
            cancel_reason: None,
            cancel_requested_at: None,
            timed_out_at: None,
        });
        control.flow_id = flow_id;
        trigger_key.clone_into(&mut control.trigger_key);
        control.idempotency_key = idempotency_key.map(str::to_owned);
        control.timeout_at = timeout_at;
        Ok(())
    }

    /// CONTROL-5.
    fn get_run_control(&mut self, run_id: RunId) -> Answer<Option<RunControl>> {
        Ok(self.space()?.controls.get(&run_id).cloned())
    }

    /// CONTROL-6 to 9.
    fn request_cancel(&mut self, run_id: RunId, reason: Option<&str>) -> Answer<bool> {
        let now = self.now();
        match self.space()?.controls.get_mut(&run_id) {
            Some(control) if !control.cancel_requested => {
                control.cancel_requested = true;
                control.cancel_reason = reason.map(str::to_owned);
                control.cancel_requested_at = Some(now);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// CONTROL-10 to 15.
    fn mark_timed_out(&mut self, run_id: RunId, reason: Option<&str>) -> Answer<bool> {
        let now = self.now();
        match self.space()?.controls.get_mut(&run_id) {
            Some(control) if control.timed_out_at.is_none() => {
                control.timed_out_at = Some(now);
                control.cancel_requested = true;
                control.cancel_requested_at.get_or_insert(now);
                if let Some(reason) = reason {
                    control.cancel_reason = Some(reason.to_owned());
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// CONTROL-16.
    fn find_run_id_by_idempotency_key(
        &mut self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
    ) -> Answer<Option<RunId>> {
        let id = (flow_id, normalised(trigger_key), normalised(idempotency_key));
        Ok(self.space()?.idempotency_keys.get(&id).copied())
    }

    /// CONTROL-17 to 23.
    fn try_register_idempotency_key(
        &mut self,
        flow_id: FlowId,
        trigger_key: &str,
        idempotency_key: &str,
        run_id: RunId,
    ) -> Answer<bool> {
        let keys = &mut self.space()?.idempotency_keys;
        let id = (flow_id, normalised(trigger_key), normalised(idempotency_key));
        let is_new = !keys.contains_key(&id);
        keys.entry(id).or_insert(run_id);
        Ok(is_new)
    }
}
