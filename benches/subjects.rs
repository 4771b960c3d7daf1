use std::fs;
use std::sync::Arc;

use plimsoll_contract::Backend;
use plimsoll_host::{Access, Directory, Grants, Host, InstanceOptions, Options, PluginOptions};
use plimsoll_keyvalue::MemoryEngine;
use plimsoll_memory::MemoryBackend;
use plimsoll_postgres::{PostgresBackend, PostgresOptions};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};
use tempfile::TempDir;

use crate::Unprepared;

/// A backend that is measured, not open.
pub struct Subject {
    /// What it is called.
    pub name: &'static str,
    /// An instance.
    pub backend: Arc<dyn Backend>,
    /// Where it keeps its files, which go with it.
    _folder: Option<TempDir>,
}

/// Every bundled backend, native memory first. PostgreSQL is left out if none answers at
/// `PLIMSOLL_POSTGRES_URL`, or at the usual port of this machine.
///
/// # Errors
///
/// If one of the others cannot be made.
pub async fn subjects() -> Result<Vec<Subject>, Unprepared> {
    let native: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    let mut subjects = vec![Subject { name: "memory", backend: native, _folder: None }];
    let host = Host::new(Options::default())?;
    let guest = |name, path, grants| guest(&host, name, path, grants);
    subjects.push(guest("memory guest", plimsoll_guests::MEMORY, Grants::default()).await?);
    let key_value = Grants { key_value: Some(Arc::new(MemoryEngine::new())), ..Grants::default() };
    subjects.push(guest("keyvalue guest", plimsoll_guests::KEYVALUE, key_value).await?);
    subjects.push(journal(&host).await?);
    subjects.push(sqlite()?);
    subjects.extend(postgres().await);
    Ok(subjects)
}

async fn guest(
    host: &Host,
    name: &'static str,
    path: &str,
    grants: Grants,
) -> Result<Subject, Unprepared> {
    let options = PluginOptions { grants: Arc::new(grants), ..PluginOptions::default() };
    let plugin = host.load_with(&fs::read(path)?, options).await?;
    let backend: Arc<dyn Backend> = Arc::new(plugin.instantiate(InstanceOptions::default()).await?);
    Ok(Subject { name, backend, _folder: None })
}

async fn journal(host: &Host) -> Result<Subject, Unprepared> {
    let folder = tempfile::tempdir()?;
    let directory = Directory {
        host: folder.path().to_owned(),
        guest: "/data".to_owned(),
        access: Access::ReadWrite,
    };
    let grants = Grants { directories: vec![directory], ..Grants::default() };
    let subject = guest(host, "journal guest", plimsoll_guests::JOURNAL, grants).await?;
    Ok(Subject { _folder: Some(folder), ..subject })
}

fn sqlite() -> Result<Subject, Unprepared> {
    let folder = tempfile::tempdir()?;
    let options = SqliteOptions::file(folder.path().join("bench.db"));
    let backend: Arc<dyn Backend> = Arc::new(SqliteBackend::new(options));
    Ok(Subject { name: "sqlite", backend, _folder: Some(folder) })
}

async fn postgres() -> Option<Subject> {
    let url = std::env::var("PLIMSOLL_POSTGRES_URL");
    let url = url.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let options = PostgresOptions::from_url(&url).ok()?;
    let backend: Arc<dyn Backend> = Arc::new(PostgresBackend::new(options));
    // Whether a server answers.
    backend.discard("plimsoll-bench-probe").await.ok()?;
    Some(Subject { name: "postgres", backend, _folder: None })
}
