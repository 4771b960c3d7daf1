//! The interface `retention-store`.

use async_trait::async_trait;

use crate::{Instant, Result};

/// The retention sweep.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes the runs that completed before the cutoff, with everything that belongs to them.
    /// RETENTION-1 to 12.
    async fn cleanup(&self, cutoff: Instant) -> Result<()>;
}
