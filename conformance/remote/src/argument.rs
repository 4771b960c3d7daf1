//! How the types of arguments are owned by who received them, and lent to a call.

use std::time::Duration;

use plimsoll_contract::{
    FlowId, Instant, Page, RunId, RunStatus, RunTimeseriesGranularity, StepStatus,
};
use serde::de::DeserializeOwned;

/// The type of an argument, as a signature names it.
pub(crate) trait Argument<'a> {
    /// For example `Option<String>` of `Option<&str>`.
    type Owned: DeserializeOwned;

    /// What the call takes.
    fn lend(owned: &'a Self::Owned) -> Self;
}

impl<'a> Argument<'a> for &'a str {
    type Owned = String;

    fn lend(owned: &'a String) -> Self {
        owned
    }
}

impl<'a> Argument<'a> for Option<&'a str> {
    type Owned = Option<String>;

    fn lend(owned: &'a Option<String>) -> Self {
        owned.as_deref()
    }
}

impl<'a, T: DeserializeOwned> Argument<'a> for &'a [T] {
    type Owned = Vec<T>;

    fn lend(owned: &'a Vec<T>) -> Self {
        owned
    }
}

impl<'a, T: DeserializeOwned> Argument<'a> for &'a T {
    type Owned = T;

    fn lend(owned: &'a T) -> Self {
        owned
    }
}

macro_rules! copied {
    ($($type:ty),*) => {
        $(impl Argument<'_> for $type {
            type Owned = Self;

            fn lend(owned: &Self) -> Self {
                *owned
            }
        })*
    };
}

copied!(
    bool,
    FlowId,
    Option<FlowId>,
    RunId,
    RunStatus,
    Option<RunStatus>,
    StepStatus,
    RunTimeseriesGranularity,
    Instant,
    Option<Instant>,
    Duration,
    Page
);
