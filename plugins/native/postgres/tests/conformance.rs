//! The PostgreSQL backend keeps every promise.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::sync::Arc;

use async_trait::async_trait;
use common::{Database, Server};
use plimsoll_conformance::{Settings, Subject, certify};
use plimsoll_contract::{Backend, Clock, Result};

struct Postgres(Database);

#[async_trait]
impl Subject for Postgres {
    fn target(&self) -> String {
        "postgres".to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(self.0.backend())
    }
}

/// Another seed than the usual one, to look further than the suite does by default.
fn settings() -> Settings {
    let usual = Settings::default();
    let seed = std::env::var("PLIMSOLL_SEED").ok().and_then(|seed| seed.parse().ok());
    Settings { seed: seed.unwrap_or(usual.seed), ..usual }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_certified_without_a_warning() {
    let Some(server) = Server::find().await else { return };
    let subject = Arc::new(Postgres(server.database().await));
    let report = certify(subject, &settings()).await;
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}
