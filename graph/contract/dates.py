"""Dates as people write them, in an order that is declared; and the times of a place in UTC.

Nothing is tried out here: 03/04/2024 is a day of April in one country and of March in another, and a column of such
dates may never show which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import count_bytes, equals, is_true, read_floats, split_by_pattern

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graph.arrow import Chunks
    from graph.model import Floats, Times

_DAY = r"(?P<{}>\d{{1,2}})"
_SEPARATOR = r"[./\-\s年月,]+"
_ORDERS = {"day first": ("day", "month", "year"), "month first": ("month", "day", "year")}
_ORDERS["year first"] = ("year", "month", "day")
_CLOCK = (
    r"(?:(?:日\s*|T|\s*,\s*|\s+)(?P<hour>\d{1,2})[:.时](?P<minute>\d{2})(?:[:.分](?P<second>\d{2}(?:[.,]\d{1,9})?))?秒?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?日?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EXCEL_DAY_ZERO = 25_569
"""How many days before 1970 Excel begins to count: at 1899-12-30, as if 1900 had been a leap year."""
_DAY_SECONDS = 86_400


def read_dates(text: Chunks, order: str, zone: str | None) -> Times:
    """Dates (N,) with a time of day or without, in a declared order, as instants; NaT where they are none.

    Parameters
    ----------
    text
        The cells (N,), null where empty.
    order
        ``day first``, ``month first`` or ``year first``.
    zone
        Where the clock hung on the wall of which the times do not say their offset; None for UTC.
    """
    parts = split_by_pattern(_name_months_by_number(text), _write_pattern(order))
    is_date = is_true(pc.is_valid(parts["year"]))
    year = _read_ints(parts["year"])
    year = np.where(year < 100, year + np.where(year < 70, 2000, 1900), year)
    days, fits = _find_days(year, _read_ints(parts["month"]), _read_ints(parts["day"]))
    seconds, has_clock = _find_seconds(parts)
    local: Times = np.asarray(days.astype("datetime64[us]") + seconds, dtype="datetime64[us]")
    local[~(is_date & fits & has_clock)] = np.datetime64("NaT")
    return _apply_offsets(local, parts["offset"], zone)


def read_excel_days(days: Floats, zone: str | None) -> Times:
    """Days since Excel's beginning (N,) as instants, to the millisecond, which is as fine as it counts."""
    sane = (days > 0) & (days < 200_000)
    millis = np.round((np.where(sane, days, 0.0) - _EXCEL_DAY_ZERO) * _DAY_SECONDS * 1000).astype(np.int64)
    local = millis.astype("datetime64[ms]").astype("datetime64[us]")
    local[~sane] = np.datetime64("NaT")
    return place_in_zone(local, zone)


def place_in_zone(local: Times, zone: str | None) -> Times:
    """Times of a clock on the wall (N,) in UTC; in an hour that comes twice the first, in one that is left out NaT."""
    if zone is None or not len(local):
        return local
    import pandas as pd  # late: see graph.pandas_later

    series = pd.Series(local).dt.tz_localize(zone, ambiguous=np.ones(len(local), bool), nonexistent="NaT")
    return np.array(series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), dtype="datetime64[us]")


def _write_pattern(order: str) -> str:
    forms = {name: r"(?P<year>\d{4}|\d{2})" if name == "year" else _DAY.format(name) for name in _ORDERS[order]}
    return f"^{_SEPARATOR.join(forms[name] for name in _ORDERS[order])}{_CLOCK}$"


def _name_months_by_number(text: Chunks) -> Chunks:
    """The cells with 3 in the place of Mar or March; only cells with letters are looked at."""
    if not is_true(pc.match_substring_regex(text, r"[A-Za-z]{3}")).any():
        return text
    for number, month in enumerate(_MONTHS, start=1):
        text = pc.replace_substring_regex(text, pattern=rf"(?i)\b{month}[a-z]*\.?", replacement=str(number))
    return text


def _read_ints(texts: Chunks) -> NDArray[np.int64]:
    """Digits (N,) as numbers; -1 where there are none."""
    return _read_numbers(texts, missing=-1.0).astype(np.int64)


def _read_numbers(texts: Chunks, *, missing: float) -> Floats:
    plain = pc.replace_substring(texts, pattern=",", replacement=".")
    nothing = pa.scalar(None, pa.string())
    numbers = read_floats(pc.if_else(equals(plain, ""), nothing, plain).cast(pa.float64()))
    return np.where(np.isnan(numbers), missing, numbers)


def _find_days(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]) -> tuple[Times, Any]:
    """The days (N,), and which of them are in the calendar."""
    fits = (year >= 1700) & (year < 2250) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(fits, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(fits, day - 1, 0)
    return days, fits & (days.astype("datetime64[M]") == months)


def _find_seconds(parts: dict[str, Any]) -> tuple[NDArray[np.timedelta64], NDArray[np.bool_]]:
    """The times of day (N,), midnight where a date has none, and which of them are on the clock."""
    hour = _read_numbers(parts["hour"], missing=0.0)
    minute, second = _read_numbers(parts["minute"], missing=0.0), _read_numbers(parts["second"], missing=0.0)
    half = pc.utf8_lower(parts["half"])
    is_am, is_pm = is_true(equals(half, "a")), is_true(equals(half, "p"))
    fits = (minute < 60) & (second < 61) & np.where(is_am | is_pm, (hour >= 1) & (hour <= 12), hour < 24)
    hour = np.where(is_am | is_pm, hour % 12 + 12 * is_pm, hour)
    micros = np.round((hour * 3600 + minute * 60 + second) * 1e6)
    return np.where(fits, micros, 0).astype("timedelta64[us]"), fits


def _apply_offsets(local: Times, offset: Chunks, zone: str | None) -> Times:
    given = count_bytes(offset) > 0
    signs = split_by_pattern(offset, r"^(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)$")
    minutes = 60 * _read_numbers(signs["hours"], missing=0.0)
    minutes += _read_numbers(signs["minutes"], missing=0.0)
    minutes *= np.where(is_true(equals(signs["sign"], "-")), -1, 1)
    told: Times = local - minutes.astype("timedelta64[m]")
    return np.where(given, told, place_in_zone(np.where(given, np.datetime64("NaT", "us"), local), zone))
