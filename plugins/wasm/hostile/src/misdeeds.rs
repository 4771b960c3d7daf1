//! What it does when it is asked to, besides computing and allocating. Where a host refuses, the
//! answer is true.

use crate::wasi::cli::exit::exit;
use crate::wasi::cli::stderr::get_stderr;
use crate::wasi::cli::stdin::get_stdin;
use crate::wasi::cli::stdout::get_stdout;
use crate::wasi::clocks0_2_1::monotonic_clock::subscribe_duration;
use crate::wasi::io::poll::poll;
use crate::wasi::io::streams::OutputStream;
use crate::wasi::random::{insecure, random};

/// A hundred years in nanoseconds.
const CENTURY: u64 = 100 * 365 * 86_400 * 1_000_000_000;

/// None of the misdeeds here has that name.
pub(crate) fn commit(name: &str) -> Option<bool> {
    Some(match name {
        "exit" => leave(Ok(())),
        "exit-with-failure" => leave(Err(())),
        "wait-for-a-century" => wait(CENTURY),
        "wait-for-two" => {
            poll(&[&subscribe_duration(CENTURY), &subscribe_duration(u64::MAX)]) == []
        }
        "wait-for-input" => wait_for_input(),
        "read-input" => get_stdin().blocking_read(1 << 20).is_err(),
        "skip-input" => get_stdin().blocking_skip(u64::MAX).is_err(),
        "hoard-pollables" => hoard(|| subscribe_duration(CENTURY)),
        "hoard-streams" => hoard(get_stdin),
        "poll-a-million-times-the-same" => poll_many(),
        "poll-nothing" => poll(&[]).is_empty(),
        "flood-output" => flood(&get_stdout()),
        "flood-errors" => flood(&get_stderr()),
        "write-more-than-allowed" => get_stderr().write(&vec![b'x'; 8 << 20]).is_err(),
        "write-zeroes" => get_stderr().write_zeroes(u64::MAX).is_err(),
        "splice" => get_stderr().blocking_splice(&get_stdin(), u64::MAX).is_err(),
        "drain-random-in-pieces" => loop {
            std::hint::black_box(random::get_random_bytes(60_000));
        },
        "drain-insecure-random" => insecure::get_insecure_random_bytes(u64::MAX).is_empty(),
        _ => return None,
    })
}

fn leave(status: Result<(), ()>) -> bool {
    exit(status);
    false
}

fn wait(nanoseconds: u64) -> bool {
    subscribe_duration(nanoseconds).block();
    false
}

fn wait_for_input() -> bool {
    get_stdin().subscribe().block();
    true
}

fn hoard<T>(make: impl Fn() -> T) -> bool {
    loop {
        std::mem::forget(make());
    }
}

fn poll_many() -> bool {
    let ready = subscribe_duration(0);
    let ready = vec![&ready; 1_000_000];
    poll(&ready).is_empty()
}

/// True once the host takes no more.
fn flood(stream: &OutputStream) -> bool {
    while stream.blocking_write_and_flush(&[b'x'; 4_096]).is_ok() {}
    true
}
