"""When things happen: growth of the market, hours of the day, days of the week, sessions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

DAY_SECONDS = 86_400
START_AT = 1_672_531_200  # 2023-01-01T00:00:00Z
END_AT = START_AT + 730 * DAY_SECONDS
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0

_HOUR_WEIGHTS = np.array(
    [
        (0.35, 0.18, 0.10, 0.07, 0.06, 0.07, 0.12, 0.28, 0.60, 1.05, 1.45, 1.70),
        (1.85, 1.95, 1.90, 1.80, 1.70, 1.60, 1.50, 1.50, 1.45, 1.25, 0.90, 0.60),
    ]
).ravel()
_HOUR_CUMULATIVE = np.cumsum(_HOUR_WEIGHTS) / _HOUR_WEIGHTS.sum()
_WEEKDAY_WEIGHTS = np.array([1.45, 1.10, 0.65, 0.62, 0.90, 1.02, 1.30])


class Days(NamedTuple):
    """Days of a calendar, shape (n,) each; January and Monday are 0, the first of a month is 1."""

    month: IntArray
    of_month: IntArray
    weekday: IntArray


def list_days(first: np.datetime64, count: int) -> Days:
    """So many days from a first one on.

    Examples
    --------
    >>> days = list_days(np.datetime64("2023-01-31"), 2)
    >>> days.month.tolist(), days.of_month.tolist(), days.weekday.tolist()
    ([0, 1], [31, 1], [1, 2])
    """
    days = first.astype("datetime64[D]") + np.arange(count)
    months = days.astype("datetime64[M]")
    return Days(
        months.astype(np.int64) % 12,
        (days - months).astype(np.int64) + 1,
        (days.astype(np.int64) + _EPOCH_WEEKDAY) % 7,
    )


def draw_joining_times(rng: np.random.Generator, count: int) -> IntArray:
    """Draw when accounts join: an old stock, steady growth, and a few days of promotion.

    Returns
    -------
    IntArray, shape (count,)
        Unix seconds.
    """
    growth = np.sqrt(0.25 + 2.0 * rng.random(count)) - 0.5
    joined = START_AT + growth / growth.max(initial=1.0) * (END_AT - START_AT)
    stock = rng.random(count) < 0.18
    joined[stock] = START_AT - rng.exponential(200 * DAY_SECONDS, stock.sum()).clip(max=900 * DAY_SECONDS)
    promoted = rng.random(count) < 0.08
    promotions = rng.uniform(START_AT, END_AT - 10 * DAY_SECONDS, max(6, count // 4_000))
    joined[promoted] = rng.choice(promotions, promoted.sum()) + rng.exponential(0.8 * DAY_SECONDS, promoted.sum())
    return draw_hours(rng, joined.astype(np.int64).clip(max=END_AT - 3 * DAY_SECONDS))


def draw_hours(rng: np.random.Generator, moments: IntArray) -> IntArray:
    """Keep the day of each moment and draw its time of day anew, from the market's daily rhythm."""
    hour = np.searchsorted(_HOUR_CUMULATIVE, rng.random(len(moments)))
    second_of_day = hour * 3_600 + rng.integers(0, 3_600, len(moments))
    return (moments // DAY_SECONDS) * DAY_SECONDS + second_of_day


def draw_times(rng: np.random.Generator, begins: IntArray, ends: IntArray) -> IntArray:
    """Draw one moment in each interval, following the daily and weekly rhythm.

    A moment that the rhythm would push out of its interval keeps its uniform draw, so intervals of
    seconds work too.
    """
    span = np.maximum(ends - begins, 1)
    first = begins + (rng.random(len(begins)) * span).astype(np.int64)
    second = begins + (rng.random(len(begins)) * span).astype(np.int64)
    weight_first = _WEEKDAY_WEIGHTS[find_weekdays(first)]
    weight_second = _WEEKDAY_WEIGHTS[find_weekdays(second)]
    chosen = np.where(rng.random(len(begins)) * (weight_first + weight_second) < weight_first, first, second)
    rhythmic = draw_hours(rng, chosen)
    return np.where((rhythmic >= begins) & (rhythmic <= ends), rhythmic, chosen)


def find_weekdays(moments: IntArray) -> IntArray:
    """Weekday of each moment, Monday 0."""
    return (moments // DAY_SECONDS + _EPOCH_WEEKDAY) % 7


def draw_sessions(rng: np.random.Generator, owners: IntArray, begins: IntArray, ends: IntArray) -> IntArray:
    """Draw times that come in sessions: several orders minutes or hours apart, then days of silence.

    Parameters
    ----------
    owners : IntArray, shape (n,)
        Sorted owner of each event; a session never spans two owners.
    begins, ends : IntArray, shape (n,)
        The owner's active interval; a session that starts late in it may run over its end.

    Returns
    -------
    IntArray, shape (n,)
        Unix seconds, not sorted within an owner.
    """
    if len(owners) == 0:
        return owners.copy()
    is_new = np.r_[True, owners[1:] != owners[:-1]] | (rng.random(len(owners)) < 0.42)
    heads = np.flatnonzero(is_new)
    session = np.cumsum(is_new) - 1
    gap_seconds = np.minimum(rng.lognormal(6.9, 2.5, len(owners)), 2 * DAY_SECONDS)
    gap_seconds[rng.random(len(owners)) < 0.22] = 0
    gap_seconds[heads] = 0
    elapsed = np.cumsum(gap_seconds)
    since_head = (elapsed - elapsed[heads][session]).astype(np.int64)
    moments = draw_times(rng, begins[heads], ends[heads])[session] + since_head
    return np.asarray(moments)
