"""Files that hold files: what is in a zip archive, and the sheets of a workbook."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from graph.errors import MissingTableError, TooLargeError, UnreadableTableError
from graph.settings import LoadSettings

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_ALWAYS_BYTES = 64 << 20


def list_members(path: Path, pattern: str | None) -> list[str]:
    """The files in a zip archive that a pattern names; without one the archive's only file.

    Raises
    ------
    MissingTableError
        If there is none, or there are several to choose from.
    UnreadableTableError
        If it is no zip archive.
    """
    return _choose(path.name, list_zip(path), pattern, "member")


def list_zip(path: Path) -> list[str]:
    """All files in a zip archive.

    Raises
    ------
    UnreadableTableError
        If it is no zip archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [each.filename for each in archive.infolist() if not each.is_dir() and not _is_dross(each.filename)]
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableTableError(f"{path.name} is not a readable zip file, or was cut short: {error}") from error


def list_sheets(path: Path, member: str | None, pattern: str | None, limits: LoadSettings) -> Sequence[str | None]:
    """The sheets of a workbook that a pattern names; without one the first.

    Raises
    ------
    MissingTableError
        If there is none.
    UnreadableTableError
        If it is no workbook.
    """
    if path.is_dir():
        raise UnreadableTableError(f"{path.name} is a folder; a table is one file")
    with open_workbook(path, member, limits) as book:
        names = list(book.sheet_names)
    return names[:1] if pattern is None and names else _choose(path.name, names, pattern, "sheet")


@contextmanager
def open_workbook(path: Path, member: str | None, limits: LoadSettings) -> Iterator[CalamineWorkbook]:
    """Open a workbook, in a zip archive or not, if it unpacks to no more than a table may.

    Raises
    ------
    TooLargeError
        If it would unpack to more.
    UnreadableTableError
        If it is damaged, has a password, or is none.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    name = path.name if member is None else f"{path.name}/{member}"
    try:
        content = path if member is None else io.BytesIO(_read_member(path, member, limits))
        _check_size(name, content, limits)
        with CalamineWorkbook.from_object(content) as book:
            yield book
    except TooLargeError:
        raise
    except (CalamineError, OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split()) or "cut short"
        raise UnreadableTableError(f"{name} is not a readable workbook: {reason}") from error


def _read_member(path: Path, member: str, limits: LoadSettings) -> bytes:
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        content = file.read(limits.max_table_bytes + 1)
    if len(content) > limits.max_table_bytes:
        _refuse(f"{path.name}/{member}", "max_table_bytes")
    return content


def _check_size(name: str, content: Path | io.BytesIO, limits: LoadSettings) -> None:
    """Look what a workbook says that its parts unpack to; the zip format stops there even if that is a lie."""
    n_packed = content.stat().st_size if isinstance(content, Path) else len(content.getbuffer())
    if n_packed > limits.max_table_bytes:
        _refuse(name, "max_table_bytes")
    if not zipfile.is_zipfile(content):
        return  # of before 2007, and not packed
    with zipfile.ZipFile(content) as parts:
        n_bytes = sum(each.file_size for each in parts.infolist())
    if n_bytes > limits.max_table_bytes:
        _refuse(name, "max_table_bytes")
    if n_bytes > max(_ALWAYS_BYTES, limits.max_unpacked_factor * n_packed):
        _refuse(name, "max_unpacked_factor")


def _refuse(name: str, setting: str) -> NoReturn:
    raise TooLargeError(
        f"{name} unpacks to more than load.{setting} allows; if it is what it should be, raise load.{setting}"
        " in ringfence.toml"
    )


def _choose(name: str, names: list[str], pattern: str | None, setting: str) -> list[str]:
    chosen = [each for each in names if pattern is None or each == pattern or fnmatchcase(each, pattern)]
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "") if names else "nothing"
    if not chosen:
        raise MissingTableError(f"{name} has no {setting} {pattern!r}; it holds {shown}")
    if pattern is None and len(chosen) > 1:
        raise MissingTableError(f"{name} holds {shown}; say which is the table: {setting} = {names[0]!r}")
    return sorted(chosen) if pattern else chosen


def _is_dross(name: str) -> bool:
    """What computers of some makes put into archives beside the files."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (".DS_Store", "Thumbs.db")
