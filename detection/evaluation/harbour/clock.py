"""The town's calendar: thirty months with their seasons, weeks and hours.

Times are seconds since the first day of the tables; whoever was there before has a negative one.
"""

from __future__ import annotations

import math

import numpy as np

from detection.evaluation.simulation.rhythm import FloatArray, list_days

DAY = 86_400.0
FIRST_DAY = np.datetime64("2023-01-01T00:00:00")
N_DAYS = 911
END_AT = N_DAYS * DAY - 1
"""The last second of 2025-06-30."""

_SEASON = np.array([1.18, 0.98, 1.02, 1.0, 0.95, 0.85, 0.78, 0.92, 1.14, 1.06, 1.22, 1.28])
_WEEK = np.array([1.1, 0.97, 0.95, 0.93, 0.9, 0.98, 1.25])
_HOURS = np.array([2, 1, 0.6, 0.4, 0.4, 0.8, 2, 4, 5, 5, 5.2, 5.5, 6.5, 6, 5, 5, 5.5, 6.5, 7.5, 9, 11, 11, 8, 4.5])
_HOUR_STARTS = np.arange(25) * 3600.0
_DAY_STARTS = np.arange(N_DAYS + 1) * DAY


def find_day(year: int, month: int, day: int) -> float:
    """The first second of a day."""
    begins = np.datetime64(f"{year}-{month:02d}-{day:02d}") - FIRST_DAY.astype("datetime64[D]")
    return float(begins.astype(int)) * DAY


class Clock:
    """When things happen: autumn more than summer, Sundays and evenings most, and more each year."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        days, growth = list_days(FIRST_DAY, N_DAYS), 1 + 0.5 * np.arange(N_DAYS) / N_DAYS
        weight = _SEASON[days.month] * _WEEK[days.weekday] * growth * rng.lognormal(0, 0.06, N_DAYS)
        self._by_day = np.concatenate([[0], np.cumsum(weight)])
        self._by_hour = np.concatenate([[0], np.cumsum(_HOURS / _HOURS.sum())])

    def draw_moments(
        self, count: int, begins_at: FloatArray | float = 0.0, ends_at: FloatArray | float = END_AT
    ) -> FloatArray:
        """So many moments, each between a beginning and an end."""
        low, high = np.clip(begins_at, 0, END_AT), np.clip(ends_at, 0, END_AT)
        first = np.interp(low, _DAY_STARTS, self._by_day)
        last = np.interp(high, _DAY_STARTS, self._by_day)
        drawn = np.interp(first + (last - first) * self.rng.random(count), self._by_day, _DAY_STARTS)
        hour = np.interp(self.rng.random(count), self._by_hour, _HOUR_STARTS)
        at = np.floor(drawn / DAY) * DAY + hour
        return np.asarray(np.where((at >= low) & (at <= high), at, drawn))

    def draw_moment(self, begins_at: float = 0.0, ends_at: float = END_AT) -> float:
        """One moment."""
        return float(self.draw_moments(1, begins_at, ends_at)[0])

    def draw_later(self, at: float, days: float = 4.0) -> float:
        """About so many days later, at an hour at which people are up."""
        at += DAY * days * math.exp(self.rng.normal(0, 0.8)) + 600
        hour = float(np.interp(self.rng.random(), self._by_hour, _HOUR_STARTS))
        into_day = at % DAY
        return at - into_day + hour if hour > into_day else at - into_day + DAY + hour
