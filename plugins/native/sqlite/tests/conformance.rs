//! The SQLite backend keeps every promise, in a file and in memory.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stdout, reason = "how long it took is worth a line")]

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::{Mortal, Settings, Subject, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_remote::Remote;
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};

struct Sqlite {
    target: String,
    options: SqliteOptions,
}

/// A process with a backend of its own.
fn process(target: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let examples = test.ancestors().nth(2).unwrap().join("examples");
    let mut command =
        Command::new(examples.join(format!("serve-sqlite{}", std::env::consts::EXE_SUFFIX)));
    command.arg(target);
    command
}

#[async_trait]
impl Subject for Sqlite {
    fn target(&self) -> String {
        self.target.clone()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(SqliteBackend::new(self.options.clone())))
    }

    async fn mortal(&self, clock: Arc<dyn Clock>) -> Result<Option<Mortal>> {
        let backend = Arc::new(Remote::spawn(process(&self.target), clock).await?);
        let victim = Arc::clone(&backend);
        let kill = Box::pin(async move { victim.kill().await });
        Ok(Some(Mortal { backend, kill }))
    }
}

/// Another seed than that of every day, to look further.
fn settings() -> Settings {
    let seed = std::env::var("PLIMSOLL_SEED").map(|seed| seed.parse().expect("a number"));
    Settings { seed: seed.unwrap_or(Settings::default().seed), ..Settings::default() }
}

async fn certified(target: String) {
    let options = target.parse().unwrap();
    let report = certify(Arc::new(Sqlite { target, options }), &settings()).await;
    println!("{}", report.closing());
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_certified_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    certified(format!("sqlite:{}", folder.path().join("flow.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_certified_without_a_warning() {
    certified("sqlite::memory:".to_owned()).await;
}
