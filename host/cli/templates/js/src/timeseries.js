// Runs counted by the hour or day in which they started.
import { compare, floorDivide, inNanoseconds, invalidArgument } from './state.js';

const MAX_BUCKETS = 10_000n;
const SECOND = 1_000_000_000n;
const LEAST_SECONDS = -(2n ** 63n);

// The buckets from the one that holds `since` to the last that begins before `until`.
export function aggregate(runs, granularity, since, until) {
  const [start, end] = [inNanoseconds(since), inNanoseconds(until)];
  if (start >= end) return [];
  const width = (granularity === 'hour' ? 3_600n : 86_400n) * SECOND;
  const first = floorDivide(start, width);
  const count = floorDivide(end - 1n, width) + 1n - first;
  if (count > MAX_BUCKETS) throw invalidArgument(`${count} buckets are more than ${MAX_BUCKETS}`);
  const slots = Array.from({ length: Number(count) }, () => []);
  for (const run of runs) {
    const at = inNanoseconds(run.startedAt);
    if (start <= at && at < end) slots[Number(floorDivide(at, width) - first)].push(run);
  }
  return slots.map((slot, place) => bucket((first + BigInt(place)) * width, slot));
}

function bucket(start, runs) {
  const count = (status) => runs.filter((run) => run.status === status).length;
  const durations = runs
    .filter((run) => run.status !== 'running' && run.completedAt !== undefined)
    .map((run) => milliseconds(run.startedAt, run.completedAt))
    .sort(compare);
  const seconds = start / SECOND;
  return {
    // A BigInt has no bounds and wraps on its way out.
    timestamp: { seconds: seconds < LEAST_SECONDS ? LEAST_SECONDS : seconds, nanoseconds: 0 },
    // The contract's counts have 64 bits: BigInt, where JavaScript counts in Number.
    total: BigInt(runs.length),
    succeeded: BigInt(count('succeeded')),
    failed: BigInt(count('failed')),
    cancelled: BigInt(count('cancelled')),
    running: BigInt(count('running')),
    p50DurationMs: percentile(durations, 0.5),
    p95DurationMs: percentile(durations, 0.95),
  };
}

// The whole part and the fraction apart: a Number does not hold all nanoseconds of a long run.
function milliseconds(from, to) {
  const nanoseconds = inNanoseconds(to) - inNanoseconds(from);
  return Number(nanoseconds / 1_000_000n) + Number(nanoseconds % 1_000_000n) / 1e6;
}

// Interpolated linearly between the two nearest ranks; undefined, not 0, without a sample.
function percentile(ascending, fraction) {
  if (ascending.length === 0) return undefined;
  const rank = (ascending.length - 1) * fraction;
  const [low, high] = [ascending[Math.floor(rank)], ascending[Math.ceil(rank)]];
  return low + (high - low) * (rank % 1);
}
