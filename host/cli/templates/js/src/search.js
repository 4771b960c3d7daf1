// What `get-runs-page` finds.
import { hyphenated, isSameId } from './state.js';

// Whether a run, one of its steps or one of their attempts holds the text. The status is spelled as
// the contract has it: enumerations are text here.
export function isFound(space, run, text) {
  const id = hyphenated(run.id);
  const fields = [id, run.flowName, run.triggerKey, run.status, run.backgroundJobId];
  for (const { runId, stepKey, attempts } of space.attempts.values()) {
    if (!isSameId(runId, run.id)) continue;
    fields.push(stepKey);
    for (const attempt of attempts) fields.push(attempt.errorMessage, attempt.outputJson);
  }
  const part = folded(text);
  return fields.some((field) => field !== undefined && folded(field).includes(part));
}

// A search text of nothing but ASCII blanks is no filter. `trim` knows more blanks.
export const isBlank = (text) => /^[\t-\r ]*$/.test(text);

// ASCII letter case aside. `toLowerCase` of the whole text would also change other letters, and
// some of them by what stands beside them.
const folded = (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
