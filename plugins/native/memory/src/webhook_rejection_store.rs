use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_contract::{
    FlowId, Instant, Page, Result, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
    WebhookRejectionStore,
};

use crate::MemoryBackend;

/// The newest rows are kept, so that a flood of rejected deliveries cannot exhaust the memory.
const CAPACITY: usize = 10_000;

#[async_trait]
impl WebhookRejectionStore for MemoryBackend {
    async fn write(&self, rejection: &WebhookRejection) -> Result<()> {
        self.with(|store, _| {
            store.last_webhook_id += 1;
            let row = WebhookRejection { id: store.last_webhook_id, ..rejection.clone() };
            store.webhook_rows.push_back(row);
            if store.webhook_rows.len() > CAPACITY {
                store.webhook_rows.pop_front();
            }
            Ok(())
        })
    }

    async fn query_recent(
        &self,
        flow_id: Option<FlowId>,
        reason: Option<&str>,
        include_accepted: bool,
        page: Page,
    ) -> Result<Vec<WebhookRejection>> {
        let filter = WebhookRejectionQuery::recent(flow_id, reason, include_accepted, page);
        Ok(self.query(&filter).await?.items)
    }

    async fn query(&self, filter: &WebhookRejectionQuery) -> Result<WebhookRejectionPage> {
        let condition = Condition::new(filter);
        self.with(|store, _| {
            let newest_first = store.webhook_rows.iter().rev();
            let matching: Vec<_> = newest_first.filter(|row| condition.holds(row)).collect();
            let take = filter.page.take.unwrap_or(Page::DEFAULT_WEBHOOK_ROWS);
            let page = Page::new(filter.page.skip, take.min(Page::MAX_WEBHOOK_ROWS));
            Ok(WebhookRejectionPage {
                total_count: matching.len() as u64,
                items: page.cut(matching.into_iter().cloned(), Page::DEFAULT_WEBHOOK_ROWS),
            })
        })
    }

    async fn counts_by_reason(&self, window: Duration) -> Result<Vec<(String, u64)>> {
        self.with(|store, now| {
            let since = earliest(now, window);
            let counted = store.webhook_rows.iter().filter(|row| {
                !row.is_accepted && !row.reason.is_empty() && row.received_at >= since
            });
            // Under the folded reason: the spelling that came first, and the number.
            let mut counts: HashMap<String, (String, u64)> = HashMap::new();
            for row in counted {
                let entry = counts.entry(row.reason.to_ascii_lowercase());
                entry.or_insert_with(|| (row.reason.clone(), 0)).1 += 1;
            }
            Ok(counts.into_values().collect())
        })
    }
}

/// The start of the window; the earliest instant if it reaches further back.
fn earliest(now: Instant, window: Duration) -> Instant {
    let window = chrono::TimeDelta::from_std(window).unwrap_or(chrono::TimeDelta::MAX);
    now.checked_sub_signed(window).unwrap_or(Instant::MIN_UTC)
}

/// A filter with its texts folded once. An empty reason or search is no condition.
struct Condition<'a> {
    filter: &'a WebhookRejectionQuery,
    reason: String,
    search: String,
}

impl<'a> Condition<'a> {
    fn new(filter: &'a WebhookRejectionQuery) -> Self {
        let fold = |text: &Option<String>| text.as_deref().unwrap_or_default().to_ascii_lowercase();
        Self { filter, reason: fold(&filter.reason), search: fold(&filter.search) }
    }

    fn holds(&self, row: &WebhookRejection) -> bool {
        self.includes_kind(row)
            && (self.filter.flow_id.is_none() || self.filter.flow_id == row.flow_id)
            && (self.reason.is_empty() || row.reason.eq_ignore_ascii_case(&self.reason))
            && (self.search.is_empty() || self.finds(row))
    }

    fn includes_kind(&self, row: &WebhookRejection) -> bool {
        match row.is_accepted {
            true => self.filter.include_accepted,
            false => self.filter.include_rejected,
        }
    }

    fn finds(&self, row: &WebhookRejection) -> bool {
        let holds = |field: &str| field.to_ascii_lowercase().contains(&self.search);
        holds(&row.reason)
            || row.trigger_key.as_deref().is_some_and(holds)
            || row.remote_ip.as_deref().is_some_and(holds)
    }
}
