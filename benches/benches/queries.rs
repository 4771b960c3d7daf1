//! What a dashboard and a sweep ask, beside a thousand runs, on every bundled backend.
#![allow(missing_docs, reason = "its entry point is generated")]

mod common;

use criterion::{Criterion, criterion_group, criterion_main};
use plimsoll_workloads::Group;

fn queries(criterion: &mut Criterion) {
    common::measure(criterion, Group::Query);
}

criterion_group! {
    name = benches;
    config = common::config();
    targets = queries
}
criterion_main!(benches);
