"""The graph of a store into which nothing was loaded yet: no generation, so that the first load makes the first one."""

from __future__ import annotations

from graph.stores.embedded.database import DATABASE_FILE, Database
from graph.stores.embedded.draft import noticing_full_disk
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import remove_draft, start_draft
from graph.stores.embedded.schema import SCHEMA


class EmptyGraph:
    """Tables without a row, for who opens a new store for writing; gone when it is released.

    Parameters
    ----------
    folder
        The store's; the caller holds its lock.
    """

    def __init__(self, folder: StoreFolder) -> None:
        self._place = start_draft(folder)
        self.file = self._place / DATABASE_FILE
        try:
            with noticing_full_disk(folder.path), Database(self.file, writing=True) as database:
                for statement in (*SCHEMA, "CHECKPOINT"):  # closing would do it, and keep to itself that it failed
                    database.connection.execute(statement)
        except BaseException:
            self.release()
            raise

    def mark(self) -> str:
        """A checksum of no facts."""
        from graph.stores.embedded.content import describe_graph, sum_up

        with Database(self.file, writing=False) as database:
            return sum_up(describe_graph(database.connection))[1]

    def release(self) -> None:
        """Take it away; twice is harmless."""
        remove_draft(self._place)
