"""Cells as numbers: finite, not below zero, and a rating from 1 to 5."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import blank_where, split_by_pattern
from graph.contract.faults import Faults, quote
from graph.contract.schema import Column
from graph.contract.sources import Source
from graph.contract.texts import read_as_text, trim
from graph.mapping import OUTGOING

if TYPE_CHECKING:
    from graph.arrow import Chunks

MAX_NUMBER = 1e15
"""Amounts and prices above this are slips or pranks; below it, sums of all that fit into a market are exact enough."""
_MARKED = r"\d[,'’\s]\d|^[^\d.+-]{1,5}\d|\d[^\d.]{1,5}$"
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class _Numbers:
    """The numbers (N,), null where there is none, and the cells as written (N,), null where empty."""

    values: Chunks
    as_written: Chunks


def check_numbers(source: Source, column: Column, raw: Chunks, faults: Faults) -> Chunks:
    """Read a column (N,) as ``float64``; fault what is no number, or out of the column's range."""
    numbers = _parse_numbers(source, column.name, raw, faults)
    if source.settings.below_zero and column.name == "amount":
        numbers = replace(numbers, values=pc.abs(numbers.values))
    if per_unit := source.settings.per_unit.get(column.name):
        numbers = replace(numbers, values=pc.divide(numbers.values, float(per_unit)))
    values = numbers.values.to_numpy()
    given = pc.is_valid(numbers.as_written).to_numpy()
    with np.errstate(invalid="ignore"):
        if column.kind == "rating":
            wrong, why = given & ~((values >= 1) & (values <= 5)), "is not a number from 1 to 5"
        else:
            wrong, why = given & ~np.isfinite(values), "is not a finite number"
    rows = np.flatnonzero(wrong)
    written = numbers.as_written.take(rows).to_pylist() if len(rows) else []
    faults.add(rows.tolist(), (f"{column.name} {quote(each)} {why}{_hint(source, each)}" for each in written))
    if column.kind == "number":
        below = np.flatnonzero(given & (values < 0))
        faults.add_values(
            numbers.as_written,
            below,
            f"{column.name} {{}}: {_article(column.name)} below zero{_say_sign(source, column)}",
        )
        with np.errstate(invalid="ignore"):
            above = np.flatnonzero(given & np.isfinite(values) & (values > MAX_NUMBER))
        faults.add_values(numbers.as_written, above, f"{column.name} {{}} is above {MAX_NUMBER:,.0f}")
    return numbers.values


def _say_sign(source: Source, column: Column) -> str:
    """What a sign before amounts of orders and transfers can be declared to mean."""
    table = source.table.name
    if column.name != "amount" or table not in ("orders", "transfers"):
        return ""
    out = f"; if it was paid out, set tables.transfers.below_zero = '{OUTGOING}'" if table == "transfers" else ""
    return f"{out}; if it was paid back, set tables.{table}.below_zero = 'refunded'"


def _hint(source: Source, written: object) -> str:
    """What a number with marks in it needs to be understood."""
    mark = source.settings.decimal
    if mark is not None:
        return f" with the decimal mark {mark!r}"
    if not isinstance(written, str) or not re.search(_MARKED, written.strip()):
        return ""
    return f": say how it is written, tables.{source.table.name}.decimal = '.' or ','"


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _parse_numbers(source: Source, name: str, raw: Chunks, faults: Faults) -> _Numbers:
    if pa.types.is_floating(raw.type):
        numbers = raw.cast(pa.float64())
        numbers = blank_where(pc.is_nan(numbers), numbers)  # frames hold NaN where nothing is given
        return _Numbers(numbers, numbers)
    if pa.types.is_integer(raw.type) or pa.types.is_decimal(raw.type):
        return _Numbers(raw.cast(pa.float64(), safe=False), raw)
    text = trim(read_as_text(source, name, raw, faults))
    if source.settings.decimal is not None:
        return _Numbers(read_marked(text, source.settings.decimal), text)
    try:
        return _Numbers(text.cast(pa.float64()), text)
    except pa.ArrowInvalid:  # one cell is enough to refuse the column: only then are the cells told apart
        plain = pc.match_substring_regex(text, _PLAIN_NUMBER)
        return _Numbers(pc.if_else(plain, text, pa.scalar(None, pa.string())).cast(pa.float64()), text)


_CURRENCY = r"(?:[A-Za-z]{0,3}\p{Sc}|[A-Z]{3}|kr\.?|zł|Kč|Ft|Fr\.?|Rs\.?|руб\.?|元|円|원)"
_SIGNS = (
    (r"−", "-"),
    (r"^\(([^-+()]+)\)$", r"-\1"),  # as accountants write what is below zero
    (r"^([^-+]+)-$", r"-\1"),
    (rf"^([-+])({_CURRENCY})", r"\2\1"),
)
"""Where the sign of a number may stand, and how it comes to stand before its digits."""


def read_marked(text: Chunks, mark: str) -> Chunks:
    """Numbers (N,) with a decimal mark, marks of thousands, a currency's sign or letters; null where they are none."""
    gap = r"[\s\x{a0}\x{202f}]"
    between = rf"[{'.,'.replace(mark, '')}'’\s\x{{a0}}\x{{202f}}]"
    whole = rf"(?:\d{{1,3}}(?:{between}\d{{2,3}})*{between}\d{{3}}|\d+)"  # in India two digits make a group
    pattern = rf"^{_CURRENCY}?{gap}*(?P<number>[+-]?{whole}?(?:[{mark}]\d*)?){gap}*{_CURRENCY}?$"
    if pc.any(pc.match_substring_regex(text, "[-−(]")).as_py():
        for sign, before in _SIGNS:
            text = pc.replace_substring_regex(text, pattern=sign, replacement=before)
    bare = pc.replace_substring_regex(
        split_by_pattern(text, pattern)["number"], pattern=rf"[^\d{mark}+-]", replacement=""
    )
    plain = pc.replace_substring(bare, pattern=mark, replacement=".")
    has_digit = pc.match_substring_regex(plain, r"\d")
    numbers: Chunks = pc.if_else(has_digit, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    return numbers


def find_below_zero(source: Source, name: str, raw: Chunks) -> NDArray[np.bool_]:
    """Which cells (N,) are numbers below zero."""
    with np.errstate(invalid="ignore"):
        below: NDArray[np.bool_] = _parse_numbers(source, name, raw, Faults()).values.to_numpy().astype(np.float64) < 0
    return below
