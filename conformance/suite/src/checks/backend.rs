use std::sync::Arc;

use chrono::TimeDelta;
use plimsoll_contract::Interface::{
    FlowRepository, FlowStore, RunRuntimeStore, RunStore, WebhookRejectionStore, WebhookReplayStore,
};
use plimsoll_contract::StepStatus::{Running, Succeeded};
use plimsoll_contract::{
    Backend, CallError, Clock, ErrorKind, FlowDefinition, FlowHandle, ManualClock, OpenConfig,
    Page, RunStatus, RunTimeseriesGranularity, StateLocation, WebhookRejectionQuery,
};

use super::contents::{self, Contents, Shown};
use super::every_function;
use crate::instance::Instance;
use crate::probe::{self, Source};
use crate::race::CALLERS;
use crate::trial::START;
use crate::{Check, Halt, Outcome, Trial};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "backend/clock-ignored",
        clauses: &["BACKEND-8"],
        goal: "Whatever instant the backend sets must be the one that its clock shows.",
        usual_cause: "the time is read from the machine or from the database's NOW(); read the \
                      import wasi:clocks/wall-clock, or the clock handle given to open",
        uses: &[],
        run: |t| Box::pin(clock_ignored(t)),
    },
    Check {
        id: "backend/reopening-keeps-old-clock",
        clauses: &["BACKEND-8"],
        goal: "The backend is opened again with another clock; from then on that one counts.",
        usual_cause: "the clock of the first open is kept; take the one that each open gives",
        uses: &[RunStore],
        run: |t| Box::pin(reopening_keeps_old_clock(t)),
    },
    Check {
        id: "backend/describe-needs-open",
        clauses: &["BACKEND-14"],
        goal: "A backend that is not open is asked twice what it is, and once more when it is open.",
        usual_cause: "describe looks something up in a store that open prepares",
        uses: &[],
        run: |t| Box::pin(describe_needs_open(t)),
    },
    Check {
        id: "backend/answers-before-open",
        clauses: &["BACKEND-18"],
        goal: "Every function of a backend that is not open is called.",
        usual_cause: "there is a default namespace, or a missing one traps; answer \
                      other(\"not open\")",
        uses: &[],
        run: |t| Box::pin(answers_before_open(t)),
    },
    Check {
        id: "backend/function-unsupported",
        clauses: &["BACKEND-3"],
        goal: "Every exported function is called once with harmless arguments.",
        usual_cause: "a function is a stub; implement it, or do not export its interface",
        uses: &[],
        run: |t| Box::pin(function_unsupported(t)),
    },
    Check {
        id: "backend/reopening-loses-data",
        clauses: &["BACKEND-17"],
        goal: "A namespace is opened again; what it holds must still be there.",
        usual_cause: "open clears or recreates the namespace",
        uses: &[],
        run: |t| Box::pin(reopening_loses_data(t)),
    },
    Check {
        id: "backend/opening-race-loses-data",
        clauses: &["BACKEND-17"],
        goal: "Workers open a new namespace at once, and each writes to it as soon as it is open; \
               everything that they wrote must be there.",
        usual_cause: "open creates the namespace that it did not find a moment before",
        uses: &[FlowStore],
        run: |t| Box::pin(opening_race_loses_data(t)),
    },
    Check {
        id: "backend/switching-loses-data",
        clauses: &["BACKEND-20"],
        goal: "Another namespace is opened, then the first again.",
        usual_cause: "only the open namespace is kept",
        uses: &[],
        run: |t| Box::pin(switching_loses_data(t)),
    },
    Check {
        id: "backend/namespaces-mixed",
        clauses: &["BACKEND-19"],
        goal: "What is left in one namespace must not show in another.",
        usual_cause: "the namespace is missing from a key or from a WHERE",
        uses: &[],
        run: |t| Box::pin(namespaces_mixed(t)),
    },
    Check {
        id: "backend/namespace-case-folded",
        clauses: &["BACKEND-24"],
        goal: "Two namespaces differ in letter case alone.",
        usual_cause: "names are folded, or the database compares them without case",
        uses: &[],
        run: |t| Box::pin(namespace_case_folded(t)),
    },
    Check {
        id: "backend/namespaces-merged",
        clauses: &["BACKEND-24"],
        goal: "Two namespaces differ in a blank at the end, two in the last of 200 characters.",
        usual_cause: "names are trimmed, or cut to what the database takes as an identifier",
        uses: &[],
        run: |t| Box::pin(namespaces_merged(t)),
    },
    Check {
        id: "backend/failed-open-opens",
        clauses: &["BACKEND-18"],
        goal: "A backend that is not open refuses an open; then every function is called.",
        usual_cause: "the namespace is taken over before the arguments are checked",
        uses: &[],
        run: |t| Box::pin(failed_open_opens(t)),
    },
    Check {
        id: "backend/failed-open-switches",
        clauses: &["BACKEND-21"],
        goal: "An open that is refused must leave the namespace before it open.",
        usual_cause: "the namespace is switched before the arguments are checked",
        uses: &[],
        run: |t| Box::pin(failed_open_switches(t)),
    },
    Check {
        id: "backend/failed-open-takes-clock",
        clauses: &["BACKEND-21"],
        goal: "An open with another clock is refused; the clock of the open before still counts.",
        usual_cause: "the clock is kept before the rest of the configuration is looked at",
        uses: &[RunStore],
        run: |t| Box::pin(failed_open_takes_clock(t)),
    },
    Check {
        id: "backend/failed-open-registers-flows",
        clauses: &["BACKEND-21"],
        goal: "An open that is refused must leave the registered flows as they were.",
        usual_cause: "the flows are taken over before they are checked",
        uses: &[FlowRepository],
        run: |t| Box::pin(failed_open_registers_flows(t)),
    },
    Check {
        id: "backend/duplicate-flow-accepted",
        clauses: &["BACKEND-22"],
        goal: "Two registered flows have one id.",
        usual_cause: "the ids of the registered flows are not compared",
        uses: &[],
        run: |t| Box::pin(duplicate_flow_accepted(t)),
    },
    Check {
        id: "backend/unknown-setting-accepted",
        clauses: &["BACKEND-23"],
        goal: "open is given a setting that no backend has.",
        usual_cause: "settings are looked up by name and the rest is ignored",
        uses: &[],
        run: |t| Box::pin(unknown_setting_accepted(t)),
    },
    Check {
        id: "backend/discard-leaves-data",
        clauses: &["BACKEND-25"],
        goal: "A namespace that is not open is discarded, then opened.",
        usual_cause: "discard removes the name and leaves the rows",
        uses: &[],
        run: |t| Box::pin(discard_leaves_data(t)),
    },
    Check {
        id: "backend/discard-takes-another",
        clauses: &["BACKEND-25"],
        goal: "A namespace is discarded; those whose names begin alike must stay.",
        usual_cause: "discard removes by prefix, or removes everything",
        uses: &[],
        run: |t| Box::pin(discard_takes_another(t)),
    },
    Check {
        id: "backend/discard-of-unknown-fails",
        clauses: &["BACKEND-26"],
        goal: "A namespace that was never opened is discarded, before any open and after.",
        usual_cause: "discard looks the namespace up and fails without it",
        uses: &[],
        run: |t| Box::pin(discard_of_unknown_fails(t)),
    },
    Check {
        id: "backend/discard-closes",
        clauses: &["BACKEND-27"],
        goal: "The open namespace is discarded; it must stay open, and be empty.",
        usual_cause: "discard closes the namespace, or leaves what it held",
        uses: &[],
        run: |t| Box::pin(discard_closes(t)),
    },
    Check {
        id: "backend/program-diverges",
        clauses: &["BACKEND-1"],
        goal: "Random programs over all exported interfaces, with odd texts and a clock that \
               jumps, run on the backend and on the model; all that a MUST fixes must be equal. \
               The page shows the shortest program that differs, and the clauses it breaks.",
        usual_cause: "two interfaces share a row, and one of them leaves it in a state that the \
                      other does not expect",
        uses: &[],
        run: |t| Box::pin(t.run_programs()),
    },
    Check {
        id: "backend/stale-read",
        clauses: &["BACKEND-1"],
        goal: "After each write everything that shows it is read at once, through another \
               instance where the state is shared.",
        usual_cause: "a cache, a replica that lags, or counters that are brought up to date later",
        uses: &[RunStore, RunRuntimeStore],
        run: |t| Box::pin(stale_read(t)),
    },
    Check {
        id: "backend/instances-apart",
        clauses: &["BACKEND-15"],
        goal: "What one instance writes through every interface, another one of the same \
               namespace must show, if the backend says that they share their state.",
        usual_cause: "the state is a field of the instance",
        uses: &[],
        run: |t| Box::pin(instances_apart(t)),
    },
    Check {
        id: "backend/durable-data-lost",
        clauses: &["BACKEND-16"],
        goal: "A backend that calls itself durable is opened by a new instance, which must show \
               what was written through every interface.",
        usual_cause: "the store is in memory, or a write is acknowledged before it is kept",
        uses: &[],
        run: |t| Box::pin(durable_data_lost(t)),
    },
];

async fn clock_ignored(t: &Trial) -> Outcome {
    let stamps = probe::stamps(t).await?;
    if let Some(trouble) = probe::trouble(&stamps) {
        return Err(Halt::NotTestable(trouble));
    }
    for stamp in stamps {
        let what = format!("{} is read from the clock that was given", stamp.what);
        t.expect(&what, &stamp.source, &Source::GivenClock);
    }
    t.unchecked_clock().advance(TimeDelta::days(-1));
    for stamp in probe::stamps(t).await? {
        let what = format!("{} also when that clock went back", stamp.what);
        t.expect(&what, &stamp.source, &Source::GivenClock);
    }
    Ok(())
}

async fn reopening_keeps_old_clock(t: &Trial) -> Outcome {
    let later = Arc::new(ManualClock::at(t.clock()?.now() + TimeDelta::days(1)));
    t.instance.open(&t.own_config(), Arc::<ManualClock>::clone(&later)).await?;
    let run = t.a_run().await?;
    let started = t.run_store().get_run_detail(run).await?.map(|detail| detail.run.started_at);
    t.expect("a run starts at the instant of the second clock", &started, &Some(later.now()));
    Ok(())
}

async fn describe_needs_open(t: &Trial) -> Outcome {
    let closed = t.another_instance().await?;
    let first = closed.describe().await?;
    let second = closed.describe().await?;
    closed.open(&t.another_config("-described"), t.unchecked_clock()).await?;
    let opened = closed.describe().await?;
    t.expect("it answers the same twice", &second, &first);
    t.expect("and when it is open", &opened, &first);
    t.expect_that("it has a name", !first.name.is_empty(), "not empty", &first.name);
    t.expect_that("it has a version", !first.version.is_empty(), "not empty", &first.version);
    Ok(())
}

async fn answers_before_open(t: &Trial) -> Outcome {
    let closed = t.another_instance().await?;
    expect_not_open(t, &closed).await
}

async fn failed_open_opens(t: &Trial) -> Outcome {
    let closed = t.another_instance().await?;
    let config = refused(t, t.another_config("-refused"));
    // Whether it is refused is the business of another check.
    if closed.open(&config, t.unchecked_clock()).await.is_err() {
        expect_not_open(t, &closed).await?;
    }
    Ok(())
}

async fn expect_not_open(t: &Trial, closed: &Instance) -> Outcome {
    for (function, error) in every_function::call(closed).await {
        let what = format!("{function} says that the backend is not open");
        let error = error.map(|error| error.to_string());
        t.expect(&what, &error, &Some("not open".to_owned()));
    }
    Ok(())
}

async fn function_unsupported(t: &Trial) -> Outcome {
    for (function, error) in every_function::call(&t.instance).await {
        if let Some(CallError::Interrupted(interruption)) = error {
            return Err(CallError::Interrupted(interruption).into());
        }
        let is_unsupported =
            error.as_ref().and_then(|error| error.kind()) == Some(ErrorKind::Unsupported);
        let what = format!("{function} is implemented");
        t.expect_that(&what, !is_unsupported, "anything but `unsupported`", &error);
    }
    Ok(())
}

/// Leaves something in the open namespace, through whichever interface there is.
async fn leave_a_mark(t: &Trial) -> Outcome {
    if t.exports.contains(&FlowStore) {
        t.flow_store().save(&t.a_definition("Mark")).await?;
    } else if t.exports.contains(&WebhookRejectionStore) {
        t.webhook_rejection_store().write(&t.a_rejection("mark")).await?;
    } else {
        let needs = "neither flow-store nor webhook-rejection-store is exported to leave data in";
        return Err(Halt::NotTestable(needs.to_owned()));
    }
    Ok(())
}

/// How often something was left in the open namespace.
async fn marks(t: &Trial) -> Result<u64, Halt> {
    marks_of(t, &t.instance).await
}

async fn marks_of(t: &Trial, instance: &Instance) -> Result<u64, Halt> {
    if t.exports.contains(&FlowStore) {
        return Ok(instance.flow_store().get_all().await?.len() as u64);
    }
    let all = WebhookRejectionQuery::default();
    Ok(instance.webhook_rejection_store().query(&all).await?.total_count)
}

async fn reopening_loses_data(t: &Trial) -> Outcome {
    leave_a_mark(t).await?;
    t.open(&t.own_config()).await?;
    t.expect("what was left is still there", &marks(t).await?, &1);
    let everything = Contents::new(t);
    everything.write(t, "kept").await?;
    if t.exports.contains(&FlowStore) {
        let manifest_json = Some(String::new());
        let bare = FlowDefinition { manifest_json, ..t.a_definition("Bare") };
        t.flow_store().save(&bare).await?;
    }
    let (flow, expired) = (t.flow_id(), START - TimeDelta::days(1));
    let has_nonces = t.exports.contains(&WebhookReplayStore);
    if has_nonces {
        t.webhook_replay_store().try_register(flow, "orders", "old", expired).await?;
    }
    let before = everything.read(t).await?;
    t.open(&t.own_config()).await?;
    if has_nonces {
        let replays = t.webhook_replay_store();
        let is_new = replays.try_register(flow, "orders", "old", expired).await?;
        t.expect("a nonce that has expired is still known", &is_new, &false);
    }
    expect_kept(t, &everything, &before).await
}

async fn opening_race_loses_data(t: &Trial) -> Outcome {
    while t.next_slow_round().await? {
        let config = t.another_config(&format!("-{}", t.race().rounds));
        let namespace = config.namespace.clone();
        let definition = t.a_definition("Mark");
        let ids: Vec<_> = (0..CALLERS).map(|_| t.flow_id()).collect();
        let (clock, of_callers) = (t.unchecked_clock(), ids.clone());
        let answers = t
            .release(move |caller, instance| {
                let (config, clock) = (config.clone(), Arc::<ManualClock>::clone(&clock));
                let own = FlowDefinition { id: of_callers[caller], ..definition.clone() };
                async move {
                    instance.open(&config, clock).await?;
                    instance.flow_store().save(&own).await.map(|_| ())
                }
            })
            .await;
        t.expect_all_succeed("every open and every write succeeds", &answers);
        t.open(&OpenConfig::namespace(namespace)).await?;
        let kept: Vec<_> = t.flow_store().get_all().await?.iter().map(|kept| kept.id).collect();
        t.expect_same_items("what every worker wrote is there", &kept, &ids);
    }
    t.overlap_shown()
}

/// The open namespace must hold everything that was written, as it was read before.
async fn expect_kept(t: &Trial, everything: &Contents, before: &Shown) -> Outcome {
    contents::expect_same(t, "stay as they were", &everything.read(t).await?, before);
    if t.exports.contains(&WebhookReplayStore) {
        t.expect("the nonce is still known", &everything.holds_nonce(t).await?, &true);
    }
    Ok(())
}

async fn switching_loses_data(t: &Trial) -> Outcome {
    leave_a_mark(t).await?;
    let everything = Contents::new(t);
    everything.write(t, "kept").await?;
    let (left, before) = (marks(t).await?, everything.read(t).await?);
    t.open(&t.another_config("-other")).await?;
    t.open(&t.own_config()).await?;
    t.expect("what was left is still there", &marks(t).await?, &left);
    expect_kept(t, &everything, &before).await
}

async fn namespaces_mixed(t: &Trial) -> Outcome {
    leave_a_mark(t).await?;
    let (first, second) = (t.another_config("-first"), t.another_config("-second"));
    t.open(&t.another_config("-other")).await?;
    t.expect("the other namespace is empty", &marks(t).await?, &0);
    let everything = Contents::new(t);
    let nothing = everything.read(t).await?;
    t.open(&first).await?;
    everything.write(t, "first").await?;
    let of_first = everything.read(t).await?;
    t.open(&second).await?;
    let words = "are those of an empty namespace";
    contents::expect_same(t, words, &everything.read(t).await?, &nothing);
    everything.write(t, "second").await?;
    let of_second = everything.read(t).await?;
    t.open(&first).await?;
    expect_kept(t, &everything, &of_first).await?;
    t.open(&second).await?;
    expect_kept(t, &everything, &of_second).await
}

async fn namespace_case_folded(t: &Trial) -> Outcome {
    t.open(&t.another_config("-case")).await?;
    leave_a_mark(t).await?;
    t.open(&t.another_config("-CASE")).await?;
    t.expect("the namespace in capitals is another, and empty", &marks(t).await?, &0);
    Ok(())
}

async fn namespaces_merged(t: &Trial) -> Outcome {
    let long = "n".repeat(200);
    for (what, one, other) in [
        ("a blank at its end", "-merged".to_owned(), "-merged ".to_owned()),
        ("another last character", format!("-{long}a"), format!("-{long}b")),
    ] {
        // A name that is refused is not another one's.
        let opened = t.open(&t.another_config(&one)).await;
        if !t.kept_or_refused(opened)? {
            continue;
        }
        leave_a_mark(t).await?;
        let opened = t.open(&t.another_config(&other)).await;
        if t.kept_or_refused(opened)? {
            t.expect(&format!("the namespace with {what} is empty"), &marks(t).await?, &0);
        }
    }
    Ok(())
}

/// A configuration that every backend refuses.
fn refused(t: &Trial, config: OpenConfig) -> OpenConfig {
    let flow = a_handle(t, "Twice");
    OpenConfig { registered_flows: vec![flow.clone(), flow], ..config }
}

fn a_handle(t: &Trial, name: &str) -> FlowHandle {
    let (name, version) = (name.to_owned(), "1.0".to_owned());
    FlowHandle { id: t.flow_id(), name, version, manifest_json: None }
}

async fn failed_open_switches(t: &Trial) -> Outcome {
    leave_a_mark(t).await?;
    // Whether it is refused is the business of another check.
    let _ = t.open(&refused(t, t.another_config("-other"))).await;
    t.expect("the first namespace is still open", &marks(t).await?, &1);
    Ok(())
}

async fn failed_open_takes_clock(t: &Trial) -> Outcome {
    let (now, config) = (t.clock()?.now(), refused(t, t.own_config()));
    let later = Arc::new(ManualClock::at(now + TimeDelta::days(1)));
    // Whether it is refused is the business of another check.
    if t.instance.open(&config, later).await.is_err() {
        let run = t.a_run().await?;
        let started = t.run_store().get_run_detail(run).await?.map(|detail| detail.run.started_at);
        t.expect("a run starts at the instant of the first clock", &started, &Some(now));
    }
    Ok(())
}

async fn failed_open_registers_flows(t: &Trial) -> Outcome {
    let registered = vec![a_handle(t, "Invoice")];
    let config = OpenConfig { registered_flows: registered.clone(), ..t.own_config() };
    t.open(&config).await?;
    let _ = t.open(&refused(t, t.own_config())).await;
    let flows = t.flow_repository().get_all_flows().await?;
    t.expect("the flows of the open before stay registered", &flows, &registered);
    let others = OpenConfig { registered_flows: vec![a_handle(t, "Other")], ..t.own_config() };
    // A backend may take an unknown setting: then it has these flows now.
    if t.open(&with_unknown_setting(others, "1")).await.is_err() {
        let flows = t.flow_repository().get_all_flows().await?;
        t.expect("also where a setting was refused", &flows, &registered);
    }
    Ok(())
}

async fn duplicate_flow_accepted(t: &Trial) -> Outcome {
    let outcome = t.open(&refused(t, t.own_config())).await;
    t.expect_refusal("open refuses the duplicate", outcome, ErrorKind::InvalidArgument)?;
    let mut config = refused(t, t.own_config());
    config.registered_flows.insert(1, a_handle(t, "Between"));
    let outcome = t.open(&config).await;
    t.expect_refusal("also with another between", outcome, ErrorKind::InvalidArgument)?;
    let flow = a_handle(t, "Invoice");
    let (name, version) = ("Refund".to_owned(), "2.0".to_owned());
    let later = FlowHandle { name, version, ..flow.clone() };
    let config = OpenConfig { registered_flows: vec![flow, later], ..t.own_config() };
    let outcome = t.open(&config).await;
    let what = "also with another name and version";
    t.expect_refusal(what, outcome, ErrorKind::InvalidArgument)
}

fn with_unknown_setting(config: OpenConfig, value: &str) -> OpenConfig {
    let settings = vec![("plimsoll-no-such-setting".to_owned(), value.to_owned())];
    OpenConfig { settings, ..config }
}

async fn unknown_setting_accepted(t: &Trial) -> Outcome {
    for (what, value) in [("", "1"), (" without a value", "")] {
        let outcome = t.open(&with_unknown_setting(t.own_config(), value)).await;
        let what = format!("open refuses the setting{what}");
        t.expect_refusal(&what, outcome, ErrorKind::InvalidArgument)?;
    }
    Ok(())
}

async fn discard_leaves_data(t: &Trial) -> Outcome {
    let other = t.another_config("-other");
    t.open(&other).await?;
    leave_a_mark(t).await?;
    let everything = Contents::new(t);
    everything.write(t, "left").await?;
    t.open(&t.own_config()).await?;
    let nothing = everything.read(t).await?;
    t.backend().discard(&other.namespace).await?;
    t.open(&other).await?;
    t.expect("the discarded namespace is empty", &marks(t).await?, &0);
    expect_gone(t, &everything, &nothing).await
}

/// The open namespace must hold nothing of what was written.
async fn expect_gone(t: &Trial, everything: &Contents, nothing: &Shown) -> Outcome {
    contents::expect_same(t, "are gone", &everything.read(t).await?, nothing);
    // What is hidden rather than gone shows when it is written again.
    everything.write(t, "anew").await
}

async fn discard_takes_another(t: &Trial) -> Outcome {
    let longer = t.another_config("-other");
    t.open(&longer).await?;
    leave_a_mark(t).await?;
    let everything = Contents::new(t);
    everything.write(t, "kept").await?;
    let (left, before) = (marks(t).await?, everything.read(t).await?);
    t.open(&t.own_config()).await?;
    everything.write(t, "discarded").await?;
    t.backend().discard(&t.namespace).await?;
    t.open(&longer).await?;
    t.expect("the other namespace keeps its data", &marks(t).await?, &left);
    expect_kept(t, &everything, &before).await?;
    for ending in ["_other", ".other", "/other", ":other", "2", "%", "_"] {
        // A name that is refused is not another one's.
        let alike = t.another_config(ending);
        let opened = t.open(&alike).await;
        if t.kept_or_refused(opened)? {
            leave_a_mark(t).await?;
            t.backend().discard(&t.namespace).await?;
            t.expect(&format!("the one that ends in {ending:?} too"), &marks(t).await?, &1);
        }
    }
    Ok(())
}

async fn discard_of_unknown_fails(t: &Trial) -> Outcome {
    let unknown = t.another_namespace("-unknown");
    let closed = t.another_instance().await?;
    let before = closed.discard(&unknown).await;
    let after = t.backend().discard(&unknown).await;
    t.expect("it succeeds before any open", &before, &Ok(()));
    t.expect("it succeeds after one", &after, &Ok(()));
    Ok(())
}

async fn discard_closes(t: &Trial) -> Outcome {
    let everything = Contents::new(t);
    let nothing = everything.read(t).await?;
    leave_a_mark(t).await?;
    everything.write(t, "discarded").await?;
    t.backend().discard(&t.namespace).await?;
    t.expect("the namespace is empty", &marks(t).await?, &0);
    expect_gone(t, &everything, &nothing).await?;
    let left = marks(t).await?;
    leave_a_mark(t).await?;
    t.expect("and can be written to at once", &marks(t).await?, &(left + 1));
    Ok(())
}

async fn stale_read(t: &Trial) -> Outcome {
    const TIMES: u64 = 10;
    let reader = t.another_reader().await?;
    let (runs, steps) = (reader.run_store(), reader.run_runtime_store());
    let (flow, now) = (t.flow_id(), t.clock()?.now());
    for time in 1..=TIMES {
        let start = t.start_of(flow);
        let run = start.run_id;
        t.run_store().start_run(&start).await?;
        let paged = runs.get_runs_page(Some(flow), None, Page::default(), None).await?;
        t.expect("the page counts a run that has just started", &paged.total_count, &time);
        let found = run.0.to_string();
        let found = runs.get_runs_page(None, None, Page::default(), Some(&found)).await?;
        t.expect("search finds it", &found.total_count, &1);
        let active: Vec<_> = runs.get_active_runs().await?.iter().map(|run| run.id).collect();
        t.expect("it is active", &active, &vec![run]);
        t.a_running_step(run, "charge").await?;
        let status = steps.get_step_statuses(run).await?;
        t.expect("the step is running", &status, &vec![("charge".to_owned(), Running)]);
        let end = t.run_store();
        end.record_step_complete(run, "charge", Succeeded, None, None).await?;
        let status = steps.get_step_statuses(run).await?;
        t.expect("the step has succeeded", &status, &vec![("charge".to_owned(), Succeeded)]);
        end.complete_run(run, RunStatus::Succeeded).await?;
        let completed = runs.get_statistics().await?.completed_today;
        t.expect("the statistics count it", &completed, &time);
        let (since, until) = (now - TimeDelta::hours(1), now + TimeDelta::hours(1));
        let hour = RunTimeseriesGranularity::Hour;
        let buckets = runs.get_run_timeseries(hour, since, until, None).await?;
        let counted: u64 = buckets.iter().map(|bucket| bucket.succeeded).sum();
        t.expect("so does the timeseries", &counted, &time);
    }
    Ok(())
}

async fn instances_apart(t: &Trial) -> Outcome {
    if t.backend().describe().await?.state == StateLocation::Instance {
        return Ok(());
    }
    contents::expect_shown_by_another(t).await
}

async fn durable_data_lost(t: &Trial) -> Outcome {
    if !t.backend().describe().await?.durable {
        return Ok(());
    }
    contents::expect_shown_by_another(t).await
}
