//! The suite judges the model: the executable specification must keep every promise.

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::{Settings, Subject, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_model::{Model, SharedModel};

struct TheModel;

#[async_trait]
impl Subject for TheModel {
    fn target(&self) -> String {
        "model".to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(SharedModel::new(Model::default())))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_is_certified_without_a_warning() {
    let report = certify(Arc::new(TheModel), &Settings::default()).await;
    assert!(report.is_certified(), "{}", report.to_text());
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());

    let races = report.checks.iter().filter(|check| check.race.is_some()).count();
    let changelog = include_str!("../../../CHANGELOG.md");
    let words = format!("checks, {races} of them races");
    assert!(changelog.contains(&words), "CHANGELOG.md lacks `{words}`");
}
