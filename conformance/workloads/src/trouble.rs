use std::fmt::Debug;
use std::time::Duration;

use plimsoll_contract::{CallError, Interface};
use thiserror::Error;

/// Why a workload gives no numbers.
#[derive(Clone, Debug, Error)]
pub enum Trouble {
    /// The backend lacks an interface that the workload calls.
    #[error("{0} is not exported")]
    Missing(Interface),
    /// A call gave no value.
    #[error("a call gave no value: {0}")]
    Call(#[from] CallError),
    /// A call answered, or left behind, what it must not.
    #[error("{what}: expected {expected}, got {got}")]
    Wrong {
        /// What was looked at.
        what: &'static str,
        /// What the contract demands.
        expected: String,
        /// What was there.
        got: String,
    },
    /// The calls did not end.
    #[error("the calls did not end within {0:?}")]
    OutOfTime(Duration),
    /// The workload itself broke down.
    #[error("the bench itself panicked")]
    Panicked,
}

impl Trouble {
    /// Whether the backend is to blame, rather than merely without the interface.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        !matches!(self, Self::Missing(_))
    }
}

/// A fast backend that does nothing must not look good.
pub(crate) fn expect<T: PartialEq + Debug>(
    what: &'static str,
    got: &T,
    expected: &T,
) -> Result<(), Trouble> {
    if got == expected {
        return Ok(());
    }
    Err(Trouble::Wrong { what, expected: shortened(expected), got: shortened(got) })
}

fn shortened(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
