use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_contract::{Backend, Clock, Result};
use serde_json::{Map, Value};

/// What is judged: something that makes instances of a backend.
#[async_trait]
pub trait Subject: Send + Sync {
    /// What a report calls it, without passwords.
    fn target(&self) -> String;

    /// What a person types after `plimsoll certify` to judge it again, where that is not
    /// [`Subject::target`].
    fn rerun_target(&self) -> String {
        self.target()
    }

    /// A new instance that is not open. Until it is opened it reads the time from `clock`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the instance from existing, such as a trap in its start function.
    async fn instance(&self, clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>>;

    /// One more instance for the races of a backend whose instances share their state; `number`
    /// counts from 1 within a check. A subject may run it in a process of its own.
    ///
    /// # Errors
    ///
    /// As [`Subject::instance`].
    async fn peer(&self, clock: Arc<dyn Clock>, number: usize) -> Result<Arc<dyn Backend>> {
        let _ = number;
        self.instance(clock).await
    }

    /// An instance in a process that can be killed; none for a subject that cannot make one. A
    /// backend that calls itself durable is judged by what is left after the kill (BACKEND-16).
    ///
    /// # Errors
    ///
    /// As [`Subject::instance`].
    async fn mortal(&self, clock: Arc<dyn Clock>) -> Result<Option<Mortal>> {
        drop(clock);
        Ok(None)
    }

    /// What kind of thing runs it.
    fn kind(&self) -> Kind {
        Kind::Native
    }

    /// What runs it, for example `wasmtime 48.0.8`.
    fn engine(&self) -> String {
        "native".to_owned()
    }

    /// The SHA-256 of the artefact, in hex, where there is one.
    fn sha256(&self) -> Option<String> {
        None
    }

    /// What the artefact imports, where that is known.
    fn imports(&self) -> Vec<String> {
        Vec::new()
    }

    /// The limits under which it runs, by name.
    fn limits(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// An instance that can be killed in the middle of its calls.
pub struct Mortal {
    /// The instance. Once it is killed its calls, those under way included, end as interrupted.
    pub backend: Arc<dyn Backend>,
    /// Ends its process without a warning; done when it is gone.
    pub kill: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What kind of thing runs a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rust code in this process.
    Native,
    /// A WebAssembly component.
    Wasm,
}

impl Kind {
    /// The word in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Wasm => "wasm",
        }
    }
}
