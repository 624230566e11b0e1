"""How many share what many share: counted once, and known until somebody writes.

To count exactly takes the time of a path, and the same products and sellers are met from path to path.  What was
counted holds as long as two marks stay as they are, which come with every answer: the number of loads so far, and the
server's own bookmark, which whatever anybody commits changes, be it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graph.stores.protocol import Question

Row = dict[str, Any]
Mark = tuple[str, int]
"""The bookmark, and the number of loads."""

_MOST_KNOWN = 50_000
"""How many counts are kept at most: some 25 MB."""


@dataclass
class Crowds:
    """The counts that were read under one mark (none are kept without one), by question and id."""

    mark: Mark | None = None
    rows: dict[tuple[str, ...], dict[str, list[Row]]] = field(default_factory=dict)
    n_known: int = 0

    def recall(self, question: Question) -> dict[str, list[Row]]:
        """The rows of those of a question's ids that are known."""
        known = self.rows.get(_name(question)) if question.gather else None
        return {each: known[each] for each in question.ids if each in known} if known else {}

    def keep(self, question: Question, rows: Sequence[Row]) -> None:
        """Remember how many there are where nobody is named, be it that there are too many to name, or none."""
        if not question.gather:
            return
        found: dict[str, list[Row]] = {each: [] for each in question.ids}
        for row in rows:
            found[row["given"]].append({name: value for name, value in row.items() if name != "given"})
        counted = {each: rows for each, rows in found.items() if not any(row["gathered"] for row in rows)}
        if self.n_known + len(counted) > _MOST_KNOWN:
            self.rows, self.n_known = {}, 0
        self.rows.setdefault(_name(question), {}).update(counted)
        self.n_known += len(counted)


def leave_out(question: Question, known: Mapping[str, object]) -> Question:
    """The same question about the other ids."""
    return replace(question, ids=[each for each in question.ids if each not in known]) if known else question


def _name(question: Question) -> tuple[str, ...]:
    each = question
    return each.near, each.key, each.returns, each.way, each.condition, each.gather, str(each.most)
