//! What `plimsoll` prints with `--json` is what `schemas/` says, no more and no less.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod history;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

/// What `plimsoll` prints with these arguments.
fn printed(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(arguments)
        .arg("--json")
        .output()
        .expect("plimsoll starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn named(name: &str) -> Self {
        let path = folder().join(name).display().to_string();
        let mut schemas = Schemas::new();
        let index = Compiler::new().compile(&path, &mut schemas);
        let index = index.unwrap_or_else(|error| panic!("{path}: {error:#}"));
        Self { schemas, index }
    }

    fn accepts(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_ok()
    }

    /// The value fits, and stops fitting as soon as anything is added to it, missing, or of
    /// another type. `optional` fields may be missing, each named with what holds it.
    fn expect(&self, value: &Value, optional: &[(&str, &str)]) {
        if let Err(error) = self.schemas.validate(value, self.index) {
            panic!("{error:#}");
        }
        let value = thinned(value);
        assert!(self.accepts(&value), "a part of each list fits as well");
        let mut places = Vec::new();
        collect(&value, "", &mut places);
        assert!(places.len() > 2, "{value}");
        for place in &places {
            let accepts = |change: &dyn Fn(&mut Value)| {
                let mut copy = value.clone();
                change(copy.pointer_mut(place).expect("the place is there"));
                self.accepts(&copy)
            };
            assert!(!accepts(&|it| *it = json!([[[]]])), "{place} takes any type");
            let object = value.pointer(place).and_then(Value::as_object);
            let is_name = |part: &&str| part.parse::<usize>().is_err();
            let holder = place.rsplit('/').find(is_name).unwrap_or_default();
            for name in object.iter().flat_map(|object| object.keys()) {
                let without = accepts(&|it| drop(it.as_object_mut().map(|it| it.remove(name))));
                let is_optional = optional.contains(&(holder, name.as_str()));
                assert_eq!(without, is_optional, "{place} without {name}");
            }
            if object.is_some() {
                assert!(!accepts(&|it| it["no-such-field"] = json!(1)), "{place} takes any field");
            }
        }
    }
}

/// The value with lists of two items, and one more of each other shape.
fn thinned(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            object.iter().map(|(name, inner)| (name.clone(), thinned(inner))).collect()
        }
        Value::Array(items) => {
            let mut shapes = BTreeSet::new();
            let items = items.iter().map(thinned).enumerate();
            let kept = items.filter(|(index, item)| shapes.insert(shape(item)) || *index < 2);
            kept.map(|(_, item)| item).collect()
        }
        other => other.clone(),
    }
}

/// The types that a value is made of.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(items) => format!("{:?}", items.iter().map(shape).collect::<BTreeSet<_>>()),
        Value::Object(object) => {
            format!("{:?}", object.iter().map(|(k, v)| (k, shape(v))).collect::<Vec<_>>())
        }
    }
}

/// Pointers to the value and to all that is in it.
fn collect(value: &Value, place: &str, places: &mut Vec<String>) {
    places.push(place.to_owned());
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(inner, &format!("{place}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                collect(inner, &format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}

/// The fields of a report that may be missing.
fn optional() -> Vec<(&'static str, &'static str)> {
    let limits = [
        "call_time_ms",
        "component_bytes",
        "core_instances",
        "handles",
        "host_memory",
        "load_time_ms",
        "memory_bytes",
        "random_bytes",
        "stack_bytes",
        "table_elements",
        "waiting",
    ];
    let mut optional = limits.map(|name| ("limits", name)).to_vec();
    optional.extend([("checks", "backtrace"), ("calls", "caller"), ("", "stale_known_failing")]);
    optional
}

/// A report of a right backend, and one of a backend that traps and breaks promises.
#[test]
fn a_report_is_as_described() {
    let schema = Schema::named("report.json");
    schema.expect(&printed(&["certify", "memory", "--effort", "5"]), &optional());
    let list = tempfile::NamedTempFile::new().unwrap();
    fs::write(list.path(), "run-store/no-such-check\n").unwrap();
    let list = list.path().display().to_string();
    let hostile = printed(&["certify", plimsoll_guests::HOSTILE, "--known-failing", &list]);
    for part in ["race", "expectations", "calls", "reason", "rerun", "backtrace"] {
        let checks = hostile["checks"].as_array().unwrap();
        let has_it = checks.iter().any(|check| match &check[part] {
            Value::Array(items) => !items.is_empty(),
            other => !other.is_null(),
        });
        assert!(has_it, "no check has {part}");
    }
    schema.expect(&hostile, &optional());
}

#[test]
fn a_history_is_as_described() {
    let report = history::report().to_json().unwrap();
    Schema::named("report.json").expect(&serde_json::from_str(&report).unwrap(), &optional());
}

#[test]
fn lists_and_explanations_are_as_described() {
    Schema::named("list.json").expect(&printed(&["list"]), &[]);
    let schema = Schema::named("explain.json");
    for id in ["RUN-2", "BACKEND-1", "run-store/used-id-overwrites"] {
        schema.expect(&printed(&["explain", id]), &[]);
    }
}

#[test]
fn what_is_inspected_is_as_described() {
    let schema = Schema::named("inspect.json");
    for target in ["memory", plimsoll_guests::HOSTILE, plimsoll_guests::KEYVALUE] {
        schema.expect(&printed(&["inspect", target]), &[]);
    }
}

#[test]
fn mutants_are_as_described() {
    let mutants = printed(&["mutants", "--only", "run-runtime-store/grants-every-claim"]);
    Schema::named("mutants.json").expect(&mutants, &[]);
}

#[test]
fn a_comparison_is_as_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, target) in [("a", "memory"), ("b", plimsoll_guests::HOSTILE)] {
        printed(&["certify", target, "--effort", "5", "--report", &path(name)]);
    }
    let compared = printed(&["compare", &path("a"), &path("b")]);
    Schema::named("compare.json").expect(&compared, &[]);
}

#[test]
fn a_bench_is_as_described() {
    let schema = Schema::named("bench.json");
    let brief = ["bench", "memory", "--only", "claim", "page", "--callers", "1"];
    let length = ["--seconds", "0.05", "--history", "10000"];
    let measured = printed(&[&brief[..], &length].concat());
    let optional = ["failed_checks", "history_ended", "unmeasured"].map(|name| ("targets", name));
    assert!(!measured["targets"][0]["growth"].as_array().unwrap().is_empty(), "{measured}");
    schema.expect(&measured, &optional);
    // It keeps too little of the contract to be measured.
    let refused = printed(&["bench", plimsoll_guests::HOSTILE, "--seconds", "0.01"]);
    assert_eq!(refused["targets"][0]["precheck"], "failed");
    schema.expect(&refused, &optional);
}

#[test]
fn a_new_project_is_as_described() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("mine").display().to_string();
    Schema::named("new.json").expect(&printed(&["new", &project, "--lang", "python"]), &[]);
}

#[test]
fn an_error_is_as_described() {
    let schema = Schema::named("error.json");
    for arguments in [
        &["certify"][..],
        &["certify", "no-such.wasm"],
        &["certify", "plugin.toml"],
        &["certify", "memory", "--profile", "cor"],
        &["certify", "memory", "--only", "run-store/no-such-check"],
        &["certify", "memory", "--known-failing", "no-such-file"],
        &["certify", "sqlite:no-such-folder/a.db"],
        &["explain", "NO-1"],
        &["mutants", "--only", "no/such-mutant"],
        &["compare", "no-such-file", "no-such-file"],
        &["new", "src", "--lang", "rust"],
        &["bench", "memory", "--only", "no-such-workload"],
    ] {
        schema.expect(&printed(arguments), &[]);
    }
}

/// Nothing in a schema is left open, even where no output shows it.
#[test]
fn schemas_are_closed() {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        reject_open(&serde_json::from_str(&text).unwrap(), &path.display().to_string());
        names.insert(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    let all =
        ["bench", "compare", "error", "explain", "inspect", "list", "mutants", "new", "report"];
    assert_eq!(names, all.map(|name| format!("{name}.json")).into());
}

fn reject_open(schema: &Value, place: &str) {
    if schema["type"] == "object" {
        assert_eq!(schema["additionalProperties"], false, "{place}");
        assert!(schema["properties"].is_object(), "{place}");
    }
    if schema["type"] == "array" {
        assert!(schema["items"].is_object(), "{place}");
    }
    let inner: Vec<(String, &Value)> = match schema {
        Value::Object(object) => object.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items.iter().map(|v| (String::new(), v)).collect(),
        _ => Vec::new(),
    };
    for (name, inner) in inner {
        reject_open(inner, &format!("{place}/{name}"));
    }
}
