//! The memory backend keeps every promise.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::{Settings, Subject, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_memory::MemoryBackend;

struct Memory;

#[async_trait]
impl Subject for Memory {
    fn target(&self) -> String {
        "memory".to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(MemoryBackend::new()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_certified_without_a_warning() {
    let report = certify(Arc::new(Memory), &Settings::default()).await;
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}
