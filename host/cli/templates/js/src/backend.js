import { Namespace, hyphenated, invalidArgument, state } from './state.js';

export function describe() {
  return {
    name: '{{name}}',
    version: '0.1.0',
    // Say 'shared' once the state is behind an import, where other instances see it.
    state: 'instance',
    // Say true once what was answered survives a killed process.
    durable: false,
  };
}

export function open({ namespace, settings, registeredFlows }) {
  // Checked first: an `open` that fails changes nothing.
  for (const [name] of settings) throw invalidArgument(`there is no setting \`${name}\``);
  const ids = new Set(registeredFlows.map((flow) => hyphenated(flow.id)));
  if (ids.size < registeredFlows.length) throw invalidArgument('a flow is registered twice');
  if (!state.namespaces.has(namespace)) state.namespaces.set(namespace, new Namespace());
  state.open = namespace;
}

export function discard(namespace) {
  state.namespaces.delete(namespace);
  // It stays open, and is empty.
  if (state.open === namespace) state.namespaces.set(namespace, new Namespace());
}
