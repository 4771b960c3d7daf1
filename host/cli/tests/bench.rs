//! What `plimsoll bench` measures, and what it refuses to.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

fn plimsoll(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(arguments).env("NO_COLOR", "1").output().expect("plimsoll starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn two_targets_are_measured_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().display().to_string();
    let arguments = [
        "bench",
        "memory",
        plimsoll_guests::MEMORY,
        "--only",
        "claim",
        "chain",
        "runs",
        "--seconds",
        "0.05",
        "--history",
        "2000",
        "--callers",
        "2",
        "--seed",
        "7",
        "--report",
        &report,
        "--json",
    ];
    let output = plimsoll(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let bench = json(&output);
    assert_eq!(fields(&bench), BTreeSet::from(["schema", "kit", "machine", "seed", "targets"]));
    assert_eq!((&bench["schema"], &bench["seed"]), (&"plimsoll.bench/1".into(), &7.into()));
    let targets = bench["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 2);
    for target in targets {
        let documented = ["target", "sha256", "precheck", "workloads", "growth"];
        assert_eq!(fields(target), BTreeSet::from(documented), "{target}");
        assert_eq!(target["precheck"], "passed");
        for row in target["workloads"].as_array().unwrap() {
            check_row(row);
        }
        let rows: Vec<_> = target["workloads"].as_array().unwrap().iter().map(name).collect();
        let expected = [
            "claim x2 beside 0",
            "chain x2 beside 0",
            "claim x1 beside 1000",
            "runs x1 beside 1000",
            "claim x1 beside 2000",
            "runs x1 beside 2000",
        ];
        assert_eq!(rows, expected);
        let growth = target["growth"].as_array().unwrap();
        assert_eq!(growth.iter().map(|it| &it["op"]).collect::<Vec<_>>(), ["claim", "runs"]);
        assert!(growth.iter().all(|it| it["exponent"].is_f64() && it["marked"].is_boolean()));
    }
    assert_eq!(targets[0]["sha256"], Value::Null);
    assert_eq!(targets[1]["sha256"].as_str().unwrap().len(), 64);
    let first: Vec<_> = targets[0]["workloads"].as_array().unwrap().iter().collect();
    assert!(first.iter().all(|row| row["ratio"] == 1.0), "the first is compared with itself");
    let written = fs::read_to_string(folder.path().join("bench.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), bench);
    let page = fs::read_to_string(folder.path().join("bench.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("chain: latency, 2 callers"), "{page}");
    assert!(!page.contains("http") && !page.contains("<script"), "it needs nothing else");
}

fn name(row: &Value) -> String {
    let id = row["id"].as_str().unwrap();
    format!("{id} x{} beside {}", row["callers"], row["history_runs"])
}

fn check_row(row: &Value) {
    let documented = [
        "id",
        "callers",
        "payload_bytes",
        "history_runs",
        "n",
        "ops_per_s",
        "ci95",
        "p50_us",
        "p95_us",
        "p99_us",
        "max_us",
        "ratio",
        "ratio_ci95",
    ];
    assert_eq!(fields(row), BTreeSet::from(documented), "{row}");
    let value = |field: &str| row[field].as_f64().unwrap();
    let latencies = ["p50_us", "p95_us", "p99_us", "max_us"].map(value);
    assert!(latencies[0] > 0.0 && latencies.is_sorted(), "{row}");
    assert!(value("n") >= 10.0, "each round has a turn: {row}");
    if row["id"] == "chain" {
        assert!(latencies[0] > 10.0, "a hundred calls take longer than that: {row}");
    }
    for (value, interval) in [("ops_per_s", "ci95"), ("ratio", "ratio_ci95")] {
        let ends = [row[interval][0].as_f64().unwrap(), row[interval][1].as_f64().unwrap()];
        let value = row[value].as_f64().unwrap();
        assert!(ends[0] <= value && value <= ends[1], "{row}");
    }
}

#[test]
fn what_breaks_the_contract_gets_no_numbers() {
    let arguments = ["--only", "claim", "--seconds", "0.02", "--history", "1000"];
    let targets = ["bench", plimsoll_guests::HOSTILE, "memory"];
    let output = plimsoll(&[&targets[..], &arguments].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    for words in ["FAILED  ", "gets no numbers", "webhook-replay-store/replay-accepted: "] {
        assert!(text(&output).contains(words), "`{words}` is not in {}", text(&output));
    }
    let bench = json(&plimsoll(&[&targets[..], &arguments, &["--json"]].concat()));
    let [hostile, memory] = &bench["targets"].as_array().unwrap()[..] else { panic!("{bench}") };
    assert_eq!(hostile["precheck"], "failed");
    assert_eq!(
        (&hostile["workloads"], &hostile["growth"]),
        (&Value::from([0; 0]), &Value::from([0; 0]))
    );
    assert_eq!(memory["precheck"], "passed");
    let rows = memory["workloads"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["ratio"].is_null()), "the first target has no numbers");
}

#[test]
fn what_cannot_be_measured_is_refused_before() {
    for (arguments, words) in [
        (vec![], "name a target"),
        (vec!["memory", "nothing.wasm"], "there is no file"),
        (vec!["memory", "--only", "clam"], "there is no workload `clam`; there are start-run,"),
        (vec!["memory", "--seconds", "0"], "a number from 0.01"),
        (vec!["memory", "--history", "10"], "0, or a number from 1000"),
    ] {
        let output = plimsoll(&[&["bench"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(words), "`{words}` is not in {}", text(&output));
    }
}
