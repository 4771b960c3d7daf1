//! The same statements by sqlx alone, beside ours.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_contract::{Backend, CallError, Page, RunId, StepStatus};

use crate::measure::{a_run, median, new_ids};
use crate::plain_postgres::PlainPostgres;
use crate::plain_sqlite::PlainSqlite;
use crate::subject::{Subject, Unfit};

/// A call that is made both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    StartRun,
    Dispatch,
    Claim,
    StepStart,
    StepComplete,
    SaveOutput,
    ReleaseClaim,
    ReleaseDispatch,
    Page,
}

/// In the order of a run's life.
const ALL: [(Op, &str); 9] = [
    (Op::StartRun, "start-run"),
    (Op::Dispatch, "try-record-dispatch"),
    (Op::Claim, "try-claim-step"),
    (Op::StepStart, "record-step-start"),
    (Op::StepComplete, "record-step-complete"),
    (Op::SaveOutput, "save-step-output"),
    (Op::ReleaseClaim, "release-step-claim"),
    (Op::ReleaseDispatch, "release-dispatch"),
    (Op::Page, "get-runs"),
];

/// The output of each step.
pub(crate) const OUTPUT: &str = "{\"invoice\":\"INV-0\"}";

/// What a call took both ways.
pub struct Compared {
    /// The call.
    pub name: &'static str,
    /// The median of the backend.
    pub ours: Duration,
    /// The median of sqlx alone.
    pub plain: Duration,
}

enum Plain {
    Postgres(PlainPostgres),
    Sqlite(PlainSqlite),
}

impl Plain {
    async fn call(&self, op: Op, id: RunId) -> sqlx::Result<()> {
        match self {
            Self::Postgres(plain) => plain.call(op, id).await,
            Self::Sqlite(plain) => plain.call(op, id).await,
        }
    }
}

/// Makes each call both ways, in turn, by one caller.
///
/// # Errors
///
/// The first that a call answers; [`Unfit::Unequal`] when the two ways leave different rows.
pub async fn compare(subject: &Subject, times: u64) -> Result<Vec<Compared>, Unfit> {
    let backend = subject.open().await?;
    let plain = match subject {
        Subject::Postgres(url) => Plain::Postgres(PlainPostgres::connect(url)?),
        Subject::Sqlite(path) => Plain::Sqlite(PlainSqlite::connect(path)),
    };
    let ids = new_ids();
    let mut compared = Vec::new();
    for (op, name) in ALL {
        let (mut of_ours, mut of_plain) = (Vec::new(), Vec::new());
        for number in 0..times {
            // Whoever comes second finds a page that was just read.
            for turn in [number, number + 1] {
                let began = Instant::now();
                if turn % 2 == 0 {
                    ours(&backend, op, ids(number)).await?;
                    of_ours.push(began.elapsed());
                } else {
                    plain.call(op, ids(number + (1 << 32))).await?;
                    of_plain.push(began.elapsed());
                }
            }
        }
        let (by_ours, by_plain) = (ids(0), ids(1 << 32));
        let (by_ours, by_plain) = (left(&backend, by_ours).await?, left(&backend, by_plain).await?);
        if by_ours != by_plain {
            return Err(Unfit::Unequal { call: name, ours: by_ours, plain: by_plain });
        }
        compared.push(Compared { name, ours: median(of_ours), plain: median(of_plain) });
    }
    Ok(compared)
}

/// All that the backend shows of a run, with a zero for each number and without its id: times
/// differ, and nothing else may.
async fn left(backend: &Arc<dyn Backend>, id: RunId) -> Result<String, CallError> {
    let stores = (backend.run_store(), backend.run_runtime_store(), backend.outputs_repository());
    let (Some(runs), Some(runtime), Some(outputs)) = stores else { return Ok(String::new()) };
    let detail = runs.get_run_detail(id).await?;
    let dispatched = runs.get_dispatched_step_keys(id).await?;
    let claimed = runtime.get_claimed_step_keys(id).await?;
    let output = outputs.get_step_output(id, "step").await?;
    let text = format!("{detail:?} {dispatched:?} {claimed:?} {output:?}");
    let text = text.replace(&id.0.to_string(), "");
    let mut zeros: Vec<char> = text.chars().map(|c| if c.is_numeric() { '0' } else { c }).collect();
    zeros.dedup_by(|a, b| a == b && *a == '0');
    Ok(zeros.into_iter().collect())
}

async fn ours(backend: &Arc<dyn Backend>, op: Op, id: RunId) -> Result<(), CallError> {
    let stores = (backend.run_store(), backend.run_runtime_store(), backend.outputs_repository());
    let (Some(runs), Some(runtime), Some(outputs)) = stores else { return Ok(()) };
    let key = "step";
    match op {
        Op::StartRun => runs.start_run(&a_run(id)).await.map(|_| ()),
        Op::Dispatch => runs.try_record_dispatch(id, key).await.map(|_| ()),
        Op::Claim => runtime.try_claim_step(id, key).await.map(|_| ()),
        Op::StepStart => runs.record_step_start(id, key, "http", Some("{}"), None).await,
        Op::StepComplete => {
            let status = StepStatus::Succeeded;
            runs.record_step_complete(id, key, status, Some(OUTPUT), None).await
        }
        Op::SaveOutput => outputs.save_step_output(id, key, OUTPUT).await,
        Op::ReleaseClaim => runtime.release_step_claim(id, key).await,
        Op::ReleaseDispatch => runs.release_dispatch(id, key).await,
        Op::Page => runs.get_runs(None, Page::default()).await.map(|_| ()),
    }
}
