//! The guest `journal` keeps every promise, in the folder that a manifest grants, and while its
//! process is killed.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::process::Command;

/// Certifies the journal in a folder of its own and answers the report.
fn certify(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let manifest = folder.path().join("plugin.toml");
    let text = format!(
        "component = {:?}\n\n[[directory]]\nhost = \"data\"\nguest = \"/data\"\naccess = \
         \"read-write\"\n",
        plimsoll_guests::JOURNAL
    );
    fs::write(&manifest, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    let output = command.arg("certify").arg(manifest).args(arguments).arg("--json").output();
    let output = output.unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// Every write waits for the disk, so races do less than usual.
#[test]
fn the_journal_is_certified_without_a_warning() {
    let (code, report) = certify(&["--effort", "5"]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["profile"], "full");
    assert_eq!(report["summary"]["passed"], report["summary"]["total"], "{report:#}");
}

#[test]
fn the_journal_survives_fifty_kills() {
    let (_, report) = certify(&["--only", "backend/kill-loses-or-tears-writes"]);
    assert_eq!(report["summary"]["passed"], 1, "{report:#}");
}
