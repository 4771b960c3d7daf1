//! A run with its steps, and the search in them.

use crate::codec::decode;
use crate::flow::storage::types::{
    Error, FlowRunDetail, FlowStep, FlowStepAttempt, RunStatus, Uuid,
};
use crate::lists::Listed;
use crate::run::{Body, Run};
use crate::session::Session;
use crate::step::{Attempt, Step};
use crate::text::contains;
use crate::texts::{Found, Text};

impl Session {
    pub fn detail(&self, run_id: Uuid) -> Result<Option<FlowRunDetail>, Error> {
        loop {
            let Some((number, run)) = self.view(run_id)? else { return Ok(None) };
            let Run { head, body } = run;
            let Some(record) = head.record else { return Ok(None) };
            let shown = body.steps.values().filter(|step| step.is_there);
            let texts = shown.flat_map(|step| &step.attempts).flat_map(Attempt::texts);
            let Some(found) = self.texts(number, texts.chain(&record.trigger_data))? else {
                continue;
            };
            let steps = body.steps.into_iter();
            let mut steps: Vec<_> =
                steps.filter_map(|(key, step)| step.show(run_id, key, &found)).collect();
            steps.sort_by_key(|step| step.started_at);
            return Ok(Some(FlowRunDetail { run: record.show(run_id, &found), steps }));
        }
    }

    /// Whether a run, one of its steps or one of their attempts holds the text.
    pub fn is_found(&self, run: &Listed<'_>, text: &str) -> Result<bool, Error> {
        let record = &run.record;
        let in_record = contains(&hyphenated(run.id), text)
            || contains(&record.flow_name, text)
            || contains(&record.trigger_key, text)
            || contains(status_name(record.status), text)
            || record.job_id.as_ref().is_some_and(|id| contains(id, text));
        if in_record {
            return Ok(true);
        }
        let body: Body = decode("run", run.body)?;
        let mut beside = Vec::new();
        for (key, step) in &body.steps {
            if contains(key, text) {
                return Ok(true);
            }
            for searched in step.attempts.iter().flat_map(|a| [&a.error, &a.output]).flatten() {
                match searched {
                    Text::Here(here) if contains(here, text) => return Ok(true),
                    Text::Here(_) => {}
                    Text::Beside(_) => beside.push(searched),
                }
            }
        }
        // One at a time: together they can be larger than the memory.
        for searched in beside {
            let found = self.texts(run.number, [searched])?;
            if found.is_some_and(|found| contains(&found.text(searched), text)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Step {
    /// What the contract calls a step; none while it is reset.
    fn show(self, run_id: Uuid, step_key: String, found: &Found) -> Option<FlowStep> {
        let status = self.status()?;
        let started_at = self.attempts.first()?.started_at;
        let shown = self.shown()?;
        let outcome = Some(shown).filter(|_| !self.is_retried);
        let trace = Some(shown).filter(|_| !self.is_untraced);
        Some(FlowStep {
            run_id,
            step_key,
            step_type: shown.step_type.clone(),
            status,
            input_json: found.some(shown.input.as_ref()),
            output_json: found.some(outcome.and_then(|it| it.output.as_ref())),
            error_message: found.some(outcome.and_then(|it| it.error.as_ref())),
            job_id: shown.job_id.clone(),
            started_at,
            completed_at: outcome.and_then(|it| it.completed_at),
            evaluation_trace_json: found.some(trace.and_then(|it| it.trace.as_ref())),
            attempts: (1..)
                .zip(&self.attempts)
                .map(|(number, it)| it.show(number, found))
                .collect(),
        })
    }
}

impl Attempt {
    fn show(&self, attempt: u32, found: &Found) -> FlowStepAttempt {
        FlowStepAttempt {
            attempt,
            step_type: self.step_type.clone(),
            status: self.status,
            input_json: found.some(self.input.as_ref()),
            output_json: found.some(self.output.as_ref()),
            error_message: found.some(self.error.as_ref()),
            job_id: self.job_id.clone(),
            started_at: self.started_at,
            completed_at: self.completed_at,
            evaluation_trace_json: found.some(self.trace.as_ref()),
        }
    }
}

fn hyphenated(id: Uuid) -> String {
    let Uuid { high, low } = id;
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}

fn status_name(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::TimedOut => "timed-out",
        RunStatus::Skipped => "skipped",
    }
}
