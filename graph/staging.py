"""Where a night is at work: beside what readers read, where a store can do that; and the way back from a night."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from graph.errors import ConfigError, StoreNotFoundError
from graph.stores.location import Folder, Location, Server, find_server

if TYPE_CHECKING:
    from graph.stores.embedded.store import EmbeddedStore


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
    scratch
        What is deleted with it, of a stage that is never published.
    """

    location: Location
    base: int | None
    is_apart: bool
    scratch: Path | None = None

    def drop(self) -> None:
        """Delete what was made for this stage alone."""
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)


class Staging(Protocol):
    """How a kind of store is worked on, and how that is published."""

    def start(self) -> Stage:
        """Begin anew from what the store is now."""

    def rehearse(self) -> Stage:
        """Begin anew where nothing is to be published, and nothing to be left: readers see nothing of it anywhere."""

    def resume(self, base: int | None, facts: str) -> Stage | None:
        """The stage as a night left it; None where it is not there any more, or the store has moved since.

        Parameters
        ----------
        base
            The generation that it was made from.
        facts
            The mark of what was loaded there; see :meth:`find_facts`.
        """

    def find_facts(self) -> str:
        """The mark of the facts that are staged; empty where none are."""

    def is_published(self) -> bool:
        """Whether what is staged is what readers read; never where nothing is staged."""

    def publish(self, base: int | None) -> int | None:
        """Let readers see what is staged, by one step; returns its generation, None where there are none.

        Raises
        ------
        StoreMovedError
            If somebody else wrote to the store since; nothing is published.
        """

    def discard(self) -> None:
        """Delete what is staged."""

    def go_back(self, published: Mapping[str, Any]) -> str:
        """Go back to what was before a night, by one step, and say what there is now.

        Parameters
        ----------
        published
            What came of the step ``publish`` of that night.

        Raises
        ------
        ConfigError
            If something else was published since, or there was nothing before.
        """


def find_staging(location: Location) -> Staging:
    """How the store at a location is worked on."""
    found = find_server(location) if isinstance(location, str) else location
    match found:
        case None:
            return FolderStaging(Folder(str(location)))
        case Folder() as folder:
            return FolderStaging(folder)
        case server:
            return ServerStaging(server)


@dataclass(frozen=True)
class FolderStaging:
    """A store inside the store, whose newest generation becomes the store's."""

    folder: Folder

    def start(self) -> Stage:
        """Begin anew; see :class:`Staging`."""
        from graph.stores.embedded import staging

        return Stage(staging.name_stage(self.folder), staging.start_stage(self.folder), is_apart=True)

    def rehearse(self) -> Stage:
        """As any stage; see :class:`Staging`."""
        return self.start()

    def resume(self, base: int | None, facts: str) -> Stage | None:
        """The stage as a night left it; see :class:`Staging`."""
        from graph.stores.embedded import staging

        if staging.find_newest(self.folder) != base or self.find_facts() != facts:
            return None
        return Stage(staging.name_stage(self.folder), base, is_apart=True)

    def find_facts(self) -> str:
        """The mark of the facts that are staged."""
        from graph.stores.embedded import staging

        return staging.find_staged_facts(self.folder)

    def is_published(self) -> bool:
        """Whether what is staged is what readers read."""
        from graph.stores.embedded import staging

        return staging.is_published(self.folder)

    def publish(self, base: int | None) -> int | None:
        """Publish by one rename; see :class:`Staging`."""
        from graph.stores.embedded import staging

        return staging.publish_stage(self.folder, base)

    def discard(self) -> None:
        """Delete what is staged."""
        from graph.stores.embedded import staging

        staging.discard_stage(self.folder)

    def go_back(self, published: Mapping[str, Any]) -> str:
        """Make the generation from which a night began the newest; see :class:`Staging`."""
        from graph.stores.embedded.staging import find_newest
        from graph.stores.embedded.verify import restore

        if published["generation"] != find_newest(self.folder):
            raise ConfigError(
                "the newest generation is none that a night has published; `ringfence generations` lists all of them,"
                " and `ringfence restore GENERATION` goes back to one"
            )
        if published["base"] is None:
            raise ConfigError("there was nothing before the last night, so there is nothing to go back to")
        made = restore(self.folder, published["base"])
        assert made is not None  # a generation was named
        return f"Generation {made.made_from} is the graph again, as generation {made.generation}."


@dataclass(frozen=True)
class ServerStaging:
    """A server, which has one state: facts are there once they are loaded, and a run by one transaction."""

    server: Server

    def start(self) -> Stage:
        """The server itself."""
        return Stage(self.server, None, is_apart=False)

    def rehearse(self) -> Stage:
        """A copy of the graph in a folder of its own; see :class:`Staging`."""
        from graph.stores.embedded.store import EmbeddedStore

        scratch = Path(tempfile.mkdtemp(prefix="ringfence-"))
        stage = Stage(Folder(str(scratch / "store")), None, is_apart=True, scratch=scratch)
        try:
            with EmbeddedStore(str(scratch / "store"), mode="write") as copy:
                self._copy_to(copy)
        except BaseException:
            stage.drop()
            raise
        return stage

    def _copy_to(self, copy: EmbeddedStore) -> None:
        from graph.stores.server.store import ServerStore
        from graph.stores.whole_graph import read_graph

        try:
            with ServerStore(self.server) as store:
                copy.take_graph(read_graph(store.query))
        except StoreNotFoundError:  # the first night
            pass

    def resume(self, base: int | None, facts: str) -> Stage | None:
        """The server itself."""
        return self.start()

    def find_facts(self) -> str:
        """Nothing is staged."""
        return ""

    def is_published(self) -> bool:
        """Nothing is staged."""
        return False

    def publish(self, base: int | None) -> int | None:
        """Nothing is left to publish: the run was written by one transaction."""
        return None

    def discard(self) -> None:
        """Nothing is staged."""

    def go_back(self, published: Mapping[str, Any]) -> str:
        """Give accounts and reviews the verdicts of the run before, by one transaction; see :class:`Staging`."""
        from graph.stores.server.store import ServerStore

        with ServerStore(self.server, mode="write") as store:
            former = store.go_back(str(published["run_id"]))
        return f"Run {former} is the latest again, and the verdicts are its; what was loaded since stays."
