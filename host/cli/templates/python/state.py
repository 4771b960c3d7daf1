"""What the backend keeps: everything, in memory, for as long as the instance lives.

To keep it elsewhere:

1. Ask for what you need. `open()` works in a directory that `plugin.toml` grants. A key-value store
   is one import more: `wit/stored.wit` with `package flow:storage@0.1.0;` and
   `world stored { include core; import wasi:keyvalue/store@0.2.0-draft2; }`, and `-w stored` where it
   is built. `plimsoll inspect` shows what to grant.
2. Let `opened()` read from there, and write before a function returns. What fails there is raised as
   `Err(Error_Unavailable("why"))`. Any other exception ends the instance: nobody knows what state it
   is in.
3. Say so in `describe`: `SHARED` if other instances see the same data, `durable` if it survives a
   killed process. The suite then judges that too.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from componentize_py_types import Err
from wit_world.imports import wall_clock
from wit_world.imports.types import (
    Error_Other,
    FlowDefinition,
    FlowEvent,
    FlowRun,
    FlowStep,
    FlowStepAttempt,
    Instant,
    Page,
    Uuid,
)

T = TypeVar("T")

# Records are dataclasses that can be changed, so none is a key of a dictionary: an id is kept as
# the tuple of its halves.
Id = tuple[int, int]
StepId = tuple[Id, str]


def key(id: Uuid) -> Id:
    return (id.high, id.low)


@dataclass
class Namespace:
    definitions: dict[Id, FlowDefinition] = field(default_factory=dict)
    runs: dict[Id, FlowRun] = field(default_factory=dict)
    # Without their attempts, which outlive a step that is reset.
    steps: dict[StepId, FlowStep] = field(default_factory=dict)
    attempts: dict[StepId, list[FlowStepAttempt]] = field(default_factory=dict)
    dispatches: set[StepId] = field(default_factory=set)
    outputs: dict[StepId, str] = field(default_factory=dict)
    inputs: dict[StepId, str] = field(default_factory=dict)
    trigger_data: dict[Id, str] = field(default_factory=dict)
    trigger_headers: dict[Id, list[tuple[str, str]]] = field(default_factory=dict)
    # Nothing in `core` reads them back; `event-reader` does.
    events: dict[Id, list[FlowEvent]] = field(default_factory=dict)


@dataclass
class State:
    # The namespace that was opened last.
    open: str | None = None
    namespaces: dict[str, Namespace] = field(default_factory=dict)


# An instance does one call at a time, so nobody needs a lock.
STATE = State()


def opened() -> Namespace:
    """The open namespace."""
    if STATE.open is None:
        # An error of the contract is raised inside `Err`. These words are the contract's.
        raise Err(Error_Other("not open"))
    return STATE.namespaces[STATE.open]


def now() -> Instant:
    """The time, from the imported clock alone: the suite turns it forward and back.

    `time.time()` reads the same clock, but a float is too coarse for it.
    """
    now = wall_clock.now()
    return Instant(now.seconds, now.nanoseconds)


def nanoseconds(at: Instant) -> int:
    """An instant as one number, to compare it: records have no order."""
    return at.seconds * 1_000_000_000 + at.nanoseconds


def cut(items: list[T], page: Page, default: int) -> list[T]:
    """The part of a list that a page asks for."""
    # Not `page.take or default`: a `take` of 0 is nothing, and only None is the default.
    take = default if page.take is None else page.take
    return items[page.skip : page.skip + take]
