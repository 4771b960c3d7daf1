//! The mistakes of a first hour, each with the words that must say what to do.
//!
//! What is wrong with a component's types is in `host/tests/load.rs`, what a backend does wrong in
//! `new.rs`, which has a toolchain.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::fs;

use common::{expect, text};
use tempfile::TempDir;

/// A file of that name in a folder of its own.
fn file(name: &str, content: &[u8]) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// Both commands must refuse the target with these words, on standard error and in a few lines.
fn refused(target: &str, words: &[&str]) {
    for command in ["inspect", "certify"] {
        let output = common::command(&[command, target]).output().unwrap();
        let text = text(&output);
        assert_eq!(output.status.code(), Some(2), "{command} {target}\n{text}");
        assert!(output.stdout.is_empty(), "{text}");
        assert!(text.lines().count() <= 8, "{text}");
        for word in words {
            assert!(text.contains(word), "{command} {target}: `{word}` is not in:\n{text}");
        }
    }
}

/// The component does not load with these words: `inspect` shows what there is to see nevertheless.
fn refused_by_certify(target: &str, words: &[&str]) {
    expect(&["certify", target], 2, words);
    expect(&["inspect", target], 0, &[&["it does not load"], words].concat());
}

#[test]
fn the_text_format() {
    let (_folder, path) = file("backend.wat", b"\n(component)");
    refused(&path, &["its text format", "wasm-tools parse"]);
}

#[test]
fn a_native_library() {
    let own = fs::read(env!("CARGO_BIN_EXE_plimsoll")).unwrap();
    let (_folder, path) = file("libbackend.so", &own[..4096]);
    refused(&path, &["for one kind of machine", "--target wasm32-wasip2"]);
}

#[test]
fn a_source_file() {
    let (_folder, path) = file("app.py", b"class Backend: pass");
    refused(&path, &["not WebAssembly", "build a component"]);
}

#[test]
fn a_core_module_for_preview_1() {
    let module = wat::parse_str(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
           (func (export "_start")))"#,
    );
    let (_folder, path) = file("backend.wasm", &module.unwrap());
    refused(&path, &["core module", "no component type", "wit-bindgen", "wasm32-wasip2"]);
}

#[test]
fn a_program_where_a_library_belongs() {
    let component = wat::parse_str(
        r#"(component (instance $run) (export "wasi:cli/run@0.2.6" (instance $run)))"#,
    );
    let (_folder, path) = file("backend.wasm", &component.unwrap());
    refused(&path, &["flow:storage@0.1.0", "it is a program", "cdylib"]);
}

#[test]
fn a_component_of_somebody_elses_world() {
    let component = wat::parse_str(
        r#"(component (instance $a) (export "my:app/flow-store@0.1.0" (instance $a)))"#,
    );
    let (_folder, path) = file("backend.wasm", &component.unwrap());
    refused(&path, &["flow:storage@0.1.0", "`my:app/flow-store@0.1.0`", "one of its worlds: core"]);
}

#[test]
fn an_old_version_of_the_contract() {
    let component = wat::parse_str(
        r#"(component (instance $a) (export "flow:storage/backend@0.0.9" (instance $a)))"#,
    );
    let (_folder, path) = file("backend.wasm", &component.unwrap());
    let words = ["flow:storage/backend@0.0.9", "contract version is wrong", "WIT of version 0.1.0"];
    refused(&path, &words);
}

#[test]
fn a_path_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("bakend.wasm").display().to_string();
    refused(&missing, &["there is no file", "bakend.wasm", "a target is the path of a component"]);
    let whole = folder.path().display().to_string();
    refused(&whole, &["is a directory", "name the .wasm file or the plugin.toml in it"]);
    refused("sqllite:a.db", &["there is no file", "sqlite:PATH"]);
}

/// A manifest of the memory guest, its text changed.
fn manifest(more: &str) -> (TempDir, String) {
    let text = format!("component = {:?}\n{more}\n", plimsoll_guests::MEMORY);
    file("plugin.toml", text.as_bytes())
}

#[test]
fn a_manifest_with_a_typo() {
    let (_folder, path) = manifest("instnces = 2");
    refused(&path, &["plugin.toml", "unknown field `instnces`", "`instances`"]);
    let (_folder, path) = file("plugin.toml", b"name = \"orders\"");
    refused(&path, &["missing field `component`"]);
    let (_folder, path) = manifest("[[directory]]\nhost = \"data\"\nguest = \"/data\"");
    refused(&path, &["directory.host", "there is no directory", "make it"]);
    let (_folder, path) = manifest("[limits]\ncall-time = \"soon\"");
    refused(&path, &["call-time"]);
}

#[test]
fn a_manifest_before_the_first_build() {
    let (_folder, path) = file("plugin.toml", b"component = \"target/backend.wasm\"");
    refused(&path, &["component: there is no file", "target/backend.wasm", "build it"]);
}

#[test]
fn several_instances_of_what_keeps_its_state_in_one() {
    let (_folder, path) = manifest("instances = 2");
    let words = ["keeps its state in one instance", "instances = 1"];
    refused_by_certify(&path, &words);
}

#[test]
fn asking_for_what_nobody_granted() {
    refused_by_certify(plimsoll_guests::KEYVALUE, &["wasi:keyvalue", "[key-value]", "plugin.toml"]);
}

#[test]
fn asking_for_http() {
    let component = wat::parse_str(
        r#"(component
            (import "wasi:http/types@0.2.10" (instance))
            (instance $a) (export "flow:storage/backend@0.1.0" (instance $a)))"#,
    );
    let (_folder, path) = file("backend.wasm", &component.unwrap());
    expect(&["certify", &path], 2, &["wasi:http/types@0.2.10", "disableFeatures"]);
}

#[test]
fn a_profile_that_is_not_exported() {
    let arguments = ["certify", plimsoll_guests::HOSTILE, "--profile", "core"];
    expect(&arguments, 1, &["profile core needs", "flow-store", "run-store", "outputs-repository"]);
}
