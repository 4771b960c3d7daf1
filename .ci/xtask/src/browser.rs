//! What the tests of the HTML need: Chromium, its driver, and axe-core.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, as_root, run};

const DEBIAN_PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// It audits what people can use; the tests read it from where [`setup`] puts it.
const AXE: &str = "4.14.1";

/// Installs what is missing below `target` and on this machine. Where it cannot be had, this says
/// so, and the tests say that they are skipped.
pub(crate) fn setup(target: &Path) {
    for outcome in [chromium(), axe(&target.join("axe"))] {
        if let Err(message) = outcome {
            println!("{message}: the tests of the HTML will be skipped");
        }
    }
}

fn chromium() -> Outcome {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    if starts("chromedriver") && browsers.into_iter().any(starts) {
        return Ok(());
    }
    println!("no Chromium with its driver is here; installing Debian's");
    install(&DEBIAN_PACKAGES)
}

fn axe(folder: &Path) -> Outcome {
    let package = fs::read_to_string(folder.join("node_modules/axe-core/package.json"));
    if package.is_ok_and(|text| text.contains(&format!("\"version\": \"{AXE}\""))) {
        return Ok(());
    }
    println!("no axe-core {AXE} is in {}; installing it by npm", folder.display());
    if !starts("npm") {
        println!("npm is missing too; installing Debian's");
        install(&["npm"])?;
    }
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(folder);
    run(npm.arg(format!("axe-core@{AXE}")))
}

fn install(packages: &[&str]) -> Outcome {
    run(as_root("apt-get").arg("update"))?;
    run(as_root("apt-get").args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn starts(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
