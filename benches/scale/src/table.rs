//! The rows that a run leaves in each table, for databases to be filled without calls.

use plimsoll_contract::{Instant, StepStatus};
use uuid::Uuid;

use crate::run::{Run, Step};

/// A value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A text.
    Text(String),
    /// An id.
    Id(Uuid),
    /// An instant.
    At(Instant),
    /// A number.
    Number(i64),
}

/// A row, in the order of the table's columns.
pub(crate) type Row = Vec<Value>;

/// A table, and what a run leaves in it.
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// The columns that are written, the namespace first.
    pub(crate) columns: &'static [&'static str],
    /// The rows of a run, without the namespace.
    pub(crate) rows: fn(&Run) -> Vec<Row>,
}

/// A text or nothing.
fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The name of a step's status in the tables.
fn status(step: &Step) -> Value {
    text(match step.status() {
        StepStatus::Running => "running",
        StepStatus::Failed => "failed",
        _ => "succeeded",
    })
}

fn ended_at(step: &Step) -> Value {
    if step.is_over { Value::At(step.ended_at()) } else { Value::Null }
}

/// `flow_runs`, alike in all databases.
pub(crate) const RUNS: Table = Table {
    name: "flow_runs",
    columns: &[
        "namespace",
        "id",
        "flow_id",
        "flow_name",
        "status",
        "trigger_key",
        "trigger_data_json",
        "background_job_id",
        "started_at",
        "completed_at",
    ],
    rows: |run| {
        let start = run.start();
        let (status, ended_at) = match run.end() {
            Some((status, ended_at)) => (status.name(), Value::At(ended_at)),
            None => ("running", Value::Null),
        };
        vec![vec![
            Value::Id(start.run_id.0),
            Value::Id(start.flow_id.0),
            Value::Text(start.flow_name),
            text(status),
            Value::Text(start.trigger_key),
            optional(start.trigger_data_json.as_deref()),
            optional(start.job_id.as_deref()),
            Value::At(run.started_at),
            ended_at,
        ]]
    },
};

/// `flow_step_attempts`, alike in all databases.
pub(crate) const ATTEMPTS: Table = Table {
    name: "flow_step_attempts",
    columns: &[
        "namespace",
        "run_id",
        "step_key",
        "attempt",
        "step_type",
        "status",
        "input_json",
        "output_json",
        "error_message",
        "started_at",
        "completed_at",
    ],
    rows: |run| {
        of_steps(run, |step| {
            vec![
                Value::Number(1),
                text(Step::KIND),
                status(step),
                text(Step::INPUT),
                optional(step.output()),
                optional(step.error()),
                Value::At(step.started_at),
                ended_at(step),
            ]
        })
    },
};

/// `flow_steps` of PostgreSQL, which shows what its latest attempt does.
pub(crate) const WHOLE_STEPS: Table = Table {
    name: "flow_steps",
    columns: &[
        "namespace",
        "run_id",
        "step_key",
        "attempt_count",
        "step_type",
        "status",
        "input_json",
        "output_json",
        "error_message",
        "started_at",
        "completed_at",
    ],
    rows: ATTEMPTS.rows,
};

/// `flow_steps` of SQLite, which leaves to the attempts what they have.
pub(crate) const SLIM_STEPS: Table = Table {
    name: "flow_steps",
    columns: &[
        "namespace",
        "run_id",
        "step_key",
        "attempt_count",
        "status",
        "started_at",
        "completed_at",
    ],
    rows: |run| {
        of_steps(run, |step| {
            vec![Value::Number(1), status(step), Value::At(step.started_at), ended_at(step)]
        })
    },
};

/// `flow_outputs`, alike in all databases.
pub(crate) const OUTPUTS: Table = Table {
    name: "flow_outputs",
    columns: &["namespace", "run_id", "step_key", "kind", "value_json"],
    rows: |run| {
        let over = run.steps().filter(|step| step.is_over);
        over.map(|step| {
            vec![Value::Id(run.id().0), text(&step.key), text("output"), text(&step.output)]
        })
        .collect()
    },
};

/// `flow_step_dispatches` of PostgreSQL.
pub(crate) const TIMED_DISPATCHES: Table = Table {
    name: "flow_step_dispatches",
    columns: &["namespace", "run_id", "step_key", "dispatched_at"],
    rows: |run| of_steps(run, |step| vec![Value::At(step.started_at)]),
};

/// `flow_step_claims` of PostgreSQL.
pub(crate) const TIMED_CLAIMS: Table = Table {
    name: "flow_step_claims",
    columns: &["namespace", "run_id", "step_key", "claimed_at"],
    rows: TIMED_DISPATCHES.rows,
};

/// `flow_step_dispatches` of SQLite.
pub(crate) const DISPATCHES: Table = Table {
    name: "flow_step_dispatches",
    columns: &["namespace", "run_id", "step_key"],
    rows: |run| of_steps(run, |_| Vec::new()),
};

/// `flow_step_claims` of SQLite.
pub(crate) const CLAIMS: Table =
    Table { name: "flow_step_claims", columns: DISPATCHES.columns, rows: DISPATCHES.rows };

/// A row a step: the run, the key and what else there is.
fn of_steps(run: &Run, rest: impl Fn(&Step) -> Row) -> Vec<Row> {
    let row = |step: Step| {
        let mut row = vec![Value::Id(run.id().0), text(&step.key)];
        row.extend(rest(&step));
        row
    };
    run.steps().map(row).collect()
}
