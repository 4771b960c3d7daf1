//! What every engine promises, on each of them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Kind, Place};
use plimsoll_keyvalue::{Engine, EngineError, KEY_BYTES, MANY_BYTES, VALUE_BYTES, Version};
use tokio::task::JoinSet;

/// Runs each promise on each engine.
macro_rules! promises {
    ($($promise:ident),+ $(,)?) => {
        promises!(@on memory, Memory, $($promise),+);
        promises!(@on sqlite, Sqlite, $($promise),+);
        promises!(@on redis, Redis, $($promise),+);
        promises!(@on nats, Nats, $($promise),+);
    };
    (@on $engine:ident, $kind:ident, $($promise:ident),+) => {
        mod $engine {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    if let Some(place) = crate::Place::new(crate::Kind::$kind).await {
                        crate::$promise(&place).await;
                    }
                }
            )+
        }
    };
}

promises!(
    a_write_is_read_through_another_connection,
    keys_and_values_are_any,
    what_is_too_long_is_refused,
    one_swap_of_many_finds_a_key_absent,
    one_swap_of_many_finds_a_version,
    a_swap_sees_the_write_of_an_equal_value,
    increments_are_told_apart_and_sum_up,
    an_increment_of_no_number_changes_nothing,
    a_listing_is_whole_while_others_come_and_go,
    a_page_ends_where_the_keys_do,
    buckets_are_apart,
    several_keys_go_at_once,
    many_large_values_are_refused,
    a_caller_that_goes_away_leaves_the_engine_as_it_is,
);

/// Keys that an engine may take for something else.
fn odd_keys() -> Vec<String> {
    let longest = "\u{e4}".repeat(KEY_BYTES / 2);
    let odd =
        ["", " ", "\t\n", "a b", "*", ">", ".", "..", "a.b", "a*", "$KV", "-", "+", "(", "[a"];
    let more = ["\u{1f600}", "\u{7f}", "a\0b", "a\0", "%", "_", "=", "'\"", "a:b", "{a}", "\r\n"];
    let mut keys: Vec<_> = odd.iter().chain(&more).map(|key| (*key).to_owned()).collect();
    keys.push(longest);
    keys
}

async fn value(engine: &dyn Engine, bucket: &str, key: &str) -> Option<Vec<u8>> {
    engine.get(bucket, key).await.unwrap().map(|entry| entry.value)
}

async fn version(engine: &dyn Engine, bucket: &str, key: &str) -> Version {
    engine.get(bucket, key).await.unwrap().unwrap().version
}

/// All keys, page by page.
async fn all_keys(engine: &dyn Engine, bucket: &str) -> Vec<String> {
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let page = engine.keys(bucket, cursor.as_deref()).await.unwrap();
        assert!(page.keys.len() <= plimsoll_keyvalue::PAGE_KEYS);
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            return keys;
        }
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, EngineError>, words: &str) {
    match answer {
        Err(EngineError::Other(message)) if message.contains(words) => {}
        other => panic!("{other:?} instead of `{words}`"),
    }
}

async fn a_write_is_read_through_another_connection(place: &Place) {
    let (one, other) = (place.engine().await, place.engine().await);
    for number in 0..200_u32 {
        let text = number.to_string();
        one.set("b", "key", text.as_bytes()).await.unwrap();
        assert_eq!(value(&*other, "b", "key").await.as_deref(), Some(text.as_bytes()));
        if number % 3 == 0 {
            other.delete("b", "key").await.unwrap();
            assert_eq!(value(&*one, "b", "key").await, None);
            assert_eq!(one.keys("b", None).await.unwrap().keys, [""; 0]);
        }
        assert_eq!(one.exists("b", "key").await.unwrap(), number % 3 != 0);
    }
}

async fn keys_and_values_are_any(place: &Place) {
    let engine = place.engine().await;
    let bytes: Vec<u8> = (0..=255).collect();
    let values = [Vec::new(), bytes, b"1:2".to_vec(), vec![0; VALUE_BYTES]];
    let keys = odd_keys();
    for (number, key) in keys.iter().enumerate() {
        assert!(!engine.exists("odd", key).await.unwrap(), "{key:?}");
        let value = &values[number % values.len()];
        engine.set("odd", key, value).await.unwrap();
    }
    for (number, key) in keys.iter().enumerate() {
        let expected = values.get(number % values.len()).cloned();
        assert!(value(&*engine, "odd", key).await == expected, "{key:?}");
        assert!(engine.exists("odd", key).await.unwrap(), "{key:?}");
    }
    let sorted: BTreeSet<_> = keys.iter().cloned().collect();
    assert_eq!(all_keys(&*engine, "odd").await, sorted.into_iter().collect::<Vec<_>>());
    for key in &keys {
        engine.delete("odd", key).await.unwrap();
        engine.delete("odd", key).await.unwrap();
        assert_eq!(value(&*engine, "odd", key).await, None, "{key:?}");
        assert!(!engine.exists("odd", key).await.unwrap(), "{key:?}");
    }
    assert_eq!(all_keys(&*engine, "odd").await, [""; 0]);
}

async fn what_is_too_long_is_refused(place: &Place) {
    let engine = place.engine().await;
    let (long, large) = ("k".repeat(KEY_BYTES + 1), vec![0; VALUE_BYTES + 1]);
    for (bucket, key) in [("b", &*long), (&*long, "k")] {
        let keys = [key.to_owned()];
        refused(engine.get(bucket, key).await, "and may have 1024");
        refused(engine.get_many(bucket, &keys).await, "and may have 1024");
        refused(engine.exists(bucket, key).await, "and may have 1024");
        refused(engine.set(bucket, key, b"1").await, "and may have 1024");
        refused(engine.delete(bucket, key).await, "and may have 1024");
        refused(engine.delete_many(bucket, &keys).await, "and may have 1024");
        refused(engine.increment(bucket, key, 1).await, "and may have 1024");
        refused(engine.swap(bucket, key, None, b"1").await, "and may have 1024");
    }
    refused(engine.keys(&long, None).await, "and may have 1024");
    refused(engine.set("b", "k", &large).await, "the value has 786433 bytes and may have 786432");
    refused(engine.swap("b", "k", None, &large).await, "and may have 786432");
    let entries = [("a".to_owned(), b"1".to_vec()), ("k".to_owned(), large)];
    refused(engine.set_many("b", &entries).await, "and may have 786432");
    assert_eq!(all_keys(&*engine, "b").await, [""; 0]);
}

/// How many of 32 swaps over 4 connections are done.
async fn winners(place: &Place, expected: Option<Version>) -> usize {
    let mut engines = Vec::new();
    for _ in 0..4 {
        engines.push(place.engine().await);
    }
    let mut swaps = JoinSet::new();
    for number in 0..32_usize {
        let engine = Arc::clone(&engines[number % 4]);
        swaps.spawn(async move {
            let value = number.to_string();
            engine.swap("b", "key", expected, value.as_bytes()).await.unwrap().then_some(value)
        });
    }
    let won: Vec<_> = swaps.join_all().await.into_iter().flatten().collect();
    let kept = value(&*engines[0], "b", "key").await.unwrap();
    assert!(won.iter().any(|value| value.as_bytes() == kept), "{won:?}, {kept:?}");
    won.len()
}

async fn one_swap_of_many_finds_a_key_absent(place: &Place) {
    let engine = place.engine().await;
    for round in 0..10 {
        assert_eq!(winners(place, None).await, 1, "round {round}");
        engine.delete("b", "key").await.unwrap();
    }
}

async fn one_swap_of_many_finds_a_version(place: &Place) {
    let engine = place.engine().await;
    engine.set("b", "key", b"0").await.unwrap();
    for round in 0..10 {
        let before = version(&*engine, "b", "key").await;
        assert_eq!(winners(place, Some(before)).await, 1, "round {round}");
    }
}

async fn a_swap_sees_the_write_of_an_equal_value(place: &Place) {
    let (engine, other) = (place.engine().await, place.engine().await);
    assert!(!engine.swap("b", "key", Some(Version(0)), b"v").await.unwrap());
    assert!(!engine.swap("b", "key", Some(Version(1)), b"v").await.unwrap());
    assert!(engine.swap("b", "key", None, b"v").await.unwrap());
    assert!(!engine.swap("b", "key", None, b"v").await.unwrap());
    let first = version(&*engine, "b", "key").await;
    other.set("b", "key", b"v").await.unwrap();
    assert!(!engine.swap("b", "key", Some(first), b"lost").await.unwrap());
    let second = version(&*engine, "b", "key").await;
    other.delete("b", "key").await.unwrap();
    assert!(!engine.swap("b", "key", Some(second), b"lost").await.unwrap());
    assert_eq!(value(&*engine, "b", "key").await, None);
    other.set("b", "key", b"v").await.unwrap();
    assert!(!engine.swap("b", "key", Some(second), b"lost").await.unwrap());
    let third = version(&*engine, "b", "key").await;
    assert!(engine.swap("b", "key", Some(third), b"won").await.unwrap());
    assert_eq!(value(&*other, "b", "key").await.as_deref(), Some(&b"won"[..]));
}

async fn increments_are_told_apart_and_sum_up(place: &Place) {
    let mut adding = JoinSet::new();
    for _ in 0..8 {
        let engine = place.engine().await;
        adding.spawn(async move {
            let mut sums = Vec::new();
            for _ in 0..50 {
                sums.push(engine.increment("b", "key", 2).await.unwrap());
            }
            sums
        });
    }
    let sums: BTreeSet<_> = adding.join_all().await.into_iter().flatten().collect();
    assert_eq!(sums, (1..=400).map(|number| 2 * number).collect());
    let engine = place.engine().await;
    assert_eq!(value(&*engine, "b", "key").await.as_deref(), Some(&b"800"[..]));
    assert_eq!(engine.increment("b", "key", -900).await.unwrap(), -100);
}

async fn an_increment_of_no_number_changes_nothing(place: &Place) {
    let engine = place.engine().await;
    let odd: [&[u8]; 10] =
        [b"", b"x", b"1 ", b" 1", b"1.0", b"+", b"0x1", b"1\n", &[0xff], b"9223372036854775808"];
    for text in odd {
        engine.set("b", "key", text).await.unwrap();
        let before = version(&*engine, "b", "key").await;
        refused(engine.increment("b", "key", 1).await, "the value is no number");
        assert_eq!(value(&*engine, "b", "key").await.as_deref(), Some(text));
        assert_eq!(version(&*engine, "b", "key").await, before);
    }
    for (text, delta) in [("9223372036854775807", 1), ("-1", i64::MIN)] {
        engine.set("b", "key", text.as_bytes()).await.unwrap();
        refused(engine.increment("b", "key", delta).await, "the sum is too large");
        assert_eq!(value(&*engine, "b", "key").await.as_deref(), Some(text.as_bytes()));
    }
    let fine = [
        ("+007", 1, 8),
        ("-0", 0, 0),
        ("-00012", 2, -10),
        ("9007199254740993", 2, 9_007_199_254_740_995),
        ("0", i64::MIN, i64::MIN),
        ("-1", i64::MAX, i64::MAX - 1),
    ];
    for (text, delta, sum) in fine {
        engine.set("b", "key", text.as_bytes()).await.unwrap();
        assert_eq!(engine.increment("b", "key", delta).await.unwrap(), sum);
        let kept = value(&*engine, "b", "key").await.unwrap();
        assert_eq!(String::from_utf8(kept).unwrap(), sum.to_string());
    }
}

async fn a_listing_is_whole_while_others_come_and_go(place: &Place) {
    let engine = place.engine().await;
    let steady: Vec<_> = (0..2_500).map(|number| format!("steady {number:04}")).collect();
    let entries: Vec<_> = steady.iter().map(|key| (key.clone(), b"1".to_vec())).collect();
    engine.set_many("b", &entries).await.unwrap();
    let (other, over) = (place.engine().await, Arc::new(AtomicBool::new(false)));
    let (again, stop) = (steady.clone(), Arc::clone(&over));
    let coming_and_going = tokio::spawn(async move {
        let mut number = 0_usize;
        while !stop.load(Ordering::Relaxed) {
            let key = format!("{} of others {}", ["a", "steady 1", "z"][number % 3], number % 7);
            other.set("b", &key, b"2").await.unwrap();
            other.set("b", &again[number * 97 % again.len()], b"3").await.unwrap();
            if number.is_multiple_of(2) {
                other.delete("b", &key).await.unwrap();
            }
            number += 1;
        }
        number
    });
    let steady: BTreeSet<_> = steady.into_iter().collect();
    for round in 0..10 {
        let keys = all_keys(&*engine, "b").await;
        assert!(keys.is_sorted_by(|one, next| one < next), "round {round}");
        let found: BTreeSet<_> = keys.into_iter().filter(|key| !key.contains("others")).collect();
        let missing: Vec<_> = steady.difference(&found).collect();
        assert!(missing.is_empty() && found.len() == 2_500, "round {round}: {missing:?}");
    }
    over.store(true, Ordering::Relaxed);
    assert!(coming_and_going.await.unwrap() > 0);
}

async fn a_page_ends_where_the_keys_do(place: &Place) {
    let engine = place.engine().await;
    let entries: Vec<_> = (0..1_000).map(|number| (format!("{number:04}"), Vec::new())).collect();
    engine.set_many("b", &entries).await.unwrap();
    let page = engine.keys("b", None).await.unwrap();
    assert_eq!((page.keys.len(), page.cursor), (1_000, None));
    engine.set("b", "1", b"").await.unwrap();
    let page = engine.keys("b", None).await.unwrap();
    assert_eq!((page.keys.len(), page.cursor.is_some()), (1_000, true));
    let rest = engine.keys("b", page.cursor.as_deref()).await.unwrap();
    assert_eq!((rest.keys, rest.cursor), (vec!["1".to_owned()], None));
}

async fn buckets_are_apart(place: &Place) {
    let engine = place.engine().await;
    let buckets = ["", "a", "A", "a.b", "a:b", "a ", "*", ">", "\u{e4}", "a\u{308}", "a\0"];
    for (number, bucket) in buckets.iter().enumerate() {
        assert_eq!(engine.keys(bucket, None).await.unwrap().keys, [""; 0]);
        engine.set(bucket, "key", bucket.as_bytes()).await.unwrap();
        engine.set(bucket, &number.to_string(), b"").await.unwrap();
    }
    for (number, bucket) in buckets.iter().enumerate() {
        assert_eq!(value(&*engine, bucket, "key").await.as_deref(), Some(bucket.as_bytes()));
        assert_eq!(all_keys(&*engine, bucket).await, [number.to_string(), "key".to_owned()]);
    }
    engine.delete("a", "key").await.unwrap();
    assert_eq!(value(&*engine, "A", "key").await.as_deref(), Some(&b"A"[..]));
}

async fn several_keys_go_at_once(place: &Place) {
    let engine = place.engine().await;
    let name = |number: usize| format!("key {number}");
    let entries: Vec<_> = (0..700).map(|at| (name(at), at.to_string().into_bytes())).collect();
    engine.set_many("b", &entries).await.unwrap();
    engine.set_many("b", &[]).await.unwrap();
    engine.delete_many("b", &[]).await.unwrap();
    assert_eq!(engine.get_many("b", &[]).await.unwrap(), Vec::<Option<Vec<u8>>>::new());
    let asked = [name(699), "none".to_owned(), name(0), name(699)];
    let got = engine.get_many("b", &asked).await.unwrap();
    let texts: Vec<_> = got.iter().map(Option::as_deref).collect();
    assert_eq!(texts, [Some(&b"699"[..]), None, Some(b"0"), Some(b"699")]);
    let names: Vec<_> = (0..700).map(name).collect();
    let got: Vec<_> = engine.get_many("b", &names).await.unwrap().into_iter().flatten().collect();
    assert_eq!(got, entries.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>());
    engine.delete_many("b", &names[1..]).await.unwrap();
    assert_eq!(all_keys(&*engine, "b").await, [name(0)]);
    // The last of one key stays.
    let twice = [("k".to_owned(), b"1".to_vec()), ("k".to_owned(), b"2".to_vec())];
    engine.set_many("b", &twice).await.unwrap();
    assert_eq!(value(&*engine, "b", "k").await.as_deref(), Some(&b"2"[..]));
}

async fn many_large_values_are_refused(place: &Place) {
    let engine = place.engine().await;
    engine.set("b", "large", &vec![7; VALUE_BYTES]).await.unwrap();
    let fit = MANY_BYTES / VALUE_BYTES;
    let mut keys = vec!["large".to_owned(); fit];
    let got = engine.get_many("b", &keys).await.unwrap();
    assert!(got.iter().all(|value| value.as_ref().is_some_and(|it| it.len() == VALUE_BYTES)));
    keys.push("large".to_owned());
    refused(engine.get_many("b", &keys).await, "ask for fewer keys");
}

async fn a_caller_that_goes_away_leaves_the_engine_as_it_is(place: &Place) {
    let engine = place.engine().await;
    engine.set("b", "key", b"0").await.unwrap();
    let mut going = JoinSet::new();
    for number in 0..40 {
        let engine = Arc::clone(&engine);
        going.spawn(async move {
            tokio::select! {
                biased;
                _ = engine.increment("b", "key", 1) => {}
                () = turns(number) => {}
            }
        });
    }
    going.join_all().await;
    let sum = engine.increment("b", "key", 1).await.unwrap();
    assert!((1..=41).contains(&sum), "{sum}");
    assert_eq!(engine.increment("b", "key", 1).await.unwrap(), sum + 1);
}

/// Is ready after so many turns.
async fn turns(number: usize) {
    for _ in 0..number {
        tokio::task::yield_now().await;
    }
}
