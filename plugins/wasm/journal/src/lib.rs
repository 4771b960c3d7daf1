//! A `flow:storage` backend that keeps a log in the first folder that it is granted, as a
//! WebAssembly component. A write is answered once its record is in the log and synced, so it
//! survives whatever ends the process; `open` reads the log and makes the state of it.
//!
//! The state is the one of the guest `memory`: its modules are compiled into this crate, with
//! another [`clock`]. They cannot be a library of both, because a library that exports a component's
//! functions exports them from whatever links it.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "plimsoll:journal/journal",
    generate_all,
    additional_derives: [
        PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
    ],
    // These hold floating-point numbers.
    additional_derives_ignore: [
        "run-timeseries-bucket", "webhook-rejection", "webhook-rejection-page",
    ],
    additional_type_attributes: {
        "flow:storage/types@0.1.0/webhook-rejection": [
            #[derive(serde::Serialize, serde::Deserialize)]
        ],
    },
});

mod backend;
mod calls;
mod clock;
mod file;
mod folder;
mod log;
mod record;
mod session;

#[path = "../../memory/src"]
mod memory {
    mod backend;
    mod event_reader;
    mod flow_repository;
    mod flow_store;
    mod outputs_repository;
    mod retention_store;
    mod run_control_store;
    mod run_runtime_store;
    mod run_store;
    mod schedule_state_store;
    mod signal_store;
    pub mod state;
    pub mod text;
    mod webhook_rejection_store;
    mod webhook_replay_store;
}

use memory::{state, text};

/// What answers the calls, from memory alone.
struct Memory;

/// What is exported: it writes down what changes [`Memory`].
struct Journal;

export!(Journal);
