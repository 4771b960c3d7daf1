//! What a grant opens, and that it opens nothing else.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_contract::{StateLocation, WebhookRejectionStore};
use plimsoll_host::{
    Access, Directory, Grants, Host, InstanceOptions, LoadErrorKind, ManifestError, Options,
    PluginOptions, Remote,
};
use plimsoll_keyvalue::MemoryEngine;
use tempfile::TempDir;

/// What the hostile guest sees through its grants.
async fn look(grants: Grants, window: u64) -> Vec<String> {
    let host = Host::new(Options::default()).unwrap();
    let bytes = fs::read(plimsoll_guests::HOSTILE).unwrap();
    let options = PluginOptions { grants: Arc::new(grants), ..PluginOptions::default() };
    let plugin = host.load_with(&bytes, options).await.unwrap();
    let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
    let seen = backend.counts_by_reason(Duration::from_nanos(window)).await.unwrap();
    seen.into_iter().map(|(name, _)| name).collect()
}

/// A folder with a folder `data` in it, and links in that which lead out.
#[cfg(unix)]
fn folder() -> TempDir {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("inside"), b"inside").unwrap();
    fs::write(folder.path().join("outside"), b"outside").unwrap();
    symlink("../outside", data.join("link-to-file")).unwrap();
    symlink("..", data.join("link-to-parent")).unwrap();
    symlink("/", data.join("link-to-root")).unwrap();
    folder
}

#[cfg(unix)]
async fn look_at_files(folder: &Path, access: Access) -> Vec<String> {
    let host = folder.join("data");
    let directory = Directory { host, guest: "/data".to_owned(), access };
    look(Grants { directories: vec![directory], ..Grants::default() }, 5).await
}

/// Which attempts succeeded.
#[cfg(unix)]
fn done(seen: &[String]) -> Vec<&str> {
    let done = seen.iter().filter_map(|attempt| attempt.strip_suffix(": done"));
    done.filter_map(|attempt| attempt.strip_prefix("/data: ")).collect()
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_leads_no_further() {
    let folder = folder();
    let seen = look_at_files(folder.path(), Access::ReadWrite).await;
    assert_eq!(done(&seen), ["read inside", "write inside"], "{seen:?}");
    assert_eq!(fs::read(folder.path().join("outside")).unwrap(), b"outside");
    assert_eq!(fs::read(folder.path().join("data/inside")).unwrap(), b"written".as_slice());
    assert!(!folder.path().join("stolen").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_to_read_is_not_written() {
    let folder = folder();
    let seen = look_at_files(folder.path(), Access::ReadOnly).await;
    assert_eq!(done(&seen), ["read inside"], "{seen:?}");
    assert_eq!(fs::read(folder.path().join("data/inside")).unwrap(), b"inside");
    assert!(fs::symlink_metadata(folder.path().join("data/made")).is_err(), "no link is made");
}

#[tokio::test]
async fn a_directory_that_is_gone_is_named() {
    let host = Host::new(Options::default()).unwrap();
    let directory = Directory {
        host: PathBuf::from("no-such-directory"),
        guest: "/data".to_owned(),
        access: Access::ReadOnly,
    };
    let grants = Arc::new(Grants { directories: vec![directory], ..Grants::default() });
    let bytes = fs::read(plimsoll_guests::HOSTILE).unwrap();
    let options = PluginOptions { grants, ..PluginOptions::default() };
    let error = host.load_with(&bytes, options).await.err().unwrap();
    assert!(error.to_string().contains("no-such-directory"), "{error}");
}

/// Grants one address of this machine.
async fn look_at_network(host: &str, port: u16, tried: u16) -> Vec<String> {
    let addresses = tokio::net::lookup_host((host, port)).await.unwrap().collect();
    let remote = Remote { host: host.to_owned(), port, addresses };
    look(Grants { tcp: vec![remote], ..Grants::default() }, 10_000 + u64::from(tried)).await
}

#[tokio::test]
async fn it_connects_where_it_may_and_nowhere_else() {
    let [granted, other] = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    let [granted, other] = [&granted, &other].map(|it| it.local_addr().unwrap().port());
    let seen = look_at_network("127.0.0.1", granted, granted).await;
    let expected = [
        "connect: done",
        "listen: access-denied",
        "listen without an address: invalid-state",
        "udp: access-denied",
        "look up: access-denied",
    ];
    assert_eq!(seen, expected);
    assert_eq!(look_at_network("127.0.0.1", granted, other).await[0], "connect: access-denied");
}

#[tokio::test]
async fn it_looks_up_a_name_that_was_granted() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = look_at_network("localhost", port, port).await;
    assert_eq!((&*seen[0], &*seen[4]), ("connect: done", "look up: done"));
}

#[tokio::test]
async fn a_store_that_is_not_granted_is_refused_with_the_lines_that_grant_it() {
    let host = Host::new(Options::default()).unwrap();
    let bytes = fs::read(plimsoll_guests::KEYVALUE).unwrap();
    let error = host.load(&bytes).await.err().unwrap();
    assert_eq!(error.kind, LoadErrorKind::NotGranted);
    assert!(error.to_string().contains("[key-value]\n    engine = \"memory\""), "{error}");
    let inspection = host.inspect(&bytes).await.unwrap();
    assert!(inspection.imports.iter().any(|import| import.name.starts_with("wasi:keyvalue/")));
    let key_value = Some(Arc::new(MemoryEngine::new()) as _);
    let grants = Arc::new(Grants { key_value, ..Grants::default() });
    let options = PluginOptions { grants, ..PluginOptions::default() };
    let plugin = host.load_with(&bytes, options).await.unwrap();
    assert_eq!(plugin.description().unwrap().state, StateLocation::Shared);
}

/// What the host says of a manifest.
async fn refusal(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.toml");
    let component = format!("component = {:?}\n", plimsoll_guests::MEMORY);
    fs::write(&path, component + text).unwrap();
    let host = Host::new(Options::default()).unwrap();
    host.load_manifest(&path).await.err().expect("refused").to_string()
}

#[tokio::test]
async fn a_manifest_that_does_not_serve_says_what_would() {
    for (text, words) in [
        ("instnaces = 2", "unknown field `instnaces`"),
        ("instances = 0", "instances: at least one"),
        ("instances = 2", "cannot run as 2"),
        ("[[directory]]\nhost = \"gone\"\nguest = \"/data\"", "there is no directory"),
        ("[[directory]]\nhost = \".\"", "missing field `guest`"),
        ("[network]\ntcp = [\"localhost\"]", "`localhost`: write HOST:PORT"),
        ("[network]\ntcp = [\"localhost:70000\"]", "no number below 65536"),
        ("[key-value]\nengine = \"mongodb:x\"", "a store is written `memory`, `sqlite:PATH`"),
        ("[key-value]\nengine = \"memory\"\nengine-from = \"X\"", "either `engine` or"),
        ("[key-value]\nengine-from = \"PLIMSOLL_NOT_SET\"", "`PLIMSOLL_NOT_SET` is not set"),
        ("[limits]\nmemory = \"many\"", "plugin.toml"),
        ("[limits]\ncall-time = 3", "plugin.toml"),
    ] {
        let refusal = refusal(text).await;
        assert!(refusal.contains(words), "of `{text}` it says: {refusal}");
    }
}

#[tokio::test]
async fn a_password_is_in_no_message() {
    let text = "[key-value]\nengine = \"redis://user:secret@127.0.0.1:1/0\"";
    let refusal = refusal(text).await;
    assert!(!refusal.contains("secret") && refusal.contains("cannot be reached"), "{refusal}");
}

#[tokio::test]
async fn a_manifest_sets_what_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.toml");
    let text = format!(
        "component = {:?}\nname = \"orders\"\n[limits]\nmemory = \"8 MiB\"\ncall-time = \"2s\"\n\
         [environment]\nSHARED = \"\"\n[settings]\nprefix = \"a\"\n[breaker]\nfailures = 9\n",
        plimsoll_guests::HOSTILE
    );
    fs::write(&path, text).unwrap();
    let plugin = Host::new(Options::default()).unwrap().load_manifest(&path).await.unwrap();
    assert_eq!(plugin.name(), "orders");
    assert_eq!(plugin.limits().memory_bytes, 8 << 20);
    assert_eq!(plugin.limits().call_time, Duration::from_secs(2));
    assert_eq!(plugin.options().breaker.failures, 9);
    assert_eq!(plugin.options().grants.settings, [("prefix".to_owned(), "a".to_owned())]);
    let description = plugin.description().unwrap();
    assert_eq!(description.state, StateLocation::Shared, "it sees its environment");
}

#[tokio::test]
async fn a_missing_manifest_is_a_file_that_is_missing() {
    let host = Host::new(Options::default()).unwrap();
    let error = host.load_manifest(Path::new("no-such/plugin.toml")).await.err().unwrap();
    assert!(matches!(error, ManifestError::File { .. }), "{error}");
}
