"""The one place that picks a property graph by its location."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graph.casebook.book import Casebook
from graph.errors import ConfigError
from graph.stores.checks import Verification
from graph.stores.location import Folder, Location, find_server
from graph.stores.protocol import GraphStore, Mode


def verify_store(location: Location) -> Verification:
    """Read all that a store holds, and say table by table whether it is what was written.

    Raises
    ------
    StoreError
        If there is no store, or its server does not answer.
    """
    match find_server(location) if isinstance(location, str) else location:
        case None:
            return verify_store(Folder(str(location)))
        case Folder() as folder:
            from graph.stores.embedded.verify import verify_folder

            return verify_folder(folder)
        case server:
            from graph.stores.server.verify import verify_server

            return verify_server(server)


@contextmanager
def open_casebook(location: Location) -> Iterator[Casebook]:
    """The casebook of a store, also where its graph is damaged.

    Raises
    ------
    StoreError
        If there is no store, or its server does not answer.
    """
    match find_server(location) if isinstance(location, str) else location:
        case None:
            with open_casebook(Folder(str(location))) as book:
                yield book
        case Folder() as folder:
            from graph.stores.embedded.folder import StoreFolder
            from graph.stores.embedded.journal import Journal

            StoreFolder(Path(folder.path)).require()
            yield Journal(folder)
        case server:
            with open_store(server) as store:
                yield store.casebook


@dataclass(frozen=True)
class Books:
    """What people said, and what is done about flags."""

    casebook: Casebook
    measures: Casebook


def find_books(location: Location) -> Books | None:
    """The books of a store in a folder, for a stage inside it, which has none; None on a server, which is its own."""
    match find_server(location) if isinstance(location, str) else location:
        case None:
            return find_books(Folder(str(location)))
        case Folder() as folder:
            from graph.stores.embedded.journal import MEASURES, Journal

            return Books(Journal(folder), Journal(folder, MEASURES))
        case _:
            return None


def find_folder(location: Location) -> Folder:
    """The folder of a store that is in one.

    Raises
    ------
    ConfigError
        If it is on a server, which keeps no generations.
    """
    match find_server(location) if isinstance(location, str) else location:
        case None:
            return Folder(str(location))
        case Folder() as folder:
            return folder
        case server:
            raise ConfigError(f"{server} keeps no generations; they are for a store in a folder (see docs/commands.md)")


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
        If the place is missing (when reading), held by another writer for too long, not writable, damaged,
        or written by a newer Ringfence.
    """
    match find_server(location) if isinstance(location, str) else location:
        case None:
            return open_store(Folder(str(location)), mode=mode)
        case Folder() as folder:
            from graph.stores.embedded.store import EmbeddedStore

            return EmbeddedStore(folder, mode=mode)
        case server:
            from graph.stores.server.store import ServerStore

            return ServerStore(server, mode=mode)
