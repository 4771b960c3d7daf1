use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use plimsoll_contract::{
    Answer, Backend, Clock, Description, Error, FlowHandle, Instant, OpenConfig, Result,
    StateLocation, has_every_interface,
};

use crate::store::Store;

/// A backend that keeps everything in its own memory and loses it when it is dropped.
#[derive(Default)]
pub struct MemoryBackend {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    opened: Option<Opened>,
    namespaces: HashMap<String, Store>,
}

/// What the latest successful `open` was given.
struct Opened {
    namespace: String,
    clock: Arc<dyn Clock>,
    registered_flows: Vec<FlowHandle>,
}

impl MemoryBackend {
    /// An empty backend that is not open yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `call` on the open namespace, alone, at the present instant.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&mut Store, Instant) -> Answer<T>) -> Result<T> {
        let mut inner = self.lock();
        let Inner { opened, namespaces } = &mut *inner;
        let opened = opened.as_ref().ok_or_else(Error::not_open)?;
        let store = namespaces.get_mut(&opened.namespace).ok_or_else(Error::not_open)?;
        Ok(call(store, opened.clock.now())?)
    }

    /// The flows of the latest successful `open`.
    pub(crate) fn registered_flows(&self) -> Result<Vec<FlowHandle>> {
        let inner = self.lock();
        let opened = inner.opened.as_ref().ok_or_else(Error::not_open)?;
        Ok(opened.registered_flows.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half way through a change, so the data of a poisoned lock is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    async fn describe(&self) -> Result<Description> {
        Ok(Description {
            name: "plimsoll-memory".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: StateLocation::Instance,
            durable: false,
        })
    }

    async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
        if let Some((name, _)) = config.settings.first() {
            return Err(invalid(format!("`{name}` is no setting of this backend; it has none")));
        }
        let mut ids = HashSet::new();
        if let Some(flow) = config.registered_flows.iter().find(|flow| !ids.insert(flow.id)) {
            return Err(invalid(format!("flow {} is registered twice", flow.id)));
        }
        let mut inner = self.lock();
        inner.namespaces.entry(config.namespace.clone()).or_default();
        inner.opened = Some(Opened {
            namespace: config.namespace.clone(),
            clock,
            registered_flows: config.registered_flows.clone(),
        });
        Ok(())
    }

    async fn discard(&self, namespace: &str) -> Result<()> {
        let mut inner = self.lock();
        if inner.opened.as_ref().is_some_and(|opened| opened.namespace == namespace) {
            inner.namespaces.insert(namespace.to_owned(), Store::default());
        } else {
            inner.namespaces.remove(namespace);
        }
        Ok(())
    }

    has_every_interface!();
}

fn invalid(message: String) -> plimsoll_contract::CallError {
    Error::InvalidArgument(message).into()
}
