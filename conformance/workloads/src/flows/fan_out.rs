use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use plimsoll_contract::{RunId, StepStatus};

use super::{FLOW, engine};
use crate::operations::{STEPS, key};
use crate::trouble::expect;
use crate::{Site, Trouble, Turn, Workload};

/// Who looks for steps to do.
const WORKERS: u64 = 8;

/// A run whose steps are done side by side.
pub(super) const ALL: [Workload; 1] = [Workload {
    id: "fan-out",
    what: "a run of fifty steps, done by eight workers side by side",
    leaves: 50_000,
    unit: |site, turn| {
        Box::pin(async move {
            let began = Instant::now();
            fan_out(site, turn).await?;
            Ok(began.elapsed())
        })
    },
    verify: |site, turn| {
        Box::pin(
            async move { engine::expect_done(&site, site.run_id(turn), STEPS as usize, 1).await },
        )
    },
    ..FLOW
}];

async fn fan_out(site: Arc<Site>, turn: Turn) -> Result<(), Trouble> {
    let run = site.run_id(turn);
    engine::begin(&site, run).await?;
    for number in 0..STEPS {
        engine::dispatch(&site, run, &key(number)).await?;
    }
    let work = (0..WORKERS).map(|worker| tokio::spawn(work(Arc::clone(&site), run, worker)));
    let mut done = 0;
    for worked in join_all(work).await {
        done += worked.map_err(|_| Trouble::Panicked)??;
    }
    expect("the steps that the workers did", &done, &STEPS)?;
    let statuses = site.runtime()?.get_step_statuses(run).await?;
    let over = statuses.iter().filter(|(_, is)| *is == StepStatus::Succeeded).count();
    expect("the steps that succeeded", &(over as u64), &STEPS)?;
    for number in 0..STEPS {
        site.runtime()?.release_step_claim(run, &key(number)).await?;
    }
    engine::end(&site, run).await
}

/// Does what others have not, and answers how much that was. It keeps its claims: whoever comes
/// late must not do a step again.
async fn work(site: Arc<Site>, run: RunId, worker: u64) -> Result<u64, Trouble> {
    let (first, mut done) = (worker * STEPS / WORKERS, 0);
    for number in 0..STEPS {
        let key = key((first + number) % STEPS);
        if engine::claim(&site, run, &key).await? {
            engine::execute(&site, run, &key, StepStatus::Succeeded).await?;
            done += 1;
        }
    }
    Ok(done)
}
