//! Whole workloads by one caller, on every bundled backend.
#![allow(missing_docs, reason = "its entry point is generated")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use plimsoll_workloads::Group;

fn flows(criterion: &mut Criterion) {
    common::measure(criterion, Group::Flow);
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = flows
}
criterion_main!(benches);
