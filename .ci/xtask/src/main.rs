//! The commands of README and CONTRIBUTING: set-up, the main job, all tests.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a person")]

mod browser;
mod fuzz;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use plimsoll_guest_build::{DEBIAN_PACKAGES, TARGETS, Toolchain};

const USAGE: &str = "\
cargo xtask certify [GUEST] [ARGUMENTS]   build a bundled backend and judge it [default: memory]
cargo xtask test                          run every test, lint and check of this repository
cargo xtask guests                        build the bundled backends
cargo xtask fuzz TARGET [SECONDS]         fuzz the host: load, manifest or calls [default: 600]
cargo xtask setup                         install what compiles Rust to WebAssembly, if it is missing
cargo xtask setup tests                   install what the tests need besides, if it is missing";

type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["certify", rest @ ..] => return certify(rest),
        ["test"] => test(),
        ["guests"] => {
            guests_and(&[]).map(|folder| println!("built {}", relative(&folder).display()))
        }
        ["setup"] => setup().map(|_| ()),
        ["fuzz", target] => fuzz::run_for(target, "600"),
        ["fuzz", target, seconds] => fuzz::run_for(target, seconds),
        ["setup", "tests"] => setup_tests(),
        _ => Err(USAGE.to_owned()),
    };
    report(outcome)
}

fn report(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::from(2)
        }
    }
}

/// Builds a guest and the command line, and judges the one with the other. Its exit code is
/// passed on.
fn certify(rest: &[&str]) -> ExitCode {
    let (guest, arguments) = match rest {
        [name, arguments @ ..] if !name.starts_with('-') => (*name, arguments),
        arguments => ("memory", arguments),
    };
    let prepared = guests_and(&["--package", "plimsoll"]);
    let component = match prepared {
        Ok(folder) => folder.join(format!("{guest}.wasm")),
        Err(message) => return report(Err(message)),
    };
    let mut command = Command::new(target_dir().join("debug/plimsoll"));
    command.arg("certify").arg(relative(&component)).args(arguments);
    announce(&command);
    match command.status() {
        Ok(status) => {
            ExitCode::from(status.code().and_then(|code| code.try_into().ok()).unwrap_or(3))
        }
        Err(error) => report(Err(format!("plimsoll does not start: {error}"))),
    }
}

/// Everything that must hold before a change is kept.
fn test() -> Outcome {
    setup_tests()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    let guests = ["fmt", "--all", "--check", "--manifest-path", "plugins/wasm/Cargo.toml"];
    run(cargo().args(guests))?;
    let lints = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--"];
    run(cargo().args(lints).args(["-D", "warnings"]))?;
    run(cargo().args(["test", "--workspace", "--all-features", "--locked"]))?;
    let docs = ["doc", "--workspace", "--all-features", "--no-deps", "--locked"];
    run(cargo().args(docs).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Installs what the tests need, if it is missing.
fn setup_tests() -> Outcome {
    languages(&setup()?);
    browser::setup(&target_dir());
    Ok(())
}

/// Builds the guests, and other packages with them, and answers the guests' folder.
fn guests_and(packages: &[&str]) -> Result<PathBuf, String> {
    let toolchain = setup()?;
    println!("the guests are built with {toolchain}");
    run(cargo().args(["build", "--locked", "--package", "plimsoll-guests"]).args(packages))?;
    Ok(target_dir().join("guests"))
}

/// Installs what compiles Rust to WebAssembly, if it is missing: the target by rustup, and where
/// that cannot be fetched, Debian's compiler.
fn setup() -> Result<Toolchain, String> {
    if let Ok(toolchain) = Toolchain::detect() {
        return Ok(toolchain);
    }
    println!("no toolchain compiles Rust to WebAssembly here; installing one");
    let by_rustup = run(Command::new("rustup").args(["target", "add", TARGETS[0]]));
    if let (Ok(()), Ok(toolchain)) = (by_rustup, Toolchain::detect()) {
        return Ok(toolchain);
    }
    println!("the target cannot be had by rustup; trying Debian's packages");
    run(as_root("apt-get").arg("update"))?;
    let install = ["install", "--yes", "--no-install-recommends"];
    run(as_root("apt-get").args(install).args(DEBIAN_PACKAGES))?;
    Toolchain::detect().map_err(|missing| missing.to_string())
}

/// What the tests of `plimsoll new` run besides Rust, and the Debian packages that it is in.
const LANGUAGES: [(&str, &[&str], &[&str]); 2] = [
    ("python3", &["-c", "import ensurepip, venv"], &["python3", "python3-venv"]),
    ("npm", &["--version"], &["nodejs", "npm"]),
];

/// What Debian's compiler links for the target that authors are taught, and the package.
const WASI_LIBC: (&str, &str) = ("/usr/lib/wasm32-wasi/libc.a", "wasi-libc");

/// Installs what the projects of `plimsoll new` are built with, as far as it is missing. Where that
/// fails their tests say why they do not run.
fn languages(toolchain: &Toolchain) {
    println!("the projects of `plimsoll new` are built and judged in all their languages");
    if let Toolchain::Installed { .. } = toolchain {
        let _ = run(Command::new("rustup").args(["target", "add", TARGETS[1]]));
    }
    let packages = missing_packages(toolchain);
    if !packages.is_empty() {
        println!("they need {}; installing them", packages.join(", "));
        let update = run(as_root("apt-get").arg("update"));
        let install = ["install", "--yes", "--no-install-recommends"];
        let _ = update.and_then(|()| run(as_root("apt-get").args(install).args(packages)));
    }
    if !target_dir().join("languages").is_dir() {
        println!("they fetch componentize-py and componentize-js into the target directory");
    }
}

fn missing_packages(toolchain: &Toolchain) -> Vec<&'static str> {
    let answers = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    let missing = LANGUAGES.iter().filter(|(program, check, _)| !answers(program, check));
    let mut packages: Vec<_> = missing.flat_map(|(_, _, packages)| *packages).copied().collect();
    let by_debian = matches!(toolchain, Toolchain::Debian { .. });
    if by_debian && !Path::new(WASI_LIBC.0).exists() {
        packages.push(WASI_LIBC.1);
    }
    packages
}

/// A command that needs the rights of root.
fn as_root(program: &str) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if is_root {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository());
    command
}

fn run(command: &mut Command) -> Outcome {
    announce(command);
    let status = command.status().map_err(|error| format!("{}: {error}", words(command)))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{} ended with {status}", words(command))),
    }
}

fn announce(command: &Command) {
    println!("+ {}", words(command));
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Where cargo builds: this program is `<target>/debug/xtask`.
fn target_dir() -> PathBuf {
    let here = env::current_exe().ok();
    let target = here.as_deref().and_then(|path| path.ancestors().nth(2));
    target.map_or_else(|| repository().join("target"), Path::to_owned)
}

/// Shorter to read, where it is inside the current folder.
fn relative(path: &Path) -> PathBuf {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_owned()
}
