//! Instances in processes of their own: for races over several of them, and to be killed.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::{Kind, Mortal, Subject};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_remote::Remote;
use serde_json::{Map, Value};
use tokio::process::Command;

use crate::failure::Failure;

/// Names the target for `plimsoll serve`: arguments can be seen by everybody on the machine, and
/// a target may hold a password.
const TARGET: &str = "PLIMSOLL_TARGET";

/// Gives the seed of the run to `plimsoll serve`.
const SEED: &str = "PLIMSOLL_SEED";

/// A target some of whose instances are in other processes.
pub(crate) struct Processes {
    subject: Arc<dyn Subject>,
    /// This program.
    program: PathBuf,
    /// As it was typed.
    target: String,
    seed: u64,
    processes: usize,
}

impl Processes {
    /// Spreads the instances of `subject`, which is what `target` names, over `processes`.
    pub(crate) fn new(
        subject: Arc<dyn Subject>,
        target: &str,
        seed: u64,
        processes: usize,
    ) -> std::result::Result<Self, Failure> {
        let program = env::current_exe()
            .map_err(|error| Failure::harness(format!("this program is not found: {error}")))?;
        Ok(Self { subject, program, target: target.to_owned(), seed, processes })
    }

    async fn process(&self, clock: Arc<dyn Clock>) -> Result<Arc<Remote>> {
        let mut command = Command::new(&self.program);
        command.arg("serve").env(TARGET, &self.target).env(SEED, self.seed.to_string());
        Ok(Arc::new(Remote::spawn(command, clock).await?))
    }
}

/// The target that this process is to serve.
pub(crate) fn served_target() -> std::result::Result<String, Failure> {
    env::var(TARGET).map_err(|_| Failure::usage("target", format!("${TARGET} names no target")))
}

/// The seed that the run has.
pub(crate) fn served_seed() -> u64 {
    env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or_default()
}

#[async_trait]
impl Subject for Processes {
    fn target(&self) -> String {
        self.subject.target()
    }

    fn rerun_target(&self) -> String {
        self.subject.rerun_target()
    }

    async fn instance(&self, clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        self.subject.instance(clock).await
    }

    async fn peer(&self, clock: Arc<dyn Clock>, number: usize) -> Result<Arc<dyn Backend>> {
        match number % self.processes {
            0 => self.subject.peer(clock, number).await,
            _ => Ok(self.process(clock).await?),
        }
    }

    async fn mortal(&self, clock: Arc<dyn Clock>) -> Result<Option<Mortal>> {
        let process = self.process(clock).await?;
        let victim = Arc::clone(&process);
        let kill = Box::pin(async move { victim.kill().await });
        Ok(Some(Mortal { backend: process, kill }))
    }

    fn kind(&self) -> Kind {
        self.subject.kind()
    }

    fn engine(&self) -> String {
        self.subject.engine()
    }

    fn sha256(&self) -> Option<String> {
        self.subject.sha256()
    }

    fn imports(&self) -> Vec<String> {
        self.subject.imports()
    }

    fn limits(&self) -> Map<String, Value> {
        self.subject.limits()
    }
}
