from wit_world import exports
from wit_world.imports.types import FlowEvent, Uuid

from state import key, opened


# JSON is text that comes back byte for byte: nothing here parses it. None is "never saved", and a
# saved null is the text `null`.
class OutputsRepository(exports.OutputsRepository):
    def save_step_output(self, run_id: Uuid, step_key: str, value_json: str) -> None:
        opened().outputs[key(run_id), step_key] = value_json

    def save_step_input(self, run_id: Uuid, step_key: str, value_json: str) -> None:
        opened().inputs[key(run_id), step_key] = value_json

    def get_step_output(self, run_id: Uuid, step_key: str) -> str | None:
        return opened().outputs.get((key(run_id), step_key))

    def get_step_input(self, run_id: Uuid, step_key: str) -> str | None:
        return opened().inputs.get((key(run_id), step_key))

    def save_trigger_data(self, run_id: Uuid, data_json: str) -> None:
        opened().trigger_data[key(run_id)] = data_json

    def get_trigger_data(self, run_id: Uuid) -> str | None:
        return opened().trigger_data.get(key(run_id))

    def save_trigger_headers(self, run_id: Uuid, headers: list[tuple[str, str]]) -> None:
        # A list and no dictionary: a name may occur twice. An empty list counts as saved.
        opened().trigger_headers[key(run_id)] = headers

    def get_trigger_headers(self, run_id: Uuid) -> list[tuple[str, str]] | None:
        return opened().trigger_headers.get(key(run_id))

    def end_scope(self, run_id: Uuid, step_key: str) -> None:
        # What was saved can still be read.
        opened()

    def record_event(self, run_id: Uuid, event: FlowEvent) -> None:
        opened().events.setdefault(key(run_id), []).append(event)
