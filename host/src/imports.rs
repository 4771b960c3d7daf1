//! What a component asks for, and which lines of a manifest grant it.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::{Grants, LoadError, LoadErrorKind};

/// Something that a component imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Interface and version.
    pub name: String,
    /// What it leads to.
    pub leads_to: LeadsTo,
}

/// What an import leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadsTo {
    /// Standard WASI that leads nowhere, whatever is granted: clocks, random numbers, streams.
    Nothing,
    /// The directories that are granted.
    Directories,
    /// The network, as far as it is granted.
    Network,
    /// The environment that is granted.
    Environment,
    /// The key-value store that is granted. Without one the component does not load.
    KeyValue,
    /// Something that no manifest can grant. The component does not load.
    Unknown,
}

/// What leads where, by the beginning of an import's name.
const KNOWN: &[(&str, LeadsTo)] = &[
    ("wasi:cli/environment", LeadsTo::Environment),
    ("wasi:cli/", LeadsTo::Nothing),
    ("wasi:clocks/", LeadsTo::Nothing),
    ("wasi:filesystem/", LeadsTo::Directories),
    ("wasi:io/", LeadsTo::Nothing),
    ("wasi:keyvalue/", LeadsTo::KeyValue),
    ("wasi:random/", LeadsTo::Nothing),
    ("wasi:sockets/", LeadsTo::Network),
];

/// Every component imports the records that it exports functions about; there is nothing in it.
const TYPES: &str = "flow:storage/types@";

impl LeadsTo {
    /// The lines of a manifest that grant it, where there are such.
    #[must_use]
    pub const fn lines(self) -> Option<&'static str> {
        match self {
            Self::Directories => Some("[[directory]]\nhost = \"data\"\nguest = \"/data\""),
            Self::Network => Some("[network]\ntcp = [\"HOST:PORT\"]"),
            Self::Environment => Some("[environment]\nNAME = \"value\""),
            Self::KeyValue => Some("[key-value]\nengine = \"memory\""),
            Self::Nothing | Self::Unknown => None,
        }
    }

    /// Whether something of the kind was granted.
    #[must_use]
    pub fn is_granted(self, grants: &Grants) -> bool {
        match self {
            Self::Nothing => true,
            Self::Directories => !grants.directories.is_empty(),
            Self::Network => !grants.tcp.is_empty(),
            Self::Environment => !grants.environment.is_empty(),
            Self::KeyValue => grants.key_value.is_some(),
            Self::Unknown => false,
        }
    }
}

/// What a component imports, the contract's records left out.
pub(crate) fn of(engine: &Engine, component: &Component) -> Vec<Import> {
    let ty = component.component_type();
    let names = ty.imports(engine).map(|(name, _)| name.to_owned());
    let names = names.filter(|name| !name.starts_with(TYPES));
    names.map(|name| Import { leads_to: leads_to(&name), name }).collect()
}

fn leads_to(name: &str) -> LeadsTo {
    let found = KNOWN.iter().find(|(beginning, _)| name.starts_with(beginning));
    found.map_or(LeadsTo::Unknown, |(_, leads_to)| *leads_to)
}

/// Refuses what does not link without a grant.
pub(crate) fn check(imports: &[Import], grants: &Grants) -> Result<(), LoadError> {
    for Import { name, leads_to } in imports {
        let message = match leads_to {
            LeadsTo::KeyValue if grants.key_value.is_none() => {
                let lines = leads_to.lines().unwrap_or_default().replace('\n', "\n    ");
                format!(
                    "the component imports `{name}`, and nobody granted it a key-value store; add \
                     to its manifest, plugin.toml:\n\n    {lines}\n"
                )
            }
            LeadsTo::Unknown if name.starts_with("wasi:http/") => format!(
                "the component imports `{name}`, and no manifest can grant HTTP; build it without \
                 that import: for componentize-js, `disableFeatures: ['http', 'fetch-event']`"
            ),
            LeadsTo::Unknown => format!(
                "the component imports `{name}`, which no manifest can grant; build it without \
                 that import"
            ),
            _ => continue,
        };
        return Err(LoadError::new(LoadErrorKind::NotGranted, message));
    }
    Ok(())
}
