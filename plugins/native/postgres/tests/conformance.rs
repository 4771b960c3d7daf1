//! The PostgreSQL backend keeps every promise.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use common::{Database, Server};
use plimsoll_conformance::{Check, Mortal, Settings, Subject, all_checks, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_remote::Remote;

struct Postgres {
    database: Database,
    /// Over which its instances are spread.
    processes: usize,
}

/// A process with a backend of its own.
fn process(database: &Database) -> Command {
    let test = std::env::current_exe().unwrap();
    let examples = test.ancestors().nth(2).unwrap().join("examples");
    let program = format!("serve-postgres{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(examples.join(program));
    command.env("PLIMSOLL_TARGET", &database.url).arg(&database.name);
    command
}

#[async_trait]
impl Subject for Postgres {
    fn target(&self) -> String {
        "postgres".to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(self.database.backend())
    }

    async fn peer(&self, clock: Arc<dyn Clock>, number: usize) -> Result<Arc<dyn Backend>> {
        match number % self.processes {
            0 => self.instance(clock).await,
            _ => Ok(Arc::new(Remote::spawn(process(&self.database), clock).await?)),
        }
    }

    async fn mortal(&self, clock: Arc<dyn Clock>) -> Result<Option<Mortal>> {
        let backend = Arc::new(Remote::spawn(process(&self.database), clock).await?);
        let victim = Arc::clone(&backend);
        let kill = Box::pin(async move { victim.kill().await });
        Ok(Some(Mortal { backend, kill }))
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
    let subject = Arc::new(Postgres { database: server.database().await, processes: 1 });
    let report = certify(subject, &settings()).await;
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}

/// Histories see whatever two processes get wrong together, and take less time than all races do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_keep_an_order() {
    let Some(server) = Server::find().await else { return };
    let judges_histories = |check: &&Check| check.id.ends_with("-in-no-order");
    let only = all_checks().filter(judges_histories).map(|check| check.id.to_owned()).collect();
    let settings = Settings { only, effort: 20, processes: 3, ..settings() };
    let report =
        certify(Arc::new(Postgres { database: server.database().await, processes: 3 }), &settings)
            .await;
    let (run, summary) = (settings.only.len(), &report.summary);
    assert_eq!((report.settings.instances, summary.passed), (4, run), "{}", report.to_text());
}
