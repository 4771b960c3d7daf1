//! What the border costs: the same calls on the memory backend, native and as a component.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench may stop, and its entry point is generated"
)]

use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use plimsoll_benches::{Bare, guest_memory, mortal, native_memory};
use plimsoll_contract::{Backend, FlowId, Instant, RunId, StartRun};
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

const RUNS: u32 = 50;

/// A backend with a page of runs and a claimed step.
async fn filled(backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
    let runs = backend.run_store().unwrap();
    for number in 0..RUNS {
        let start = StartRun {
            flow_id: FlowId::default(),
            flow_name: "Invoice".to_owned(),
            run_id: RunId(uuid::Uuid::from_u128(u128::from(number))),
            trigger_key: "manual".to_owned(),
            trigger_data_json: Some(format!("{{\"text\":\"{}\"}}", "x".repeat(189))),
            job_id: None,
            source_run_id: None,
        };
        runs.start_run(&start).await.unwrap();
    }
    let claims = backend.run_runtime_store().unwrap();
    claims.try_claim_step(RunId::default(), "charge").await.unwrap();
    backend
}

fn boundary(criterion: &mut Criterion) {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let subjects = runtime.block_on(async {
        let native = filled(native_memory().await.unwrap()).await;
        let guest = filled(guest_memory().await.unwrap()).await;
        [("native", native), ("guest", guest)]
    });
    let mut claims = criterion.benchmark_group("try-claim-step held");
    for (name, backend) in &subjects {
        claims.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            let claims = backend.run_runtime_store().unwrap();
            bencher.to_async(&runtime).iter(|| claims.try_claim_step(RunId::default(), "charge"));
        });
    }
    // There a guest that waits for nothing has its caller's thread.
    let several = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    claims.bench_function(
        BenchmarkId::from_parameter("guest, on the caller's thread"),
        |bencher| {
            let claims = subjects[1].1.run_runtime_store().unwrap();
            bencher.to_async(&several).iter(|| claims.try_claim_step(RunId::default(), "charge"));
        },
    );
    let mut bare = runtime.block_on(Bare::new()).unwrap();
    claims.bench_function(BenchmarkId::from_parameter("bare"), |bencher| {
        bencher.iter(|| bare.try_claim_step().unwrap());
    });
    claims.bench_function(BenchmarkId::from_parameter("bare, on a fiber"), |bencher| {
        bencher.iter(|| runtime.block_on(bare.try_claim_step_on_a_fiber()).unwrap());
    });
    claims.finish();
    let mut pages = criterion.benchmark_group("get-runs page of 50");
    for (name, backend) in &subjects {
        pages.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            let runs = backend.run_store().unwrap();
            bencher.to_async(&runtime).iter(|| runs.get_runs(None, Default::default()));
        });
    }
    pages.finish();
}

/// The call after one that trapped: it finds no instance, makes one and opens it.
fn replacement(criterion: &mut Criterion) {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let backend = runtime.block_on(mortal()).unwrap();
    let store = backend.webhook_replay_store().unwrap();
    let ask = |misdeed: &'static str| {
        let asked = store.try_register(FlowId::default(), misdeed, "n", Instant::UNIX_EPOCH);
        runtime.block_on(asked)
    };
    let mut group = criterion.benchmark_group("try-register");
    group.bench_function("on an instance that is there", |bencher| {
        bencher.iter(|| ask("nothing").unwrap());
    });
    group.bench_function("on one that replaces another", |bencher| {
        bencher.iter_batched(
            || ask("trap").unwrap_err(),
            |_| ask("nothing").unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, boundary, replacement);
criterion_main!(benches);
