//! How the types of arguments are owned, drawn, lent to a call, and looked at.
//!
//! The table of functions names types as a signature does, `Option<&str>`. A function pointer type
//! may hold such a type as it is, so `fn(Option<&str>)` stands for it here.

use std::time::Duration;

use chrono::SubsecRound;
use plimsoll_contract::{
    FlowDefinition, FlowEvent, FlowId, Instant, Page, RunId, RunStatus, RunTimeseriesGranularity,
    ScheduleState, StartRun, StepStatus, WebhookRejection, WebhookRejectionQuery,
};
use proptest::option;
use proptest::prelude::{Just, Strategy};
use proptest::sample::select;
use proptest::strategy::SBoxedStrategy;
use proptest::{bool, collection, prop_oneof};

use crate::notes::Notes;
use crate::pools::{Pools, odd_instants};
use crate::rejection::rejections;

/// The type of an argument, and what a program keeps of it.
pub trait Own {
    /// For example `Option<String>` of `Option<&str>`.
    type Owned: Clone;
}

/// The type of an argument.
pub(crate) trait Argument: Own {
    /// What the call takes.
    type Lent<'a>;

    fn lend(owned: &Self::Owned) -> Self::Lent<'_>;

    /// Draws arguments; `name` is the parameter's.
    fn strategy(name: &str, pools: &Pools) -> SBoxedStrategy<Self::Owned>;

    fn note(_name: &str, _owned: &Self::Owned, _notes: &mut Notes) {}

    /// Cuts instants to the millisecond.
    fn coarsen(_owned: &mut Self::Owned) {}
}

const KEYS: [&str; 6] =
    ["step_key", "trigger_key", "idempotency_key", "signal_name", "nonce", "job_id"];

fn texts(name: &str, pools: &Pools) -> SBoxedStrategy<String> {
    match name {
        "idempotency_key" => variants(&pools.keys),
        _ if KEYS.contains(&name) => mostly_first(&pools.keys),
        "search" => select(pools.searches.clone()).sboxed(),
        "evaluation_trace_json" => {
            prop_oneof![3 => select(pools.jsons.clone()), 1 => Just(String::new())].sboxed()
        }
        _ if name.ends_with("_json") => select(pools.jsons.clone()).sboxed(),
        _ => select(pools.texts.clone()).sboxed(),
    }
}

/// Keys as they are, in the other letter case, and with blanks around them.
fn variants(keys: &[String]) -> SBoxedStrategy<String> {
    let changed = mostly_first(keys).prop_map(|key| match key.len() % 3 {
        0 => format!(" {key}\t"),
        1 => key.to_uppercase(),
        _ => key.to_ascii_uppercase(),
    });
    prop_oneof![3 => mostly_first(keys), 1 => changed].sboxed()
}

pub(crate) fn mostly_first<T: Clone + std::fmt::Debug + Send + Sync + 'static>(
    items: &[T],
) -> SBoxedStrategy<T> {
    let few = items[..items.len().min(2)].to_vec();
    prop_oneof![2 => select(few), 1 => select(items.to_vec())].sboxed()
}

pub(crate) fn instants(pools: &Pools) -> SBoxedStrategy<Instant> {
    select(pools.instants.clone()).sboxed()
}

/// For instants that are only kept: sometimes beyond the calendar.
fn any_instants(pools: &Pools) -> SBoxedStrategy<Instant> {
    prop_oneof![6 => instants(pools), 1 => select(odd_instants())].sboxed()
}

fn coarse(instant: Instant) -> Instant {
    instant.trunc_subsecs(3)
}

fn pages() -> SBoxedStrategy<Page> {
    let skip = select(vec![0, 0, 0, 1, 2, 3, 50, u32::MAX]);
    let take = select(vec![None, None, Some(1), Some(2), Some(3), Some(0), Some(u32::MAX)]);
    (skip, take).prop_map(|(skip, take)| Page { skip, take }).sboxed()
}

macro_rules! copied {
    ($($type:ty: |$name:ident, $pools:ident| $strategy:expr, |$owned:ident, $notes:ident| $note:expr;)*) => {$(
        impl Own for fn($type) {
            type Owned = $type;
        }

        impl Argument for fn($type) {
            type Lent<'a> = $type;

            fn lend(owned: &$type) -> $type {
                *owned
            }

            fn strategy($name: &str, $pools: &Pools) -> SBoxedStrategy<$type> {
                $strategy
            }

            fn note(_name: &str, $owned: &$type, $notes: &mut Notes) {
                $note
            }
        }
    )*};
}

copied! {
    bool: |_name, _pools| bool::ANY.sboxed(), |_owned, _notes| ();
    FlowId: |_name, pools| mostly_first(&pools.flows),
        |owned, notes| { notes.flows.insert(*owned); };
    RunId: |_name, pools| mostly_first(&pools.runs), |owned, notes| { notes.runs.insert(*owned); };
    Option<FlowId>: |_name, pools| option::of(select(pools.flows.clone())).sboxed(),
        |_owned, _notes| ();
    Page: |_name, _pools| pages(), |_owned, _notes| ();
    StepStatus: |_name, _pools| step_statuses(), |_owned, _notes| ();
    RunStatus: |_name, _pools| run_statuses(), |_owned, _notes| ();
    Option<RunStatus>: |_name, _pools| option::of(run_statuses()).sboxed(), |_owned, _notes| ();
    RunTimeseriesGranularity: |_name, _pools| select(vec![
        RunTimeseriesGranularity::Hour,
        RunTimeseriesGranularity::Day,
    ]).sboxed(), |_owned, _notes| ();
    // WEBHOOK-21: a window that reaches before the earliest instant may be refused. Which instant
    // that is no clause says; 292 years is what 64 bits of nanoseconds hold.
    Duration: |_name, _pools| select(vec![
        Duration::from_secs(3600),
        Duration::ZERO,
        Duration::from_millis(1),
        Duration::from_secs(86_400),
        Duration::from_secs(86_400 * 400),
        Duration::from_nanos(u64::MAX),
    ]).sboxed(), |owned, notes| {
        notes.may_be_refused |= owned.as_nanos() > i64::MAX as u128;
    };
}

fn step_statuses() -> SBoxedStrategy<StepStatus> {
    use StepStatus::{Failed, Pending, Running, Skipped, Succeeded};
    select(vec![Succeeded, Failed, Pending, Skipped, Skipped, Succeeded, Failed, Running]).sboxed()
}

fn run_statuses() -> SBoxedStrategy<RunStatus> {
    use RunStatus::{Cancelled, Failed, Running, Skipped, Succeeded, TimedOut};
    select(vec![Succeeded, Failed, Cancelled, TimedOut, Skipped, Running, Succeeded, Failed])
        .sboxed()
}

impl Own for fn(&str) {
    type Owned = String;
}

impl Argument for fn(&str) {
    type Lent<'a> = &'a str;

    fn lend(owned: &String) -> &str {
        owned
    }

    fn strategy(name: &str, pools: &Pools) -> SBoxedStrategy<String> {
        texts(name, pools)
    }

    fn note(name: &str, owned: &String, notes: &mut Notes) {
        if KEYS.contains(&name) { notes.key(owned) } else { notes.text(owned) }
    }
}

impl Own for fn(Option<&str>) {
    type Owned = Option<String>;
}

impl Argument for fn(Option<&str>) {
    type Lent<'a> = Option<&'a str>;

    fn lend(owned: &Option<String>) -> Option<&str> {
        owned.as_deref()
    }

    fn strategy(name: &str, pools: &Pools) -> SBoxedStrategy<Option<String>> {
        match name {
            // The webhook log's reasons are codes; elsewhere a reason is free text, and the one
            // that `reset-cascade-skipped-dependents` looks for must be frequent.
            "reason" => option::weighted(0.8, free_reasons(pools)).sboxed(),
            "search" => option::weighted(0.85, texts(name, pools)).sboxed(),
            _ => option::of(texts(name, pools)).sboxed(),
        }
    }

    fn note(name: &str, owned: &Option<String>, notes: &mut Notes) {
        match owned {
            Some(text) if name == "idempotency_key" => notes.key(text),
            Some(text) => notes.text(text),
            None => {}
        }
    }
}

fn free_reasons(pools: &Pools) -> SBoxedStrategy<String> {
    let last = pools.texts.last().cloned().unwrap_or_default();
    prop_oneof![2 => select(pools.texts.clone()), 2 => Just(last), 2 => select(pools.reasons.clone())]
        .sboxed()
}

impl Own for fn(Instant) {
    type Owned = Instant;
}

impl Argument for fn(Instant) {
    type Lent<'a> = Instant;

    fn lend(owned: &Instant) -> Instant {
        *owned
    }

    fn strategy(name: &str, pools: &Pools) -> SBoxedStrategy<Instant> {
        if name == "expires_at" { any_instants(pools) } else { instants(pools) }
    }

    fn note(_name: &str, owned: &Instant, notes: &mut Notes) {
        notes.instant(*owned);
    }

    fn coarsen(owned: &mut Instant) {
        *owned = coarse(*owned);
    }
}

impl Own for fn(Option<Instant>) {
    type Owned = Option<Instant>;
}

impl Argument for fn(Option<Instant>) {
    type Lent<'a> = Option<Instant>;

    fn lend(owned: &Option<Instant>) -> Option<Instant> {
        *owned
    }

    fn strategy(_name: &str, pools: &Pools) -> SBoxedStrategy<Option<Instant>> {
        option::of(any_instants(pools)).sboxed()
    }

    fn note(_name: &str, owned: &Option<Instant>, notes: &mut Notes) {
        owned.iter().for_each(|instant| notes.instant(*instant));
    }

    fn coarsen(owned: &mut Option<Instant>) {
        *owned = owned.map(coarse);
    }
}

impl Own for fn(&[String]) {
    type Owned = Vec<String>;
}

impl Argument for fn(&[String]) {
    type Lent<'a> = &'a [String];

    fn lend(owned: &Vec<String>) -> &[String] {
        owned
    }

    fn strategy(_name: &str, pools: &Pools) -> SBoxedStrategy<Vec<String>> {
        collection::vec(mostly_first(&pools.keys), 0..4).sboxed()
    }

    fn note(_name: &str, owned: &Vec<String>, notes: &mut Notes) {
        owned.iter().for_each(|key| notes.key(key));
    }
}

impl Own for fn(&[(String, String)]) {
    type Owned = Vec<(String, String)>;
}

impl Argument for fn(&[(String, String)]) {
    type Lent<'a> = &'a [(String, String)];

    fn lend(owned: &Vec<(String, String)>) -> &[(String, String)] {
        owned
    }

    fn strategy(_name: &str, pools: &Pools) -> SBoxedStrategy<Vec<(String, String)>> {
        let name = select(vec!["Cookie", "cookie", "X-Signature", "x-empty"]);
        let header = (name.prop_map(str::to_owned), select(pools.texts.clone()));
        collection::vec(header, 0..4).sboxed()
    }

    /// OUTPUT-12: a name that occurs twice may be refused. HTTP ignores the case of names.
    fn note(_name: &str, owned: &Vec<(String, String)>, notes: &mut Notes) {
        for (place, (name, value)) in owned.iter().enumerate() {
            let earlier = &owned[..place];
            notes.may_be_refused |=
                earlier.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
            notes.text(value);
        }
    }
}

macro_rules! records {
    ($($type:ident: |$pools:ident| $strategy:expr,
        |$owned:ident, $notes:ident| $note:expr, |$fine:ident| $coarsen:expr;)*) => {$(
        impl Own for fn(&$type) {
            type Owned = $type;
        }

        impl Argument for fn(&$type) {
            type Lent<'a> = &'a $type;

            fn lend(owned: &$type) -> &$type {
                owned
            }

            fn strategy(_name: &str, $pools: &Pools) -> SBoxedStrategy<$type> {
                $strategy
            }

            fn note(_name: &str, $owned: &$type, $notes: &mut Notes) {
                $note
            }

            fn coarsen($fine: &mut $type) {
                $coarsen
            }
        }
    )*};
}

records! {
    FlowDefinition: |pools| {
        let manifest = prop_oneof![2 => select(pools.jsons.clone()), 1 => Just(String::new())];
        let version = select(vec!["1.0".to_owned(), "v".repeat(64), "v".repeat(65)]);
        (
            select(pools.flows.clone()), select(pools.names.clone()), version, option::of(manifest),
            bool::ANY, instants(pools),
        ).prop_map(|(id, name, version, manifest_json, is_enabled, at)| FlowDefinition {
            id, name, version, manifest_json, is_enabled, created_at: at, updated_at: at,
        }).sboxed()
    }, |owned, notes| {
        notes.flows.insert(owned.id);
        notes.label(&owned.name, 256);
        notes.label(&owned.version, 64);
    }, |_fine| ();
    StartRun: |pools| (
        mostly_first(&pools.flows), select(pools.texts.clone()), mostly_first(&pools.runs),
        mostly_first(&pools.keys), option::of(select(pools.jsons.clone())),
        option::of(select(pools.texts.clone())), option::of(select(pools.runs.clone())),
    ).prop_map(|(flow_id, flow_name, run_id, trigger_key, trigger_data_json, job_id, source_run_id)| {
        StartRun {
            flow_id, flow_name, run_id, trigger_key, trigger_data_json, job_id, source_run_id,
        }
    }).sboxed(), |owned, notes| {
        notes.runs.extend(owned.source_run_id);
        notes.runs.insert(owned.run_id);
        notes.flows.insert(owned.flow_id);
        notes.key(&owned.trigger_key);
        notes.label(&owned.flow_name, 256);
        owned.job_id.iter().for_each(|text| notes.text(text));
    }, |_fine| ();
    ScheduleState: |pools| (
        mostly_first(&pools.keys), select(pools.flows.clone()), select(pools.names.clone()),
        mostly_first(&pools.keys), bool::ANY, option::of(select(pools.texts.clone())),
        instants(pools),
    ).prop_map(|(job_id, flow_id, flow_name, trigger_key, is_paused, cron_override, updated_at)| {
        ScheduleState {
            job_id, flow_id, flow_name, trigger_key, is_paused, cron_override, updated_at,
        }
    }).sboxed(), |owned, notes| {
        notes.key(&owned.job_id);
        notes.key(&owned.trigger_key);
        notes.label(&owned.flow_name, 256);
        owned.cron_override.iter().for_each(|text| notes.text(text));
    }, |_fine| ();
    FlowEvent: |pools| (
        any_instants(pools), select(pools.texts.clone()), option::of(mostly_first(&pools.keys)),
        option::of(select(pools.texts.clone())),
    ).prop_map(|(timestamp, event_type, step_key, message)| FlowEvent {
        timestamp, event_type, step_key, message,
    }).sboxed(), |owned, notes| {
        notes.instant(owned.timestamp);
        notes.text(&owned.event_type);
        owned.step_key.iter().for_each(|key| notes.key(key));
        owned.message.iter().for_each(|text| notes.text(text));
    }, |fine| fine.timestamp = coarse(fine.timestamp);
    WebhookRejection: |pools| rejections(pools), |owned, notes| {
        notes.instant(owned.received_at);
        notes.text(&owned.reason);
        owned.trigger_key.iter().for_each(|key| notes.key(key));
        owned.body_truncated.iter().for_each(|text| notes.text(text));
    }, |fine| fine.received_at = coarse(fine.received_at);
    WebhookRejectionQuery: |pools| (
        option::weighted(0.3, select(pools.flows.clone())),
        option::weighted(0.3, select(pools.reasons.clone())),
        option::weighted(0.4, select(pools.searches.clone())),
        bool::weighted(0.7), bool::weighted(0.7), pages(),
    ).prop_map(|(flow_id, reason, search, include_accepted, include_rejected, page)| {
        WebhookRejectionQuery { flow_id, reason, search, include_accepted, include_rejected, page }
    }).sboxed(), |owned, notes| {
        owned.search.iter().for_each(|text| notes.text(text));
    }, |_fine| ();
}
