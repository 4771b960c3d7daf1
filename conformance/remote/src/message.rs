use std::borrow::Cow;

use plimsoll_contract::{Instant, Interface, Interruption, InterruptionKind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// Asks for a call.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// Which answer belongs to it.
    pub(crate) id: u64,
    /// What the backend's clock shows from now on.
    pub(crate) now: Instant,
    pub(crate) interface: Interface,
    /// Its name in the WIT.
    pub(crate) function: Cow<'static, str>,
    /// A list; null if there are none.
    pub(crate) arguments: Box<RawValue>,
}

/// Says how a call ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The request's.
    pub(crate) id: u64,
    pub(crate) outcome: Outcome,
}

/// The value of a call, as JSON, or why there is none.
pub(crate) type Outcome = Result<Box<RawValue>>;

/// What besides the WIT's functions a process is asked: which interfaces it has.
pub(crate) const EXPORTS: &str = "exports";

pub(crate) fn encode(value: &impl Serialize) -> Outcome {
    to_raw_value(value).map_err(|error| bad(format!("a value cannot be sent: {error}")).into())
}

pub(crate) fn decode<T: DeserializeOwned>(value: &RawValue) -> Result<T> {
    let unreadable = |error| bad(format!("what was sent cannot be read: {error}")).into();
    serde_json::from_str(value.get()).map_err(unreadable)
}

/// The two processes do not speak of the same contract.
pub(crate) fn bad(message: String) -> Interruption {
    Interruption { kind: InterruptionKind::BadAnswer, message, backtrace: None }
}
