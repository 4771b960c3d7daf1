//! The PostgreSQL backend and the model agree on random programs.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use std::sync::Arc;

use common::Server;
use plimsoll_contract::Backend;
use plimsoll_programs::{Outcome, Search, find};

#[tokio::test]
async fn it_agrees_with_the_model() {
    let Some(server) = Server::find().await else { return };
    let database = server.database().await;
    let search = Search { programs: 200, ..Search::new(77) };
    let outcome = find(&search, |_| async {
        let backend: Arc<dyn Backend> = database.backend();
        Ok(backend)
    });
    match outcome.await.unwrap() {
        Outcome::Agreed => {}
        Outcome::Diverged(found) => panic!("{found}"),
    }
}
