"""Where a night is at work: beside what readers read, where a store can do that."""

from __future__ import annotations

from dataclasses import dataclass

from graph.stores.location import Folder, Location, Server, find_server


@dataclass(frozen=True)
class Stage:
    """Where the work is done.

    Attributes
    ----------
    location
        A store inside the store, or the server itself.
    base
        The generation that it was made from; None where there was none, or on a server.
    is_apart
        Whether readers see nothing of it until it is published.
    """

    location: Location
    base: int | None
    is_apart: bool


def _resolve(location: Location) -> Folder | Server:
    found = find_server(location) if isinstance(location, str) else location
    return Folder(str(location)) if found is None else found


def start_stage(location: Location) -> Stage:
    """Begin anew from what the store is now."""
    match _resolve(location):
        case Folder() as folder:
            from graph.stores.embedded import staging

            return Stage(staging.name_stage(folder), staging.start_stage(folder), is_apart=True)
        case server:
            return Stage(server, None, is_apart=False)


def resume_stage(location: Location, base: int | None, facts: str) -> Stage | None:
    """The stage as a night left it; None where it is not there any more, or the store has moved since.

    Parameters
    ----------
    location
        Of the store.
    base
        The generation that it was made from.
    facts
        The mark of what was loaded there; see :func:`find_staged_facts`.
    """
    match _resolve(location):
        case Folder() as folder:
            from graph.stores.embedded import staging

            if staging.find_newest(folder) != base or staging.find_staged_facts(folder) != facts:
                return None
            return Stage(staging.name_stage(folder), base, is_apart=True)
        case server:
            return Stage(server, None, is_apart=False)


def find_staged_facts(location: Location) -> str:
    """The mark of the facts that are staged; empty on a server."""
    match _resolve(location):
        case Folder() as folder:
            from graph.stores.embedded import staging

            return staging.find_staged_facts(folder)
        case _:
            return ""


def is_published(location: Location) -> bool:
    """Whether what is staged is what readers read; never on a server, where nothing is."""
    match _resolve(location):
        case Folder() as folder:
            from graph.stores.embedded import staging

            return staging.is_published(folder)
        case _:
            return False


def publish_stage(location: Location, base: int | None) -> int | None:
    """Let readers see what is staged, by one step; returns its generation, None on a server.

    Parameters
    ----------
    location
        Of the store.
    base
        What the stage was made from.

    Raises
    ------
    StoreMovedError
        If somebody else wrote to the store since; nothing is published.
    """
    match _resolve(location):
        case Folder() as folder:
            from graph.stores.embedded import staging

            return staging.publish_stage(folder, base)
        case _:
            return None


def discard_stage(location: Location) -> None:
    """Delete what is staged."""
    match _resolve(location):
        case Folder() as folder:
            from graph.stores.embedded import staging

            staging.discard_stage(folder)
        case _:
            pass
