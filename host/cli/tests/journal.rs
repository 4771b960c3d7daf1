//! The guest `journal` keeps every promise, in the folder that a manifest grants, and while its
//! process is killed.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::process::Command;

#[test]
fn the_journal_is_certified_without_a_warning() {
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
    let output = command.arg("certify").arg(manifest).arg("--json").output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!(report["profile"], "full");
    assert_eq!(report["summary"]["passed"], report["summary"]["total"], "{report:#}");
}
