use plimsoll_contract::{
    Answer, Error, FlowId, FlowRun, FlowRunDetail, FlowRunPage, FlowStep, Page, RunId,
};
use plimsoll_model::{Model, RunStore};

use super::calls::{BreaksSearch, Search, override_run_store};
use crate::Mutant;
use crate::broken::{models, run_store};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "run-store/oldest-run-comes-first",
        clause: "RUN-27",
        how: "lists runs in ascending order",
        dies: &[("run-store/oldest-run-first", "the latest comes first")],
        backend: run_store::<OldestFirst>,
    },
    Mutant {
        id: "run-store/lists-runs-of-every-flow",
        clause: "RUN-27",
        how: "lists the runs of all flows whatever the flow",
        dies: &[("run-store/flow-filter-ignored", "only its runs are listed")],
        backend: run_store::<ListsEveryFlow>,
    },
    Mutant {
        id: "run-store/list-has-no-default-size",
        clause: "RUN-28",
        how: "lists all runs when no size is given",
        dies: &[("run-store/default-page-unbounded", "get-runs answers 50")],
        backend: run_store::<ListHasNoDefault>,
    },
    Mutant {
        id: "run-store/page-has-no-default-size",
        clause: "RUN-28",
        how: "pages all runs when no size is given",
        dies: &[("run-store/default-page-unbounded", "get-runs-page answers 50")],
        backend: run_store::<PageHasNoDefault>,
    },
    Mutant {
        id: "run-store/take-0-is-the-default",
        clause: "BACKEND-13",
        how: "takes a size of 0 for none",
        dies: &[("run-store/page-size-ignored", "get-runs with {skip: 0, take: 0}")],
        backend: run_store::<TakeNoneIsDefault>,
    },
    Mutant {
        id: "run-store/skip-past-the-end-is-an-error",
        clause: "BACKEND-13",
        how: "answers an error for a page past the end",
        dies: &[("run-store/page-size-ignored", "gave no value: invalid argument: no such page")],
        backend: run_store::<SkipPastEndFails>,
    },
    Mutant {
        id: "run-store/equal-starts-have-no-order",
        clause: "RUN-29",
        how: "orders runs that started together anew for each page",
        dies: &[("run-store/pages-repeat-or-miss", "get-runs shows each run of all once")],
        backend: run_store::<EqualStartsHaveNoOrder>,
    },
    Mutant {
        id: "run-store/pages-of-equal-starts-have-no-order",
        clause: "RUN-29",
        how: "orders runs that started together anew for each page of get-runs-page",
        dies: &[("run-store/pages-repeat-or-miss", "get-runs-page shows each run of all once")],
        backend: run_store::<PagesHaveNoOrder>,
    },
    Mutant {
        id: "run-store/search-replaces-the-flow",
        clause: "RUN-31",
        how: "leaves the flow out of account when there is a search text",
        dies: &[("run-store/filters-not-anded", "the runs that match flow and search")],
        backend: run_store::<SearchReplacesFlow>,
    },
    Mutant {
        id: "run-store/flow-or-status",
        clause: "RUN-31",
        how: "pages the runs that match the flow or the status",
        dies: &[("run-store/filters-not-anded", "the runs that match flow and status")],
        backend: run_store::<FlowOrStatus>,
    },
    Mutant {
        id: "run-store/page-begins-with-the-oldest",
        clause: "RUN-31",
        how: "pages runs in ascending order",
        dies: &[("run-store/page-out-of-order", "the latest comes first")],
        backend: run_store::<PageBeginsWithOldest>,
    },
    Mutant {
        id: "run-store/total-is-the-pages-length",
        clause: "RUN-32",
        how: "counts the runs on the page",
        dies: &[("run-store/total-counts-page", "three match")],
        backend: run_store::<TotalIsPageLength>,
    },
    Mutant {
        id: "run-store/total-ignores-the-flow",
        clause: "RUN-32",
        how: "counts the runs of all flows",
        dies: &[("run-store/total-counts-page", "three match")],
        backend: run_store::<TotalIgnoresFlow>,
    },
    Mutant {
        id: "run-store/derives-a-thousand",
        clause: "RUN-5",
        how: "lists a thousand derived runs at the most",
        dies: &[("run-store/long-lists-cut", "all of them are derived")],
        backend: run_store::<DerivesAThousand>,
    },
    Mutant {
        id: "run-store/a-thousand-are-active",
        clause: "RUN-57",
        how: "lists a thousand active runs at the most",
        dies: &[("run-store/long-lists-cut", "all of them are active")],
        backend: run_store::<ThousandAreActive>,
    },
    Mutant {
        id: "run-store/counts-a-thousand",
        clause: "RUN-32",
        how: "counts a thousand matches at the most",
        dies: &[("run-store/long-lists-cut", "the total counts them all")],
        backend: run_store::<CountsAThousand>,
    },
    Mutant {
        id: "run-store/filters-within-the-page",
        clause: "RUN-31",
        how: "leaves the runs of another status out of the page",
        dies: &[("run-store/filters-not-anded", "one a page, those that match a status")],
        backend: run_store::<FiltersWithinPage>,
    },
    Mutant {
        id: "run-store/steps-come-by-millisecond",
        clause: "RUN-40",
        how: "orders steps by the millisecond of their start, then by key",
        dies: &[("run-store/steps-out-of-order", "also by a microsecond")],
        backend: run_store::<StepsComeByMillisecond>,
    },
];

models! {
    StepsComeByMillisecond
    FiltersWithinPage
    OldestFirst ListsEveryFlow ListHasNoDefault PageHasNoDefault TakeNoneIsDefault SkipPastEndFails
    EqualStartsHaveNoOrder SearchReplacesFlow FlowOrStatus PageBeginsWithOldest TotalIsPageLength
    TotalIgnoresFlow PagesHaveNoOrder
    DerivesAThousand ThousandAreActive CountsAThousand
}

override_run_store! {
    get_runs_page: FiltersWithinPage  CountsAThousand PageHasNoDefault SkipPastEndFails SearchReplacesFlow FlowOrStatus
        PageBeginsWithOldest TotalIsPageLength TotalIgnoresFlow PagesHaveNoOrder
}

fn all_runs(model: &mut Model, flow: Option<FlowId>) -> Answer<Vec<FlowRun>> {
    model.get_runs(flow, Page::all())
}

impl RunStore for OldestFirst {
    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let runs = all_runs(&mut self.0, flow)?;
        Ok(page.cut(runs.into_iter().rev(), Page::DEFAULT_RUNS))
    }
}

impl RunStore for ListsEveryFlow {
    fn get_runs(&mut self, _flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        self.0.get_runs(None, page)
    }
}

impl RunStore for ListHasNoDefault {
    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let take = page.take.or(Some(u32::MAX));
        self.0.get_runs(flow, Page { take, ..page })
    }
}

impl BreaksSearch for PageHasNoDefault {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let take = search.page.take.or(Some(u32::MAX));
        Search { page: Page { take, ..search.page }, ..search }.on(&mut self.0)
    }
}

impl RunStore for TakeNoneIsDefault {
    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let take = page.take.filter(|take| *take > 0);
        self.0.get_runs(flow, Page { take, ..page })
    }
}

impl BreaksSearch for SkipPastEndFails {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let page = search.on(&mut self.0)?;
        match u64::from(search.page.skip) > page.total_count {
            true => Err(Error::InvalidArgument("no such page".to_owned())),
            false => Ok(page),
        }
    }
}

impl RunStore for EqualStartsHaveNoOrder {
    fn get_runs(&mut self, flow: Option<FlowId>, page: Page) -> Answer<Vec<FlowRun>> {
        let mut runs = all_runs(&mut self.0, flow)?;
        if page.skip % 2 == 1 {
            runs.sort_by(|a, b| b.started_at.cmp(&a.started_at).then(b.id.cmp(&a.id)));
        }
        Ok(page.cut(runs, Page::DEFAULT_RUNS))
    }
}

impl BreaksSearch for SearchReplacesFlow {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let flow = search.flow.filter(|_| search.text.is_none());
        Search { flow, ..search }.on(&mut self.0)
    }
}

impl BreaksSearch for FlowOrStatus {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        if search.flow.is_none() || search.status.is_none() {
            return search.on(&mut self.0);
        }
        let everything = Search { flow: None, status: None, page: Page::all(), ..search };
        let mut runs = everything.on(&mut self.0)?.items;
        runs.retain(|run| Some(run.flow_id) == search.flow || Some(run.status) == search.status);
        let total_count = runs.len() as u64;
        Ok(FlowRunPage { items: search.page.cut(runs, Page::DEFAULT_RUNS), total_count })
    }
}

impl BreaksSearch for PageBeginsWithOldest {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let all = Search { page: Page::all(), ..search }.on(&mut self.0)?;
        let items = search.page.cut(all.items.into_iter().rev(), Page::DEFAULT_RUNS);
        Ok(FlowRunPage { items, ..all })
    }
}

impl BreaksSearch for TotalIsPageLength {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let page = search.on(&mut self.0)?;
        Ok(FlowRunPage { total_count: page.items.len() as u64, ..page })
    }
}

impl BreaksSearch for TotalIgnoresFlow {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let total_count = Search { flow: None, ..search }.on(&mut self.0)?.total_count;
        Ok(FlowRunPage { total_count, ..search.on(&mut self.0)? })
    }
}

impl BreaksSearch for PagesHaveNoOrder {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let all = Search { page: Page::all(), ..search }.on(&mut self.0)?;
        let mut items = all.items;
        if search.page.skip % 2 == 1 {
            items.sort_by(|a, b| b.started_at.cmp(&a.started_at).then(b.id.cmp(&a.id)));
        }
        Ok(FlowRunPage {
            items: search.page.cut(items, Page::DEFAULT_RUNS),
            total_count: all.total_count,
        })
    }
}

impl RunStore for DerivesAThousand {
    fn get_derived_runs(&mut self, source: RunId) -> Answer<Vec<FlowRun>> {
        let mut runs = self.0.get_derived_runs(source)?;
        runs.truncate(1_000);
        Ok(runs)
    }
}

impl RunStore for ThousandAreActive {
    fn get_active_runs(&mut self) -> Answer<Vec<FlowRun>> {
        let mut runs = self.0.get_active_runs()?;
        runs.truncate(1_000);
        Ok(runs)
    }
}

impl BreaksSearch for CountsAThousand {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let page = search.on(&mut self.0)?;
        Ok(FlowRunPage { total_count: page.total_count.min(1_000), ..page })
    }
}

impl BreaksSearch for FiltersWithinPage {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage> {
        let total_count = search.on(&mut self.0)?.total_count;
        let mut items = Search { status: None, ..search }.on(&mut self.0)?.items;
        items.retain(|run| search.status.is_none_or(|status| run.status == status));
        Ok(FlowRunPage { items, total_count })
    }
}

impl RunStore for StepsComeByMillisecond {
    fn get_run_detail(&mut self, run_id: RunId) -> Answer<Option<FlowRunDetail>> {
        let mut detail = self.0.get_run_detail(run_id)?;
        if let Some(detail) = &mut detail {
            let by_millisecond =
                |step: &FlowStep| (step.started_at.timestamp_millis(), step.step_key.clone());
            detail.steps.sort_by_key(by_millisecond);
        }
        Ok(detail)
    }
}
