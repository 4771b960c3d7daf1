//! The journal in a folder of its own, and something to stop it with.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use plimsoll_contract::{Backend, ManualClock};
use plimsoll_host::{
    Access, Directory, Grants, Host, ImportCall, InstanceOptions, Options, Passage, Plugin,
    PluginOptions, Seam, WasmBackend,
};
use tempfile::TempDir;

use crate::scenario::{self, NAMESPACE, WRITES};

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) gate: Arc<Gate>,
    plugin: Plugin,
    /// What is read after so many writes, as the guest `memory` answers it.
    pub(crate) expected: Vec<String>,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let host = Host::new(Options::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory {
            host: folder.path().to_owned(),
            guest: "/data".to_owned(),
            access: Access::ReadWrite,
        };
        let gate = Arc::new(Gate::default());
        let options = PluginOptions {
            grants: Arc::new(Grants { directories: vec![directory], ..Grants::default() }),
            seam: Some(Arc::<Gate>::clone(&gate)),
            ..PluginOptions::default()
        };
        let bytes = fs::read(plimsoll_guests::JOURNAL).unwrap();
        let plugin = host.load_with(&bytes, options).await.unwrap();
        let clock = Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH));
        let expected = expected(&host, &clock).await;
        Self { folder, clock, gate, plugin, expected }
    }

    pub(crate) async fn instance(&self) -> WasmBackend {
        self.plugin.instantiate(InstanceOptions::default()).await.unwrap()
    }

    /// An instance that is open, as after a kill of every other.
    pub(crate) async fn open(&self) -> WasmBackend {
        let backend = self.instance().await;
        scenario::open(&backend, &self.clock).await.unwrap();
        backend
    }

    /// What a new instance reads.
    pub(crate) async fn reread(&self) -> String {
        scenario::read(&self.open().await).await.unwrap()
    }

    /// The clock to open with.
    pub(crate) fn clock(&self) -> Arc<ManualClock> {
        Arc::clone(&self.clock)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join(format!("{NAMESPACE}.log"))
    }
}

async fn expected(host: &Host, clock: &Arc<ManualClock>) -> Vec<String> {
    let bytes = fs::read(plimsoll_guests::MEMORY).unwrap();
    let plugin = host.load(&bytes).await.unwrap();
    let memory = plugin.instantiate(InstanceOptions::default()).await.unwrap();
    let memory: &dyn Backend = &memory;
    scenario::open(memory, clock).await.unwrap();
    let mut expected = vec![scenario::read(memory).await.unwrap()];
    for number in 0..WRITES {
        scenario::write(memory, clock, number).await.unwrap();
        expected.push(scenario::read(memory).await.unwrap());
        assert_ne!(expected[number], expected[number + 1], "write {number} shows");
    }
    expected
}

/// Lets calls to files and folders pass until one of them is to be stopped.
#[derive(Default)]
pub(crate) struct Gate {
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    /// The functions that were called, in order.
    calls: Vec<&'static str>,
    /// Which call is stopped, and how.
    stop: Option<(usize, Stop)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    Before,
    After,
    Fail,
}

impl Gate {
    /// Counts from here on, and stops the call of that number.
    pub(crate) fn stop_at(&self, number: usize, how: Stop) {
        *self.plan.lock().unwrap() = Plan { calls: Vec::new(), stop: Some((number, how)) };
    }

    /// Counts from here on; everything passes.
    pub(crate) fn let_pass(&self) {
        *self.plan.lock().unwrap() = Plan::default();
    }

    /// What was called since.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        self.plan.lock().unwrap().calls.clone()
    }
}

impl Seam for Gate {
    fn pass(&self, call: &ImportCall<'_>) -> Passage {
        let mut plan = self.plan.lock().unwrap();
        if !call.function.starts_with("wasi:filesystem/") {
            return Passage::Go;
        }
        let number = plan.calls.len();
        plan.calls.push(call.function);
        match plan.stop {
            Some((at, how)) if at == number => match how {
                Stop::Before => Passage::CutOff,
                Stop::After => Passage::CutOffAfter,
                Stop::Fail => Passage::Fail("no space".to_owned()),
            },
            _ => Passage::Go,
        }
    }
}
