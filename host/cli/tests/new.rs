//! What `plimsoll new` writes builds as its README says and is certified; with a bug it is not.
//!
//! Packages are installed below the target directory, once. Where a language is not installed, or
//! its registry cannot be reached, its test says so and ends; PLIMSOLL_REQUIRE_LANGUAGES=1 forbids
//! that.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::print_stderr, reason = "it says why it did not run")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use common::{command, expect, target_dir, text};
use tempfile::TempDir;

/// What installing leaves in a project. It is kept for the next run.
const KEPT: [&str; 5] = [".venv", "node_modules", "package-lock.json", "Cargo.lock", "target"];

/// A project that `plimsoll new` wrote.
struct Project {
    folder: PathBuf,
    /// What its author would type, in three parts.
    setup: Vec<String>,
    build: Vec<String>,
    judge: String,
    /// Compiled code goes with the test: each component is compiled once.
    cache: TempDir,
}

impl Project {
    /// Writes it anew, around what an earlier run installed. `block` is the block of commands in its
    /// README that serves here, from 0.
    fn new(language: &str, block: usize) -> Self {
        let home = target_dir().join("languages").join(language);
        let (folder, kept) = (home.join("orders"), home.join("kept"));
        fs::create_dir_all(&kept).unwrap();
        move_kept(&folder, &kept);
        let _ = fs::remove_dir_all(&folder);
        let arguments = ["new", folder.to_str().unwrap(), "--lang", language];
        expect(&arguments, 0, &["wrote `orders`", "next:"]);
        move_kept(&kept, &folder);
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        let block = readme.split("```sh\n").nth(block + 1).expect("the README has commands");
        let lines = block.lines().take_while(|line| *line != "```").map(str::to_owned);
        // Toolchains are the machine's affair.
        let is_machines =
            |line: &String| line.starts_with("rustup ") || line.starts_with("apt-get ");
        let mut lines: Vec<_> = lines.filter(|line| !is_machines(line)).collect();
        let judge = lines.pop().expect("the last command judges");
        let is_setup = |line: &String| line.contains("install") || line.contains("venv .venv");
        let (setup, build) = lines.into_iter().partition(is_setup);
        let cache = tempfile::tempdir().unwrap();
        Self { folder, setup, build, judge, cache }
    }

    /// Installs what it needs; none if that cannot be done here.
    fn install(&self) -> Option<()> {
        let output = self.shell(&self.setup);
        if output.status.success() {
            return Some(());
        }
        skip(&format!("{} failed: {}", self.setup.join("; "), text(&output)))
    }

    fn build(&self) {
        let output = self.shell(&self.build);
        assert!(output.status.success(), "{:?}\n{}", self.build, text(&output));
    }

    /// Judges it, with more arguments: the exit code must be `code`, and the report hold every word.
    fn judge(&self, more: &str, code: i32, words: &[&str]) {
        // npm hands on what follows `--`.
        let end = if self.judge.starts_with("npm ") { " --" } else { "" };
        let judge = format!("{}{end} --effort 10 --seed 5 {more}", self.judge);
        // Compiling a large component takes long enough without another one beside it.
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let output = self.shell(&[judge]);
        drop(alone);
        let text = text(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        for word in words {
            assert!(text.contains(word), "`{word}` is not in:\n{text}");
        }
    }

    /// Replaces a text of a file, which must be there.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(file);
        let before = fs::read_to_string(&path).unwrap();
        assert_eq!(before.matches(from).count(), 1, "{file}: {from}");
        fs::write(path, before.replace(from, to)).unwrap();
    }

    fn shell(&self, lines: &[String]) -> Output {
        let mut command = Command::new("sh");
        command.args(["-e", "-c", &lines.join("\n")]).current_dir(&self.folder);
        // `plimsoll` is the one of this build.
        let own = Path::new(env!("CARGO_BIN_EXE_plimsoll")).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path)));
        command.env("PATH", path.unwrap());
        command.env("PLIMSOLL_CACHE_DIR", self.cache.path());
        // These are meant for the build of this test alone.
        for name in ["CARGO_BUILD_TARGET", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "RUSTC"] {
            command.env_remove(name);
        }
        for name in ["RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "RUSTFLAGS", "VIRTUAL_ENV"] {
            command.env_remove(name);
        }
        command.output().expect("there is a shell")
    }
}

fn move_kept(from: &Path, to: &Path) {
    for name in KEPT {
        if from.join(name).exists() {
            fs::rename(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// Says why a test did not run, where that is allowed.
fn skip(why: &str) -> Option<()> {
    let is_required = std::env::var("PLIMSOLL_REQUIRE_LANGUAGES").is_ok_and(|it| it == "1");
    assert!(!is_required, "PLIMSOLL_REQUIRE_LANGUAGES is set: {why}");
    eprintln!("not run: {why}");
    None
}

/// Whether a program answers.
fn has(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

const CERTIFIED: [&str; 2] = ["CERTIFIED  orders 0.1.0", "keeps profile core"];

/// The block of the README that serves here: rustup's target, else Debian's compiler.
fn rust_block() -> Option<usize> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?.stdout;
    let sysroot = PathBuf::from(String::from_utf8(sysroot).ok()?.trim());
    let by_rustup = sysroot.join("lib/rustlib/wasm32-wasip2/lib").is_dir();
    let needs = ["/usr/bin/cargo", "/usr/bin/rustc", "/usr/bin/wasm-ld-22"];
    let needs = needs.iter().chain(["/usr/lib/wasm32-wasi/libc.a"].iter());
    let by_debian = needs.copied().all(|path| Path::new(path).exists());
    by_rustup.then_some(0).or(by_debian.then_some(1))
}

#[test]
fn rust() {
    let Some(block) = rust_block() else {
        skip("neither rustup nor Debian has the target wasm32-wasip2");
        return;
    };
    let project = Project::new("rust", block);
    project.build();
    project.judge("", 0, &CERTIFIED);
    for Mistake { file, right, wrong, check, words } in MISTAKES {
        project.edit(file, right, wrong);
        project.build();
        let only = format!("--only {check}");
        project.judge(&only, 1, &[&[&*format!("FAILED  {check}"), "VIOLATED"], *words].concat());
        project.edit(file, wrong, right);
    }
}

/// What first backends do, and how they are told.
struct Mistake {
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    check: &'static str,
    words: &'static [&'static str],
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        file: "src/run_store.rs",
        right: "Ok(space.dispatches.insert((run_id, step_key)))",
        wrong: "space.dispatches.insert((run_id, step_key)).then_some(true).ok_or(Error::AlreadyExists)",
        check: "run-store/second-dispatch-wins",
        words: &["gave no value: already exists", "RUN-74 MUST"],
    },
    Mistake {
        file: "src/run_store.rs",
        right: "b.started_at.cmp(&a.started_at)",
        wrong: "a.started_at.cmp(&b.started_at)",
        check: "run-store/oldest-run-first",
        words: &["RUN-27 MUST", "usual cause"],
    },
    Mistake {
        file: "src/clock.rs",
        right: "seconds: now.seconds as i64,",
        wrong: "seconds: now.seconds as i64 * 1000,",
        check: "run-store/completion-not-stamped",
        words: &["RUN-22 MUST", "usual cause"],
    },
    Mistake {
        file: "src/flow_store.rs",
        right: ".ok_or(Error::NotFound)?",
        wrong: ".unwrap()",
        check: "flow-store/enabling-unknown-creates",
        words: &["panicked at", "src/flow_store.rs", "the backend stopped instead of answering"],
    },
];

/// Much of Python's library: a component twice as large, which the host must not take for a bomb.
const LIBRARY: &str =
    "import argparse, asyncio, csv, decimal, email.mime.text, fractions, html.parser";
const MORE_OF_IT: &str = "import http.client, json, logging.config, sqlite3, statistics, tarfile";
const REST_OF_IT: &str = "import unittest.mock, urllib.request, uuid, xml.dom.minidom, zoneinfo";

#[test]
fn python() {
    if !has("python3", &["-c", "import ensurepip, venv"]) {
        skip("python3 or its module venv is not installed");
        return;
    }
    let project = Project::new("python", 0);
    if project.install().is_none() {
        return;
    }
    project.build();
    project.judge("", 0, &CERTIFIED);
    let imports = [LIBRARY, MORE_OF_IT, REST_OF_IT, "from backend import Backend"].join("\n");
    project.edit("app.py", "from backend import Backend", &imports);
    project.edit("state.py", "default if page.take is None else page.take", "page.take or default");
    project.edit(
        "flow_store.py",
        "definitions.get(key(id))\n\n    def save",
        "definitions[key(id)]\n\n    def save",
    );
    project.build();
    let words = [
        "FAILED  run-store/page-size-ignored",
        "take 0 means the default",
        "FAILED  flow-store/unknown-flow-found",
        "KeyError",
        "flow_store.py\", line",
        "VIOLATED",
    ];
    project.judge("", 1, &words);
}

/// A script as large as a few bundled libraries, alive when the component is made.
fn large_script() -> String {
    let function =
        |n| format!("f{n}: (a) => ({{ n: {n}, a, of: ['{n}', {{ half: a / {n} }}] }}),\n");
    let functions: String = (1..=10_000).map(function).collect();
    format!(
        "globalThis.large = {{\n{functions}}};\nexport const all = Object.values(large).map((f) => f(1));\n"
    )
}

#[test]
fn js() {
    if !has("npm", &["--version"]) {
        skip("npm is not installed");
        return;
    }
    let project = Project::new("js", 0);
    if project.install().is_none() {
        return;
    }
    project.build();
    project.judge("", 0, &CERTIFIED);
    fs::write(project.folder.join("src/large.js"), large_script()).unwrap();
    project.edit(
        "src/index.js",
        "export * as backend",
        "import './large.js';\nexport * as backend",
    );
    project.edit("src/run-store.js", "throw alreadyExists()", "throw new Error('in use')");
    project.edit(
        "src/run-store.js",
        "return ids.map((id) => id.slice(ofRun.length));",
        "return new Set(ids);",
    );
    project.build();
    let words = [
        "FAILED  run-store/used-id-overwrites",
        "received `Error: in use`",
        "FAILED  run-store/dispatched-keys-wrong",
        "VIOLATED",
    ];
    project.judge("", 1, &words);
}

#[test]
fn a_folder_that_is_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("file"), "mine").unwrap();
    let whole = folder.path().display().to_string();
    expect(&["new", &whole, "--lang", "js"], 2, &["is not empty", "does not exist yet"]);
    expect(&["new", &path("file"), "--lang", "js"], 2, &["is a file", "does not exist yet"]);
    assert_eq!(fs::read_to_string(path("file")).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    fs::create_dir(path("empty")).unwrap();
    expect(&["new", &path("empty"), "--lang", "js"], 0, &["wrote `empty`", "npm install"]);
}

#[test]
fn languages_and_next_steps_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("My Orders").display().to_string();
    expect(&["new", &path, "--lang", "go"], 2, &["rust, python, js"]);
    expect(&["new", &path], 2, &["--lang"]);
    let output = command(&["new", &path, "--lang", "python", "--json"]).output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["name"], "my-orders");
    let next = value["next"].as_array().unwrap();
    assert_eq!(next.last().unwrap(), "plimsoll certify plugin.toml --profile core");
    for file in value["files"].as_array().unwrap() {
        let text = fs::read_to_string(Path::new(&path).join(file.as_str().unwrap())).unwrap();
        assert!(!text.contains("{{name}}"), "{file}");
    }
}
