"""How far a casebook reaches: what tells that something is gone at its end, where no next line tells."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

from graph.errors import StoreDamagedError

FIRST = "0" * 64
"""What stands for the checksum of the line before the first one."""
MEND = "`ringfence casebook import FILE --mend` puts back what an export has, and keeps what is whole"
FROM_COPY = "put the folder `measures` back from a copy of the store"
"""How other books than the casebook are mended."""


@contextmanager
def mending_from_copy(*, is_asked: bool) -> Iterator[None]:
    """Say of damage to a book that is no casebook how that one is mended."""
    try:
        yield
    except StoreDamagedError as error:
        raise StoreDamagedError(str(error).replace(MEND, FROM_COPY)) if is_asked else error from None


@dataclass(frozen=True)
class Reach:
    """So many entries, the last of which has this checksum, which is that of all before it too."""

    entries: int
    sha256: str


def digest_entry(before: str, text: str) -> str:
    """The checksum of an entry that comes after one with the checksum ``before``."""
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def chain(texts: Iterable[str]) -> list[str]:
    """The checksum of each entry, each after the one before."""
    return list(accumulate(texts, digest_entry, initial=FIRST))[1:]


def find_reach(checksums: Sequence[str]) -> Reach:
    """How far entries with these checksums reach."""
    return Reach(len(checksums), checksums[-1] if checksums else FIRST)


def require_reach(reach: Reach | None, checksums: Sequence[str], name: str) -> None:
    """Make sure that a casebook reaches as far as it did.

    Parameters
    ----------
    reach
        How far it reached, or farther; None where nobody wrote that down.
    checksums
        Of each entry that there is.
    name
        What the entries are, and where, for the message.

    Raises
    ------
    StoreDamagedError
        If there are fewer, or others in their place.
    """
    if reach is None or reach.entries < 1:
        return
    n = len(checksums)
    if n < reach.entries:
        raise StoreDamagedError(f"{reach.entries - n:,} of the {reach.entries:,} {name} are missing: {MEND}")
    if checksums[reach.entries - 1] != reach.sha256:
        raise StoreDamagedError(f"the {name} are not those that were written: {MEND}")
