//! Guests that lie about memory when the host asks them for some.

use plimsoll_contract::{InterruptionKind, Result};

use crate::apart::{Zoo, apart, expect_lost, register};
use crate::asked::interruption;
use crate::raw::Raw;

async fn register_with(zoo: &Zoo, realloc: &str) -> Result<bool> {
    let backend = zoo.raw(&Raw::new().realloc(realloc)).await;
    let answer = zoo.beside(register(&backend, "a nonce that is longer than nothing")).await;
    if answer.is_err() {
        expect_lost(&backend).await;
    }
    answer
}

async fn expect_end(zoo: &Zoo, realloc: &str, kind: InterruptionKind) {
    let end = interruption(register_with(zoo, realloc).await);
    assert_eq!(end.kind, kind, "{end}");
}

/// Address zero is memory like any other: the guest overwrites its own.
#[test]
fn a_place_at_null() {
    apart(async |zoo| assert_eq!(register_with(zoo, "(i32.const 0)").await, Ok(false)));
}

/// Both texts land in one place: the guest has only itself to blame.
#[test]
fn the_same_place_every_time() {
    apart(async |zoo| assert_eq!(register_with(zoo, "(i32.const 4096)").await, Ok(false)));
}

#[test]
fn a_place_outside_memory() {
    apart(async |zoo| {
        for place in ["131072", "-1", "-16", "131070", "2147483647"] {
            let realloc = format!("(i32.const {place})");
            expect_end(zoo, &realloc, InterruptionKind::BadAnswer).await;
        }
    });
}

#[test]
fn a_trap_in_realloc() {
    apart(async |zoo| expect_end(zoo, "unreachable", InterruptionKind::Trap).await);
}

#[test]
fn a_realloc_that_never_ends() {
    apart(async |zoo| {
        let forever = "(loop $forever (br $forever)) (i32.const 0)";
        expect_end(zoo, forever, InterruptionKind::Timeout).await;
    });
}

#[test]
fn a_realloc_that_grows_without_end() {
    apart(async |zoo| {
        let growing = "(loop $more (drop (memory.grow (i32.const 1))) (br $more)) (i32.const 0)";
        expect_end(zoo, growing, InterruptionKind::Limit).await;
    });
}

#[test]
fn a_realloc_that_recurses() {
    apart(async |zoo| {
        let recursing = "(call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3))
            (i32.const 1) i32.add";
        expect_end(zoo, recursing, InterruptionKind::Limit).await;
    });
}

/// While the host writes arguments into a guest, the guest must not call the host.
#[test]
fn a_realloc_that_calls_the_host() {
    apart(async |zoo| {
        let calling = "(call $now (i32.const 128)) (i32.const 4096)";
        expect_end(zoo, calling, InterruptionKind::Trap).await;
    });
}

/// A call within the guest's own module is nobody's business.
#[test]
fn a_realloc_that_calls_an_export() {
    apart(async |zoo| {
        let calling = "(drop (call $purge-expired (i64.const 0) (i32.const 0))) (i32.const 4096)";
        assert_eq!(register_with(zoo, calling).await, Ok(false));
    });
}
