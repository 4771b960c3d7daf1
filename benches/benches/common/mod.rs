//! Workloads as Criterion runs them: one caller, closed loop, the timed part of each turn.
#![allow(clippy::unwrap_used, reason = "a bench may stop")]

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use plimsoll_benches::{Subject, subjects};
use plimsoll_workloads::{Group, Pace, Site, Turn, Workload};
use tokio::runtime::{Builder, Runtime};

/// The runs beside which queries are measured.
const HISTORY: u64 = 1_000;

/// Measures all workloads of a table on all bundled backends.
pub(crate) fn measure(criterion: &mut Criterion, group: Group) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let subjects = runtime.block_on(subjects()).unwrap();
    let at_once = |workload: &&Workload| workload.group == group && workload.pace == Pace::Closed;
    // What goes on beside a turn needs somebody to do it: `plimsoll bench` has them.
    let alone = |workload: &&Workload| !workload.id.contains("beside");
    for workload in Workload::all().filter(at_once).filter(alone) {
        for payload in workload.payloads() {
            let mut group = criterion.benchmark_group(match payload {
                0 => workload.id.to_owned(),
                bytes => format!("{} {bytes} B", workload.id),
            });
            for subject in &subjects {
                let bench = Bench::new(&runtime, workload, *payload, subject);
                let id = BenchmarkId::from_parameter(subject.name);
                group.bench_function(id, |bencher| bencher.iter_custom(|turns| bench.run(turns)));
                bench.close();
            }
            group.finish();
        }
    }
}

/// A workload on a subject.
struct Bench<'a> {
    runtime: &'a Runtime,
    workload: &'static Workload,
    payload: usize,
    subject: &'a Subject,
    site: RefCell<Option<Arc<Site>>>,
    /// The next turn.
    number: Cell<u64>,
    namespaces: Cell<u64>,
}

impl<'a> Bench<'a> {
    fn new(
        runtime: &'a Runtime,
        workload: &'static Workload,
        payload: usize,
        subject: &'a Subject,
    ) -> Self {
        let (site, number, namespaces) = (RefCell::new(None), Cell::new(0), Cell::new(0));
        Self { runtime, workload, payload, subject, site, number, namespaces }
    }

    fn run(&self, turns: u64) -> Duration {
        (0..turns).map(|_| self.turn()).sum()
    }

    fn turn(&self) -> Duration {
        let site = self.site();
        let turn = Turn { caller: 0, number: self.number.get() };
        self.number.set(turn.number + 1);
        self.runtime.block_on(self.workload.turn(&site, turn)).unwrap()
    }

    /// Where to work: a new namespace at first, and when the old one holds too much.
    fn site(&self) -> Arc<Site> {
        let limit = self.workload.turns_at_most(self.payload);
        if limit.is_some_and(|limit| self.number.get() >= limit) {
            self.close();
        }
        let site = self.site.borrow().clone();
        site.unwrap_or_else(|| {
            let site = self.runtime.block_on(self.open());
            *self.site.borrow_mut() = Some(Arc::clone(&site));
            self.number.set(0);
            site
        })
    }

    async fn open(&self) -> Arc<Site> {
        let number = self.namespaces.get();
        self.namespaces.set(number + 1);
        let (process, id) = (std::process::id(), self.workload.id);
        let namespace = format!("plimsoll-bench-{process}-{id}-{}-{number}", self.payload);
        let backend = Arc::clone(&self.subject.backend);
        let site = Site::open(backend, &namespace, 1).await.unwrap();
        if self.workload.group == Group::Query {
            site.fill(HISTORY).await.unwrap();
        }
        let site = site.of(self.workload.id, self.payload);
        self.workload.prepare(&site).await.unwrap();
        site
    }

    fn close(&self) {
        if let Some(site) = self.site.borrow_mut().take() {
            self.runtime.block_on(site.close()).unwrap();
        }
    }
}

/// Few samples: there are many benches.
pub(crate) fn config() -> Criterion {
    let (warm_up, time) = (Duration::from_millis(300), Duration::from_secs(1));
    Criterion::default().sample_size(20).warm_up_time(warm_up).measurement_time(time)
}
