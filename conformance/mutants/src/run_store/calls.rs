//! The functions of `run-store` with many arguments, each as one value that a mutant can change
//! and pass on.

use plimsoll_contract::{
    Answer, FlowId, FlowRunPage, Instant, Page, RunId, RunStatus, RunTimeseriesBucket,
    RunTimeseriesGranularity, StepStatus,
};
use plimsoll_model::RunStore;

/// A call of `record-step-start`.
#[derive(Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) run: RunId,
    pub(crate) key: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) input: Option<&'a str>,
    pub(crate) job: Option<&'a str>,
}

impl Start<'_> {
    pub(crate) fn on(self, model: &mut impl RunStore) -> Answer<()> {
        model.record_step_start(self.run, self.key, self.kind, self.input, self.job)
    }
}

/// A call of `record-step-complete`.
#[derive(Clone, Copy)]
pub(crate) struct Completion<'a> {
    pub(crate) run: RunId,
    pub(crate) key: &'a str,
    pub(crate) status: StepStatus,
    pub(crate) output: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
}

impl Completion<'_> {
    pub(crate) fn on(self, model: &mut impl RunStore) -> Answer<()> {
        model.record_step_complete(self.run, self.key, self.status, self.output, self.error)
    }
}

/// A call of `get-runs-page`.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) flow: Option<FlowId>,
    pub(crate) status: Option<RunStatus>,
    pub(crate) page: Page,
    pub(crate) text: Option<&'a str>,
}

impl Search<'_> {
    pub(crate) fn on(self, model: &mut impl RunStore) -> Answer<FlowRunPage> {
        model.get_runs_page(self.flow, self.status, self.page, self.text)
    }
}

/// A call of `get-run-timeseries`.
#[derive(Clone, Copy)]
pub(crate) struct Series {
    pub(crate) granularity: RunTimeseriesGranularity,
    pub(crate) since: Instant,
    pub(crate) until: Instant,
    pub(crate) flow: Option<FlowId>,
}

impl Series {
    pub(crate) fn on(self, model: &mut impl RunStore) -> Answer<Vec<RunTimeseriesBucket>> {
        model.get_run_timeseries(self.granularity, self.since, self.until, self.flow)
    }
}

/// A mutant that breaks `record-step-start`.
pub(crate) trait BreaksStart {
    fn start(&mut self, start: Start<'_>) -> Answer<()>;
}

/// A mutant that breaks `record-step-complete`.
pub(crate) trait BreaksCompletion {
    fn complete(&mut self, completion: Completion<'_>) -> Answer<()>;
}

/// A mutant that breaks `get-runs-page`.
pub(crate) trait BreaksSearch {
    fn search(&mut self, search: Search<'_>) -> Answer<FlowRunPage>;
}

/// A mutant that breaks `get-run-timeseries`.
pub(crate) trait BreaksSeries {
    fn series(&mut self, series: Series) -> Answer<Vec<RunTimeseriesBucket>>;
}

/// Overrides a function of `run-store` with what its mutants say of it.
macro_rules! override_run_store {
    (record_step_start: $($mutant:ident)*) => {
        $(impl plimsoll_model::RunStore for $mutant {
            fn record_step_start(
                &mut self,
                run: plimsoll_contract::RunId,
                key: &str,
                kind: &str,
                input: Option<&str>,
                job: Option<&str>,
            ) -> plimsoll_contract::Answer<()> {
                let start = $crate::run_store::calls::Start { run, key, kind, input, job };
                $crate::run_store::calls::BreaksStart::start(self, start)
            }
        })*
    };
    (record_step_complete: $($mutant:ident)*) => {
        $(impl plimsoll_model::RunStore for $mutant {
            fn record_step_complete(
                &mut self,
                run: plimsoll_contract::RunId,
                key: &str,
                status: plimsoll_contract::StepStatus,
                output: Option<&str>,
                error: Option<&str>,
            ) -> plimsoll_contract::Answer<()> {
                use $crate::run_store::calls::{BreaksCompletion, Completion};
                BreaksCompletion::complete(self, Completion { run, key, status, output, error })
            }
        })*
    };
    (get_runs_page: $($mutant:ident)*) => {
        $(impl plimsoll_model::RunStore for $mutant {
            fn get_runs_page(
                &mut self,
                flow: Option<plimsoll_contract::FlowId>,
                status: Option<plimsoll_contract::RunStatus>,
                page: plimsoll_contract::Page,
                text: Option<&str>,
            ) -> plimsoll_contract::Answer<plimsoll_contract::FlowRunPage> {
                let search = $crate::run_store::calls::Search { flow, status, page, text };
                $crate::run_store::calls::BreaksSearch::search(self, search)
            }
        })*
    };
    (get_run_timeseries: $($mutant:ident)*) => {
        $(impl plimsoll_model::RunStore for $mutant {
            fn get_run_timeseries(
                &mut self,
                granularity: plimsoll_contract::RunTimeseriesGranularity,
                since: plimsoll_contract::Instant,
                until: plimsoll_contract::Instant,
                flow: Option<plimsoll_contract::FlowId>,
            ) -> plimsoll_contract::Answer<Vec<plimsoll_contract::RunTimeseriesBucket>> {
                let series = $crate::run_store::calls::Series { granularity, since, until, flow };
                $crate::run_store::calls::BreaksSeries::series(self, series)
            }
        })*
    };
}
pub(crate) use override_run_store;
