use std::fmt;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_contract::{Clock, Interface, Result};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

use crate::lines;
use crate::link::{Link, gone};
use crate::message::{EXPORTS, Outcome, bad, decode, encode};
use crate::process;

/// A backend in another process. It has the interfaces that the backend over there has.
///
/// When the process ends, however it does, or a pipe to it breaks, a call under way ends as an
/// interruption of kind `Trap`: a write may have happened. If the process wrote what is no answer,
/// the kind is `BadAnswer`, which leaves as much open. Calls after that end as `StateLost`: they
/// were never sent. There are no limits of time; a call waits as long as the process lives.
///
/// Dropping it kills the process. Its tasks run on the runtime on which it was made, which needs its
/// timer and, for processes, its I/O driver.
pub struct Remote {
    pub(crate) exports: Vec<Interface>,
    link: Arc<Link>,
    clock: Mutex<Arc<dyn Clock>>,
    stop: Arc<Notify>,
    /// They end with it, and the process with them.
    _tasks: JoinSet<()>,
}

impl Remote {
    /// Starts a process that runs [`serve`](crate::serve) on its standard input and output; its
    /// standard error is this process's. Until the backend is opened it reads the time from
    /// `clock`.
    ///
    /// # Errors
    ///
    /// The process cannot be started, or does not say which interfaces it has.
    pub async fn spawn(command: impl Into<Command>, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut command = command.into();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let program = command.as_std().get_program().to_owned();
        let not_started = |why: &dyn fmt::Display| {
            gone(&format!("`{}` cannot be started: {why}", program.display()))
        };
        let mut child = command.kill_on_drop(true).spawn().map_err(|why| not_started(&why))?;
        match (child.stdout.take(), child.stdin.take()) {
            (Some(answers), Some(requests)) => {
                Self::over(Some(child), answers, requests, clock).await
            }
            _ => Err(not_started(&"it has no pipes").into()),
        }
    }

    /// Speaks to a [`serve`](crate::serve) at the other end of any pipe.
    ///
    /// # Errors
    ///
    /// It does not say which interfaces it has.
    pub async fn connect(
        answers: impl AsyncRead + Send + Unpin + 'static,
        requests: impl AsyncWrite + Send + Unpin + 'static,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Self::over(None, answers, requests, clock).await
    }

    async fn over(
        process: Option<Child>,
        answers: impl AsyncRead + Send + Unpin + 'static,
        requests: impl AsyncWrite + Send + Unpin + 'static,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let (sender, queue) = unbounded_channel();
        let (link, stop) = (Arc::new(Link::new(sender)), Arc::new(Notify::new()));
        let mut tasks = JoinSet::new();
        let broken = Arc::clone(&stop);
        tasks.spawn(async move {
            if lines::write(queue, requests).await.is_err() {
                // Nobody would see the calls that wait for an answer through otherwise.
                broken.notify_one();
            }
        });
        let (watched, stopped) = (Arc::clone(&link), Arc::clone(&stop));
        tasks.spawn(async move {
            watched.end(&process::watch(process, answers, &watched, &stopped).await);
        });
        let clock = Mutex::new(clock);
        let mut remote = Self { exports: Vec::new(), link, clock, stop, _tasks: tasks };
        remote.exports = remote.call(Interface::Backend, EXPORTS, encode(&())).await?;
        Ok(remote)
    }

    /// Kills the process with SIGKILL and waits until it is gone and every call has ended. Answers
    /// that it had already written still count. Without a process it closes the pipe.
    pub async fn kill(&self) {
        self.stop.notify_one();
        self.link.ended().await;
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        interface: Interface,
        function: &'static str,
        arguments: Outcome,
    ) -> Result<T> {
        let clock = Arc::clone(&self.clock());
        self.call_at(&*clock, interface, function, arguments).await
    }

    /// A call at the instant that `clock` shows.
    pub(crate) async fn call_at<T: DeserializeOwned>(
        &self,
        clock: &dyn Clock,
        interface: Interface,
        function: &'static str,
        arguments: Outcome,
    ) -> Result<T> {
        let answered = self.link.ask(clock, interface, function, arguments?)?;
        let forgotten = |_| Err(bad("the call was forgotten".to_owned()).into());
        decode(&answered.await.unwrap_or_else(forgotten)?)
    }

    pub(crate) fn clock(&self) -> MutexGuard<'_, Arc<dyn Clock>> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("exports", &self.exports).finish_non_exhaustive()
    }
}
