"""Where a property graph is: a folder, or a database on a Neo4j server."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from graph.errors import ConfigError

SERVER_SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")


WAIT_SECONDS = 60.0
"""How long a writer waits for another one unless it is told otherwise."""

KEPT_GENERATIONS = 3
"""How many generations of a graph in a folder are kept unless it is told otherwise."""


@dataclass(frozen=True)
class Folder:
    """A folder that holds a graph, and how it is used.

    ``wait_seconds`` is how long a writer waits for another one; ``kept_generations``, 1 or more, how many of the latest
    generations stay.
    """

    path: str
    wait_seconds: float = WAIT_SECONDS
    kept_generations: int = KEPT_GENERATIONS

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Server:
    """A Neo4j server, a database on it, and as whom to log in.

    ``password`` is None where the server asks for none; ``database`` None for the user's own;
    ``ca_file`` names the certificates to trust instead of the system's; ``wait_seconds`` is how long a writer waits for
    another one.
    """

    uri: str
    username: str = "neo4j"
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    ca_file: str | None = None
    wait_seconds: float = WAIT_SECONDS

    def __post_init__(self) -> None:
        """Refuse an address that holds a password, be it made by a program."""
        _refuse_odd_address(self.uri.partition("://")[2])

    def __str__(self) -> str:
        address = self.uri.partition("?")[0]
        return address if self.database is None else f"{address} ({self.database})"


Location = str | Folder | Server
"""A folder, the address of a Neo4j server, or all that there is to know of one."""


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
        If it is the address of something else, or holds a password.  What was written is never repeated.
    """
    scheme, found, rest = location.partition("://")
    if not found:
        _refuse_half_address(location)
        return None
    if scheme.lower() not in SERVER_SCHEMES:
        named = f" like {scheme}://…" if _SCHEME.fullmatch(scheme) else " like this one"
        raise ConfigError(f"no store has addresses{named}; a Neo4j server's begins with neo4j:// or bolt://")
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


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9.+-]{0,20}")
_HALF_ADDRESS = re.compile(rf"(?:{'|'.join(map(re.escape, SERVER_SCHEMES))}):|[^/\\]+:[^/\\]*@", re.IGNORECASE)
_PLACE = re.compile(r"(?:\[[\w:.]+\]|[^\s/?#@:%\[\]\\]+)(?::\d{1,5})?/?")
_NO_LOGIN = (
    "a user or password does not belong in the address, where others can read it; set NEO4J_USERNAME and NEO4J_PASSWORD"
)


def _refuse_half_address(location: str) -> None:
    """Refuse what was meant as an address, and would become a folder whose name is a password."""
    if _HALF_ADDRESS.match(location):
        raise ConfigError(
            f"the address of a server begins with neo4j:// or bolt://, a folder of such a name with ./ ({_NO_LOGIN})"
        )


def _refuse_odd_address(rest: str) -> None:
    """Refuse whatever is more than a host, a port and a routing policy."""
    place, asked, more = rest.partition("?")
    if "@" in _decode(place):
        raise ConfigError(_NO_LOGIN)
    if asked and not re.fullmatch(r"policy=[^&#]*", more):
        raise ConfigError(f"an address may end in ?policy=NAME (a routing policy), and in nothing else; {_NO_LOGIN}")
    if not _PLACE.fullmatch(place):
        raise ConfigError(
            "this is no address of a Neo4j server; write it like neo4j://host:7687 (NEO4J_DATABASE names the database)"
        )


def _decode(text: str) -> str:
    """A text without percent signs that stand for characters, however often they were put in."""
    while (plain := unquote(text)) != text:
        text = plain
    return text
