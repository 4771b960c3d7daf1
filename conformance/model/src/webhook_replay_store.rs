use std::collections::btree_map::Entry;

use plimsoll_contract::{Answer, FlowId, Instant};

use crate::Spec;

/// The interface `webhook-replay-store`.
pub trait WebhookReplayStore: Spec {
    /// REPLAY-1 to 5.
    fn try_register(
        &mut self,
        flow_id: FlowId,
        trigger_key: &str,
        nonce: &str,
        expires_at: Instant,
    ) -> Answer<bool> {
        let id = (flow_id, trigger_key.to_owned(), nonce.to_owned());
        match self.space()?.nonces.entry(id) {
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(entry) => {
                entry.insert(expires_at);
                Ok(true)
            }
        }
    }

    /// REPLAY-6, 7.
    fn purge_expired(&mut self, now: Instant) -> Answer<u64> {
        let nonces = &mut self.space()?.nonces;
        let before = nonces.len();
        nonces.retain(|_, expires_at| *expires_at > now);
        Ok((before - nonces.len()) as u64)
    }
}
