use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_contract::{Clock, Interface, Interruption, InterruptionKind, Result};
use serde_json::value::RawValue;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{oneshot, watch};

use crate::message::{Answer, Outcome, Request};

/// The calls that are under way, and the queue of requests.
#[derive(Debug)]
pub(crate) struct Link {
    state: Mutex<State>,
    ended: watch::Sender<bool>,
}

#[derive(Debug)]
enum State {
    Open {
        next_id: u64,
        under_way: HashMap<u64, oneshot::Sender<Outcome>>,
        requests: UnboundedSender<Request>,
    },
    /// For people: how it ended.
    Ended(String),
}

/// An answer to a request that was never made, or was answered already.
pub(crate) struct Unasked;

impl Link {
    pub(crate) fn new(requests: UnboundedSender<Request>) -> Self {
        let state = State::Open { next_id: 1, under_way: HashMap::new(), requests };
        Self { state: Mutex::new(state), ended: watch::Sender::new(false) }
    }

    /// Sends a request; the answer, or how the call ended without one, comes through the channel.
    ///
    /// # Errors
    ///
    /// The link has ended, and nothing was sent.
    pub(crate) fn ask(
        &self,
        clock: &dyn Clock,
        interface: Interface,
        function: &'static str,
        arguments: Box<RawValue>,
    ) -> Result<oneshot::Receiver<Outcome>> {
        let mut state = self.lock();
        match &mut *state {
            State::Ended(how) => Err(gone(how).into()),
            State::Open { next_id, under_way, requests } => {
                let (id, function) = (*next_id, Cow::Borrowed(function));
                *next_id += 1;
                let (answer, answered) = oneshot::channel();
                under_way.insert(id, answer);
                // Under the lock the clock is read in the order in which requests go out: over
                // there time must not go back because of two callers.
                let request = Request { id, now: clock.now(), interface, function, arguments };
                // Where nobody takes it the process is gone, and `end` tells every caller.
                let _ = requests.send(request);
                Ok(answered)
            }
        }
    }

    /// Hands an answer to the caller that waits for it.
    pub(crate) fn answer(&self, answer: Answer) -> std::result::Result<(), Unasked> {
        let caller = match &mut *self.lock() {
            State::Open { under_way, .. } => under_way.remove(&answer.id).ok_or(Unasked)?,
            State::Ended(_) => return Ok(()),
        };
        // Callers may have stopped waiting.
        let _ = caller.send(answer.outcome);
        Ok(())
    }

    /// Ends every call that is under way so, and refuses every later one.
    pub(crate) fn end(&self, interruption: &Interruption) {
        let ended = State::Ended(interruption.message.clone());
        if let State::Open { under_way, .. } = std::mem::replace(&mut *self.lock(), ended) {
            for caller in under_way.into_values() {
                let _ = caller.send(Err(interruption.clone().into()));
            }
        }
        self.ended.send_replace(true);
    }

    /// Waits until [`Link::end`] was called.
    pub(crate) async fn ended(&self) {
        // It fails only without a sender, and this is the sender.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For calls that were never sent: a write that ends so did not happen.
pub(crate) fn gone(how: &str) -> Interruption {
    let message = format!("the backend is gone: {how}");
    Interruption { kind: InterruptionKind::StateLost, message, backtrace: None }
}
