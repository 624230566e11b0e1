"""Where a property graph is: a folder, or a database on a Neo4j server."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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

    def __str__(self) -> str:
        return self.uri if self.database is None else f"{self.uri} ({self.database})"


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
