//! What only grows: events of a run, attempts of a step.

use plimsoll_contract::Interface::{EventReader, OutputsRepository, RunStore};
use plimsoll_contract::{FlowEvent, FlowEventRecord, FlowRunDetail, Page};
use plimsoll_histories::specs::attempts::{self, Attempts};
use plimsoll_histories::specs::log::{self, Log};

use super::ASKS;
use crate::history::at_the_end;
use crate::trial::START;
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "event-reader/events-in-no-order",
        clauses: &["EVENT-3"],
        goal: "Callers record events of one run and read them back when all are done; some order \
               of their calls must explain all answers.",
        usual_cause: "the next sequence is read and written in two steps, or writes are buffered",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(events_in_no_order(t)),
    },
    Check {
        id: "run-store/attempts-in-no-order",
        clauses: &["RUN-12"],
        goal: "Callers start one step and read its attempts at once; some order of their calls \
               must explain all answers.",
        usual_cause: "the next number is read and written in two steps",
        uses: &[RunStore],
        run: |t| Box::pin(attempts_in_no_order(t)),
    },
];

async fn events_in_no_order(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let mut history = t
            .history::<Log<String>, _>(move |mut scribe, instance| async move {
                for number in 0..ASKS {
                    let name = format!("{}-{number}", scribe.caller);
                    let event = an_event(&name);
                    let record = instance.outputs_repository().record_event(run, &event);
                    scribe.ask(log::Call::Append(name), record, |()| log::Answer::Done).await?;
                }
                Ok(scribe)
            })
            .await?;
        // What a read under way may miss is a SHOULD of its own; afterwards nothing may be missing.
        let names = names(&t.event_reader().get_run_events(run, Page::all()).await?);
        history.push(at_the_end(log::Call::read_all(), log::Answer::Entries(names)));
        t.expect_an_order("the events of one run", &Log::of(&history), &history)?;
    }
    t.overlap_shown()
}

fn an_event(name: &str) -> FlowEvent {
    let event_type = name.to_owned();
    FlowEvent { timestamp: START, event_type, step_key: None, message: None }
}

fn names(events: &[FlowEventRecord]) -> Vec<String> {
    events.iter().map(|event| event.event_type.clone()).collect()
}

async fn attempts_in_no_order(t: &Trial) -> Outcome {
    use attempts::{Answer, Call};
    while t.next_round().await? {
        let run = t.a_run().await?;
        let mut history = t
            .history::<Attempts<String>, _>(move |mut scribe, instance| async move {
                let runs = instance.run_store();
                for number in 0..ASKS {
                    if scribe.choose(2) == 0 {
                        scribe.ask(Call::Read, runs.get_run_detail(run), attempts).await?;
                        continue;
                    }
                    let job = format!("{}-{number}", scribe.caller);
                    let start = runs.record_step_start(run, "charge", "http", None, Some(&job));
                    scribe.ask(Call::Start(job.clone()), start, |()| Answer::Done).await?;
                }
                Ok(scribe)
            })
            .await?;
        let detail = t.run_store().get_run_detail(run).await?;
        history.push(at_the_end(attempts::Call::Read, attempts(detail)));
        t.expect_an_order("the attempts of one step", &Attempts::of(&history), &history)?;
    }
    t.overlap_shown()
}

/// The numbers and jobs of the attempts at a run's only step.
fn attempts(detail: Option<FlowRunDetail>) -> attempts::Answer<String> {
    let step = detail.and_then(|detail| detail.steps.into_iter().next());
    let attempts = step.map(|step| step.attempts).unwrap_or_default();
    let named = attempts.into_iter().map(|a| (a.attempt, a.job_id.unwrap_or_default()));
    attempts::Answer::Attempts(named.collect())
}
