//! What the tests of `plimsoll` share.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// `plimsoll` with these arguments.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

/// Standard output and error together.
pub(crate) fn text(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr];
    format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}

/// The exit code must be `code`, and what is printed hold every word.
pub(crate) fn expect(arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = command(arguments).output().expect("plimsoll starts");
    let text = text(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?}: `{word}` is not in:\n{text}");
    }
    text
}

/// Where the build puts what is not committed.
pub(crate) fn target_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target").to_owned()
}
