use plimsoll_contract::{Answer, Error, FlowRun, FlowRunPage, Page, RunStatus};
use plimsoll_model::{Model, Namespace, Spec};

use super::calls::{BreaksSearch, Search, override_run_store};
use crate::broken::{AsSpecified, models, run_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/search-joins-fields",
        clause: "RUN-33",
        how: "joins flow name and trigger key with a blank, and searches that",
        dies: &[("run-store/search-spans-fields", "\"nds nig\" is in no field")],
        backend: run_store::<JoinsFields>,
    },
    Mutant {
        id: "run-store/search-omits-the-job",
        clause: "RUN-33",
        how: "does not search job ids",
        dies: &[("run-store/search-misses-run-field", "the job id is searched")],
        backend: run_store::<OmitsTheJob>,
    },
    Mutant {
        id: "run-store/search-spells-statuses-its-own-way",
        clause: "RUN-33",
        how: "searches statuses as they are spelt in its own enumeration",
        dies: &[("run-store/search-misses-run-field", "the status is searched")],
        backend: run_store::<SpellsStatusesItsOwnWay>,
    },
    Mutant {
        id: "run-store/search-wants-whole-ids",
        clause: "RUN-33",
        how: "finds a run by its whole id only",
        dies: &[("run-store/search-misses-run-field", "the start of the id is searched")],
        backend: run_store::<WantsWholeIds>,
    },
    Mutant {
        id: "run-store/search-omits-steps",
        clause: "RUN-33",
        how: "searches the runs' own fields alone",
        dies: &[
            ("run-store/search-misses-step-field", "the step key is searched"),
            ("run-store/search-misses-step-field", "the error is searched"),
            ("run-store/search-misses-step-field", "the output is searched"),
        ],
        backend: run_store::<OmitsSteps>,
    },
    Mutant {
        id: "run-store/search-omits-attempts",
        clause: "RUN-33",
        how: "searches the current rows of steps, not their attempts",
        dies: &[("run-store/search-misses-old-attempt", "first attempt's error is searched")],
        backend: run_store::<OmitsAttempts>,
    },
    Mutant {
        id: "run-store/search-omits-old-outputs",
        clause: "RUN-33",
        how: "searches the outputs of steps, and of attempts the errors alone",
        dies: &[("run-store/search-misses-old-attempt", "the first attempt's output")],
        backend: run_store::<OmitsOldOutputs>,
    },
    Mutant {
        id: "run-store/no-break-space-is-no-filter",
        clause: "RUN-35",
        how: "takes what Unicode calls blank for no search text",
        dies: &[("run-store/blank-search-filters", "a no-break space is one")],
        backend: run_store::<TakesNoBreakSpaceForBlank>,
    },
    Mutant {
        id: "run-store/search-folds-one-side",
        clause: "RUN-33",
        how: "lowers the letters of what it searches and not those of the search text",
        dies: &[("run-store/search-minds-case", "the name in capitals is searched")],
        backend: run_store::<FoldsOneSide>,
    },
    Mutant {
        id: "run-store/search-takes-percent-for-anything",
        clause: "RUN-34",
        how: "takes a percent sign for any text",
        dies: &[
            ("run-store/search-takes-wildcards", "`x%y` finds itself alone"),
            ("run-store/search-takes-wildcards", "`%` finds each name that has it"),
        ],
        backend: run_store::<TakesPercentForAnything>,
    },
    Mutant {
        id: "run-store/search-takes-underscore-for-anything",
        clause: "RUN-34",
        how: "takes an underscore for any character",
        dies: &[("run-store/search-takes-wildcards", "`_` finds each name that has it")],
        backend: run_store::<TakesUnderscoreForAnything>,
    },
    Mutant {
        id: "run-store/search-drops-backslashes",
        clause: "RUN-34",
        how: "takes a backslash for an escape of the next character",
        dies: &[("run-store/search-takes-wildcards", "`x\\y` finds itself alone")],
        backend: run_store::<DropsBackslashes>,
    },
    Mutant {
        id: "run-store/search-fails-on-brackets",
        clause: "RUN-34",
        how: "takes a bracket for the begin of a class of characters",
        dies: &[("run-store/search-takes-wildcards", "gave no value: unterminated class")],
        backend: run_store::<FailsOnBrackets>,
    },
    Mutant {
        id: "run-store/search-looks-for-blanks",
        clause: "RUN-35",
        how: "searches blanks like any text",
        dies: &[("run-store/blank-search-filters", "\" \" is no filter")],
        backend: run_store::<LooksForBlanks>,
    },
    Mutant {
        id: "run-store/search-trims-its-text",
        clause: "RUN-35",
        how: "trims the search text",
        dies: &[("run-store/search-trimmed", "the blank counts")],
        backend: run_store::<TrimsItsText>,
    },
    Mutant {
        id: "run-store/search-reads-trigger-data",
        clause: "RUN-36",
        how: "searches trigger data too",
        dies: &[("run-store/search-finds-too-much", "`secret-data` is not found")],
        backend: run_store::<ReadsTriggerData>,
    },
    Mutant {
        id: "run-store/counts-in-another-query",
        clause: "RUN-37",
        how: "counts the runs of a page in a second query",
        dies: &[("run-store/total-of-another-moment", "a page that holds all runs")],
        backend: racy::two_queries,
    },
    Mutant {
        id: "run-store/search-fails-on-long-texts",
        clause: "RUN-33",
        how: "fails with a text of more than 4,000 characters",
        dies: &[("run-store/long-search-fails", "gave no value: pattern too long")],
        backend: run_store::<FailsOnLongTexts>,
    },
    Mutant {
        id: "run-store/search-orders-each-page-anew",
        clause: "RUN-29",
        how: "orders runs of equal starts the other way round on later pages of a search",
        dies: &[("run-store/pages-repeat-or-miss", "a search shows each run of all once")],
        backend: run_store::<OrdersPagesAnew>,
    },
    Mutant {
        id: "run-store/search-finds-ids-from-their-start",
        clause: "RUN-33",
        how: "finds a run by its id and by what that begins with",
        dies: &[("run-store/search-misses-run-field", "the end of the id is searched")],
        backend: run_store::<FindsIdsFromStart>,
    },
];

models! {
    FindsIdsFromStart
    OmitsTheJob SpellsStatusesItsOwnWay WantsWholeIds OmitsSteps OmitsAttempts FoldsOneSide
    TakesPercentForAnything TakesUnderscoreForAnything DropsBackslashes FailsOnBrackets
    LooksForBlanks TrimsItsText ReadsTriggerData JoinsFields
    FailsOnLongTexts OmitsOldOutputs TakesNoBreakSpaceForBlank OrdersPagesAnew
}

override_run_store! {
    get_runs_page: FindsIdsFromStart  OmitsOldOutputs TakesNoBreakSpaceForBlank OrdersPagesAnew
        FailsOnLongTexts OmitsTheJob SpellsStatusesItsOwnWay WantsWholeIds OmitsSteps OmitsAttempts
        FoldsOneSide TakesPercentForAnything TakesUnderscoreForAnything DropsBackslashes
        FailsOnBrackets LooksForBlanks TrimsItsText ReadsTriggerData JoinsFields
}

/// The runs that a search finds once `change` has been made to what it reads.
fn search_in_changed(
    model: &mut Model,
    search: Search<'_>,
    change: impl FnOnce(&mut Namespace),
) -> Answer<FlowRunPage> {
    let mut changed = model.state().clone();
    change(AsSpecified(&mut changed).space()?);
    let mut page = search.on(&mut AsSpecified(&mut changed))?;
    let runs = &model.space()?.runs;
    for item in &mut page.items {
        item.clone_from(&runs[&item.id]);
    }
    Ok(page)
}

/// The runs that match the rest of a search and `keep`.
fn search_with(
    model: &mut Model,
    search: Search<'_>,
    keep: impl Fn(&FlowRun) -> bool,
) -> Answer<FlowRunPage> {
    let mut runs = Search { text: None, page: Page::all(), ..search }.on(model)?.items;
    runs.retain(keep);
    let total_count = runs.len() as u64;
    Ok(FlowRunPage { items: search.page.cut(runs, Page::DEFAULT_RUNS), total_count })
}

/// The runs in which each of several texts is found.
fn search_for_each<'a>(
    model: &mut Model,
    search: Search<'_>,
    texts: impl Iterator<Item = &'a str>,
) -> Answer<FlowRunPage> {
    let mut found = Vec::new();
    for text in texts {
        found.push(Search { text: Some(text), page: Page::all(), ..search }.on(model)?.items);
    }
    search_with(model, search, |run| found.iter().all(|runs| runs.contains(run)))
}

impl BreaksSearch for OmitsTheJob {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        search_in_changed(&mut self.0, search, |space| {
            space.runs.values_mut().for_each(|run| run.background_job_id = None);
        })
    }
}

impl BreaksSearch for SpellsStatusesItsOwnWay {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let text = search.text.unwrap_or_default();
        match RunStatus::ALL.iter().find(|status| status.name() == text) {
            Some(status) => Search { text: Some(&format!("{status:?}")), ..search }.on(&mut self.0),
            None => search.on(&mut self.0),
        }
    }
}

impl BreaksSearch for WantsWholeIds {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let Some(text) = search.text.filter(|text| text.len() > 8 && text.len() < 36) else {
            return search.on(&mut self.0);
        };
        let page = Search { page: Page::all(), ..search }.on(&mut self.0)?;
        let by_more = |run: &FlowRun| !run.id.to_string().contains(&text.to_ascii_lowercase());
        search_with(&mut self.0, search, |run| page.items.contains(run) && by_more(run))
    }
}

impl BreaksSearch for OmitsSteps {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        search_in_changed(&mut self.0, search, |space| {
            space.steps.clear();
            space.attempts.clear();
        })
    }
}

impl BreaksSearch for OmitsAttempts {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        search_in_changed(&mut self.0, search, |space| space.attempts.clear())
    }
}

impl BreaksSearch for OmitsOldOutputs {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        search_in_changed(&mut self.0, search, |space| {
            for attempts in space.attempts.values_mut() {
                attempts.iter_mut().for_each(|attempt| attempt.output_json = None);
            }
        })
    }
}

impl BreaksSearch for TakesNoBreakSpaceForBlank {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let text = search.text.filter(|text| !text.trim().is_empty());
        Search { text, ..search }.on(&mut self.0)
    }
}

impl BreaksSearch for FoldsOneSide {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let has_capitals = search.text.is_some_and(|text| text.contains(char::is_uppercase));
        match has_capitals {
            true => Ok(FlowRunPage { items: Vec::new(), total_count: 0 }),
            false => search.on(&mut self.0),
        }
    }
}

impl BreaksSearch for TakesPercentForAnything {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        match search.text.filter(|text| text.contains('%')) {
            Some(text) => search_for_each(&mut self.0, search, text.split('%')),
            None => search.on(&mut self.0),
        }
    }
}

impl BreaksSearch for TakesUnderscoreForAnything {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        match search.text.filter(|text| text.contains('_')) {
            Some(text) => search_for_each(&mut self.0, search, text.split('_')),
            None => search.on(&mut self.0),
        }
    }
}

impl BreaksSearch for DropsBackslashes {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let text = search.text.map(|text| text.replace('\\', ""));
        Search { text: text.as_deref(), ..search }.on(&mut self.0)
    }
}

impl BreaksSearch for FailsOnBrackets {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        match search.text.is_some_and(|text| text.contains('[')) {
            true => Err(Error::Other("unterminated class".to_owned())),
            false => search.on(&mut self.0),
        }
    }
}

impl BreaksSearch for LooksForBlanks {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let blank = search.text.filter(|text| !text.is_empty() && text.trim().is_empty());
        let Some(blank) = blank else { return search.on(&mut self.0) };
        search_with(&mut self.0, search, |run| run.flow_name.contains(blank))
    }
}

impl BreaksSearch for TrimsItsText {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        Search { text: search.text.map(str::trim), ..search }.on(&mut self.0)
    }
}

impl BreaksSearch for JoinsFields {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        search_in_changed(&mut self.0, search, |space| {
            for run in space.runs.values_mut() {
                run.flow_name = format!("{} {}", run.flow_name, run.trigger_key);
            }
        })
    }
}

impl BreaksSearch for ReadsTriggerData {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        search_in_changed(&mut self.0, search, |space| {
            for run in space.runs.values_mut() {
                run.flow_name.push_str(run.trigger_data_json.as_deref().unwrap_or_default());
            }
        })
    }
}

impl BreaksSearch for FailsOnLongTexts {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        match search.text.is_some_and(|text| text.len() > 4_000) {
            true => Err(Error::Other("pattern too long".to_owned())),
            false => search.on(&mut self.0),
        }
    }
}

impl BreaksSearch for OrdersPagesAnew {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        if search.text.is_none() || search.page.skip == 0 {
            return search.on(&mut self.0);
        }
        let mut all = Search { page: Page::all(), ..search }.on(&mut self.0)?;
        all.items.reverse();
        all.items.sort_by_key(|run| std::cmp::Reverse(run.started_at));
        all.items = search.page.cut(all.items, Page::DEFAULT_RUNS);
        Ok(all)
    }
}

impl BreaksSearch for FindsIdsFromStart {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let text = search.text.unwrap_or_default().to_ascii_lowercase();
        let page = Search { page: Page::all(), ..search }.on(&mut self.0)?;
        let by_its_end = |run: &FlowRun| {
            let id = run.id.to_string();
            text.len() > 8 && id.contains(&text) && !id.starts_with(&text)
        };
        search_with(&mut self.0, search, |run| page.items.contains(run) && !by_its_end(run))
    }
}
