//! A `flow:storage` backend in memory, as a WebAssembly component: what a third party would write,
//! from the WIT alone.
//!
//! Each interface is a module with the interface's name. All state is in [`state`]; an instance is
//! single-threaded, so a call has it to itself.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "flow:storage/full@0.1.0",
    generate_all,
    additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash],
    // These hold floating-point numbers.
    additional_derives_ignore: [
        "run-timeseries-bucket", "webhook-rejection", "webhook-rejection-page",
    ],
});

mod backend;
mod clock;
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
mod state;
mod text;
mod webhook_rejection_store;
mod webhook_replay_store;

struct Memory;

export!(Memory);
