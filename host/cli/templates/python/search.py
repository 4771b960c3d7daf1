"""What `get-runs-page` finds."""

from wit_world.imports.types import FlowRun, RunStatus, Uuid

from state import Namespace, key


def is_found(space: Namespace, run: FlowRun, text: str) -> bool:
    """Whether a run, one of its steps or one of their attempts holds the text."""
    fields: list[str | None] = [
        hyphenated(run.id),
        run.flow_name,
        run.trigger_key,
        status_name(run.status),
        run.background_job_id,
    ]
    for (run_id, step_key), attempts in space.attempts.items():
        if run_id == key(run.id):
            fields.append(step_key)
            fields.extend(attempt.error_message for attempt in attempts)
            fields.extend(attempt.output_json for attempt in attempts)
    part = folded(text)
    return any(part in folded(field) for field in fields if field is not None)


def is_blank(text: str) -> bool:
    """A search text of nothing but ASCII blanks is no filter. `strip()` alone knows more blanks."""
    return not text.strip("\t\n\v\f\r ")


def folded(text: str) -> bytes:
    """ASCII letter case aside, which is what `lower()` of bytes does.

    That of text would also change other letters, and some of them by what stands beside them.
    """
    return text.encode().lower()


def hyphenated(id: Uuid) -> str:
    """An id as text: `high` is the first half of the digits, `low` the other."""
    digits = f"{id.high:016x}{id.low:016x}"
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def status_name(status: RunStatus) -> str:
    """As the contract spells it: `timed-out`, where Python has `TIMED_OUT`."""
    return status.name.lower().replace("_", "-")
