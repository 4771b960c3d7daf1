//! Random programs do on every engine as on a plain map.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Kind, Place};
use plimsoll_keyvalue::{Engine, Version};
use proptest::prelude::{Just, Strategy, TestCaseError, any, prop_assert_eq, prop_oneof};
use proptest::test_runner::{Config, RngSeed, TestRunner};

#[derive(Clone, Debug)]
enum Step {
    Set(usize, Vec<u8>),
    Delete(usize),
    Increment(usize, i64),
    /// With a version that was seen so many reads ago, or for an absent key.
    Swap(usize, Option<usize>, Vec<u8>),
    Read(usize),
    List,
}

const KEYS: [&str; 4] = ["", "a", "a.b", "\u{1f600}*"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0..KEYS.len();
    let value = || {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..9),
            any::<i64>().prop_map(|number| number.to_string().into_bytes()),
            (-9_i64..9).prop_map(|number| number.to_string().into_bytes()),
        ]
    };
    let age = proptest::option::of(0_usize..3);
    let delta = prop_oneof![-9_i64..9, any::<i64>()];
    let step = prop_oneof![
        (key(), value()).prop_map(|(key, value)| Step::Set(key, value)),
        key().prop_map(Step::Delete),
        (key(), delta).prop_map(|(key, delta)| Step::Increment(key, delta)),
        (key(), age, value()).prop_map(|(key, age, value)| Step::Swap(key, age, value)),
        key().prop_map(Step::Read),
        Just(Step::List),
    ];
    proptest::collection::vec(step, 1..40)
}

/// What a bucket must hold.
#[derive(Default)]
struct Model {
    /// With the number of the write.
    values: BTreeMap<&'static str, (Vec<u8>, u64)>,
    writes: u64,
    /// For each key the versions that were read, newest last, and of which write they are.
    seen: BTreeMap<&'static str, Vec<(Version, u64)>>,
}

impl Model {
    fn write(&mut self, key: &'static str, value: &[u8]) {
        self.writes += 1;
        self.values.insert(key, (value.to_vec(), self.writes));
    }

    fn sum(&self, key: &str, delta: i64) -> Option<i64> {
        let text = self.values.get(key).map_or(&b"0"[..], |(value, _)| value);
        std::str::from_utf8(text).ok()?.parse::<i64>().ok()?.checked_add(delta)
    }
}

async fn check(engine: &dyn Engine, bucket: &str, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for step in steps {
        take(engine, bucket, step, &mut model).await?;
    }
    for key in KEYS {
        take(
            engine,
            bucket,
            &Step::Read(KEYS.iter().position(|it| *it == key).unwrap()),
            &mut model,
        )
        .await?;
        engine.delete(bucket, key).await.unwrap();
    }
    Ok(())
}

async fn take(
    engine: &dyn Engine,
    bucket: &str,
    step: &Step,
    model: &mut Model,
) -> Result<(), TestCaseError> {
    match step {
        Step::Set(key, value) => {
            engine.set(bucket, KEYS[*key], value).await.unwrap();
            model.write(KEYS[*key], value);
        }
        Step::Delete(key) => {
            engine.delete(bucket, KEYS[*key]).await.unwrap();
            model.values.remove(KEYS[*key]);
        }
        Step::Increment(key, delta) => {
            let sum = model.sum(KEYS[*key], *delta);
            prop_assert_eq!(engine.increment(bucket, KEYS[*key], *delta).await.ok(), sum);
            if let Some(sum) = sum {
                model.write(KEYS[*key], sum.to_string().as_bytes());
            }
        }
        Step::Swap(key, age, value) => swap(engine, bucket, KEYS[*key], *age, value, model).await?,
        Step::Read(key) => read(engine, bucket, KEYS[*key], model).await?,
        Step::List => {
            let keys = engine.keys(bucket, None).await.unwrap().keys;
            prop_assert_eq!(keys, model.values.keys().copied().collect::<Vec<_>>());
        }
    }
    Ok(())
}

async fn swap(
    engine: &dyn Engine,
    bucket: &str,
    key: &'static str,
    age: Option<usize>,
    value: &[u8],
    model: &mut Model,
) -> Result<(), TestCaseError> {
    let seen = model.seen.get(key).map_or(&[][..], Vec::as_slice);
    let expected = age.and_then(|age| seen.iter().rev().nth(age).copied());
    let is_same =
        model.values.get(key).map(|(_, write)| *write) == expected.map(|(_, write)| write);
    let swapped = engine.swap(bucket, key, expected.map(|(version, _)| version), value).await;
    prop_assert_eq!(swapped.unwrap(), is_same);
    if is_same {
        model.write(key, value);
    }
    Ok(())
}

async fn read(
    engine: &dyn Engine,
    bucket: &str,
    key: &'static str,
    model: &mut Model,
) -> Result<(), TestCaseError> {
    let got = engine.get(bucket, key).await.unwrap();
    let expected = model.values.get(key).cloned();
    let got_value = got.as_ref().map(|entry| entry.value.clone());
    prop_assert_eq!(got_value, expected.as_ref().map(|(value, _)| value.clone()));
    prop_assert_eq!(engine.exists(bucket, key).await.unwrap(), expected.is_some());
    if let (Some(entry), Some((_, write))) = (got, expected) {
        model.seen.entry(key).or_default().push((entry.version, write));
    }
    Ok(())
}

/// Runs so many programs; PLIMSOLL_SEED repeats those of a failure.
#[allow(clippy::print_stderr, reason = "a random run has to say how it is repeated")]
fn programs(kind: Kind, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let Some(place) = runtime.block_on(Place::new(kind)) else { return };
    let engine = runtime.block_on(place.engine());
    let seed = std::env::var("PLIMSOLL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("PLIMSOLL_SEED={seed} repeats these programs");
    let rng_seed = RngSeed::Fixed(seed);
    let config = Config { cases, failure_persistence: None, rng_seed, ..Config::default() };
    let run = AtomicU32::new(0);
    let outcome = TestRunner::new(config).run(&steps(), |steps| {
        // What one program leaves, the next one must not find.
        let bucket = run.fetch_add(1, Ordering::Relaxed).to_string();
        runtime.block_on(check(&*engine, &bucket, &steps))
    });
    outcome.unwrap();
}

#[test]
fn in_memory() {
    programs(Kind::Memory, 2_000);
}

#[test]
fn on_sqlite() {
    programs(Kind::Sqlite, 60);
}

#[test]
fn on_redis() {
    programs(Kind::Redis, 60);
}

#[test]
fn on_nats() {
    programs(Kind::Nats, 60);
}
