use std::sync::LazyLock;
use std::time::Duration;

use plimsoll_contract::Backend as _;
use plimsoll_host::{Host, InstanceOptions, Limits, Options};

/// Short, so that a component which takes long is a finding and not a wait.
static HOST: LazyLock<Host> = LazyLock::new(|| {
    let limits = Limits {
        component_bytes: 1 << 20,
        call_time: Duration::from_millis(250),
        memory_bytes: 16 << 20,
        ..Limits::default()
    };
    Host::new(Options { limits, ..Options::default() })
        .unwrap_or_else(|error| panic!("no host: {error}"))
});

/// Loads bytes as a component. Whatever they are, the host says what is wrong with them, or runs
/// them, and an instance of them ends or answers.
///
/// # Panics
///
/// On a finding.
pub fn load(bytes: &[u8]) {
    crate::block_on(async {
        let plugin = match HOST.load(bytes).await {
            Ok(plugin) => plugin,
            Err(refused) => {
                let message = refused.to_string();
                assert!(message.len() > 10, "a refusal says why: {message:?}");
                return;
            }
        };
        let Ok(backend) = plugin.instantiate(InstanceOptions::default()).await else { return };
        // Whether it answers is its own affair.
        let _ = backend.describe().await;
    });
}
