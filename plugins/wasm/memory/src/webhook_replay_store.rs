use crate::Memory;
use crate::exports::flow::storage::webhook_replay_store::{Error, Guest, Instant, Uuid};
use crate::state::with_namespace;

impl Guest for Memory {
    fn try_register(
        flow_id: Uuid,
        trigger_key: String,
        nonce: String,
        expires_at: Instant,
    ) -> Result<bool, Error> {
        with_namespace(|space| {
            let id = (flow_id, trigger_key, nonce);
            if space.nonces.contains_key(&id) {
                return Ok(false);
            }
            space.nonces.insert(id, expires_at);
            Ok(true)
        })
    }

    fn purge_expired(now: Instant) -> Result<u64, Error> {
        with_namespace(|space| {
            let before = space.nonces.len();
            space.nonces.retain(|_, expires_at| *expires_at > now);
            Ok((before - space.nonces.len()) as u64)
        })
    }
}
