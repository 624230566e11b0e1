"""What is wrong with which rows of a table, while it is being checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph.arrow import Values
    from graph.model import Ints


@dataclass
class Faults:
    """The first thing wrong with each bad row; ``earlier`` is the row that it contradicts.

    Rows are counted from 0 among those that have the right number of cells.  Checks come in the contract's order, so
    that the reason a row is given does not depend on how the file is cut into pieces.
    """

    reason: dict[int, str] = field(default_factory=dict)
    earlier: dict[int, int] = field(default_factory=dict)

    def add(self, rows: Iterable[int], reasons: Iterable[str]) -> None:
        """Fault rows, each for its reason; a row that is faulted already keeps its first one."""
        for row, reason in zip(rows, reasons, strict=True):
            self.reason.setdefault(int(row), reason)

    def add_values(self, values: Values, rows: Ints, template: str) -> None:
        """Fault rows (K,) of a column for ``template``, with ``{}`` replaced by each row's quoted value."""
        found = values.take(rows).to_pylist() if len(rows) else []
        self.add(rows.tolist(), (template.replace("{}", quote(value)) for value in found))


def quote(value: object, limit: int = 60) -> str:
    """A value as a message shows it: one line, and not too long."""
    text = str(value)
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
