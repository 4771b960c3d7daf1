use async_trait::async_trait;
use plimsoll_contract::{Instant, Result, RetentionStore};

use crate::WasmBackend;
use crate::call::call;
use crate::convert::ToWit;

#[async_trait]
impl RetentionStore for WasmBackend {
    async fn cleanup(&self, cutoff: Instant) -> Result<()> {
        call!(self, retention_store, call_cleanup(cutoff.to_wit()))
    }
}
