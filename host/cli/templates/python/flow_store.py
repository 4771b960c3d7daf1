from dataclasses import replace

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.types import Error_NotFound, FlowDefinition, Uuid

from state import key, now, opened


class FlowStore(exports.FlowStore):
    def get_all(self) -> list[FlowDefinition]:
        return sorted(opened().definitions.values(), key=lambda definition: definition.name)

    # None is the contract's none.
    def get_by_id(self, id: Uuid) -> FlowDefinition | None:
        return opened().definitions.get(key(id))

    def save(self, definition: FlowDefinition) -> FlowDefinition:
        definitions, at = opened().definitions, now()
        before = definitions.get(key(definition.id))
        created_at = before.created_at if before else at
        stored = replace(definition, created_at=created_at, updated_at=at)
        definitions[key(definition.id)] = stored
        return stored

    def delete(self, id: Uuid) -> None:
        opened().definitions.pop(key(id), None)

    def set_enabled(self, id: Uuid, enabled: bool) -> FlowDefinition:
        definition = opened().definitions.get(key(id))
        if definition is None:
            raise Err(Error_NotFound())
        definition.is_enabled = enabled
        definition.updated_at = now()
        return definition
