//! `report.html` and `compare.html` in a browser.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

mod browser;
mod history;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use browser::{Browser, ENTER, TAB};
use tempfile::TempDir;

/// A name that wants to be more than text.
const EVIL: &str = "<img src=x onerror=document.title=1>.wasm";

/// The pages that are looked at.
struct Pages {
    folder: TempDir,
}

impl Pages {
    /// A report of a right backend, one of a backend that means harm, both side by side, and one
    /// of a race.
    fn write() -> Self {
        let pages = Self { folder: tempfile::tempdir().unwrap() };
        let evil = pages.path(EVIL);
        fs::copy(plimsoll_guests::HOSTILE, &evil).unwrap();
        let (right, wrong) = (pages.path("right"), pages.path("wrong"));
        let certify = ["certify", "--effort", "10", "--seed", "7", "--report"];
        plimsoll(&[&certify[..], &[text(&right), "memory"]].concat());
        plimsoll(&[&certify[..], &[text(&wrong), text(&evil)]].concat());
        let both = [text(&right), text(&wrong), text(&wrong)];
        plimsoll(&[&["compare"], &both[..], &["--report", text(&pages.path("both"))]].concat());
        fs::write(pages.drawn(), history::report().to_html().unwrap()).unwrap();
        pages
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn right(&self) -> PathBuf {
        self.path("right/report.html")
    }

    fn wrong(&self) -> PathBuf {
        self.path("wrong/report.html")
    }

    fn both(&self) -> PathBuf {
        self.path("both/compare.html")
    }

    /// A page with a timeline.
    fn drawn(&self) -> PathBuf {
        self.path("drawn.html")
    }

    fn all(&self) -> [PathBuf; 4] {
        [self.right(), self.wrong(), self.both(), self.drawn()]
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn plimsoll(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(arguments).output().unwrap();
    assert!(output.status.code() < Some(2), "{arguments:?}: {output:?}");
}

/// How many things that can be filtered are shown.
const SHOWN: &str = "return document.querySelectorAll('[data-verdict]:not([hidden])').length";

#[test]
fn pages_work_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    let pages = Pages::write();
    for page in pages.all() {
        loads(&browser, &page);
        fits_a_phone(&browser, &page);
        works_without_scripts(&browser, &page);
    }
    says_what_a_backend_says_as_text(&browser, &pages.wrong());
    is_dark_where_the_reader_wants_it(&browser, &pages.wrong());
    filters(&browser, &pages.wrong());
    filters_a_comparison(&browser, &pages.both());
    is_used_by_keyboard(&browser, &pages.wrong());
    reveals_what_a_link_names(&browser, &pages.wrong());
    for (page, width, scheme) in [
        (pages.wrong(), 1200, "light"),
        (pages.wrong(), 375, "dark"),
        (pages.right(), 375, "light"),
        (pages.both(), 1200, "dark"),
        (pages.drawn(), 375, "light"),
    ] {
        can_be_used_by_all(&browser, &page, width, scheme);
    }
}

fn loads(browser: &Browser, page: &Path) {
    browser.show(1200, "light");
    browser.open(page);
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{}: {complaints:?}", page.display());
    assert_eq!(browser.eval("return document.getElementById('filter').hidden"), false);
    assert!(browser.eval(SHOWN).as_u64() > Some(200), "clauses are there");
    let requests = "return performance.getEntriesByType('resource').length";
    assert_eq!(browser.eval(requests), 0, "nothing is loaded from elsewhere");
}

fn fits_a_phone(browser: &Browser, page: &Path) {
    browser.show(375, "light");
    browser.eval("for (const node of document.querySelectorAll('details')) node.open = true");
    let width = browser.eval("return document.documentElement.scrollWidth").as_u64();
    assert!(width <= Some(375), "{} is {width:?} pixels wide", page.display());
}

fn works_without_scripts(browser: &Browser, page: &Path) {
    browser.allow_scripts(false);
    browser.open(page);
    let hidden = "return getComputedStyle(document.getElementById('filter')).display";
    assert_eq!(browser.eval(hidden), "none", "a filter that does nothing is not shown");
    assert!(browser.eval(SHOWN).as_u64() > Some(200), "clauses are there");
    // A click by script would need no script of the page either.
    browser.eval("document.querySelector('details:not([open]) > summary').focus()");
    let open = "return document.querySelectorAll('details[open]').length";
    let before = browser.eval(open).as_u64().unwrap();
    browser.press(ENTER);
    assert_eq!(browser.eval(open), before + 1, "pages open by themselves");
    browser.allow_scripts(true);
}

fn says_what_a_backend_says_as_text(browser: &Browser, page: &Path) {
    browser.open(page);
    assert_eq!(browser.eval("return document.images.length"), 0);
    let title = browser.eval("return document.title");
    assert!(title.as_str().is_some_and(|title| title.starts_with("Violated: hostile")), "{title}");
    let shown = browser.eval("return document.querySelector('.lead').textContent");
    assert!(shown.as_str().is_some_and(|shown| shown.contains(EVIL)), "{shown}");
    // Should the templates ever let something through, the policy of the page does not.
    browser.eval(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=document.title=1>')",
    );
    browser.eval("return new Promise((done) => setTimeout(done, 0))");
    assert_eq!(browser.eval("return document.title"), title);
    assert!(!browser.complaints().is_empty(), "the policy says that it refused");
}

fn is_dark_where_the_reader_wants_it(browser: &Browser, page: &Path) {
    browser.open(page);
    let paper = |scheme| {
        browser.show(1200, scheme);
        browser.eval("return getComputedStyle(document.documentElement).backgroundColor")
    };
    assert_eq!(paper("light"), "rgb(251, 251, 248)");
    assert_eq!(paper("dark"), "rgb(21, 23, 26)");
}

fn filters(browser: &Browser, page: &Path) {
    browser.open(page);
    let all = browser.eval(SHOWN).as_u64().unwrap();
    let open = "return document.querySelectorAll('details[data-group][open]').length";
    assert_eq!(browser.eval(open), 0, "interfaces are closed");
    browser.eval("document.forms.filter.words.focus()");
    browser.press("replay nonce");
    let some = browser.eval(SHOWN).as_u64().unwrap();
    assert!(0 < some && some < all / 2, "{some} of {all}");
    let fit = "return [...document.querySelectorAll('[data-verdict]')].every((node) =>
        node.hidden !== (/replay/i.test(node.textContent) && /nonce/i.test(node.textContent)))";
    assert_eq!(browser.eval(fit), true);
    assert!(browser.eval(open).as_u64() > Some(0), "interfaces with a match open");
    let status = browser.eval("return document.querySelector('output').textContent");
    assert_eq!(status, format!("{some} of {all} shown"));
    browser.press(TAB);
    browser.press("failed");
    let failed = browser.eval(SHOWN).as_u64().unwrap();
    assert!(0 < failed && failed < some, "{failed} of {some}");
    let fit = "return [...document.querySelectorAll('[data-verdict]:not([hidden])')].every(
        (node) => node.dataset.verdict === 'failed' && node.checkVisibility())";
    assert_eq!(browser.eval(fit), true, "what is left failed, and is seen");
    browser.eval("document.forms.filter.reset()");
    browser.eval("document.forms.filter.words.dispatchEvent(new Event('input', {bubbles: true}))");
    assert_eq!(browser.eval(SHOWN), all);
    assert_eq!(browser.eval(open), 0, "and they close again");
}

fn filters_a_comparison(browser: &Browser, page: &Path) {
    browser.open(page);
    let all = browser.eval(SHOWN).as_u64().unwrap();
    browser.eval("document.forms.filter.verdict.focus()");
    browser.press("failed");
    let failed = browser.eval(SHOWN).as_u64().unwrap();
    assert!(0 < failed && failed < all, "{failed} of {all}");
    let heads = browser.eval(
        "return [...document.querySelectorAll('#differing thead th')].map((it) => it.innerText[0])",
    );
    assert_eq!(heads, serde_json::json!(["C", "A", "B", "C"]), "two of one name are told apart");
}

fn is_used_by_keyboard(browser: &Browser, page: &Path) {
    browser.open(page);
    browser.press(TAB);
    let focus = "return document.activeElement.textContent";
    assert_eq!(browser.eval(focus), "Skip to the findings");
    browser.press(ENTER);
    assert_eq!(browser.eval("return document.activeElement.id"), "main");
    browser.press(TAB);
    assert_eq!(browser.eval("return document.activeElement.localName"), "summary");
    let ring = browser.eval("return getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(ring, "solid", "the focus is seen");
    let is_open = "return document.activeElement.parentElement.open";
    let was_open = browser.eval(is_open).as_bool().unwrap();
    browser.press(ENTER);
    assert_eq!(browser.eval(is_open), !was_open);
}

fn reveals_what_a_link_names(browser: &Browser, page: &Path) {
    browser.open(page);
    browser.eval("document.forms.filter.words.focus()");
    browser.press("no such words");
    assert_eq!(browser.eval(SHOWN), 0);
    browser.eval("location.hash = '#REPLAY-1'");
    browser.eval("return new Promise((done) => setTimeout(done, 0))");
    let seen = "return document.getElementById('REPLAY-1').checkVisibility()";
    assert_eq!(browser.eval(seen), true);
}

fn can_be_used_by_all(browser: &Browser, page: &Path, width: usize, scheme: &str) {
    browser.show(width, scheme);
    browser.open(page);
    browser.eval("for (const node of document.querySelectorAll('details')) node.open = true");
    let found = browser.audit();
    assert!(found.is_empty(), "{} {width} {scheme}: {found:#?}", page.display());
}
