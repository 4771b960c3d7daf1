use std::time::Duration;

use async_trait::async_trait;
use plimsoll_contract::{
    FlowId, Page, Result, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
    WebhookRejectionStore,
};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl WebhookRejectionStore for WasmBackend {
    async fn write(&self, rejection: &WebhookRejection) -> Result<()> {
        call!(self, webhook_rejection_store, call_write(&rejection.to_wit()))
    }

    async fn query_recent(
        &self,
        flow_id: Option<FlowId>,
        reason: Option<&str>,
        include_accepted: bool,
        page: Page,
    ) -> Result<Vec<WebhookRejection>> {
        call!(
            self,
            webhook_rejection_store,
            call_query_recent(flow_id.to_wit(), reason, include_accepted, page.to_wit())
        )
    }

    async fn query(&self, filter: &WebhookRejectionQuery) -> Result<WebhookRejectionPage> {
        call!(self, webhook_rejection_store, call_query(&filter.to_wit()))
    }

    async fn counts_by_reason(&self, window: Duration) -> Result<Vec<(String, u64)>> {
        let nanoseconds = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        call!(self, webhook_rejection_store, call_counts_by_reason(nanoseconds))
    }
}
