use std::collections::BTreeMap;

use crate::KeyValue;
use crate::exports::flow::storage::webhook_rejection_store::{
    Error, Guest, Page, Uuid, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};
use crate::flow::storage::types::Instant;
use crate::log::Log;
use crate::session::{Session, now, session};
use crate::text::contains;

const DEFAULT_ROWS: u32 = 50;
const MAX_ROWS: u32 = 500;

/// A chunk holds one row at the least, and the contract asks for 1,000 rows. Older ones are
/// dropped, so that a flood of deliveries cannot fill the store.
const KEPT_CHUNKS: u64 = 1_001;

impl Guest for KeyValue {
    fn write(rejection: WebhookRejection) -> Result<(), Error> {
        session()?.webhook_log().append(rejection)
    }

    fn query_recent(
        flow_id: Option<Uuid>,
        reason: Option<String>,
        include_accepted: bool,
        page: Page,
    ) -> Result<Vec<WebhookRejection>, Error> {
        let filter = WebhookRejectionQuery {
            flow_id,
            reason,
            search: None,
            include_accepted,
            include_rejected: true,
            page,
        };
        Ok(Self::query(filter)?.items)
    }

    fn query(filter: WebhookRejectionQuery) -> Result<WebhookRejectionPage, Error> {
        let take = filter.page.take.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS) as usize;
        let (mut items, mut total_count) = (Vec::new(), 0);
        session()?.webhook_log().newest_first(|id, row: WebhookRejection| {
            if filter.holds(&row) {
                total_count += 1;
                if total_count > u64::from(filter.page.skip) && items.len() < take {
                    items.push(WebhookRejection { id, ..row });
                }
            }
        })?;
        Ok(WebhookRejectionPage { items, total_count })
    }

    fn counts_by_reason(window: u64) -> Result<Vec<(String, u64)>, Error> {
        let (session, since) = (session()?, before(now(), window));
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        session.webhook_log().newest_first(|_, row: WebhookRejection| {
            if !row.is_accepted && !row.reason.is_empty() && row.received_at >= since {
                *counts.entry(row.reason.to_ascii_lowercase()).or_default() += 1;
            }
        })?;
        Ok(counts.into_iter().collect())
    }
}

impl Session {
    fn webhook_log(&self) -> Log<'_> {
        let kept_chunks = Some(KEPT_CHUNKS);
        Log { bucket: &self.buckets.webhooks, prefix: String::new(), kept_chunks }
    }
}

/// The instant that many nanoseconds earlier.
fn before(instant: Instant, nanoseconds: u64) -> Instant {
    let total = i128::from(instant.seconds) * 1_000_000_000 + i128::from(instant.nanoseconds)
        - i128::from(nanoseconds);
    // A clock that counts u64 seconds and a window of u64 nanoseconds stay far inside i64 seconds.
    Instant {
        seconds: total.div_euclid(1_000_000_000) as i64,
        nanoseconds: total.rem_euclid(1_000_000_000) as u32,
    }
}

impl WebhookRejectionQuery {
    fn holds(&self, row: &WebhookRejection) -> bool {
        let reason = self.reason.as_deref().unwrap_or_default();
        let search = self.search.as_deref().unwrap_or_default();
        let searched = [Some(&row.reason), row.trigger_key.as_ref(), row.remote_ip.as_ref()];
        let is_included =
            if row.is_accepted { self.include_accepted } else { self.include_rejected };
        is_included
            && (self.flow_id.is_none() || self.flow_id == row.flow_id)
            && (reason.is_empty() || row.reason.eq_ignore_ascii_case(reason))
            && (search.is_empty() || searched.into_iter().flatten().any(|f| contains(f, search)))
    }
}
