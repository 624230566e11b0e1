"""How long work tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


Progress = Callable[[str, int, int], None]
"""Called as ``progress(stage, rows_done, rows_total)`` during long work."""


def no_progress(stage: str, rows_done: int, rows_total: int) -> None:
    """Say nothing."""
