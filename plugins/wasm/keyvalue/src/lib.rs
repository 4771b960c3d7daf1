//! A `flow:storage` backend that keeps everything behind `wasi:keyvalue`: many instances share one
//! store, and compare-and-swap is all that keeps them from each other's feet.
//!
//! Each interface is a module with the interface's name. Below them:
//!
//! - [`store`] reads and swaps entries of any length, [`log`] appends to one;
//! - [`runs`] keeps a run with its steps, claims, dispatches, control record and waiters in one
//!   entry, so that every change of a run is one swap; the [`directory`] finds that entry;
//! - [`slots`] and [`texts`] keep what is large beside it, under keys that begin with the number of
//!   the entry: when the entry is marked as removed, they are gone in the same moment.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "plimsoll:keyvalue/keyvalue",
    generate_all,
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    // It holds a handle.
    additional_derives_ignore: ["cas-error"],
});

mod backend;
mod codec;
mod detail;
mod directory;
mod event_reader;
mod flow_repository;
mod flow_store;
mod hash;
mod ids;
mod lists;
mod log;
mod order;
mod outputs_repository;
mod retention_store;
mod run;
mod run_control_store;
mod run_runtime_store;
mod run_store;
mod runs;
mod schedule_state_store;
mod session;
mod signal_store;
mod slots;
mod statistics;
mod step;
mod store;
mod text;
mod texts;
mod webhook_rejection_store;
mod webhook_replay_store;

struct KeyValue;

export!(KeyValue);
