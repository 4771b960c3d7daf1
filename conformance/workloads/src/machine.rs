//! Where the numbers were taken.

use std::fs;

use serde::Serialize;

/// The machine, and how busy it was at the start.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the JSON")]
pub struct Machine {
    pub os: &'static str,
    pub arch: &'static str,
    /// Those that this process may use.
    pub cpus: usize,
    /// As the system calls it; none where it does not say.
    pub cpu: Option<String>,
    pub memory_bytes: Option<u64>,
    /// Processes that ran or wanted to, on average over the last minute.
    pub load: Option<f64>,
    /// `release` or `debug`, of this program.
    pub build: &'static str,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn this() -> Self {
        Self {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: field("/proc/cpuinfo", "model name"),
            memory_bytes: memory_bytes(),
            load: load(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }
}

/// The value behind `name:` in a file of lines.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The memory of the machine.
pub(crate) fn memory_bytes() -> Option<u64> {
    let kibibytes = field("/proc/meminfo", "MemTotal")?;
    Some(kibibytes.split(' ').next()?.parse::<u64>().ok()? << 10)
}

/// The memory that this process takes.
pub(crate) fn resident_bytes() -> Option<u64> {
    let kibibytes = field("/proc/self/status", "VmRSS")?;
    Some(kibibytes.split(' ').next()?.parse::<u64>().ok()? << 10)
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
