//! Runs a case in a process of its own: its memory can be measured then, and if it takes the host
//! down, that is seen.

use std::future::Future;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use plimsoll_contract::{
    Backend, FlowId, Instant as ContractInstant, InterruptionKind, OpenConfig, SystemClock,
    WebhookReplayStore,
};
use plimsoll_host::{Host, InstanceOptions, Limits, LoadError, Options, Plugin, WasmBackend};
use tempfile::TempDir;

use crate::asked::interruption;
use crate::raw::Raw;

/// Names the process that runs a case, and says on which of the two runtimes.
const APART: &str = "PLIMSOLL_APART";

/// A runtime of one thread has calls made on fibers; one of several lets a guest that waits for
/// nothing have its caller's thread.
const RUNTIMES: [&str; 2] = ["one-thread", "several-threads"];

/// What a case may add to the memory of the host's process. The limits of one instance are far
/// below; the rest is for the code that compiles it.
const MEMORY: u64 = 256 << 20;

/// A misdeed ends within the time that was agreed and this, on a machine that others use as well.
const SLACK: Duration = Duration::from_secs(4);

/// A case that has not ended after this will not end.
const HANGS: Duration = Duration::from_secs(120);

/// No neighbour waits longer for an answer, whatever goes on beside it.
const HELD_UP: Duration = Duration::from_secs(2);

/// What the instances of most cases may use.
pub(crate) fn usual() -> Limits {
    Limits {
        memory_bytes: 32 << 20,
        host_memory: 8 << 20,
        call_time: Duration::from_secs(1),
        ..Limits::default()
    }
}

/// Runs a case in a process of its own, under the usual limits.
#[track_caller]
pub(crate) fn apart<F: AsyncFnOnce(&Zoo)>(case: F) {
    apart_with(usual(), case);
}

/// The same under other limits.
#[track_caller]
pub(crate) fn apart_with<F: AsyncFnOnce(&Zoo)>(limits: Limits, case: F) {
    if let Ok(runtime) = env::var(APART) {
        return inside(limits, &runtime, case);
    }
    let name = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let (_, name) = name.split_once("::").expect("a path");
    let arguments = ["--exact", name, "--nocapture", "--test-threads=1"];
    for runtime in RUNTIMES {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(arguments).env(APART, runtime).env("RUST_BACKTRACE", "0");
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let is_well = output.status.success() && said.contains("1 passed");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(is_well, "{name}, {runtime}: {}\n{said}\n{complaint}", output.status);
    }
}

fn inside<F: AsyncFnOnce(&Zoo)>(limits: Limits, runtime: &str, case: F) {
    // A case that hangs ends here, and its name is known.
    let (done, is_done) = mpsc::channel::<()>();
    thread::spawn(move || {
        if is_done.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout) {
            std::process::exit(99);
        }
    });
    // One thread for everything: whoever blocks it holds up the neighbour. Or one besides.
    let mut builder = match runtime == RUNTIMES[0] {
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let zoo = Zoo::new(limits).await;
        let before = memory::begin();
        case(&zoo).await;
        zoo.expect_usable().await;
        let grown = memory::peak().saturating_sub(before);
        assert!(grown < MEMORY, "the host's memory grew by {} MiB", grown >> 20);
    });
    drop(done);
}

/// A host with a good backend in it, which must never notice the others.
pub(crate) struct Zoo {
    host: Host,
    limits: Limits,
    neighbour: Arc<WasmBackend>,
    /// Removed when the case is over.
    _cache: TempDir,
}

/// A folder with the compiled code of what is good, which all cases share, and of nothing else.
async fn prepared(limits: Limits) -> TempDir {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("zoo");
    let own = tempfile::tempdir().unwrap();
    let limits = Limits { load_time: Limits::default().load_time, ..limits };
    let options = Options { limits, cache_folder: Some(shared.clone()) };
    let host = Host::new(options).unwrap();
    let guests = [plimsoll_guests::MEMORY, plimsoll_guests::HOSTILE];
    let guests = guests.into_iter().map(|path| fs::read(path).unwrap());
    for bytes in guests.chain([Raw::new().bytes()]) {
        let plugin = host.load(&bytes).await.unwrap();
        for entry in fs::read_dir(&shared).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            // Others may be writing there: what is not yet whole has another ending.
            if name.starts_with(plugin.sha256()) && name.ends_with(".cwasm") {
                fs::copy(entry.path(), own.path().join(name)).unwrap();
            }
        }
    }
    own
}

impl Zoo {
    async fn new(limits: Limits) -> Self {
        let cache = prepared(limits).await;
        let cache_folder = Some(cache.path().to_owned());
        let host = Host::new(Options { limits, cache_folder }).unwrap();
        let memory = host.load(&fs::read(plimsoll_guests::MEMORY).unwrap()).await.unwrap();
        let neighbour = memory.instantiate(InstanceOptions::default()).await.unwrap();
        neighbour.open(&OpenConfig::namespace("good"), Arc::new(SystemClock)).await.unwrap();
        Self { host, limits, neighbour: Arc::new(neighbour), _cache: cache }
    }

    /// Loads something beside the neighbour.
    pub(crate) async fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        // It is compiled, started, and asked what it is.
        let agreed = self.limits.load_time + 2 * self.limits.call_time;
        self.beside_for(agreed, self.host.load(bytes)).await
    }

    /// An instance of a module that was written by hand.
    pub(crate) async fn raw(&self, raw: &Raw) -> WasmBackend {
        self.instance(&raw.bytes()).await
    }

    /// An instance of the guest that does what it is asked to.
    pub(crate) async fn hostile(&self) -> WasmBackend {
        self.instance(&fs::read(plimsoll_guests::HOSTILE).unwrap()).await
    }

    async fn instance(&self, bytes: &[u8]) -> WasmBackend {
        let plugin = self.host.load(bytes).await.unwrap();
        plugin.instantiate(InstanceOptions::default()).await.unwrap()
    }

    /// Waits for a call to end while the neighbour works. Neither may take too long.
    pub(crate) async fn beside<T>(&self, misdeed: impl Future<Output = T>) -> T {
        self.beside_for(self.limits.call_time, misdeed).await
    }

    async fn beside_for<T>(&self, agreed: Duration, misdeed: impl Future<Output = T>) -> T {
        let done = Arc::new(AtomicBool::new(false));
        let working = tokio::spawn(work(Arc::clone(&self.neighbour), Arc::clone(&done)));
        let began = Instant::now();
        let outcome = misdeed.await;
        let took = began.elapsed();
        done.store(true, Ordering::Relaxed);
        let longest = working.await.expect("the neighbour answers right");
        assert!(took < agreed + SLACK, "the misdeed took {took:?}");
        assert!(longest < HELD_UP, "the neighbour was held up for {longest:?}");
        outcome
    }

    /// Whatever happened, the host loads and runs other backends.
    async fn expect_usable(&self) {
        let backend = self.raw(&Raw::new()).await;
        assert_eq!(register(&backend, "n-1").await, Ok(false));
        assert!(work(Arc::clone(&self.neighbour), Arc::new(AtomicBool::new(true))).await < HELD_UP);
    }
}

pub(crate) async fn register(
    backend: &WasmBackend,
    nonce: &str,
) -> plimsoll_contract::Result<bool> {
    backend.try_register(FlowId::default(), "nothing", nonce, ContractInstant::UNIX_EPOCH).await
}

/// After a misdeed the state is gone, and says so until the backend is opened anew.
pub(crate) async fn expect_lost_then_reopened(backend: &WasmBackend) {
    expect_lost(backend).await;
    backend.open(&OpenConfig::namespace("a"), Arc::new(SystemClock)).await.unwrap();
}

/// The same for a backend that cannot be opened.
pub(crate) async fn expect_lost(backend: &WasmBackend) {
    let lost = interruption(register(backend, "n-1").await);
    assert_eq!(lost.kind, InterruptionKind::StateLost, "{lost}");
}

/// The neighbour sees each nonce twice, and no more.
static NONCES: AtomicU64 = AtomicU64::new(0);

/// Has the neighbour answer until nobody cares, and says how long it took at the most.
async fn work(neighbour: Arc<WasmBackend>, done: Arc<AtomicBool>) -> Duration {
    let mut pace = tokio::time::interval(Duration::from_millis(2));
    let mut longest = Duration::ZERO;
    let mut answered = Instant::now();
    loop {
        let nonce = NONCES.fetch_add(1, Ordering::Relaxed).to_string();
        assert_eq!(register(&neighbour, &nonce).await, Ok(true));
        assert_eq!(register(&neighbour, &nonce).await, Ok(false));
        pace.tick().await;
        longest = longest.max(answered.elapsed());
        answered = Instant::now();
        if done.load(Ordering::Relaxed) {
            return longest;
        }
    }
}

/// What the kernel says of this process, in bytes.
#[cfg(target_os = "linux")]
pub(crate) mod memory {
    use std::fs;

    /// Forgets the peak so far, and answers what is in use.
    pub(super) fn begin() -> u64 {
        fs::write("/proc/self/clear_refs", "5").unwrap();
        peak()
    }

    pub(super) fn peak() -> u64 {
        field("VmHWM:")
    }

    pub(crate) fn resident() -> u64 {
        field("VmRSS:")
    }

    fn field(name: &str) -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

/// Only Linux is asked.
#[cfg(not(target_os = "linux"))]
pub(crate) mod memory {
    pub(super) fn begin() -> u64 {
        0
    }

    pub(super) fn peak() -> u64 {
        0
    }

    pub(crate) fn resident() -> u64 {
        0
    }
}
