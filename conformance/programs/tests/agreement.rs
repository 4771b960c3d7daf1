//! The model agrees with itself, and programs follow from their seed.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::sync::Arc;

use plimsoll_contract::Backend;
use plimsoll_model::{Model, SharedModel};
use plimsoll_programs::{Outcome, Search, find, program};

#[tokio::test]
async fn the_model_agrees_with_itself() {
    let search = Search { programs: 400, ..Search::new(1) };
    let outcome = find(&search, |_| async {
        let backend: Arc<dyn Backend> = Arc::new(SharedModel::new(Model::default()));
        Ok(backend)
    });
    match outcome.await.unwrap() {
        Outcome::Agreed => {}
        Outcome::Diverged(found) => panic!("{found}"),
    }
}

/// The suite runs its checks on several threads.
#[test]
fn a_search_goes_from_thread_to_thread() {
    fn is_send(_search: impl Send) {}
    let search = Search::new(1);
    is_send(find(&search, |_| async {
        let backend: Arc<dyn Backend> = Arc::new(SharedModel::new(Model::default()));
        Ok(backend)
    }));
}

#[test]
fn a_seed_repeats_its_programs() {
    for number in 0..20 {
        assert_eq!(program(7, number, 40), program(7, number, 40));
        assert_ne!(program(7, number, 40), program(8, number, 40));
        assert_ne!(program(7, number, 40), program(7, number + 1, 40));
    }
}
