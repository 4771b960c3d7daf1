use std::sync::Arc;

use plimsoll_contract::{
    Backend, CallError, Description, Interface, InterruptionKind, Result as CallResult,
};
use sha2::{Digest, Sha256};
use wasmparser::{Validator, WasmFeatures};
use wasmtime::component::{Component, InstancePre};

use crate::componentize::{self, componentize};
use crate::exports::{self, ExportedInterface};
use crate::instance::{Data, Indices, InstanceOptions, Live};
use crate::{Host, Limits, LoadError, LoadErrorKind, WasmBackend};

/// A backend that was loaded: checked, compiled, ready to be instantiated.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) pre: InstancePre<Data>,
    pub(crate) indices: Indices,
    pub(crate) limits: Limits,
    exports: Vec<ExportedInterface>,
    other_exports: Vec<String>,
    imports: Vec<String>,
    sha256: String,
    size: usize,
    was_wrapped: bool,
    description: Option<Description>,
}

/// The packages whose interfaces link, in their null form.
const LINKED: &[&str] =
    &["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Every component imports the records that it exports functions about; there is nothing in it.
const TYPES: &str = "flow:storage/types@";

impl Host {
    /// Checks and compiles a backend: a component, or a core module that carries a component type.
    /// It is instantiated once, to compare types, and asked what it is.
    ///
    /// # Errors
    ///
    /// [`LoadError`] says what is wrong and what to do.
    pub async fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        let (component_bytes, was_wrapped) = componentize(bytes, self.limits.component_bytes)?;
        let sha256 = hex(&Sha256::digest(&component_bytes));
        let component = self.compile(&component_bytes, &sha256)?;
        let imports = self.imports(&component)?;
        let exports = exports::detect(&self.engine, &component)?;
        let interfaces: Vec<_> = exports.iter().map(|exported| exported.interface).collect();
        let pre = self.linker.instantiate_pre(&component).map_err(|error| {
            LoadError::new(LoadErrorKind::NotGranted, format!("an import does not fit: {error:#}"))
        })?;
        let indices = Indices::new(&pre, &interfaces)
            .map_err(|error| LoadError::new(LoadErrorKind::WrongShape, format!("{error:#}")))?;
        let mut inner = Inner {
            pre,
            indices,
            limits: self.limits,
            exports,
            other_exports: self.other_exports(&component),
            imports,
            sha256,
            size: bytes.len(),
            was_wrapped,
            description: None,
        };
        inner = probe(inner).await?;
        Ok(Plugin { inner: Arc::new(inner) })
    }

    fn compile(&self, bytes: &[u8], sha256: &str) -> Result<Component, LoadError> {
        let cached = self.cache.as_ref().and_then(|cache| cache.get(&self.engine, sha256));
        if let Some(component) = cached {
            return Ok(component);
        }
        let component = Component::from_binary(&self.engine, bytes)
            .map_err(|error| cannot_compile(bytes, &error))?;
        if let Some(cache) = &self.cache {
            cache.put(&self.engine, sha256, &component);
        }
        Ok(component)
    }

    fn imports(&self, component: &Component) -> Result<Vec<String>, LoadError> {
        let mut names = Vec::new();
        for (name, _) in component.component_type().imports(&self.engine) {
            if name.starts_with(TYPES) {
                continue;
            }
            if !LINKED.iter().any(|package| name.starts_with(package)) {
                let message = format!(
                    "the component imports `{name}`, which this host does not grant; build it \
                     without that import"
                );
                return Err(LoadError::new(LoadErrorKind::NotGranted, message));
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }

    fn other_exports(&self, component: &Component) -> Vec<String> {
        let ty = component.component_type();
        let names = ty.exports(&self.engine).map(|(name, _)| name.to_owned());
        names.filter(|name| !name.starts_with("flow:storage/")).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A component that the engine refuses is broken, or it uses what is switched off: then it is valid
/// once everything is switched on.
fn cannot_compile(bytes: &[u8], error: &wasmtime::Error) -> LoadError {
    let detail = format!("{:#}", error.root_cause());
    if Validator::new_with_features(WasmFeatures::all()).validate_all(bytes).is_err() {
        return componentize::malformed(&detail);
    }
    let message = format!(
        "the component uses a WebAssembly proposal that this host does not allow ({detail}); build \
         it for plain WebAssembly 2.0, without garbage collection, exceptions, threads, 64-bit \
         memory and async"
    );
    LoadError::new(LoadErrorKind::Unsupported, message)
}

/// Compares the types of all functions, which only an instance does, and asks the backend what it
/// is.
async fn probe(inner: Inner) -> Result<Inner, LoadError> {
    let plugin = Plugin { inner: Arc::new(inner) };
    let options = InstanceOptions::default();
    if let Err(interruption) = Live::new(&plugin, Arc::clone(&options.clock), 0).await {
        let kind = match interruption.kind {
            InterruptionKind::BadAnswer => LoadErrorKind::WrongShape,
            _ => LoadErrorKind::DoesNotStart,
        };
        let message = match kind {
            LoadErrorKind::WrongShape => format!(
                "a function has other types than the contract's ({}); generate the bindings anew \
                 from the WIT",
                interruption.message
            ),
            _ => format!("the component does not start ({interruption})"),
        };
        return Err(LoadError::new(kind, message));
    }
    let description = match plugin.instantiate(options).await {
        Ok(backend) => backend.describe().await.ok(),
        Err(_) => None,
    };
    match Arc::try_unwrap(plugin.inner) {
        Ok(inner) => Ok(Inner { description, ..inner }),
        Err(_) => Err(LoadError::new(
            LoadErrorKind::DoesNotStart,
            "the component's first instance did not end",
        )),
    }
}

impl Plugin {
    /// Makes an instance that is not open.
    ///
    /// # Errors
    ///
    /// How it ended, if its start function trapped or broke a limit.
    pub async fn instantiate(&self, options: InstanceOptions) -> CallResult<WasmBackend> {
        let seed = options.random_seed.unwrap_or_else(|| fastrand::u64(..));
        let live = Live::new(self, options.clock, seed).await.map_err(CallError::from)?;
        Ok(WasmBackend::new(self.clone(), live, seed))
    }

    /// The interfaces of the contract that it exports.
    #[must_use]
    pub fn exports(&self) -> &[ExportedInterface] {
        &self.inner.exports
    }

    /// What it exports besides.
    #[must_use]
    pub fn other_exports(&self) -> &[String] {
        &self.inner.other_exports
    }

    /// What it imports, the contract's records left out.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// The SHA-256 of the component, in hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.inner.sha256
    }

    /// The size of what was loaded, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.size
    }

    /// Whether a core module was wrapped to become a component.
    #[must_use]
    pub fn was_wrapped(&self) -> bool {
        self.inner.was_wrapped
    }

    /// What the backend says of itself; none if it gave no answer.
    #[must_use]
    pub fn description(&self) -> Option<&Description> {
        self.inner.description.as_ref()
    }

    /// What each instance may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn has(&self, interface: Interface) -> bool {
        self.inner.exports.iter().any(|exported| exported.interface == interface)
    }
}
