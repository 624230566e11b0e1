"""When people are at it: hours of workdays and weekends, paydays, sales and seasons.

The hours follow retailers' reports (a late peak at eight to ten in the evening, a lower one about noon, the floor at
four to five in the morning; on a free day everything starts later).  Paydays add an eighth at the end of a month, as
reports of daily sales say; the weeks before Christmas sell nearly twice the usual, August somewhat less.
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.rhythm import FloatArray, IntArray, list_days

DAY = 86_400
START_AT = 1_646_092_800  # 2022-03-01T00:00:00Z
N_DAYS = 1_000
END_AT = START_AT + N_DAYS * DAY

_WORKDAY = (3, 2, 1, 1, 1, 1, 3, 7, 10, 11, 12, 13, 15, 13, 12, 12, 13, 15, 17, 20, 24, 23, 16, 8)
_FREE_DAY = (6, 4, 2, 1, 1, 1, 2, 4, 8, 13, 17, 19, 19, 18, 18, 18, 18, 18, 18, 20, 22, 20, 15, 9)
_WEEKDAY = np.array([1.02, 0.97, 0.94, 0.97, 0.95, 1.05, 1.22])  # Monday to Sunday
_MONTH = np.array([0.92, 0.90, 0.97, 1.0, 1.0, 0.97, 0.93, 0.86, 0.98, 1.04, 1.35, 1.45])


def _weigh_days() -> FloatArray:
    days = list_days(np.datetime64("2022-03-01"), N_DAYS)
    payday = np.where((days.of_month >= 28) | (days.of_month <= 2), 1.13, 1.0)
    return np.asarray(_WEEKDAY[days.weekday] * _MONTH[days.month] * payday, dtype=np.float64)


_EDGES = START_AT + np.arange(N_DAYS + 1, dtype=np.float64) * DAY
_BUSY = np.r_[0.0, np.cumsum(_weigh_days())]
_HOURS = np.cumsum([_WORKDAY, _FREE_DAY], axis=1) / np.sum([_WORKDAY, _FREE_DAY], axis=1, keepdims=True)


def draw_moments(rng: np.random.Generator, begins: IntArray, ends: IntArray) -> IntArray:
    """Draw one moment in each interval, more of them when people are at it.

    Parameters
    ----------
    begins, ends : IntArray, shape (n,)
        Unix seconds; what lies outside the records is cut off.

    Returns
    -------
    IntArray, shape (n,)
        Unix seconds.  An interval of less than a day keeps to its seconds, not to the hours of the day.
    """
    begins = np.clip(begins, START_AT, END_AT - 1)
    ends = np.clip(ends, begins, END_AT - 1)
    low, high = np.interp(begins, _EDGES, _BUSY), np.interp(ends, _EDGES, _BUSY)
    plain = np.interp(low + (high - low) * rng.random(len(begins)), _BUSY, _EDGES).astype(np.int64)
    by_clock = draw_clock(rng, plain)
    return np.where((by_clock >= begins) & (by_clock <= ends), by_clock, plain)


def draw_clock(rng: np.random.Generator, moments: IntArray) -> IntArray:
    """Keep the day of each moment and draw its time of day."""
    is_free = (moments // DAY + 3) % 7 >= 5
    draws = rng.random(len(moments))
    hour = np.where(is_free, np.searchsorted(_HOURS[1], draws), np.searchsorted(_HOURS[0], draws))
    return np.asarray(moments // DAY * DAY + hour * 3_600 + rng.integers(0, 3_600, len(moments)))


def draw_about(rng: np.random.Generator, at: int, spread_seconds: float, count: int) -> IntArray:
    """Moments soon after an instant, most of them at once; clipped to three times the spread."""
    later = rng.exponential(spread_seconds, count).clip(max=3 * spread_seconds)
    return np.minimum(at + later.astype(np.int64), END_AT - 1)


def draw_delays(rng: np.random.Generator, median_days: float, count: int) -> IntArray:
    """Seconds, log-normal, half of them shorter than the median."""
    return (rng.lognormal(np.log(median_days * DAY), 0.7, count)).astype(np.int64)
