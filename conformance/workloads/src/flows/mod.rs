//! What an engine does to whole runs.

mod dashboard;
pub(crate) mod engine;
mod fan_out;
mod runs;

use std::future::ready;

use crate::workload::{NOTHING_LEFT, NOTHING_TO_PREPARE, SMALL};
use crate::{Crowd, Group, Growth, Pace, Trouble, Workload};

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Workload> {
    runs::ALL.iter().chain(&fan_out::ALL).chain(&dashboard::ALL)
}

/// What a flow is unless it says otherwise; it must say what it does.
const FLOW: Workload = Workload {
    id: "",
    group: Group::Flow,
    what: "",
    payloads: &[SMALL],
    pace: Pace::Closed,
    crowd: Crowd::Timed,
    growth: Growth::Apart,
    leaves: 10_000,
    prepare: NOTHING_TO_PREPARE,
    unit: |_, _| Box::pin(ready(Err(Trouble::Panicked))),
    verify: NOTHING_LEFT,
    beside: None,
};
