//! Backends in processes of their own, and how they die.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_contract::{
    Backend, CallError, FlowId, Instant, Interface, Interruption, InterruptionKind, OpenConfig,
    OutputsRepository, Result, RunId, RunRuntimeStore, SystemClock, WebhookReplayStore,
};
use plimsoll_remote::Remote;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// The example `child`, which cargo builds before it runs tests.
fn child() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let examples = test.ancestors().nth(2).unwrap().join("examples");
    examples.join(format!("child{}", std::env::consts::EXE_SUFFIX))
}

async fn spawn(command: Command) -> Result<Arc<Remote>> {
    let spawning = Remote::spawn(command, Arc::new(SystemClock));
    Ok(Arc::new(soon(spawning).await?))
}

async fn model() -> Arc<Remote> {
    let remote = spawn(Command::new(child())).await.unwrap();
    remote.open(&OpenConfig::namespace("harbour"), Arc::new(SystemClock)).await.unwrap();
    remote
}

async fn odd() -> Arc<Remote> {
    let mut command = Command::new(child());
    command.arg("odd");
    spawn(command).await.unwrap()
}

/// Nothing here takes longer, or it hangs.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it hangs")
}

fn interruption<T: std::fmt::Debug>(result: Result<T>) -> Interruption {
    match result {
        Err(CallError::Interrupted(interruption)) => *interruption,
        other => panic!("{other:?} is no interruption"),
    }
}

fn run() -> RunId {
    RunId(Uuid::from_u128(1))
}

/// Begins a call that is never answered, and waits until the process has it.
async fn stuck<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    remote: &Arc<Remote>,
    call: impl FnOnce(Arc<Remote>) -> F,
) -> JoinHandle<T> {
    let call = tokio::spawn(call(Arc::clone(remote)));
    // It is asked for after the call, and requests are read in their order.
    tokio::task::yield_now().await;
    soon(remote.describe()).await.unwrap();
    call
}

#[tokio::test]
async fn a_process_is_a_backend() {
    let remote = model().await;
    assert_eq!(remote.exports(), Interface::ALL);
    let flow = FlowId(Uuid::from_u128(2));
    for first in [true, false] {
        let registered = remote.try_register(flow, "k", "n", Instant::UNIX_EPOCH).await;
        assert_eq!(registered, Ok(first));
    }
}

#[tokio::test]
async fn texts_that_fill_the_pipes_get_through() {
    let remote = model().await;
    let text = "\u{1F6A2} harbour ".repeat(100_000);
    let mut calls = Vec::new();
    for number in 0..8 {
        let (remote, text) = (Arc::clone(&remote), text.clone());
        calls.push(tokio::spawn(async move {
            let key = number.to_string();
            remote.save_step_output(run(), &key, &text).await.unwrap();
            remote.get_step_output(run(), &key).await.unwrap() == Some(text)
        }));
    }
    for call in calls {
        assert!(soon(call).await.unwrap());
    }
}

#[tokio::test]
async fn a_killed_process_ends_every_call() {
    let remote = odd().await;
    let call = stuck(&remote, |remote| async move { remote.get_step_statuses(run()).await }).await;
    assert!(!call.is_finished());
    soon(remote.kill()).await;

    let under_way = soon(call).await.unwrap();
    assert!(under_way.as_ref().unwrap_err().is_indeterminate());
    let trap = interruption(under_way);
    assert_eq!(trap.kind, InterruptionKind::Trap);
    assert_eq!(trap.message, "the backend's process ended, signal: 9 (SIGKILL)");

    for _ in 0..2 {
        let lost = interruption(soon(remote.describe()).await);
        assert_eq!(lost.kind, InterruptionKind::StateLost, "{lost}");
        soon(remote.kill()).await;
    }
}

#[tokio::test]
async fn a_process_that_exits_ends_every_call() {
    let remote = odd().await;
    let other = stuck(&remote, |remote| async move { remote.get_step_statuses(run()).await }).await;
    let trap = interruption(soon(remote.try_claim_step(run(), "a")).await);
    assert_eq!(trap.kind, InterruptionKind::Trap);
    assert_eq!(trap.message, "the backend's process ended, exit status: 7");
    assert_eq!(interruption(soon(other).await.unwrap()), trap);
    assert_eq!(interruption(remote.describe().await).kind, InterruptionKind::StateLost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_a_storm_of_writes_ends_every_writer() {
    let remote = model().await;
    let (acknowledge, mut acknowledged) = unbounded_channel();
    let mut writers = Vec::new();
    for writer in 0..8_u128 {
        let (remote, acknowledge) = (Arc::clone(&remote), acknowledge.clone());
        writers.push(tokio::spawn(async move {
            let flow = FlowId(Uuid::from_u128(writer));
            for nonce in 0_u64.. {
                let nonce = nonce.to_string();
                match remote.try_register(flow, "k", &nonce, Instant::UNIX_EPOCH).await {
                    Ok(first) => assert!(first),
                    Err(error) => return Some(error),
                }
                acknowledge.send(()).unwrap();
            }
            None
        }));
    }
    for _ in 0..500 {
        soon(acknowledged.recv()).await.unwrap();
    }
    soon(remote.kill()).await;
    for writer in writers {
        let error = soon(writer).await.unwrap().expect("writers never stop by themselves");
        // Between two calls, a writer finds the process gone at its next.
        let expected = if error.is_indeterminate() { "trap: " } else { "state lost: " };
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_shown() {
    let mut echo = Command::new("echo");
    echo.arg("ahoy");
    let bad = interruption(spawn(echo).await);
    assert_eq!(bad.kind, InterruptionKind::BadAnswer);
    let begins = "the backend's process wrote `ahoy`: that is no answer, ";
    assert!(bad.message.starts_with(begins), "{bad}");

    let remote = odd().await;
    let call = stuck(&remote, |remote| async move { remote.get_step_statuses(run()).await }).await;
    // Its own answer may or may not come before the garbage is read.
    let _ = soon(remote.release_step_claim(run(), "a")).await;
    let bad = interruption(soon(call).await.unwrap());
    assert_eq!(bad.kind, InterruptionKind::BadAnswer);
    assert!(bad.message.contains("`released a`"), "{bad}");
    assert_eq!(interruption(remote.describe().await).kind, InterruptionKind::StateLost);
}

#[tokio::test]
async fn a_process_that_serves_nothing_is_an_error() {
    let none = interruption(spawn(Command::new("plimsoll-no-such-program")).await);
    assert_eq!(none.kind, InterruptionKind::StateLost);
    assert!(none.message.contains("`plimsoll-no-such-program` cannot be started"), "{none}");

    let silent = interruption(spawn(Command::new("true")).await);
    assert_eq!(silent.kind, InterruptionKind::Trap);
    assert_eq!(silent.message, "the backend's process ended, exit status: 0");
}

/// An odd backend whose pipe somebody has inherited: it does not close with the process.
async fn odd_with_heir() -> Arc<Remote> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "sleep 10 & exec \"$0\" odd"]).arg(child());
    spawn(shell).await.unwrap()
}

/// Before the heir ends.
async fn before_the_pipe_closes<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future).await.expect("it waits too long")
}

#[tokio::test]
async fn a_killed_process_ends_every_call_though_its_pipe_lives_on() {
    let remote = odd_with_heir().await;
    let call = stuck(&remote, |remote| async move { remote.get_step_statuses(run()).await }).await;
    before_the_pipe_closes(remote.kill()).await;
    assert_eq!(interruption(soon(call).await.unwrap()).kind, InterruptionKind::Trap);
}

#[tokio::test]
async fn a_process_that_exits_ends_every_call_though_its_pipe_lives_on() {
    let remote = odd_with_heir().await;
    let call = before_the_pipe_closes(remote.try_claim_step(run(), "a")).await;
    assert_eq!(interruption(call).message, "the backend's process ended, exit status: 7");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_a_remote_kills_its_process() {
    let remote = odd().await;
    let process = remote.describe().await.unwrap().version;
    let is_alive = || {
        let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The state stands behind the name; a zombie is dead.
        status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
    };
    // With a call under way it does not end just because nobody sends requests.
    let call = stuck(&remote, |remote| async move { remote.get_step_statuses(run()).await }).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(is_alive());
    drop(remote);
    let death = async {
        while is_alive() {
            tokio::task::yield_now().await;
        }
    };
    // Before it would end by itself.
    tokio::time::timeout(Duration::from_secs(1), death).await.expect("it lives");
}
