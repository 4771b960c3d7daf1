//! Guests that abuse what links: waiting, streams, random numbers, handles, the network.

use plimsoll_contract::{Interruption, InterruptionKind, Result};
use plimsoll_host::WasmBackend;

use crate::apart::{Zoo, apart, expect_lost_then_reopened};
use crate::asked::{ask, interruption, look};

/// Asks for a misdeed and has the guest end by it.
async fn end(zoo: &Zoo, misdeed: &str) -> Interruption {
    let backend = zoo.hostile().await;
    let end = interruption(zoo.beside(ask(&backend, misdeed)).await);
    expect_lost_then_reopened(&backend).await;
    end
}

async fn expect_end(zoo: &Zoo, misdeed: &str, kind: InterruptionKind, word: &str) {
    let end = end(zoo, misdeed).await;
    assert_eq!(end.kind, kind, "{end}");
    assert!(end.message.contains(word), "{end}");
}

/// Asks for a misdeed that the host refuses, or that does nothing.
async fn expect_refused(zoo: &Zoo, misdeed: &str) {
    let backend = zoo.hostile().await;
    assert_eq!(zoo.beside(ask(&backend, misdeed)).await, Ok(true));
    assert_eq!(again(&backend).await, Ok(true), "the instance is as good as before");
}

async fn again(backend: &WasmBackend) -> Result<bool> {
    ask(backend, "nothing").await
}

#[test]
fn an_exit() {
    apart(async |zoo| {
        expect_end(zoo, "exit", InterruptionKind::Trap, "ended itself").await;
        expect_end(zoo, "exit-with-failure", InterruptionKind::Trap, "ended itself").await;
    });
}

#[test]
fn a_wait_of_a_hundred_years() {
    apart(async |zoo| {
        let kind = InterruptionKind::Timeout;
        expect_end(zoo, "wait-for-a-century", kind, "no answer within").await;
        expect_end(zoo, "wait-for-two", kind, "no answer within").await;
    });
}

#[test]
fn a_wait_for_nothing() {
    apart(async |zoo| expect_end(zoo, "poll-nothing", InterruptionKind::Trap, "empty").await);
}

/// Standard input is at its end from the start.
#[test]
fn a_wait_for_input() {
    apart(async |zoo| {
        for misdeed in ["wait-for-input", "read-input", "skip-input"] {
            expect_refused(zoo, misdeed).await;
        }
    });
}

#[test]
fn pollables_without_end() {
    apart(async |zoo| {
        expect_end(zoo, "hoard-pollables", InterruptionKind::Limit, "handles").await;
    });
}

#[test]
fn streams_without_end() {
    apart(async |zoo| {
        expect_end(zoo, "hoard-streams", InterruptionKind::Limit, "handles").await;
    });
}

#[test]
fn a_list_of_a_million_handles() {
    apart(async |zoo| {
        let end = end(zoo, "poll-a-million-times-the-same").await;
        assert_eq!(end.kind, InterruptionKind::Limit, "{end}");
    });
}

#[test]
fn a_flood_of_output() {
    apart(async |zoo| {
        let kind = InterruptionKind::Timeout;
        expect_end(zoo, "flood-output", kind, "no answer within").await;
    });
}

#[test]
fn a_flood_of_errors() {
    apart(async |zoo| {
        let end = end(zoo, "flood-errors").await;
        assert_eq!(end.kind, InterruptionKind::Timeout, "{end}");
        assert!(end.message.len() < 8_192, "{} bytes are kept", end.message.len());
    });
}

#[test]
fn a_write_larger_than_allowed() {
    apart(async |zoo| {
        for misdeed in ["write-more-than-allowed", "write-zeroes"] {
            let end = end(zoo, misdeed).await;
            assert_eq!(end.kind, InterruptionKind::Trap, "{end}");
        }
    });
}

#[test]
fn a_splice_of_everything() {
    apart(async |zoo| expect_refused(zoo, "splice").await);
}

#[test]
fn random_numbers_without_end() {
    apart(async |zoo| {
        let kind = InterruptionKind::Timeout;
        expect_end(zoo, "drain-random-in-pieces", kind, "no answer within").await;
    });
}

#[test]
fn random_numbers_all_at_once() {
    apart(async |zoo| {
        for misdeed in ["drain-random", "drain-insecure-random"] {
            expect_end(zoo, misdeed, InterruptionKind::Trap, "exceeds limit").await;
        }
    });
}

#[test]
fn ways_out_to_files() {
    apart(async |zoo| {
        let backend = zoo.hostile().await;
        let seen = zoo.beside(look(&backend, 5)).await;
        assert!(seen.is_empty(), "there is no directory to begin with: {seen:?}");
    });
}

const REFUSED: [&str; 5] = [
    "connect: access-denied",
    "listen: access-denied",
    "listen without an address: access-denied",
    "udp: access-denied",
    "look up: access-denied",
];

#[test]
fn ways_out_to_the_network() {
    apart(async |zoo| {
        // Somebody listens there, so that a connection would succeed.
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = u64::from(listener.local_addr().unwrap().port());
        let backend = zoo.hostile().await;
        let seen = zoo.beside(look(&backend, 10_000 + port)).await;
        let seen: Vec<_> = seen.iter().map(|(way, _)| way.as_str()).collect();
        assert_eq!(seen, REFUSED);
        let nobody = listener.accept().map(|_| ()).unwrap_err();
        assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    });
}
