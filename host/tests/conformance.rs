//! The bundled guest keeps every promise, judged through the host like a third party's.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::sync::Arc;

use plimsoll_conformance::{Settings, certify};
use plimsoll_host::{Host, Options, PluginSubject};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_guest_is_certified_without_a_warning() {
    let host = Host::new(Options::default()).unwrap();
    let bytes = fs::read(plimsoll_guests::MEMORY).unwrap();
    let plugin = host.load(&bytes).await.unwrap();
    let subject = Arc::new(PluginSubject::new(plugin, plimsoll_guests::MEMORY, 1));
    let report = certify(subject, &Settings::default()).await;
    assert_eq!(report.profile, "full");
    assert_eq!(report.summary.passed, report.summary.total, "{}", report.to_text());
}
