use chrono::TimeDelta;
use plimsoll_contract::Interface::{EventReader, OutputsRepository, RunStore};
use plimsoll_contract::show;
use plimsoll_contract::{FlowEvent, FlowEventRecord, Instant, Page, RunId};

use crate::race::CALLERS;
use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "event-reader/events-of-other-run-listed",
        clauses: &["EVENT-1"],
        goal: "Events of two runs are recorded in turn, and those of one listed.",
        usual_cause: "the run is missing from the WHERE, or from the sequence's key",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(events_of_other_run_listed(t)),
    },
    Check {
        id: "event-reader/ordered-by-timestamp",
        clauses: &["EVENT-2"],
        goal: "Events are recorded whose timestamps go backwards.",
        usual_cause: "the list is ordered by timestamp",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(ordered_by_timestamp(t)),
    },
    Check {
        id: "event-reader/concurrent-events-lost",
        clauses: &["EVENT-3"],
        goal: "Many callers record events of one run at once.",
        usual_cause: "the next sequence is read and written in two steps",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(concurrent_events_lost(t)),
    },
    Check {
        id: "event-reader/default-page-unbounded",
        clauses: &["EVENT-4"],
        goal: "Of 210 events a list without a size is asked for.",
        usual_cause: "without take everything is answered, or another default applies",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(default_page_unbounded(t)),
    },
    Check {
        id: "event-reader/long-story-cut",
        clauses: &["BACKEND-13"],
        goal: "A run has 1,001 events; all are listed when all are asked for.",
        usual_cause: "a page has a limit all the same",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(long_story_cut(t)),
    },
    Check {
        id: "event-reader/page-size-ignored",
        clauses: &["BACKEND-13"],
        goal: "Pages of none, of two, past the end and of every size that there is.",
        usual_cause: "take 0 answers one event, as in the source, or skip is ignored",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(page_size_ignored(t)),
    },
    Check {
        id: "event-reader/later-read-shows-earlier-event",
        clauses: &["EVENT-5"],
        goal: "Events are recorded while others read: every read must begin with the one before.",
        usual_cause: "the sequence is given before the row can be seen; a higher one shows first",
        uses: &[RunStore, OutputsRepository, EventReader],
        run: |t| Box::pin(later_read_shows_earlier_event(t)),
    },
];

async fn record(t: &Trial, run: RunId, event_type: &str, timestamp: Instant) -> Outcome {
    let event_type = event_type.to_owned();
    let event = FlowEvent { timestamp, event_type, step_key: None, message: None };
    Ok(t.outputs_repository().record_event(run, &event).await?)
}

async fn events(t: &Trial, run: RunId, page: Page) -> Result<Vec<FlowEventRecord>, Halt> {
    Ok(t.event_reader().get_run_events(run, page).await?)
}

fn types(events: &[FlowEventRecord]) -> Vec<&str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

fn expect_rising(t: &Trial, events: &[FlowEventRecord]) {
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    let rises = sequences.windows(2).all(|pair| pair[0] < pair[1]);
    t.expect_that("the sequences rise", rises, "strictly rising numbers", &sequences);
}

async fn events_of_other_run_listed(t: &Trial) -> Outcome {
    let (run, other) = (t.a_run().await?, t.a_run().await?);
    // More than ten, which as texts would come before two.
    let mine: Vec<_> = (1..=12).map(|number| format!("mine-{number}")).collect();
    for event_type in &mine {
        record(t, run, event_type, START).await?;
        record(t, other, "other", START).await?;
    }
    let listed = events(t, run, Page::all()).await?;
    let unknown = events(t, t.run_id(), Page::all()).await?;
    let listed_types: Vec<_> = types(&listed).into_iter().map(str::to_owned).collect();
    t.expect("its events in their order", &listed_types, &mine);
    let runs: Vec<_> = listed.iter().map(|event| event.run_id).collect();
    t.expect("they name their run", &runs, &vec![run; 12]);
    expect_rising(t, &listed);
    t.expect("an unknown run has none", &unknown, &Vec::new());
    Ok(())
}

async fn ordered_by_timestamp(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for (number, seconds) in [(1, 30), (2, 10), (3, 20)] {
        record(t, run, &format!("{number}"), START + TimeDelta::seconds(seconds)).await?;
    }
    let listed = events(t, run, Page::all()).await?;
    t.expect("they come in the order of recording", &types(&listed), &vec!["1", "2", "3"]);
    expect_rising(t, &listed);
    Ok(())
}

async fn concurrent_events_lost(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let answers = t
            .release(move |caller, instance| async move {
                let event = FlowEvent {
                    timestamp: START,
                    event_type: format!("caller-{caller}"),
                    step_key: None,
                    message: None,
                };
                instance.outputs_repository().record_event(run, &event).await
            })
            .await;
        t.expect_all_succeed("every event is recorded", &answers);
        let listed = events(t, run, Page::all()).await?;
        let mut callers = types(&listed);
        callers.sort_unstable();
        callers.dedup();
        t.expect("every caller's event is there", &callers.len(), &CALLERS);
        t.expect("and none twice", &listed.len(), &CALLERS);
        expect_rising(t, &listed);
    }
    t.overlap_shown()
}

async fn long_story_cut(t: &Trial) -> Outcome {
    const COUNT: usize = 1_001;
    let run = t.a_run().await?;
    for number in 0..COUNT {
        record(t, run, &format!("{number}"), START).await?;
    }
    let all = events(t, run, Page::all()).await?;
    let last = events(t, run, Page::new(COUNT as u32 - 1, 1)).await?;
    t.expect("every event is listed", &all.len(), &COUNT);
    t.expect("the last one too by itself", &types(&last), &vec!["1000"]);
    Ok(())
}

async fn default_page_unbounded(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for number in 0..210 {
        record(t, run, &format!("{number}"), START).await?;
    }
    let listed = events(t, run, Page::default()).await?;
    let all = events(t, run, Page::new(0, 1_000)).await?;
    let rest = events(t, run, Page { skip: 100, take: None }).await?;
    t.expect("200 are answered", &listed.len(), &200);
    t.expect("a larger page has them all", &all.len(), &210);
    t.expect("those after 100 are 110", &rest.len(), &110);
    Ok(())
}

async fn page_size_ignored(t: &Trial) -> Outcome {
    let run = t.a_run().await?;
    for number in 1..=5 {
        record(t, run, &format!("{number}"), START).await?;
    }
    let pages = [
        (Page::new(0, 0), vec![]),
        (Page::new(0, 2), vec!["1", "2"]),
        (Page::new(3, 2), vec!["4", "5"]),
        (Page::new(4, 2), vec!["5"]),
        (Page::new(5, 2), vec![]),
        (Page::new(u32::MAX, u32::MAX), vec![]),
        (Page::new(3, u32::MAX), vec!["4", "5"]),
        (Page { skip: 4, take: None }, vec!["5"]),
    ];
    for (page, expected) in pages {
        let listed = events(t, run, page).await?;
        t.expect(&format!("the events of {}", show::value(&page)), &types(&listed), &expected);
    }
    Ok(())
}

async fn later_read_shows_earlier_event(t: &Trial) -> Outcome {
    while t.next_round().await? {
        let run = t.a_run().await?;
        let seen = t
            .watch(
                move |writer, instance| async move {
                    let event = FlowEvent {
                        timestamp: START,
                        event_type: format!("writer-{writer}"),
                        step_key: None,
                        message: None,
                    };
                    for _ in 0..4 {
                        instance.outputs_repository().record_event(run, &event).await?;
                    }
                    Ok(())
                },
                move |instance| async move {
                    let events = instance.event_reader();
                    let first = events.get_run_events(run, Page::all()).await?;
                    Ok([first, events.get_run_events(run, Page::all()).await?])
                },
            )
            .await?;
        for reads in seen {
            let reads = reads.concat();
            let extends = |pair: &[Vec<_>]| pair[1].starts_with(&pair[0]);
            let sequences: Vec<Vec<_>> = reads
                .iter()
                .map(|read| read.iter().map(|event| event.sequence).collect())
                .collect();
            let all_extend = sequences.windows(2).all(extends);
            let what = "a later read begins with what an earlier one showed";
            t.expect_that(what, all_extend, "sequences that only grow at their end", &sequences);
        }
    }
    t.overlap_shown()
}
