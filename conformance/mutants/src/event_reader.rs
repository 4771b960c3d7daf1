use plimsoll_contract::{Answer, FlowEventRecord, Page, RunId};
use plimsoll_model::{EventReader, Model, Spec};

use crate::broken::{event_reader, models};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "event-reader/lists-every-run",
        clause: "EVENT-1",
        how: "lists the events of all runs",
        dies: &[
            ("event-reader/events-of-other-run-listed", "its events in their order"),
            ("event-reader/events-of-other-run-listed", "they name their run"),
            ("event-reader/events-of-other-run-listed", "an unknown run has none"),
        ],
        backend: event_reader::<ListsEveryRun>,
    },
    Mutant {
        id: "event-reader/lists-backwards",
        clause: "EVENT-1",
        how: "lists the latest event first",
        dies: &[
            ("event-reader/events-of-other-run-listed", "its events in their order"),
            ("event-reader/events-of-other-run-listed", "the sequences rise"),
        ],
        backend: event_reader::<ListsBackwards>,
    },
    Mutant {
        id: "event-reader/sequence-is-the-same",
        clause: "EVENT-1",
        how: "gives all events of a run one sequence",
        dies: &[("event-reader/events-of-other-run-listed", "the sequences rise")],
        backend: event_reader::<SequenceIsTheSame>,
    },
    Mutant {
        id: "event-reader/ordered-by-timestamp",
        clause: "EVENT-2",
        how: "orders events by their timestamps",
        dies: &[("event-reader/ordered-by-timestamp", "they come in the order of recording")],
        backend: event_reader::<OrderedByTimestamp>,
    },
    Mutant {
        id: "event-reader/cuts-long-stories",
        clause: "BACKEND-13",
        how: "lists 500 events at the most",
        dies: &[("event-reader/long-story-cut", "every event is listed")],
        backend: event_reader::<CutsLongStories>,
    },
    Mutant {
        id: "event-reader/sequence-is-the-timestamp",
        clause: "EVENT-2",
        how: "makes the sequence of an event from its timestamp",
        dies: &[("event-reader/ordered-by-timestamp", "the sequences rise")],
        backend: event_reader::<SequenceIsTimestamp>,
    },
    Mutant {
        id: "event-reader/two-callers-record-one-event",
        clause: "EVENT-3",
        how: "reads the next sequence and writes the event in two steps",
        dies: &[
            ("event-reader/concurrent-events-lost", "every caller's event is there"),
            ("event-reader/events-in-no-order", "the events of one run"),
        ],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "event-reader/concurrent-events-clash",
        clause: "EVENT-3",
        how: "gives a key error to an event that is recorded beside another",
        dies: &[("event-reader/concurrent-events-lost", "every event is recorded")],
        backend: racy::clashing,
    },
    Mutant {
        id: "event-reader/answers-everything",
        clause: "EVENT-4",
        how: "answers all events where no number is given",
        dies: &[("event-reader/default-page-unbounded", "200 are answered")],
        backend: event_reader::<AnswersEverything>,
    },
    Mutant {
        id: "event-reader/never-answers-more-than-200",
        clause: "EVENT-4",
        how: "takes the default for the most",
        dies: &[("event-reader/default-page-unbounded", "a larger page has them all")],
        backend: event_reader::<NeverMoreThan200>,
    },
    Mutant {
        id: "event-reader/take-of-zero-is-one",
        clause: "BACKEND-13",
        how: "answers at least one event",
        dies: &[("event-reader/page-size-ignored", "{skip: 0, take: 0}")],
        backend: event_reader::<TakeOfZeroIsOne>,
    },
    Mutant {
        id: "event-reader/skips-nothing",
        clause: "BACKEND-13",
        how: "answers the first events whatever is to be left out",
        dies: &[("event-reader/page-size-ignored", "{skip: 3, take: 2}")],
        backend: event_reader::<SkipsNothing>,
    },
    Mutant {
        id: "event-reader/shows-events-late",
        clause: "EVENT-5",
        how: "gives an event its sequence before it can be seen",
        dies: &[("event-reader/later-read-shows-earlier-event", "a later read begins with")],
        backend: racy::late_events,
    },
    Mutant {
        id: "event-reader/orders-numbers-as-texts",
        clause: "EVENT-1",
        how: "orders events by the digits of their sequence",
        dies: &[("event-reader/events-of-other-run-listed", "its events in their order")],
        backend: event_reader::<OrderedByText>,
    },
    Mutant {
        id: "event-reader/end-of-page-overflows",
        clause: "BACKEND-13",
        how: "adds skip and take in 32 bits",
        dies: &[("event-reader/page-size-ignored", "the events of {skip: 3")],
        backend: event_reader::<AddsInAWord>,
    },
    Mutant {
        id: "event-reader/skips-within-the-default",
        clause: "EVENT-4",
        how: "skips within the first 200 when no size is given",
        dies: &[("event-reader/default-page-unbounded", "those after 100 are 110")],
        backend: event_reader::<SkipsWithinDefault>,
    },
];

models! {
    SkipsWithinDefault CutsLongStories
    ListsEveryRun ListsBackwards SequenceIsTheSame OrderedByTimestamp SequenceIsTimestamp
    AnswersEverything NeverMoreThan200 TakeOfZeroIsOne SkipsNothing
    OrderedByText AddsInAWord
}

impl EventReader for ListsEveryRun {
    fn get_run_events(&mut self, _run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let events = self.space()?.events.values().flatten().cloned();
        Ok(page.cut(events, Page::DEFAULT_EVENTS))
    }
}

/// Answers a page of the events of a run after they were changed as a whole.
fn changed(
    model: &mut Model,
    run_id: RunId,
    page: Page,
    change: impl FnOnce(&mut Vec<FlowEventRecord>),
) -> Answer<Vec<FlowEventRecord>> {
    let mut events = model.get_run_events(run_id, Page::all())?;
    change(&mut events);
    Ok(page.cut(events, Page::DEFAULT_EVENTS))
}

impl EventReader for ListsBackwards {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        changed(&mut self.0, run_id, page, |events| events.reverse())
    }
}

impl EventReader for CutsLongStories {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let mut events = self.0.get_run_events(run_id, page)?;
        events.truncate(500);
        Ok(events)
    }
}

impl EventReader for SequenceIsTheSame {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        changed(&mut self.0, run_id, page, |events| {
            events.iter_mut().for_each(|event| event.sequence = 1);
        })
    }
}

impl EventReader for OrderedByTimestamp {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        changed(&mut self.0, run_id, page, |events| events.sort_by_key(|event| event.timestamp))
    }
}

impl EventReader for SequenceIsTimestamp {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        changed(&mut self.0, run_id, page, |events| {
            events.iter_mut().for_each(|event| event.sequence = event.timestamp.timestamp_millis());
        })
    }
}

impl EventReader for AnswersEverything {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let take = page.take.or(Some(u32::MAX));
        self.0.get_run_events(run_id, Page { take, ..page })
    }
}

impl EventReader for NeverMoreThan200 {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let take = page.take.map(|take| take.min(Page::DEFAULT_EVENTS));
        self.0.get_run_events(run_id, Page { take, ..page })
    }
}

impl EventReader for TakeOfZeroIsOne {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let take = page.take.map(|take| take.max(1));
        self.0.get_run_events(run_id, Page { take, ..page })
    }
}

impl EventReader for SkipsNothing {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        self.0.get_run_events(run_id, Page { skip: 0, ..page })
    }
}

impl EventReader for OrderedByText {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let mut events = self.0.get_run_events(run_id, Page::all())?;
        events.sort_by_key(|event| event.sequence.to_string());
        Ok(page.cut(events, Page::DEFAULT_EVENTS))
    }
}

impl EventReader for AddsInAWord {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let end = page.skip.wrapping_add(page.take.unwrap_or(Page::DEFAULT_EVENTS));
        let take = Some(end.saturating_sub(page.skip));
        self.0.get_run_events(run_id, Page { take, ..page })
    }
}

impl EventReader for SkipsWithinDefault {
    fn get_run_events(&mut self, run_id: RunId, page: Page) -> Answer<Vec<FlowEventRecord>> {
        let mut events = self.0.get_run_events(run_id, page)?;
        if page.take.is_none() {
            events.truncate(200_usize.saturating_sub(page.skip as usize));
        }
        Ok(events)
    }
}
