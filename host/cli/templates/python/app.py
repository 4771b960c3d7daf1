"""A `flow:storage` backend for the profile `core`.

componentize-py looks here for a class of each interface. What the functions promise stands in
`wit/`, as numbered clauses.
"""

from backend import Backend
from flow_store import FlowStore
from outputs_repository import OutputsRepository
from run_store import RunStore

__all__ = ["Backend", "FlowStore", "OutputsRepository", "RunStore"]
