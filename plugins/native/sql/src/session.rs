use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use plimsoll_contract::{Answer, Clock, Error, FlowHandle, Instant, OpenConfig};

/// The longest name of a namespace, in bytes. The name is the first column of every key, and
/// databases limit how long a key is.
pub const MAX_NAMESPACE_BYTES: usize = 255;

/// What the latest successful `open` was given.
pub struct Opened {
    /// The first column of every key.
    pub namespace: String,
    /// Where "now" comes from (BACKEND-8).
    pub clock: Arc<dyn Clock>,
    /// The answer of `flow-repository` (REPO-1).
    pub registered_flows: Vec<FlowHandle>,
}

impl Opened {
    /// The present instant, in microseconds since 1970.
    #[must_use]
    pub fn now_micros(&self) -> i64 {
        self.now().timestamp_micros()
    }

    /// The present instant, to the microsecond.
    #[must_use]
    pub fn now(&self) -> Instant {
        let now = self.clock.now();
        Instant::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}

/// Whether a backend is open, and with what.
#[derive(Default)]
pub struct Session {
    opened: RwLock<Option<Arc<Opened>>>,
}

impl Session {
    /// What the latest successful `open` was given.
    ///
    /// # Errors
    ///
    /// `other("not open")` before the first (BACKEND-18).
    pub fn opened(&self) -> Answer<Arc<Opened>> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        opened.clone().ok_or_else(Error::not_open)
    }

    /// Makes `config` the one in force. Call it last: an `open` that fails changes nothing
    /// (BACKEND-21).
    pub fn set(&self, config: &OpenConfig, clock: Arc<dyn Clock>) {
        let opened = Opened {
            namespace: config.namespace.clone(),
            clock,
            registered_flows: config.registered_flows.clone(),
        };
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(opened));
    }
}

/// Checks what `open` was given, before anything is connected to. The backends have no settings.
///
/// # Errors
///
/// `invalid-argument` for a name over [`MAX_NAMESPACE_BYTES`], any setting (BACKEND-23), and two
/// flows with one id (BACKEND-22).
pub fn check(config: &OpenConfig) -> Answer<()> {
    let length = config.namespace.len();
    if length > MAX_NAMESPACE_BYTES {
        return Err(Error::InvalidArgument(format!(
            "the name of the namespace has {length} bytes; {MAX_NAMESPACE_BYTES} are allowed"
        )));
    }
    if let Some((name, _)) = config.settings.first() {
        let message = format!("`{name}` is no setting of this backend; it has none");
        return Err(Error::InvalidArgument(message));
    }
    let mut ids = HashSet::new();
    match config.registered_flows.iter().find(|flow| !ids.insert(flow.id)) {
        Some(flow) => Err(Error::InvalidArgument(format!("flow {} is registered twice", flow.id))),
        None => Ok(()),
    }
}
