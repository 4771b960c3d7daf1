use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use plimsoll_contract::{
    Answer, Backend, Clock, Description, OpenConfig, Result, StateLocation, has_every_interface,
};
use plimsoll_sql::{Session, check};
use tokio::sync::Mutex;

use crate::SqliteOptions;
use crate::connect::Connector;
use crate::database::{Database, Open, execute};

/// Every table, with the namespace in its first column.
const TABLES: [&str; 14] = [
    "DELETE FROM flow_definitions WHERE namespace = ?1",
    "DELETE FROM flow_runs WHERE namespace = ?1",
    "DELETE FROM flow_steps WHERE namespace = ?1",
    "DELETE FROM flow_step_attempts WHERE namespace = ?1",
    "DELETE FROM flow_outputs WHERE namespace = ?1",
    "DELETE FROM flow_step_dispatches WHERE namespace = ?1",
    "DELETE FROM flow_step_claims WHERE namespace = ?1",
    "DELETE FROM flow_run_controls WHERE namespace = ?1",
    "DELETE FROM flow_idempotency_keys WHERE namespace = ?1",
    "DELETE FROM flow_events WHERE namespace = ?1",
    "DELETE FROM flow_signal_waiters WHERE namespace = ?1",
    "DELETE FROM flow_schedule_states WHERE namespace = ?1",
    "DELETE FROM webhook_replay_nonces WHERE namespace = ?1",
    "DELETE FROM webhook_rejections WHERE namespace = ?1",
];

/// A backend that keeps everything in one SQLite database.
pub struct SqliteBackend {
    connector: Connector,
    is_durable: bool,
    session: Session,
    /// Connected to by the first `open` or `discard`.
    database: RwLock<Option<Arc<Database>>>,
    /// Held while connecting, so that the backend has one connection that writes.
    connecting: Mutex<()>,
}

impl SqliteBackend {
    /// A backend that is not open yet. The database is not touched before `open`.
    ///
    /// `open` and `discard` have to be called on a tokio runtime, which must live as long as the
    /// backend is used: the task that writes is on it.
    #[must_use]
    pub fn new(options: SqliteOptions) -> Self {
        let connector = Connector::new(options);
        Self {
            is_durable: connector.can_reconnect(),
            connector,
            session: Session::default(),
            database: RwLock::default(),
            connecting: Mutex::default(),
        }
    }

    /// The open namespace.
    pub(crate) fn open_namespace(&self) -> Answer<Open> {
        let opened = self.session.opened()?;
        let database = self.connected().ok_or_else(plimsoll_contract::Error::not_open)?;
        Ok(Open { opened, database })
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    fn connected(&self) -> Option<Arc<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connects unless that was done.
    async fn connect(&self) -> Answer<Arc<Database>> {
        let _alone = self.connecting.lock().await;
        if let Some(database) = self.connected().filter(|database| !database.has_stopped()) {
            return Ok(database);
        }
        let database = Arc::new(Database::connect(self.connector.clone()).await?);
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Arc::clone(&database));
        Ok(database)
    }
}

#[async_trait]
impl Backend for SqliteBackend {
    async fn describe(&self) -> Result<Description> {
        Ok(Description {
            name: "plimsoll-sqlite".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            state: match self.is_durable {
                true => StateLocation::Shared,
                false => StateLocation::Instance,
            },
            durable: self.is_durable,
        })
    }

    async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
        check(config)?;
        self.connect().await?;
        self.session.set(config, clock);
        Ok(())
    }

    async fn discard(&self, namespace: &str) -> Result<()> {
        let database = self.connect().await?;
        let namespace = namespace.to_owned();
        let discard = database.write(move |connection| {
            Box::pin(async move {
                for table in TABLES {
                    execute(connection, sqlx::query(table).bind(&namespace)).await?;
                }
                Ok(())
            })
        });
        Ok(discard.await?)
    }

    has_every_interface!();
}
