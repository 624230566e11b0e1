"""The small protocol that every property graph fulfils, and the one place that picks one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from graph.model import RunResult, Snapshot
    from graph.tables import CheckedTable

Mode = Literal["read", "write"]
Progress = Callable[[str, int, int], None]
"""Called as ``progress(stage, rows_done, rows_total)`` during long work."""


def no_progress(stage: str, rows_done: int, rows_total: int) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class TableReport:
    """What became of one table's rows: ``read = added + already_there + rejected``."""

    name: str
    read: int
    added: int
    already_there: int
    rejected: int


@dataclass(frozen=True)
class LoadReport:
    """What a load did (or, when ``dry_run``, would do), table by table.

    ``checked`` are the tables with every rejected row, the store's own among them.
    """

    tables: tuple[TableReport, ...]
    checked: Mapping[str, CheckedTable]
    dry_run: bool = False


class GraphStore(Protocol):
    """A property graph of accounts and what they share; see docs/graph-model.md for its shape."""

    location: str

    def load(
        self, tables: Mapping[str, CheckedTable], *, dry_run: bool = False, progress: Progress = no_progress
    ) -> LoadReport:
        """Add the facts that are not there yet, all or nothing."""

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        """The facts as arrays; with ``as_of`` only those known at that instant."""

    def write_run(self, run: RunResult, snapshot: Snapshot, *, started_at: datetime | None = None) -> None:
        """Write a run's rings, flags and scores, all or nothing; a run of the same id is replaced."""

    def write_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        """Replace the encoder's vectors, one row (d,) per account id (N,)."""

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one Cypher query and return its rows."""

    def close(self) -> None:
        """Let go of the store."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_store(location: str, *, mode: Mode = "read") -> GraphStore:
    """Open the property graph at a location.

    Parameters
    ----------
    location
        A folder for the embedded store.
    mode
        ``"write"`` creates the store if it is missing and keeps other writers out.

    Raises
    ------
    StoreError
        If the place is missing (when reading), held by another process, not writable, or written
        by a newer Ringfence.
    """
    from graph.embedded import EmbeddedStore

    return EmbeddedStore(location, mode=mode)
