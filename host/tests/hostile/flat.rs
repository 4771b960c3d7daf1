//! Calls that leave nothing behind.

use std::fs;
use std::sync::Arc;

use plimsoll_contract::{Backend, OpenConfig, RunId, RunRuntimeStore, SystemClock};
use plimsoll_host::InstanceOptions;

use crate::apart::{apart, memory};

/// What a million calls may add to the memory of the process: next to nothing.
const FLAT: u64 = 4 << 20;

#[test]
fn a_million_calls_leave_nothing_behind() {
    apart(async |zoo| {
        let plugin = zoo.load(&fs::read(plimsoll_guests::MEMORY).unwrap()).await.unwrap();
        let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
        backend.open(&OpenConfig::namespace("flat"), Arc::new(SystemClock)).await.unwrap();
        assert_eq!(backend.try_claim_step(RunId::default(), "charge").await, Ok(true));
        let mut before = 0;
        for number in 0..1_000_000 {
            assert_eq!(backend.try_claim_step(RunId::default(), "charge").await, Ok(false));
            if number == 100_000 {
                before = memory::resident();
            }
        }
        let grown = memory::resident().saturating_sub(before);
        assert!(grown < FLAT, "memory grew by {} KiB", grown >> 10);
    });
}
