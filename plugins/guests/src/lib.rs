//! The guests of this repository, built for WebAssembly: a constant with the path of each, and
//! [`ALL`]. Building this crate builds them.
//!
//! `PLIMSOLL_GUESTS=DIR` takes guests that were built before, `DIR/<name>.wasm`.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
