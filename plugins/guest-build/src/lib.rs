//! Builds the guests in `plugins/wasm` with whatever WebAssembly toolchain the machine has. It
//! installs nothing; where there is no toolchain it names the command that installs one.

#[cfg(feature = "build")]
mod build;
mod toolchain;

#[cfg(feature = "build")]
pub use build::{BuildError, Guest, build, names};
pub use toolchain::{DEBIAN_PACKAGES, MissingToolchain, TARGETS, Toolchain};
