use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The interfaces of the contract, in the order in which its documents list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are the contract's")]
pub enum Interface {
    Backend,
    FlowStore,
    RunStore,
    RunRuntimeStore,
    RunControlStore,
    RetentionStore,
    EventReader,
    SignalStore,
    ScheduleStateStore,
    OutputsRepository,
    FlowRepository,
    WebhookRejectionStore,
    WebhookReplayStore,
}

impl Interface {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Backend,
        Self::FlowStore,
        Self::RunStore,
        Self::RunRuntimeStore,
        Self::RunControlStore,
        Self::RetentionStore,
        Self::EventReader,
        Self::SignalStore,
        Self::ScheduleStateStore,
        Self::OutputsRepository,
        Self::FlowRepository,
        Self::WebhookRejectionStore,
        Self::WebhookReplayStore,
    ];

    /// The name in the WIT, for example `run-runtime-store`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::FlowStore => "flow-store",
            Self::RunStore => "run-store",
            Self::RunRuntimeStore => "run-runtime-store",
            Self::RunControlStore => "run-control-store",
            Self::RetentionStore => "retention-store",
            Self::EventReader => "event-reader",
            Self::SignalStore => "signal-store",
            Self::ScheduleStateStore => "schedule-state-store",
            Self::OutputsRepository => "outputs-repository",
            Self::FlowRepository => "flow-repository",
            Self::WebhookRejectionStore => "webhook-rejection-store",
            Self::WebhookReplayStore => "webhook-replay-store",
        }
    }

    /// What its clause ids begin with, for example `RUNTIME`.
    #[must_use]
    pub const fn clause_prefix(self) -> &'static str {
        match self {
            Self::Backend => "BACKEND",
            Self::FlowStore => "FLOW",
            Self::RunStore => "RUN",
            Self::RunRuntimeStore => "RUNTIME",
            Self::RunControlStore => "CONTROL",
            Self::RetentionStore => "RETENTION",
            Self::EventReader => "EVENT",
            Self::SignalStore => "SIGNAL",
            Self::ScheduleStateStore => "SCHEDULE",
            Self::OutputsRepository => "OUTPUT",
            Self::FlowRepository => "REPO",
            Self::WebhookRejectionStore => "WEBHOOK",
            Self::WebhookReplayStore => "REPLAY",
        }
    }

    /// The interface with this WIT name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interface| interface.name() == name)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of interfaces that is useful on its own: the worlds of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// What the orchestrator cannot run without.
    Core,
    /// What an orchestrator with several workers needs; holds [`Profile::Core`].
    Production,
    /// The webhook log and the replay guard alone.
    Webhooks,
    /// Everything.
    Full,
}

impl Profile {
    /// All of them, each before those that hold it.
    pub const ALL: [Self; 4] = [Self::Core, Self::Production, Self::Webhooks, Self::Full];

    /// The name of its world in the WIT.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Production => "production",
            Self::Webhooks => "webhooks",
            Self::Full => "full",
        }
    }

    /// The interfaces that a backend of this profile exports.
    #[must_use]
    pub const fn interfaces(self) -> &'static [Interface] {
        use Interface as I;
        match self {
            Self::Core => &[I::Backend, I::FlowStore, I::RunStore, I::OutputsRepository],
            Self::Production => &[
                I::Backend,
                I::FlowStore,
                I::RunStore,
                I::RunRuntimeStore,
                I::RunControlStore,
                I::RetentionStore,
                I::EventReader,
                I::SignalStore,
                I::ScheduleStateStore,
                I::OutputsRepository,
            ],
            Self::Webhooks => &[I::Backend, I::WebhookRejectionStore, I::WebhookReplayStore],
            Self::Full => &I::ALL,
        }
    }

    /// Whether it holds every one of `interfaces`.
    #[must_use]
    pub fn holds(self, interfaces: &[Interface]) -> bool {
        interfaces.iter().all(|interface| self.interfaces().contains(interface))
    }

    /// The smallest profile that holds every one of `interfaces`.
    #[must_use]
    pub fn smallest_with(interfaces: &[Interface]) -> Self {
        Self::ALL.into_iter().find(|profile| profile.holds(interfaces)).unwrap_or(Self::Full)
    }

    /// The profile that a backend with these exports is judged by when nobody names one: the
    /// largest that it fills; none if it fills none.
    #[must_use]
    pub fn largest_within(exports: &[Interface]) -> Option<Self> {
        let filled = |profile: &Self| profile.interfaces().iter().all(|i| exports.contains(i));
        [Self::Full, Self::Production, Self::Core, Self::Webhooks].into_iter().find(filled)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no profile of that name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no profile `{0}`; the profiles are core, production, webhooks and full")]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|profile| profile.name() == name);
        named.ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}
