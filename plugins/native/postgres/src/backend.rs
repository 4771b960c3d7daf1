use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use plimsoll_contract::{
    Backend, Clock, Description, FlowHandle, OpenConfig, Result, StateLocation, has_every_interface,
};
use plimsoll_sql::{Session, check};
use sqlx::PgPool;
use tokio::runtime::Handle;

use crate::call::Call;
use crate::{PostgresOptions, pool, schema, text};

/// A backend that keeps everything in a PostgreSQL database. Its connections close when it is
/// dropped.
pub struct PostgresBackend {
    options: PostgresOptions,
    /// Made by the first `open` or `discard`, for a pool needs the runtime that it will run on.
    pool: OnceLock<PgPool>,
    session: Session,
}

impl PostgresBackend {
    /// A backend that is not open yet; nothing is connected to.
    #[must_use]
    pub fn new(options: PostgresOptions) -> Self {
        Self { options, pool: OnceLock::new(), session: Session::default() }
    }

    /// Begins a call.
    pub(crate) fn call(&self) -> Result<Call> {
        let opened = self.session.opened()?;
        Ok(Call::new(self.pool().clone(), opened, self.options.statement_timeout))
    }

    /// The flows of the latest successful `open`.
    pub(crate) fn registered_flows(&self) -> Result<Vec<FlowHandle>> {
        Ok(self.session.opened()?.registered_flows.clone())
    }

    fn pool(&self) -> &PgPool {
        self.pool.get_or_init(|| pool::pool(&self.options))
    }
}

impl Drop for PostgresBackend {
    fn drop(&mut self) {
        // Without a runtime the connections are cut off, which the server only writes down.
        if let (Some(pool), Ok(runtime)) = (self.pool.take(), Handle::try_current()) {
            runtime.spawn(async move { pool.close().await });
        }
    }
}

#[async_trait]
impl Backend for PostgresBackend {
    async fn describe(&self) -> Result<Description> {
        Ok(Description {
            name: "plimsoll-postgres".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: StateLocation::Shared,
            durable: true,
        })
    }

    async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
        check(config)?;
        text::plain("the name of the namespace", &config.namespace)?;
        schema::prepare(self.pool(), &self.options).await?;
        self.session.set(config, clock);
        Ok(())
    }

    async fn discard(&self, namespace: &str) -> Result<()> {
        text::plain("the name of the namespace", namespace)?;
        Ok(schema::discard(self.pool(), &self.options, namespace).await?)
    }

    has_every_interface!();
}
