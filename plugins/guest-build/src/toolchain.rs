use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

/// The targets that serve, the best first: one without any WASI imports, then the one that authors
/// are taught.
pub const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip2"];

/// The Debian packages that make a toolchain where no target can be fetched.
pub const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// Something that compiles Rust to WebAssembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active toolchain has the target.
    Installed {
        /// Which target.
        target: &'static str,
    },
    /// Debian's compiler, which builds the standard library from its own source.
    Debian {
        /// The linker.
        linker: PathBuf,
    },
}

/// There is no toolchain that compiles Rust to WebAssembly.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no toolchain compiles Rust to WebAssembly here; install one with `cargo xtask setup`, or with \
     `rustup target add {}`, or on Debian with `apt-get install --no-install-recommends {}`",
    TARGETS[0],
    DEBIAN_PACKAGES.join(" ")
)]
pub struct MissingToolchain;

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library/std";

impl Toolchain {
    /// The best that the machine has.
    ///
    /// # Errors
    ///
    /// If it has none.
    pub fn detect() -> Result<Self, MissingToolchain> {
        let sysroot = sysroot().unwrap_or_default();
        let has = |target: &&str| sysroot.join("lib/rustlib").join(target).join("lib").is_dir();
        if let Some(target) = TARGETS.into_iter().find(|target| has(target)) {
            return Ok(Self::Installed { target });
        }
        let is_debian = [DEBIAN_CARGO, DEBIAN_RUSTC, DEBIAN_LIBRARY]
            .iter()
            .all(|path| Path::new(path).exists());
        match (is_debian, find_linker()) {
            (true, Some(linker)) => Ok(Self::Debian { linker }),
            _ => Err(MissingToolchain),
        }
    }

    /// The target that it compiles for.
    #[must_use]
    pub fn target(&self) -> &'static str {
        match self {
            Self::Installed { target } => target,
            Self::Debian { .. } => TARGETS[0],
        }
    }

    #[cfg(feature = "build")]
    pub(crate) fn cargo(&self) -> Command {
        match self {
            Self::Installed { .. } => Command::new("cargo"),
            Self::Debian { .. } => Command::new(DEBIAN_CARGO),
        }
    }

    #[cfg(feature = "build")]
    pub(crate) fn configure(&self, command: &mut Command) {
        command.args(["--target", self.target()]);
        if let Self::Debian { linker } = self {
            command.arg("-Zbuild-std=std,panic_abort");
            command.env("RUSTC", DEBIAN_RUSTC);
            // The standard library is built from source, which stable compilers do only so.
            command.env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed { target } => write!(f, "the installed target {target}"),
            Self::Debian { linker } => {
                write!(f, "Debian's {DEBIAN_RUSTC} and {}", linker.display())
            }
        }
    }
}

/// Where the active compiler keeps its targets. A build script is told which compiler that is.
fn sysroot() -> Option<PathBuf> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(path.trim()))
}

/// Debian names its linkers with their version.
fn find_linker() -> Option<PathBuf> {
    let versioned = (14..40).rev().map(|version| format!("wasm-ld-{version}"));
    let names: Vec<_> = std::iter::once("wasm-ld".to_owned()).chain(versioned).collect();
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH")?).collect();
    let candidates = names.iter().flat_map(|name| folders.iter().map(move |path| path.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}
