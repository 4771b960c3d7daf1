//! The life of one call.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use plimsoll_contract::{CallError, Interruption, Result};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};
use wasmtime::Store;

use crate::bindings::flow::storage::types as wit;
use crate::convert::{BadAnswer, FromWit};
use crate::guests::on_thread;
use crate::instance::{Data, Live, out_of_time};
use crate::interruption;
use crate::metrics::Ended;
use crate::pool::Pool;
use crate::stint::{Stint, may_keep_the_thread};

/// An instance that works on one call. Dropped before [`Session::end`], for example because the
/// caller gave up, it takes the instance with it: nobody knows what state that is in.
pub(crate) struct Session<'a> {
    pool: &'a Pool,
    live: Option<Box<Live>>,
    began: Instant,
    /// Goes last: only then may the next call look for an instance.
    _permit: SemaphorePermit<'a>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        pool: &'a Pool,
        permit: SemaphorePermit<'a>,
        live: Box<Live>,
        began: Instant,
    ) -> Self {
        Self { pool, live: Some(live), began, _permit: permit }
    }

    /// When the call must have ended. Waiting for the instance is counted.
    pub(crate) fn deadline(&self) -> Instant {
        self.began + self.pool.plugin.inner.limits.call_time
    }

    /// The instance; there is one until the session ends.
    pub(crate) fn live(&mut self) -> Result<&mut Live> {
        self.live.as_deref_mut().ok_or_else(|| plimsoll_contract::Error::Unsupported.into())
    }

    /// The instance, ready for a call that keeps the caller's thread; none if it cannot be made.
    pub(crate) fn direct(&mut self) -> Option<(&mut Store<Data>, &on_thread::Guests)> {
        let limits = &self.pool.plugin.inner.limits;
        let deadline = self.deadline();
        let Live { store, direct: Some(guests), .. } = self.live.as_deref_mut()? else {
            return None;
        };
        if !may_keep_the_thread(limits.stack_bytes) {
            return None;
        }
        store.data_mut().stint = Some(Stint::new(deadline, limits.call_time));
        // Ticks of the time in which nobody called do not count.
        store.set_epoch_deadline(1);
        Some((store, guests))
    }

    /// Puts the instance back if the guest answered, and drops it otherwise.
    pub(crate) fn end<W, T: FromWit<W>>(
        self,
        outcome: Timed<std::result::Result<W, wit::Error>>,
    ) -> Result<T> {
        self.end_after(outcome, |_, _| {})
    }

    /// The same, and does something with the instance if the answer is no error.
    pub(crate) fn end_after<W, T: FromWit<W>>(
        mut self,
        outcome: Timed<std::result::Result<W, wit::Error>>,
        on_success: impl FnOnce(&Pool, &mut Live),
    ) -> Result<T> {
        let Some(mut live) = self.live.take() else {
            return Err(plimsoll_contract::Error::Unsupported.into());
        };
        let stderr = &live.store.data().stderr;
        let answer = match outcome {
            Ok(Ok(Ok(value))) => T::from_wit(value)
                .map(Ok)
                .map_err(|bad: BadAnswer| interruption::from_error(&bad.into(), stderr)),
            Ok(Ok(Err(error))) => Ok(Err(CallError::Answered(error.into()))),
            Ok(Err(error)) => Err(interruption::from_error(&error, stderr)),
            Err(_) => Err(out_of_time(&self.pool.plugin)),
        };
        match answer {
            Ok(answer) => {
                if answer.is_ok() {
                    on_success(self.pool, &mut live);
                }
                self.pool.put_back(live);
                self.pool.metrics.ended(Ended::Answered, self.began.elapsed());
                answer
            }
            Err(interruption) => Err(self.interrupted(live, interruption)),
        }
    }

    fn interrupted(&self, live: Box<Live>, interruption: Interruption) -> CallError {
        self.pool.failed(&interruption);
        self.pool.ended(live);
        self.pool.metrics.ended(Ended::Interrupted(interruption.kind), self.began.elapsed());
        interruption.into()
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            self.pool.ended(live);
            self.pool.metrics.ended(Ended::Abandoned, self.began.elapsed());
        }
    }
}

/// What a call ends with: an answer, the engine's error, or no time left.
pub(crate) type Timed<T> = std::result::Result<wasmtime::Result<T>, tokio::time::error::Elapsed>;

/// Waits for a call until its deadline. Most calls are over when they are first looked at, and need
/// no timer.
pub(crate) async fn within<T>(
    deadline: Instant,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Timed<T> {
    let mut call = pin!(call);
    let first = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
    match first {
        Poll::Ready(ended) => Ok(ended),
        Poll::Pending => timeout_at(deadline, call).await,
    }
}

/// Calls a function of the guest: waits for an instance, keeps to the deadline, converts the answer.
macro_rules! call {
    ($backend:expr, backend, $function:ident($($argument:expr),*)) => {{
        let mut session = $backend.begin().await?;
        let outcome = $crate::call::outcome!(session, backend, $function($($argument),*));
        session.end(outcome)
    }};
    ($backend:expr, $interface:ident, $function:ident($($argument:expr),*)) => {{
        let mut session = $backend.begin().await?;
        let outcome = match session.direct() {
            Some((store, guests)) => match &guests.$interface {
                Some(guest) => Ok(guest.$function(store, $($argument),*)),
                None => return Err(plimsoll_contract::Error::Unsupported.into()),
            },
            None => $crate::call::outcome!(session, $interface, $function($($argument),*)),
        };
        session.end(outcome)
    }};
}

/// What a call into the instance of a session ends with, made on a fiber.
macro_rules! outcome {
    ($session:ident, $interface:ident, $function:ident($($argument:expr),*)) => {{
        let deadline = $session.deadline();
        let $crate::instance::Live { store, guests, .. } = $session.live()?;
        match &guests.$interface {
            Some(guest) => {
                $crate::call::within(deadline, guest.$function(store, $($argument),*)).await
            }
            None => return Err(plimsoll_contract::Error::Unsupported.into()),
        }
    }};
}

pub(crate) use {call, outcome};
