"""What LadybugDB and Arrow keep of the system's memory for later, though nobody uses it."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def give_memory_back() -> None:
    """Hand unused memory to the system, where it knows how: after a large ``COPY`` that is a third of a gigabyte."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)
