//! The suite judges a model at the other end of a pipe: every function and type must come through.

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::{Settings, Subject, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_model::{Model, SharedModel};
use plimsoll_remote::{Remote, serve};

struct FarModel;

#[async_trait]
impl Subject for FarModel {
    fn target(&self) -> String {
        "far model".to_owned()
    }

    async fn instance(&self, clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        let (here, there) = tokio::io::duplex(4096);
        let (requests, answers) = tokio::io::split(there);
        let model = Arc::new(SharedModel::new(Model::default()));
        tokio::spawn(serve(model, requests, answers));
        let (answers, requests) = tokio::io::split(here);
        Ok(Arc::new(Remote::connect(answers, requests, clock).await?))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_behind_a_pipe_is_certified_without_a_warning() {
    let settings = Settings { effort: 20, ..Settings::default() };
    let report = certify(Arc::new(FarModel), &settings).await;
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}
