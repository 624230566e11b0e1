"""Times outside of the market's life: of before it opened, of the future, and the first second that computers know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.contract.doubts import Doubt, Wrong, gather
from graph.contract.schema import CONTRACT, INSTANT

if TYPE_CHECKING:
    from graph.arrow import Chunks

_DAY = np.timedelta64(1, "D").astype("timedelta64[us]").astype(np.int64)
_LEAST_ROWS = 20
_FIRST = 86_400_000_000
"""The end of the first day that Unix seconds count: zero, written as a time."""


def find_odd_times(tables: Mapping[str, pa.Table], now: int) -> tuple[Doubt, ...]:
    """Doubt times that cannot be, or lie far from all others of their column.

    Parameters
    ----------
    tables
        Checked rows by the contract's table.
    now
        The instant of the load, in microseconds since 1970.
    """
    return gather(each for name, rows in tables.items() for each in _look_at(name, rows, now))


def _look_at(name: str, rows: pa.Table, now: int) -> Iterator[tuple[str, str, Wrong]]:
    for column in CONTRACT[name].columns:
        if column.kind != "time" or rows[column.name].null_count == rows.num_rows:
            continue
        values = rows[column.name].drop_null()
        micros = values.cast(INSTANT).cast(pa.int64()).to_numpy()
        later = micros > now + _DAY
        yield (
            name,
            column.name,
            Wrong("future", _show(values, later), "are of the future", "look at the clock and its zone"),
        )
        zero = (micros >= 0) & (micros < _FIRST)
        says, mend = "are of the first day of 1970, a zero that was taken for a time", "leave such cells empty"
        yield name, column.name, Wrong("zero", _show(values, zero), says, mend)
        if len(micros) >= _LEAST_ROWS:
            low, middle, high = np.quantile(micros, (0.01, 0.5, 0.99))
            early = (micros < low - 3 * max(high - low, 30 * _DAY)) & ~zero
            day = np.datetime64(int(middle), "us").astype("M8[D]")
            says = f"are of long before the others, which are of about {day}"
            yield name, column.name, Wrong("early", _show(values, early), says, mend)


def _show(values: Chunks, chosen: NDArray[np.bool_]) -> Chunks:
    """The chosen times, to the second, as text."""
    return values.filter(pa.array(chosen)).cast(pa.timestamp("s"), safe=False).cast(pa.string())
