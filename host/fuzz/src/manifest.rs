use std::path::Path;

use plimsoll_host::{Limits, Manifest};

/// Reads bytes as a manifest. What it grants is opened too, unless it leads out of the process:
/// names to look up and servers to reach are not what is looked at here.
///
/// # Panics
///
/// On a finding.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let folder = Path::new("/nonexistent");
    let manifest = match Manifest::parse(text, folder) {
        Ok(manifest) => manifest,
        Err(message) => {
            assert!(!message.trim().is_empty(), "a refusal says why");
            return;
        }
    };
    assert!(
        manifest.component.is_absolute() || manifest.component_path().starts_with(folder),
        "paths are taken from the manifest's folder"
    );
    let in_memory = |engine: Option<&str>| engine.is_none_or(|engine| engine == "memory");
    let store = manifest.key_value.as_ref();
    if manifest.network.tcp.is_empty()
        && store.is_none_or(|store| in_memory(store.engine.as_deref()))
        && let Err(refused) = crate::block_on(manifest.options(&Limits::default()))
    {
        let message = refused.to_string();
        assert!(message.len() > 10, "a refusal says why: {message:?}");
    }
}
