use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use plimsoll_contract::{
    Answer, FlowId, Page, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};

use crate::Spec;
use crate::text::contains_ignoring_case;

/// The interface `webhook-rejection-store`.
pub trait WebhookRejectionStore: Spec {
    /// WEBHOOK-1 to 4.
    fn write(&mut self, rejection: &WebhookRejection) -> Answer<()> {
        let rows = &mut self.space()?.webhook_rows;
        let id = rows.last().map_or(1, |last| last.id + 1);
        rows.push(WebhookRejection { id, ..rejection.clone() });
        Ok(())
    }

    /// WEBHOOK-5 to 9.
    fn query_recent(
        &mut self,
        flow_id: Option<FlowId>,
        reason: Option<&str>,
        include_accepted: bool,
        page: Page,
    ) -> Answer<Vec<WebhookRejection>> {
        let reason = reason.map(str::to_owned);
        let all = WebhookRejectionQuery::default();
        let filter = WebhookRejectionQuery { flow_id, reason, include_accepted, page, ..all };
        Ok(self.query(&filter)?.items)
    }

    /// WEBHOOK-10 to 15.
    fn query(&mut self, filter: &WebhookRejectionQuery) -> Answer<WebhookRejectionPage> {
        let rows = self.space()?.webhook_rows.iter().rev();
        let matching: Vec<_> = rows.filter(|row| matches(row, filter)).cloned().collect();
        let total_count = matching.len() as u64;
        let take = filter.page.take.unwrap_or(Page::DEFAULT_WEBHOOK_ROWS);
        let page = Page::new(filter.page.skip, take.min(Page::MAX_WEBHOOK_ROWS));
        let items = page.cut(matching, Page::DEFAULT_WEBHOOK_ROWS);
        Ok(WebhookRejectionPage { items, total_count })
    }

    /// WEBHOOK-16 to 21.
    fn counts_by_reason(&mut self, window: Duration) -> Answer<Vec<(String, u64)>> {
        let now = self.now();
        // A window that reaches before the earliest instant holds every row.
        let window = TimeDelta::from_std(window).ok();
        let since = window.and_then(|window| now.checked_sub_signed(window));
        let mut counts = BTreeMap::new();
        for row in &self.space()?.webhook_rows {
            let is_recent = since.is_none_or(|since| row.received_at >= since);
            if is_recent && !row.is_accepted && !row.reason.is_empty() {
                *counts.entry(row.reason.to_ascii_lowercase()).or_default() += 1;
            }
        }
        Ok(counts.into_iter().collect())
    }
}

fn matches(row: &WebhookRejection, filter: &WebhookRejectionQuery) -> bool {
    let reason = filter.reason.as_deref().filter(|reason| !reason.is_empty());
    let search = filter.search.as_deref().filter(|search| !search.is_empty());
    let found = |text: &str| {
        let fields = [Some(&row.reason), row.trigger_key.as_ref(), row.remote_ip.as_ref()];
        fields.into_iter().flatten().any(|field| contains_ignoring_case(field, text))
    };
    let included = if row.is_accepted { filter.include_accepted } else { filter.include_rejected };
    included
        && filter.flow_id.is_none_or(|id| row.flow_id == Some(id))
        && reason.is_none_or(|reason| row.reason.eq_ignore_ascii_case(reason))
        && search.is_none_or(found)
}
