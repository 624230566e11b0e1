"""A list of JSON cut into its elements while it is read, so that no more than a few of them are in memory.

Nothing is parsed here: only texts and brackets are told apart, by whole pieces at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graph.model import Ints

DEEPEST = 64
"""Whatever nests more lists and records in one another was made to do harm."""
BEGINNING_BYTES = 4 << 20
"""Where in a document its lists are is looked for in so much of it."""
_PIECE_BYTES = 1 << 20
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[\]{}:]', re.DOTALL)
_STEPS = np.zeros(256, dtype=np.int32)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1


class Readable(Protocol):
    """What gives bytes, piece by piece; none at its end."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or what is left."""
        ...


@dataclass(frozen=True)
class _Levels:
    """For each byte (N,) of a text: itself, whether it is outside of strings, and how deep it lies."""

    byte: NDArray[np.uint8]
    outside: NDArray[np.bool_]
    level: NDArray[np.int32]

    @classmethod
    def of(cls, text: bytes) -> _Levels:
        plain = np.frombuffer(_ESCAPED.sub(b"  ", text), np.uint8)
        outside = np.cumsum(plain == ord('"'), dtype=np.int32) % 2 == 0
        return cls(plain, outside, np.cumsum(_STEPS[plain] * outside, dtype=np.int32))


def measure_depth(text: bytes) -> int:
    """How many lists and records of a text lie in one another.

    >>> measure_depth(b'{"a": [1, "[[["]}')
    2
    """
    return int(_Levels.of(text).level.max(initial=0))


def scan_lists(start: bytes) -> Iterator[tuple[str, int]]:
    """The lists of a document that lie in no other list: under which names, and where their first elements begin.

    >>> list(scan_lists(b'{"a": [1], "b": {"c": [[2]]}}'))
    [('a', 7), ('b.c', 23)]
    """
    names: list[str | None] = []  # of what is open: the name that comes next in a record, None in a list
    last = b""
    for token in _TOKENS.finditer(start):
        sign = token[0]
        if sign in (b"[", b"{"):
            if sign == b"[" and None not in names:
                yield ".".join(name for name in names if name), token.end()
            names.append(None if sign == b"[" else "")
        elif sign in (b"]", b"}"):
            del names[-1:]
        elif sign == b":" and names:
            names[-1] = _read_name(last)
        last = sign
        if len(names) > DEEPEST:
            return


def _read_name(token: bytes) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return ""


def split_list(raw: Readable, beginning: bytes, start: int) -> Iterator[bytes]:
    """The elements of a list, as they are written.

    Parameters
    ----------
    raw
        Gives what comes after the beginning.
    beginning, start
        The bytes that were read already, and where in them the first element begins.

    Raises
    ------
    EOFError
        If the list is never closed.
    ValueError
        If an element nests too deeply.

    Notes
    -----
    O(N) for N bytes: what is left of a piece is looked at again with as much more at least.
    """
    rest = beginning[start:]
    while True:
        ends, is_closed = _find_ends(rest)
        begin = 0
        for end in ends.tolist():
            yield rest[begin:end]
            begin = end + 1
        if is_closed:
            return
        rest = rest[begin:]
        piece = raw.read(max(_PIECE_BYTES, len(rest)))
        if not piece:
            raise EOFError("its list is never closed")
        rest += piece


def _find_ends(rest: bytes) -> tuple[Ints, bool]:
    """Where the elements end that are whole, and whether the last of them ends the list."""
    levels = _Levels.of(rest)
    if levels.level.max(initial=0) > DEEPEST:
        raise ValueError(f"more than {DEEPEST} lists and records in one another")
    closing = np.flatnonzero(levels.level < 0)[:1]
    limit = int(closing[0]) if len(closing) else len(rest)
    commas = np.flatnonzero((levels.byte == ord(",")) & levels.outside & (levels.level == 0))
    return np.append(commas[commas < limit], closing).astype(np.int64), len(closing) > 0
