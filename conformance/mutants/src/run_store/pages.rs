//! Mutants of lists, pages and searches that only some filters or places show.

use std::cmp::Reverse;

use plimsoll_contract::{Answer, FlowId, FlowRun, FlowRunPage, Page, RunId, RunStatus};
use plimsoll_model::RunStore;

use super::calls::{BreaksSearch, Search, override_run_store};
use crate::broken::{keeping, models, run_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/skips-runs-of-other-flows",
        clause: "RUN-29",
        how: "leaves the skipped runs out before those of other flows",
        dies: &[("run-store/pages-repeat-or-miss", "get-runs shows each run of a flow once")],
        backend: run_store::<SkipsOtherFlows>,
    },
    Mutant {
        id: "run-store/runs-of-a-flow-have-no-order",
        clause: "RUN-29",
        how: "lists the runs of a flow that start together in an order that depends on the page",
        dies: &[("run-store/pages-repeat-or-miss", "get-runs shows each run of a flow once")],
        backend: run_store::<RunsOfFlowHaveNoOrder>,
    },
    Mutant {
        id: "run-store/status-pages-by-fraction",
        clause: "RUN-31",
        how: "orders a page with a status by the fraction of the second alone",
        dies: &[("run-store/page-out-of-order", "also with a status")],
        backend: run_store::<StatusPagesByFraction>,
    },
    Mutant {
        id: "run-store/empty-page-counts-nothing",
        clause: "RUN-32",
        how: "answers a total of 0 with a page of a search that holds nothing",
        dies: &[("run-store/total-counts-page", "1 a page, searching for")],
        backend: run_store::<EmptyPageCountsNothing>,
    },
    Mutant {
        id: "run-store/search-lowers-itself-beyond-ascii",
        clause: "RUN-33",
        how: "lowers letters beyond ASCII in the search text and not in what it searches",
        dies: &[("run-store/search-minds-case", "as it is, beyond ASCII")],
        backend: run_store::<LowersItself>,
    },
    Mutant {
        id: "run-store/search-takes-classes",
        clause: "RUN-34",
        how: "reads `[zx]` in a search as either of the characters",
        dies: &[("run-store/search-takes-wildcards", "finds itself alone")],
        backend: run_store::<TakesClasses>,
    },
    Mutant {
        id: "run-store/reopened-come-first",
        clause: "RUN-58",
        how: "lists the active runs that a retry opened again before the others",
        dies: &[("run-store/active-runs-out-of-order", "a retried one stays in its place")],
        backend: run_store::<ReopenedComeFirst>,
    },
    Mutant {
        id: "run-store/default-page-ends-at-fifty",
        clause: "RUN-28",
        how: "ends a page without a size at the fiftieth run of the list",
        dies: &[("run-store/default-page-unbounded", "both answer the 40 after 20")],
        backend: run_store::<DefaultEndsAtFifty>,
    },
    Mutant {
        id: "run-store/page-end-wraps-around",
        clause: "BACKEND-13",
        how: "adds skip and take in 32 bits",
        dies: &[("run-store/page-size-ignored", "get-runs-page with {skip: 3")],
        backend: run_store::<PageEndWraps>,
    },
    Mutant {
        id: "run-store/whole-ids-are-run-ids",
        clause: "RUN-33",
        how: "looks for a search text that is an id among the ids of runs alone",
        dies: &[("run-store/search-misses-run-field", "job id that looks like a run's")],
        backend: run_store::<WholeIdsAreRunIds>,
    },
    Mutant {
        id: "run-store/active-runs-in-two-reads",
        clause: "RUN-57",
        how: "reads the ids of active runs first and their rows later",
        dies: &[("run-store/active-runs-listed-in-pieces", "every active run is running")],
        backend: racy::late_listed_runs,
    },
    Mutant {
        id: "run-store/indexes-runs-late",
        clause: "RUN-57",
        how: "enters a run into what the lists come from a moment after it can be seen",
        dies: &[("run-store/started-run-listed-late", "hold every run that was seen before")],
        backend: racy::late_index,
    },
    Mutant {
        id: "run-store/indexes-rows-late",
        clause: "BACKEND-28",
        how: "shows a run before the lists do",
        dies: &[("run-store/started-run-listed-late", "hold every run that was seen before")],
        backend: racy::late_index,
    },
    Mutant {
        id: "run-store/lists-active-runs-in-pieces",
        clause: "RUN-57",
        how: "reads lists three rows at a time, by offset",
        dies: &[("run-store/active-runs-listed-in-pieces", "every list of active runs")],
        backend: racy::pieces,
    },
    Mutant {
        id: "run-store/lists-derived-runs-in-pieces",
        clause: "RUN-5",
        how: "reads lists three rows at a time, by offset",
        dies: &[("run-store/derived-runs-listed-in-pieces", "every list of derived runs")],
        backend: racy::pieces,
    },
    Mutant {
        id: "run-store/lists-dispatches-in-pieces",
        clause: "RUN-83",
        how: "reads lists three rows at a time, by offset",
        dies: &[("run-store/dispatches-listed-in-pieces", "every list of dispatch entries")],
        backend: racy::pieces,
    },
    Mutant {
        id: "run-store/adds-attempts-late",
        clause: "RUN-15",
        how: "starts a step first and adds its attempt later",
        dies: &[("run-store/step-and-attempt-disagree", "the latest attempt shows")],
        backend: racy::late_attempts,
    },
    Mutant {
        id: "run-store/adds-attempts-after-steps",
        clause: "RUN-8",
        how: "starts a step first and adds its attempt later",
        dies: &[("run-store/step-and-attempt-disagree", "the latest attempt shows")],
        backend: racy::late_attempts,
    },
    Mutant {
        id: "run-store/pages-in-two-reads",
        clause: "RUN-31",
        how: "chooses the runs of a page first and reads their rows later",
        dies: &[("run-store/page-of-another-status", "every run on a page of running ones")],
        backend: racy::late_listed_runs,
    },
];

models! {
    DefaultEndsAtFifty PageEndWraps WholeIdsAreRunIds
    SkipsOtherFlows RunsOfFlowHaveNoOrder StatusPagesByFraction EmptyPageCountsNothing LowersItself
    TakesClasses
}

override_run_store! {
    get_runs_page: StatusPagesByFraction EmptyPageCountsNothing LowersItself TakesClasses
}

impl RunStore for SkipsOtherFlows {
    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let mut runs = self.0.get_runs(None, Page { take: Some(u32::MAX), ..page })?;
        runs.retain(|run| flow.is_none_or(|flow| flow == run.flow_id));
        Ok(Page { skip: 0, ..page }.cut(runs, Page::DEFAULT_RUNS))
    }
}

impl RunStore for RunsOfFlowHaveNoOrder {
    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let mut runs = self.0.get_runs(flow, Page::all())?;
        if flow.is_some() && page.skip % 2 == 1 {
            runs.sort_by_key(|run| Reverse((run.started_at, run.id)));
        }
        Ok(page.cut(runs, Page::DEFAULT_RUNS))
    }
}

impl BreaksSearch for StatusPagesByFraction {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let all = Search { page: Page::all(), ..search }.on(&mut self.0)?;
        let mut items = all.items;
        if search.status.is_some() {
            items.sort_by_key(|run| Reverse(run.started_at.timestamp_subsec_millis()));
        }
        Ok(FlowRunPage { items: search.page.cut(items, Page::DEFAULT_RUNS), ..all })
    }
}

impl BreaksSearch for EmptyPageCountsNothing {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let page = search.on(&mut self.0)?;
        let is_nothing = search.text.is_some() && page.items.is_empty();
        let total_count = if is_nothing { 0 } else { page.total_count };
        Ok(FlowRunPage { total_count, ..page })
    }
}

impl BreaksSearch for LowersItself {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let text = search.text.map(str::to_lowercase);
        Search { text: text.as_deref(), ..search }.on(&mut self.0)
    }
}

/// Each text that a search with one class of characters stands for; the search itself without one.
fn without_class(text: &str) -> Vec<String> {
    let class = text.split_once('[').and_then(|(before, rest)| {
        let (class, after) = rest.split_once(']')?;
        Some((before, class, after))
    });
    match class {
        Some((before, class, after)) if !class.starts_with('^') => {
            class.chars().map(|one| format!("{before}{one}{after}")).collect()
        }
        _ => vec![text.to_owned()],
    }
}

impl BreaksSearch for TakesClasses {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let Some(text) = search.text else { return search.on(&mut self.0) };
        let mut items = Vec::new();
        for text in without_class(text) {
            let one = Search { text: Some(&text), page: Page::all(), ..search };
            items.extend(one.on(&mut self.0)?.items);
        }
        super::sort_latest_first(&mut items);
        items.dedup();
        let total_count = items.len() as u64;
        Ok(FlowRunPage { items: search.page.cut(items, Page::DEFAULT_RUNS), total_count })
    }
}

keeping! {
    /// A mutant that remembers which runs have ended.
    ReopenedComeFirst {
        ended: Vec<RunId>,
    }
}

impl RunStore for ReopenedComeFirst {
    fn complete_run(&mut self, run: RunId, status: RunStatus) -> Answer<()> {
        self.ended.push(run);
        self.model.complete_run(run, status)
    }

    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        let mut runs = self.model.get_active_runs()?;
        runs.sort_by_key(|run| !self.ended.contains(&run.id));
        Ok(runs)
    }
}

override_run_store! { get_runs_page: DefaultEndsAtFifty PageEndWraps WholeIdsAreRunIds }

impl BreaksSearch for DefaultEndsAtFifty {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let rest = Page::DEFAULT_RUNS.saturating_sub(search.page.skip);
        let take = search.page.take.or(Some(rest));
        Search { page: Page { take, ..search.page }, ..search }.on(&mut self.0)
    }
}

impl BreaksSearch for PageEndWraps {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let Page { skip, take } = search.page;
        let take = take.map(|take| skip.wrapping_add(take).saturating_sub(skip));
        Search { page: Page { skip, take }, ..search }.on(&mut self.0)
    }
}

fn is_whole_id(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|it| it == '-' || it.is_ascii_hexdigit())
}

impl BreaksSearch for WholeIdsAreRunIds {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let all = Search { page: Page::all(), ..search }.on(&mut self.0)?;
        let mut items = all.items;
        if let Some(text) = search.text.filter(|text| is_whole_id(text)) {
            items.retain(|run| run.id.to_string() == text.to_ascii_lowercase());
        }
        let total_count = items.len() as u64;
        Ok(FlowRunPage { items: search.page.cut(items, Page::DEFAULT_RUNS), total_count })
    }
}
