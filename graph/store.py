"""The small protocol that every property graph fulfils, and the one place that picks one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from graph.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from graph.model import RunResult, Snapshot
    from graph.tables import CheckedTable

Mode = Literal["read", "write"]
Progress = Callable[[str, int, int], None]
"""Called as ``progress(stage, rows_done, rows_total)`` during long work."""


SERVER_SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")


@dataclass(frozen=True)
class Server:
    """A Neo4j server, a database on it, and as whom to log in.

    ``password`` is None where the server asks for none; ``database`` None for the user's own;
    ``ca_file`` names the certificates to trust instead of the system's.
    """

    uri: str
    username: str = "neo4j"
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    ca_file: str | None = None

    def __str__(self) -> str:
        return self.uri if self.database is None else f"{self.uri} ({self.database})"


Location = str | Server
"""A folder, the address of a Neo4j server, or all that there is to know of one."""

_NAMED = re.compile(r"\bAS (\w+)")
_LAST_NODE = re.compile(r"\((\w+)[^()]*\)$")


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

    def query_many(self, questions: Sequence[Question]) -> list[list[dict[str, Any]]]:
        """The rows of each of several questions, asked in the way that is quickest here."""

    def close(self) -> None:
        """Let go of the store."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_store(location: Location, *, mode: Mode = "read") -> GraphStore:
    """Open the property graph at a location.

    Parameters
    ----------
    location
        A folder for the embedded store, or a Neo4j server; to an address alone the environment adds
        the rest (NEO4J_USERNAME, NEO4J_PASSWORD, NEO4J_DATABASE, NEO4J_CA_FILE).
    mode
        ``"write"`` creates the store if it is missing and keeps other writers out.

    Raises
    ------
    ConfigError
        If the location makes no sense.
    StoreError
        If the place is missing (when reading), held by another process, not writable, or written
        by a newer Ringfence.
    """
    match find_server(location) if isinstance(location, str) else location:
        case None:
            from graph.embedded import EmbeddedStore

            return EmbeddedStore(str(location), mode=mode)
        case server:
            from graph.server import ServerStore

            return ServerStore(server, mode=mode)


def find_server(location: str, *, settings: Mapping[str, str | None] | None = None) -> Server | None:
    """The server that an address names, or None for a folder.

    Parameters
    ----------
    location
        What the user wrote.
    settings
        ``username``, ``password``, ``database`` and ``ca_file``, for what the environment leaves open.

    Raises
    ------
    ConfigError
        If it is the address of something else, or holds a password.
    """
    scheme, found, rest = location.partition("://")
    if not found:
        return None
    if scheme.lower() not in SERVER_SCHEMES:
        raise ConfigError(f"no store has addresses like {scheme}://…; a Neo4j server's begins with neo4j:// or bolt://")
    if "@" in re.split("[/?#]", rest, maxsplit=1)[0]:
        raise ConfigError(
            "a user or password does not belong in the address, where others can read it; set NEO4J_USERNAME and"
            " NEO4J_PASSWORD"
        )
    known = settings or {}

    def choose(name: str) -> str | None:
        return os.environ.get(f"NEO4J_{name.upper()}") or known.get(name) or None

    return Server(
        uri=f"{scheme.lower()}://{rest}",
        username=choose("username") or "neo4j",
        password=choose("password"),
        database=choose("database"),
        ca_file=choose("ca_file"),
    )
