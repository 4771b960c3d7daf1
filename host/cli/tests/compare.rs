//! `plimsoll compare`: reports side by side.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn plimsoll(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(arguments).output().expect("plimsoll starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Reports in a folder, made of a real one.
struct Reports {
    folder: TempDir,
    /// Of the memory backend, which keeps everything.
    right: Value,
}

impl Reports {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let output = plimsoll(&["certify", "memory", "--effort", "1", "--report", &path]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        let right = fs::read_to_string(folder.path().join("report.json")).unwrap();
        Self { folder, right: serde_json::from_str(&right).unwrap() }
    }

    /// Writes the report, changed, and answers its path.
    fn with(&self, name: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut report = self.right.clone();
        change(&mut report);
        let path = self.folder.path().join(name);
        fs::write(&path, report.to_string()).unwrap();
        path.display().to_string()
    }
}

fn set_verdict(report: &mut Value, id: &str, verdict: &str) {
    let clauses = report["clauses"].as_array_mut().unwrap();
    let clause = clauses.iter_mut().find(|clause| clause["id"] == id).unwrap();
    clause["verdict"] = json!(verdict);
}

#[test]
fn what_differs_comes_first_and_totals_last() {
    let reports = Reports::new();
    let right = reports.with("right.json", |_| ());
    let wrong = reports.with("wrong.json", |report| {
        set_verdict(report, "RUN-2", "not-judged");
        set_verdict(report, "SIGNAL-3", "failed");
        report["subject"]["target"] = json!("other");
        report["traits"][0]["observed"] = json!("it does it otherwise");
    });
    let output = plimsoll(&["compare", &right, &wrong]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    let place =
        |words: &str| text.find(words).unwrap_or_else(|| panic!("`{words}` is not in:\n{text}"));
    let places = [
        place("A  "),
        place("(memory): certified, profile full"),
        place("B  "),
        place("(other): certified"),
        place("SIGNAL-3  passed      failed    "),
        place("RUN-2     passed      not judged"),
        place("\nalike\n"),
        place("run-store"),
        place("traits that differ"),
        place("B  it does it otherwise"),
        place("\ntotals"),
        place("failed      0           1\n"),
        place("not judged  0           1\n"),
        place("261 clauses: 2 differ, 259 are alike"),
    ];
    assert!(places.is_sorted(), "{places:?}\n{text}");
    assert!(!text.contains("RUN-3 "), "what is alike takes no line of its own:\n{text}");
}

#[test]
fn a_folder_stands_for_its_report_and_one_name_for_two_backends() {
    let reports = Reports::new();
    let path = reports.folder.path().display().to_string();
    let other = reports.with("other.json", |report| set_verdict(report, "RUN-2", "failed"));
    let output = plimsoll(&["compare", &path, &other, &path, "--json"]);
    let compared: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let told = |field: &str| {
        let reports = compared["reports"].as_array().unwrap().iter();
        reports.map(|it| it[field].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("key"), ["A", "B", "C"]);
    assert_eq!(told("target"), ["memory"; 3]);
    assert_eq!(told("file")[1], other);
    let first = &compared["clauses"][0];
    assert_eq!(first["id"], "RUN-2");
    assert_eq!(first["verdicts"], json!(["passed", "failed", "passed"]));
    assert_eq!(first["differs"], true);
    assert_eq!(compared["clauses"].as_array().unwrap().len(), 261);
    assert_eq!(compared["differing"], 1);
    assert_eq!(compared["reports"][1]["clauses"]["failed"], 1);
}

#[test]
fn other_kits_and_contracts_are_told_and_not_refused() {
    let reports = Reports::new();
    let old = reports.with("old.json", |_| ());
    let new = reports.with("new.json", |report| {
        report["kit"]["version"] = json!("0.2.0");
        report["kit"]["contract"] = json!("flow:storage@0.2.0");
        report["verdict"] = json!("incomplete");
        report["a field of a later kit"] = json!(1);
        let clauses = report["clauses"].as_array_mut().unwrap();
        clauses.retain(|clause| clause["id"] != "RUN-2");
        let mut added = clauses[0].clone();
        added["id"] = json!("RUN-99");
        clauses.push(added);
    });
    let output = plimsoll(&["compare", &old, &new]);
    assert_eq!(output.status.code(), Some(0));
    for words in [
        "note: judged by several kits: A plimsoll 0.1.0 · B plimsoll 0.2.0",
        "note: judged by several contracts: A flow:storage@0.1.0",
        "note: B was not judged to the end",
        "RUN-2    passed      absent",
        "RUN-99   absent      passed",
        "absent      1           1\n",
    ] {
        assert!(stdout(&output).contains(words), "`{words}` is not in:\n{}", stdout(&output));
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let reports = Reports::new();
    let right = reports.with("right.json", |_| ());
    let text = reports.folder.path().join("text.json");
    fs::write(&text, "{").unwrap();
    let text = text.display().to_string();
    let later = reports.with("later.json", |it| it["schema"] = json!("plimsoll.report/2"));
    let bare = reports.with("bare.json", |it| *it = json!({}));
    let short = reports.with("short.json", |it| drop(it.as_object_mut().unwrap().remove("seed")));
    let strange = reports.with("strange.json", |it| it["clauses"][0]["verdict"] = json!("good"));
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().display().to_string();
    for (path, kind, words) in [
        ("no-such-file", "file", "No such file"),
        (&empty, "file", "report.json"),
        (&text, "report", "plimsoll certify TARGET --report DIR"),
        (&bare, "report", "names no schema"),
        (&short, "report", "seed"),
        (&strange, "report", "good"),
        (&later, "schema", "has the form `plimsoll.report/2`, and this plimsoll reads"),
    ] {
        let output = plimsoll(&["compare", &right, path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(words), "{path}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        let output = plimsoll(&["compare", &right, path, "--json"]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(error["error"]["kind"], kind, "{path}");
    }
    assert_eq!(plimsoll(&["compare", &right]).status.code(), Some(2), "one is nothing to compare");
}

#[test]
fn a_comparison_is_written_with_its_page() {
    let reports = Reports::new();
    let right = reports.with("right.json", |_| ());
    let evil = "<script>alert(1)</script>\"'>\u{1b}[31m\ntotals";
    let wrong = reports.with("wrong.json", |report| {
        for field in ["target", "name", "version", "sha256", "kind"] {
            report["subject"][field] = json!(evil);
        }
        for field in ["verdict", "profile", "started_at"] {
            report[field] = json!(evil);
        }
        report["kit"]["version"] = json!(evil);
        for field in ["id", "text", "interface", "level"] {
            report["clauses"][3][field] = json!(evil);
            report["clauses"][4][field] = json!(evil);
        }
        report["traits"][0]["observed"] = json!(evil);
    });
    let folder = reports.folder.path().join("new/folder");
    let output = plimsoll(&["compare", &right, &wrong, "--report", &folder.display().to_string()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!stdout(&output).contains('\u{1b}'), "a report does not steer the terminal");
    assert_eq!(stdout(&output).matches("\ntotals").count(), 1, "{}", stdout(&output));
    let written = |name: &str| fs::read_to_string(Path::new(&folder).join(name)).unwrap();
    let html = written("compare.html");
    assert_eq!(html.matches("<script").count(), 1, "the script is ours");
    assert!(html.matches("&lt;script&gt;alert(1)").count() > 10, "and the rest is text");
    let compared: Value = serde_json::from_str(&written("compare.json")).unwrap();
    assert_eq!(compared["schema"], "plimsoll.compare/1");
    let output = plimsoll(&["compare", &right, &wrong, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&stdout(&output)).unwrap(), compared);
}
