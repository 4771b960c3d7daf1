//! The smallest inputs that checks begin with.

use plimsoll_contract::{
    FlowDefinition, FlowId, Instant, OpenConfig, RunId, ScheduleState, StartRun, StepStatus,
    WebhookRejection,
};

use crate::{Halt, Trial};

/// Keys that are easily taken for one: by letter case, blanks, Unicode forms and look-alikes, and by
/// what patterns take for anything. `charxge` stands before those that would match it.
pub(crate) const NEAR_EQUAL: [&str; 23] = [
    "charge",
    "Charge",
    "CHARGE",
    "charge ",
    " charge",
    "charge\t",
    "charge\u{a0}",
    "charxge",
    "char_ge",
    "char%ge",
    "char*ge",
    "char?ge",
    "char\\_ge",
    "chargé",
    "charge\u{301}",
    "ｃharge",
    "charg\u{435}",
    "char\u{200b}ge",
    "charg.0",
    "charg:0",
    "charg/0",
    "charg0",
    // What others begin with comes last, for it is what is deleted first.
    "charg",
];

impl Trial {
    /// What starting a new run of a flow takes.
    pub fn start_of(&self, flow_id: FlowId) -> StartRun {
        StartRun {
            flow_id,
            flow_name: "Invoice".to_owned(),
            run_id: self.run_id(),
            trigger_key: "manual".to_owned(),
            trigger_data_json: None,
            job_id: None,
            source_run_id: None,
        }
    }

    /// A running run of a flow of its own.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub async fn a_run(&self) -> Result<RunId, Halt> {
        let flow = self.flow_id();
        self.a_run_of(flow).await
    }

    /// A running run of that flow.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub async fn a_run_of(&self, flow: FlowId) -> Result<RunId, Halt> {
        let start = self.start_of(flow);
        self.run_store().start_run(&start).await?;
        Ok(start.run_id)
    }

    /// Starts a step of a run.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub async fn a_running_step(&self, run: RunId, step_key: &str) -> Result<(), Halt> {
        Ok(self.run_store().record_step_start(run, step_key, "http", None, None).await?)
    }

    /// Starts a step of a run and fails it.
    ///
    /// # Errors
    ///
    /// If either cannot be recorded.
    pub async fn a_failed_step(&self, run: RunId, step_key: &str) -> Result<(), Halt> {
        self.a_running_step(run, step_key).await?;
        let runs = self.run_store();
        let error = Some("card declined");
        Ok(runs.record_step_complete(run, step_key, StepStatus::Failed, None, error).await?)
    }

    /// An enabled definition that is not saved yet.
    pub fn a_definition(&self, name: &str) -> FlowDefinition {
        FlowDefinition {
            id: self.flow_id(),
            name: name.to_owned(),
            version: "1.0".to_owned(),
            manifest_json: Some(r#"{"steps":[]}"#.to_owned()),
            is_enabled: true,
            created_at: Instant::UNIX_EPOCH,
            updated_at: Instant::UNIX_EPOCH,
        }
    }

    /// A schedule's state that is not saved yet.
    pub fn a_schedule(&self, job_id: &str) -> ScheduleState {
        ScheduleState {
            job_id: job_id.to_owned(),
            flow_id: self.flow_id(),
            flow_name: "Invoice".to_owned(),
            trigger_key: "nightly".to_owned(),
            is_paused: true,
            cron_override: Some("0 3 * * *".to_owned()),
            updated_at: Instant::UNIX_EPOCH,
        }
    }

    /// A rejected delivery that is not written yet.
    pub fn a_rejection(&self, reason: &str) -> WebhookRejection {
        WebhookRejection {
            id: 0,
            flow_id: None,
            trigger_key: Some("orders".to_owned()),
            received_at: crate::trial::START,
            remote_ip: Some("192.0.2.7".to_owned()),
            reason: reason.to_owned(),
            status_code: 401,
            body_bytes: 12,
            body_truncated: None,
            headers_json: None,
            scheme: None,
            processing_ms: None,
            is_accepted: false,
        }
    }

    /// An accepted delivery that is not written yet.
    pub fn an_acceptance(&self) -> WebhookRejection {
        WebhookRejection { is_accepted: true, status_code: 202, ..self.a_rejection("") }
    }

    /// The configuration of another namespace, which is discarded when the check ends.
    pub fn another_config(&self, suffix: &str) -> OpenConfig {
        OpenConfig::namespace(self.another_namespace(suffix))
    }

    /// The configuration of the trial's own namespace.
    pub fn own_config(&self) -> OpenConfig {
        OpenConfig::namespace(self.namespace.clone())
    }
}
