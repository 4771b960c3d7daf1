from dataclasses import replace
from collections.abc import Callable

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.types import (
    DashboardStatistics,
    Error_AlreadyExists,
    Error_InvalidArgument,
    FlowRun,
    FlowRunDetail,
    FlowRunPage,
    FlowStep,
    FlowStepAttempt,
    Instant,
    Page,
    RunStatus,
    RunTimeseriesBucket,
    RunTimeseriesGranularity,
    StepStatus,
    Uuid,
)

from search import is_blank, is_found
from state import cut, key, nanoseconds, now, opened
from timeseries import aggregate

DEFAULT_RUNS = 50

# The error of a step that is skipped because of its predecessors, in the contract's words.
PREREQUISITE = "Prerequisite status did not satisfy runAfter conditions."


class RunStore(exports.RunStore):
    def start_run(
        self,
        flow_id: Uuid,
        flow_name: str,
        run_id: Uuid,
        trigger_key: str,
        trigger_data_json: str | None,
        job_id: str | None,
        source_run_id: Uuid | None,
    ) -> FlowRun:
        runs = opened().runs
        if key(run_id) in runs:
            raise Err(Error_AlreadyExists())
        run = FlowRun(
            id=run_id,
            flow_id=flow_id,
            flow_name=flow_name,
            status=RunStatus.RUNNING,
            trigger_key=trigger_key,
            trigger_data_json=trigger_data_json,
            background_job_id=job_id,
            started_at=now(),
            completed_at=None,
            source_run_id=source_run_id,
        )
        runs[key(run_id)] = run
        return run

    def get_derived_runs(self, source_run_id: Uuid) -> list[FlowRun]:
        return latest_first(lambda run: run.source_run_id == source_run_id)

    def record_step_start(
        self,
        run_id: Uuid,
        step_key: str,
        step_type: str,
        input_json: str | None,
        job_id: str | None,
    ) -> None:
        space, id = opened(), (key(run_id), step_key)
        attempts = space.attempts.setdefault(id, [])
        attempt = FlowStepAttempt(
            attempt=len(attempts) + 1,
            step_type=step_type,
            status=StepStatus.RUNNING,
            input_json=input_json,
            output_json=None,
            error_message=None,
            job_id=job_id,
            started_at=now(),
            completed_at=None,
            evaluation_trace_json=None,
        )
        attempts.append(attempt)
        space.steps[id] = step_of(run_id, step_key, attempt, attempts[0].started_at)

    def record_step_complete(
        self,
        run_id: Uuid,
        step_key: str,
        status: StepStatus,
        output_json: str | None,
        error_message: str | None,
    ) -> None:
        space, id = opened(), (key(run_id), step_key)
        if status == StepStatus.RUNNING:
            raise Err(Error_InvalidArgument("a completed step is not running"))
        step = space.steps.get(id)
        # A step that was reset is unknown, and its attempts stay as they are.
        if step is None:
            return
        at = now()
        for ended in (step, space.attempts[id][-1]):
            ended.status = status
            ended.output_json = output_json
            ended.error_message = error_message
            ended.completed_at = at

    def complete_run(self, run_id: Uuid, status: RunStatus) -> None:
        runs = opened().runs
        if status == RunStatus.RUNNING:
            raise Err(Error_InvalidArgument("a completed run is not running"))
        run = runs.get(key(run_id))
        if run is not None:
            run.status = status
            run.completed_at = now()

    def get_runs(self, flow_id: Uuid | None, page: Page) -> list[FlowRun]:
        runs = latest_first(lambda run: flow_id is None or run.flow_id == flow_id)
        return cut(runs, page, DEFAULT_RUNS)

    def get_runs_page(
        self,
        flow_id: Uuid | None,
        status: RunStatus | None,
        page: Page,
        search: str | None,
    ) -> FlowRunPage:
        space = opened()
        text = None if search is None or is_blank(search) else search
        # `is None` throughout: the first case of an enumeration, 0 and "" are values.
        runs = latest_first(
            lambda run: (
                (flow_id is None or run.flow_id == flow_id)
                and (status is None or run.status == status)
                and (text is None or is_found(space, run, text))
            )
        )
        return FlowRunPage(items=cut(runs, page, DEFAULT_RUNS), total_count=len(runs))

    def get_run_detail(self, run_id: Uuid) -> FlowRunDetail | None:
        space = opened()
        run = space.runs.get(key(run_id))
        if run is None:
            return None
        steps = [
            replace(step, attempts=space.attempts[id])
            for id, step in space.steps.items()
            if id[0] == key(run_id)
        ]
        steps.sort(key=lambda step: nanoseconds(step.started_at))
        return FlowRunDetail(run=run, steps=steps)

    def get_statistics(self) -> DashboardStatistics:
        space, today = opened(), day(now())

        def ended_today(status: RunStatus) -> int:
            ended = [run.completed_at for run in space.runs.values() if run.status == status]
            return sum(at is not None and day(at) == today for at in ended)

        return DashboardStatistics(
            total_flows=sum(flow.is_enabled for flow in space.definitions.values()),
            active_runs=len(self.get_active_runs()),
            completed_today=ended_today(RunStatus.SUCCEEDED),
            failed_today=ended_today(RunStatus.FAILED),
        )

    def get_run_timeseries(
        self,
        granularity: RunTimeseriesGranularity,
        since: Instant,
        until: Instant,
        flow_id: Uuid | None,
    ) -> list[RunTimeseriesBucket]:
        runs = opened().runs.values()
        of_flow = (run for run in runs if flow_id is None or run.flow_id == flow_id)
        return aggregate(of_flow, granularity, since, until)

    def get_active_runs(self) -> list[FlowRun]:
        return latest_first(lambda run: run.status == RunStatus.RUNNING)

    def retry_step(self, run_id: Uuid, step_key: str) -> None:
        space, id = opened(), (key(run_id), step_key)
        step = space.steps.get(id)
        if step is not None:
            step.status = StepStatus.RUNNING
            step.output_json = None
            step.error_message = None
            step.completed_at = None
            step.evaluation_trace_json = None
        run = space.runs.get(key(run_id))
        if run is not None:
            run.status = RunStatus.RUNNING
            run.completed_at = None
        # With `run-runtime-store`, the step's claim is freed here too.
        space.dispatches.discard(id)

    def reset_cascade_skipped_dependents(self, run_id: Uuid, step_keys: list[str]) -> None:
        space = opened()
        for step_key in step_keys:
            id = (key(run_id), step_key)
            step = space.steps.get(id)
            if step is None or step.status != StepStatus.SKIPPED:
                continue
            if step.error_message == PREREQUISITE:
                # The attempts stay: history is not undone.
                del space.steps[id]
                space.dispatches.discard(id)

    def try_record_dispatch(self, run_id: Uuid, step_key: str) -> bool:
        dispatches, id = opened().dispatches, (key(run_id), step_key)
        # A lost race is False, not an error.
        if id in dispatches:
            return False
        dispatches.add(id)
        return True

    def annotate_dispatch(self, run_id: Uuid, step_key: str, job_id: str) -> None:
        # Nothing reads the job's id back yet.
        opened()

    def release_dispatch(self, run_id: Uuid, step_key: str) -> None:
        opened().dispatches.discard((key(run_id), step_key))

    def get_dispatched_step_keys(self, run_id: Uuid) -> list[str]:
        # A list of the contract is a list here: a set or a generator ends the call.
        return [step_key for id, step_key in opened().dispatches if id == key(run_id)]


def latest_first(keep: Callable[[FlowRun], bool]) -> list[FlowRun]:
    runs = filter(keep, opened().runs.values())
    # Stable, so that the pages of runs with one start fit together.
    return sorted(runs, key=lambda run: nanoseconds(run.started_at), reverse=True)


def day(at: Instant) -> int:
    # `//` rounds down, also before 1970.
    return at.seconds // 86_400


def step_of(
    run_id: Uuid, step_key: str, attempt: FlowStepAttempt, first_start: Instant
) -> FlowStep:
    """A step is as its latest attempt is, and keeps its first start."""
    return FlowStep(
        run_id=run_id,
        step_key=step_key,
        step_type=attempt.step_type,
        status=attempt.status,
        input_json=attempt.input_json,
        output_json=attempt.output_json,
        error_message=attempt.error_message,
        job_id=attempt.job_id,
        started_at=first_start,
        completed_at=attempt.completed_at,
        evaluation_trace_json=attempt.evaluation_trace_json,
        attempts=[],
    )
