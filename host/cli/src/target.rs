//! What a person may name as a target, and what it becomes.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::{env, fmt};

use async_trait::async_trait;
use plimsoll_conformance::Subject;
use plimsoll_contract::{
    Backend, Clock, OpenConfig, Result as CallResult, StateLocation, SystemClock,
};
use plimsoll_host::{
    Grants, Host, Inspection, Limits, LoadError, Manifest, ManifestError, Options, Plugin,
    PluginOptions, PluginSubject,
};
use plimsoll_memory::MemoryBackend;
use plimsoll_postgres::{PostgresBackend, PostgresOptions};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};

use crate::failure::Failure;

const WHAT_IT_TAKES: &str = "a target is the path of a component (`backend.wasm`) or of its \
    manifest (`plugin.toml`), `memory`, `sqlite:PATH`, `sqlite::memory:` or \
    `postgres://USER:PASSWORD@HOST/DATABASE`";

/// A target that exists.
pub(crate) enum Target {
    Native(Native),
    Component { plugin: Plugin, name: String },
}

/// A backend that is part of this program.
pub(crate) struct Native {
    /// Without passwords.
    shown: String,
    /// Whether `shown` leaves a password out.
    has_secret: bool,
    kind: NativeKind,
}

enum NativeKind {
    Memory,
    Sqlite(SqliteOptions),
    Postgres(Box<PostgresOptions>),
}

/// A target that is looked at and need not be fit to run.
pub(crate) enum Looked {
    Native(Native),
    Component {
        inspection: Inspection,
        grants: Arc<Grants>,
        /// The component loaded, or why it does not load.
        plugin: Result<Plugin, LoadError>,
    },
}

impl Looked {
    /// Looks at what `name` names.
    pub(crate) async fn at(name: Option<&str>) -> Result<Self, Failure> {
        let name = name.ok_or_else(no_target)?;
        if let Some(native) = Native::parse(name)? {
            native.connect().await?;
            return Ok(Self::Native(native));
        }
        let (host, path) = (host()?, Path::new(name));
        let (component, bytes, options) = match is_manifest(path) {
            true => {
                let manifest = Manifest::read(path).map_err(|error| in_manifest(&error))?;
                let options = manifest.options(&Limits::default()).await;
                let options = options.map_err(|error| in_manifest(&error))?;
                let bytes = manifest.read_component().map_err(|error| in_manifest(&error))?;
                (manifest.component_path(), bytes, options)
            }
            false => (path.to_owned(), read(path)?, PluginOptions::default()),
        };
        let inspection = host.inspect(&bytes).await;
        let inspection = inspection.map_err(|error| Failure::load(&component, &error))?;
        let grants = Arc::clone(&options.grants);
        let plugin = host.load_with(&bytes, options).await;
        Ok(Self::Component { inspection, grants, plugin })
    }
}

fn no_target() -> Failure {
    Failure::usage("target", format!("name a target: {WHAT_IT_TAKES}"))
}

fn host() -> Result<Host, Failure> {
    Ok(Host::new(Options { cache_folder: cache_folder(), ..Options::default() })?)
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

fn in_manifest(error: &ManifestError) -> Failure {
    Failure::usage("manifest", error.to_string())
}

impl Target {
    /// Finds the target: loads it if it is a component, and opens it once if it is a database.
    pub(crate) async fn find(name: Option<&str>) -> Result<Self, Failure> {
        let name = name.ok_or_else(no_target)?;
        if let Some(native) = Native::parse(name)? {
            native.connect().await?;
            return Ok(Self::Native(native));
        }
        let (host, path) = (host()?, Path::new(name));
        if is_manifest(path) {
            let plugin = host.load_manifest(path).await.map_err(|error| in_manifest(&error))?;
            return Ok(Self::Component { plugin, name: name.to_owned() });
        }
        let bytes = read(path)?;
        let plugin = host.load(&bytes).await.map_err(|error| Failure::load(path, &error))?;
        Ok(Self::Component { plugin, name: name.to_owned() })
    }

    pub(crate) fn into_subject(self, seed: u64) -> Arc<dyn Subject> {
        match self {
            Self::Native(native) => Arc::new(native),
            Self::Component { plugin, name } => Arc::new(PluginSubject::new(plugin, name, seed)),
        }
    }

    /// Whether what it shares is in this process alone.
    pub(crate) fn is_in_process(&self) -> bool {
        match self {
            Self::Native(_) => false,
            Self::Component { plugin, .. } => {
                let engine = plugin.options().grants.key_value.as_ref();
                engine.is_some_and(|engine| engine.is_in_process())
            }
        }
    }

    /// Whether several instances see the same data; none if it does not say.
    pub(crate) async fn shares_its_state(&self) -> Option<bool> {
        let description = match self {
            Self::Native(native) => native.backend().describe().await.ok(),
            Self::Component { plugin, .. } => plugin.description().cloned(),
        };
        description.map(|description| description.state == StateLocation::Shared)
    }
}

impl Native {
    /// A native backend, if the name is of that kind.
    fn parse(name: &str) -> Result<Option<Self>, Failure> {
        let refuse = |error: &dyn fmt::Display| Failure::usage("target", error.to_string());
        let plain = |kind| Self { shown: name.to_owned(), has_secret: false, kind };
        if name == "memory" {
            return Ok(Some(plain(NativeKind::Memory)));
        }
        if name.starts_with("sqlite:") {
            let options = SqliteOptions::from_str(name).map_err(|error| refuse(&error))?;
            return Ok(Some(plain(NativeKind::Sqlite(options))));
        }
        if name.starts_with("postgres:") || name.starts_with("postgresql:") {
            let options = PostgresOptions::from_url(name).map_err(|error| refuse(&error))?;
            let (shown, kind) =
                (PostgresOptions::masked(name), NativeKind::Postgres(Box::new(options)));
            return Ok(Some(Self { has_secret: shown != name, shown, kind }));
        }
        Ok(None)
    }

    /// An instance that is not open.
    pub(crate) fn backend(&self) -> Arc<dyn Backend> {
        match &self.kind {
            NativeKind::Memory => Arc::new(MemoryBackend::new()),
            NativeKind::Sqlite(options) => Arc::new(SqliteBackend::new(options.clone())),
            NativeKind::Postgres(options) => {
                Arc::new(PostgresBackend::new(PostgresOptions::clone(options)))
            }
        }
    }

    /// Makes sure that it can be opened, before anything is judged.
    async fn connect(&self) -> Result<(), Failure> {
        let backend = self.backend();
        let namespace = format!("plimsoll-connect-{:016x}", fastrand::u64(..));
        let opened = async {
            backend.open(&OpenConfig::namespace(&namespace), Arc::new(SystemClock)).await?;
            backend.discard(&namespace).await
        };
        let refuse = |error| Failure::usage("connection", format!("`{}`: {error}", self.shown));
        opened.await.map_err(refuse)
    }
}

#[async_trait]
impl Subject for Native {
    fn target(&self) -> String {
        self.shown.clone()
    }

    fn rerun_target(&self) -> String {
        // The shell knows the password, and nobody else is told.
        if self.has_secret { "$PLIMSOLL_TARGET".to_owned() } else { self.shown.clone() }
    }

    async fn instance(&self, _clock: Arc<dyn Clock>) -> CallResult<Arc<dyn Backend>> {
        Ok(self.backend())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if path.is_dir() {
        let message = format!(
            "`{}` is a directory; name the .wasm file or the plugin.toml in it: {WHAT_IT_TAKES}",
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
