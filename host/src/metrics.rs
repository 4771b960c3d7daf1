//! What a host can count and draw, through the facade of the crate `metrics`: nothing is kept
//! unless the embedder installs a recorder before it loads plugins. README.md lists them.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, SharedString, counter, gauge, histogram};
use plimsoll_contract::InterruptionKind;

/// How a call ended, for those who count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The guest answered, an error among the answers.
    Answered,
    /// The host made no call: shut down, too many waiting, or a breaker that tripped.
    Refused,
    /// The caller gave up.
    Abandoned,
    /// The guest did not answer.
    Interrupted(InterruptionKind),
}

/// The metrics of one backend, looked up once.
pub(crate) struct Metrics {
    answered: Counter,
    refused: Counter,
    abandoned: Counter,
    traps: Counter,
    timeouts: Counter,
    limits: Counter,
    bad_answers: Counter,
    states_lost: Counter,
    seconds: Histogram,
    pub(crate) instances: Gauge,
    pub(crate) instances_made: Counter,
    pub(crate) waiting: Gauge,
}

impl Metrics {
    pub(crate) fn of(plugin: &str) -> Self {
        let plugin = SharedString::from(plugin.to_owned());
        let calls = |outcome: &'static str| counter!("plimsoll_calls_total", "plugin" => plugin.clone(), "outcome" => outcome);
        Self {
            answered: calls("answered"),
            refused: calls("refused"),
            abandoned: calls("abandoned"),
            traps: calls("trap"),
            timeouts: calls("timeout"),
            limits: calls("limit"),
            bad_answers: calls("bad-answer"),
            states_lost: calls("state-lost"),
            seconds: histogram!("plimsoll_call_seconds", "plugin" => plugin.clone()),
            instances: gauge!("plimsoll_instances", "plugin" => plugin.clone()),
            instances_made: counter!("plimsoll_instances_made_total", "plugin" => plugin.clone()),
            waiting: gauge!("plimsoll_calls_waiting", "plugin" => plugin),
        }
    }

    /// Counts a call that ended.
    pub(crate) fn ended(&self, how: Ended, took: Duration) {
        let counter = match how {
            Ended::Answered => &self.answered,
            Ended::Refused => &self.refused,
            Ended::Abandoned => &self.abandoned,
            Ended::Interrupted(kind) => match kind {
                InterruptionKind::Trap => &self.traps,
                InterruptionKind::Timeout => &self.timeouts,
                InterruptionKind::Limit => &self.limits,
                InterruptionKind::BadAnswer => &self.bad_answers,
                InterruptionKind::StateLost => &self.states_lost,
            },
        };
        counter.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}
