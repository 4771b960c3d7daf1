//! The interface `webhook-rejection-store`.

use std::time::Duration;

use async_trait::async_trait;

use crate::{FlowId, Page, Result, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery};

/// The log of webhook deliveries, rejected and accepted.
#[async_trait]
pub trait WebhookRejectionStore: Send + Sync {
    /// Appends a row. WEBHOOK-1 to 4.
    async fn write(&self, rejection: &WebhookRejection) -> Result<()>;

    /// Lists the newest rows. WEBHOOK-5 to 9.
    async fn query_recent(
        &self,
        flow_id: Option<FlowId>,
        reason: Option<&str>,
        include_accepted: bool,
        page: Page,
    ) -> Result<Vec<WebhookRejection>>;

    /// Lists the rows that match every condition, and counts them. WEBHOOK-10 to 15.
    async fn query(&self, filter: &WebhookRejectionQuery) -> Result<WebhookRejectionPage>;

    /// Counts rejected rows by reason over the `window` before now. WEBHOOK-16 to 21.
    ///
    /// Across a component boundary the longest window is `u64::MAX` nanoseconds.
    async fn counts_by_reason(&self, window: Duration) -> Result<Vec<(String, u64)>>;
}
