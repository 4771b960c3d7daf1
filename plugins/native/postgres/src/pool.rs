//! The connections of a backend.

use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::PostgresOptions;

/// Connections that were in use so short a time ago are not asked whether they still live: that
/// would cost every call a round trip.
const TRUSTED: Duration = Duration::from_millis(500);

/// A pool without connections, which are made when they are needed.
pub(crate) fn pool(options: &PostgresOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(options.pool_size)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, found| {
            Box::pin(async move {
                if found.idle_for >= TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| Box::pin(keep_commits(connection)))
        .connect_lazy_with(options.session())
}

/// Makes the connection wait for its commits to be on disk, where the server's configuration says
/// that it need not. Stronger settings, for replicas, stay as they are.
pub(crate) async fn keep_commits(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') = 'off'",
    )
    .execute(connection)
    .await?;
    Ok(())
}
