//! What the WIT text and the Rust contract must agree on.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_contract::run_store::PREREQUISITE_NOT_SATISFIED;
use plimsoll_contract::{Clause, Interface, Level, Profile, clause, for_each_function, wit};

/// A clause that is added later stands where it belongs, with the next number.
#[test]
fn every_clause_has_a_number_of_its_own_a_text_and_a_reason() {
    let mut numbers: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for clause in clause::all() {
        let (prefix, number) = clause.id.split_once('-').expect("an id has a number");
        let number: u32 = number.parse().expect("a number");
        let is_new = numbers.entry(prefix).or_default().insert(number);
        assert!(is_new, "{} occurs twice", clause.id);
        assert!(clause.text.ends_with('.'), "{}: {}", clause.id, clause.text);
        assert!(clause.why.ends_with('.'), "{}: why: {}", clause.id, clause.why);
    }
    assert_eq!(numbers.len(), Interface::ALL.len(), "every interface promises something");
    for (prefix, numbers) in numbers {
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u32), "{prefix}: {numbers:?}");
    }
}

#[test]
fn no_line_looks_like_a_clause_and_is_not_read_as_one() {
    for interface in Interface::ALL {
        let file = wit::file_of(interface).expect("every interface has a file of its name");
        let marked = file.text.lines().filter(|line| line.trim().starts_with("/// - ")).count();
        let reasons =
            file.text.lines().filter(|line| line.contains("/// ") && line.contains(" Why:"));
        let read = clause::all().iter().filter(|clause| clause.interface == interface).count();
        assert_eq!(read, marked, "{}: clauses", file.path);
        assert_eq!(read, reasons.count(), "{}: reasons", file.path);
    }
}

#[test]
fn a_clause_carries_all_its_lines_and_its_place() {
    let clause = Clause::find("RUN-2").expect("RUN-2");
    assert_eq!(clause.level, Level::Must);
    assert_eq!(clause.interface, Interface::RunStore);
    assert_eq!(clause.function.as_deref(), Some("start-run"));
    assert_eq!(
        clause.text,
        "An id that is in use is `already-exists`, and the first run stays as it is."
    );
    assert!(clause.why.starts_with("a trigger that is delivered twice"), "{}", clause.why);
    let file = wit::file_of(Interface::RunStore).expect("the file");
    let line = file.text.lines().nth(clause.line - 1).expect("the line");
    assert!(line.contains("RUN-2 MUST"), "{}: {line}", clause.place());
}

#[test]
fn general_promises_belong_to_no_function() {
    let of = |id: &str| Clause::find(id).and_then(|clause| clause.function.clone());
    assert_eq!(of("BACKEND-13"), None);
    assert_eq!(of("BACKEND-14").as_deref(), Some("describe"));
}

#[test]
fn the_sentinel_reason_is_the_one_in_the_wit() {
    let file = wit::file_of(Interface::RunStore).expect("the file");
    assert!(file.text.contains(&format!("`{PREREQUISITE_NOT_SATISFIED}`")));
}

#[test]
fn the_worlds_are_the_profiles() {
    let world = wit::FILES.iter().find(|file| file.path == "wit/world.wit").expect("world.wit");
    for profile in Profile::ALL {
        let exports = exports_of(world.text, profile.name());
        let expected: BTreeSet<_> = profile.interfaces().iter().map(|i| i.name()).collect();
        assert_eq!(exports, expected, "world {profile}");
    }
}

/// The exports of a world, those of the worlds that it includes among them.
fn exports_of<'a>(text: &'a str, world: &str) -> BTreeSet<&'a str> {
    let body = text.split_once(&format!("world {world} {{")).expect("the world").1;
    let body = body.split_once('}').expect("its end").0;
    let mut exports = BTreeSet::new();
    for line in body.lines().map(|line| line.trim().trim_end_matches(';')) {
        if let Some(name) = line.strip_prefix("export ") {
            exports.insert(name);
        } else if let Some(included) = line.strip_prefix("include ") {
            exports.extend(exports_of(text, included));
        }
    }
    exports
}

macro_rules! names {
    ($($trait:ident $accessor:ident $interface:literal {
        $($method:ident $function:literal ($($arg:ident: $ty:ty),*) -> $value:ty;)*
    })*) => {
        &[$($(($interface, $function, stringify!($method))),*),*]
    };
}

#[test]
fn the_mapping_table_names_every_function() {
    let readme = include_str!("../../README.md");
    for function in clause::functions() {
        let name = format!("`{}.{}`", function.interface.name(), function.name);
        assert!(readme.contains(&name), "wit/README.md lacks {name}");
    }
}

#[test]
fn the_traits_have_the_functions_of_the_wit_in_its_order() {
    const NAMES: &[(&str, &str, &str)] = for_each_function!(names);
    let functions = clause::functions().iter().filter(|f| f.interface != Interface::Backend);
    let functions: Vec<_> = functions.map(|f| (f.interface.name(), f.name.as_str())).collect();
    let named: Vec<_> =
        NAMES.iter().map(|(interface, function, _)| (*interface, *function)).collect();
    assert_eq!(named, functions);
    assert_eq!(functions.len(), 62, "the source's 61 methods and get-step-input");
    for (_, function, method) in NAMES {
        assert_eq!(function.replace('-', "_"), *method);
    }
}
