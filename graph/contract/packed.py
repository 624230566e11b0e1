"""The bytes of a table's file, whatever it is packed in, and what tells its encoding."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import re
import zipfile
import zlib
from typing import Any, BinaryIO, cast

import pyarrow as pa

from graph.contract.sources import Source
from graph.errors import UnreadableTableError

DAMAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowException)
"""What reading a damaged file can end in."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CANDIDATES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "gb18030", "big5", "cp932", "cp949"]
_SAMPLE_BYTES = 1 << 16


_STRAY = re.compile(r"[^\x00-\x7f]+")
_WESTERN = frozenset("àáâãäåæçèéêëíîïñòóôõöøùúûüßÄÅÉÖÜÇÀÈ°ºª£€«»’‘“”–—…©®²³½·\u00a0")
_MOST_STRAY = 6
_PORTUGUESE = re.compile("ç(?=[ãõ])")
"""In ``ção`` and ``ções`` letters of the west stand side by side; no word of central Europe has those bytes so."""


def open_bytes(source: Source) -> BinaryIO:
    """The unpacked content, from its start.

    Raises
    ------
    UnreadableTableError
        If an archive has a password.
    OSError
        If there is no such file.
    """
    match source.packing:
        case "gzip":
            return cast("BinaryIO", gzip.open(source.path, "rb"))
        case "bz2":
            return cast("BinaryIO", bz2.open(source.path, "rb"))
        case "zstd":
            stream: Any = pa.CompressedInputStream(pa.OSFile(str(source.path), "r"), "zstd")
            return cast("BinaryIO", io.BufferedReader(stream))
        case "zip":
            return _open_member(source)
        case _:
            return source.path.open("rb")


def _open_member(source: Source) -> BinaryIO:
    try:
        return cast("BinaryIO", zipfile.ZipFile(source.path).open(source.member or ""))
    except (RuntimeError, NotImplementedError) as error:
        raise UnreadableTableError(f"{source.name} cannot be unpacked ({error}); unpack it yourself") from error


def read_start(source: Source, n_bytes: int = _SAMPLE_BYTES) -> bytes:
    """The first bytes of the unpacked content."""
    with open_bytes(source) as raw:
        return raw.read(n_bytes)


def read_mark(start: bytes) -> str | None:
    """The encoding that a byte order mark proves.

    >>> read_mark("a".encode("utf-16")), read_mark(b"a")
    ('utf-16', None)
    """
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)


def list_telling(sample: bytes) -> bytes:
    """The lines of a text that are not all ASCII, as far as they are looked at."""
    return b"\n".join(re.findall(rb"[^\n]*[\x80-\xff][^\n]*", sample)[:200])


def guess_encoding(sample: bytes) -> str | None:
    """What encoding a text that is no UTF-8 seems to be in; ``None`` where it looks like none.

    Notes
    -----
    A guess, which nothing that is read rests on: it is for messages, and for who can look at what comes of it.
    """
    if sample.count(0) > len(sample) / 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    from charset_normalizer import from_bytes

    telling = list_telling(sample)
    if _has_stray_letters(telling):
        return _CANDIDATES[0]
    best = from_bytes(telling, cp_isolation=_CANDIDATES).best() if telling else None
    if best is None:
        return None
    # What two encodings read alike is of the one that most files are in.
    usual = telling.decode(_CANDIDATES[0], "replace")
    return _CANDIDATES[0] if usual == telling.decode(best.encoding, "replace") else best.encoding


def _has_stray_letters(telling: bytes) -> bool:
    """Whether what is not ASCII are a few letters and signs of western Europe, each between letters of ASCII.

    Other writing comes in words, whose bytes stand side by side; of so little, frequencies can tell nothing.
    """
    found = _STRAY.findall(_PORTUGUESE.sub("", telling.decode(_CANDIDATES[0], "replace")))
    letters = {letter for each in found for letter in each}
    return 0 < len(letters) <= _MOST_STRAY and letters <= _WESTERN and all(len(each) == 1 for each in found)
