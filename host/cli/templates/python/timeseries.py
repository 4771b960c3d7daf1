"""Runs counted by the hour or day in which they started."""

from collections.abc import Iterable

from componentize_py_types import Err
from wit_world.imports.types import (
    Error_InvalidArgument,
    FlowRun,
    Instant,
    RunStatus,
    RunTimeseriesBucket,
    RunTimeseriesGranularity,
)

from state import nanoseconds

MAX_BUCKETS = 10_000
SECOND = 1_000_000_000


def aggregate(
    runs: Iterable[FlowRun],
    granularity: RunTimeseriesGranularity,
    since: Instant,
    until: Instant,
) -> list[RunTimeseriesBucket]:
    """The buckets from the one that holds `since` to the last that begins before `until`."""
    start, end = nanoseconds(since), nanoseconds(until)
    if start >= end:
        return []
    width = (3_600 if granularity == RunTimeseriesGranularity.HOUR else 86_400) * SECOND
    # `//` rounds down, also before 1970.
    first = start // width
    count = -(-end // width) - first
    if count > MAX_BUCKETS:
        raise Err(Error_InvalidArgument(f"{count} buckets are more than {MAX_BUCKETS}"))
    slots: list[list[FlowRun]] = [[] for _ in range(count)]
    for run in runs:
        at = nanoseconds(run.started_at)
        if start <= at < end:
            slots[at // width - first].append(run)
    return [bucket((first + place) * width, slot) for place, slot in enumerate(slots)]


def bucket(start: int, runs: list[FlowRun]) -> RunTimeseriesBucket:
    def count(status: RunStatus) -> int:
        return sum(run.status == status for run in runs)

    durations = sorted(
        milliseconds(run.started_at, run.completed_at)
        for run in runs
        if run.status != RunStatus.RUNNING and run.completed_at is not None
    )
    # Numbers have no bounds here, and the contract's have: -2**63 is the least of 64 bits.
    timestamp = Instant(max(start // SECOND, -(2**63)), 0)
    return RunTimeseriesBucket(
        timestamp=timestamp,
        total=len(runs),
        succeeded=count(RunStatus.SUCCEEDED),
        failed=count(RunStatus.FAILED),
        cancelled=count(RunStatus.CANCELLED),
        running=count(RunStatus.RUNNING),
        p50_duration_ms=percentile(durations, 0.50),
        p95_duration_ms=percentile(durations, 0.95),
    )


def milliseconds(since: Instant, until: Instant) -> float:
    return (nanoseconds(until) - nanoseconds(since)) / 1_000_000


def percentile(ascending: list[float], fraction: float) -> float | None:
    """Interpolated linearly between the two nearest ranks; None, not 0, without a sample."""
    if not ascending:
        return None
    rank = (len(ascending) - 1) * fraction
    low = ascending[int(rank)]
    high = ascending[min(int(rank) + 1, len(ascending) - 1)]
    return low + (high - low) * (rank - int(rank))
