//! The runs of a history: each follows from its number.

use chrono::TimeDelta;
use plimsoll_contract::{
    CallError, FlowId, Instant, ManualClock, OutputsRepository, RunId, RunRuntimeStore, RunStatus,
    RunStore, StartRun, StepStatus,
};
use uuid::Uuid;

/// How far back the history goes: further than the charts that are drawn of it.
pub const DAYS: i64 = 120;

/// How many steps a run has.
const STEPS: u32 = 3;

/// A run of the history.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its place in the history, which all else follows from.
    pub number: u64,
    /// Whether it goes on, with its second step under way.
    pub is_active: bool,
    /// When it started.
    pub started_at: Instant,
}

/// Spreads numbers over all values of 64 bits (splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Run {
    /// A run that ended, of those before `now`.
    #[must_use]
    pub fn finished(number: u64, now: Instant) -> Self {
        let seconds = (DAYS * 86_400).cast_unsigned();
        let ago = mix(number) % (seconds - 86_400) + 3_600;
        Self { number, is_active: false, started_at: now - TimeDelta::seconds(ago.cast_signed()) }
    }

    /// A run that goes on.
    #[must_use]
    pub fn active(number: u64, now: Instant) -> Self {
        let ago = TimeDelta::seconds((mix(number) % 3_000 + 60).cast_signed());
        Self { number: u64::MAX - number, is_active: true, started_at: now - ago }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> RunId {
        RunId(Uuid::from_u64_pair(mix(self.number), mix(!self.number)))
    }

    /// One of twenty flows.
    #[must_use]
    pub fn flow_id(&self) -> FlowId {
        FlowId(Uuid::from_u64_pair(0, self.number % 20))
    }

    /// What it was started with.
    #[must_use]
    pub fn start(&self) -> StartRun {
        StartRun {
            flow_id: self.flow_id(),
            flow_name: format!("Flow {}", self.number % 20),
            run_id: self.id(),
            trigger_key: "manual".to_owned(),
            trigger_data_json: Some(format!("{{\"order\":{}}}", self.number)),
            job_id: Some(format!("job-{}", self.number)),
            source_run_id: None,
        }
    }

    /// How it ended, unless it goes on.
    #[must_use]
    pub fn end(&self) -> Option<(RunStatus, Instant)> {
        let status = if self.fails() { RunStatus::Failed } else { RunStatus::Succeeded };
        let lasted = TimeDelta::milliseconds((10_000 + self.number % 300_000).cast_signed());
        (!self.is_active).then(|| (status, self.started_at + lasted))
    }

    fn fails(&self) -> bool {
        self.number.is_multiple_of(10)
    }

    /// Its steps, the first one first.
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        let started = if self.is_active { 2 } else { STEPS };
        (1..=started).map(move |place| Step {
            key: format!("step_{place}"),
            started_at: self.started_at + TimeDelta::seconds(place.into()),
            is_over: !self.is_active || place < started,
            fails: self.fails() && place == STEPS,
            output: format!(
                "{{\"invoice\":\"INV-{}\",\"line\":{place},\"state\":\"shipped\"}}",
                self.number
            ),
        })
    }

    /// Writes it by calls, as an engine would.
    ///
    /// # Errors
    ///
    /// The first that a call answers.
    pub async fn write<B>(&self, backend: &B, clock: &ManualClock) -> Result<(), CallError>
    where
        B: RunStore + RunRuntimeStore + OutputsRepository,
    {
        let id = self.id();
        clock.set(self.started_at);
        backend.start_run(&self.start()).await?;
        for step in self.steps() {
            let key = step.key.as_str();
            clock.set(step.started_at);
            backend.try_record_dispatch(id, key).await?;
            backend.try_claim_step(id, key).await?;
            backend.record_step_start(id, key, Step::KIND, Some(Step::INPUT), None).await?;
            if step.is_over {
                clock.set(step.ended_at());
                let (output, error) = (step.output(), step.error());
                backend.record_step_complete(id, key, step.status(), output, error).await?;
                backend.save_step_output(id, key, &step.output).await?;
            }
        }
        if let Some((status, ended_at)) = self.end() {
            clock.set(ended_at);
            backend.complete_run(id, status).await?;
        }
        Ok(())
    }
}

/// A step of a run, with its one attempt.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its key.
    pub key: String,
    /// When it was dispatched, claimed and started.
    pub started_at: Instant,
    /// Whether it has ended.
    pub is_over: bool,
    fails: bool,
    /// What it answers.
    pub output: String,
}

impl Step {
    /// The type of each step.
    pub const KIND: &str = "http";
    /// The input of each step.
    pub const INPUT: &str = "{\"retries\":3}";

    /// When it ended, if it has.
    #[must_use]
    pub fn ended_at(&self) -> Instant {
        self.started_at + TimeDelta::milliseconds(800)
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StepStatus {
        match (self.is_over, self.fails) {
            (false, _) => StepStatus::Running,
            (true, true) => StepStatus::Failed,
            (true, false) => StepStatus::Succeeded,
        }
    }

    /// Its output, if it succeeded.
    #[must_use]
    pub fn output(&self) -> Option<&str> {
        (self.is_over && !self.fails).then_some(&self.output)
    }

    /// Its error, if it failed.
    #[must_use]
    pub fn error(&self) -> Option<&'static str> {
        self.fails.then_some("Response status code does not indicate success: 503")
    }
}
