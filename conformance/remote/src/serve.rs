use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use plimsoll_contract::{Backend, CallError, Interruption, InterruptionKind};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time;

use crate::clock::LatestClock;
use crate::dispatch;
use crate::lines;
use crate::message::{Answer, Outcome, Request};

/// How long calls may go on after the reader ended. A caller that was killed leaves no process
/// behind that waits for ever.
const LAST_CALLS: Duration = Duration::from_secs(2);

/// Why no more requests are answered.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The requests cannot be read.
    #[error("cannot read requests: {0}")]
    Read(#[source] io::Error),
    /// The answers cannot be written, most often because nobody reads them any more.
    #[error("cannot write answers: {0}")]
    Write(#[source] io::Error),
    /// A line is no request.
    #[error("`{line}` is no request: {source}")]
    NoRequest {
        /// Its start.
        line: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Answers requests from `reader` on `writer` until the reader ends. Calls under way then have two
/// seconds left.
///
/// The backend is opened with a clock that shows the instant of the latest request. A call that
/// panics is answered as a trap. Nothing else may write to `writer`. The runtime needs its timer.
///
/// # Errors
///
/// A pipe that breaks, or a line that is no request; calls under way are then dropped.
pub async fn serve(
    backend: Arc<dyn Backend>,
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
) -> Result<(), ServeError> {
    let (answers, queue) = unbounded_channel();
    let reading = run_requests(backend, reader, answers);
    let writing = async { lines::write(queue, writer).await.map_err(ServeError::Write) };
    tokio::try_join!(reading, writing)?;
    Ok(())
}

async fn run_requests(
    backend: Arc<dyn Backend>,
    reader: impl AsyncRead + Unpin,
    answers: UnboundedSender<Answer>,
) -> Result<(), ServeError> {
    let (mut reader, mut line) = (BufReader::new(reader), Vec::new());
    let clock = Arc::new(LatestClock::default());
    let mut calls = JoinSet::new();
    while lines::read(&mut reader, &mut line).await.map_err(ServeError::Read)? {
        let request: Request = serde_json::from_slice(&line)
            .map_err(|source| ServeError::NoRequest { line: lines::excerpt(&line), source })?;
        clock.set(request.now);
        let (backend, clock) = (Arc::clone(&backend), Arc::clone(&clock));
        let answers = answers.clone();
        calls.spawn(async move {
            let outcome = caught(dispatch::call(&*backend, clock, &request)).await;
            // Nobody listens when the pipe broke, which ends the serving as well.
            let _ = answers.send(Answer { id: request.id, outcome });
        });
        while calls.try_join_next().is_some() {}
    }
    // What is left when the time is over is dropped.
    let _ = time::timeout(LAST_CALLS, calls.join_all()).await;
    Ok(())
}

/// What the call says, or that it panicked: its caller must not wait for ever.
async fn caught(call: impl Future<Output = Outcome>) -> Outcome {
    let mut call = pin!(call);
    std::future::poll_fn(|context| {
        let poll = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context)));
        poll.unwrap_or_else(|panic| Poll::Ready(Err(panicked(panic.as_ref()))))
    })
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> CallError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let message = format!("the backend panicked: {}", text.unwrap_or_default());
    Interruption { kind: InterruptionKind::Trap, message, backtrace: None }.into()
}
