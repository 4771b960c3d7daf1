//! Hands a target of `host/fuzz` to libFuzzer.

use std::process::{Command, Stdio};

use crate::{Outcome, cargo, repository, run, setup, target_dir};

/// Fuzzes for so many seconds, from what is kept in the repository and what earlier runs found.
pub(crate) fn run_for(target: &str, seconds: &str) -> Outcome {
    setup()?;
    install()?;
    let found = target_dir().join("fuzz").join(target);
    std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
    let seeds = ["run", "--locked", "--package", "plimsoll-fuzz", "--example", "seeds", "--"];
    run(cargo().args(seeds).arg(target).arg(&found))?;
    let kept = repository().join("host/fuzz/corpus").join(target);
    // The host has no unsafe code, so that no sanitizer has anything to find in it; without one
    // the stable compiler will do.
    let fuzzing = ["fuzz", "run", "--fuzz-dir", "host/fuzz", "--sanitizer", "none"];
    let limits = [&format!("-max_total_time={seconds}"), "-timeout=30", "-rss_limit_mb=4096"];
    run(cargo()
        .args(fuzzing)
        .args(["--features", "libfuzzer", target])
        .args([found, kept])
        .arg("--")
        .args(limits))
}

fn install() -> Outcome {
    let mut version = cargo();
    version.args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if version.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    println!("cargo-fuzz is missing; installing it");
    let mut install = Command::new(cargo().get_program());
    run(install.args(["install", "--locked", "cargo-fuzz"]))
}
