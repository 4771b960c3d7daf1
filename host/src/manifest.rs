//! `plugin.toml`: which component it is, what it may reach, what it may use.
//!
//! ```toml
//! component = "backend.wasm"
//! instances = 8
//!
//! [key-value]
//! engine = "sqlite:orders.db"
//! ```
//!
//! The README of this crate shows every field; the records here say what each means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use plimsoll_keyvalue::{Engine, EngineOptions, EngineUrl, UrlError, connect};
use serde::Deserialize;
use thiserror::Error;
use tokio::net::lookup_host;

use crate::{
    Access, BreakerPolicy, Directory, Grants, Host, Limits, LoadError, Plugin, PluginOptions,
    Remote,
};

/// A manifest that was read. The module's head shows each field.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The component, from the manifest's folder.
    pub component: PathBuf,
    /// What metrics call it.
    pub name: Option<String>,
    /// How many instances work at once.
    #[serde(default = "one")]
    pub instances: u16,
    /// Handed to every `open`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// What WASI's environment shows.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Directories that it may use.
    #[serde(default, rename = "directory")]
    pub directories: Vec<ManifestDirectory>,
    /// Where it may connect to.
    #[serde(default)]
    pub network: Network,
    /// What is behind `wasi:keyvalue`.
    pub key_value: Option<KeyValue>,
    /// What each instance may use.
    #[serde(default)]
    pub limits: ManifestLimits,
    /// When it is left alone.
    #[serde(default)]
    pub breaker: ManifestBreaker,
    /// Where the manifest is.
    #[serde(skip)]
    folder: PathBuf,
}

fn one() -> u16 {
    1
}

/// A directory that a guest may use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManifestDirectory {
    /// Where it is, from the manifest's folder.
    pub host: PathBuf,
    /// What the guest calls it.
    pub guest: String,
    /// What may be done in it.
    #[serde(default)]
    pub access: Access,
}

/// Where a guest may connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// `HOST:PORT`, the host an IP address or a name.
    #[serde(default)]
    pub tcp: Vec<String>,
}

/// What is behind `wasi:keyvalue`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyValue {
    /// Which engine, and where it is.
    pub engine: Option<String>,
    /// The variable of the host's own environment that says so.
    pub engine_from: Option<String>,
    /// How much may be kept; what that means, each engine says.
    pub capacity: Option<ByteSize>,
    /// What sets the data apart from that of others on the same server.
    pub space: Option<String>,
}

/// What each instance may use, as far as it is not the host's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManifestLimits {
    /// [`Limits::memory_bytes`].
    pub memory: Option<ByteSize>,
    /// [`Limits::call_time`].
    #[serde(default, with = "humantime_serde")]
    pub call_time: Option<Duration>,
    /// [`Limits::host_memory`].
    pub host_memory: Option<ByteSize>,
    /// [`Limits::waiting`].
    pub waiting: Option<usize>,
    /// [`Limits::table_elements`].
    pub table_elements: Option<usize>,
    /// [`Limits::core_instances`].
    pub core_instances: Option<usize>,
    /// [`Limits::handles`].
    pub handles: Option<usize>,
    /// [`Limits::random_bytes`].
    pub random: Option<ByteSize>,
}

/// When a plugin is left alone, as far as it is not the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManifestBreaker {
    /// [`BreakerPolicy::failures`].
    pub failures: Option<u32>,
    /// [`BreakerPolicy::cooldown`].
    #[serde(default, with = "humantime_serde")]
    pub cooldown: Option<Duration>,
    /// [`BreakerPolicy::longest`].
    #[serde(default, with = "humantime_serde")]
    pub longest: Option<Duration>,
}

/// Why a manifest does not serve. The message names the field and says what to do.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// A file that it is, or names, cannot be read.
    #[error("`{path}`: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML, or has a field too many, one too few, or one of another type.
    #[error("`{path}`: {message}")]
    Syntax {
        /// Which manifest.
        path: PathBuf,
        /// What the parser says, with the line.
        message: String,
    },
    /// A field's value does not serve.
    #[error("{field}: {message}")]
    Field {
        /// Which field.
        field: &'static str,
        /// Why not, and what does.
        message: String,
    },
    /// The component is no backend, or asks for more than it is granted.
    #[error("`{path}`: {source}")]
    Component {
        /// The component.
        path: PathBuf,
        /// Why.
        source: LoadError,
    },
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is no manifest.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ManifestError::File { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder)
            .map_err(|message| ManifestError::Syntax { path: path.to_owned(), message })
    }

    /// Reads the text of a manifest that is in `folder`.
    ///
    /// # Errors
    ///
    /// What the parser says, with the line.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self { folder: folder.to_owned(), ..manifest })
    }

    /// Where the component is.
    #[must_use]
    pub fn component_path(&self) -> PathBuf {
        self.folder.join(&self.component)
    }

    /// The bytes of the component.
    ///
    /// # Errors
    ///
    /// If it is not there, or cannot be read.
    pub fn read_component(&self) -> Result<Vec<u8>, ManifestError> {
        let path = self.component_path();
        std::fs::read(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                let path = path.display();
                let message = format!(
                    "there is no file `{path}`; build it, or mend the path, which is taken from \
                     the manifest's folder"
                );
                field("component", message)
            }
            _ => ManifestError::File { path, source },
        })
    }

    /// Opens what it grants: resolves names, finds directories, connects the key-value store.
    ///
    /// # Errors
    ///
    /// The field that does not serve.
    pub async fn options(&self, limits: &Limits) -> Result<PluginOptions, ManifestError> {
        let grants = Grants {
            directories: self.directories()?,
            tcp: self.remotes().await?,
            environment: pairs(&self.environment),
            key_value: self.engine().await?,
            settings: pairs(&self.settings),
        };
        if self.instances == 0 {
            return Err(field("instances", "at least one has to work"));
        }
        Ok(PluginOptions {
            name: Some(self.name.clone().unwrap_or_else(|| self.stem())),
            grants: Arc::new(grants),
            limits: Some(self.limits.over(limits)),
            instances: self.instances.into(),
            breaker: self.breaker.policy(),
            seam: None,
        })
    }

    /// Without a name of its own it is called like its component.
    fn stem(&self) -> String {
        let stem = self.component.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    fn directories(&self) -> Result<Vec<Directory>, ManifestError> {
        let granted = self.directories.iter().map(|ManifestDirectory { host, guest, access }| {
            let host = self.folder.join(host);
            if !host.is_dir() {
                let message = format!("there is no directory `{}`; make it", host.display());
                return Err(field("directory.host", message));
            }
            Ok(Directory { host, guest: guest.clone(), access: *access })
        });
        granted.collect()
    }

    async fn remotes(&self) -> Result<Vec<Remote>, ManifestError> {
        let mut remotes = Vec::new();
        for text in &self.network.tcp {
            let wrong = |why: &str| field("network.tcp", format!("`{text}`: {why}"));
            let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("write HOST:PORT"))?;
            let port = port.parse().map_err(|_| wrong("the port is no number below 65536"))?;
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let found = lookup_host((host, port)).await;
            let addresses = found.map_err(|error| wrong(&error.to_string()))?.collect();
            remotes.push(Remote { host: host.to_owned(), port, addresses });
        }
        Ok(remotes)
    }

    async fn engine(&self) -> Result<Option<Arc<dyn Engine>>, ManifestError> {
        let Some(KeyValue { engine, engine_from, capacity, space }) = &self.key_value else {
            return Ok(None);
        };
        let url = match (engine, engine_from) {
            (Some(engine), None) => engine.clone(),
            (None, Some(variable)) => std::env::var(variable).map_err(|_| {
                field("key-value.engine-from", format!("the variable `{variable}` is not set"))
            })?,
            _ => {
                let message = "name either `engine` or `engine-from`";
                return Err(field("key-value", message));
            }
        };
        let failed = |why: String| field("key-value.engine", why);
        let url: EngineUrl = url.parse().map_err(|error: UrlError| failed(error.to_string()))?;
        let mut options = EngineOptions::default();
        if let Some(capacity) = capacity {
            options = options.capacity(capacity.as_u64());
        }
        if let Some(space) = space {
            options = options.space(space);
        }
        let engine = connect(&url.within(&self.folder), &options).await;
        engine.map(Some).map_err(|error| failed(error.to_string()))
    }
}

impl ManifestLimits {
    fn over(&self, host: &Limits) -> Limits {
        let bytes = |size: Option<ByteSize>, default: usize| {
            size.map_or(default, |size| usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
        };
        Limits {
            memory_bytes: bytes(self.memory, host.memory_bytes),
            call_time: self.call_time.unwrap_or(host.call_time),
            host_memory: bytes(self.host_memory, host.host_memory),
            waiting: self.waiting.unwrap_or(host.waiting),
            table_elements: self.table_elements.unwrap_or(host.table_elements),
            core_instances: self.core_instances.unwrap_or(host.core_instances),
            handles: self.handles.unwrap_or(host.handles),
            random_bytes: self.random.map_or(host.random_bytes, |size| size.as_u64()),
            ..*host
        }
    }
}

impl ManifestBreaker {
    fn policy(&self) -> BreakerPolicy {
        let default = BreakerPolicy::default();
        BreakerPolicy {
            failures: self.failures.unwrap_or(default.failures),
            cooldown: self.cooldown.unwrap_or(default.cooldown),
            longest: self.longest.unwrap_or(default.longest),
        }
    }
}

impl Host {
    /// Reads a manifest, opens what it grants, and loads its component.
    ///
    /// # Errors
    ///
    /// [`ManifestError`] names the field or the file, and says what to do.
    pub async fn load_manifest(&self, path: &Path) -> Result<Plugin, ManifestError> {
        let manifest = Manifest::read(path)?;
        let options = manifest.options(&self.limits).await?;
        let bytes = manifest.read_component()?;
        let path = manifest.component_path();
        self.load_with(&bytes, options)
            .await
            .map_err(|source| ManifestError::Component { path, source })
    }
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<(String, String)> {
    map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn field(field: &'static str, message: impl Into<String>) -> ManifestError {
    ManifestError::Field { field, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field, none at its default: who adds one must show it in the README too.
    #[test]
    fn the_readme_shows_every_field() {
        let readme = include_str!("../README.md");
        let (_, rest) = readme.split_once("```toml\n").unwrap();
        let (text, _) = rest.split_once("```").unwrap();
        let text =
            text.replace("# engine-from = \"ORDERS_STORE\" ", "engine-from = \"ORDERS_STORE\" #");
        let Manifest {
            component,
            name,
            instances,
            settings,
            environment,
            directories,
            network: Network { tcp },
            key_value,
            limits,
            breaker: ManifestBreaker { failures, cooldown, longest },
            folder,
        } = Manifest::parse(&text, Path::new("here")).unwrap();
        assert_eq!(folder.join(component), Path::new("here/backend.wasm"));
        assert!(name.is_some() && instances > 1 && !settings.is_empty() && !environment.is_empty());
        let [ManifestDirectory { host: _, guest: _, access }] = &directories[..] else { panic!() };
        assert_ne!(*access, Access::default());
        assert!(!tcp.is_empty());
        let KeyValue { engine, engine_from, capacity, space } = key_value.unwrap();
        assert!(engine.is_some() && engine_from.is_some() && capacity.is_some() && space.is_some());
        assert!(failures.is_some() && cooldown.is_some() && longest.is_some());
        expect_every_limit(&limits);
    }

    fn expect_every_limit(limits: &ManifestLimits) {
        let ManifestLimits {
            memory,
            call_time,
            host_memory,
            waiting,
            table_elements,
            core_instances,
            handles,
            random,
        } = limits;
        assert!(memory.is_some() && host_memory.is_some() && random.is_some());
        assert!(waiting.is_some() && table_elements.is_some() && core_instances.is_some());
        assert!(call_time.is_some() && handles.is_some());
    }
}
