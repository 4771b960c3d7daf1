//! Free texts in every field that has one: what blanks, emptiness and U+0000 become.

use plimsoll_contract::Interface::{
    EventReader, FlowStore, OutputsRepository, RunControlStore, RunRuntimeStore, RunStore,
    ScheduleStateStore, SignalStore, WebhookRejectionStore,
};
use plimsoll_contract::{
    FlowDefinition, FlowEvent, Interface, Page, Result, ScheduleState, StartRun, StepStatus,
    WebhookRejection,
};

use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[Check {
    id: "backend/free-text-changed",
    clauses: &["BACKEND-4", "BACKEND-7"],
    goal: "An empty text, one between blanks, one with U+0000, and JSON that can be written \
           otherwise are written to every field of every interface; each is kept whole or refused.",
    usual_cause: "a text is trimmed, an empty one becomes none, U+0000 ends it, or JSON is parsed \
                  and printed again",
    uses: &[],
    run: |t| Box::pin(free_text_changed(t)),
}];

const TEXTS: [&str; 4] = ["", " a\t\u{a0}", "a\0b", r#"{"b":"\/\u00e9é", "a":1.0,"b":1E2}"#];

async fn free_text_changed(t: &Trial) -> Outcome {
    let has = |interface: Interface| t.exports.contains(&interface);
    for text in TEXTS {
        if has(FlowStore) {
            definition(t, text).await?;
        }
        if has(RunStore) {
            run(t, text).await?;
            step(t, text).await?;
        }
        if has(RunStore) && has(RunRuntimeStore) {
            skip(t, text).await?;
        }
        if has(RunControlStore) {
            control(t, text).await?;
        }
        if has(SignalStore) {
            payload(t, text).await?;
        }
        if has(ScheduleStateStore) {
            schedule(t, text).await?;
        }
        if has(OutputsRepository) {
            outputs(t, text).await?;
        }
        if has(OutputsRepository) && has(EventReader) {
            event(t, text).await?;
        }
        if has(WebhookRejectionStore) {
            webhook(t, text).await?;
        }
    }
    Ok(())
}

/// Where the write was not refused, the texts must be as they were given.
fn expect_kept<const N: usize>(
    t: &Trial,
    text: &str,
    outcome: Result<()>,
    got: [(&str, Option<String>); N],
) -> Outcome {
    if t.kept_or_refused(outcome)? {
        for (what, got) in got {
            t.expect(&format!("{what} {text:?} is whole"), &got, &Some(text.to_owned()));
        }
    }
    Ok(())
}

async fn definition(t: &Trial, text: &str) -> Outcome {
    let definition = FlowDefinition {
        version: text.to_owned(),
        manifest_json: Some(text.to_owned()),
        ..t.a_definition(text)
    };
    let outcome = t.flow_store().save(&definition).await.map(drop);
    let stored = t.flow_store().get_by_id(definition.id).await?;
    let (name, version) = stored.clone().map(|it| (it.name, it.version)).unzip();
    let manifest = stored.and_then(|it| it.manifest_json);
    let got = [("the name", name), ("the version", version), ("the manifest", manifest)];
    expect_kept(t, text, outcome, got)
}

async fn run(t: &Trial, text: &str) -> Outcome {
    let start = StartRun {
        flow_name: text.to_owned(),
        trigger_key: text.to_owned(),
        trigger_data_json: Some(text.to_owned()),
        job_id: Some(text.to_owned()),
        ..t.start_of(t.flow_id())
    };
    let outcome = t.run_store().start_run(&start).await.map(drop);
    let run = t.run_store().get_run_detail(start.run_id).await?.map(|detail| detail.run);
    let (name, trigger) = run.clone().map(|it| (it.flow_name, it.trigger_key)).unzip();
    let (data, job) = run.map(|it| (it.trigger_data_json, it.background_job_id)).unzip();
    let got = [
        ("the flow's name", name),
        ("the trigger key", trigger),
        ("the trigger data", data.flatten()),
        ("the job id", job.flatten()),
    ];
    expect_kept(t, text, outcome, got)
}

async fn step(t: &Trial, text: &str) -> Outcome {
    let (run, runs, some) = (t.a_run().await?, t.run_store(), Some(text));
    let started = runs.record_step_start(run, "charge", text, some, some).await;
    if !t.kept_or_refused(started)? {
        return Ok(());
    }
    let outcome = runs.record_step_complete(run, "charge", StepStatus::Failed, some, some).await;
    let detail = runs.get_run_detail(run).await?;
    let step = detail.and_then(|detail| detail.steps.into_iter().next());
    let Some(step) = step else {
        return Err(Halt::NotTestable("a step that was started is not shown".to_owned()));
    };
    let got = [
        ("the step's type", Some(step.step_type)),
        ("its input", step.input_json),
        ("its job id", step.job_id),
        ("its output", step.output_json),
        ("its error", step.error_message),
    ];
    expect_kept(t, text, outcome, got)
}

async fn skip(t: &Trial, text: &str) -> Outcome {
    let run = t.a_run().await?;
    let steps = t.run_runtime_store();
    let outcome = steps.record_skipped_step(run, "charge", "http", Some(text)).await;
    let detail = t.run_store().get_run_detail(run).await?;
    let step = detail.and_then(|detail| detail.steps.into_iter().next());
    let reason = step.and_then(|step| step.error_message);
    expect_kept(t, text, outcome, [("the reason of a skip", reason)])
}

async fn control(t: &Trial, text: &str) -> Outcome {
    let (run, controls) = (t.run_id(), t.run_control_store());
    controls.configure_run(run, t.flow_id(), "webhook", None, None).await?;
    let outcome = controls.request_cancel(run, Some(text)).await.map(drop);
    let control = controls.get_run_control(run).await?;
    let reason = control.and_then(|control| control.cancel_reason);
    expect_kept(t, text, outcome, [("the reason of a cancellation", reason)])
}

async fn payload(t: &Trial, text: &str) -> Outcome {
    let (run, signals) = (t.run_id(), t.signal_store());
    signals.register_waiter(run, "wait", "approval", None).await?;
    let outcome = signals.deliver_signal(run, "approval", text).await.map(drop);
    let payload = signals.get_waiter(run, "wait").await?.and_then(|waiter| waiter.payload_json);
    expect_kept(t, text, outcome, [("the payload", payload)])
}

async fn schedule(t: &Trial, text: &str) -> Outcome {
    let state = ScheduleState {
        flow_name: text.to_owned(),
        trigger_key: text.to_owned(),
        cron_override: Some(text.to_owned()),
        ..t.a_schedule(&t.run_id().to_string())
    };
    let schedules = t.schedule_state_store();
    let outcome = schedules.save(&state).await;
    let stored = schedules.get(&state.job_id).await?;
    let (name, trigger) = stored.clone().map(|it| (it.flow_name, it.trigger_key)).unzip();
    let cron = stored.and_then(|it| it.cron_override);
    let got = [("the flow's name", name), ("the trigger key", trigger), ("the override", cron)];
    expect_kept(t, text, outcome, got)
}

async fn outputs(t: &Trial, text: &str) -> Outcome {
    let (run, outputs) = (t.run_id(), t.outputs_repository());
    let outcome = outputs.save_step_output(run, "charge", text).await;
    let output = outputs.get_step_output(run, "charge").await?;
    expect_kept(t, text, outcome, [("an output", output)])?;
    let outcome = outputs.save_step_input(run, "charge", text).await;
    let input = outputs.get_step_input(run, "charge").await?;
    expect_kept(t, text, outcome, [("an input", input)])?;
    let outcome = outputs.save_trigger_data(run, text).await;
    let data = outputs.get_trigger_data(run).await?;
    expect_kept(t, text, outcome, [("the trigger data", data)])?;
    let headers = [("a".to_owned(), text.to_owned())];
    let outcome = outputs.save_trigger_headers(run, &headers).await;
    let headers = outputs.get_trigger_headers(run).await?.unwrap_or_default();
    let value = headers.into_iter().next().map(|(_, value)| value);
    expect_kept(t, text, outcome, [("a header", value)])
}

async fn event(t: &Trial, text: &str) -> Outcome {
    let run = t.run_id();
    let event = FlowEvent {
        timestamp: START,
        event_type: text.to_owned(),
        step_key: None,
        message: Some(text.to_owned()),
    };
    let outcome = t.outputs_repository().record_event(run, &event).await;
    let events = t.event_reader().get_run_events(run, Page::all()).await?;
    let event = events.into_iter().next().map(|event| (event.event_type, event.message));
    let (kind, message) = event.unzip();
    expect_kept(t, text, outcome, [("an event's type", kind), ("its message", message.flatten())])
}

async fn webhook(t: &Trial, text: &str) -> Outcome {
    let some = Some(text.to_owned());
    let row = WebhookRejection {
        trigger_key: some.clone(),
        remote_ip: some.clone(),
        body_truncated: some.clone(),
        headers_json: some.clone(),
        scheme: some,
        ..t.a_rejection(text)
    };
    let log = t.webhook_rejection_store();
    let outcome = log.write(&row).await;
    let newest = log.query_recent(None, None, true, Page::new(0, 1)).await?;
    let row = newest.into_iter().next().unwrap_or(row);
    let got = [
        ("the reason", Some(row.reason)),
        ("the trigger key", row.trigger_key),
        ("the remote ip", row.remote_ip),
        ("the body", row.body_truncated),
        ("the headers", row.headers_json),
        ("the scheme", row.scheme),
    ];
    expect_kept(t, text, outcome, got)
}
