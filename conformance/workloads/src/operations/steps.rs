use plimsoll_contract::StepStatus;

use super::{OPERATION, slot, slot_of, step_of};
use crate::trouble::expect;
use crate::workload::{LARGE, NOTHING_LEFT, SMALL, timed};
use crate::{Crowd, Workload};

/// Steps, claims and the dispatch ledger. Fifty steps share a run.
pub(super) const ALL: [Workload; 7] = [
    Workload {
        id: "step-start",
        what: "record-step-start of a new step, with its input",
        payloads: &[SMALL, LARGE],
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot(&site, turn).await?;
                let (runs, input) = (site.runs()?, Some(site.json()));
                Ok(timed(|| runs.record_step_start(run, &key, "http", input, None)).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let step = step_of(&site, turn).await?.map(|step| (step.status, step.input_json));
                let started = Some((StepStatus::Running, Some(site.json().to_owned())));
                expect("the step after record-step-start", &step, &started)
            })
        },
        ..OPERATION
    },
    Workload {
        id: "step-complete",
        what: "record-step-complete of a running step, with its output",
        payloads: &[SMALL, LARGE],
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot(&site, turn).await?;
                let (runs, output) = (site.runs()?, Some(site.json()));
                runs.record_step_start(run, &key, "http", Some("{}"), None).await?;
                let status = StepStatus::Succeeded;
                Ok(timed(|| runs.record_step_complete(run, &key, status, output, None)).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let step = step_of(&site, turn).await?.map(|step| (step.status, step.output_json));
                let over = Some((StepStatus::Succeeded, Some(site.json().to_owned())));
                expect("the step after record-step-complete", &step, &over)
            })
        },
        ..OPERATION
    },
    Workload {
        id: "claim",
        what: "try-claim-step of a free step",
        crowd: Crowd::Timed,
        leaves: 300,
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let runtime = site.runtime()?;
                let (took, won) = timed(|| runtime.try_claim_step(run, &key)).await?;
                expect("a free step is claimed", &won, &true)?;
                Ok(took)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let won = site.runtime()?.try_claim_step(run, &key).await?;
                expect("a step is claimed again", &won, &false)
            })
        },
        ..OPERATION
    },
    Workload {
        id: "claim-held",
        what: "try-claim-step of a step that somebody holds",
        crowd: Crowd::Timed,
        leaves: 0,
        prepare: |site| {
            Box::pin(async move {
                site.runtime()?.try_claim_step(site.prepared_id(0), "charge").await?;
                Ok(())
            })
        },
        unit: |site, _| {
            Box::pin(async move {
                let (run, runtime) = (site.prepared_id(0), site.runtime()?);
                let (took, won) = timed(|| runtime.try_claim_step(run, "charge")).await?;
                expect("a held step is claimed", &won, &false)?;
                Ok(took)
            })
        },
        verify: NOTHING_LEFT,
        ..OPERATION
    },
    Workload {
        id: "release-claim",
        what: "release-step-claim of a held step",
        leaves: 300,
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let runtime = site.runtime()?;
                runtime.try_claim_step(run, &key).await?;
                Ok(timed(|| runtime.release_step_claim(run, &key)).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let held = site.runtime()?.get_claimed_step_keys(run).await?.contains(&key);
                expect("a released step is held", &held, &false)
            })
        },
        ..OPERATION
    },
    Workload {
        id: "record-dispatch",
        what: "try-record-dispatch of a step that was not dispatched",
        crowd: Crowd::Timed,
        leaves: 300,
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let runs = site.runs()?;
                let (took, first) = timed(|| runs.try_record_dispatch(run, &key)).await?;
                expect("a new step is dispatched", &first, &true)?;
                Ok(took)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let listed = site.runs()?.get_dispatched_step_keys(run).await?.contains(&key);
                expect("a dispatched step is in the ledger", &listed, &true)
            })
        },
        ..OPERATION
    },
    Workload {
        id: "release-dispatch",
        what: "release-dispatch of a dispatched step",
        leaves: 300,
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let runs = site.runs()?;
                runs.try_record_dispatch(run, &key).await?;
                Ok(timed(|| runs.release_dispatch(run, &key)).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let listed = site.runs()?.get_dispatched_step_keys(run).await?.contains(&key);
                expect("a released step is in the ledger", &listed, &false)
            })
        },
        ..OPERATION
    },
];
