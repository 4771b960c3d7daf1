//! A guest that waits for nothing has its caller's thread, on a runtime of several. What if it keeps
//! it?

use std::time::Duration;

use plimsoll_contract::InterruptionKind;
use plimsoll_host::{Host, InstanceOptions, Limits, Options, PluginOptions, WasmBackend};

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

/// A thread whose stack has no room for the guest's is none to be had, whatever a plugin's own
/// limits say: the stack is the engine's. The recursion ends on a fiber.
#[test]
fn a_small_stack_is_not_overrun() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let small = runtime.worker_threads(1).thread_stack_size(384 << 10);
    let runtime = small.enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let host = Host::new(Options::default()).unwrap();
        let deep = "(func $deep (param i32) (result i32) (call $deep (local.get 0)))";
        let raw = Raw::new().item(deep).function("try-register", "(call $deep (i32.const 1))");
        let limits = Limits { stack_bytes: 4 << 10, ..Limits::default() };
        let options = PluginOptions { limits: Some(limits), ..PluginOptions::default() };
        let plugin = host.load_with(&raw.bytes(), options).await.unwrap();
        let backend = plugin.instantiate(InstanceOptions::default()).await.unwrap();
        let call = tokio::spawn(async move { interruption(register(&backend, "n").await) });
        call.await.unwrap()
    });
    assert_eq!(ended.kind, InterruptionKind::Limit, "{ended}");
}
