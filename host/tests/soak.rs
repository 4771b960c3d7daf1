//! Good and hostile plugins side by side in one host, for a while: three seconds, or as many as
//! `PLIMSOLL_SOAK` says. Not one wrong answer from the good ones, and no memory that only grows.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stdout, reason = "whoever lets it run for long wants to see what it did")]

#[allow(dead_code, reason = "the zoo uses all of it")]
#[path = "hostile/raw.rs"]
mod raw;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use chrono::DateTime;
use plimsoll_contract::{
    CallError, FlowId, ManualClock, WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_host::{Grants, Host, InstanceOptions, Limits, Options, Plugin, PluginOptions};
use plimsoll_keyvalue::MemoryEngine;
use plimsoll_programs::{program, run};

use raw::{Raw, words};

const FOREVER: &str = "(loop $forever (br $forever))";

/// Steps of a program.
const STEPS: usize = 40;

/// What memory may have grown by since the first third of the time: allocators keep some, and a
/// short while holds what a long one only begins with.
fn growth(length: Duration) -> u64 {
    if length < Duration::from_secs(60) { 256 << 20 } else { 64 << 20 }
}

#[test]
fn good_plugins_answer_right_beside_hostile_ones() {
    let text = env::var("PLIMSOLL_SOAK").unwrap_or_else(|_| "3".to_owned());
    let length = Duration::from_secs(text.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(soak(length));
}

async fn soak(length: Duration) {
    let seed = u64::from(std::process::id());
    println!("programs of seed {seed}");
    let host = Arc::new(host());
    let over = Arc::new(AtomicBool::new(false));
    let programs = Arc::new(AtomicU64::new(0));
    let mut good = Vec::new();
    for plugin in [memory(&host).await, keyvalue(&host).await] {
        let (over, programs) = (Arc::clone(&over), Arc::clone(&programs));
        good.push(tokio::spawn(work(plugin, seed, over, programs)));
    }
    let evil = tokio::spawn(rage(Arc::clone(&host), Arc::clone(&over)));
    let peaks = watch(length, &over).await;
    for worker in good {
        worker.await.expect("every answer is right");
    }
    let endings = evil.await.expect("each misdeed ends as it must");
    println!("{} programs beside {endings:?}", programs.load(Ordering::Relaxed));
    println!("resident memory by thirds: {:?} MiB", peaks.map(|bytes| bytes >> 20));
    assert!(programs.load(Ordering::Relaxed) > 0 && endings.len() > 4);
    assert!(peaks[2] < peaks[0] + growth(length), "memory grows: {peaks:?}");
}

fn host() -> Host {
    let limits = Limits {
        memory_bytes: 32 << 20,
        host_memory: 8 << 20,
        call_time: Duration::from_millis(200),
        ..Limits::default()
    };
    Host::new(Options { limits, cache_folder: None }).unwrap()
}

/// The good ones may take their time, since others take theirs.
fn patient(options: PluginOptions) -> PluginOptions {
    PluginOptions { limits: Some(Limits::default()), ..options }
}

async fn memory(host: &Host) -> Plugin {
    let bytes = fs::read(plimsoll_guests::MEMORY).unwrap();
    host.load_with(&bytes, patient(PluginOptions::default())).await.unwrap()
}

async fn keyvalue(host: &Host) -> Plugin {
    let bytes = fs::read(plimsoll_guests::KEYVALUE).unwrap();
    let grants = Grants { key_value: Some(Arc::new(MemoryEngine::new())), ..Grants::default() };
    let options =
        PluginOptions { grants: Arc::new(grants), instances: 4, ..PluginOptions::default() };
    host.load_with(&bytes, patient(options)).await.unwrap()
}

/// Runs random programs until it is over; each must end as it does on the model.
async fn work(plugin: Plugin, seed: u64, over: Arc<AtomicBool>, programs: Arc<AtomicU64>) {
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        let options =
            InstanceOptions { clock: Arc::<ManualClock>::clone(&clock), random_seed: Some(seed) };
        let backend = plugin.instantiate(options).await.unwrap();
        let program = program(seed, number, STEPS);
        if let Some(divergence) = run(&program, &backend, &clock, &format!("soak-{number}")).await {
            panic!("program {number}:\n{program}\n{divergence}");
        }
        programs.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

/// One misdeed after the other until it is over, and how many ended in which way.
async fn rage(host: Arc<Host>, over: Arc<AtomicBool>) -> BTreeMap<String, u64> {
    let misdeeds = misdeeds();
    let mut endings = BTreeMap::new();
    for (must_end, raw) in misdeeds.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let ended = commit(&host, raw).await;
        assert_eq!(ended, *must_end);
        *endings.entry(ended).or_default() += 1;
    }
    endings
}

/// How it ended: the kind of the interruption, or that it was not loaded.
async fn commit(host: &Host, bytes: &[u8]) -> String {
    let Ok(plugin) = host.load(bytes).await else { return "refused".to_owned() };
    let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
    let now = plimsoll_contract::Instant::UNIX_EPOCH;
    let registered = backend.try_register(FlowId::default(), "nothing", "n-1", now).await.err();
    let counted = backend.counts_by_reason(Duration::ZERO).await.err();
    match registered.or(counted) {
        Some(CallError::Interrupted(interruption)) => interruption.kind.to_string(),
        other => panic!("it was to end: {other:?}"),
    }
}

fn misdeeds() -> Vec<(&'static str, Vec<u8>)> {
    let raw = Raw::new;
    let answer = |words_: &[u32]| raw().answer("counts-by-reason", &words(words_));
    let deep = "(func $deep (param i32) (result i32) (call $deep (local.get 0)))";
    let grow = "(loop $more (drop (memory.grow (i32.const 1))) (br $more)) (i32.const 64)";
    let list: [(&str, Raw); 10] = [
        ("timeout", raw().function("try-register", &format!("{FOREVER} (i32.const 64)"))),
        ("timeout", raw().post("try-register", FOREVER)),
        ("trap", raw().function("try-register", "unreachable")),
        ("trap", raw().realloc("unreachable")),
        ("limit", raw().function("try-register", grow)),
        ("limit", raw().item(deep).function("try-register", "(call $deep (i32.const 1))")),
        ("bad answer", answer(&[7])),
        ("bad answer", answer(&[0, 0xffff_ff00, 9])),
        ("refused", raw().initialize(FOREVER)),
        ("refused", raw().memory("65536")),
    ];
    let mut list: Vec<_> = list.iter().map(|(ending, raw)| (*ending, raw.bytes())).collect();
    list.push(("refused", b"\0asm nothing".to_vec()));
    list
}

/// Lets the time pass; answers the most memory that was in use in each third of it.
async fn watch(length: Duration, over: &AtomicBool) -> [u64; 3] {
    let mut peaks = [0; 3];
    let began = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    while began.elapsed() < length {
        pace.tick().await;
        let third = 3 * began.elapsed().as_millis() / length.as_millis();
        let peak = &mut peaks[usize::try_from(third).unwrap().min(2)];
        *peak = resident().max(*peak);
    }
    over.store(true, Ordering::Relaxed);
    peaks
}

/// What the kernel says that this process uses, in bytes; zero where it says nothing.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
    size.and_then(|size| size.parse::<u64>().ok()).unwrap_or(0) << 10
}
