"""What in tables is likely to be read otherwise than it was meant, though no row of it breaks the contract.

Each concern has a module of its own; a doubt says what was found, how often, with examples, and what mends it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_distinct, read_texts

if TYPE_CHECKING:
    from graph.arrow import Chunks

MOST_EXAMPLES, MOST_MENDED = 3, 20
"""Of the values of a doubt: so many are shown, and so many stand in the line that mends it."""
_OF_ONE = {"have": "has", "are": "is", "repeat": "repeats"}


@dataclass(frozen=True)
class Doubt:
    """Something doubtful in one column of one table.

    Attributes
    ----------
    kind
        What sort of doubt it is, in one word.
    table, column
        Where.
    count
        How many rows it is about.
    examples
        Up to three of the values.
    says
        What is doubtful about them.
    mend
        What to do: mostly a line for ``ringfence.toml``.
    is_grave
        Whether it is sure that ids are not what they were, so that a load stops unless it is told to go on.
    """

    kind: str
    table: str
    column: str
    count: int
    examples: tuple[str, ...]
    says: str
    mend: str
    is_grave: bool = False

    def say(self) -> str:
        """The doubt in one line."""
        shown = ", ".join(f"'{each}'" if each != each.strip() else each for each in self.examples)
        rows, says = f"{self.count:,} rows", self.says
        if self.count == 1:
            rows, says = "1 row", re.sub(r"^(have|are|repeat)\b", lambda verb: _OF_ONE[verb[0]], says)
        return f"{self.table}.{self.column}: {rows} {says} ({shown}); {self.mend}"

    def as_record(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Wrong:
    """What is wrong with the values of one column: the rows' values (K,), and what a doubt says of them."""

    kind: str
    values: Chunks
    says: str
    mend: str
    is_grave: bool = False

    def doubt(self, table: str, column: str) -> Doubt:
        """The doubt, with examples."""
        values = sorted(read_texts(find_distinct(self.values)))
        # JSON writes a text as TOML does.
        listed = ", ".join(json.dumps(each, ensure_ascii=False) for each in values[:MOST_MENDED])
        mend = self.mend.format(table=table, column=column, values=listed)
        some = tuple(values[:MOST_EXAMPLES])
        return Doubt(self.kind, table, column, len(self.values), some, self.says, mend, self.is_grave)


def gather(found: Iterable[tuple[str, str, Wrong]]) -> tuple[Doubt, ...]:
    """The doubts among what was looked at (table, column, what is wrong): those of which there is any."""
    return tuple(wrong.doubt(table, column) for table, column, wrong in found if len(wrong.values))


def match(values: Chunks, pattern: str) -> Chunks:
    """The values (K,) of a column (N,) that match a pattern."""
    return values.filter(pc.match_substring_regex(values, pattern))


def list_columns(tables: Mapping[str, pa.Table], names: Iterable[str]) -> Iterable[tuple[str, str, Chunks]]:
    """Each table's columns of these names, as text."""
    wanted = set(names)
    for table, rows in tables.items():
        for column in rows.column_names:
            if column in wanted and rows.num_rows:
                yield table, column, rows[column]
