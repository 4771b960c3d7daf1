use plimsoll_contract::{RunStatus, StepStatus};

use super::{OPERATION, STEPS, key};
use crate::trouble::expect;
use crate::workload::{LARGE, NOTHING_LEFT, SMALL, timed};
use crate::{Crowd, Workload};

/// Runs, and what an engine asks about one.
pub(super) const ALL: [Workload; 5] = [
    Workload {
        id: "start-run",
        what: "start-run of a new run, with its trigger's document",
        payloads: &[SMALL, LARGE],
        crowd: Crowd::Timed,
        unit: |site, turn| {
            Box::pin(async move {
                let start = site.start(site.run_id(turn));
                let runs = site.runs()?;
                let (took, run) = timed(|| runs.start_run(&start)).await?;
                expect("start-run answers the run", &run.id, &start.run_id)?;
                Ok(took)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let detail = site.runs()?.get_run_detail(site.run_id(turn)).await?;
                let kept = detail.map(|detail| (detail.run.status, detail.run.trigger_data_json));
                let started = Some((RunStatus::Running, Some(site.json().to_owned())));
                expect("the run after start-run", &kept, &started)
            })
        },
        ..OPERATION
    },
    Workload {
        id: "complete-run",
        what: "complete-run of a running run",
        unit: |site, turn| {
            Box::pin(async move {
                let (run, runs) = (site.run_id(turn), site.runs()?);
                runs.start_run(&site.start(run)).await?;
                Ok(timed(|| runs.complete_run(run, RunStatus::Succeeded)).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let detail = site.runs()?.get_run_detail(site.run_id(turn)).await?;
                let status = detail.map(|detail| detail.run.status);
                expect("the run after complete-run", &status, &Some(RunStatus::Succeeded))
            })
        },
        ..OPERATION
    },
    Workload {
        id: "run-status",
        what: "get-run-status of a running run",
        crowd: Crowd::Timed,
        leaves: 0,
        prepare: |site| {
            Box::pin(async move {
                site.runs()?.start_run(&site.start(site.prepared_id(0))).await?;
                Ok(())
            })
        },
        unit: |site, _| {
            Box::pin(async move {
                let (run, runtime) = (site.prepared_id(0), site.runtime()?);
                let (took, status) = timed(|| runtime.get_run_status(run)).await?;
                expect("get-run-status", &status, &Some(RunStatus::Running))?;
                Ok(took)
            })
        },
        verify: NOTHING_LEFT,
        ..OPERATION
    },
    Workload {
        id: "step-statuses",
        what: "get-step-statuses of a run with fifty steps",
        crowd: Crowd::Timed,
        leaves: 0,
        prepare: |site| {
            Box::pin(async move {
                let (run, runs) = (site.prepared_id(0), site.runs()?);
                runs.start_run(&site.start(run)).await?;
                for number in 0..STEPS {
                    let key = key(number);
                    runs.record_step_start(run, &key, "http", Some("{}"), None).await?;
                    let status = StepStatus::Succeeded;
                    runs.record_step_complete(run, &key, status, Some("{}"), None).await?;
                }
                Ok(())
            })
        },
        unit: |site, _| {
            Box::pin(async move {
                let (run, runtime) = (site.prepared_id(0), site.runtime()?);
                let (took, statuses) = timed(|| runtime.get_step_statuses(run)).await?;
                let over = statuses.iter().filter(|(_, is)| *is == StepStatus::Succeeded).count();
                expect("the steps that succeeded", &(over as u64), &STEPS)?;
                Ok(took)
            })
        },
        verify: NOTHING_LEFT,
        ..OPERATION
    },
    Workload {
        id: "cancel-poll",
        what: "get-run-control of a run that nobody cancels",
        crowd: Crowd::Timed,
        leaves: 0,
        prepare: |site| {
            Box::pin(async move {
                let start = site.start(site.prepared_id(0));
                site.runs()?.start_run(&start).await?;
                let (run, flow) = (start.run_id, start.flow_id);
                let control = site.control()?;
                control.configure_run(run, flow, &start.trigger_key, None, None).await?;
                Ok(())
            })
        },
        unit: |site, _| {
            Box::pin(async move {
                let (run, control) = (site.prepared_id(0), site.control()?);
                let (took, record) = timed(|| control.get_run_control(run)).await?;
                let asked = record.map(|record| (record.run_id, record.cancel_requested));
                expect("get-run-control", &asked, &Some((run, false)))?;
                Ok(took)
            })
        },
        verify: NOTHING_LEFT,
        ..OPERATION
    },
];
