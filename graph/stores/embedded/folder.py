"""The folder of an embedded store: what lies where, and how to tell that it is one.

Ringfence deletes and empties nothing that it has not made itself: a store has a marker, what is deleted is deleted by
its name, and no link inside the folder is followed.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from graph.errors import StoreError, StoreNotFoundError
from graph.stores.embedded.database import BESIDE, DATABASE_FILE
from graph.stores.embedded.disk import make_folder, refuse_link, sync, write_new
from graph.version import VERSION

MARKER_FILE = "ringfence-store.json"
LOCK_FILE = "lock"
GENERATIONS, DRAFTS = "generations", "drafts"
_LEFT_BY_VERSION_1 = "staging"


class StoreFolder:
    """Where everything is in a store's folder.

    Parameters
    ----------
    path
        The folder itself, which may be a link.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generations = path / GENERATIONS
        self.drafts = path / DRAFTS
        self.lock = path / LOCK_FILE
        self.marker = path / MARKER_FILE
        self.older_graph = path / DATABASE_FILE
        """The graph of a store that has no generations yet."""

    def list_numbers(self) -> list[int]:
        """The numbers of all generations, the oldest first."""
        refuse_link(self.generations)
        if not self.generations.is_dir():
            return []
        found = [path for path in self.generations.iterdir() if path.name.isdecimal()]
        for path in found:
            refuse_link(path)
        return sorted(int(path.name) for path in found)

    def require(self) -> None:
        """Check that a store is there, in generations or as older ones were: in the folder itself.

        Raises
        ------
        StoreNotFoundError
            If nothing was loaded there yet.
        """
        if not self.list_numbers() and not self.older_graph.exists():
            raise StoreNotFoundError(f"no store at {self.path}; make one with `ringfence load FOLDER`")

    def prepare(self) -> None:
        """Make the folder a store, or leave it one.

        Raises
        ------
        StoreError
            If it is a file, or holds what is none of ours.
        """
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path} is a file; a store is a folder of its own")
        if self._holds_other_files():
            raise StoreError(f"{self.path} holds other files; give the store a folder of its own")
        self.path.mkdir(parents=True, exist_ok=True)
        refuse_link(self.marker)
        with suppress(FileExistsError):
            write_new(self.marker, (json.dumps({"format": 2, "made_by": VERSION}) + "\n").encode())
            sync(self.path)

    def prepare_rooms(self) -> None:
        """Make the folders inside; whoever calls this holds the lock."""
        for each in (self.generations, self.drafts):
            make_folder(each)

    def _holds_other_files(self) -> bool:
        if not self.path.is_dir() or self.marker.exists() or self.older_graph.exists():
            return False
        found = {path.name for path in self.path.iterdir()} - {LOCK_FILE}
        if _LEFT_BY_VERSION_1 in found:
            left = self.path / _LEFT_BY_VERSION_1
            if left.is_dir() and {path.name for path in left.iterdir()} <= {DATABASE_FILE, "rows.parquet", *BESIDE}:
                found.remove(_LEFT_BY_VERSION_1)
        return bool(found)
