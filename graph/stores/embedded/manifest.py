"""What a generation says of itself: when and by whom it was made, and the checksums of all that it holds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from graph.errors import StoreDamagedError, StoreVersionError
from graph.stores.embedded.disk import open_here, write_new

MANIFEST_FILE = "manifest.json"
FORMAT = 4
"""Since 2 the checksum of the file is made of those of its blocks, and that of a table of those of its stretches; since
3 what has changed of the names may stand beside them; since 4 the graph may be the file of the generation before and a
log beside it."""


class TableContent(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows a table has, and the SHA-256 of what they say."""

    rows: int
    sha256: str


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """Neighbouring rows of a table: how many, the SHA-256 of what they say, and of that what was loaded."""

    rows: int
    sha256: str
    facts: str


class SideFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file beside the graph that is derived from it: how long it is, and its SHA-256."""

    bytes: int
    sha256: str


class WrittenNames(msgspec.Struct, frozen=True):
    """The file of what everything is called, and that of what has changed of it since; None where there is none."""

    names: SideFile | None
    renamed: SideFile | None


NO_NAMES = WrittenNames(None, None)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a generation says of itself.

    Attributes
    ----------
    format
        Of this file.
    schema
        The version of the graph's shape.
    made_at, made_by, command
        When (ISO 8601, UTC), by which version of Ringfence, and by which command.
    made_from
        The generation that this one was made from; None for the first.
    bytes, sha256
        How large the graph's file is, and its checksum, that of its log included.
    tables
        What each table holds.
    facts
        A SHA-256 of all that was loaded, without what runs found in it.
    names, renamed
        The file of what everything is called, and that of what has changed of it since it was written; None in
        generations that have none.
    blocks
        The checksum of each block of the graph's file, of which ``sha256`` is the sum; none in generations of format 1.
    log
        LadybugDB's log beside the graph's file, which another generation has too then; None where all is in the file.
    stretches
        Each table stretch by stretch, those of relationships for each label that they lead to: what a load did not
        write to need not be read again.  None in generations of format 1.
    """

    format: int = FORMAT
    schema: int
    made_at: str
    made_by: str
    command: str
    made_from: int | None
    bytes: int
    sha256: str
    tables: Mapping[str, TableContent]
    facts: str
    names: SideFile | None = None
    renamed: SideFile | None = None
    stretches: Mapping[str, Mapping[int, Stretch]] | None = None
    blocks: Sequence[str] = ()
    log: SideFile | None = None


def sum_blocks(digests: Sequence[str], log: SideFile | None = None) -> str:
    """The checksum of a graph: that of those of its file's blocks, and of its log's, where it has one."""
    parts = [*digests, *([log.sha256] if log else [])]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a manifest that is not there yet, and its own checksum in its last line."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    write_new(folder / MANIFEST_FILE, content + hashlib.sha256(content).hexdigest().encode() + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Read a generation's manifest.

    Raises
    ------
    StoreDamagedError
        If it is not as it was written.
    StoreVersionError
        If a newer Ringfence wrote it.
    OSError
        If it cannot be read.
    """
    with os.fdopen(open_here(folder / MANIFEST_FILE, os.O_RDONLY), "rb") as file:
        content = file.read()
    return parse_manifest(content, folder)


def parse_manifest(content: bytes, folder: Path) -> Manifest:
    """Make a manifest of a file's content; see :func:`read_manifest`."""
    body, _, checksum = content.rstrip(b"\n").rpartition(b"\n")
    body += b"\n"
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        raise StoreDamagedError(f"{folder / MANIFEST_FILE} is not as it was written")
    if msgspec.json.decode(body, type=dict)["format"] > FORMAT:
        raise StoreVersionError(f"{folder} was written by a newer Ringfence; upgrade Ringfence")
    return msgspec.json.decode(body, type=Manifest)
