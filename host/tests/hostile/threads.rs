//! A guest that waits for nothing has its caller's thread, on a runtime of several. What if it keeps
//! it?

use std::time::Duration;

use plimsoll_contract::InterruptionKind;
use plimsoll_host::{Host, InstanceOptions, Limits, Options, WasmBackend};

use crate::apart::register;
use crate::asked::interruption;
use crate::raw::Raw;

async fn spinning() -> WasmBackend {
    let limits = Limits { call_time: Duration::from_secs(2), ..Limits::default() };
    let host = Host::new(Options { limits, cache_folder: None }).unwrap();
    let spin = Raw::new().function("try-register", "(loop $forever (br $forever)) (i32.const 0)");
    let plugin = host.load(&spin.bytes()).await.unwrap();
    plugin.instantiate(InstanceOptions::default()).await.unwrap()
}

/// The runtime has a single thread for its tasks. It goes on with the others all the same.
#[test]
fn the_others_of_its_thread_go_on() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let ticks = runtime.block_on(async {
        let backend = spinning().await;
        let spinning = tokio::spawn(async move { interruption(register(&backend, "n").await) });
        let counting = tokio::spawn(async {
            let mut pace = tokio::time::interval(Duration::from_millis(5));
            for ticks in 0_u32.. {
                pace.tick().await;
                if spinning.is_finished() {
                    assert_eq!(spinning.await.unwrap().kind, InterruptionKind::Timeout);
                    return ticks;
                }
            }
            0
        });
        counting.await.unwrap()
    });
    assert!(ticks > 50, "in two seconds the others were let in {ticks} times");
}

/// Where tokio lets nobody take over, the call still ends.
#[test]
fn a_local_set_gets_its_thread_back() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let backend = runtime.block_on(spinning());
    let ended = tokio::task::LocalSet::new()
        .block_on(&runtime, async { interruption(register(&backend, "n").await) });
    assert_eq!(ended.kind, InterruptionKind::Timeout);
}
