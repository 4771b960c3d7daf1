//! What the fuzzers found worth keeping, and what they found: none of it is a finding any more.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stdout, reason = "the one at work is named, should it panic or hang")]

use std::fs;
use std::path::{Path, PathBuf};

fn kept(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    assert!(!kept.is_empty(), "{target}");
    kept
}

fn replay(target: &str, run: fn(&[u8])) {
    for (path, bytes) in kept(target) {
        println!("{}", path.display());
        run(&bytes);
    }
}

#[test]
fn components_are_refused_or_run() {
    for (name, bytes) in plimsoll_fuzz::components().unwrap() {
        println!("{name}");
        plimsoll_fuzz::load(&bytes);
        plimsoll_fuzz::load(&bytes[..bytes.len() / 2]);
    }
    replay("load", plimsoll_fuzz::load);
}

#[test]
fn manifests_are_refused_or_serve() {
    replay("manifest", plimsoll_fuzz::manifest);
}

#[test]
fn a_certified_guest_answers_every_call_as_the_model_does() {
    replay("calls", plimsoll_fuzz::calls);
}
