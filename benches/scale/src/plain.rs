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
/// The first that a call answers.
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
        compared.push(Compared { name, ours: median(of_ours), plain: median(of_plain) });
    }
    Ok(compared)
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
