//! Slots that are saved by many at once.

use plimsoll_contract::Interface::{OutputsRepository, RunStore};
use plimsoll_contract::{self as contract, Result, RunId};

use super::{header_list, headers, input, output, some};
use crate::race::CALLERS;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "outputs-repository/first-save-race-fails",
        clauses: &["OUTPUT-3"],
        goal: "Many callers save the same new output, input, trigger data and headers at once.",
        usual_cause: "select, then insert: the second inserter gets a key error",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(first_save_race_fails(t)),
    },
    Check {
        id: "outputs-repository/slots-written-together",
        clauses: &["OUTPUT-1", "OUTPUT-5", "OUTPUT-8", "OUTPUT-10"],
        goal: "Output, input, trigger data and headers of one run are saved anew at once, each by \
               a caller of its own; all four are kept.",
        usual_cause: "the slots are one row, which is read and written back as a whole",
        uses: &[RunStore, OutputsRepository],
        run: |t| Box::pin(slots_written_together(t)),
    },
];

async fn first_save_race_fails(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |caller, instance| async move {
                let (outputs, value) = (instance.outputs_repository(), format!("{caller}"));
                let headers = ["a", "b"].map(|name| (name.to_owned(), value.clone()));
                outputs.save_step_output(run, "charge", &value).await?;
                outputs.save_step_input(run, "charge", &value).await?;
                outputs.save_trigger_data(run, &value).await?;
                outputs.save_trigger_headers(run, &headers).await
            })
            .await;
        t.expect_all_succeed("every save succeeds", &answers);
        let headers = headers(t, run).await?.unwrap_or_default();
        let mut values: Vec<_> = headers.into_iter().map(|(_, value)| value).collect();
        values.dedup();
        t.expect("the headers are one caller's as a whole", &values.len(), &1);
        values.extend(output(t, run, "charge").await?);
        values.extend(input(t, run, "charge").await?);
        values.extend(t.outputs_repository().get_trigger_data(run).await?);
        let of_callers = values.iter().filter(|value| value.parse::<usize>().is_ok()).count();
        let expected = "a caller's number in each of four slots";
        t.expect_that("the value is one of theirs", of_callers == 4, expected, &values);
    }
    t.overlap_shown()
}

/// Saves one of the four slots of a run.
async fn save_slot(
    outputs: &dyn contract::OutputsRepository,
    run: RunId,
    slot: usize,
    value: &str,
) -> Result<()> {
    match slot {
        0 => outputs.save_step_output(run, "charge", value).await,
        1 => outputs.save_step_input(run, "charge", value).await,
        2 => outputs.save_trigger_data(run, value).await,
        _ => outputs.save_trigger_headers(run, &header_list(&[("a", value)])).await,
    }
}

async fn slots_written_together(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let mut runs = Vec::new();
        for _ in 0..CALLERS / 4 {
            let run = t.a_run().await?;
            for slot in 0..4 {
                save_slot(t.outputs_repository(), run, slot, "1").await?;
            }
            runs.push(run);
        }
        let saved = runs.clone();
        let answers = t
            .release(move |caller, instance| {
                let run = saved[caller / 4];
                async move { save_slot(instance.outputs_repository(), run, caller % 4, "2").await }
            })
            .await;
        t.expect_all_succeed("every save succeeds", &answers);
        for run in runs {
            let data = t.outputs_repository().get_trigger_data(run).await?;
            t.expect("the last output is kept", &output(t, run, "charge").await?, &some("2"));
            t.expect("the last input is kept", &input(t, run, "charge").await?, &some("2"));
            t.expect("the last trigger data are kept", &data, &some("2"));
            let list = Some(header_list(&[("a", "2")]));
            t.expect("the last headers are kept", &headers(t, run).await?, &list);
        }
    }
    t.overlap_shown()
}
