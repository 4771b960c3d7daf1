//! Every workload leaves on every bundled backend what it must.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use std::sync::Arc;

use plimsoll_benches::{Subject, subjects};
use plimsoll_workloads::{Group, Site, Trouble, Turn, Workload};

async fn work(subject: &Subject, workload: &'static Workload) -> Result<(), Trouble> {
    let namespace = format!("plimsoll-bench-test-{}-{}", std::process::id(), workload.id);
    let site = Site::open(Arc::clone(&subject.backend), &namespace, 1).await?;
    if workload.group == Group::Query {
        site.fill(300).await?;
    }
    for payload in workload.payloads() {
        let site = site.of(&format!("{}/{payload}", workload.id), *payload);
        workload.prepare(&site).await?;
        for number in 0..2 {
            let turn = Turn { caller: 0, number };
            workload.turn(&site, turn).await?;
            workload.verify(&site, turn).await?;
        }
    }
    site.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_workload_works_on_every_backend() {
    for subject in subjects().await.unwrap() {
        for workload in Workload::all() {
            if let Err(trouble) = work(&subject, workload).await {
                panic!("{} on {}: {trouble}", workload.id, subject.name);
            }
        }
    }
}
