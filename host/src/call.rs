//! The life of one call.

use std::time::Duration;

use plimsoll_contract::{CallError, Interruption, InterruptionKind, Result};
use tokio::sync::MutexGuard;

use crate::bindings::flow::storage::types as wit;
use crate::convert::{BadAnswer, FromWit};
use crate::instance::{Live, out_of_time};
use crate::interruption;
use crate::plugin::Plugin;

/// An instance that works on one call. Dropped before [`Session::end`], for example because the
/// caller gave up, it takes the instance with it: nobody knows what state that is in.
pub(crate) struct Session<'a> {
    slot: MutexGuard<'a, Option<Live>>,
    live: Live,
    plugin: &'a Plugin,
}

impl<'a> Session<'a> {
    /// Takes the instance out of its slot.
    pub(crate) fn begin(
        mut slot: MutexGuard<'a, Option<Live>>,
        plugin: &'a Plugin,
    ) -> Result<Self> {
        match slot.take() {
            Some(live) => Ok(Self { slot, live, plugin }),
            None => Err(state_lost()),
        }
    }

    /// How long the call may take.
    pub(crate) fn call_time(&self) -> Duration {
        self.plugin.inner.limits.call_time
    }

    pub(crate) fn live(&mut self) -> &mut Live {
        &mut self.live
    }

    /// Puts the instance back if the call ended well, and drops it otherwise.
    pub(crate) fn end<W, T: FromWit<W>>(
        mut self,
        outcome: Timed<std::result::Result<W, wit::Error>>,
    ) -> Result<T> {
        let stderr = self.live.store.data().stderr.clone();
        let failed = |error: wasmtime::Error| interruption::from_error(&error, &stderr).into();
        let answer = match outcome {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(failed(error)),
            Err(_) => return Err(out_of_time(self.plugin).into()),
        };
        let converted = match answer {
            Ok(value) => T::from_wit(value).map_err(|bad: BadAnswer| failed(bad.into()))?,
            Err(error) => {
                *self.slot = Some(self.live);
                return Err(CallError::Answered(error.into()));
            }
        };
        *self.slot = Some(self.live);
        Ok(converted)
    }
}

/// What a call ends with: an answer, the engine's error, or no time left.
pub(crate) type Timed<T> = std::result::Result<wasmtime::Result<T>, tokio::time::error::Elapsed>;

fn state_lost() -> CallError {
    Interruption {
        kind: InterruptionKind::StateLost,
        message: "an earlier call ended the instance, and its state went with it; open the \
                  backend anew"
            .to_owned(),
        backtrace: None,
    }
    .into()
}

/// Calls a function of the guest: waits for the instance, sets the deadline, converts the answer.
macro_rules! call {
    ($backend:expr, $interface:ident, $function:ident($($argument:expr),*)) => {{
        let session = $backend.begin().await?;
        $crate::call::call_in!(session, $interface, $function($($argument),*))
    }};
}

/// The same with an instance that is taken already.
macro_rules! call_in {
    ($session:ident, $interface:ident, $function:ident($($argument:expr),*)) => {{
        let mut session = $session;
        let limit = session.call_time();
        let $crate::instance::Live { store, guests } = session.live();
        match &guests.$interface {
            Some(guest) => {
                let outcome =
                    tokio::time::timeout(limit, guest.$function(store, $($argument),*)).await;
                session.end(outcome)
            }
            None => Err(plimsoll_contract::Error::Unsupported.into()),
        }
    }};
}

pub(crate) use {call, call_in};
