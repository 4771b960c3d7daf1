//! Whole workloads leave every run completed, however many callers there are.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::Arc;

use plimsoll_contract::{Backend, Page, RunStatus};
use plimsoll_memory::MemoryBackend;
use plimsoll_workloads::{Crowd, Group, Site, Turn, Workload};

const CALLERS: u64 = 8;
const TURNS: u64 = 5;

/// All callers take their turns at once.
async fn work(workload: &'static Workload, site: &Arc<Site>) {
    let callers = (0..CALLERS).map(|caller| {
        let site = Arc::clone(site);
        tokio::spawn(async move {
            for number in 0..TURNS {
                workload.turn(&site, Turn { caller, number }).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    for caller in 0..CALLERS {
        for number in 0..TURNS {
            workload.verify(site, Turn { caller, number }).await.unwrap();
        }
    }
}

async fn count(backend: &MemoryBackend, status: RunStatus) -> u64 {
    let runs = backend.run_store().unwrap();
    runs.get_runs_page(None, Some(status), Page::default(), None).await.unwrap().total_count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_run_is_completed() {
    let whole =
        |workload: &&Workload| workload.group == Group::Flow && workload.crowd == Crowd::Timed;
    for workload in Workload::all().filter(whole) {
        let backend = Arc::new(MemoryBackend::new());
        let given: Arc<dyn Backend> = Arc::<MemoryBackend>::clone(&backend);
        let site = Site::open(given, "flows", 1).await.unwrap().of(workload.id, 200);
        workload.prepare(&site).await.unwrap();
        let (before, active) = (
            count(&backend, RunStatus::Succeeded).await,
            count(&backend, RunStatus::Running).await,
        );
        work(workload, &site).await;
        let succeeded = count(&backend, RunStatus::Succeeded).await;
        assert_eq!(succeeded - before, CALLERS * TURNS, "{}", workload.id);
        assert_eq!(count(&backend, RunStatus::Running).await, active, "{}", workload.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_of_several_callers_do_not_meet() {
    let several =
        |workload: &&Workload| workload.group == Group::Operation && workload.crowd == Crowd::Timed;
    for workload in Workload::all().filter(several) {
        let site = Site::open(Arc::new(MemoryBackend::new()), "operations", 1).await.unwrap();
        let site = site.of(workload.id, 200);
        workload.prepare(&site).await.unwrap();
        work(workload, &site).await;
    }
}
