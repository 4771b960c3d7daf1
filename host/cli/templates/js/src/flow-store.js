import { compare, hyphenated, notFound, now, opened } from './state.js';

export function getAll() {
  const definitions = [...opened().definitions.values()];
  return definitions.sort((a, b) => compare(a.name, b.name));
}

// undefined is the contract's none.
export function getById(id) {
  return opened().definitions.get(hyphenated(id));
}

export function save(definition) {
  const { definitions } = opened();
  const id = hyphenated(definition.id);
  const at = now();
  const createdAt = definitions.get(id)?.createdAt ?? at;
  const stored = { ...definition, createdAt, updatedAt: at };
  definitions.set(id, stored);
  return stored;
}

function remove(id) {
  opened().definitions.delete(hyphenated(id));
}

// The contract's name is a word of the language.
export { remove as delete };

export function setEnabled(id, enabled) {
  const definition = opened().definitions.get(hyphenated(id));
  if (definition === undefined) throw notFound();
  definition.isEnabled = enabled;
  definition.updatedAt = now();
  return definition;
}
