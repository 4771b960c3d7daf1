use crate::Memory;
use crate::clock::now;
use crate::exports::flow::storage::run_control_store::{Error, Guest, Instant, RunControl, Uuid};
use crate::state::with_namespace;
use crate::text::compared;

impl Guest for Memory {
    fn configure_run(
        run_id: Uuid,
        flow_id: Uuid,
        trigger_key: String,
        idempotency_key: Option<String>,
        timeout_at: Option<Instant>,
    ) -> Result<(), Error> {
        with_namespace(|space| {
            let control = RunControl {
                run_id,
                flow_id,
                trigger_key,
                idempotency_key,
                timeout_at,
                created_at: now(),
                cancel_requested: false,
                cancel_reason: None,
                cancel_requested_at: None,
                timed_out_at: None,
            };
            let control = match space.controls.remove(&run_id) {
                None => control,
                // Only what was configured changes; what happened since stays.
                Some(before) => RunControl {
                    flow_id: control.flow_id,
                    trigger_key: control.trigger_key,
                    idempotency_key: control.idempotency_key,
                    timeout_at: control.timeout_at,
                    ..before
                },
            };
            space.controls.insert(run_id, control);
            Ok(())
        })
    }

    fn get_run_control(run_id: Uuid) -> Result<Option<RunControl>, Error> {
        with_namespace(|space| Ok(space.controls.get(&run_id).cloned()))
    }

    fn request_cancel(run_id: Uuid, reason: Option<String>) -> Result<bool, Error> {
        with_namespace(|space| {
            let Some(control) = space.controls.get_mut(&run_id) else { return Ok(false) };
            if control.cancel_requested {
                return Ok(false);
            }
            control.cancel_requested = true;
            control.cancel_reason = reason;
            control.cancel_requested_at = Some(now());
            Ok(true)
        })
    }

    fn mark_timed_out(run_id: Uuid, reason: Option<String>) -> Result<bool, Error> {
        with_namespace(|space| {
            let Some(control) = space.controls.get_mut(&run_id) else { return Ok(false) };
            if control.timed_out_at.is_some() {
                return Ok(false);
            }
            let now = now();
            control.timed_out_at = Some(now);
            control.cancel_requested = true;
            control.cancel_requested_at.get_or_insert(now);
            if reason.is_some() {
                control.cancel_reason = reason;
            }
            Ok(true)
        })
    }

    fn find_run_id_by_idempotency_key(
        flow_id: Uuid,
        trigger_key: String,
        idempotency_key: String,
    ) -> Result<Option<Uuid>, Error> {
        let id = (flow_id, compared(&trigger_key), compared(&idempotency_key));
        with_namespace(|space| Ok(space.idempotency_keys.get(&id).copied()))
    }

    fn try_register_idempotency_key(
        flow_id: Uuid,
        trigger_key: String,
        idempotency_key: String,
        run_id: Uuid,
    ) -> Result<bool, Error> {
        let id = (flow_id, compared(&trigger_key), compared(&idempotency_key));
        with_namespace(|space| {
            if space.idempotency_keys.contains_key(&id) {
                return Ok(false);
            }
            space.idempotency_keys.insert(id, run_id);
            Ok(true)
        })
    }
}
