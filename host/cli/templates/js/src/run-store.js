import { isBlank, isFound } from './search.js';
import {
  alreadyExists, compare, cut, floorDivide, hyphenated, inNanoseconds, inSeconds, invalidArgument,
  isSameId, now, opened, stepId,
} from './state.js';
import { aggregate } from './timeseries.js';

const DEFAULT_RUNS = 50;

// The error of a step that is skipped because of its predecessors, in the contract's words.
const PREREQUISITE = 'Prerequisite status did not satisfy runAfter conditions.';

export function startRun(
  flowId, flowName, runId, triggerKey, triggerDataJson, jobId, sourceRunId,
) {
  const { runs } = opened();
  const id = hyphenated(runId);
  if (runs.has(id)) throw alreadyExists();
  const run = {
    id: runId,
    flowId,
    flowName,
    status: 'running',
    triggerKey,
    triggerDataJson,
    backgroundJobId: jobId,
    startedAt: now(),
    completedAt: undefined,
    sourceRunId,
  };
  runs.set(id, run);
  return run;
}

export function getDerivedRuns(sourceRunId) {
  return latestFirst((run) => run.sourceRunId && isSameId(run.sourceRunId, sourceRunId));
}

export function recordStepStart(runId, stepKey, stepType, inputJson, jobId) {
  const space = opened();
  const id = stepId(runId, stepKey);
  if (!space.attempts.has(id)) space.attempts.set(id, { runId, stepKey, attempts: [] });
  const { attempts } = space.attempts.get(id);
  const attempt = {
    attempt: attempts.length + 1,
    stepType,
    status: 'running',
    inputJson,
    outputJson: undefined,
    errorMessage: undefined,
    jobId,
    startedAt: now(),
    completedAt: undefined,
    evaluationTraceJson: undefined,
  };
  attempts.push(attempt);
  // A step is as its latest attempt is, and keeps its first start.
  space.steps.set(id, { ...attempt, runId, stepKey, startedAt: attempts[0].startedAt });
}

export function recordStepComplete(runId, stepKey, status, outputJson, errorMessage) {
  const space = opened();
  if (status === 'running') throw invalidArgument('a completed step is not running');
  const id = stepId(runId, stepKey);
  const step = space.steps.get(id);
  // A step that was reset is unknown, and its attempts stay as they are.
  if (step === undefined) return;
  const outcome = { status, outputJson, errorMessage, completedAt: now() };
  Object.assign(step, outcome);
  Object.assign(space.attempts.get(id).attempts.at(-1), outcome);
}

export function completeRun(runId, status) {
  const { runs } = opened();
  if (status === 'running') throw invalidArgument('a completed run is not running');
  const run = runs.get(hyphenated(runId));
  if (run !== undefined) Object.assign(run, { status, completedAt: now() });
}

export function getRuns(flowId, page) {
  return cut(latestFirst(isOfFlow(flowId)), page, DEFAULT_RUNS);
}

export function getRunsPage(flowId, status, page, search) {
  const space = opened();
  const text = search === undefined || isBlank(search) ? undefined : search;
  const ofFlow = isOfFlow(flowId);
  const runs = latestFirst((run) =>
    ofFlow(run)
    && (status === undefined || run.status === status)
    && (text === undefined || isFound(space, run, text)));
  return { items: cut(runs, page, DEFAULT_RUNS), totalCount: BigInt(runs.length) };
}

export function getRunDetail(runId) {
  const space = opened();
  const run = space.runs.get(hyphenated(runId));
  if (run === undefined) return undefined;
  const steps = [...space.steps]
    .filter(([, step]) => isSameId(step.runId, runId))
    .map(([id, step]) => ({ ...step, attempts: space.attempts.get(id).attempts }))
    .sort((a, b) => compare(inNanoseconds(a.startedAt), inNanoseconds(b.startedAt)));
  return { run, steps };
}

export function getStatistics() {
  const { definitions, runs } = opened();
  const today = day(now());
  const count = (keep) => BigInt([...runs.values()].filter(keep).length);
  const endedToday = (status) =>
    count((run) => run.status === status && day(run.completedAt) === today);
  const enabled = [...definitions.values()].filter((flow) => flow.isEnabled);
  return {
    totalFlows: BigInt(enabled.length),
    activeRuns: count((run) => run.status === 'running'),
    completedToday: endedToday('succeeded'),
    failedToday: endedToday('failed'),
  };
}

export function getRunTimeseries(granularity, since, until, flowId) {
  const runs = [...opened().runs.values()].filter(isOfFlow(flowId));
  return aggregate(runs, granularity, since, until);
}

export function getActiveRuns() {
  return latestFirst((run) => run.status === 'running');
}

export function retryStep(runId, stepKey) {
  const space = opened();
  const cleared = {
    status: 'running',
    outputJson: undefined,
    errorMessage: undefined,
    completedAt: undefined,
    evaluationTraceJson: undefined,
  };
  const step = space.steps.get(stepId(runId, stepKey));
  if (step !== undefined) Object.assign(step, cleared);
  const run = space.runs.get(hyphenated(runId));
  if (run !== undefined) Object.assign(run, { status: 'running', completedAt: undefined });
  // With `run-runtime-store`, the step's claim is freed here too.
  space.dispatches.delete(stepId(runId, stepKey));
}

export function resetCascadeSkippedDependents(runId, stepKeys) {
  const space = opened();
  for (const stepKey of stepKeys) {
    const id = stepId(runId, stepKey);
    const step = space.steps.get(id);
    if (step?.status === 'skipped' && step.errorMessage === PREREQUISITE) {
      // The attempts stay: history is not undone.
      space.steps.delete(id);
      space.dispatches.delete(id);
    }
  }
}

export function tryRecordDispatch(runId, stepKey) {
  const { dispatches } = opened();
  const id = stepId(runId, stepKey);
  // A lost race is false, not an error.
  if (dispatches.has(id)) return false;
  dispatches.add(id);
  return true;
}

export function annotateDispatch(runId, stepKey, jobId) {
  // Nothing reads the job's id back yet.
  opened();
}

export function releaseDispatch(runId, stepKey) {
  opened().dispatches.delete(stepId(runId, stepKey));
}

export function getDispatchedStepKeys(runId) {
  // A list of the contract is an array: a Set would arrive as an empty list.
  const ofRun = stepId(runId, '');
  const ids = [...opened().dispatches].filter((id) => id.startsWith(ofRun));
  return ids.map((id) => id.slice(ofRun.length));
}

function isOfFlow(flowId) {
  return (run) => flowId === undefined || isSameId(run.flowId, flowId);
}

// Stable, so that the pages of runs with one start fit together.
function latestFirst(keep) {
  const runs = [...opened().runs.values()].filter(keep);
  return runs.sort((a, b) => compare(inNanoseconds(b.startedAt), inNanoseconds(a.startedAt)));
}

const day = (instant) => floorDivide(inSeconds(instant), 86_400n);
