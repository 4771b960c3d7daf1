//! The interface `signal-store`.

use async_trait::async_trait;

use crate::{Instant, Result, RunId, SignalDeliveryResult, SignalWaiter};

/// Steps that wait for a signal from outside.
#[async_trait]
pub trait SignalStore: Send + Sync {
    /// Registers that a step waits for a signal. SIGNAL-1 to 4, 16.
    async fn register_waiter(
        &self,
        run_id: RunId,
        step_key: &str,
        signal_name: &str,
        expires_at: Option<Instant>,
    ) -> Result<()>;

    /// Delivers a signal to the step of a run that waits for it. SIGNAL-5 to 12.
    async fn deliver_signal(
        &self,
        run_id: RunId,
        signal_name: &str,
        payload_json: &str,
    ) -> Result<SignalDeliveryResult>;

    /// Answers the waiter of a step. SIGNAL-13, 14.
    async fn get_waiter(&self, run_id: RunId, step_key: &str) -> Result<Option<SignalWaiter>>;

    /// Removes the waiter of a step. SIGNAL-15.
    async fn remove_waiter(&self, run_id: RunId, step_key: &str) -> Result<()>;
}
