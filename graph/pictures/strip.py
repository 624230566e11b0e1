"""What happened, as marks on a strip of time: a lane for each kind of deed, bursts marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.queries.views import Burst, Moment, Timeline

LANES = ("sign-up", "use", "order", "sale", "transfer", "review", "refund", "status", "label")
"""What accounts did, and what became of them; when somebody judged them is years later, and would leave no room."""
_BINS = 184
"""So many marks stand beside one another at the most: what falls into one place is one mark with a count."""
_TICKS = 6


@dataclass(frozen=True)
class Mark:
    """Moments of one kind that fall into one place, from ``at`` on; ``x`` runs from 0 to 1."""

    x: float
    at: datetime
    count: int
    is_burst: bool


@dataclass(frozen=True)
class Stretch:
    """A burst, from ``x`` on, ``width`` wide, both from 0 to 1."""

    x: float
    width: float
    burst: Burst


@dataclass(frozen=True)
class Lane:
    """The moments of one kind, and how many there are."""

    what: str
    total: int
    marks: tuple[Mark, ...]
    bursts: tuple[Stretch, ...]


@dataclass(frozen=True)
class Tick:
    """A day to read the time by; ``x`` runs from 0 to 1."""

    x: float
    at: datetime


@dataclass(frozen=True)
class Strip:
    """A strip of time from ``first_at`` to ``last_at`` (UTC)."""

    first_at: datetime
    last_at: datetime
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]

    def find_x(self, at: datetime) -> float:
        """Where an instant stands, 0 to 1."""
        return round(min(max((at - self.first_at) / (self.last_at - self.first_at), 0.0), 1.0), 4)


def draw_strip(found: Timeline) -> Strip | None:
    """The strip of a timeline; None where nothing has a date."""
    dated = [each for each in found.moments if each.at is not None]
    if not dated:
        return None
    first, last = dated[0].at, dated[-1].at
    assert first is not None  # dated
    assert last is not None
    empty = Strip(first, max(last, first + timedelta(days=1)), (), ())
    lanes = [_draw_lane(empty, what, dated, found.bursts) for what in LANES if any(each.what == what for each in dated)]
    return Strip(empty.first_at, empty.last_at, tuple(lanes), _list_ticks(empty))


def _draw_lane(strip: Strip, what: str, moments: Sequence[Moment], bursts: Sequence[Burst]) -> Lane:
    mine = [each for each in moments if each.what == what]
    places: dict[int, list[Moment]] = {}
    for moment in mine:
        assert moment.at is not None  # only what is dated comes here
        places.setdefault(int(strip.find_x(moment.at) * (_BINS - 1) + 0.5), []).append(moment)
    marks = [_draw_mark(place, held) for place, held in sorted(places.items())]
    shown = [_draw_stretch(strip, each) for each in bursts if each.what == what and each.first_at and each.last_at]
    return Lane(what, len(mine), tuple(marks), tuple(shown))


def _draw_mark(place: int, held: Sequence[Moment]) -> Mark:
    at = held[0].at
    assert at is not None  # only what is dated comes here
    return Mark(round(place / (_BINS - 1), 4), at, len(held), any(each.burst is not None for each in held))


def _draw_stretch(strip: Strip, burst: Burst) -> Stretch:
    assert burst.first_at is not None  # asked before
    assert burst.last_at is not None
    x = strip.find_x(burst.first_at)
    return Stretch(x, round(max(strip.find_x(burst.last_at) - x, 0.004), 4), burst)


def _list_ticks(strip: Strip) -> tuple[Tick, ...]:
    span = strip.last_at - strip.first_at
    days = (strip.first_at + span * step / _TICKS for step in range(_TICKS + 1))
    return tuple(Tick(strip.find_x(at), at) for at in days)


def count_moments(strip: Strip) -> Mapping[str, int]:
    """How many moments of each kind a strip holds."""
    return Counter({lane.what: lane.total for lane in strip.lanes})
