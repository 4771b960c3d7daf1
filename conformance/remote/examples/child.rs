//! A process for the tests: the model, or, with the argument `odd`, a backend that misbehaves.

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_contract::{
    Backend, Clock, Description, OpenConfig, Result, RunId, RunRuntimeStore, RunStatus,
    StateLocation, StepStatus,
};
use plimsoll_model::{Model, SharedModel};
use plimsoll_remote::{ServeError, serve};

#[tokio::main]
async fn main() -> std::result::Result<(), ServeError> {
    let backend: Arc<dyn Backend> = match std::env::args().nth(1).as_deref() {
        Some("odd") => Arc::new(Odd),
        _ => Arc::new(SharedModel::new(Model::default())),
    };
    serve(backend, tokio::io::stdin(), tokio::io::stdout()).await
}

/// Each function that is not needed to be found out about fails in its own way.
struct Odd;

#[async_trait]
impl Backend for Odd {
    /// The version is the number of the process.
    async fn describe(&self) -> Result<Description> {
        let version = std::process::id().to_string();
        let state = StateLocation::Instance;
        Ok(Description { name: "odd".to_owned(), version, state, durable: false })
    }

    async fn open(&self, _config: &OpenConfig, _clock: Arc<dyn Clock>) -> Result<()> {
        Ok(())
    }

    async fn discard(&self, _namespace: &str) -> Result<()> {
        Ok(())
    }

    fn run_runtime_store(&self) -> Option<&dyn RunRuntimeStore> {
        Some(self)
    }
}

#[async_trait]
impl RunRuntimeStore for Odd {
    /// Never answers.
    async fn get_step_statuses(&self, _run_id: RunId) -> Result<Vec<(String, StepStatus)>> {
        std::future::pending().await
    }

    async fn get_claimed_step_keys(&self, _run_id: RunId) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Ends the process.
    async fn try_claim_step(&self, _run_id: RunId, _step_key: &str) -> Result<bool> {
        std::process::exit(7)
    }

    /// Writes where answers are written.
    #[allow(clippy::print_stdout, reason = "the caller must find out")]
    async fn release_step_claim(&self, _run_id: RunId, step_key: &str) -> Result<()> {
        println!("released {step_key}");
        Ok(())
    }

    async fn record_skipped_step(
        &self,
        _run_id: RunId,
        _step_key: &str,
        _step_type: &str,
        _reason: Option<&str>,
    ) -> Result<()> {
        Ok(())
    }

    async fn record_skipped_step_with_trace(
        &self,
        _run_id: RunId,
        _step_key: &str,
        _step_type: &str,
        _reason: Option<&str>,
        _evaluation_trace_json: Option<&str>,
    ) -> Result<()> {
        Ok(())
    }

    async fn get_run_status(&self, _run_id: RunId) -> Result<Option<RunStatus>> {
        Ok(None)
    }
}
