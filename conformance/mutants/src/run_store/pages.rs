//! Mutants of lists, pages and searches that only some filters or places show.

use std::cmp::Reverse;

use plimsoll_contract::{Answer, FlowId, FlowRun, FlowRunPage, Page, RunId, RunStatus};
use plimsoll_model::{Model, RunStore, Spec, State};

use super::calls::{BreaksSearch, Search, override_run_store};
use crate::Mutant;
use crate::broken::{models, run_store};

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
];

models! {
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

/// A mutant that remembers which runs have ended.
#[derive(Default)]
struct ReopenedComeFirst {
    model: Model,
    ended: Vec<RunId>,
}

impl Spec for ReopenedComeFirst {
    fn state(&mut self) -> &mut State {
        self.model.state()
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
