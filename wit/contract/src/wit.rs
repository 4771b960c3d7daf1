//! The WIT text itself, as this build of the contract has it.

use crate::Interface;

/// The package and version that this crate implements.
pub const PACKAGE: &str = "flow:storage@0.1.0";

/// One file of the WIT package.
#[derive(Clone, Copy, Debug)]
pub struct WitFile {
    /// Its path from the root of the repository.
    pub path: &'static str,
    /// Its whole text.
    pub text: &'static str,
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(WitFile {
            path: concat!("wit/", $name),
            text: include_str!(concat!("../../", $name)),
        }),*]
    };
}

/// Every file of the package, without those of `wit/deps`.
pub const FILES: &[WitFile] = files![
    "types.wit"
    "backend.wit"
    "flow-store.wit"
    "run-store.wit"
    "run-runtime-store.wit"
    "run-control-store.wit"
    "retention-store.wit"
    "event-reader.wit"
    "signal-store.wit"
    "schedule-state-store.wit"
    "outputs-repository.wit"
    "flow-repository.wit"
    "webhook-rejection-store.wit"
    "webhook-replay-store.wit"
    "world.wit"
];

/// The text of `wasi:clocks/wall-clock@0.2.0`, which the worlds import.
pub const WALL_CLOCK: &str = include_str!("../../deps/clocks/wall-clock.wit");

/// The file that holds an interface.
#[must_use]
pub fn file_of(interface: Interface) -> Option<&'static WitFile> {
    let path = format!("wit/{}.wit", interface.name());
    FILES.iter().find(|file| file.path == path)
}
