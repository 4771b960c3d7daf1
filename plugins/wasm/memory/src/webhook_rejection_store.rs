use std::collections::BTreeMap;

use crate::Memory;
use crate::clock::now;
use crate::exports::flow::storage::webhook_rejection_store::{
    Error, Guest, Page, Uuid, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};
use crate::flow::storage::types::Instant;
use crate::state::{cut, with_namespace};
use crate::text::contains;

const DEFAULT_ROWS: u32 = 50;
const MAX_ROWS: u32 = 500;
/// Older rows are dropped, so that a flood of deliveries cannot fill the memory.
const CAPACITY: usize = 10_000;

impl Guest for Memory {
    fn write(rejection: WebhookRejection) -> Result<(), Error> {
        with_namespace(|space| {
            let id = space.webhook_rows.last().map_or(1, |last| last.id + 1);
            space.webhook_rows.push(WebhookRejection { id, ..rejection });
            if space.webhook_rows.len() > CAPACITY {
                space.webhook_rows.remove(0);
            }
            Ok(())
        })
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
        with_namespace(|space| {
            let newest_first = space.webhook_rows.iter().rev();
            let rows: Vec<_> = newest_first.filter(|row| filter.holds(row)).cloned().collect();
            let total_count = rows.len() as u64;
            let take = filter.page.take.map(|take| take.min(MAX_ROWS));
            let page = Page { skip: filter.page.skip, take };
            Ok(WebhookRejectionPage { items: cut(rows, page, DEFAULT_ROWS), total_count })
        })
    }

    fn counts_by_reason(window: u64) -> Result<Vec<(String, u64)>, Error> {
        with_namespace(|space| {
            let since = before(now(), window);
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for row in &space.webhook_rows {
                if !row.is_accepted && !row.reason.is_empty() && row.received_at >= since {
                    *counts.entry(row.reason.to_ascii_lowercase()).or_default() += 1;
                }
            }
            Ok(counts.into_iter().collect())
        })
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
