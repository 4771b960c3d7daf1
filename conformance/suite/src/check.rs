use std::fmt;

use futures_util::future::BoxFuture;
use plimsoll_contract::{Clause, Interface, Level, Profile};

use crate::{Outcome, Trial};

/// One way in which a backend can break its promises, and how to find out.
pub struct Check {
    /// `interface/what-goes-wrong-in-words`; never used again for another check.
    pub id: &'static str,
    /// The ids of the clauses that it judges; the first gives its level.
    pub clauses: &'static [&'static str],
    /// What it does and what must come back, in a sentence or two.
    pub goal: &'static str,
    /// What is most often wrong in a backend that fails it.
    pub usual_cause: &'static str,
    /// The interfaces that it calls, besides `backend`.
    pub uses: &'static [Interface],
    /// Does it.
    pub run: for<'a> fn(&'a Trial) -> BoxFuture<'a, Outcome>,
}

impl Check {
    /// The interface that it belongs to.
    #[must_use]
    pub fn interface(&self) -> Interface {
        let name = self.id.split_once('/').map_or(self.id, |(interface, _)| interface);
        Interface::named(name).unwrap_or(Interface::Backend)
    }

    /// How strong the promise is that it judges.
    #[must_use]
    pub fn level(&self) -> Level {
        let first = self.clauses.first().and_then(|id| Clause::find(id));
        first.map_or(Level::Must, |clause| clause.level)
    }

    /// The smallest profile that holds every interface that it calls.
    #[must_use]
    pub fn profile(&self) -> Profile {
        Profile::smallest_with(self.uses)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.id).finish()
    }
}
