"""What there is to load: a folder of tables, or folders of tables in the order of their names; what of it is new."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from graph.contract.sources import FURTHER_SUFFIXES, SUFFIXES
from graph.errors import MissingTableError


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One folder of tables: a checksum of its files' names and content, and when the last of them was changed (UTC)."""

    name: str
    path: str
    files: int
    bytes: int
    sha256: str
    changed_at: datetime


def find_exports(folder: Path, *, mapped: bool) -> list[Export]:
    """Every export in a folder: the folder itself if it holds tables, and else the folders in it that do.

    Parameters
    ----------
    folder
        Where to look.
    mapped
        Whether the settings say which files are tables, so that the folder is one export whatever lies in it.

    Raises
    ------
    MissingTableError
        If there is no such folder, or no table in it.
    """
    if not folder.is_dir():
        raise MissingTableError(f"{folder} is no folder; name one that holds tables, or folders of tables")
    if mapped or _holds_tables(folder):
        return [_describe(folder)]
    inside = [_describe(each) for each in sorted(folder.iterdir()) if each.is_dir() and _holds_tables(each)]
    if not inside:
        raise MissingTableError(f"{folder} holds no tables, and no folder in it does")
    return inside


def choose_new(exports: Iterable[Export], loaded: Collection[str], since: datetime | None) -> list[Export]:
    """The exports that were not loaded yet, and of which a file was changed at some instant (UTC) or later."""
    return [each for each in exports if each.sha256 not in loaded and (since is None or each.changed_at >= since)]


def _holds_tables(folder: Path) -> bool:
    return any(each.is_file() and each.name.startswith("accounts.") and _is_table(each) for each in folder.iterdir())


def _is_table(path: Path) -> bool:
    return path.name.endswith((*SUFFIXES, *FURTHER_SUFFIXES))


def _describe(folder: Path) -> Export:
    digest, size, changed, n = hashlib.sha256(), 0, 0.0, 0
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode("utf-8", "surrogateescape"))
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
        found = path.stat()
        size, changed, n = size + found.st_size, max(changed, found.st_mtime), n + 1
    return Export(
        name=folder.name,
        path=str(folder),
        files=n,
        bytes=size,
        sha256=digest.hexdigest(),
        changed_at=datetime.fromtimestamp(changed, UTC),
    )
