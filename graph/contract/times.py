"""Cells as instants: ISO 8601, Unix seconds, what is declared, or what a Parquet file holds as a time or a date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import blank_where, is_outside, is_true
from graph.contract.dates import place_in_zone, read_dates, read_excel_days
from graph.contract.faults import Faults, quote
from graph.contract.schema import INSTANT
from graph.contract.sources import Source
from graph.contract.texts import read_as_text, trim

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.model import Floats, Times

# Outside of these a time is a placeholder: it would put its row before or after everything that ever happened.
FIRST_TIME, LAST_TIME = np.datetime64("1900-01-01", "us"), np.datetime64("2200-01-01", "us")
# What nanoseconds can hold, so that any unit can: FIRST_TIME and LAST_TIME lie well within.
_EARLIEST, _LATEST = np.datetime64("1700-01-01", "us"), np.datetime64("2250-01-01", "us")
_PER_SECOND = {"unix seconds": 1, "unix milliseconds": 10**3, "unix microseconds": 10**6, "unix nanoseconds": 10**9}
_DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"


def check_times(source: Source, name: str, raw: Chunks, faults: Faults) -> Chunks:
    """Read a column (N,) as ``timestamp[us]`` in UTC; fault what is no time, or a placeholder for one."""
    form, zone = source.settings.find_time_form(name), source.settings.zone
    if pa.types.is_temporal(raw.type) and not pa.types.is_time(raw.type):
        given, instants = raw, _from_temporal(raw)
        if getattr(raw.type, "tz", None) is None:
            instants = place_in_zone(instants, zone)
    elif pa.types.is_floating(raw.type):
        given = blank_where(pc.is_nan(raw), raw)
        instants = _from_count(given.cast(pa.float64()).to_numpy(), form, zone)
    else:
        given = trim(read_as_text(source, name, raw, faults))
        instants = read_times(given, form, zone)
    with np.errstate(invalid="ignore"):
        fine = (instants >= FIRST_TIME) & (instants < LAST_TIME)
    wrong = np.flatnonzero(pc.is_valid(given).to_numpy() & ~fine)
    found = _as_written(given.take(wrong)) if len(wrong) else []
    skipped = _find_skipped(found, form, zone)
    faults.add(wrong.tolist(), (_why_no_time(source, name, *told) for told in zip(found, skipped, strict=True)))
    instants[~fine] = np.datetime64("NaT")
    return pa.chunked_array([pa.array(instants, INSTANT)])


def _from_temporal(raw: Chunks) -> Times:
    """Instants of a column of times or dates, nanoseconds cut off; one without a zone is in UTC.  NaT where far off."""
    if not pa.types.is_timestamp(raw.type) and not pa.types.is_date(raw.type):  # a duration is no time
        return np.full(len(raw), np.datetime64("NaT", "us"))
    whole = _without_sentinels(raw).cast(pa.timestamp("us", getattr(raw.type, "tz", None)), safe=False)
    return np.array(whole.cast(INSTANT).to_numpy(), dtype="datetime64[us]")


def _without_sentinels(raw: Chunks) -> Chunks:
    """Null in the place of times that microseconds cannot hold: a cast would turn them into some other time."""
    days = pa.types.is_date32(raw.type)
    ticks = (raw.cast(pa.int32()) if days else raw).cast(pa.int64())
    unit = "D" if days else "ms" if pa.types.is_date64(raw.type) else str(raw.type.unit)
    first, last = (int(time.astype(f"datetime64[{unit}]").astype(np.int64)) for time in (_EARLIEST, _LATEST))
    return blank_where(is_outside(ticks, first, last), raw)


def _as_written(values: Chunks) -> Sequence[object]:
    """Values as a message shows them; Python knows neither the year 0 nor the year 10,000, so Arrow writes times."""
    if not pa.types.is_temporal(values.type):
        return values.to_pylist()
    try:
        return values.cast(pa.string()).to_pylist()
    except pa.ArrowException:
        return [str(value) for value in values]


def _from_seconds(seconds: Floats, per_second: int = 1) -> Times:
    """Unix seconds, or parts of them, as instants; NaT where not a number or out of all reason."""
    sane = np.abs(seconds) < 1e11 * per_second
    micros = np.round(np.where(sane, seconds, 0.0) * (1e6 / per_second)).astype(np.int64)
    instants = micros.astype("datetime64[us]")
    instants[~sane] = np.datetime64("NaT")
    return instants


def _from_count(numbers: Floats, form: str | None, zone: str | None) -> Times:
    """Numbers (N,) that count seconds, or what is declared, as instants."""
    if form == "excel":
        return read_excel_days(numbers, zone)
    return _from_seconds(numbers, _PER_SECOND.get(form or "", 1))


def read_times(text: Chunks, form: str | None, zone: str | None) -> Times:
    """Trimmed cells (N,) as instants, in a declared form or in none; NaT where they are no time."""
    return _from_text(text, zone) if form is None else _from_declared(text, form, zone)


def _from_declared(text: Chunks, form: str, zone: str | None) -> Times:
    """Times (N,) in a declared form; ISO 8601, which nothing else looks like, is understood beside it."""
    if form in _PER_SECOND or form == "excel":
        plain = pc.match_substring_regex(text, r"^-?\d+(\.\d*)?$")
        numbers = pc.if_else(plain, text, pa.scalar(None, pa.string())).cast(pa.float64()).to_numpy()
        instants = _from_count(numbers, form, zone)
    else:
        instants = read_dates(text, form, zone)
    iso = is_true(pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d"))
    if not iso.any():
        return instants
    cells = pc.if_else(pa.array(iso), text, pa.scalar(None, pa.string()))
    return np.where(iso, _from_text(cells, zone), instants)


def _from_text(text: Chunks, zone: str | None) -> Times:
    """ISO 8601 or Unix seconds as instants; NaT where neither.

    Eight digits that make a date (``20240131``) are ISO 8601's basic form, not a day of 1970.  The letters UTC or GMT
    behind a clock, as BigQuery writes them, are its Z.
    """
    if (whole := _from_full_times(text, zone)) is not None:
        return whole
    text = pc.replace_substring_regex(text, r"(:\d\d(?:\.\d+)?) ?(?:UTC|GMT)$", r"\1Z")
    digits = pc.match_substring_regex(text, r"^-?\d+(\.\d*)?$")
    dates = pc.match_substring_regex(text, r"^(19|2[01])\d\d((0\d|1[0-2])[0-3]\d)?$")
    nothing = pa.scalar(None, pa.string())
    seconds = pc.if_else(pc.and_not(digits, dates), text, nothing).cast(pa.float64()).to_numpy()
    instants = _from_seconds(seconds)
    # pandas also understands "now" and "today"; a bare year is as likely a number of seconds
    iso = pc.match_substring_regex(text, r"^\d{4}-\d|^\d{8}([T ]|$)")
    is_iso = is_true(pc.and_not(iso, pc.and_not(digits, dates)))
    if not is_iso.any():
        return instants
    import pandas as pd  # late: see graph.pandas_later

    cells = pc.if_else(pa.array(is_iso), text, nothing).to_pandas()
    parsed = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
    micros = parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    if zone is not None:
        bare = is_iso & ~is_true(pc.match_substring_regex(text, r":\d\d.*(Z|[+-]\d\d(:?\d\d)?)$|[T ]\d\d[+-]\d"))
        micros = np.where(bare, place_in_zone(micros, zone), micros)
    return np.where(is_iso, micros, instants)


def _from_full_times(text: Chunks, zone: str | None) -> Times | None:
    """Times of which each says its zone, or none does: the common case, ten times as fast; None where it is another."""
    for told in ("UTC", None):
        try:
            instants = np.array(text.cast(pa.timestamp("us", told)).to_numpy(), dtype="datetime64[us]")
        except pa.ArrowInvalid:
            continue
        return instants if told else place_in_zone(instants, zone)
    return None


def _find_skipped(values: Sequence[object], form: str | None, zone: str | None) -> Sequence[bool]:
    """Which values are times of an hour that a zone leaves out in spring: without a zone, they could be read."""
    if zone is None or not values:
        return [False] * len(values)
    without = read_times(pa.chunked_array([pa.array(map(str, values), pa.string())]), form, None)
    with np.errstate(invalid="ignore"):
        skipped: list[bool] = ((without >= FIRST_TIME) & (without < LAST_TIME)).tolist()
    return skipped


def _why_no_time(source: Source, name: str, value: object, is_skipped: bool) -> str:
    shown, setting = f"{name} {quote(value)}", f"tables.{source.table.name}.times"
    form, zone = source.settings.find_time_form(name), source.settings.zone
    if is_skipped:
        return f"{shown} is in an hour that clocks in {zone} leave out in spring: are these times of another zone?"
    dated = re.match(r"(\d{4,})-\d", str(value))
    if dated and not 1900 <= int(dated[1]) <= 2199:
        return f"{shown} looks like a placeholder: leave the cell empty"
    if form is not None:
        return f"{shown} is not a time written {form}"
    if counted := re.fullmatch(r"(\d{13}|\d{16})(\.0*)?", str(value)):
        unit = "milliseconds" if len(counted[1]) == 13 else "microseconds"
        return f"{shown} looks like {unit}: Unix times are in seconds, or set {setting} = 'unix {unit}'"
    if re.match(_DATE, str(value)) and not dated:
        return f"{shown} is not an ISO 8601 time: say how it is written, {setting} = {_say_order(str(value))}"
    return f"{shown} is not an ISO 8601 time or Unix seconds"


def _say_order(date: str) -> str:
    """The orders in which a date can be read."""
    numbers = [int(each) for each in re.findall(r"\d+", date)[:3]]
    if numbers[0] > 31:
        return "'year first'"
    if numbers[0] > 12:
        return "'day first'"
    return "'month first'" if numbers[1] > 12 else "'day first' or 'month first'"
