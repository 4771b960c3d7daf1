//! What ends a link: the process, its pipes, or what it writes.

use std::pin::pin;
use std::time::Duration;

use plimsoll_contract::{Interruption, InterruptionKind};
use tokio::io::{AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::Notify;
use tokio::{select, time};

use crate::lines;
use crate::link::Link;
use crate::message::{Answer, bad};

/// How long answers are read after the process ended. They are in the pipe already; it only stays
/// open longer where another process has inherited it.
const LEFT_OVER: Duration = Duration::from_secs(1);

/// Hands out answers until the process ends, closes its output, writes what is no answer, or is to
/// stop. Says which, for the calls that are still under way; the process is dead by then.
pub(crate) async fn watch(
    mut process: Option<Child>,
    answers: impl AsyncRead + Unpin,
    link: &Link,
    stop: &Notify,
) -> Interruption {
    let mut reading = pin!(hand_out(answers, link));
    let mut read = select! {
        biased;
        () = stop.notified() => None,
        read = &mut reading => Some(read),
        () = ended(&mut process) => None,
    };
    let mut how = "the pipe to the backend was closed".to_owned();
    if let Some(process) = &mut process {
        // It fails if the process has ended, which is what is wanted.
        let _ = process.start_kill();
        how = match process.wait().await {
            Ok(status) => format!("the backend's process ended, {status}"),
            Err(error) => format!("the backend's process cannot be waited for: {error}"),
        };
        if read.is_none() {
            read = time::timeout(LEFT_OVER, reading).await.ok();
        }
    }
    match read {
        Some(Err(unreadable)) => bad(unreadable),
        _ => Interruption { kind: InterruptionKind::Trap, message: how, backtrace: None },
    }
}

async fn ended(process: &mut Option<Child>) {
    match process {
        // An error is found again by the caller.
        Some(process) => drop(process.wait().await),
        None => std::future::pending().await,
    }
}

/// Reads answers to the end.
///
/// # Errors
///
/// What was read is no answer.
async fn hand_out(answers: impl AsyncRead + Unpin, link: &Link) -> Result<(), String> {
    let (mut answers, mut line) = (BufReader::new(answers), Vec::new());
    let broken = |error| format!("the backend's answers cannot be read: {error}");
    while lines::read(&mut answers, &mut line).await.map_err(broken)? {
        let no_answer =
            |why: &str| format!("the backend's process wrote `{}`: {why}", lines::excerpt(&line));
        let answer: Answer = serde_json::from_slice(&line)
            .map_err(|error| no_answer(&format!("that is no answer, {error}")))?;
        link.answer(answer).map_err(|_| no_answer("nobody waits for that answer"))?;
    }
    Ok(())
}
