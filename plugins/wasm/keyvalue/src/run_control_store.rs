use std::collections::BTreeMap;

use crate::KeyValue;
use crate::exports::flow::storage::run_control_store::{Error, Guest, Instant, RunControl, Uuid};
use crate::hash::{self, Hash};
use crate::ids;
use crate::session::{Session, now, session};
use crate::store;
use crate::text::compared;

/// The runs that idempotency keys were registered for, each with the number of its entry: a key is
/// free again when that entry is dead.
type Page = BTreeMap<Hash, (Uuid, u64)>;

impl Guest for KeyValue {
    fn configure_run(
        run_id: Uuid,
        flow_id: Uuid,
        trigger_key: String,
        idempotency_key: Option<String>,
        timeout_at: Option<Instant>,
    ) -> Result<(), Error> {
        session()?.change(run_id, |run, _| {
            let control = run.body.control.get_or_insert_with(|| new_control(run_id));
            // Only what was configured changes; what happened since stays.
            control.flow_id = flow_id;
            control.trigger_key.clone_from(&trigger_key);
            control.idempotency_key.clone_from(&idempotency_key);
            control.timeout_at = timeout_at;
            Ok(())
        })
    }

    fn get_run_control(run_id: Uuid) -> Result<Option<RunControl>, Error> {
        Ok(session()?.view(run_id)?.and_then(|(_, run)| run.body.control))
    }

    fn request_cancel(run_id: Uuid, reason: Option<String>) -> Result<bool, Error> {
        session()?.change(run_id, |run, _| {
            let control = run.body.control.as_mut().filter(|control| !control.cancel_requested);
            let Some(control) = control else { return Ok(false) };
            control.cancel_requested = true;
            control.cancel_reason.clone_from(&reason);
            control.cancel_requested_at = Some(now());
            Ok(true)
        })
    }

    fn mark_timed_out(run_id: Uuid, reason: Option<String>) -> Result<bool, Error> {
        session()?.change(run_id, |run, _| {
            let control = run.body.control.as_mut();
            let control = control.filter(|control| control.timed_out_at.is_none());
            let Some(control) = control else { return Ok(false) };
            let now = now();
            control.timed_out_at = Some(now);
            control.cancel_requested = true;
            control.cancel_requested_at.get_or_insert(now);
            if reason.is_some() {
                control.cancel_reason.clone_from(&reason);
            }
            Ok(true)
        })
    }

    fn find_run_id_by_idempotency_key(
        flow_id: Uuid,
        trigger_key: String,
        idempotency_key: String,
    ) -> Result<Option<Uuid>, Error> {
        session()?.registered(&hash_of(flow_id, &trigger_key, &idempotency_key))
    }

    fn try_register_idempotency_key(
        flow_id: Uuid,
        trigger_key: String,
        idempotency_key: String,
        run_id: Uuid,
    ) -> Result<bool, Error> {
        session()?.register(hash_of(flow_id, &trigger_key, &idempotency_key), run_id)
    }
}

fn new_control(run_id: Uuid) -> RunControl {
    RunControl {
        run_id,
        flow_id: Uuid { high: 0, low: 0 },
        trigger_key: String::new(),
        idempotency_key: None,
        created_at: now(),
        timeout_at: None,
        cancel_requested: false,
        cancel_reason: None,
        cancel_requested_at: None,
        timed_out_at: None,
    }
}

fn hash_of(flow_id: Uuid, trigger_key: &str, idempotency_key: &str) -> Hash {
    let (trigger_key, idempotency_key) = (compared(trigger_key), compared(idempotency_key));
    let (high, low) = (flow_id.high.to_be_bytes(), flow_id.low.to_be_bytes());
    hash::of(&[&high, &low, trigger_key.as_bytes(), idempotency_key.as_bytes()])
}

impl Session {
    fn registered(&self, hash: &Hash) -> Result<Option<Uuid>, Error> {
        let page: Page = store::value(&self.buckets.keys, &hash::page(hash))?;
        let Some((run, number)) = page.get(hash) else { return Ok(None) };
        Ok(self.head(*number)?.map(|_| *run))
    }

    fn register(&self, hash: Hash, run: Uuid) -> Result<bool, Error> {
        let page = hash::page(&hash);
        loop {
            let before: Page = store::value(&self.buckets.keys, &page)?;
            let before = before.get(&hash).copied();
            if let Some((_, number)) = before
                && self.head(number)?.is_some()
            {
                return Ok(false);
            }
            // The run knows its keys before they know it, so that it can take them along. Another
            // call for the same run and key has an entry of its own.
            let own = (hash, ids::next()?);
            let number = self.change(run, |run, texts| {
                run.head.keys.insert(own);
                Ok(texts.number)
            })?;
            let is_won = store::revise(&self.buckets.keys, &page, |page: &mut Page| {
                let is_free = page.get(&hash).copied() == before;
                if is_free {
                    page.insert(hash, (run, number));
                }
                Ok(is_free)
            })?;
            if is_won {
                return Ok(true);
            }
            self.change_entry(number, |run, _| Ok(run.head.keys.remove(&own)))?;
        }
    }

    /// Frees the keys of an entry that is dead.
    pub fn free_keys(
        &self,
        number: u64,
        keys: impl IntoIterator<Item = Hash>,
    ) -> Result<(), Error> {
        for hash in keys {
            store::revise(&self.buckets.keys, &hash::page(&hash), |page: &mut Page| {
                if page.get(&hash).is_some_and(|(_, there)| *there == number) {
                    page.remove(&hash);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
