//! The calls that an engine makes often, on every bundled backend.
#![allow(missing_docs, reason = "its entry point is generated")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use plimsoll_workloads::Group;

fn operations(criterion: &mut Criterion) {
    common::measure(criterion, Group::Operation);
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = operations
}
criterion_main!(benches);
