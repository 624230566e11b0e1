"""Loops over arrays as machine code, for what numpy has no words for: numba compiles them once and keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def compile_loop(loop: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """The same function, compiled at its first call for the types that it is called with.

    It lets other threads work meanwhile.  The code is kept beside the module or in the user's cache, so that the next
    process finds it; where neither may be written to, each process compiles for itself.  ``py_func`` of what is
    returned is the function as it was.
    """
    try:
        return cast("Callable[Given, Answer]", numba.njit(cache=True, nogil=True)(loop))
    except RuntimeError:  # there is no place that numba could write to
        return cast("Callable[Given, Answer]", numba.njit(nogil=True)(loop))
