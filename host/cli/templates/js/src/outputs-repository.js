// JSON is text that comes back byte for byte: nothing here parses it. undefined is "never saved", and
// a saved null is the text `null`.
import { hyphenated, opened, stepId } from './state.js';

export function saveStepOutput(runId, stepKey, valueJson) {
  opened().outputs.set(stepId(runId, stepKey), valueJson);
}

export function saveStepInput(runId, stepKey, valueJson) {
  opened().inputs.set(stepId(runId, stepKey), valueJson);
}

export function getStepOutput(runId, stepKey) {
  return opened().outputs.get(stepId(runId, stepKey));
}

export function getStepInput(runId, stepKey) {
  return opened().inputs.get(stepId(runId, stepKey));
}

export function saveTriggerData(runId, dataJson) {
  opened().triggerData.set(hyphenated(runId), dataJson);
}

export function getTriggerData(runId) {
  return opened().triggerData.get(hyphenated(runId));
}

export function saveTriggerHeaders(runId, headers) {
  // A list of pairs and no object: a name may occur twice. An empty list counts as saved.
  opened().triggerHeaders.set(hyphenated(runId), headers);
}

export function getTriggerHeaders(runId) {
  return opened().triggerHeaders.get(hyphenated(runId));
}

export function endScope(runId, stepKey) {
  // What was saved can still be read.
  opened();
}

export function recordEvent(runId, event) {
  const { events } = opened();
  const id = hyphenated(runId);
  if (!events.has(id)) events.set(id, []);
  events.get(id).push(event);
}
