//! The SQLite backend keeps every promise, in a file and in memory.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stdout, reason = "how long it took is worth a line")]

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::{Settings, Subject, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};

struct Sqlite {
    target: &'static str,
    options: SqliteOptions,
}

#[async_trait]
impl Subject for Sqlite {
    fn target(&self) -> String {
        self.target.to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(SqliteBackend::new(self.options.clone())))
    }
}

/// Another seed than that of every day, to look further.
fn settings() -> Settings {
    let seed = std::env::var("PLIMSOLL_SEED").map(|seed| seed.parse().expect("a number"));
    Settings { seed: seed.unwrap_or(Settings::default().seed), ..Settings::default() }
}

async fn certified(target: &'static str, options: SqliteOptions) {
    let report = certify(Arc::new(Sqlite { target, options }), &settings()).await;
    println!("{}", report.closing());
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_certified_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::file(folder.path().join("flow.db"));
    certified("sqlite:flow.db", options).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_certified_without_a_warning() {
    certified("sqlite::memory:", SqliteOptions::memory()).await;
}
