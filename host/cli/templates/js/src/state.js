// What the backend keeps: everything, in memory, for as long as the instance lives.
//
// To keep it elsewhere:
//
// 1. Ask for what you need. A key-value store is one import more: `wit/stored.wit` with
//    `package flow:storage@0.1.0;` and
//    `world stored { include core; import wasi:keyvalue/store@0.2.0-draft2; }`, and that world in
//    `build.js`. `plimsoll inspect` shows what to grant.
// 2. Let `opened()` read from there, and write before a function returns. What fails there is
//    `throw unavailable('why')`. Any other exception ends the instance: nobody knows what state it
//    is in.
// 3. Say so in `describe`: `shared` if other instances see the same data, `durable` if it survives a
//    killed process. The suite then judges that too.
import * as wallClock from 'wasi:clocks/wall-clock@0.2.0';

// Errors are variants: thrown as `tag` and, where the case has one, `val`. An `Error` of JavaScript
// is none of the contract's and ends the call as a trap.
export const notFound = () => ({ tag: 'not-found' });
export const alreadyExists = () => ({ tag: 'already-exists' });
export const invalidArgument = (why) => ({ tag: 'invalid-argument', val: why });
export const unavailable = (why) => ({ tag: 'unavailable', val: why });
export const other = (why) => ({ tag: 'other', val: why });

export class Namespace {
  definitions = new Map();
  runs = new Map();
  // Without their attempts, which outlive a step that is reset.
  steps = new Map();
  attempts = new Map();
  dispatches = new Set();
  outputs = new Map();
  inputs = new Map();
  triggerData = new Map();
  triggerHeaders = new Map();
  // Nothing in `core` reads them back; `event-reader` does.
  events = new Map();
}

export const state = {
  // The namespace that was opened last.
  open: undefined,
  namespaces: new Map(),
};

// The open namespace.
export function opened() {
  // These words are the contract's.
  if (state.open === undefined) throw other('not open');
  return state.namespaces.get(state.open);
}

// An id as text. A map compares objects by identity, so a record is never its key; the text is. Its
// halves have 64 bits, which is more than a Number holds: they are BigInt, and stay so.
export function hyphenated({ high, low }) {
  const digits = [high, low].map((half) => half.toString(16).padStart(16, '0')).join('');
  const parts = [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]];
  return parts.map(([from, to]) => digits.slice(from, to)).join('-');
}

// Ids are of one length, so what follows needs no escaping.
export const stepId = (runId, stepKey) => `${hyphenated(runId)}/${stepKey}`;

export const isSameId = (a, b) => a.high === b.high && a.low === b.low;

// The time, from the imported clock alone: the suite turns it forward and back. `Date` reads the
// same clock and drops what is below the millisecond.
export const now = () => wallClock.now();

// The seconds of an instant. A negative number of 64 bits arrives without its sign, as 2^64 more.
export const inSeconds = ({ seconds }) => BigInt.asIntN(64, seconds);

// An instant as one BigInt, to compare it: `seconds` is a BigInt and `nanoseconds` a Number, and
// the two do not add up by themselves.
export const inNanoseconds = (instant) =>
  inSeconds(instant) * 1_000_000_000n + BigInt(instant.nanoseconds);

// BigInt has no minus that `sort` takes.
export const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// The quotient rounded down, also before 1970, where `/` rounds towards zero.
export function floorDivide(a, b) {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

// The part of a list that a page asks for.
export function cut(items, { skip, take }, byDefault) {
  // `??` and not `||`: a `take` of 0 is nothing, and only undefined is the default.
  return items.slice(skip, skip + (take ?? byDefault));
}
