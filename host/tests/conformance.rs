//! The bundled guests keep every promise, judged through the host like a third party's.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stdout, reason = "what was left out is worth a line")]

use std::fs;
use std::sync::Arc;

use plimsoll_conformance::{Settings, certify};
use plimsoll_host::{Grants, Host, Options, PluginOptions, PluginSubject};
use plimsoll_keyvalue::{Engine, EngineOptions, MemoryEngine, connect};

/// Certifies a guest in the profile that has everything, without a warning.
async fn expect_certified(path: &str, options: PluginOptions, settings: Settings) {
    let host = Host::new(Options::default()).unwrap();
    let plugin = host.load_with(&fs::read(path).unwrap(), options).await.unwrap();
    let subject = Arc::new(PluginSubject::new(plugin, path, settings.seed));
    let report = certify(subject, &settings).await;
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_guest_is_certified_without_a_warning() {
    let options = PluginOptions::default();
    expect_certified(plimsoll_guests::MEMORY, options, Settings::default()).await;
}

/// As many instances of the guest `keyvalue` on one engine. Races and programs do less than usual:
/// each of their calls makes several of the engine.
async fn expect_keyvalue_certified(engine: Arc<dyn Engine>, instances: usize, effort: u32) {
    let grants = Grants { key_value: Some(engine), ..Grants::default() };
    let options = PluginOptions { grants: Arc::new(grants), instances, ..PluginOptions::default() };
    let settings = Settings { instances, effort, ..Settings::default() };
    expect_certified(plimsoll_guests::KEYVALUE, options, settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyvalue_guest_is_certified_as_one_instance() {
    expect_keyvalue_certified(Arc::new(MemoryEngine::new()), 1, 25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyvalue_guest_is_certified_as_eight_instances() {
    expect_keyvalue_certified(Arc::new(MemoryEngine::new()), 8, 25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyvalue_guest_is_certified_on_redis() {
    let url = std::env::var("PLIMSOLL_REDIS_URL");
    let url = url.unwrap_or_else(|_| "redis://127.0.0.1:6379/0".to_owned());
    let space = format!("plimsoll-conformance-{}", std::process::id());
    let options = EngineOptions::default().space(&space);
    match connect(&url.parse().unwrap(), &options).await {
        Ok(engine) => expect_keyvalue_certified(engine, 8, 2).await,
        Err(error) => {
            let is_required = std::env::var_os("PLIMSOLL_REQUIRE_REDIS").is_some();
            assert!(!is_required, "PLIMSOLL_REQUIRE_REDIS is set: {error}");
            println!("skipped: {error}");
        }
    }
}
