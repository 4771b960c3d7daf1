//! What a person may name as a target, and what it becomes.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_conformance::Subject;
use plimsoll_contract::{Backend, Clock, Result as CallResult};
use plimsoll_host::{Host, Options, Plugin, PluginSubject};
use plimsoll_memory::MemoryBackend;

use crate::failure::Failure;

const WHAT_IT_TAKES: &str = "a target is the path of a component (`backend.wasm`) or `memory`";

/// A target that exists.
pub(crate) enum Target {
    Memory,
    Component { plugin: Plugin, name: String },
}

impl Target {
    /// Finds the target, and loads it if it is a component.
    pub(crate) async fn find(name: Option<&str>) -> Result<Self, Failure> {
        let Some(name) = name else {
            return Err(Failure::usage("target", format!("name a target: {WHAT_IT_TAKES}")));
        };
        if name == "memory" {
            return Ok(Self::Memory);
        }
        reject_what_comes_later(name)?;
        let path = Path::new(name);
        let bytes = read(path)?;
        let host = Host::new(Options { cache_folder: cache_folder(), ..Options::default() })?;
        let plugin = host.load(&bytes).await.map_err(|error| Failure::load(path, &error))?;
        Ok(Self::Component { plugin, name: name.to_owned() })
    }

    pub(crate) fn into_subject(self, seed: u64) -> Arc<dyn Subject> {
        match self {
            Self::Memory => Arc::new(MemorySubject),
            Self::Component { plugin, name } => Arc::new(PluginSubject::new(plugin, name, seed)),
        }
    }
}

fn reject_what_comes_later(name: &str) -> Result<(), Failure> {
    let kind = match name {
        _ if name.starts_with("sqlite:") => "SQLite",
        _ if name.starts_with("postgres:") || name.starts_with("postgresql:") => "PostgreSQL",
        _ if Path::new(name).extension().is_some_and(|extension| extension == "toml") => "manifest",
        _ => return Ok(()),
    };
    // The name is left out: it may hold a password.
    let message = format!("this version has no {kind} targets yet; {WHAT_IT_TAKES}");
    Err(Failure::usage("target", message))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.is_dir() {
        let message = format!(
            "`{}` is a directory; name the .wasm file in it: {WHAT_IT_TAKES}",
            path.display()
        );
        return Err(Failure::usage("target", message));
    }
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let message = format!("there is no file `{}`; {WHAT_IT_TAKES}", path.display());
            Failure::usage("target", message)
        }
        _ => Failure::file(path, &error),
    })
}

/// Where compiled code is kept: `PLIMSOLL_CACHE_DIR`, else the user's cache folder.
fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("PLIMSOLL_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("plimsoll")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/plimsoll")))
}

/// The native backend in memory; each instance has its own.
struct MemorySubject;

#[async_trait]
impl Subject for MemorySubject {
    fn target(&self) -> String {
        "memory".to_owned()
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> CallResult<Arc<dyn Backend>> {
        Ok(Arc::new(MemoryBackend::new()))
    }
}
