use std::time::Duration;

use thiserror::Error;
use wasmtime::ResourceLimiter;

/// What an instance may use. Every limit is on from the start; raise one with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest component that is read, in bytes.
    pub component_bytes: usize,
    /// How long anybody waits until a component is compiled.
    pub load_time: Duration,
    /// All linear memories of an instance together, in bytes.
    pub memory_bytes: usize,
    /// All tables of an instance together, in elements.
    pub table_elements: usize,
    /// Core instances, memories and tables inside one component instance, each.
    pub core_instances: usize,
    /// How long one call may take, waiting in the host included. A call waits for an instance for
    /// half of it at most.
    pub call_time: Duration,
    /// How many calls may wait for an instance at once.
    pub waiting: usize,
    /// What one answer or one import's arguments may take in the host. The unit is wasmtime's
    /// host-call fuel: about a byte, and about 263 for a run record.
    pub host_memory: usize,
    /// Handles to host resources, such as streams, that may be open at once.
    pub handles: usize,
    /// The guest's stack, in bytes.
    pub stack_bytes: usize,
    /// Random bytes that one call to WASI answers.
    pub random_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            component_bytes: 64 << 20,
            load_time: Duration::from_secs(60),
            memory_bytes: 256 << 20,
            table_elements: 20_000,
            core_instances: 16,
            call_time: Duration::from_secs(10),
            waiting: 1_024,
            // A page of 50 runs with 256 KiB payloads takes 12.5 MiB.
            host_memory: 32 << 20,
            handles: 1_000,
            stack_bytes: 512 << 10,
            random_bytes: 64 << 10,
        }
    }
}

/// A limit that a guest ran into.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct LimitExceeded(pub(crate) String);

/// Counts what an instance uses.
pub(crate) struct Meter {
    limits: Limits,
    memory_bytes: usize,
    table_elements: usize,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, memory_bytes: 0, table_elements: 0 }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Adds the growth to what is used, unless that exceeds the limit.
fn grow(
    used: &mut usize,
    current: usize,
    desired: usize,
    limit: usize,
    what: &str,
) -> wasmtime::Result<bool> {
    let wanted = used.saturating_add(desired.saturating_sub(current));
    if wanted > limit {
        let message = format!("the guest asked for {wanted} {what} and may have {limit}");
        return Err(wasmtime::Error::new(LimitExceeded(message)));
    }
    *used = wanted;
    Ok(true)
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.limits.memory_bytes;
        grow(&mut self.memory_bytes, current, desired, limit, "bytes of memory")
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let limit = self.limits.table_elements;
        grow(&mut self.table_elements, current, desired, limit, "table elements")
    }

    fn instances(&self) -> usize {
        self.limits.core_instances
    }

    fn memories(&self) -> usize {
        self.limits.core_instances
    }

    fn tables(&self) -> usize {
        self.limits.core_instances
    }
}
