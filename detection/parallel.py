"""Independent array work on several cores: numpy lets other threads work while it sorts and counts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

THREADS = min(os.cpu_count() or 1, 4)
WORTH_SHARING = 20_000
"""With fewer rows, handing work over takes longer than doing it."""

_here = threading.local()
"""Whether this thread has work of :func:`map_threads` in hand: that is not handed out once more."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def map_threads(work: Callable[[Item], Answer], items: Iterable[Item], *, rows: int) -> list[Answer]:
    """Do the same with every item, some at a time, and return the answers in the items' order.

    >>> map_threads(abs, [-2, 1], rows=10**6)
    [2, 1]
    """
    listed = list(items)
    if count_workers(rows) < 2 or len(listed) < 2:
        return [work(item) for item in listed]  # a single piece of work may hand out its own
    with ThreadPoolExecutor(THREADS, initializer=_begin_work) as pool:
        return list(pool.map(work, listed))


@contextmanager
def begin(work: Callable[[], Answer], *, rows: int) -> Iterator[Callable[[], Answer]]:
    """Let some work be done while other work is done inside; what is given waits for its answer.

    >>> with begin(lambda: 6 * 7, rows=10**6) as answer:
    ...     answer()
    42
    """
    if not _is_shared(rows):
        yield work
        return
    with ThreadPoolExecutor(1, initializer=_begin_work) as pool:
        yield pool.submit(work).result


def count_workers(rows: int) -> int:
    """Among how many threads :func:`map_threads` shares out work on so many rows from here."""
    return THREADS if _is_shared(rows) and not getattr(_here, "is_busy", False) else 1


def _is_shared(rows: int) -> bool:
    """Whether work on so many rows is handed to other threads."""
    return rows >= WORTH_SHARING and THREADS > 1


def _begin_work() -> None:
    _here.is_busy = True
