// A `flow:storage` backend for the profile `core`: each interface of `wit/` is a module, and is
// exported by its name in camel case. What the functions promise stands in `wit/`, as numbered
// clauses.
export * as backend from './backend.js';
export * as flowStore from './flow-store.js';
export * as outputsRepository from './outputs-repository.js';
export * as runStore from './run-store.js';
