use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_contract::{Description, Interface, Profile, StateLocation};
use serde_json::{Value, json};

use super::super::{
    CallReport, CheckReport, ClauseVerdict, ExpectationReport, RaceReport, Report, Subjected,
    assemble,
};
use crate::{Settings, Verdict};

/// What a backend answers that wants to be more than text.
const EVIL: &str =
    "</code></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&{{7*7}}";

fn evil() -> String {
    EVIL.to_owned()
}

fn subject() -> Subjected {
    Subjected {
        target: evil(),
        kind: "wasm",
        engine: evil(),
        sha256: Some(evil()),
        imports: vec![evil()],
        limits: json!({ EVIL: EVIL }).as_object().cloned().unwrap_or_default(),
        exports: vec![Interface::Backend, Interface::WebhookReplayStore],
        description: Some(Description {
            name: evil(),
            version: evil(),
            state: StateLocation::Instance,
            durable: false,
        }),
        profile: Profile::Core,
        instances: 1,
    }
}

fn check(id: &'static str, verdict: Verdict) -> CheckReport {
    CheckReport {
        id,
        interface: "webhook-replay-store",
        clauses: vec!["REPLAY-1"],
        level: "must",
        profile: "webhooks",
        verdict,
        reason: Some(evil()),
        usual_cause: Cow::Owned(evil()),
        expectations: vec![ExpectationReport { what: evil(), expected: evil(), got: evil() }],
        calls: vec![CallReport { n: 1, call: evil(), result: evil(), caller: Some(3) }],
        history: Some(vec![Value::String(evil())]),
        race: Some(RaceReport { rounds: 7, overlaps: 3, losers: 2 }),
        duration_ms: 1,
        rerun: Some(evil()),
        backtrace: Some(evil()),
        observations: vec![evil()],
        timeline: None,
    }
}

/// A report in which a backend says [`EVIL`] wherever it can say anything.
fn report() -> Report {
    let drawn = CheckReport {
        timeline: Some(evil()),
        ..check("webhook-replay-store/replay-accepted", Verdict::Failed)
    };
    let not_run =
        CheckReport { rerun: None, ..check("run-store/used-id-overwrites", Verdict::Failed) };
    let checks = vec![
        drawn,
        check("webhook-replay-store/nonces-merged", Verdict::Warned),
        check("webhook-replay-store/expired-nonce-accepted", Verdict::Passed),
        not_run,
    ];
    let now = chrono::Utc::now();
    let mut report = assemble(subject(), &Settings::default(), checks, now, Duration::from_secs(1));
    report.stale_known_failing.push(evil());
    report
}

/// The names of all elements, outside of style and script.
fn elements(html: &str) -> BTreeSet<String> {
    let head = html.split_once("<style>").expect("a style").0;
    let body = html.split_once("</style>").expect("its end").1;
    let body = body.rsplit_once("<script>").expect("a script").0;
    let names = [head, body].into_iter().flat_map(|part| part.split('<').skip(1));
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "/!".contains(c);
    names.map(|rest| rest.chars().take_while(|c| is_of_name(*c)).collect()).collect()
}

#[test]
fn what_a_backend_says_is_text_and_nothing_else() {
    let html = report().to_html().expect("the templates are right");
    assert!(!html.contains(EVIL), "it is escaped");
    assert!(html.matches("&lt;img src=x onerror=alert(1)&gt;").count() > 20, "and it is shown");
    assert_eq!(html.matches("<script").count(), 1, "the script is ours");
    let elements = elements(&html);
    for name in ["img", "iframe", "object", "script", "/script"] {
        assert!(!elements.contains(name), "{name} among {elements:?}");
    }
    assert!(elements.contains("details"), "{elements:?}");
    assert!(html.contains("{{7*7}}"), "it is no template either");
    for reaches_out in ["http:", "https:", "src=\"", "@import", "url("] {
        let html = html.replace("xmlns='http://www.w3.org/2000/svg'", "");
        assert!(!html.contains(reaches_out), "{reaches_out}");
    }
}

#[test]
fn a_page_explains_a_failure() {
    let mut report = report();
    report.checks[1].expectations[0].got = "seventeen".to_owned();
    report.checks[1].calls[0].call = "webhook-replay-store.try-register(flow-1)".to_owned();
    let html = report.to_html().expect("the templates are right");
    let id = "webhook-replay-store/nonces-merged";
    let page = html.split_once(&format!("id=\"{id}\"")).expect("it has a page").1;
    let page = page.split_once("</details>").expect("its end").0;
    for words in [
        "REPLAY-1",
        "The first call for flow, trigger key and nonce is true",
        "wit&#x2f;webhook-replay-store.wit:",
        "seventeen",
        "webhook-replay-store.try-register(flow-1)",
        "caller 3",
        "7 rounds, 3 overlapping pairs of calls",
        "Usual cause",
        "Again",
        "Backtrace",
    ] {
        assert!(page.contains(words), "`{words}` is not in:\n{page}");
    }
    assert!(html.contains("History"), "the first page has its timeline");
    let passed = "id=\"webhook-replay-store/expired-nonce-accepted\"";
    assert!(!html.contains(passed), "a check that passed has no page");
    assert!(!html.contains("id=\"run-store/used-id-overwrites\""), "nor one that was not run");
    assert!(html.contains(": 1 checks could not be run"));
}

#[test]
fn an_untested_clause_is_seen() {
    let mut report = report();
    let clause = report.clauses.iter_mut().find(|clause| clause.id == "RUN-2").expect("RUN-2");
    clause.verdict = ClauseVerdict::Untested;
    clause.checks.clear();
    let html = report.to_html().expect("the templates are right");
    let row = html.split_once("id=\"RUN-2\"").expect("it has a row").1;
    let row = row.split_once("</div>").expect("its end").0;
    assert!(row.contains("badge untested"), "{row}");
    assert!(row.contains("The suite has no check of it."), "{row}");
}

#[test]
fn a_name_is_no_verdict_in_the_text_either() {
    let mut report = report();
    report.subject.name = "me\nCERTIFIED  me".to_owned();
    let text = report.to_text();
    assert!(text.contains("VIOLATED  me CERTIFIED  me"), "{text}");
    assert!(!text.contains("\nCERTIFIED"), "{text}");
}
