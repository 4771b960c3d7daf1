//! The SQLite backend keeps every promise, in a file and in memory.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stdout, reason = "how long it took is worth a line")]

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::{Check, Mortal, Settings, Subject, all_checks, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_remote::Remote;
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};

struct Sqlite {
    target: String,
    options: SqliteOptions,
    /// Over which its instances are spread.
    processes: usize,
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

    async fn peer(&self, clock: Arc<dyn Clock>, number: usize) -> Result<Arc<dyn Backend>> {
        match number % self.processes {
            0 => self.instance(clock).await,
            _ => Ok(Arc::new(Remote::spawn(process(&self.target), clock).await?)),
        }
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

fn sqlite(target: String, processes: usize) -> Sqlite {
    let options = target.parse().unwrap();
    Sqlite { target, options, processes }
}

async fn certified(target: String) {
    let report = certify(Arc::new(sqlite(target, 1)), &settings()).await;
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

/// Histories see whatever two processes get wrong together, and take less time than all races do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_keep_an_order() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("sqlite:{}", folder.path().join("flow.db").display());
    let judges_histories = |check: &&Check| check.id.ends_with("-in-no-order");
    let only = all_checks().filter(judges_histories).map(|check| check.id.to_owned()).collect();
    let settings = Settings { only, effort: 20, processes: 3, ..settings() };
    let report = certify(Arc::new(sqlite(target, 3)), &settings).await;
    let (run, summary) = (settings.only.len(), &report.summary);
    assert_eq!((report.settings.instances, summary.passed), (4, run), "{}", report.to_text());
}
