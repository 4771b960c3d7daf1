//! Guests that want all the memory there is.

use std::time::Duration;

use plimsoll_contract::{FlowId, Instant};
use plimsoll_contract::{InterruptionKind, WebhookRejectionStore, WebhookReplayStore};
use plimsoll_host::{Limits, LoadErrorKind};

use crate::apart::{Zoo, apart, apart_with, expect_lost_then_reopened, register, usual};
use crate::asked::interruption;
use crate::raw::Raw;

/// A call ends because of a limit, and its message has that word.
async fn expect_limit(zoo: &Zoo, raw: &Raw, word: &str) {
    let backend = zoo.raw(raw).await;
    let limit = interruption(zoo.beside(register(&backend, "n-1")).await);
    assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
    assert!(limit.message.contains(word), "{limit}");
    expect_lost_then_reopened(&backend).await;
}

/// Nothing of it is ever run.
async fn expect_no_start(zoo: &Zoo, raw: &Raw, word: &str) {
    let error = zoo.load(&raw.bytes()).await.err().expect("it does not start");
    assert_eq!(error.kind, LoadErrorKind::DoesNotStart, "{error}");
    assert!(error.to_string().contains(word), "{error}");
}

#[test]
fn memory_that_grows_page_by_page() {
    apart(async |zoo| {
        let growing = "(loop $more (drop (memory.grow (i32.const 1))) (br $more)) (i32.const 64)";
        let raw = Raw::new().function("try-register", growing);
        expect_limit(zoo, &raw, "bytes of memory").await;
    });
}

#[test]
fn memory_that_grows_at_once() {
    apart(async |zoo| {
        let growing = "(drop (memory.grow (i32.const 65000))) (i32.const 64)";
        let raw = Raw::new().function("try-register", growing);
        expect_limit(zoo, &raw, "bytes of memory").await;
    });
}

#[test]
fn a_least_memory_of_four_gibibytes() {
    apart(async |zoo| {
        expect_no_start(zoo, &Raw::new().memory("65536"), "bytes of memory").await;
    });
}

#[test]
fn memories_that_are_too_large_together() {
    apart(async |zoo| {
        let raw = Raw::new().item("(memory 200) (memory 200) (memory 200)");
        expect_no_start(zoo, &raw, "bytes of memory").await;
    });
}

#[test]
fn a_hundred_memories() {
    apart(async |zoo| {
        expect_no_start(zoo, &Raw::new().item(&"(memory 0)".repeat(99)), "memor").await;
    });
}

#[test]
fn a_hundred_tables() {
    apart(async |zoo| {
        expect_no_start(zoo, &Raw::new().item(&"(table 0 funcref)".repeat(98)), "table").await;
    });
}

#[test]
fn a_least_table_of_ten_million() {
    apart(async |zoo| {
        let raw = Raw::new().item("(table 10000000 funcref)");
        expect_no_start(zoo, &raw, "table elements").await;
    });
}

#[test]
fn a_table_that_grows() {
    apart(async |zoo| {
        let growing = "(loop $more
                (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $more))
            (i32.const 64)";
        let raw = Raw::new().item("(table $t 0 funcref)").function("try-register", growing);
        expect_limit(zoo, &raw, "table elements").await;
    });
}

#[test]
fn an_initialisation_that_grows_memory() {
    apart(async |zoo| {
        let growing = "(loop $more (drop (memory.grow (i32.const 1))) (br $more))";
        expect_no_start(zoo, &Raw::new().initialize(growing), "bytes of memory").await;
    });
}

/// Arguments that are kept forever end the instance one day, not the host.
#[test]
fn memory_that_is_never_freed() {
    apart(async |zoo| {
        let backend = zoo.raw(&Raw::new()).await;
        let nonce = "n".repeat(1 << 20);
        let hoarding = async {
            for _ in 0..64 {
                register(&backend, &nonce).await?;
            }
            Ok(())
        };
        let limit = interruption(zoo.beside(hoarding).await);
        assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
        expect_lost_then_reopened(&backend).await;
    });
}

#[test]
fn an_argument_larger_than_the_guest() {
    apart(async |zoo| {
        let backend = zoo.raw(&Raw::new()).await;
        let nonce = "n".repeat(64 << 20);
        let limit = interruption(zoo.beside(register(&backend, &nonce)).await);
        assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
        expect_lost_then_reopened(&backend).await;
    });
}

#[test]
fn an_argument_that_fits() {
    apart(async |zoo| {
        let backend = zoo.hostile().await;
        let nonce = "n".repeat(16 << 20);
        let register = backend.try_register(FlowId::default(), "", &nonce, Instant::UNIX_EPOCH);
        assert_eq!(zoo.beside(register).await, Ok(true));
    });
}

/// Bulk instructions run to their end before a deadline is looked at, so memory bounds them.
#[test]
fn bulk_instructions_over_all_of_memory() {
    let limits = Limits { memory_bytes: 64 << 20, ..usual() };
    apart_with(limits, async |zoo| {
        let filling = "(loop $forever
                (memory.fill (i32.const 1024) (i32.const 1) (i32.const 66000000))
                (memory.copy (i32.const 1025) (i32.const 1024) (i32.const 66000000))
                (br $forever))
            (i32.const 64)";
        let raw = Raw::new().memory("1020").function("counts-by-reason", filling);
        let backend = zoo.raw(&raw).await;
        let timeout = interruption(zoo.beside(backend.counts_by_reason(Duration::ZERO)).await);
        assert_eq!(timeout.kind, InterruptionKind::Timeout, "{timeout}");
    });
}
