"""What a question that somebody makes up may take: time, rows and memory.

Neither database can be left to it.  LadybugDB looks at the clock between two of a query's steps, and ``range(1, 10¹²)``
is one step, which takes all of the machine's memory first.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from graph.errors import QueryLimitError

if TYPE_CHECKING:
    from graph.settings import QuerySettings

_MAPPED = Path("/proc/self/statm")


def say_late(limits: QuerySettings) -> QueryLimitError:
    """What is said of a question whose time is over."""
    return QueryLimitError(
        f"the question took more than {limits.timeout_seconds:g} s; ask for less, or allow more (--timeout, or"
        " timeout_seconds under [query])"
    )


def say_large(limits: QuerySettings) -> QueryLimitError:
    """What is said of a question that wants too much memory."""
    return QueryLimitError(
        f"the question needs more memory than there is, or than {limits.max_memory_bytes:,} bytes; ask for less, or"
        " allow more (max_memory_bytes under [query])"
    )


def require_rows(number: int, limits: QuerySettings) -> None:
    """Stop at an answer that has too many rows.

    Raises
    ------
    QueryLimitError
        If there are more than the limits allow.
    """
    if number > limits.max_rows:
        raise QueryLimitError(
            f"the answer has more than {limits.max_rows:,} rows; add LIMIT, or allow more (max_rows under [query])"
        )


@contextmanager
def limiting_memory(limits: QuerySettings) -> Iterator[None]:
    """What is done inside fails where it takes more memory, rather than the machine; only Linux says what is taken."""
    if not _MAPPED.exists():
        yield
        return
    taken = int(_MAPPED.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    known = [each for each in (soft, hard) if each != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([taken + limits.max_memory_bytes, *known]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
