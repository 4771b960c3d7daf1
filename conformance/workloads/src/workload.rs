use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use plimsoll_contract::CallError;

use crate::{Site, Trouble, flows, operations, queries};

/// The bytes of a small document.
pub const SMALL: usize = 200;
/// The bytes of a large document.
pub const LARGE: usize = 64 << 10;

/// The same work for every backend.
pub struct Workload {
    /// Names it, for ever.
    pub id: &'static str,
    /// Which table it stands in.
    pub group: Group,
    /// What is timed.
    pub what: &'static str,
    /// The sizes of the documents that it is run with; empty where there is none.
    pub payloads: &'static [usize],
    /// Whose turns come when.
    pub pace: Pace,
    /// What the callers of a measure do.
    pub crowd: Crowd,
    /// What happens to it beside a longer history.
    pub growth: Growth,
    /// What a turn leaves behind, in bytes besides its document, to keep a fast backend from
    /// filling the memory; 0 for nothing.
    pub leaves: u64,
    pub(crate) prepare: Prepare,
    pub(crate) unit: Unit,
    pub(crate) verify: Verify,
    /// What somebody else does meanwhile, and how often.
    pub(crate) beside: Option<(Unit, Pace)>,
}

/// Which table a workload stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One call that an engine makes often.
    Operation,
    /// One call that a dashboard or a sweep makes.
    Query,
    /// What an engine does to whole runs.
    Flow,
}

impl Group {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Operation, Self::Query, Self::Flow];

    /// The heading of its table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operation => "operations",
            Self::Query => "queries",
            Self::Flow => "whole workloads",
        }
    }
}

/// Whose turns come when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// A caller begins when its last turn has ended: a slow answer delays the next question, and
    /// latencies are those that such callers see.
    Closed,
    /// So many turns begin each second, whatever became of those before; latency counts from when
    /// a turn should have begun.
    Open(f64),
}

/// What the callers of a measure do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// There is one: a turn has parts that are not timed, which others would be slowed by.
    Alone,
    /// They do the work that is timed.
    Timed,
    /// They do what goes on beside it; one does the work that is timed.
    Beside,
}

/// What happens to a workload beside a longer history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It must take as long as beside a short one.
    MustNot,
    /// It may take longer: it looks at more.
    May,
    /// It is not measured beside histories.
    Apart,
}

/// Which turn of which caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From 0.
    pub caller: u64,
    /// From 0, for each caller.
    pub number: u64,
}

impl Turn {
    /// Those who work beside count from here.
    pub(crate) const BESIDE: u64 = 1 << 12;
    /// The history.
    pub(crate) const HISTORY: u64 = 1 << 14;
    /// What a workload makes before the first turn.
    pub(crate) const PREPARED: u64 = 1 << 15;
}

pub(crate) type Made<T> = BoxFuture<'static, Result<T, Trouble>>;
/// Makes what the turns need.
pub(crate) type Prepare = fn(Arc<Site>) -> Made<()>;
/// Takes a turn, and answers how long its timed part took.
pub(crate) type Unit = fn(Arc<Site>, Turn) -> Made<Duration>;
/// Looks whether a turn left what it must.
pub(crate) type Verify = fn(Arc<Site>, Turn) -> Made<()>;

pub(crate) const NOTHING_TO_PREPARE: Prepare = |_| Box::pin(ready(Ok(())));
/// For reads, whose answers the turn itself looks at.
pub(crate) const NOTHING_LEFT: Verify = |_, _| Box::pin(ready(Ok(())));

impl Workload {
    /// All of them.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        operations::all().chain(queries::ALL.iter()).chain(flows::all())
    }

    /// The one with that id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::all().find(|workload| workload.id == id)
    }

    /// Makes what its turns need.
    ///
    /// # Errors
    ///
    /// What keeps it from being made.
    pub async fn prepare(&self, site: &Arc<Site>) -> Result<(), Trouble> {
        (self.prepare)(Arc::clone(site)).await
    }

    /// Takes a turn, and answers how long its timed part took.
    ///
    /// # Errors
    ///
    /// A call that gave no value, or a wrong one.
    pub async fn turn(&self, site: &Arc<Site>, turn: Turn) -> Result<Duration, Trouble> {
        (self.unit)(Arc::clone(site), turn).await
    }

    /// Looks whether a turn left what it must.
    ///
    /// # Errors
    ///
    /// [`Trouble::Wrong`] if it did not.
    pub async fn verify(&self, site: &Arc<Site>, turn: Turn) -> Result<(), Trouble> {
        (self.verify)(Arc::clone(site), turn).await
    }

    /// The sizes of documents to run it with, 0 for none.
    #[must_use]
    pub fn payloads(&self) -> &'static [usize] {
        if self.payloads.is_empty() { &[0] } else { self.payloads }
    }

    /// The turns after which what is left behind is too much to keep; none if nothing is.
    #[must_use]
    pub fn turns_at_most(&self, payload_bytes: usize) -> Option<u64> {
        /// What one measure may leave behind in one backend.
        const ROOM: u64 = 48 << 20;
        (self.leaves > 0).then(|| (ROOM / (self.leaves + payload_bytes as u64)).max(1))
    }
}

/// Makes a call and answers how long it took and what it answered.
pub(crate) async fn timed<T, F>(call: impl FnOnce() -> F) -> Result<(Duration, T), Trouble>
where
    F: std::future::Future<Output = Result<T, CallError>>,
{
    let began = Instant::now();
    let value = call().await;
    let took = began.elapsed();
    Ok((took, value?))
}
