//! Where the entry of a run is: its number, by the run's id.
//!
//! A number is of one entry and never of another. So the entry of a run that was removed can be
//! deleted without a look at who comes next under the run's id, which `wasi:keyvalue` has no way to
//! take in the same step.

use std::collections::BTreeMap;

use crate::flow::storage::types::{Error, Uuid};
use crate::hash;
use crate::session::Session;
use crate::store;

/// Numbers by run.
pub type Page = BTreeMap<Uuid, u64>;

fn page(run: Uuid) -> String {
    hash::page(&hash::of(&[&run.high.to_be_bytes(), &run.low.to_be_bytes()]))
}

impl Session {
    /// The number of a run's entry, as the directory has it.
    pub fn look_up(&self, run: Uuid) -> Result<Option<u64>, Error> {
        let page: Page = store::value(&self.buckets.directory, &page(run))?;
        Ok(page.get(&run).copied())
    }

    /// Enters a run, in the place of an entry that is known to be dead, and says whether it did:
    /// not if there is another entry.
    pub fn enter(&self, run: Uuid, number: u64, dead: Option<u64>) -> Result<bool, Error> {
        store::revise(&self.buckets.directory, &page(run), |page: &mut Page| {
            let is_free = page.get(&run).is_none_or(|there| Some(*there) == dead);
            if is_free {
                page.insert(run, number);
            }
            Ok(is_free)
        })
    }

    /// Removes the entry of a run, if it is that one.
    pub fn strike(&self, run: Uuid, number: u64) -> Result<(), Error> {
        store::revise(&self.buckets.directory, &page(run), |page: &mut Page| {
            if page.get(&run) == Some(&number) {
                page.remove(&run);
            }
            Ok(())
        })
    }
}
