"""The small protocol that every property graph fulfils."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from graph.casebook.book import Casebook
    from graph.contract.tables import CheckedTable
    from graph.model import Snapshot
    from graph.results import RunResult
    from graph.settings import QuerySettings
    from graph.stores.texts import Candidate, IdRow, NamedKind, Wanted

Mode = Literal["read", "write"]

_NAMED = re.compile(r"\bAS (\w+)")
_LAST_NODE = re.compile(r"\((\w+)[^()]*\)$")


@dataclass(frozen=True)
class TableReport:
    """What became of one table's rows.

    ``read`` rows of the file; ``added`` brought something new (or filled blanks), ``changed`` another state of what is
    known, ``unchanged`` nothing, and ``rejected`` broke the contract or contradict what is known.  ``removed`` is how
    many rows of the store are gone, marked by a row or, where the table was replaced, in no row any more.
    """

    name: str
    read: int
    added: int
    changed: int
    unchanged: int
    removed: int
    rejected: int


def accept_all(tables: Mapping[str, CheckedTable]) -> None:
    """Let a load go on whatever it rejects."""


@dataclass(frozen=True)
class LoadTerms:
    """How a load is to be taken.

    Attributes
    ----------
    as_of
        When what it says was so (UTC): a row that names no instant itself is as late as this.  Now, if None.
    replaced
        Tables of which the store is to keep nothing that the load does not have.
    review
        Is shown the tables, with all rejects, before anything is written; what it raises stops the load.  No store
        looks at the tables that it was given after that, so that whoever gave them may let go of them here.
    """

    as_of: np.datetime64 | None = None
    replaced: frozenset[str] = frozenset()
    review: Callable[[Mapping[str, CheckedTable]], None] = accept_all

    def find_instant(self) -> int:
        """The instant of the load, in microseconds since 1970."""
        from datetime import UTC, datetime

        if self.as_of is None:
            return int(datetime.now(UTC).timestamp() * 1e6)
        return int(self.as_of.astype("datetime64[us]").astype(int))


TAKE_ALL = LoadTerms()
"""Unless told otherwise: as of now, and nothing is replaced."""


@dataclass(frozen=True)
class LoadReport:
    """What a load did (or, when ``dry_run``, would do), table by table.

    ``checked`` are the tables with every rejected row, the store's own among them; after a large load their other rows
    may be gone.
    """

    tables: tuple[TableReport, ...]
    checked: Mapping[str, CheckedTable]
    dry_run: bool = False


@dataclass(frozen=True)
class Question:
    """What to return of the ways that lead from some nodes, or of those nodes themselves.

    Parameters
    ----------
    near
        The node to start from, with its label: ``(a:Account)``.
    key
        Which property of it is one of ``ids``: ``a.account_id``.
    returns
        What follows RETURN; each value has a name.
    ids
        Which nodes; they may be given later.
    way
        Where to go from there, to a node with a name: ``(a)-[:USES]->(i:Identifier)``.
    condition
        What has to hold besides.
    order
        How the rows lie, and how many there are at most.
    gather
        A property of the node that is reached.  It makes one row of each id and the values before,
        and adds two columns: ``n``, how many nodes are reached from there, and ``gathered``, which
        ones, unless they are more than ``most``.
    most
        How many are gathered at most.
    found_by
        The property by which a store finds the nodes, where that is another than ``key``.
    """

    near: str
    key: str
    returns: str
    ids: Sequence[str] = ()
    way: str = ""
    condition: str = ""
    order: str = ""
    gather: str = ""
    most: int = 0
    found_by: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what ``returns`` gives."""
        return tuple(_NAMED.findall(self.returns))

    @property
    def far(self) -> str:
        """The variable of the node that the way leads to."""
        found = _LAST_NODE.search(self.way)
        return found[1] if found else ""


class GraphStore(Protocol):
    """A property graph of accounts and what they share; see docs/graph-model.md for its shape."""

    location: str

    @property
    def casebook(self) -> Casebook:
        """What people decided and said; it may be added to while others load and run, by whoever may read the store."""

    @property
    def measures(self) -> Casebook:
        """What was done about flags: a book of events as the casebook is; see :mod:`graph.measures.events`."""

    def load(
        self,
        tables: Mapping[str, CheckedTable],
        terms: LoadTerms = TAKE_ALL,
        *,
        dry_run: bool = False,
        progress: Progress = no_progress,
    ) -> LoadReport:
        """Take in the facts that are not there yet, all or nothing; what held before becomes history."""

    def mark_facts(self) -> str:
        """A mark of the facts: while it stays the same, so do they."""

    def require_whole(self) -> None:
        """Compare all that is kept with what was written, where that is known, before much of it is read."""

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        """The facts as arrays; with ``as_of`` only those known at that instant."""

    def write_run(self, run: RunResult, snapshot: Snapshot, *, started_at: datetime | None = None) -> None:
        """Write a run's rings, flags and scores, all or nothing; a run of the same id is replaced."""

    def write_vectors(self, account_id: NDArray[Any], vectors: NDArray[np.float32]) -> None:
        """Replace the encoder's vectors, one row (d,) per account id (N,)."""

    def query(self, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one Cypher query and return its rows; a store opened for reading asks nothing that could do more."""

    def ask_within(self, limits: QuerySettings, cypher: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run one Cypher query of somebody's and return its rows, or stop it.

        Raises
        ------
        QueryLimitError
            If it takes more than the limits allow.
        QueryError
            If the query is wrong.
        """

    def query_many(self, questions: Sequence[Question]) -> list[list[dict[str, Any]]]:
        """The rows of each of several questions, asked in the way that is quickest here."""

    def find_ids(self, kind: NamedKind, low: str, *, most: int) -> list[IdRow]:
        """The ids of a kind that have a text (in small letters): those that are it first, then those that begin so."""

    def find_identifiers(self, wanted: Wanted, *, most: int) -> list[Candidate]:
        """The identifiers that have a text in any of its forms, or are it in another spelling: those first."""

    def close(self) -> None:
        """Let go of the store."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
