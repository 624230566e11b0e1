"""The calendar of payments: eighteen months with their weekends, evenings, holidays and firsts of the month.

Times are seconds since the first day of the tables; whoever was there before has a negative one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detection.evaluation.countries import DAY, HOUR, BusyDays, Hours, Span, find_midnight
from detection.evaluation.simulation.rhythm import FloatArray, IntArray, list_days

WEEK = 7 * DAY
FIRST_DAY = np.datetime64("2024-02-01T00:00:00")
N_DAYS = 548
END_AT = N_DAYS * DAY
"""The first second after the records."""

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6

_MONTHS = np.array([0.9, 0.92, 0.96, 1.0, 1.06, 1.1, 1.08, 1.0, 1.02, 0.98, 0.98, 1.2])
_WEEK = np.array([0.86, 0.8, 0.84, 0.93, 1.24, 1.34, 1.1])
USUAL_HOURS: Hours = (
    *(1.5, 0.8, 0.45, 0.25, 0.15, 0.2, 0.5, 1.2, 2.1, 2.7, 3.2, 3.9),
    *(5.2, 4.8, 4.0, 3.8, 4.2, 5.2, 6.6, 7.4, 7.6, 7.0, 5.2, 3.2),
)
NIGHT_HOURS: Hours = (
    *(6.0, 4.0, 2.5, 1.0, 0.3, 0.2, 0.2, 0.3, 0.5, 0.8, 1.0, 1.2),
    *(1.5, 1.5, 1.5, 1.8, 2.0, 3.0, 5.0, 7.0, 9.0, 10.0, 9.0, 8.0),
)
OFFICE_HOURS: Hours = (
    *(0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.8, 2.5, 5.0, 7.0, 7.5, 8.0),
    *(9.0, 8.0, 6.5, 6.0, 6.0, 5.5, 3.0, 1.5, 1.0, 0.8, 0.5, 0.2),
)


class Clock(BusyDays):
    """When people pay: in the evening, at weekends, when the month begins, in December, more each month."""

    def __init__(self, rng: np.random.Generator) -> None:
        days = list_days(FIRST_DAY, N_DAYS)
        self._weekday, self._of_month = days.weekday, days.of_month
        weight = _WEEK[days.weekday] * _MONTHS[days.month] * np.where(days.of_month <= 2, 1.3, 1)
        weight = weight * (1 + 0.5 * np.arange(N_DAYS) / N_DAYS) * rng.lognormal(0, 0.07, N_DAYS)
        super().__init__(rng, FIRST_DAY, weight)

    def draw_hours(self, count: int, hours: Hours | None = None) -> FloatArray:
        """So many times of day, in seconds after midnight, at the usual hours unless others are told; shape (n,)."""
        hours = hours or USUAL_HOURS
        share = np.array(hours) / sum(hours)
        return np.asarray((self.rng.choice(24, count, p=share) + self.rng.random(count)) * HOUR)

    def wait(self, at: Any, seconds: Any) -> FloatArray:
        """Moments so much later on average, most of them not while people sleep; shape (n,)."""
        at = np.asarray(at, dtype=np.float64)
        later = at + self.rng.exponential(1, len(at)) * seconds
        sleeps = (later % DAY < 6.5 * HOUR) & (later - at > HOUR) & (self.rng.random(len(at)) < 0.9)
        awake = np.maximum(self.draw_hours(len(at)), 7 * HOUR + self.rng.random(len(at)) * HOUR)
        return np.asarray(np.where(sleeps, find_midnight(later) + awake, later))

    def draw_span(self, least_days: float, most_days: float) -> Span:
        """A stretch of so many days within the records, or of those that there are."""
        seconds = min(self.rng.uniform(least_days, most_days) * DAY, 0.95 * END_AT)
        begins_at = self.rng.uniform(0.01 * END_AT, 0.98 * END_AT - seconds)
        return Span(begins_at, begins_at + seconds)

    def draw_stretch(self, least_days: float, most_days: float) -> Span:
        """What the records have of a stretch of so many days, two fifths of which may be before or after."""
        seconds = self.rng.uniform(least_days, most_days) * DAY
        begins_at = self.rng.uniform(-0.4 * seconds, END_AT - 0.6 * seconds)
        return Span(max(begins_at, 0.0), min(begins_at + seconds, END_AT - HOUR))

    def list_firsts(self, span: Span, of_month: int = 1) -> FloatArray:
        """The midnights of a day of each month in a stretch, shape (n,)."""
        return self._list(self._of_month == of_month, span)

    def list_weekdays(self, span: Span, weekday: int) -> FloatArray:
        """The midnights of a day of each week in a stretch, Monday 0; shape (n,)."""
        return self._list(self._weekday == weekday, span)

    def list_workdays(self, span: Span) -> FloatArray:
        """The midnights of all days from Monday to Friday in a stretch, shape (n,)."""
        return self._list(self._weekday <= FRIDAY, span)

    def draw_evenings(self, span: Span, count: Any) -> FloatArray:
        """So many evenings of any days, the weekend's more often; shape (n,), in order."""
        days: IntArray = np.floor(self.draw_moments(*span, int(count)) / DAY).astype(np.int64)
        return np.asarray(np.sort(days * DAY + self.rng.uniform(18.5, 22.5, int(count)) * HOUR))

    def _list(self, is_there: Any, span: Span) -> FloatArray:
        days = np.flatnonzero(is_there) * DAY
        return np.asarray(days[(days >= span.begins_at) & (days < span.ends_at)])
