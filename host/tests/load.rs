//! What is no backend, and what the host says of it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;

use plimsoll_contract::{Interface, wit};
use plimsoll_host::{Host, Limits, LoadError, LoadErrorKind, Options, Plugin};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, SourceMap};

/// The core module of a component with one of the contract's worlds, the WIT changed by `edit`.
/// Every function of it traps.
fn module(world: &str, edit: impl Fn(&str) -> String) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_source("clock.wit", wit::WALL_CLOCK).unwrap();
    let mut contract = SourceMap::default();
    for file in wit::FILES {
        contract.push_str(file.path, edit(file.text));
    }
    let package = resolve.push_group(contract.parse().map_err(|error| error.1).unwrap()).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

fn component(world: &str, edit: impl Fn(&str) -> String) -> Vec<u8> {
    let module = module(world, edit);
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

fn as_it_is(text: &str) -> String {
    text.to_owned()
}

async fn load(bytes: &[u8]) -> Result<Plugin, LoadError> {
    Host::new(Options::default()).unwrap().load(bytes).await
}

/// The bytes must be refused for that reason, in a message with these words.
async fn expect_refusal(bytes: &[u8], kind: LoadErrorKind, words: &[&str]) {
    let error = match load(bytes).await {
        Err(error) => error,
        Ok(_) => panic!("loaded, instead of {kind:?}"),
    };
    assert_eq!(error.kind, kind, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

#[tokio::test]
async fn an_empty_file() {
    expect_refusal(b"", LoadErrorKind::Empty, &["empty", "cargo build"]).await;
}

#[tokio::test]
async fn a_text() {
    expect_refusal(b"(component)", LoadErrorKind::NotWasm, &["not WebAssembly"]).await;
}

#[tokio::test]
async fn a_header_alone() {
    expect_refusal(b"\0asm", LoadErrorKind::Malformed, &["truncated"]).await;
}

#[tokio::test]
async fn a_core_module_without_a_component_type() {
    let module = wat::parse_str("(module (func (export \"f\")))").unwrap();
    let words = ["core module", "component type", "wit-bindgen"];
    expect_refusal(&module, LoadErrorKind::NoComponentType, &words).await;
}

#[tokio::test]
async fn a_core_module_that_says_which_component_it_is() {
    let plugin = load(&module("webhooks", as_it_is)).await.unwrap();
    assert!(plugin.was_wrapped());
    assert_eq!(plugin.exports().len(), 3);
}

#[tokio::test]
async fn every_truncation_of_a_component() {
    let whole = component("webhooks", as_it_is);
    let host = Host::new(Options::default()).unwrap();
    for length in (5..whole.len()).step_by(whole.len() / 40) {
        let error = host.load(&whole[..length]).await.err().expect("a part does not load");
        // Cut between two sections, it is a whole component with less in it.
        let kinds =
            [LoadErrorKind::Malformed, LoadErrorKind::OtherWorld, LoadErrorKind::WrongShape];
        assert!(kinds.contains(&error.kind), "{length} bytes: {error:?}");
    }
}

#[tokio::test]
async fn a_component_of_another_world() {
    let component = wat::parse_str("(component)").unwrap();
    let words = ["flow:storage@0.1.0", "core, production"];
    expect_refusal(&component, LoadErrorKind::OtherWorld, &words).await;
}

#[tokio::test]
async fn a_component_of_another_contract_version() {
    let edit = |text: &str| text.replace("flow:storage@0.1.0", "flow:storage@0.2.0");
    let component = component("webhooks", edit);
    let words = ["flow:storage/backend@0.2.0", "contract version is wrong"];
    expect_refusal(&component, LoadErrorKind::WrongVersion, &words).await;
}

#[tokio::test]
async fn a_component_with_a_newer_patch_of_the_contract() {
    let edit = |text: &str| text.replace("flow:storage@0.1.0", "flow:storage@0.1.7");
    assert!(load(&component("webhooks", edit)).await.is_ok());
}

#[tokio::test]
async fn a_component_for_a_proposal_that_is_off() {
    for module in [
        "(component (core module (type (struct (field i32)))))",
        "(component (core module (tag)))",
        "(component (core module (memory i64 1)))",
        "(component (core module (memory 1 1 shared)))",
    ] {
        let component = wat::parse_str(module).unwrap();
        expect_refusal(&component, LoadErrorKind::Unsupported, &["proposal"]).await;
    }
}

#[tokio::test]
async fn a_component_without_the_backend_interface() {
    let component = component("webhooks", |text| text.replace("    export backend;\n", ""));
    expect_refusal(&component, LoadErrorKind::WrongShape, &["flow:storage/backend"]).await;
}

#[tokio::test]
async fn an_interface_that_lacks_a_function() {
    let edit = |text: &str| {
        text.replace("    purge-expired: func(now: instant) -> result<u64, error>;\n", "")
    };
    let words = ["webhook-replay-store", "without its function `purge-expired`"];
    expect_refusal(&component("webhooks", edit), LoadErrorKind::WrongShape, &words).await;
}

#[tokio::test]
async fn a_function_whose_parameters_have_other_names() {
    let edit = |text: &str| {
        text.replace("since: instant, until: instant,", "until: instant, since: instant,")
    };
    let words = ["run-store.get-run-timeseries", "granularity, since, until, flow-id"];
    expect_refusal(&component("core", edit), LoadErrorKind::WrongShape, &words).await;
}

#[tokio::test]
async fn a_record_with_another_field() {
    let edit = |text: &str| {
        text.replace(
            "    record webhook-rejection {\n",
            "    record webhook-rejection {\n        more: u8,\n",
        )
    };
    let words = ["other types", "from the WIT"];
    expect_refusal(&component("webhooks", edit), LoadErrorKind::WrongShape, &words).await;
}

#[tokio::test]
async fn an_import_that_nothing_grants() {
    let edit = |text: &str| {
        let import = "world webhooks {\n    import wonder: interface { make: func(); }\n";
        text.replace("world webhooks {\n", import)
    };
    expect_refusal(&component("webhooks", edit), LoadErrorKind::NotGranted, &["`wonder`"]).await;
}

#[tokio::test]
async fn a_component_that_is_too_large() {
    let limits = Limits { component_bytes: 1_000, ..Limits::default() };
    let host = Host::new(Options { limits, cache_folder: None }).unwrap();
    let error = host.load(&component("webhooks", as_it_is)).await.err().unwrap();
    assert_eq!(error.kind, LoadErrorKind::TooLarge, "{error}");
}

#[tokio::test]
async fn functions_beyond_the_contract_are_shown_and_do_no_harm() {
    let edit = |text: &str| {
        text.replace("    purge-expired: func(", "    count-all: func();\n    purge-expired: func(")
    };
    let plugin = load(&component("webhooks", edit)).await.unwrap();
    let replays = plugin.exports().last().unwrap();
    assert_eq!(replays.interface, Interface::WebhookReplayStore);
    assert_eq!(replays.extra_functions, ["count-all"]);
}

#[tokio::test]
async fn what_is_exported_is_read_from_the_type() {
    let plugin = load(&component("core", as_it_is)).await.unwrap();
    let exports: Vec<_> = plugin.exports().iter().map(|exported| exported.interface).collect();
    let core = [
        Interface::Backend,
        Interface::FlowStore,
        Interface::RunStore,
        Interface::OutputsRepository,
    ];
    assert_eq!(exports, core);
    assert_eq!(plugin.description(), None, "a dummy traps when it is asked what it is");
}

#[tokio::test]
async fn compiled_code_is_kept_by_digest_and_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache_folder = folder.path().join("cache");
    let bytes = fs::read(plimsoll_guests::HOSTILE).unwrap();
    let options = || Options { cache_folder: Some(cache_folder.clone()), ..Options::default() };
    let first = Host::new(options()).unwrap().load(&bytes).await.unwrap();
    let kept: Vec<_> = fs::read_dir(&cache_folder).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].file_name().to_string_lossy().starts_with(first.sha256()));
    let second = Host::new(options()).unwrap().load(&bytes).await.unwrap();
    assert_eq!(second.sha256(), first.sha256());
    // A file that is no compiled code is not trusted: the component is compiled anew.
    // It is removed first: the file before is still in use, mapped into memory.
    fs::remove_file(kept[0].path()).unwrap();
    fs::write(kept[0].path(), b"not compiled code").unwrap();
    assert!(Host::new(options()).unwrap().load(&bytes).await.is_ok());
    assert_ne!(fs::read(kept[0].path()).unwrap(), b"not compiled code");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_write_compiled_code() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let cache_folder = folder.path().join("cache");
    Host::new(Options { cache_folder: Some(cache_folder.clone()), ..Options::default() }).unwrap();
    let mode = fs::metadata(cache_folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}
