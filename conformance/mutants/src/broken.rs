//! How a mutant becomes a backend.

use std::sync::Arc;
use std::time::Duration;

use chrono::SubsecRound;
use plimsoll_conformance::Subject;
use plimsoll_contract::{
    self as contract, Answer, DashboardStatistics, Description, Error, FlowDefinition, FlowEvent,
    FlowEventRecord, FlowHandle, FlowId, FlowRun, FlowRunDetail, FlowRunPage, Instant, OpenConfig,
    Page, RunControl, RunId, RunStatus, RunTimeseriesBucket, RunTimeseriesGranularity,
    ScheduleState, SignalDeliveryResult, SignalWaiter, StartRun, StepStatus, WebhookRejection,
    WebhookRejectionPage, WebhookRejectionQuery, for_each_function,
};
use plimsoll_model::{
    Backend, EventReader, FlowRepository, FlowStore, OutputsRepository, RetentionStore,
    RunControlStore, RunRuntimeStore, RunStore, ScheduleStateStore, SharedModel, SignalStore, Spec,
    State, WebhookRejectionStore, WebhookReplayStore, as_specified,
};

/// Declares types that hold a model. Each overrides some of one interface to become a mutant.
macro_rules! models {
    ($($name:ident)*) => {$(
        #[derive(Default)]
        struct $name(plimsoll_model::Model);

        impl plimsoll_model::Spec for $name {
            fn state(&mut self) -> &mut plimsoll_model::State {
                plimsoll_model::Spec::state(&mut self.0)
            }
        }
    )*};
}
pub(crate) use models;

/// Declares a type that holds a model and remembers something besides.
macro_rules! keeping {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Default)]
        struct $name {
            model: plimsoll_model::Model,
            $($(#[$about])* $field: $kind,)*
        }

        impl plimsoll_model::Spec for $name {
            fn state(&mut self) -> &mut plimsoll_model::State {
                plimsoll_model::Spec::state(&mut self.model)
            }
        }
    };
}
pub(crate) use keeping;

/// A backend that a mutant made.
pub(crate) struct Built {
    pub(crate) backend: Arc<dyn contract::Backend>,
    /// Whether it is wrong only when calls overlap.
    pub(crate) is_racy: bool,
    /// What makes its instances, where they share something.
    pub(crate) subject: Option<Arc<dyn Subject>>,
}

/// What a database answers when a row lacks the one that it belongs to.
pub(crate) fn missing_parent() -> Error {
    Error::Other("violates a foreign key".to_owned())
}

/// What is left of an instant where a count of seconds before 1970 has no fraction.
pub(crate) fn whole_before_1970(at: Instant) -> Instant {
    if at < Instant::UNIX_EPOCH { at.trunc_subsecs(0) } else { at }
}

/// An instant as it is, if its nanoseconds since 1970 fit into 64 bits.
///
/// # Errors
///
/// What a driver answers when they do not.
pub(crate) fn in_nanoseconds(at: Instant) -> Answer<Instant> {
    at.timestamp_nanos_opt()
        .map(|_| at)
        .ok_or_else(|| Error::Other("timestamp out of range".to_owned()))
}

/// A state that is treated as the contract says.
pub(crate) struct AsSpecified<'a>(pub(crate) &'a mut State);

impl Spec for AsSpecified<'_> {
    fn state(&mut self) -> &mut State {
        self.0
    }
}

as_specified! {
    AsSpecified<'_>: Backend FlowStore RunStore RunRuntimeStore RunControlStore RetentionStore
        EventReader SignalStore ScheduleStateStore OutputsRepository FlowRepository
        WebhookRejectionStore WebhookReplayStore
}

/// A mutant as a model of the whole contract. A mutant implements the one interface that it
/// breaks; here the others are added, once for all mutants, because a compiler that had to make
/// all thirteen for each of them would take minutes.
struct Broken(Part);

impl Broken {
    fn build(part: Part) -> Built {
        Built { backend: Arc::new(SharedModel::new(Self(part))), is_racy: false, subject: None }
    }

    /// What the mutant does not break.
    fn rest(&mut self) -> AsSpecified<'_> {
        let now = self.now();
        let state = self.state();
        state.now = now;
        AsSpecified(state)
    }
}

/// A mutant that breaks how the state is found or what time it is.
pub(crate) fn spec<M: Spec + Default + Send + 'static>() -> Built {
    Broken::build(Part::Spec(Box::<M>::default()))
}

/// A mutant that breaks the interface of that name.
pub(crate) fn backend<M: Backend + Default + Send + 'static>() -> Built {
    Broken::build(Part::Backend(Box::<M>::default()))
}

impl Backend for Broken {
    fn describe(&mut self) -> Answer<Description> {
        match &mut self.0 {
            Part::Backend(mutant) => mutant.describe(),
            _ => self.rest().describe(),
        }
    }

    fn open(&mut self, config: &OpenConfig) -> Answer<()> {
        match &mut self.0 {
            Part::Backend(mutant) => mutant.open(config),
            _ => self.rest().open(config),
        }
    }

    fn discard(&mut self, namespace: &str) -> Answer<()> {
        match &mut self.0 {
            Part::Backend(mutant) => mutant.discard(namespace),
            _ => self.rest().discard(namespace),
        }
    }
}

macro_rules! parts {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        /// A mutant, by the interface that it breaks.
        enum Part {
            Spec(Box<dyn Spec + Send>),
            Backend(Box<dyn Backend + Send>),
            $($interface(Box<dyn $interface + Send>),)*
        }

        impl Spec for Broken {
            fn state(&mut self) -> &mut State {
                match &mut self.0 {
                    Part::Spec(mutant) => mutant.state(),
                    Part::Backend(mutant) => mutant.state(),
                    $(Part::$interface(mutant) => mutant.state(),)*
                }
            }

            fn now(&mut self) -> Instant {
                match &mut self.0 {
                    Part::Spec(mutant) => mutant.now(),
                    _ => self.state().now,
                }
            }
        }

        $(/// A mutant that breaks the interface of that name.
        pub(crate) fn $accessor<M: $interface + Default + Send + 'static>() -> Built {
            Broken::build(Part::$interface(Box::<M>::default()))
        }

        impl $interface for Broken {
            $(fn $method(&mut self, $($argument: $type),*) -> Answer<$value> {
                match &mut self.0 {
                    Part::$interface(mutant) => mutant.$method($($argument),*),
                    _ => $interface::$method(&mut self.rest(), $($argument),*),
                }
            })*
        })*
    };
}

for_each_function!(parts);
