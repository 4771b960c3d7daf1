//! What an instance remembers: what it was opened with, and nothing of what is stored.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::exports::flow::storage::backend::OpenConfig;
use crate::flow::storage::types::{Error, Instant, Page, Uuid};
use crate::store;
use crate::wasi::clocks::wall_clock;
use crate::wasi::keyvalue::store::Bucket;

/// Runs whose place is remembered. More are looked up again.
const REMEMBERED: usize = 10_000;

/// An open namespace.
pub struct Session {
    pub config: OpenConfig,
    pub buckets: Buckets,
    /// Where the entries of runs are. A place may be out of date; the entry there says so.
    places: RefCell<BTreeMap<Uuid, u64>>,
}

/// The buckets of a namespace: one for each kind, so that a listing names nothing else.
pub struct Buckets {
    pub definitions: Bucket,
    pub schedules: Bucket,
    pub directory: Bucket,
    pub runs: Bucket,
    pub keys: Bucket,
    pub nonces: Bucket,
    pub webhooks: Bucket,
}

impl Buckets {
    pub fn open(namespace: &str) -> Result<Self, Error> {
        let open = |kind| store::open(&format!("flow-{kind}-{namespace}"));
        Ok(Self {
            definitions: open("definitions")?,
            schedules: open("schedules")?,
            directory: open("directory")?,
            runs: open("runs")?,
            keys: open("keys")?,
            nonces: open("nonces")?,
            webhooks: open("webhooks")?,
        })
    }

    /// Removes everything.
    pub fn clear(&self) -> Result<(), Error> {
        let Self { definitions, schedules, directory, runs, keys, nonces, webhooks } = self;
        // The directory goes first: without it nobody finds a run that is there in part.
        for bucket in [directory, definitions, schedules, keys, nonces, webhooks, runs] {
            store::clear(bucket)?;
        }
        Ok(())
    }
}

thread_local! {
    static OPENED: RefCell<Option<Rc<Session>>> = const { RefCell::new(None) };
}

/// The open namespace.
pub fn session() -> Result<Rc<Session>, Error> {
    OPENED.with_borrow(Clone::clone).ok_or_else(|| Error::Other("not open".to_owned()))
}

impl Session {
    /// Makes a namespace the open one.
    pub fn begin(config: OpenConfig, buckets: Buckets) {
        let session = Self { config, buckets, places: RefCell::default() };
        OPENED.set(Some(Rc::new(session)));
    }

    pub fn place(&self, run: Uuid) -> Option<u64> {
        self.places.borrow().get(&run).copied()
    }

    pub fn remember(&self, run: Uuid, place: u64) {
        let mut places = self.places.borrow_mut();
        if places.len() >= REMEMBERED {
            places.clear();
        }
        places.insert(run, place);
    }

    pub fn forget(&self, run: Uuid) {
        self.places.borrow_mut().remove(&run);
    }
}

/// The present instant, from the imported clock.
pub fn now() -> Instant {
    let now = wall_clock::now();
    Instant { seconds: now.seconds as i64, nanoseconds: now.nanoseconds }
}

/// The part of a list that a page asks for.
pub fn cut<T>(items: Vec<T>, page: Page, default: u32) -> Vec<T> {
    let take = page.take.unwrap_or(default);
    items.into_iter().skip(page.skip as usize).take(take as usize).collect()
}
