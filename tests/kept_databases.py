"""Published databases stay open from one command of the tests to the next.

A generation never changes once it is published, and to open and close its file takes fifty milliseconds: more than
most questions do.  Users ask a question a process; the tests ask thousands in one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ladybug
import pytest

MOST = 4
"""Databases that nobody uses and that stay open."""

_Opened = ladybug.Database
_kept: OrderedDict[tuple[int, ...], _Kept] = OrderedDict()


class _Kept(_Opened):  # type: ignore[misc]
    """Read by several, one after the other or at once; whoever closes it only lets go of it."""

    n_users = 0

    def close(self) -> None:
        self.n_users -= 1
        _close_the_oldest(MOST)


def _open(path: str | Path, *, read_only: bool = False, **options: Any) -> ladybug.Database:
    if not read_only:
        return _Opened(path, read_only=False, **options)
    key = tuple(part for file in (Path(path), Path(f"{path}.wal")) for part in _tell_apart(file))
    if key not in _kept:
        _kept[key] = _Kept(path, read_only=True, **options)
    _kept.move_to_end(key)
    _kept[key].n_users += 1
    return _kept[key]


def _tell_apart(file: Path) -> tuple[int, ...]:
    """What no other file has; nothing of one that is not there."""
    if not file.exists():
        return ()
    found = file.stat()
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)


def _close_the_oldest(most: int) -> None:
    idle = [key for key, database in _kept.items() if not database.n_users]
    for key in idle[: max(len(idle) - most, 0)]:
        _Opened.close(_kept.pop(key))


def close_kept() -> None:
    """Let go of all files, say of a disk that is taken away."""
    _close_the_oldest(0)


@contextmanager
def keeping_databases() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ladybug, "Database", _open)
        yield
    close_kept()
