use std::collections::BTreeMap;

use crate::KeyValue;
use crate::exports::flow::storage::webhook_replay_store::{Error, Guest, Instant, Uuid};
use crate::hash::{self, Hash};
use crate::session::session;
use crate::store;

/// When the nonces of a page expire. They share pages, because a page can be freed of one by a
/// swap, and an entry cannot be deleted by one: that could take a later registration with it.
type Page = BTreeMap<Hash, Instant>;

impl Guest for KeyValue {
    fn try_register(
        flow_id: Uuid,
        trigger_key: String,
        nonce: String,
        expires_at: Instant,
    ) -> Result<bool, Error> {
        let (high, low) = (flow_id.high.to_be_bytes(), flow_id.low.to_be_bytes());
        let hash = hash::of(&[&high, &low, trigger_key.as_bytes(), nonce.as_bytes()]);
        let session = session()?;
        store::revise(&session.buckets.nonces, &hash::page(&hash), |page: &mut Page| {
            let is_new = !page.contains_key(&hash);
            page.entry(hash).or_insert(expires_at);
            Ok(is_new)
        })
    }

    fn purge_expired(now: Instant) -> Result<u64, Error> {
        let session = session()?;
        let nonces = &session.buckets.nonces;
        let mut purged = 0;
        store::each_entry(nonces, |key, page: Page| {
            if page.values().any(|expires_at| *expires_at <= now) {
                purged += store::revise(nonces, key, |page: &mut Page| {
                    let before = page.len();
                    page.retain(|_, expires_at| *expires_at > now);
                    Ok((before - page.len()) as u64)
                })?;
            }
            Ok(())
        })?;
        Ok(purged)
    }
}
