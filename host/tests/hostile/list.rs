//! The list of the zoo, which names every case.

use std::collections::BTreeSet;

const LIST: &str = include_str!("README.md");

const CASES: [(&str, &str); 7] = [
    ("answers", include_str!("answers.rs")),
    ("asked", include_str!("asked.rs")),
    ("compile", include_str!("compile.rs")),
    ("loops", include_str!("loops.rs")),
    ("memory", include_str!("memory.rs")),
    ("realloc", include_str!("realloc.rs")),
    ("wasi", include_str!("wasi.rs")),
];

/// The tests of a file, by name.
fn tests(text: &str) -> BTreeSet<String> {
    let mut lines = text.lines();
    let mut found = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line == "#[test]" || line == "#[tokio::test]" {
            let function = lines.next().unwrap().trim_start_matches("async ");
            let (name, _) = function.strip_prefix("fn ").unwrap().split_once('(').unwrap();
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn names_every_case() {
    let mut listed = BTreeSet::new();
    for line in LIST.lines().filter(|line| line.starts_with("| `")) {
        let columns: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, case, must, _] = columns[..] else { panic!("three bars: {line}") };
        assert!(!must.is_empty(), "{line}");
        assert!(listed.insert(case.trim_matches('`').to_owned()), "twice: {case}");
    }
    let cases = CASES.iter().flat_map(|(file, text)| {
        tests(text).into_iter().map(move |name| format!("{file}::{name}"))
    });
    assert_eq!(cases.collect::<BTreeSet<_>>(), listed);
    assert!(listed.len() >= 40);
}
