//! Requests and answers over a pipe: order, the clock, panics, and ends.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use plimsoll_contract::{
    Backend, CallError, Clock, Description, Error, Instant, Interface, Interruption,
    InterruptionKind, OpenConfig, Result, ScheduleState, ScheduleStateStore, StateLocation,
    SystemClock,
};
use plimsoll_remote::{Remote, ServeError, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Shows what reaches a backend.
#[derive(Default)]
struct Probe {
    clock: Mutex<Option<Arc<dyn Clock>>>,
    saved: Notify,
}

#[async_trait]
impl Backend for Probe {
    /// The version is what the clock shows.
    async fn describe(&self) -> Result<Description> {
        let clock = self.clock.lock().unwrap().clone();
        let version = clock.map_or("no clock".to_owned(), |clock| shown(clock.now()));
        let state = StateLocation::Instance;
        Ok(Description { name: "probe".to_owned(), version, state, durable: false })
    }

    async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
        if config.namespace == "wrong" {
            return Err(Error::InvalidArgument("wrong".to_owned()).into());
        }
        *self.clock.lock().unwrap() = Some(clock);
        Ok(())
    }

    async fn discard(&self, namespace: &str) -> Result<()> {
        panic!("no {namespace}")
    }

    fn schedule_state_store(&self) -> Option<&dyn ScheduleStateStore> {
        Some(self)
    }
}

#[async_trait]
impl ScheduleStateStore for Probe {
    /// Waits for a `delete`.
    async fn get(&self, _job_id: &str) -> Result<Option<ScheduleState>> {
        self.saved.notified().await;
        Ok(None)
    }

    async fn get_all(&self) -> Result<Vec<ScheduleState>> {
        Ok(Vec::new())
    }

    async fn save(&self, _state: &ScheduleState) -> Result<()> {
        Ok(())
    }

    async fn delete(&self, _job_id: &str) -> Result<()> {
        self.saved.notify_one();
        Ok(())
    }
}

fn shown(instant: Instant) -> String {
    format!("{} s {} ns", instant.timestamp(), instant.timestamp_subsec_nanos())
}

type Serving = JoinHandle<std::result::Result<(), ServeError>>;

fn serve_probe() -> (DuplexStream, Serving) {
    let (here, there) = tokio::io::duplex(64);
    let (requests, answers) = tokio::io::split(there);
    (here, tokio::spawn(serve(Arc::new(Probe::default()), requests, answers)))
}

async fn connect(here: DuplexStream, clock: Arc<dyn Clock>) -> Remote {
    let (answers, requests) = tokio::io::split(here);
    Remote::connect(answers, requests, clock).await.unwrap()
}

async fn probe() -> (Arc<Remote>, Serving) {
    let (here, serving) = serve_probe();
    (Arc::new(connect(here, Arc::new(SystemClock)).await), serving)
}

/// Nothing here takes longer, or it hangs.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it hangs")
}

fn interruption<T: std::fmt::Debug>(result: Result<T>) -> Interruption {
    match result {
        Err(CallError::Interrupted(interruption)) => *interruption,
        other => panic!("{other:?} is no interruption"),
    }
}

/// Begins a call that is not answered, and waits until the backend has it.
async fn stuck(remote: &Arc<Remote>) -> JoinHandle<Result<Option<ScheduleState>>> {
    let caller = Arc::clone(remote);
    let call = tokio::spawn(async move { caller.get("a").await });
    // It is asked for after the call, and requests are read in their order.
    tokio::task::yield_now().await;
    soon(remote.describe()).await.unwrap();
    call
}

#[tokio::test]
async fn a_later_request_may_be_answered_first() {
    let (remote, _serving) = probe().await;
    let call = stuck(&remote).await;
    assert!(!call.is_finished());
    soon(remote.delete("a")).await.unwrap();
    assert_eq!(soon(call).await.unwrap(), Ok(None));
}

#[tokio::test]
async fn interfaces_are_those_of_the_backend() {
    let (remote, _serving) = probe().await;
    assert_eq!(remote.exports(), [Interface::Backend, Interface::ScheduleStateStore]);
}

struct HandClock(Mutex<Instant>);

impl HandClock {
    fn at(seconds: i64, nanoseconds: u32) -> Arc<Self> {
        Arc::new(Self(Mutex::new(DateTime::from_timestamp(seconds, nanoseconds).unwrap())))
    }
}

impl Clock for HandClock {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn the_backend_sees_the_callers_clock() {
    let (here, _serving) = serve_probe();
    let remote = connect(here, HandClock::at(1, 2)).await;
    assert_eq!(remote.describe().await.unwrap().version, "no clock");

    let clock = HandClock::at(-62_135_596_800, 999_999_999);
    let shared: Arc<dyn Clock> = Arc::<HandClock>::clone(&clock);
    remote.open(&OpenConfig::default(), shared).await.unwrap();
    for step in [TimeDelta::zero(), TimeDelta::nanoseconds(1), TimeDelta::days(-9), TimeDelta::MAX]
    {
        let now = clock.now().checked_add_signed(step).unwrap_or(Instant::MAX_UTC);
        *clock.0.lock().unwrap() = now;
        assert_eq!(remote.describe().await.unwrap().version, shown(now));
    }
}

#[tokio::test]
async fn a_failed_open_leaves_the_clock_alone() {
    let (remote, _serving) = probe().await;
    remote.open(&OpenConfig::default(), HandClock::at(1, 1)).await.unwrap();
    let wrong = remote.open(&OpenConfig::namespace("wrong"), HandClock::at(2, 2)).await;
    assert_eq!(wrong, Err(Error::InvalidArgument("wrong".to_owned()).into()));
    assert_eq!(remote.describe().await.unwrap().version, "1 s 1 ns");
}

#[tokio::test]
async fn a_panic_is_a_trap_and_harms_nobody_else() {
    let (remote, _serving) = probe().await;
    let call = stuck(&remote).await;
    let trap = interruption(soon(remote.discard("harbour")).await);
    assert_eq!(trap.kind, InterruptionKind::Trap);
    assert_eq!(trap.message, "the backend panicked: no harbour");
    remote.delete("a").await.unwrap();
    assert_eq!(soon(call).await.unwrap(), Ok(None));
}

#[tokio::test]
async fn a_closed_pipe_ends_every_call() {
    let (remote, serving) = probe().await;
    let call = stuck(&remote).await;
    serving.abort();
    let under_way = soon(call).await.unwrap();
    assert!(under_way.as_ref().unwrap_err().is_indeterminate());
    let trap = interruption(under_way);
    assert_eq!(trap.kind, InterruptionKind::Trap);
    assert_eq!(trap.message, "the pipe to the backend was closed");

    let later = soon(remote.delete("a")).await;
    assert!(!later.as_ref().unwrap_err().is_indeterminate());
    let lost = interruption(later);
    assert_eq!(lost.kind, InterruptionKind::StateLost);
    assert_eq!(lost.message, "the backend is gone: the pipe to the backend was closed");
}

#[tokio::test]
async fn a_pipe_that_takes_no_requests_ends_every_call() {
    let (answers, _open) = tokio::io::duplex(64);
    let (requests, closed) = tokio::io::duplex(64);
    drop(closed);
    let refused = soon(Remote::connect(answers, requests, Arc::new(SystemClock))).await;
    assert_eq!(interruption(refused).kind, InterruptionKind::Trap);
}

/// Though a call is under way that nothing will ever end.
#[tokio::test]
async fn serving_ends_with_the_reader() {
    let (remote, serving) = probe().await;
    let call = stuck(&remote).await;
    soon(remote.kill()).await;
    assert_eq!(interruption(soon(call).await.unwrap()).kind, InterruptionKind::Trap);
    drop(remote);
    soon(serving).await.unwrap().unwrap();
}

/// What is answered to these lines, and how the serving ends.
async fn raw(lines: &str) -> (String, std::result::Result<(), ServeError>) {
    let (mut here, serving) = serve_probe();
    let mut answers = String::new();
    here.write_all(lines.as_bytes()).await.unwrap();
    here.shutdown().await.unwrap();
    soon(here.read_to_string(&mut answers)).await.unwrap();
    (answers, soon(serving).await.unwrap())
}

fn request(interface: &str, function: &str, arguments: &str) -> String {
    format!(
        r#"{{"id":7,"now":"2033-05-18T03:33:20Z","interface":"{interface}","function":"{function}","arguments":{arguments}}}"#
    ) + "\n"
}

#[tokio::test]
async fn messages_are_lines_of_json() {
    let (answers, end) = raw(&request("schedule-state-store", "get-all", "null")).await;
    assert_eq!(answers, "{\"id\":7,\"outcome\":{\"Ok\":[]}}\n");
    end.unwrap();

    let (answers, end) = raw(&request("schedule-state-store", "get-all", "null\n")[..40]).await;
    assert_eq!(answers, "", "half a line is no request");
    end.unwrap();
}

#[tokio::test]
async fn what_the_backend_lacks_is_said() {
    for (line, said) in [
        (request("signal-store", "get-waiter", "[]"), "does not export signal-store"),
        (request("schedule-state-store", "gets", "null"), "no function schedule-state-store.gets"),
        (request("backend", "close", "null"), "no function backend.close"),
        (request("schedule-state-store", "delete", "[1]"), "cannot be read: invalid type"),
    ] {
        let (answers, end) = raw(&line).await;
        assert!(answers.contains(said), "{answers}");
        end.unwrap();
    }
}

#[tokio::test]
async fn a_line_that_is_no_request_ends_the_serving() {
    let (answers, end) = raw("ahoy\n").await;
    assert_eq!(answers, "");
    let error = end.unwrap_err();
    assert!(matches!(error, ServeError::NoRequest { .. }));
    assert!(error.to_string().starts_with("`ahoy` is no request: "), "{error}");
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_a_bad_one() {
    let (here, mut there) = tokio::io::duplex(4096);
    let (answers, requests) = tokio::io::split(here);
    there.write_all(b"{\"id\":9,\"outcome\":{\"Ok\":null}}\n").await.unwrap();
    let bad = soon(Remote::connect(answers, requests, Arc::new(SystemClock))).await;
    let bad = interruption(bad);
    assert_eq!(bad.kind, InterruptionKind::BadAnswer);
    assert!(bad.message.ends_with("nobody waits for that answer"), "{bad}");
}
