//! Mutants of skipped steps.

use plimsoll_contract::{Answer, RunId, StepStatus};
use plimsoll_model::{Attempt, Model, Namespace, RunRuntimeStore, Spec, Step};

use crate::broken::{missing_parent, models, run_runtime_store};
use crate::{Mutant, racy};

use crate::run_store::{last_attempt, step};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-runtime-store/skip-adds-no-attempt",
        clause: "RUNTIME-13",
        how: "writes a skip on the latest attempt instead of adding one",
        dies: &[("run-runtime-store/skip-incomplete", "a second attempt shows the skip")],
        backend: run_runtime_store::<SkipAddsNoAttempt>,
    },
    Mutant {
        id: "run-runtime-store/skip-keeps-the-old-row",
        clause: "RUNTIME-13",
        how: "leaves input and output of the step alone when it is skipped",
        dies: &[
            ("run-runtime-store/skip-incomplete", "it has no output"),
            ("run-runtime-store/skip-incomplete", "it has no input"),
        ],
        backend: run_runtime_store::<SkipKeepsOldRow>,
    },
    Mutant {
        id: "run-runtime-store/skip-is-a-success",
        clause: "RUNTIME-13",
        how: "writes succeeded for a step that is skipped",
        dies: &[("run-runtime-store/skip-incomplete", "the step is skipped")],
        backend: run_runtime_store::<SkipIsASuccess>,
    },
    Mutant {
        id: "run-runtime-store/skip-drops-type-and-reason",
        clause: "RUNTIME-13",
        how: "stores neither the type nor the reason of a skip",
        dies: &[
            ("run-runtime-store/skip-incomplete", "it has the type"),
            ("run-runtime-store/skip-incomplete", "the reason is its error"),
        ],
        backend: run_runtime_store::<SkipDropsTypeAndReason>,
    },
    Mutant {
        id: "run-runtime-store/skip-needs-a-reason",
        clause: "RUNTIME-14",
        how: "leaves a step running that is skipped without a reason",
        dies: &[("run-runtime-store/skip-without-reason-incomplete", "the step is skipped")],
        backend: run_runtime_store::<SkipNeedsReason>,
    },
    Mutant {
        id: "run-runtime-store/no-reason-becomes-text",
        clause: "RUNTIME-14",
        how: "stores a reason of none as an empty text",
        dies: &[("run-runtime-store/skip-without-reason-incomplete", "it has no error")],
        backend: run_runtime_store::<NoReasonBecomesText>,
    },
    Mutant {
        id: "run-runtime-store/drops-the-trace",
        clause: "RUNTIME-16",
        how: "skips a step without its trace",
        dies: &[("run-runtime-store/trace-lost", "the step has the trace")],
        backend: run_runtime_store::<DropsTrace>,
    },
    Mutant {
        id: "run-runtime-store/trace-misses-the-attempt",
        clause: "RUNTIME-16",
        how: "keeps the trace on the step and not on the attempt",
        dies: &[("run-runtime-store/trace-lost", "so has its attempt")],
        backend: run_runtime_store::<TraceMissesAttempt>,
    },
    Mutant {
        id: "run-runtime-store/keeps-an-empty-trace",
        clause: "RUNTIME-17",
        how: "stores an empty trace as it is",
        dies: &[("run-runtime-store/empty-trace-kept", "\"\" leaves no trace")],
        backend: run_runtime_store::<KeepsEmptyTrace>,
    },
    Mutant {
        id: "run-runtime-store/skips-in-two-steps",
        clause: "RUNTIME-15",
        how: "starts a step and then skips it",
        dies: &[("run-runtime-store/skipped-step-seen-running", "is skipped")],
        backend: racy::tearing,
    },
    Mutant {
        id: "run-runtime-store/two-skips-are-one-attempt",
        clause: "RUNTIME-13",
        how: "reads the next number and writes the attempt in two steps",
        dies: &[("run-runtime-store/skip-race-misnumbers", "numbered without gaps")],
        backend: racy::lost_updates,
    },
    Mutant {
        id: "run-runtime-store/cuts-traces",
        clause: "BACKEND-6",
        how: "cuts a trace to 65,535 characters",
        dies: &[("run-runtime-store/long-trace-cut", "the step's trace is whole")],
        backend: run_runtime_store::<CutsTraces>,
    },
    Mutant {
        id: "run-runtime-store/skips-reference-runs",
        clause: "RUNTIME-20",
        how: "refuses to skip a step whose run it does not have",
        dies: &[("run-runtime-store/skip-needs-run", "gave no value: violates a foreign key")],
        backend: run_runtime_store::<SkipNeedsRun>,
    },
    Mutant {
        id: "run-runtime-store/skip-begins-anew",
        clause: "RUN-69",
        how: "drops the attempts of a reset step when it is skipped again",
        dies: &[("run-store/reset-deletes-history", "and is skipped after it")],
        backend: run_runtime_store::<SkipBeginsAnew>,
    },
    Mutant {
        id: "run-runtime-store/blank-trace-is-none",
        clause: "RUNTIME-16",
        how: "takes a trace of blanks for none",
        dies: &[("run-runtime-store/trace-lost", "a blank trace")],
        backend: run_runtime_store::<BlankTraceIsNone>,
    },
    Mutant {
        id: "run-runtime-store/skip-keeps-the-trace",
        clause: "RUNTIME-13",
        how: "leaves the trace of an earlier skip on the step",
        dies: &[("run-runtime-store/skip-incomplete", "a second skip has no trace")],
        backend: run_runtime_store::<SkipKeepsTrace>,
    },
];

models! {
    SkipKeepsTrace
    SkipAddsNoAttempt SkipKeepsOldRow SkipNeedsReason NoReasonBecomesText DropsTrace
    TraceMissesAttempt KeepsEmptyTrace SkipIsASuccess SkipDropsTypeAndReason
    CutsTraces SkipNeedsRun SkipBeginsAnew BlankTraceIsNone
}

/// A call of `record-skipped-step-with-trace`, through which the model records every skip.
#[derive(Clone, Copy)]
struct Skip<'a> {
    run: RunId,
    key: &'a str,
    kind: &'a str,
    reason: Option<&'a str>,
    trace: Option<&'a str>,
}

impl Skip<'_> {
    fn on(self, model: &mut Model) -> Answer<()> {
        let Self { run, key, kind, reason, trace } = self;
        model.record_skipped_step_with_trace(run, key, kind, reason, trace)
    }
}

/// A mutant that breaks how a skip is recorded.
trait BreaksSkip {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()>;
}

macro_rules! override_skips {
    ($($mutant:ident)*) => {
        $(impl RunRuntimeStore for $mutant {
            fn record_skipped_step_with_trace(
                &mut self,
                run: RunId,
                key: &str,
                kind: &str,
                reason: Option<&str>,
                trace: Option<&str>,
            ) -> Answer<()> {
                self.skip(Skip { run, key, kind, reason, trace })
            }
        })*
    };
}

override_skips! {
    SkipAddsNoAttempt SkipKeepsOldRow SkipNeedsReason NoReasonBecomesText DropsTrace
    TraceMissesAttempt KeepsEmptyTrace SkipIsASuccess SkipDropsTypeAndReason CutsTraces SkipNeedsRun
    SkipBeginsAnew BlankTraceIsNone
}

/// Changes the row of a step and that of its latest attempt.
fn amend_rows(space: &mut Namespace, skip: Skip<'_>, mut amend: impl FnMut(&mut Step)) {
    step(space, skip.run, skip.key).into_iter().for_each(&mut amend);
    last_attempt(space, skip.run, skip.key, amend);
}

impl BreaksSkip for SkipAddsNoAttempt {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        skip.on(&mut self.0)?;
        if let Some(attempts) = self.space()?.attempts.get_mut(&(skip.run, skip.key.to_owned())) {
            let kept = attempts.len().max(2) - 2;
            attempts.drain(kept..attempts.len() - 1);
        }
        Ok(())
    }
}

impl BreaksSkip for SkipNeedsRun {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        self.space()?.runs.get(&skip.run).ok_or_else(missing_parent)?;
        skip.on(&mut self.0)
    }
}

impl BreaksSkip for SkipKeepsOldRow {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        let before = step(self.space()?, skip.run, skip.key).cloned();
        skip.on(&mut self.0)?;
        if let Some((step, before)) = step(self.space()?, skip.run, skip.key).zip(before) {
            step.input_json = before.input_json;
            step.output_json = before.output_json;
        }
        Ok(())
    }
}

impl BreaksSkip for SkipNeedsReason {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        skip.on(&mut self.0)?;
        if skip.reason.is_none() {
            amend_rows(self.space()?, skip, |row| {
                row.status = StepStatus::Running;
                row.completed_at = None;
            });
        }
        Ok(())
    }
}

impl BreaksSkip for NoReasonBecomesText {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        Skip { reason: skip.reason.or(Some("")), ..skip }.on(&mut self.0)
    }
}

impl BreaksSkip for DropsTrace {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        Skip { trace: None, ..skip }.on(&mut self.0)
    }
}

impl BreaksSkip for TraceMissesAttempt {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        skip.on(&mut self.0)?;
        let drop_trace = |attempt: &mut Attempt| attempt.evaluation_trace_json = None;
        last_attempt(self.space()?, skip.run, skip.key, drop_trace);
        Ok(())
    }
}

impl BreaksSkip for KeepsEmptyTrace {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        skip.on(&mut self.0)?;
        amend_rows(self.space()?, skip, |row| {
            row.evaluation_trace_json = skip.trace.map(str::to_owned);
        });
        Ok(())
    }
}

impl BreaksSkip for SkipIsASuccess {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        skip.on(&mut self.0)?;
        amend_rows(self.space()?, skip, |row| row.status = StepStatus::Succeeded);
        Ok(())
    }
}

impl BreaksSkip for SkipDropsTypeAndReason {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        Skip { kind: "", reason: None, ..skip }.on(&mut self.0)
    }
}

impl BreaksSkip for CutsTraces {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        let cut: Option<String> = skip.trace.map(|text| text.chars().take(65_535).collect());
        Skip { trace: cut.as_deref(), ..skip }.on(&mut self.0)
    }
}

impl BreaksSkip for SkipBeginsAnew {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        let id = (skip.run, skip.key.to_owned());
        let space = self.space()?;
        if !space.steps.contains_key(&id) {
            space.attempts.remove(&id);
        }
        skip.on(&mut self.0)
    }
}

impl BreaksSkip for BlankTraceIsNone {
    fn skip(&mut self, skip: Skip<'_>) -> Answer<()> {
        let trace = skip.trace.filter(|text| !text.trim().is_empty());
        Skip { trace, ..skip }.on(&mut self.0)
    }
}

impl RunRuntimeStore for SkipKeepsTrace {
    fn record_skipped_step(
        &mut self,
        run: RunId,
        key: &str,
        kind: &str,
        reason: Option<&str>,
    ) -> Answer<()> {
        let before = step(self.space()?, run, key);
        let trace = before.and_then(|step| step.evaluation_trace_json.clone());
        self.0.record_skipped_step(run, key, kind, reason)?;
        if let Some(step) = step(self.space()?, run, key) {
            step.evaluation_trace_json = trace;
        }
        Ok(())
    }
}
