"""Loops are compiled wherever that is possible, and are the same functions."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from detection.compiled import compile_loop


def add_up(values: Any) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def test_a_loop_is_the_same_function_compiled() -> None:
    compiled: Any = compile_loop(add_up)
    assert compiled.py_func is add_up
    assert compiled(np.array([1.0, 2.5])) == 3.5
    assert len(compiled.signatures) == 1


def test_where_nothing_can_be_kept_a_loop_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_now = numba.njit

    def refuse_to_keep(**wanted: bool) -> Any:
        if wanted.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return compile_now(**wanted)

    monkeypatch.setattr(numba, "njit", refuse_to_keep)
    compiled: Any = compile_loop(add_up)
    assert compiled(np.array([1.0, 2.5])) == 3.5
