use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use plimsoll_contract::{
    Backend, CallError, Clock, EventReader, FlowId, FlowRepository, FlowStore, Interface,
    ManualClock, OpenConfig, OutputsRepository, RetentionStore, RunControlStore, RunId,
    RunRuntimeStore, RunStore, ScheduleStateStore, SignalStore, WebhookRejectionStore,
    WebhookReplayStore,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::Subject;
use crate::expect::Expectation;
use crate::history::BadHistory;
use crate::instance::Instance;
use crate::labels::Labels;
use crate::log::Log;
use crate::program::BadProgram;
use crate::race::Race;

/// Where every trial's clock stands at first: far from the machine's own time, so that a backend
/// that reads that one shows.
pub(crate) const START: DateTime<Utc> = match DateTime::from_timestamp_millis(981_173_106_789) {
    Some(start) => start,
    None => DateTime::UNIX_EPOCH,
};

/// How the body of a check ends; what it found wrong is in the trial.
pub type Outcome = Result<(), Halt>;

/// Why the body of a check stops before its end.
#[derive(Debug)]
pub enum Halt {
    /// A call that had to answer did not.
    Call(CallError),
    /// Something that the check needs is missing.
    NotTestable(String),
    /// A round of a race showed a failure; more rounds would only bury it.
    Enough,
    /// The checker gave up.
    Unknown(String),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// One run of one check: a fresh namespace, a clock of its own, ids, and what was called, expected
/// and seen.
pub struct Trial {
    pub(crate) instance: Instance,
    /// Instances that share their state with `instance`, which is the first of them; made when a
    /// check first asks for them.
    peers: OnceCell<Vec<Instance>>,
    /// How many there are to be.
    instances: usize,
    pub(crate) subject: Arc<dyn Subject>,
    pub(crate) log: Arc<Log>,
    pub(crate) labels: Labels,
    pub(crate) exports: Vec<Interface>,
    pub(crate) race: Mutex<Race>,
    /// In percent of the usual work.
    pub(crate) effort: u32,
    pub(crate) namespace: String,
    clock: Arc<ManualClock>,
    /// Why checks that need the clock cannot be judged, if so.
    clock_trouble: Option<String>,
    random: Mutex<fastrand::Rng>,
    found: Mutex<Found>,
}

/// What a check found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) observations: Vec<String>,
    pub(crate) namespaces: Vec<String>,
    pub(crate) history: Option<BadHistory>,
    pub(crate) program: Option<BadProgram>,
}

/// What a trial is made of.
pub(crate) struct Parts {
    pub(crate) subject: Arc<dyn Subject>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) clock_trouble: Option<String>,
    pub(crate) namespace: String,
    pub(crate) seed: u64,
    pub(crate) effort: u32,
    pub(crate) instances: usize,
}

impl Trial {
    pub(crate) fn new(parts: Parts) -> Self {
        let log = Log::new();
        let exports = parts.backend.exports();
        let found = Found { namespaces: vec![parts.namespace.clone()], ..Found::default() };
        let labels = Labels::default();
        labels.add_namespace(&parts.namespace);
        Self {
            instance: Instance::new(parts.backend, Arc::clone(&log)),
            peers: OnceCell::new(),
            instances: parts.instances.max(1),
            subject: parts.subject,
            log,
            labels,
            exports,
            race: Mutex::default(),
            effort: parts.effort,
            namespace: parts.namespace,
            clock: parts.clock,
            clock_trouble: parts.clock_trouble,
            random: Mutex::new(fastrand::Rng::with_seed(parts.seed)),
            found: Mutex::new(found),
        }
    }

    /// The clock that the backend was given. It stands still until it is moved.
    ///
    /// # Errors
    ///
    /// [`Halt::NotTestable`] if the backend ignores it (BACKEND-8).
    pub fn clock(&self) -> Result<&ManualClock, Halt> {
        match &self.clock_trouble {
            None => Ok(&self.clock),
            Some(trouble) => Err(Halt::NotTestable(trouble.clone())),
        }
    }

    /// The clock, whether or not the backend minds it.
    pub(crate) fn unchecked_clock(&self) -> Arc<ManualClock> {
        Arc::clone(&self.clock)
    }

    /// An id that nobody has used, for a run.
    pub fn run_id(&self) -> RunId {
        RunId(self.id("run"))
    }

    /// An id that nobody has used, for a flow.
    pub fn flow_id(&self) -> FlowId {
        FlowId(self.id("flow"))
    }

    fn id(&self, kind: &str) -> Uuid {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let id = uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid();
        self.labels.add(id, kind);
        id
    }

    /// Random numbers that nobody else draws from.
    pub(crate) fn fork_random(&self) -> fastrand::Rng {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }

    /// The interface `backend` of the trial's instance.
    pub fn backend(&self) -> &dyn Backend {
        &self.instance
    }

    /// Opens a namespace on the trial's instance, with the trial's clock.
    ///
    /// # Errors
    ///
    /// What the backend answers.
    pub async fn open(&self, config: &OpenConfig) -> plimsoll_contract::Result<()> {
        self.instance.open(config, self.unchecked_clock()).await
    }

    /// Another instance of the backend, not open; its state is its own where the backend keeps
    /// state in the instance.
    ///
    /// # Errors
    ///
    /// What keeps the instance from existing.
    pub async fn another_instance(&self) -> Result<Instance, Halt> {
        let clock: Arc<dyn Clock> = self.unchecked_clock();
        let backend = self.subject.instance(clock).await?;
        Ok(Instance::new(backend, Arc::clone(&self.log)))
    }

    /// The instances that share the trial's namespace, its own first; opened at the first call.
    ///
    /// # Errors
    ///
    /// What keeps one of them from being opened.
    pub(crate) async fn peers(&self) -> Result<&[Instance], Halt> {
        let peers = self.peers.get_or_try_init(|| async {
            let mut peers = vec![self.instance.clone()];
            while peers.len() < self.instances {
                let clock: Arc<dyn Clock> = self.unchecked_clock();
                let backend = self.subject.peer(clock, peers.len()).await?;
                let peer = Instance::new(backend, Arc::clone(&self.log));
                peer.open(&self.own_config(), self.unchecked_clock()).await?;
                peers.push(peer);
            }
            Ok::<_, Halt>(peers)
        });
        Ok(peers.await?)
    }

    /// The instance that one of many callers uses.
    pub(crate) fn instance_of(&self, caller: usize) -> &Instance {
        let peers = self.peers.get().map_or(&[][..], Vec::as_slice);
        peers.get(caller % self.racing_instances()).unwrap_or(&self.instance)
    }

    /// How many instances callers are spread over.
    pub(crate) fn racing_instances(&self) -> usize {
        self.peers.get().map_or(1, Vec::len).max(1)
    }

    /// Another instance that shows the same state, or the trial's own where none does.
    ///
    /// # Errors
    ///
    /// What keeps it from being opened.
    pub(crate) async fn another_reader(&self) -> Result<&Instance, Halt> {
        Ok(self.peers().await?.last().unwrap_or(&self.instance))
    }

    /// The name of another namespace, which is discarded when the check ends.
    pub fn another_namespace(&self, suffix: &str) -> String {
        let name = format!("{}{suffix}", self.namespace);
        self.found().namespaces.push(name.clone());
        name
    }

    pub(crate) fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

macro_rules! accessors {
    ($($accessor:ident $interface:ident)*) => {
        impl Trial {
            $(#[doc = concat!("The interface of that name, of the trial's instance.")]
            #[must_use]
            pub fn $accessor(&self) -> &dyn $interface {
                self.instance.$accessor()
            })*
        }
    };
}

accessors! {
    flow_store FlowStore
    run_store RunStore
    run_runtime_store RunRuntimeStore
    run_control_store RunControlStore
    retention_store RetentionStore
    event_reader EventReader
    signal_store SignalStore
    schedule_state_store ScheduleStateStore
    outputs_repository OutputsRepository
    flow_repository FlowRepository
    webhook_rejection_store WebhookRejectionStore
    webhook_replay_store WebhookReplayStore
}
