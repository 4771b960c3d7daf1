pub(super) mod claims;
pub(super) mod skips;

use plimsoll_contract::Interface::{RunRuntimeStore, RunStore};
use plimsoll_contract::{RunStatus, StepStatus};

use crate::{Check, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "run-runtime-store/statuses-wrong",
        clauses: &["RUNTIME-1", "BACKEND-1"],
        goal: "A run has a step in every status, and a key that is only claimed and dispatched; \
               its statuses are read before and after.",
        usual_cause: "a status is mapped to another, a step is left out, claims are listed too, \
                      or the list is cached",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(statuses_wrong(t)),
    },
    Check {
        id: "run-runtime-store/statuses-need-run",
        clauses: &["RUNTIME-2"],
        goal: "A step is skipped in a run that is not there.",
        usual_cause: "an inner join with the runs",
        uses: &[RunRuntimeStore],
        run: |t| Box::pin(statuses_need_run(t)),
    },
    Check {
        id: "run-runtime-store/run-status-wrong",
        clauses: &["RUNTIME-18"],
        goal: "The status of runs in every status, and of one that is not there.",
        usual_cause: "the status is cached, or mapped to another",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(run_status_wrong(t)),
    },
];

async fn statuses_wrong(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    let mut expected = vec![("running".to_owned(), StepStatus::Running)];
    t.a_running_step(run, "running").await?;
    let early = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("the first step is there at once", &early, &expected);
    for (key, status) in ENDINGS {
        t.a_running_step(run, key).await?;
        t.run_store().record_step_complete(run, key, status, None, None).await?;
        expected.push((key.to_owned(), status));
    }
    t.run_runtime_store().try_claim_step(run, "claimed").await?;
    t.run_store().try_record_dispatch(run, "claimed").await?;
    let mut statuses = t.run_runtime_store().get_step_statuses(run).await?;
    statuses.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    let unknown = t.run_runtime_store().get_step_statuses(t.run_id()).await?;
    t.expect("every step with its status", &statuses, &expected);
    t.expect("an unknown run has none", &unknown, &Vec::new());
    Ok(())
}

async fn statuses_need_run(t: &Trial) -> Outcome {
    let run = t.run_id();
    t.run_runtime_store().record_skipped_step(run, "send", "http", None).await?;
    let statuses = t.run_runtime_store().get_step_statuses(run).await?;
    t.expect("the step is there", &statuses, &vec![("send".to_owned(), StepStatus::Skipped)]);
    Ok(())
}

/// The ways in which a step ends, by their names.
const ENDINGS: [(&str, StepStatus); 4] = [
    ("pending", StepStatus::Pending),
    ("succeeded", StepStatus::Succeeded),
    ("failed", StepStatus::Failed),
    ("skipped", StepStatus::Skipped),
];

async fn run_status_wrong(t: &Trial) -> Outcome {
    let runtime = t.run_runtime_store();
    for status in RunStatus::ALL {
        let run = t.a_run().await?;
        t.a_failed_step(run, "charge").await?;
        let started = runtime.get_run_status(run).await?;
        t.expect("a started run is running", &started, &Some(RunStatus::Running));
        if status != RunStatus::Running {
            t.run_store().complete_run(run, status).await?;
            let ended = runtime.get_run_status(run).await?;
            t.expect(&format!("it is {}", status.name()), &ended, &Some(status));
            t.run_store().complete_run(run, RunStatus::Failed).await?;
            let again = runtime.get_run_status(run).await?;
            t.expect("then it is failed", &again, &Some(RunStatus::Failed));
            t.run_store().retry_step(run, "charge").await?;
            let reopened = runtime.get_run_status(run).await?;
            t.expect("a run that a retry opens again is running", &reopened, &started);
        }
    }
    let unknown = t.run_id();
    t.expect("an unknown run has no status", &runtime.get_run_status(unknown).await?, &None);
    let claimed = t.run_id();
    runtime.try_claim_step(claimed, "charge").await?;
    t.expect("a claim gives it none", &runtime.get_run_status(claimed).await?, &None);
    Ok(())
}
