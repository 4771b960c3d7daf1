//! WASI in its null form: everything links and nothing leads out. No directories, no sockets, an
//! empty environment, closed standard streams, the random numbers of a seed, the clock that the
//! embedder gives.

mod gated;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use plimsoll_contract::Clock;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::io::AsyncWrite;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder};

use crate::instance::Data;
use crate::seam::Gate;
use crate::{Access, Directory, Grants, Limits};

/// What is kept of what a guest writes to its standard error, in bytes from the end.
const STDERR_BYTES: usize = 4_096;

/// The clock of an instance. It can be exchanged, because `open` brings the one to use.
#[derive(Clone)]
pub(crate) struct SharedClock(Arc<RwLock<Arc<dyn Clock>>>);

impl SharedClock {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(RwLock::new(clock)))
    }

    /// Puts another clock in its place and answers the one before.
    pub(crate) fn exchange(&self, clock: Arc<dyn Clock>) -> Arc<dyn Clock> {
        std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), clock)
    }

    /// The present instant as the time since 1970, which is all that WASI 0.2 can say.
    fn since_1970(&self) -> Duration {
        let now = self.0.read().unwrap_or_else(PoisonError::into_inner).now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Duration::new(seconds, now.timestamp_subsec_nanos().min(999_999_999))
    }
}

impl HostWallClock for SharedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.since_1970()
    }
}

/// The same clock, except that it never goes backwards.
struct Monotonic {
    clock: SharedClock,
    latest: AtomicU64,
}

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        let now = u64::try_from(self.clock.since_1970().as_nanos()).unwrap_or(u64::MAX);
        self.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }
}

/// Links everything: whether it leads anywhere is decided for each instance.
pub(crate) fn add_to_linker(linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    gated::add_to_linker(linker)
}

/// Builds the null form, and puts into it what was granted.
///
/// # Errors
///
/// If a directory that was granted cannot be opened.
pub(crate) fn context(
    clock: &SharedClock,
    seed: u64,
    limits: &Limits,
    grants: &Arc<Grants>,
    gate: &Gate,
    stderr: &Stderr,
) -> wasmtime::Result<WasiCtx> {
    let mut builder = WasiCtxBuilder::new();
    builder
        .wall_clock(clock.clone())
        .monotonic_clock(Monotonic { clock: clock.clone(), latest: AtomicU64::new(0) })
        .secure_random(StdRng::seed_from_u64(seed))
        .insecure_random(StdRng::seed_from_u64(seed ^ 1))
        .insecure_random_seed(u128::from(seed))
        .max_random_size(limits.random_bytes)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .envs(&grants.environment)
        .stderr(stderr.clone());
    for Directory { host, guest, access } in &grants.directories {
        let access = match access {
            Access::ReadOnly => FsPerms::ReadOnly,
            Access::ReadWrite => FsPerms::ReadWrite,
        };
        builder.preopened_dir(host, guest, access).map_err(|error| {
            let host = host.display();
            wasmtime::format_err!("the directory `{host}`, granted as `{guest}`: {error:#}")
        })?;
    }
    if !grants.tcp.is_empty() {
        let (grants, gate) = (Arc::clone(grants), gate.clone());
        builder.allow_tcp(true).allow_ip_name_lookup(true);
        builder.socket_addr_check(move |address, used_for| {
            let is_granted = match used_for {
                SocketAddrUse::TcpConnect => {
                    let passed = gate.pass_now("wasi:sockets/tcp.tcp-socket.start-connect");
                    passed.is_ok() && grants.allow_connecting(address)
                }
                // A socket that connects takes some free port first; nobody listens there.
                SocketAddrUse::TcpBind => address.port() == 0,
                _ => false,
            };
            Box::pin(async move { is_granted })
        });
    }
    Ok(builder.build())
}

/// What a guest wrote last to its standard error, for the message of a trap. Nobody else reads it.
#[derive(Clone, Default)]
pub(crate) struct Stderr(Arc<Mutex<VecDeque<u8>>>);

impl Stderr {
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes.iter().copied().collect::<Vec<_>>()).into_owned();
        // A guest must not steer the terminal of whoever reads the message.
        text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
    }

    fn keep(&self, written: &[u8]) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend(written);
        let excess = bytes.len().saturating_sub(STDERR_BYTES);
        bytes.drain(..excess);
    }
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stderr {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Stderr {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        written: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.keep(written);
        Poll::Ready(Ok(written.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
