"""The country's calendar: two years with their seasons, paydays, weeks and hours.

Times are seconds since the first day of the tables; whoever was there before has a negative one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR, BusyDays, Hours, Span
from detection.evaluation.simulation.rhythm import FloatArray, list_days

FIRST_DAY = np.datetime64("2022-09-01T00:00:00")
N_DAYS = 730
END_AT = N_DAYS * DAY
"""The first second after the records."""

_MONTHS = np.array([0.98, 0.88, 1.06, 1.16, 1.08, 0.9, 0.78, 0.82, 1.1, 1.1, 1.25, 1.12])
_WEEK = np.array([1.06, 0.96, 0.93, 0.95, 0.92, 1.1, 1.5])
_SUNDAY = 6
USUAL_HOURS: Hours = (
    *(0.6, 0.3, 0.2, 0.1, 0.1, 0.3, 0.9, 1.9, 2.6, 3.2, 3.7, 3.9),
    *(4.3, 4.0, 3.8, 3.9, 4.3, 5.0, 6.0, 7.2, 7.8, 6.6, 4.0, 1.8),
)
SUNDAY_HOURS: Hours = (
    *(0.3, 0.1, 0.1, 0.1, 0.1, 0.4, 2.5, 6.0, 8.0, 9.0, 9.0, 8.0),
    *(6.0, 4.0, 2.5, 2.0, 2.5, 3.0, 4.0, 5.0, 5.0, 4.0, 2.0, 1.0),
)


class Clock(BusyDays):
    """When people act: at Christmas more than in August, on Sundays, on paydays and in the evening, more each year."""

    def __init__(self, rng: np.random.Generator) -> None:
        days = list_days(FIRST_DAY, N_DAYS)
        self._weekday = days.weekday
        is_payday = (days.of_month <= 3) | ((days.of_month >= 25) & (days.of_month <= 28))
        is_christmas = (days.month == 11) & (days.of_month > 22) & (days.of_month < 28)
        weight = _WEEK[days.weekday] * _MONTHS[days.month]
        weight = weight * np.where(is_payday, 1.14, 1) * np.where(is_christmas, 0.55, 1)
        weight = weight * (1 + 0.45 * np.arange(N_DAYS) / N_DAYS) * rng.lognormal(0, 0.08, N_DAYS)
        super().__init__(rng, FIRST_DAY, weight)

    def draw_hours(self, count: int, hours: Hours | None = None) -> FloatArray:
        """So many times of day, in seconds after midnight, at the usual hours unless others are told; shape (n,)."""
        hours = hours or USUAL_HOURS
        share = np.array(hours) / sum(hours)
        return np.asarray(self.rng.choice(24, count, p=share) * HOUR + self.rng.random(count) * HOUR)

    def draw_moment(self, begins_at: float, ends_at: float) -> float:
        """One moment."""
        return float(self.draw_moments(begins_at, ends_at)[0])

    def draw_span(self, least_days: float, most_days: float) -> Span:
        """A stretch of so many days within the records."""
        seconds = self.rng.uniform(least_days, most_days) * DAY
        earliest = 0.02 * END_AT
        begins_at = self.rng.uniform(earliest, max(earliest + DAY, 0.95 * END_AT - seconds))
        return Span(begins_at, min(begins_at + seconds, END_AT - DAY))

    def draw_sunday(self, begins_at: float, ends_at: float) -> float:
        """The first second of a Sunday, or of the first day if there is none."""
        days = np.arange(N_DAYS)
        there = np.flatnonzero((self._weekday == _SUNDAY) & (days >= begins_at / DAY) & (days < ends_at / DAY))
        return float(self.rng.choice(there) if len(there) else int(begins_at / DAY)) * DAY

    def is_sunday(self, at: FloatArray) -> Any:
        """Whether moments lie on a Sunday, shape (n,)."""
        return self._weekday[(at / DAY).astype(np.int64)] == _SUNDAY
