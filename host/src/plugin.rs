use std::sync::Arc;

use plimsoll_contract::{
    Backend, CallError, Description, Interface, InterruptionKind, Result as CallResult,
    StateLocation,
};
use sha2::{Digest, Sha256};
use wasmparser::{Validator, WasmFeatures};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

use crate::cache::Cache;
use crate::componentize::{self, componentize};
use crate::exports::{self, ExportedInterface};
use crate::guests::{on_fiber, on_thread};
use crate::imports::{self, Import};
use crate::instance::{Data, InstanceOptions, Live};
use crate::pool::Pool;
use crate::stint::never_waits;
use crate::weigh::weigh;
use crate::{BreakerPolicy, Grants, Host, Limits, LoadError, LoadErrorKind, Seam, WasmBackend};

/// A backend that was loaded: checked, compiled, ready to be instantiated.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<Inner>,
}

/// How a plugin is run.
#[derive(Clone)]
pub struct PluginOptions {
    /// What metrics call it; none takes the first digits of its digest.
    pub name: Option<String>,
    /// What it may reach.
    pub grants: Arc<Grants>,
    /// What each instance may use; none takes the host's limits. The stack and the size of the
    /// component are the host's in any case.
    pub limits: Option<Limits>,
    /// How many instances work at once. More than one is for a backend whose instances share
    /// their state.
    pub instances: usize,
    /// When it is left alone.
    pub breaker: BreakerPolicy,
    /// Looks at every call out of the sandbox; for tests.
    pub seam: Option<Arc<dyn Seam>>,
}

impl Default for PluginOptions {
    fn default() -> Self {
        Self {
            name: None,
            grants: Arc::default(),
            limits: None,
            instances: 1,
            breaker: BreakerPolicy::default(),
            seam: None,
        }
    }
}

pub(crate) struct Inner {
    pub(crate) pre: InstancePre<Data>,
    pub(crate) indices: on_fiber::Indices,
    /// None of a component that can wait for something.
    pub(crate) direct_indices: Option<on_thread::Indices>,
    pub(crate) limits: Limits,
    pub(crate) options: PluginOptions,
    seen: Inspection,
    description: Option<Description>,
}

/// What there is to see of a component without running it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The interfaces of the contract that it exports.
    pub exports: Vec<ExportedInterface>,
    /// What it exports besides.
    pub other_exports: Vec<String>,
    /// What it asks for, the contract's records left out.
    pub imports: Vec<Import>,
    /// The SHA-256 of the component, in hex.
    pub sha256: String,
    /// The size of what was looked at, in bytes.
    pub size: usize,
    /// Whether a core module was wrapped to become a component.
    pub was_wrapped: bool,
}

impl Host {
    /// Checks and compiles a backend: a component, or a core module that carries a component type.
    /// It is instantiated once, to compare types, and asked what it is. Nothing is granted.
    ///
    /// # Errors
    ///
    /// [`LoadError`] says what is wrong and what to do.
    pub async fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        self.load_with(bytes, PluginOptions::default()).await
    }

    /// The same with grants and limits of its own.
    ///
    /// # Errors
    ///
    /// As [`Host::load`]; and if it is to run as several instances and keeps its state in one.
    pub async fn load_with(
        &self,
        bytes: &[u8],
        options: PluginOptions,
    ) -> Result<Plugin, LoadError> {
        let (component, seen) = self.look(bytes, Some(&options.grants)).await?;
        let interfaces: Vec<_> = seen.exports.iter().map(|exported| exported.interface).collect();
        let pre = self.linker.instantiate_pre(&component).map_err(|error| {
            LoadError::new(LoadErrorKind::NotGranted, format!("an import does not fit: {error:#}"))
        })?;
        let wrong_shape = |error: wasmtime::Error| {
            LoadError::new(LoadErrorKind::WrongShape, format!("{error:#}"))
        };
        let indices = on_fiber::Indices::new(&pre, &interfaces).map_err(wrong_shape)?;
        // Where calls out of the sandbox are looked at, the one who looks may have them wait.
        let direct_indices = match never_waits(&seen.imports) && options.seam.is_none() {
            true => Some(on_thread::Indices::new(&pre, &interfaces).map_err(wrong_shape)?),
            false => None,
        };
        let mut inner = Inner {
            pre,
            indices,
            direct_indices,
            // What the engine was set up with, and what decides which threads have room for it.
            limits: Limits {
                stack_bytes: self.limits.stack_bytes,
                ..options.limits.unwrap_or(self.limits)
            },
            options,
            seen,
            description: None,
        };
        inner = probe(inner).await?;
        let plugin = Plugin { inner: Arc::new(inner) };
        if plugin.keeps_its_state() && plugin.inner.options.instances != 1 {
            let message = format!(
                "the backend keeps its state in one instance and cannot run as {}; set `instances \
                 = 1`, or leave it out",
                plugin.inner.options.instances
            );
            return Err(LoadError::new(LoadErrorKind::TooManyInstances, message));
        }
        Ok(plugin)
    }

    /// Checks and compiles a backend without running it or granting it anything.
    ///
    /// # Errors
    ///
    /// As [`Host::load`], but not for what it imports.
    pub async fn inspect(&self, bytes: &[u8]) -> Result<Inspection, LoadError> {
        Ok(self.look(bytes, None).await?.1)
    }

    /// What there is to see; with grants also whether it asks for more.
    async fn look(
        &self,
        bytes: &[u8],
        grants: Option<&Grants>,
    ) -> Result<(Component, Inspection), LoadError> {
        let Compiled { component, sha256, was_wrapped } = self.compile(bytes).await?;
        let imports = imports::of(&self.engine, &component);
        if let Some(grants) = grants {
            imports::check(&imports, grants)?;
        }
        let seen = Inspection {
            exports: exports::detect(&self.engine, &component)?,
            other_exports: self.other_exports(&component),
            imports,
            sha256,
            size: bytes.len(),
            was_wrapped,
        };
        Ok((component, seen))
    }

    /// Everything that takes long, on a thread of its own.
    async fn compile(&self, bytes: &[u8]) -> Result<Compiled, LoadError> {
        componentize::look(bytes, self.limits.component_bytes)?;
        let bytes = bytes.to_vec();
        let (engine, cache) = (self.engine.clone(), self.cache.clone());
        self.workbench.run(move || compile(&engine, cache.as_deref(), &bytes)).await
    }

    fn other_exports(&self, component: &Component) -> Vec<String> {
        let ty = component.component_type();
        let names = ty.exports(&self.engine).map(|(name, _)| name.to_owned());
        names.filter(|name| !name.starts_with("flow:storage/")).collect()
    }
}

/// What is known of a component once it is compiled.
struct Compiled {
    component: Component,
    sha256: String,
    was_wrapped: bool,
}

fn compile(engine: &Engine, cache: Option<&Cache>, bytes: &[u8]) -> Result<Compiled, LoadError> {
    weigh(bytes)?;
    let (bytes, was_wrapped) = componentize(bytes)?;
    let sha256 = hex(&Sha256::digest(&bytes));
    let component = match cache.and_then(|cache| cache.get(engine, &sha256)) {
        Some(component) => component,
        None => {
            let component = Component::from_binary(engine, &bytes)
                .map_err(|error| cannot_compile(&bytes, &error))?;
            if let Some(cache) = cache {
                cache.put(engine, &sha256, &component);
            }
            component
        }
    };
    Ok(Compiled { component, sha256, was_wrapped })
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
        let clock = options.clock;
        let live = Live::new(self, Arc::clone(&clock), seed).await.map_err(CallError::from)?;
        Ok(WasmBackend::new(Pool::new(self.clone(), live, clock, seed)))
    }

    /// The interfaces of the contract that it exports.
    #[must_use]
    pub fn exports(&self) -> &[ExportedInterface] {
        &self.inner.seen.exports
    }

    /// What it exports besides.
    #[must_use]
    pub fn other_exports(&self) -> &[String] {
        &self.inner.seen.other_exports
    }

    /// What it imports, the contract's records left out.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.inner.seen.imports
    }

    /// The SHA-256 of the component, in hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.inner.seen.sha256
    }

    /// The size of what was loaded, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.seen.size
    }

    /// Whether a core module was wrapped to become a component.
    #[must_use]
    pub fn was_wrapped(&self) -> bool {
        self.inner.seen.was_wrapped
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

    /// What it is called: as its options say, or by the first digits of its digest.
    #[must_use]
    pub fn name(&self) -> &str {
        let digits = self.inner.seen.sha256.get(..12).unwrap_or_default();
        self.inner.options.name.as_deref().unwrap_or(digits)
    }

    /// How it is run.
    #[must_use]
    pub fn options(&self) -> &PluginOptions {
        &self.inner.options
    }

    /// Whether an instance that ends takes the state with it. A backend that does not say where
    /// its state is may have it there.
    pub(crate) fn keeps_its_state(&self) -> bool {
        let description = self.inner.description.as_ref();
        description.is_none_or(|description| description.state == StateLocation::Instance)
    }

    pub(crate) fn has(&self, interface: Interface) -> bool {
        self.inner.seen.exports.iter().any(|exported| exported.interface == interface)
    }
}
