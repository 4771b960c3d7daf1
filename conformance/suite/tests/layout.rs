//! What ARCHITECTURE.md and CHANGELOG.md say of the repository.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_conformance::all_checks;
use plimsoll_contract::{Clause, Interface, Level, clause};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The folders in their order, each with the crates that live in it.
const ORDER: [(&str, &[&str]); 5] = [
    ("wit", &["plimsoll-contract", "plimsoll-timeseries"]),
    (
        "conformance",
        &[
            "plimsoll-conformance",
            "plimsoll-histories",
            "plimsoll-model",
            "plimsoll-mutants",
            "plimsoll-programs",
            "plimsoll-remote",
            "plimsoll-workloads",
        ],
    ),
    (
        "plugins",
        &[
            "plimsoll-memory",
            "plimsoll-sql",
            "plimsoll-postgres",
            "plimsoll-sqlite",
            "plimsoll-guest-build",
            "plimsoll-guests",
        ],
    ),
    ("host", &["plimsoll-keyvalue", "plimsoll-host", "plimsoll"]),
    ("benches", &["plimsoll-benches", "plimsoll-scale"]),
];

/// Every file below `folder` whose name ends in `ending`, build output aside.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

#[test]
fn folders_depend_one_way() {
    for (place, (folder, _)) in ORDER.iter().enumerate() {
        let later = ORDER[place + 1..].iter().flat_map(|(_, crates)| *crates);
        let later: Vec<_> = later.collect();
        for manifest in files(&repository().join(folder), "Cargo.toml") {
            let text = fs::read_to_string(&manifest).unwrap();
            for name in &later {
                let depends = text.lines().any(|line| line.starts_with(&format!("{name} = ")));
                assert!(!depends, "{} depends on {name}", manifest.display());
            }
        }
    }
}

#[test]
fn the_contract_knows_no_runtime_and_no_database() {
    let manifest = repository().join("wit/contract/Cargo.toml");
    let text = fs::read_to_string(manifest).unwrap();
    for name in ["wasmtime", "sqlx"] {
        assert!(!text.contains(name), "the contract depends on {name}");
    }
}

#[test]
fn an_interface_has_one_name_in_every_layer() {
    let layers = [
        "wit/contract/src",
        "conformance/model/src",
        "conformance/suite/src/checks",
        "conformance/mutants/src",
        "plugins/native/memory/src",
        "plugins/native/postgres/src",
        "plugins/native/sqlite/src",
        "plugins/wasm/memory/src",
        "host/src",
    ];
    for interface in Interface::ALL {
        let name = interface.name().replace('-', "_");
        for layer in layers {
            let folder = repository().join(layer);
            let exists = folder.join(format!("{name}.rs")).is_file() || folder.join(&name).is_dir();
            assert!(exists, "{layer} has no {name}");
        }
        assert!(repository().join(format!("wit/{}.wit", interface.name())).is_file());
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    for (folder, _) in ORDER {
        for path in files(&repository().join(folder), ".rs") {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            let limit = if is_list(&path) { 700 } else { 450 };
            assert!(lines <= limit, "{} has {lines} lines, {limit} are allowed", path.display());
        }
    }
}

/// Lists of checks and mutants, and the WIT's types, are long because there are many of them.
fn is_list(path: &Path) -> bool {
    ["checks", "mutants", "convert.rs"].iter().any(|part| path.iter().any(|name| name == *part))
}

#[test]
fn the_suite_covers_what_it_says() {
    let checks: Vec<_> = all_checks().collect();
    let ids: BTreeSet<_> = checks.iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), checks.len(), "ids are unique");
    for check in &checks {
        let (interface, words) = check.id.split_once('/').expect("interface/words");
        assert!(Interface::named(interface).is_some(), "{}", check.id);
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(words.chars().all(is_slug), "{}", check.id);
        let levels: Vec<_> = check.clauses.iter().map(|id| level(id)).collect();
        assert!(!levels.is_empty(), "{} quotes a clause", check.id);
        assert!(levels.iter().all(|level| *level == levels[0]), "{}: one level", check.id);
        assert!(check.goal.ends_with(['.', '?']), "{}: {}", check.id, check.goal);
        assert!(!check.usual_cause.is_empty(), "{}", check.id);
    }
    for interface in Interface::ALL {
        let of_interface = checks.iter().filter(|check| check.interface() == interface).count();
        let functions = clause::functions().iter().filter(|f| f.interface == interface).count();
        let least = if functions == 1 { 1 } else { 5 };
        assert!(of_interface >= least, "{interface} has {of_interface} checks");
    }
}

fn level(id: &str) -> Level {
    Clause::find(id).unwrap_or_else(|| panic!("there is no clause {id}")).level
}

#[test]
fn every_function_has_a_check() {
    for function in clause::functions() {
        let governs = |clause: &&Clause| {
            clause.interface == function.interface
                && clause.function.as_deref() == Some(function.name.as_str())
        };
        let clauses = clause::all().iter().filter(governs);
        let is_checked =
            |clause: &Clause| all_checks().any(|check| check.clauses.contains(&clause.id.as_str()));
        let name = format!("{}.{}", function.interface, function.name);
        assert!(clauses.into_iter().any(is_checked), "{name} has no check");
    }
}

#[test]
fn the_changelog_counts_right() {
    let changelog = fs::read_to_string(repository().join("CHANGELOG.md")).unwrap();
    let of_level = |level| all_checks().filter(|check| check.level() == level).count();
    for words in [
        format!("{} functions", clause::functions().len()),
        format!("{} clauses", clause::all().len()),
        format!("{} checks", all_checks().count()),
        format!("{} observe traits", of_level(Level::Trait)),
    ] {
        assert!(changelog.contains(&words), "CHANGELOG.md lacks `{words}`");
    }
}

/// A trait is not a promise; the others are worth what judges them.
#[test]
fn every_promise_has_a_check() {
    let is_quoted =
        |clause: &Clause| all_checks().any(|check| check.clauses.contains(&clause.id.as_str()));
    let promises = clause::all().iter().filter(|clause| clause.level != Level::Trait);
    let untested: Vec<_> = promises.filter(|clause| !is_quoted(clause)).map(|c| &c.id).collect();
    assert!(untested.is_empty(), "no check for {untested:?}");
}
