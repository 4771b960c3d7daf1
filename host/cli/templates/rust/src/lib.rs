//! A `flow:storage` backend for the profile `core`.
//!
//! Each interface of `wit/` is a module with the interface's name, and the promises that its
//! functions must keep stand there as numbered clauses. All state is in [`state`].

wit_bindgen::generate!({
    path: "wit",
    world: "flow:storage/core@0.1.0",
    // The clock of WASI too, which is in `wit/deps`.
    generate_all,
    // So that ids are keys of maps, and instants are compared: a record compares field by field,
    // which is the order in time.
    additional_derives: [PartialEq, Eq, PartialOrd, Ord, Hash],
    // These hold floating-point numbers, which have no such order.
    additional_derives_ignore: [
        "run-timeseries-bucket", "webhook-rejection", "webhook-rejection-page",
    ],
});

mod backend;
mod clock;
mod flow_store;
mod outputs_repository;
mod run_store;
mod search;
mod state;
mod timeseries;

/// The type that the interfaces are implemented on. It holds nothing: exported functions have no
/// `self`.
struct Component;

export!(Component);
