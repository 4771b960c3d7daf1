use std::collections::BTreeSet;

use plimsoll_contract::Profile;
use thiserror::Error;

use crate::{Check, checks};

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The profile that the backend must fill; none is the largest that it exports, or `core`.
    pub profile: Option<Profile>,
    /// The ids of the checks to run; empty for all.
    pub only: BTreeSet<String>,
    /// The ids of checks to leave out.
    pub skip: BTreeSet<String>,
    /// Checks that are expected to fail.
    pub known_failing: KnownFailing,
    /// Gives every id and choice of the run; the same seed gives the same.
    pub seed: u64,
    /// How many checks run at once.
    pub jobs: usize,
    /// How much work races and random programs do, in percent of the usual.
    pub effort: u32,
    /// How many instances share a namespace in races, where the backend says that they can.
    pub instances: usize,
    /// Over how many processes the subject spreads them; its own business, and told in the report.
    pub processes: usize,
}

impl Settings {
    /// Whether a check is to run.
    pub(crate) fn selects(&self, check: &Check) -> bool {
        (self.only.is_empty() || self.only.contains(check.id)) && !self.skip.contains(check.id)
    }

    /// Looks for the check ids of `only` and `skip` in the list.
    ///
    /// # Errors
    ///
    /// The first id that names no check.
    pub fn validate(&self) -> Result<(), UnknownCheck> {
        let is_known = |id: &&String| checks::find(id).is_none();
        match self.only.iter().chain(&self.skip).find(is_known) {
            Some(id) => Err(UnknownCheck { id: id.clone(), nearest: nearest(id) }),
            None => Ok(()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: None,
            only: BTreeSet::new(),
            skip: BTreeSet::new(),
            known_failing: KnownFailing::default(),
            seed: 1,
            jobs: 1,
            effort: 100,
            instances: 4,
            processes: 1,
        }
    }
}

/// There is no check of that id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no check `{id}`{}; `plimsoll list` shows them all", did_you_mean(.nearest))]
pub struct UnknownCheck {
    /// What was asked for.
    pub id: String,
    /// The check whose id looks most like it, if one does.
    pub nearest: Option<&'static str>,
}

fn did_you_mean(nearest: &Option<&'static str>) -> String {
    nearest.map(|id| format!(", did you mean `{id}`?")).unwrap_or_default()
}

/// The check whose id shares most words with `id`.
fn nearest(id: &str) -> Option<&'static str> {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(['/', '-']).filter(|word| word.len() > 2).map(str::to_owned).collect()
    };
    let asked = words(id);
    let shared = |check: &&'static Check| words(check.id).intersection(&asked).count();
    let best = checks::all().max_by_key(shared)?;
    (shared(&best) > 1).then_some(best.id)
}

/// The checks that are expected to fail.
///
/// A listed check still runs. When it passes, or when an entry names no check, the list is stale
/// and the run is violated: a list that nobody shortens hides what was mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownFailing {
    ids: BTreeSet<String>,
}

impl KnownFailing {
    /// Reads one id a line; `#` begins a comment, and blank lines are left out.
    ///
    /// ```
    /// use plimsoll_conformance::KnownFailing;
    ///
    /// let list = KnownFailing::parse("run-store/used-id-overwrites  # issue 12\n\n");
    /// assert!(list.contains("run-store/used-id-overwrites"));
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let ids = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        Self { ids: ids.filter(|id| !id.is_empty()).map(str::to_owned).collect() }
    }

    /// Whether the check with this id is listed.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// The entries that name no check.
    pub(crate) fn unmatched(&self) -> Vec<String> {
        self.ids.iter().filter(|id| checks::find(id).is_none()).cloned().collect()
    }
}
