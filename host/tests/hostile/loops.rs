//! Guests that never end, that end badly, and that call what they must not.

use std::sync::Arc;

use plimsoll_contract::{
    Backend, InterruptionKind, OpenConfig, SystemClock, WebhookRejectionStore,
};
use plimsoll_host::{InstanceOptions, LoadErrorKind, WasmBackend};

use crate::answers::row;
use crate::apart::{Zoo, apart, expect_lost_then_reopened, register};
use crate::asked::interruption;
use crate::raw::Raw;

const FOREVER: &str = "(loop $forever (br $forever)) (i32.const 0)";
const FOREVER_WITHOUT_ANSWER: &str = "(loop $forever (br $forever))";

async fn register_beside(zoo: &Zoo, backend: &WasmBackend) -> plimsoll_contract::Interruption {
    interruption(zoo.beside(register(backend, "n-1")).await)
}

#[test]
fn a_call_that_never_ends() {
    apart(async |zoo| {
        let backend = zoo.raw(&Raw::new().function("purge-expired", FOREVER)).await;
        let now = plimsoll_contract::Instant::UNIX_EPOCH;
        let purge = plimsoll_contract::WebhookReplayStore::purge_expired(&backend, now);
        let timeout = interruption(zoo.beside(purge).await);
        assert_eq!(timeout.kind, InterruptionKind::Timeout, "{timeout}");
        expect_lost_then_reopened(&backend).await;
    });
}

#[test]
fn an_open_that_never_ends() {
    apart(async |zoo| {
        let backend = zoo.raw(&Raw::new().function("open", FOREVER)).await;
        let config = OpenConfig::namespace("a");
        // The second time an instance is made for it.
        for _ in 0..2 {
            let open = zoo.beside(backend.open(&config, Arc::new(SystemClock))).await;
            assert_eq!(interruption(open).kind, InterruptionKind::Timeout);
        }
        let lost = interruption(register(&backend, "n-1").await);
        assert_eq!(lost.kind, InterruptionKind::StateLost, "{lost}");
    });
}

#[test]
fn a_description_that_never_comes() {
    apart(async |zoo| {
        let raw = Raw::new().function("describe", FOREVER);
        let plugin = zoo.load(&raw.bytes()).await.unwrap();
        assert_eq!(plugin.description(), None);
        let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
        let timeout = interruption(zoo.beside(backend.describe()).await);
        assert_eq!(timeout.kind, InterruptionKind::Timeout, "{timeout}");
        expect_lost_then_reopened(&backend).await;
    });
}

async fn expect_no_start(zoo: &Zoo, raw: &Raw, word: &str) {
    let error = zoo.load(&raw.bytes()).await.err().expect("it does not start");
    assert_eq!(error.kind, LoadErrorKind::DoesNotStart, "{error}");
    assert!(error.to_string().contains(word), "{error}");
}

#[test]
fn a_start_function_that_never_ends() {
    apart(async |zoo| {
        let start = "(func $begin (loop $forever (br $forever))) (start $begin)";
        expect_no_start(zoo, &Raw::new().item(start), "no answer within").await;
    });
}

#[test]
fn an_initialisation_that_never_ends() {
    apart(async |zoo| {
        let raw = Raw::new().initialize(FOREVER_WITHOUT_ANSWER);
        expect_no_start(zoo, &raw, "no answer within").await;
    });
}

#[test]
fn a_start_function_that_traps() {
    apart(async |zoo| {
        let start = "(func $begin unreachable) (start $begin)";
        expect_no_start(zoo, &Raw::new().item(start), "unreachable").await;
    });
}

#[test]
fn a_loop_of_calls_into_the_host() {
    apart(async |zoo| {
        let asking = "(loop $forever (call $now (i32.const 128)) (br $forever)) (i32.const 64)";
        let backend = zoo.raw(&Raw::new().function("try-register", asking)).await;
        let timeout = register_beside(zoo, &backend).await;
        assert_eq!(timeout.kind, InterruptionKind::Timeout, "{timeout}");
        expect_lost_then_reopened(&backend).await;
    });
}

#[test]
fn a_recursion_without_end() {
    apart(async |zoo| {
        let recursing = "(call $purge-expired (i64.const 0) (i32.const 0))";
        let raw = Raw::new().function("try-register", recursing).function(
            "purge-expired",
            "(i32.add (call $purge-expired (local.get 0) (local.get 1)) (i32.const 1))",
        );
        let backend = zoo.raw(&raw).await;
        let limit = register_beside(zoo, &backend).await;
        assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
        assert!(limit.message.contains("stack"), "{limit}");
        expect_lost_then_reopened(&backend).await;
    });
}

#[test]
fn a_recursion_through_a_table() {
    apart(async |zoo| {
        let item = "(type $down (func (param i32) (result i32)))
            (table 1 funcref) (elem (i32.const 0) $down)
            (func $down (type $down) (i32.add (i32.const 1)
                (call_indirect (type $down) (local.get 0) (i32.const 0))))";
        let raw = Raw::new().item(item).function("try-register", "(call $down (i32.const 0))");
        let backend = zoo.raw(&raw).await;
        let limit = register_beside(zoo, &backend).await;
        assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
        expect_lost_then_reopened(&backend).await;
    });
}

#[test]
fn a_start_function_that_recurses() {
    apart(async |zoo| {
        let start = "(func $begin (call $begin)) (start $begin)";
        expect_no_start(zoo, &Raw::new().item(start), "stack").await;
    });
}

#[test]
fn a_trap_after_the_answer() {
    apart(async |zoo| {
        let raw = Raw::new().post("counts-by-reason", "unreachable");
        expect_end_after_answer(zoo, &raw, InterruptionKind::Trap).await;
    });
}

#[test]
fn an_end_of_a_call_that_never_comes() {
    apart(async |zoo| {
        let raw = Raw::new().post("counts-by-reason", FOREVER_WITHOUT_ANSWER);
        expect_end_after_answer(zoo, &raw, InterruptionKind::Timeout).await;
    });
}

#[test]
fn a_call_into_the_host_after_the_answer() {
    apart(async |zoo| {
        let raw = Raw::new().post("counts-by-reason", "(call $now (i32.const 128))");
        expect_end_after_answer(zoo, &raw, InterruptionKind::Trap).await;
    });
}

async fn expect_end_after_answer(zoo: &Zoo, raw: &Raw, kind: InterruptionKind) {
    let backend = zoo.raw(raw).await;
    let counts = backend.counts_by_reason(std::time::Duration::ZERO);
    let end = interruption(zoo.beside(counts).await);
    assert_eq!(end.kind, kind, "{end}");
    expect_lost_then_reopened(&backend).await;
}

#[test]
fn a_trap_in_the_middle_of_a_write() {
    apart(async |zoo| {
        // Half of the write is kept, where the next call would see it.
        let half = "(global.set $half (i32.const 1)) unreachable";
        let told = "(i32.store8 (i32.const 68) (global.get $half)) (i32.const 64)";
        let raw = Raw::new()
            .item("(global $half (mut i32) (i32.const 0))")
            .function("write", half)
            .function("try-register", told);
        let backend = zoo.raw(&raw).await;
        assert_eq!(register(&backend, "n-1").await, Ok(false));
        let trap = interruption(zoo.beside(backend.write(&row())).await);
        assert_eq!(trap.kind, InterruptionKind::Trap, "{trap}");
        expect_lost_then_reopened(&backend).await;
        assert_eq!(register(&backend, "n-1").await, Ok(false), "nothing is left of the write");
    });
}

/// Well-behaved for ten thousand calls, and then no more.
async fn turncoat(zoo: &Zoo, afterwards: &str) -> plimsoll_contract::Interruption {
    let body = format!(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.gt_u (global.get $calls) (i32.const 10000)) (then {afterwards}))
        (i32.const 64)"
    );
    let raw = Raw::new()
        .item("(global $calls (mut i32) (i32.const 0))")
        .realloc("(i32.const 4096)")
        .function("try-register", &body);
    let backend = zoo.raw(&raw).await;
    for _ in 0..10_000 {
        assert_eq!(register(&backend, "n-1").await, Ok(false));
    }
    let end = register_beside(zoo, &backend).await;
    expect_lost_then_reopened(&backend).await;
    end
}

#[test]
fn a_trap_after_ten_thousand_calls() {
    apart(async |zoo| {
        assert_eq!(turncoat(zoo, "unreachable").await.kind, InterruptionKind::Trap);
    });
}

#[test]
fn a_loop_after_ten_thousand_calls() {
    apart(async |zoo| {
        let end = turncoat(zoo, FOREVER_WITHOUT_ANSWER).await;
        assert_eq!(end.kind, InterruptionKind::Timeout);
    });
}

#[test]
fn a_lie_after_ten_thousand_calls() {
    apart(async |zoo| {
        let end = turncoat(zoo, "(return (i32.const -4))").await;
        assert_eq!(end.kind, InterruptionKind::BadAnswer);
    });
}
