"""What is kept of the system's memory for later, though nobody uses it."""

from __future__ import annotations

import ctypes
import sys


def give_memory_back() -> None:
    """Hand unused memory to the system, where it knows how: after a large ``COPY`` that is a third of a gigabyte.

    Else a process would stay as large as it ever was.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None  # glibc's alone
    if trim is not None:
        trim(0)
