//! What a person at a terminal, and a script, get from `plimsoll`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs `plimsoll` with these arguments.
fn plimsoll(arguments: &[&str]) -> Output {
    command(arguments).output().expect("plimsoll starts")
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap_or_else(|error| {
        panic!("{error}\nstdout: {}\nstderr: {}", stdout(output), stderr(output))
    })
}

/// The exit code must be `code`, and standard output and error together hold every word.
fn expect(arguments: &[&str], code: i32, words: &[&str]) -> Output {
    let output = plimsoll(arguments);
    let text = format!("{}{}", stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?}: `{word}` is not in:\n{text}");
    }
    output
}

const CLAIM: &str = "run-runtime-store/second-claim-wins";

#[test]
fn the_memory_guest_is_certified() {
    let output = expect(&["certify", plimsoll_guests::MEMORY], 0, &["CERTIFIED", "profile full"]);
    assert!(stderr(&output).is_empty(), "a pipe gets no progress: {}", stderr(&output));
    assert!(!stdout(&output).contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn a_trap_fails_its_checks_and_the_others_run() {
    let output = plimsoll(&["certify", plimsoll_guests::HOSTILE, "--json", "--seed", "1"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["profile"], "webhooks");
    assert_eq!(report["summary"]["harness_error"], 0);
    let checks = report["checks"].as_array().unwrap();
    let check = |id: &str| checks.iter().find(|check| check["id"] == id).unwrap();
    let trapped = check("webhook-rejection-store/includes-ignored");
    assert_eq!(trapped["verdict"], "failed");
    assert!(trapped["reason"].as_str().unwrap().contains("unreachable"), "{trapped}");
    assert!(trapped["backtrace"].as_str().unwrap().contains("hostile"), "{trapped}");
    assert_eq!(check("backend/describe-needs-open")["verdict"], "passed");
}

#[test]
fn a_violation_is_a_page_that_explains_itself() {
    let id = "webhook-replay-store/replay-accepted";
    let arguments = ["certify", plimsoll_guests::HOSTILE, "--only", id, "--seed", "7"];
    let again = format!("--only {id} --seed 7");
    let words = [
        "FAILED  webhook-replay-store/replay-accepted",
        "REPLAY-1 MUST  The first call for flow, trigger key and nonce is true;",
        "wit/webhook-replay-store.wit:",
        "a replay is not",
        "expected  false",
        "got       true",
        r#"webhook-replay-store.try-register(flow-1, "orders", "n-1""#,
        "usual cause  the nonce is written without looking",
        &again,
        "VIOLATED",
    ];
    expect(&arguments, 1, &words);
}

#[test]
fn targets_that_are_none_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (empty, text, cut) = (path("empty.wasm"), path("text.wasm"), path("cut.wasm"));
    let guest = fs::read(plimsoll_guests::MEMORY).unwrap();
    fs::write(&empty, b"").unwrap();
    fs::write(&text, b"hello").unwrap();
    fs::write(&cut, &guest[..guest.len() / 2]).unwrap();
    let missing = path("missing.wasm");
    let directory = folder.path().display().to_string();
    for (target, words) in [
        (missing.as_str(), "there is no file"),
        (directory.as_str(), "is a directory"),
        (empty.as_str(), "the file is empty"),
        (text.as_str(), "not WebAssembly"),
        (cut.as_str(), "truncated or malformed"),
        ("plugin.toml", "No such file"),
    ] {
        for command in ["certify", "inspect"] {
            let output = expect(&[command, target], 2, &[words]);
            assert!(!stderr(&output).contains("secret"));
            assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
            let output = plimsoll(&[command, target, "--json"]);
            assert_eq!(output.status.code(), Some(2));
            let kind = if target == "plugin.toml" { "manifest" } else { "target" };
            assert_eq!(json(&output)["error"]["kind"], kind);
        }
    }
}

/// A manifest of the guest that needs a key-value store, with one in memory.
fn keyvalue_manifest(folder: &Path) -> String {
    let path = folder.join("plugin.toml");
    let component = plimsoll_guests::KEYVALUE;
    let text =
        format!("component = {component:?}\ninstances = 2\n[key-value]\nengine = \"memory\"\n");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn inspect_says_what_a_component_asks_for_and_how_to_grant_it() {
    let words = ["which is not granted", "[key-value]\n    engine = \"memory\"", "does not load"];
    expect(&["inspect", plimsoll_guests::KEYVALUE], 0, &words);
    let folder = tempfile::tempdir().unwrap();
    let output = plimsoll(&["inspect", &keyvalue_manifest(folder.path())]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!stdout(&output).contains("not granted"), "{}", stdout(&output));
    assert!(stdout(&output).contains("shares its state"), "{}", stdout(&output));
}

#[test]
fn a_manifest_is_certified_with_what_it_grants() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = keyvalue_manifest(folder.path());
    expect(&["certify", &manifest, "--only", CLAIM, "--instances", "2"], 4, &["1 passed"]);
    let words = ["in the memory of one process"];
    expect(&["certify", &manifest, "--only", CLAIM, "--processes", "2"], 2, &words);
    expect(&["certify", plimsoll_guests::KEYVALUE], 2, &["[key-value]"]);
}

#[test]
fn a_database_that_cannot_be_opened_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    fs::write(&text, "this is no database, and long enough to be read as one ".repeat(99)).unwrap();
    let (text, missing) = (format!("sqlite:{}", text.display()), "sqlite:no-such-folder/a.db");
    // Nobody listens at port 1.
    let nobody = "postgres://bob:swordfish@127.0.0.1:1/flows";
    for (target, kind) in [(&*text, "connection"), (missing, "connection"), (nobody, "connection")]
    {
        let output = plimsoll(&["certify", target, "--json"]);
        assert_eq!(output.status.code(), Some(2), "{target}");
        assert_eq!(json(&output)["error"]["kind"], kind, "{target}");
        assert!(!stdout(&output).contains("swordfish"), "{}", stdout(&output));
    }
    expect(&["certify", nobody], 2, &["postgres://bob:***@127.0.0.1:1/flows"]);
    for target in ["sqlite:", "postgres://bob:swordfish@host:port/flows"] {
        let output = expect(&["certify", target], 2, &["write"]);
        assert!(!stderr(&output).contains("swordfish"), "{}", stderr(&output));
    }
}

#[test]
fn a_database_is_raced_from_several_processes() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("sqlite:{}", folder.path().join("a.db").display());
    let race = "run-runtime-store/claim-race-has-two-winners";
    let arguments =
        ["certify", &target, "--only", race, "--processes", "3", "--effort", "5", "--json"];
    let report = json(&plimsoll(&arguments));
    assert_eq!(report["settings"]["processes"], 3);
    assert_eq!(report["settings"]["instances"], 4);
    assert_eq!(report["summary"]["passed"], 1, "{report:#}");
    #[cfg(target_os = "linux")]
    assert_eq!(most_children(&mut command(&arguments)), 2, "besides the first process");
}

/// How many processes of its own a command has at the most.
#[cfg(target_os = "linux")]
fn most_children(command: &mut Command) -> usize {
    let mut parent = command.stdout(Stdio::null()).spawn().unwrap();
    let (id, mut most) = (parent.id().to_string(), 0);
    while parent.try_wait().unwrap().is_none() {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let parents = processes.filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            // `pid (name) state parent`, where the name may hold anything.
            stat.rsplit_once(')')?.1.split_whitespace().nth(1).map(str::to_owned)
        });
        most = most.max(parents.filter(|parent| *parent == id).count());
    }
    most
}

#[test]
fn a_durable_backend_is_killed_while_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("sqlite:{}", folder.path().join("a.db").display());
    let id = "backend/kill-loses-or-tears-writes";
    let report = json(&plimsoll(&["certify", &target, "--only", id, "--effort", "20", "--json"]));
    assert_eq!(report["summary"]["passed"], 1, "{report:#}");
}

#[test]
fn no_target_is_assumed() {
    expect(&["certify"], 2, &["name a target", "backend.wasm", "memory"]);
}

#[test]
fn a_wrong_command_line_says_so() {
    expect(&["certify", "memory", "--only", "run-store/no-such-check"], 2, &["there is no check"]);
    let near = ["certify", "memory", "--skip", "run-store/used-id-overwritten"];
    expect(&near, 2, &["did you mean `run-store/used-id-overwrites`"]);
    expect(&["certify", "memory", "--profile", "cor"], 2, &["core, production, webhooks and full"]);
    expect(&["certify", "memory", "--known-failing", "no-such-file"], 2, &["no-such-file"]);
    expect(&["certify", "memory", "--instances", "2"], 2, &["--instances"]);
    expect(&["certify", "memory", "--processes", "2"], 2, &["--processes"]);
    expect(&["explain", "NO-1"], 2, &["there is no clause or check `NO-1`"]);
    expect(&["frobnicate"], 2, &["frobnicate"]);
    let output = plimsoll(&["certify", "memory", "--profile", "cor", "--json"]);
    assert_eq!(json(&output)["error"]["kind"], "command-line");
}

#[test]
fn a_part_of_the_suite_is_no_certificate() {
    let words = ["INCOMPLETE", "1 of 1 selected checks passed"];
    expect(&["certify", "memory", "--only", CLAIM], 4, &words);
    expect(&["certify", "memory", "--skip", CLAIM], 4, &["INCOMPLETE", "1 skipped"]);
}

#[test]
fn known_failures_are_run_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.txt");
    let certify = |target: &str, list: &str| {
        fs::write(&path, list).unwrap();
        let list = path.display().to_string();
        plimsoll(&["certify", target, "--known-failing", &list, "--json"])
    };
    let failing = json(&plimsoll(&["certify", plimsoll_guests::HOSTILE, "--json"]));
    let checks = failing["checks"].as_array().unwrap();
    let failed = checks.iter().filter(|check| check["verdict"] == "failed");
    let ids: Vec<_> = failed.map(|check| check["id"].as_str().unwrap()).collect();
    assert!(ids.len() > 5, "{ids:?}");

    let all_listed = certify(plimsoll_guests::HOSTILE, &ids.join("  # it is hostile\n"));
    assert_eq!(all_listed.status.code(), Some(0));
    assert_eq!(json(&all_listed)["verdict"], "known-failures-only");

    let passes = certify("memory", CLAIM);
    assert_eq!(passes.status.code(), Some(1), "an entry that passes is stale");
    let reason = json(&passes)["checks"].as_array().unwrap().iter().find_map(|check| {
        (check["id"] == CLAIM).then(|| check["reason"].as_str().unwrap().to_owned())
    });
    assert!(reason.unwrap().contains("take it off the list"));

    let unknown = certify("memory", "run-store/no-such-check");
    assert_eq!(unknown.status.code(), Some(1), "an entry that names no check is stale");
    assert_eq!(json(&unknown)["stale_known_failing"][0], "run-store/no-such-check");
}

#[test]
fn a_profile_that_is_not_filled_is_violated() {
    let arguments = ["certify", plimsoll_guests::HOSTILE, "--profile", "core"];
    expect(&arguments, 1, &["profile core needs", "run-store", "VIOLATED"]);
}

#[test]
fn the_report_has_the_promised_form() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/report");
    let arguments =
        ["certify", "memory", "--seed", "5", "--json", "--report", target.to_str().unwrap()];
    let output = plimsoll(&arguments);
    let report = json(&output);
    assert_eq!(report["schema"], "plimsoll.report/1");
    assert_eq!(report["verdict"], "certified");
    assert_eq!(report["seed"], 5);
    for field in ["started_at", "kit", "subject", "settings", "profile", "duration_ms", "traits"] {
        assert!(!report[field].is_null(), "{field}");
    }
    assert_eq!(report["summary"]["total"], report["checks"].as_array().unwrap().len());
    assert!(report["clauses"].as_array().unwrap().iter().all(|c| c["verdict"] != "untested"));
    assert_eq!(report["subject"]["kind"], "native");
    assert!(report["subject"]["sha256"].is_null());
    let written: Value =
        serde_json::from_str(&fs::read_to_string(target.join("report.json")).unwrap()).unwrap();
    assert_eq!(written, report);
    let junit = fs::read_to_string(target.join("junit.xml")).unwrap();
    let case = format!("<testcase name=\"{CLAIM}\"");
    assert!(junit.contains(&case), "{junit}");
    assert!(junit.contains("classname=\"plimsoll.plimsoll-memory.run-runtime-store\""));
}

#[test]
fn junit_tells_failures_from_what_was_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().display().to_string();
    let only = "webhook-replay-store/replay-accepted";
    plimsoll(&["certify", plimsoll_guests::HOSTILE, "--only", only, "--report", &target]);
    let junit = fs::read_to_string(folder.path().join("junit.xml")).unwrap();
    assert_eq!(junit.matches("<failure").count(), 1, "{junit}");
    assert!(junit.contains("usual cause"), "the page is the failure's text");
    assert!(junit.contains("<skipped message=\"not selected\""));
}

#[test]
fn a_seed_repeats_a_run() {
    let run = || {
        let only = "webhook-replay-store/replay-accepted";
        let hostile = plimsoll_guests::HOSTILE;
        stdout(&plimsoll(&["certify", hostile, "--only", only, "--seed", "3", "--json"]))
    };
    let calls = |text: &str| {
        let report: Value = serde_json::from_str(text).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        let failed = checks.into_iter().find(|check| check["verdict"] == "failed").unwrap();
        failed["calls"].as_array().unwrap()[1..].to_vec()
    };
    assert_eq!(calls(&run()), calls(&run()));
}

#[test]
fn list_and_explain_tell_what_a_check_is_about() {
    let list = json(&plimsoll(&["list", "--json"]));
    let checks = list["checks"].as_array().unwrap();
    assert!(checks.len() > 100);
    for field in ["id", "interface", "clauses", "level", "profile", "goal"] {
        assert!(checks.iter().all(|check| !check[field].is_null()), "{field}");
    }
    expect(&["list"], 0, &[CLAIM, "RUNTIME-5"]);
    let words = ["RUNTIME-5 MUST", "why", "run-runtime-store.try-claim-step", CLAIM, "usual cause"];
    expect(&["explain", "RUNTIME-5"], 0, &words);
    expect(&["explain", "runtime-5"], 0, &["RUNTIME-5 MUST"]);
    expect(&["explain", CLAIM], 0, &["RUNTIME-5 MUST", "usual cause", "--only"]);
    assert_eq!(json(&plimsoll(&["explain", "RUN-2", "--json"]))["kind"], "clause");
    assert_eq!(json(&plimsoll(&["explain", CLAIM, "--json"]))["kind"], "check");
}

#[test]
fn mutants_die_for_their_own_reason() {
    let id = "run-runtime-store/grants-every-claim";
    expect(&["mutants", "--only", id], 0, &["KILLED", id, CLAIM, "1 for the bound reason"]);
    let shown = json(&plimsoll(&["mutants", "--only", id, "--json"]));
    let mutant = &shown["mutants"][0];
    assert_eq!(mutant["for_the_bound_reason"], true);
    assert!(mutant["killed_by"].as_array().unwrap().iter().any(|check| check == CLAIM));
    expect(&["mutants", "--only", "no/such-mutant"], 2, &["no/such-mutant"]);
    expect(&["explain", CLAIM], 0, &["mutant", id]);
}

/// How many checks run at once changes nothing that a report says.
#[test]
fn jobs_change_no_verdict() {
    for target in ["memory", plimsoll_guests::HOSTILE] {
        let run = |jobs| {
            let fixed = ["certify", target, "--seed", "5", "--effort", "20", "--json"];
            let report = json(&plimsoll(&[&fixed[..], &["--jobs", jobs]].concat()));
            let checks = report["checks"].as_array().unwrap().clone();
            let told = |check: &Value| {
                // A race ends differently each time, and its verdict does not.
                let fields = ["id", "verdict", "clauses"];
                fields.map(|field| check[field].clone())
            };
            checks.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(run("1"), run("8"), "{target}");
    }
}

#[test]
fn inspect_shows_what_a_component_is() {
    let words =
        ["memory 0.1.0", "exports", "run-runtime-store", "it could reach full", "wall-clock"];
    expect(&["inspect", plimsoll_guests::MEMORY], 0, &words);
    let seen = json(&plimsoll(&["inspect", plimsoll_guests::HOSTILE, "--json"]));
    assert_eq!(seen["profile"], "webhooks");
    assert_eq!(seen["lacks"]["full"].as_array().unwrap().len(), 10);
    assert_eq!(seen["sha256"].as_str().unwrap().len(), 64);
    expect(&["inspect", "memory"], 0, &["native"]);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    for arguments in [vec!["list"], vec!["certify", "memory", "--json"], vec!["explain", "RUN-2"]] {
        let mut child = command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("plimsoll starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
    }
}

/// The README shows a failure as it really is.
#[test]
fn the_readme_shows_a_real_page() {
    let readme = include_str!("../../../README.md");
    let id = "webhook-replay-store/replay-accepted";
    let output = plimsoll(&["certify", plimsoll_guests::HOSTILE, "--only", id, "--seed", "7"]);
    let text = stdout(&output).replace(plimsoll_guests::HOSTILE, "target/guests/hostile.wasm");
    let page = text.split("\n\n").next().unwrap();
    assert!(readme.contains(page), "README.md lacks this page:\n{page}");
}
