//! The report as a page: it explains a failure, and what a backend says stays text.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may stop")]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::report::{
    CallReport, CheckReport, ClauseVerdict, ExpectationReport, RaceReport, TraitReport,
};
use plimsoll_conformance::{Report, RunVerdict, Settings, Subject, Verdict, certify};
use plimsoll_contract::{Backend, Clock, Result};
use plimsoll_model::{Model, SharedModel};
use serde_json::json;

/// What a backend answers that wants to be more than text.
const EVIL: &str =
    "</code></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&{{7*7}}";

const FAILED: &str = "webhook-replay-store/nonces-merged";
const NOT_RUN: &str = "run-store/used-id-overwrites";
const PASSED: &str = "webhook-replay-store/expired-nonce-accepted";

fn evil() -> String {
    EVIL.to_owned()
}

struct Right;

#[async_trait]
impl Subject for Right {
    fn target(&self) -> String {
        evil()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(SharedModel::new(Model::default())))
    }
}

fn check<'a>(report: &'a mut Report, id: &str) -> &'a mut CheckReport {
    report.checks.iter_mut().find(|check| check.id == id).expect("the check")
}

/// A report in which a backend says [`EVIL`] wherever it can say anything.
async fn report() -> Report {
    let only = [FAILED, NOT_RUN, PASSED].map(str::to_owned).into();
    let mut report = certify(Arc::new(Right), &Settings { only, ..Settings::default() }).await;
    report.verdict = RunVerdict::Violated;
    let subject = &mut report.subject;
    subject.sha256 = Some(evil());
    subject.imports = vec![evil()];
    for text in [&mut subject.name, &mut subject.version, &mut subject.engine] {
        *text = evil();
    }
    report.settings.limits = json!({ EVIL: EVIL }).as_object().cloned().expect("an object");
    report.stale_known_failing.push(evil());
    report.traits.push(TraitReport {
        id: "REPLAY-3".to_owned(),
        interface: "webhook-replay-store",
        observed: evil(),
    });
    let failed = check(&mut report, FAILED);
    failed.verdict = Verdict::Failed;
    failed.reason = Some(evil());
    failed.usual_cause = Cow::Owned(format!("`a<b` {EVIL}"));
    failed.expectations =
        vec![ExpectationReport { what: evil(), expected: evil(), got: evil() }; 2];
    failed.calls = vec![CallReport { n: 1, call: evil(), result: evil(), caller: Some(3) }; 3];
    failed.race = Some(RaceReport { rounds: 7, overlaps: 3, losers: 2 });
    failed.rerun = Some(evil());
    let not_run = check(&mut report, NOT_RUN);
    not_run.verdict = Verdict::Failed;
    not_run.reason = Some(evil());
    not_run.rerun = None;
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

#[tokio::test]
async fn what_a_backend_says_is_text_and_nothing_else() {
    let html = report().await.to_html().expect("the templates are right");
    assert!(!html.contains(EVIL), "it is escaped");
    assert!(html.matches("&lt;img src=x onerror=alert(1)&gt;").count() > 20, "and it is shown");
    assert_eq!(html.matches("<script").count(), 1, "the script is ours");
    let elements = elements(&html);
    for name in ["img", "iframe", "object", "script", "/script"] {
        assert!(!elements.contains(name), "{name} among {elements:?}");
    }
    assert!(elements.contains("details"), "{elements:?}");
    assert!(html.contains("{{7*7}}"), "it is no template either");
    assert!(html.contains("<code>a&lt;b</code> &lt;"), "code is set apart, and escaped");
    for reaches_out in ["http:", "https:", "src=\"", "@import", "url("] {
        let html = html.replace("xmlns='http://www.w3.org/2000/svg'", "");
        assert!(!html.contains(reaches_out), "{reaches_out}");
    }
}

#[tokio::test]
async fn a_page_explains_a_failure() {
    let mut report = report().await;
    let failed = check(&mut report, FAILED);
    failed.expectations[0].got = "seventeen".to_owned();
    failed.calls[0].call = "webhook-replay-store.try-register(flow-1)".to_owned();
    failed.usual_cause = "`a<b` and ` alone".into();
    let html = report.to_html().expect("the templates are right");
    let id = |id: &str| format!("id=\"{}\"", id.replace('/', "&#x2f;"));
    let page = html.split_once(&id(FAILED)).expect("it has a page").1;
    let page = page.split_once("</details>").expect("its end").0;
    for words in [
        "REPLAY-3",
        "Nonces of other flows and of other trigger keys do not matter",
        "wit&#x2f;webhook-replay-store.wit:",
        "seventeen",
        "webhook-replay-store.try-register(flow-1)",
        "caller 3",
        "7 rounds, 3 overlapping pairs of calls",
        "Usual cause",
        "Again",
        "`a&lt;b` and ` alone",
    ] {
        assert!(page.contains(words), "`{words}` is not in:\n{page}");
    }
    assert!(!html.contains(&id(PASSED)), "a check that passed has no page");
    assert!(!html.contains(&id(NOT_RUN)), "nor one that was not run");
    assert!(html.contains(": 1 checks could not be run"));
}

#[tokio::test]
async fn an_untested_clause_is_seen() {
    let mut report = report().await;
    let clause = report.clauses.iter_mut().find(|clause| clause.id == "RUN-2").expect("RUN-2");
    clause.verdict = ClauseVerdict::Untested;
    clause.checks.clear();
    let html = report.to_html().expect("the templates are right");
    let row = html.split_once("id=\"RUN-2\"").expect("it has a row").1;
    let row = row.split_once("</div>").expect("its end").0;
    assert!(row.contains("badge untested"), "{row}");
    assert!(row.contains("The suite has no check of it."), "{row}");
}

#[tokio::test]
async fn a_name_is_no_verdict_in_the_text_either() {
    let mut report = report().await;
    report.subject.name = "me\nCERTIFIED  me".to_owned();
    let text = report.to_text();
    assert!(text.contains("VIOLATED  me CERTIFIED  me"), "{text}");
    assert!(!text.contains("\nCERTIFIED"), "{text}");
}
