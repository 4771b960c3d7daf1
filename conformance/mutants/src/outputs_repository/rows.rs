//! Mutants of what a row refers to and how much it holds.

use chrono::SubsecRound;
use plimsoll_contract::{Answer, FlowEvent, RunId};
use plimsoll_model::{OutputsRepository, Spec};

use super::Headers;
use crate::broken::{
    in_nanoseconds, missing_parent, models, outputs_repository, whole_before_1970,
};
use crate::run_store::step;
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "outputs-repository/outputs-reference-steps",
        clause: "OUTPUT-18",
        how: "refuses an output whose step has no row",
        dies: &[("outputs-repository/output-needs-step", "gave no value: violates a foreign key")],
        backend: outputs_repository::<OutputNeedsStep>,
    },
    Mutant {
        id: "outputs-repository/outputs-reference-runs",
        clause: "OUTPUT-21",
        how: "refuses an output whose run it does not have",
        dies: &[("outputs-repository/save-needs-run", "gave no value: violates a foreign key")],
        backend: outputs_repository::<OutputNeedsRun>,
    },
    Mutant {
        id: "outputs-repository/headers-are-of-the-run",
        clause: "OUTPUT-21",
        how: "keeps trigger headers in the row of the run, and nowhere without one",
        dies: &[("outputs-repository/save-needs-run", "the trigger headers are kept")],
        backend: outputs_repository::<HeadersAreOfRun>,
    },
    Mutant {
        id: "outputs-repository/outputs-end-at-nul",
        clause: "BACKEND-4",
        how: "cuts an output at U+0000",
        dies: &[("backend/free-text-changed", r#"an output "a\0b" is whole"#)],
        backend: outputs_repository::<OutputsEndAtNul>,
    },
    Mutant {
        id: "outputs-repository/inputs-reference-steps",
        clause: "OUTPUT-19",
        how: "refuses an input whose step has no row",
        dies: &[("outputs-repository/input-needs-step", "gave no value: violates a foreign key")],
        backend: outputs_repository::<InputNeedsStep>,
    },
    Mutant {
        id: "outputs-repository/events-reference-steps",
        clause: "OUTPUT-20",
        how: "refuses an event whose step has no row",
        dies: &[("outputs-repository/event-needs-step", "gave no value: violates a foreign key")],
        backend: outputs_repository::<EventNeedsStep>,
    },
    Mutant {
        id: "outputs-repository/cuts-headers",
        clause: "BACKEND-6",
        how: "cuts the values of headers to 65,535 characters",
        dies: &[("outputs-repository/long-headers-cut", "the header is whole")],
        backend: outputs_repository::<CutsHeaders>,
    },
    Mutant {
        id: "outputs-repository/timestamp-loses-its-fraction",
        clause: "BACKEND-11",
        how: "drops the fraction of a timestamp before 1970",
        dies: &[("outputs-repository/far-timestamp-lost", "the timestamp is kept")],
        backend: outputs_repository::<TimestampLosesFraction>,
    },
    Mutant {
        id: "outputs-repository/stamps-in-nanoseconds",
        clause: "BACKEND-12",
        how: "fails over a timestamp whose nanoseconds overflow 64 bits",
        dies: &[(
            "outputs-repository/absurd-timestamp-kills",
            "gave no value: timestamp out of range",
        )],
        backend: outputs_repository::<StampsInNanoseconds>,
    },
    Mutant {
        id: "outputs-repository/stamps-in-milliseconds",
        clause: "BACKEND-10",
        how: "keeps the timestamps of events in milliseconds",
        dies: &[("outputs-repository/timestamp-microseconds-lost", "the timestamp is kept")],
        backend: outputs_repository::<StampsInMilliseconds>,
    },
    Mutant {
        id: "outputs-repository/end-of-scope-drops-inputs-within",
        clause: "OUTPUT-15",
        how: "deletes the inputs of the steps within the one whose scope has ended",
        dies: &[("outputs-repository/end-of-scope-deletes", "`charge.0` keeps its input")],
        backend: outputs_repository::<DropsInputsWithin>,
    },
    Mutant {
        id: "outputs-repository/headers-in-two-steps",
        clause: "OUTPUT-14",
        how: "deletes the headers of before in one step and inserts the new ones in another",
        dies: &[("outputs-repository/headers-in-no-order", "the saves of one list of headers")],
        backend: racy::stale_headers,
    },
    Mutant {
        id: "outputs-repository/saves-write-outputs-back",
        clause: "OUTPUT-1",
        how: "writes the slots of a run back that it does not save, as it read them before",
        dies: &[("outputs-repository/slots-written-together", "the last output is kept")],
        backend: racy::stale_slots,
    },
    Mutant {
        id: "outputs-repository/saves-write-inputs-back",
        clause: "OUTPUT-5",
        how: "writes the slots of a run back that it does not save, as it read them before",
        dies: &[("outputs-repository/slots-written-together", "the last input is kept")],
        backend: racy::stale_slots,
    },
    Mutant {
        id: "outputs-repository/saves-write-trigger-data-back",
        clause: "OUTPUT-8",
        how: "writes the slots of a run back that it does not save, as it read them before",
        dies: &[("outputs-repository/slots-written-together", "the last trigger data are kept")],
        backend: racy::stale_slots,
    },
    Mutant {
        id: "outputs-repository/saves-write-headers-back",
        clause: "OUTPUT-10",
        how: "writes the slots of a run back that it does not save, as it read them before",
        dies: &[("outputs-repository/slots-written-together", "the last headers are kept")],
        backend: racy::stale_slots,
    },
];

models! {
    DropsInputsWithin
    OutputNeedsStep InputNeedsStep EventNeedsStep CutsHeaders TimestampLosesFraction
    StampsInNanoseconds StampsInMilliseconds OutputNeedsRun HeadersAreOfRun OutputsEndAtNul
}

impl OutputsRepository for OutputNeedsRun {
    fn save_step_output(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        self.space()?.runs.get(&run).ok_or_else(missing_parent)?;
        self.0.save_step_output(run, key, value)
    }
}

impl OutputsRepository for OutputsEndAtNul {
    fn save_step_output(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        let value = value.split('\0').next().unwrap_or_default();
        self.0.save_step_output(run, key, value)
    }
}

impl OutputsRepository for HeadersAreOfRun {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        match self.space()?.runs.contains_key(&run) {
            true => self.0.save_trigger_headers(run, headers),
            false => Ok(()),
        }
    }
}

impl OutputsRepository for OutputNeedsStep {
    fn save_step_output(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        step(self.space()?, run, key).ok_or_else(missing_parent)?;
        self.0.save_step_output(run, key, value)
    }
}

impl OutputsRepository for InputNeedsStep {
    fn save_step_input(&mut self, run: RunId, key: &str, value: &str) -> Answer<()> {
        step(self.space()?, run, key).ok_or_else(missing_parent)?;
        self.0.save_step_input(run, key, value)
    }
}

impl OutputsRepository for EventNeedsStep {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        if let Some(key) = &event.step_key {
            step(self.space()?, run, key).ok_or_else(missing_parent)?;
        }
        self.0.record_event(run, event)
    }
}

impl OutputsRepository for CutsHeaders {
    fn save_trigger_headers(&mut self, run: RunId, headers: &Headers) -> Answer<()> {
        let cut = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.chars().take(65_535).collect()));
        self.0.save_trigger_headers(run, &cut.collect::<Vec<_>>())
    }
}

impl OutputsRepository for StampsInMilliseconds {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let timestamp = event.timestamp.trunc_subsecs(3);
        self.0.record_event(run, &FlowEvent { timestamp, ..event.clone() })
    }
}

impl OutputsRepository for TimestampLosesFraction {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let timestamp = whole_before_1970(event.timestamp);
        self.0.record_event(run, &FlowEvent { timestamp, ..event.clone() })
    }
}

impl OutputsRepository for StampsInNanoseconds {
    fn record_event(&mut self, run: RunId, event: &FlowEvent) -> Answer<()> {
        let timestamp = in_nanoseconds(event.timestamp)?;
        self.0.record_event(run, &FlowEvent { timestamp, ..event.clone() })
    }
}

impl OutputsRepository for DropsInputsWithin {
    fn end_scope(&mut self, run: RunId, key: &str) -> Answer<()> {
        let within = format!("{key}.");
        self.space()?.inputs.retain(|(id, key), _| *id != run || !key.starts_with(&within));
        Ok(())
    }
}
