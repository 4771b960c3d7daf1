//! The PostgreSQL backend keeps every promise.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use common::{Database, Server};
use plimsoll_conformance::{Mortal, Settings, Subject, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_remote::Remote;

struct Postgres(Database);

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
        Ok(self.0.backend())
    }

    async fn mortal(&self, clock: Arc<dyn Clock>) -> Result<Option<Mortal>> {
        let backend = Arc::new(Remote::spawn(process(&self.0), clock).await?);
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
    let subject = Arc::new(Postgres(server.database().await));
    let report = certify(subject, &settings()).await;
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}
