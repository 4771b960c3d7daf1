//! Compiled code on disk, so that a backend is compiled once.
//!
//! The name of a file holds the digest of the component and the settings of the engine. No plugin
//! can write there: a plugin has no directory at all, and the folder is the user's alone.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Makes the folder, open to its owner alone.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// The compiled code of the component with that digest, if this engine compiled it before.
    pub(crate) fn get(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        let path = self.path(engine, sha256);
        if !path.is_file() {
            return None;
        }
        #[allow(
            unsafe_code,
            reason = "the file was written by `put`, in a folder that only this user can write"
        )]
        // A file of another wasmtime or other settings is refused, and then compiled anew.
        let component = unsafe { Component::deserialize_file(engine, &path) };
        component.ok()
    }

    /// Keeps compiled code. A cache that cannot be written only costs time.
    pub(crate) fn put(&self, engine: &Engine, sha256: &str, component: &Component) {
        let Ok(code) = component.serialize() else { return };
        let path = self.path(engine, sha256);
        // Written aside and renamed, so that nobody ever reads half a file.
        let aside = path.with_extension(format!("{}.part", std::process::id()));
        if fs::write(&aside, code).and_then(|()| fs::rename(&aside, &path)).is_err() {
            let _ = fs::remove_file(&aside);
        }
    }

    fn path(&self, engine: &Engine, sha256: &str) -> PathBuf {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        self.folder.join(format!("{sha256}-{:016x}.cwasm", settings.finish()))
    }
}
