use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use plimsoll_conformance::{Kind, Subject};
use plimsoll_contract::{Backend, Clock, Result};
use serde_json::{Map, Value};

use crate::{Host, InstanceOptions, Limits, Plugin};

/// A plugin as the conformance suite judges it: each check gets an instance of its own.
pub struct PluginSubject {
    plugin: Plugin,
    target: String,
    seed: u64,
    /// How many instances were made: those that share a state must not make up the same ids.
    made: AtomicU64,
}

impl PluginSubject {
    /// `target` is what reports call it; `seed` gives the random numbers that guests see.
    #[must_use]
    pub fn new(plugin: Plugin, target: impl Into<String>, seed: u64) -> Self {
        Self { plugin, target: target.into(), seed, made: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Subject for PluginSubject {
    fn target(&self) -> String {
        self.target.clone()
    }

    async fn instance(&self, clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let random_seed = Some(self.seed.wrapping_add(number << 32));
        let options = InstanceOptions { clock, random_seed };
        Ok(Arc::new(self.plugin.instantiate(options).await?))
    }

    fn kind(&self) -> Kind {
        Kind::Wasm
    }

    fn engine(&self) -> String {
        Host::engine()
    }

    fn sha256(&self) -> Option<String> {
        Some(self.plugin.sha256().to_owned())
    }

    fn imports(&self) -> Vec<String> {
        self.plugin.imports().iter().map(|import| import.name.clone()).collect()
    }

    fn limits(&self) -> Map<String, Value> {
        let Limits {
            component_bytes,
            load_time,
            memory_bytes,
            table_elements,
            core_instances,
            call_time,
            waiting,
            host_memory,
            handles,
            stack_bytes,
            random_bytes,
        } = *self.plugin.limits();
        let limits: [(&str, Value); 11] = [
            ("component_bytes", component_bytes.into()),
            ("load_time_ms", (load_time.as_millis() as u64).into()),
            ("memory_bytes", memory_bytes.into()),
            ("table_elements", table_elements.into()),
            ("core_instances", core_instances.into()),
            ("call_time_ms", (call_time.as_millis() as u64).into()),
            ("waiting", waiting.into()),
            ("host_memory", host_memory.into()),
            ("handles", handles.into()),
            ("stack_bytes", stack_bytes.into()),
            ("random_bytes", random_bytes.into()),
        ];
        limits.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
