//! The SQLite backend and the model agree on random programs.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::Arc;

use plimsoll_contract::Backend;
use plimsoll_programs::{Outcome, Search, find};
use plimsoll_sqlite::{SqliteBackend, SqliteOptions};

#[tokio::test]
async fn it_agrees_with_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::file(folder.path().join("flow.db"));
    let search = Search { programs: 200, ..Search::new(77) };
    let outcome = find(&search, |_| async {
        let backend: Arc<dyn Backend> = Arc::new(SqliteBackend::new(options.clone()));
        Ok(backend)
    });
    match outcome.await.unwrap() {
        Outcome::Agreed => {}
        Outcome::Diverged(found) => panic!("{found}"),
    }
}
