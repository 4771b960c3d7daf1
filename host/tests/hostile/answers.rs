//! Guests whose answers are lies: no such case, no text, nothing there, more than there is.

use std::time::Duration;

use plimsoll_contract::{
    Backend, CallError, FlowId, Instant, Interruption, InterruptionKind, Page, WebhookRejection,
    WebhookRejectionStore,
};
use plimsoll_host::{InstanceOptions, LoadErrorKind};

use crate::apart::{Zoo, apart, expect_lost_then_reopened, register};
use crate::asked::interruption;
use crate::raw::{ANSWER, Raw, words};

/// A row as any caller could write it.
pub(crate) fn row() -> WebhookRejection {
    WebhookRejection {
        id: 0,
        flow_id: None,
        trigger_key: None,
        received_at: Instant::UNIX_EPOCH,
        remote_ip: None,
        reason: "reason".to_owned(),
        status_code: 401,
        body_bytes: 0,
        body_truncated: None,
        headers_json: None,
        scheme: None,
        processing_ms: None,
        is_accepted: false,
    }
}

/// `counts-by-reason` answers what these bytes mean: a case, and a list of text and number.
async fn count(zoo: &Zoo, raw: &Raw) -> plimsoll_contract::Result<Vec<(String, u64)>> {
    let backend = zoo.raw(raw).await;
    let counts = zoo.beside(backend.counts_by_reason(Duration::ZERO)).await;
    if let Err(CallError::Interrupted(_)) = &counts {
        expect_lost_then_reopened(&backend).await;
    }
    counts
}

async fn expect_bad(zoo: &Zoo, raw: Raw, word: &str) {
    let bad = interruption(count(zoo, &raw).await);
    assert_eq!(bad.kind, InterruptionKind::BadAnswer, "{bad}");
    assert!(bad.message.contains(word), "{bad}");
}

/// A list of `length` items at `place`.
fn list(place: u32, length: u32) -> Raw {
    Raw::new().answer("counts-by-reason", &words(&[0, place, length]))
}

#[test]
fn cases_that_there_are_not() {
    apart(async |zoo| {
        for case in [2, 3, 0x7f, 0xff] {
            let raw = Raw::new().answer("counts-by-reason", &words(&[case]));
            expect_bad(zoo, raw, "discriminant").await;
        }
    });
}

#[test]
fn errors_that_there_are_not() {
    apart(async |zoo| {
        for case in [6, 0x80, 0xff] {
            let raw = Raw::new().answer("counts-by-reason", &words(&[1, case]));
            expect_bad(zoo, raw, "discriminant").await;
        }
    });
}

#[test]
fn a_state_that_there_is_not() {
    apart(async |zoo| {
        let raw = Raw::new().answer("describe", &words(&[0, 0, 0, 0, 0, 7]));
        let plugin = zoo.load(&raw.bytes()).await.unwrap();
        assert_eq!(plugin.description(), None);
        let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
        let bad = interruption(zoo.beside(backend.describe()).await);
        assert_eq!(bad.kind, InterruptionKind::BadAnswer, "{bad}");
        expect_lost_then_reopened(&backend).await;
    });
}

/// The canonical ABI takes any number but zero for true.
#[test]
fn truths_that_are_neither() {
    apart(async |zoo| {
        let backend = zoo.raw(&Raw::new().answer("try-register", &words(&[0, 0xfe]))).await;
        assert_eq!(zoo.beside(register(&backend, "n-1")).await, Ok(true));
    });
}

#[test]
fn a_list_outside_memory() {
    apart(async |zoo| {
        expect_bad(zoo, list(0x7fff_0000, 1), "out of bounds").await;
        expect_bad(zoo, list(131_072 - 8, 1), "out of bounds").await;
    });
}

#[test]
fn a_list_that_is_not_aligned() {
    apart(async |zoo| expect_bad(zoo, list(2_049, 1), "not aligned").await);
}

#[test]
fn a_list_that_wraps_around_four_gibibytes() {
    apart(async |zoo| {
        expect_bad(zoo, list(0xffff_fff8, 1), "out of bounds").await;
        expect_bad(zoo, list(0xffff_fff8, 0x1000_0001), "out of bounds").await;
    });
}

#[test]
fn a_length_that_overflows() {
    apart(async |zoo| {
        for length in [u32::MAX, 0x8000_0000, 0x1000_0000, 0x1000_0001] {
            expect_bad(zoo, list(2_048, length), "out of bounds").await;
        }
    });
}

#[test]
fn an_answer_outside_memory() {
    apart(async |zoo| {
        for place in ["131072", "-4", "131068", "2147483644"] {
            let body = format!("(i32.const {place})");
            expect_bad(zoo, Raw::new().function("counts-by-reason", &body), "out of bounds").await;
        }
    });
}

#[test]
fn an_answer_that_is_not_aligned() {
    apart(async |zoo| {
        let raw = Raw::new().function("counts-by-reason", "(i32.const 1025)");
        expect_bad(zoo, raw, "not aligned").await;
    });
}

/// One item, whose text is at `place`.
fn text(place: u32, length: u32) -> Raw {
    list(2_048, 1).data(2_048, &words(&[place, length]))
}

#[test]
fn a_text_outside_memory() {
    apart(async |zoo| {
        expect_bad(zoo, text(0xffff_ffff, 2), "out of bounds").await;
        expect_bad(zoo, text(0, u32::MAX), "out of bounds").await;
    });
}

#[test]
fn texts_that_are_not_utf_8() {
    apart(async |zoo| {
        let texts: [&[u8]; 5] =
            [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ab\xe2\x82"];
        for bytes in texts {
            let raw = text(3_072, u32::try_from(bytes.len()).unwrap()).data(3_072, bytes);
            expect_bad(zoo, raw, "utf-8").await;
        }
    });
}

/// Reading is all that the host does with them, so they may lie over each other.
#[test]
fn texts_that_overlap() {
    apart(async |zoo| {
        let raw = list(2_048, 2)
            .data(2_048, &words(&[3_072, 3, 1, 0, 3_073, 3, 2, 0]))
            .data(3_072, b"abcd");
        let expected = [("abc".to_owned(), 1), ("bcd".to_owned(), 2)];
        assert_eq!(count(zoo, &raw).await.unwrap(), expected);
    });
}

/// The list of the items that `fill` makes in as much memory as there is.
fn many(length: u32, text_length: u32) -> Raw {
    let body = format!(
        "(local $at i32)
        (local.set $at (i32.const 65536))
        (loop $more
            (i32.store (local.get $at) (i32.const 65536))
            (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const {text_length}))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br_if $more (i32.lt_u (local.get $at) (i32.const {}))))
        (i32.const {ANSWER})",
        65_536 + 16 * length
    );
    let answer = words(&[0, 65_536, length]);
    Raw::new().memory("400").data(ANSWER, &answer).function("counts-by-reason", &body)
}

async fn expect_flood(zoo: &Zoo, raw: &Raw) {
    let limit = interruption(count(zoo, raw).await);
    assert_eq!(limit.kind, InterruptionKind::Limit, "{limit}");
    assert!(limit.message.contains("more memory in the host"), "{limit}");
}

#[test]
fn a_million_empty_texts() {
    apart(async |zoo| expect_flood(zoo, &many(1_000_000, 0)).await);
}

/// A few bytes of the guest, read again and again.
#[test]
fn a_million_times_the_same_large_text() {
    apart(async |zoo| expect_flood(zoo, &many(1_000_000, 1 << 20)).await);
}

#[test]
fn one_giant_text() {
    apart(async |zoo| expect_flood(zoo, &text(0, 24 << 20).memory("400")).await);
}

#[test]
fn a_giant_name() {
    apart(async |zoo| {
        let raw = Raw::new().memory("400").answer("describe", &words(&[0, 0, 24 << 20]));
        let plugin = zoo.load(&raw.bytes()).await.unwrap();
        assert_eq!(plugin.description(), None);
    });
}

#[test]
fn a_giant_error() {
    apart(async |zoo| {
        let raw = Raw::new().memory("400").answer("counts-by-reason", &words(&[1, 5, 0, 24 << 20]));
        expect_flood(zoo, &raw).await;
    });
}

/// One row of `query-recent`, all zeros but for these bytes.
async fn rows(
    zoo: &Zoo,
    at: u32,
    bytes: &[u8],
) -> plimsoll_contract::Result<Vec<WebhookRejection>> {
    let raw = Raw::new().answer("query-recent", &words(&[0, 2_048, 1])).data(2_048 + at, bytes);
    let backend = zoo.raw(&raw).await;
    zoo.beside(backend.query_recent(None::<FlowId>, None, true, Page::default())).await
}

async fn expect_no_instant(zoo: &Zoo, seconds: i64, nanoseconds: u32) -> Interruption {
    let bytes = [seconds.to_le_bytes().as_slice(), &nanoseconds.to_le_bytes()].concat();
    let bad = interruption(rows(zoo, 48, &bytes).await);
    assert_eq!(bad.kind, InterruptionKind::BadAnswer, "{bad}");
    bad
}

#[test]
fn instants_at_the_ends_of_their_types() {
    apart(async |zoo| {
        for (seconds, nanoseconds) in
            [(i64::MAX, 0), (i64::MIN, 0), (0, u32::MAX), (0, 1_000_000_000), (1 << 50, 0)]
        {
            let bad = expect_no_instant(zoo, seconds, nanoseconds).await;
            assert!(bad.message.contains(&seconds.to_string()), "{bad}");
        }
    });
}

#[test]
fn numbers_at_the_ends_of_their_types() {
    apart(async |zoo| {
        let ids = rows(zoo, 0, &i64::MIN.to_le_bytes()).await.unwrap();
        assert_eq!(ids[0].id, i64::MIN);
        let sizes = rows(zoo, 88, &u64::MAX.to_le_bytes()).await.unwrap();
        assert_eq!(sizes[0].body_bytes, u64::MAX);
        let nan = [1_u64.to_le_bytes(), f64::NAN.to_le_bytes()].concat();
        let times = rows(zoo, 136, &nan).await.unwrap();
        assert!(times[0].processing_ms.unwrap().is_nan());
        let raw = Raw::new().answer("query", &[[0; 16].as_slice(), &[0xff; 8]].concat());
        let backend = zoo.raw(&raw).await;
        let page = zoo.beside(backend.query(&Default::default())).await.unwrap();
        assert_eq!((page.items.len(), page.total_count), (0, u64::MAX));
    });
}

/// An answer is what it is at that moment: the host neither remembers nor compares.
#[test]
fn another_description_each_time() {
    apart(async |zoo| {
        let counting = format!(
            "(i32.store8 (i32.const 2048)
                (i32.add (i32.load8_u (i32.const 2048)) (i32.const 1)))
            (i32.const {ANSWER})"
        );
        let raw = Raw::new()
            .data(ANSWER, &words(&[0, 2_048, 1, 2_048, 1]))
            .data(2_048, b"a")
            .function("describe", &counting);
        let plugin = zoo.load(&raw.bytes()).await.unwrap();
        assert_eq!(plugin.description().unwrap().name, "b");
        let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
        let mut names = Vec::new();
        for _ in 0..3 {
            names.push(zoo.beside(backend.describe()).await.unwrap().name);
        }
        assert_eq!(names, ["b", "c", "d"]);
        assert_eq!(plugin.description().unwrap().name, "b");
    });
}

/// A component may declare what it likes: the first instance shows that it lies.
#[test]
fn a_module_that_is_not_what_its_type_says() {
    apart(async |zoo| {
        let mut bytes = Raw::new().bytes();
        let other = b"|try-register";
        let at = bytes.windows(other.len()).position(|window| window == other).unwrap();
        bytes[at + 1] = b'T';
        let error = zoo.load(&bytes).await.err().expect("it is not wrapped");
        assert_eq!(error.kind, LoadErrorKind::Malformed, "{error}");
    });
}
