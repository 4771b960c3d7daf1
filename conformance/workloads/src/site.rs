use std::sync::Arc;

use fastrand::Rng;
use plimsoll_contract::{
    Backend, Clock, EventReader, FlowId, Interface, OpenConfig, OutputsRepository, RetentionStore,
    RunControlStore, RunId, RunRuntimeStore, RunStore, SignalStore, StartRun,
};
use uuid::Uuid;

use crate::clock::TickingClock;
use crate::{Trouble, Turn, history};

/// How many flows the runs belong to.
const FLOWS: u64 = 20;

/// Where a workload works: an open namespace of a backend, and what its calls are made of. All of
/// it follows from the seed.
pub struct Site {
    backend: Arc<dyn Backend>,
    namespace: String,
    clock: Arc<TickingClock>,
    seed: u64,
    json: Arc<str>,
}

impl Site {
    /// Opens a namespace, which must be new, with a clock of the bench's own.
    ///
    /// # Errors
    ///
    /// If the backend does not open it.
    pub async fn open(
        backend: Arc<dyn Backend>,
        namespace: &str,
        seed: u64,
    ) -> Result<Self, Trouble> {
        let clock = Arc::new(TickingClock::new());
        let given: Arc<dyn Clock> = Arc::<TickingClock>::clone(&clock);
        backend.open(&OpenConfig::namespace(namespace), given).await?;
        let json = json_of(crate::SMALL, seed).into();
        Ok(Self { backend, namespace: namespace.to_owned(), clock, seed, json })
    }

    /// The same namespace for a workload whose ids are those of no other `name`, and whose
    /// documents have that many bytes.
    #[must_use]
    pub fn of(&self, name: &str, payload_bytes: usize) -> Arc<Self> {
        let salt = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let seed = self.seed ^ salt;
        Arc::new(Self {
            backend: Arc::clone(&self.backend),
            namespace: self.namespace.clone(),
            clock: Arc::clone(&self.clock),
            seed,
            json: json_of(payload_bytes, seed).into(),
        })
    }

    /// Makes a history of that many runs, spread over ninety days.
    ///
    /// # Errors
    ///
    /// What keeps a run from being made.
    pub async fn fill(&self, runs: u64) -> Result<(), Trouble> {
        history::short(self, runs).await
    }

    /// Removes the namespace.
    ///
    /// # Errors
    ///
    /// If the backend does not remove it.
    pub async fn close(&self) -> Result<(), Trouble> {
        Ok(self.backend.discard(&self.namespace).await?)
    }

    pub(crate) fn clock(&self) -> &TickingClock {
        &self.clock
    }

    /// The document that calls carry.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// The run of a turn.
    pub(crate) fn run_id(&self, turn: Turn) -> RunId {
        let mut random = Rng::with_seed(self.seed ^ (turn.caller << 40) ^ turn.number);
        RunId(Uuid::from_u64_pair(random.u64(..), random.u64(..)))
    }

    /// A run that is made before the first turn.
    pub(crate) fn prepared_id(&self, number: u64) -> RunId {
        self.run_id(Turn { caller: Turn::PREPARED, number })
    }

    /// What starting that run takes.
    pub(crate) fn start(&self, run_id: RunId) -> StartRun {
        let flow = run_id.0.as_u64_pair().1 % FLOWS;
        StartRun {
            flow_id: flow_id(flow),
            flow_name: format!("Flow {flow}"),
            run_id,
            trigger_key: "manual".to_owned(),
            trigger_data_json: Some(self.json.to_string()),
            job_id: Some(format!("job-{}", run_id.0.as_u64_pair().0)),
            source_run_id: None,
        }
    }
}

/// One of the flows.
pub(crate) fn flow_id(number: u64) -> FlowId {
    FlowId(Uuid::from_u64_pair(0x0f10, number % FLOWS))
}

macro_rules! interfaces {
    ($($method:ident $accessor:ident $interface:ident)*) => {
        impl Site {
            $(pub(crate) fn $method(&self) -> Result<&dyn $interface, Trouble> {
                self.backend.$accessor().ok_or(Trouble::Missing(Interface::$interface))
            })*
        }
    };
}

interfaces! {
    runs run_store RunStore
    runtime run_runtime_store RunRuntimeStore
    control run_control_store RunControlStore
    retention retention_store RetentionStore
    events event_reader EventReader
    signals signal_store SignalStore
    outputs outputs_repository OutputsRepository
}

/// A JSON document of exactly that many bytes, or the smallest that there is.
fn json_of(bytes: usize, seed: u64) -> String {
    const FRAME: &str = r#"{"order":"","text":""}"#;
    let order = format!("{seed:016x}");
    let mut random = Rng::with_seed(seed);
    let length = bytes.saturating_sub(FRAME.len() + order.len());
    // Words, so that whoever compresses does about as well as on real documents.
    let words = ["invoice", "shipped", "customer", "amount", "total", "pending", "retry", "line"];
    let mut text = String::with_capacity(length + 10);
    while text.len() < length {
        text.push_str(words[random.usize(..words.len())]);
        text.push(' ');
    }
    text.truncate(length);
    format!(r#"{{"order":"{order}","text":"{text}"}}"#)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::json_of;

    #[test]
    fn a_document_is_json_of_the_size_asked_for() {
        for bytes in [200, 64 << 10] {
            let document = json_of(bytes, 7);
            assert_eq!(document.len(), bytes);
            serde_json::from_str::<serde_json::Value>(&document).unwrap();
            assert_eq!(document, json_of(bytes, 7), "the seed gives it");
            assert_ne!(document, json_of(bytes, 8));
        }
    }
}
