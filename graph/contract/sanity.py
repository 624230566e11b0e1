"""A look at checked tables as a whole: what is likely misread, though every row keeps to the contract."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from graph.contract.doubtful_ids import find_changed_ids
from graph.contract.doubtful_money import find_mixed_currencies
from graph.contract.doubtful_times import find_odd_times
from graph.contract.doubtful_values import find_linking_values
from graph.contract.doubtful_words import find_unknown_words
from graph.contract.doubts import Doubt
from graph.contract.tables import CheckedTable
from graph.errors import DataError, DoubtfulDataError
from graph.files import replacing_file

_MANY_REPEATS = 0.05
_CONCERNS_AT_ONCE = 2


def find_doubts(tables: Mapping[str, CheckedTable], now: int) -> tuple[Doubt, ...]:
    """What is doubtful about tables, the grave first.

    Parameters
    ----------
    tables
        Checked tables by the contract's name.
    now
        The instant of the load, in microseconds since 1970.

    Notes
    -----
    O(N) for N cells: each concern looks at whole columns.
    """
    rows = {name: table.rows for name, table in tables.items()}
    concerns: tuple[Callable[[], Iterable[Doubt]], ...] = (
        lambda: find_changed_ids(rows),
        lambda: find_linking_values(rows),
        lambda: find_unknown_words(rows),
        lambda: find_mixed_currencies(rows),
        lambda: find_odd_times(rows, now),
        lambda: tuple(_find_repeats(tables)),
    )
    with ThreadPoolExecutor(_CONCERNS_AT_ONCE) as pool:  # Arrow lets go of Python while it works on a column
        found = [doubt for doubts in pool.map(lambda look: look(), concerns) for doubt in doubts]
    return tuple(sorted(found, key=lambda each: not each.is_grave))


def refuse_grave(doubts: Sequence[Doubt]) -> None:
    """Stop a load whose ids are not what they were.

    Raises
    ------
    DoubtfulDataError
        Says all grave doubts, and what mends each.
    """
    if grave := [doubt for doubt in doubts if doubt.is_grave]:
        raise DoubtfulDataError("; ".join(doubt.say() for doubt in grave))


def write_doubts(doubts: Sequence[Doubt], path: Path) -> None:
    """Write doubts as a JSON list.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    try:
        with replacing_file(path) as file:
            text = json.dumps([each.as_record() for each in doubts], ensure_ascii=False, indent=2)
            file.write(f"{text}\n".encode())
    except OSError as error:
        raise DataError(f"{path}: the doubts cannot be written: {error.strerror}") from error


def _find_repeats(tables: Mapping[str, CheckedTable]) -> Iterator[Doubt]:
    files = Counter(table.path for table in tables.values())  # of orders that name buyers too, buyers come often
    for name, table in tables.items():
        if files[table.path] > 1:
            continue
        if table.n_repeated > _MANY_REPEATS * table.n_read:
            says, mend = "repeat an earlier one, and count once", "look whether its export joins what it should not"
            yield Doubt("repeats", name, table.rows.column_names[0], table.n_repeated, (), says, mend)
