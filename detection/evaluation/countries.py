"""What a country is before it trades or pays: its calendar, ways of working, groups, rings, lives and clerk.

Times are seconds since the first day of the tables; whoever was there before has a negative one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import pandas as pd

from detection.evaluation.simulation.ledger import BoolArray
from detection.evaluation.simulation.rhythm import FloatArray, IntArray
from detection.evaluation.simulation.settings import WorldSettings
from detection.evaluation.simulation.tables import ToldRing, format_times, order_rows, take_names, tell_rings

HOUR = 3_600.0
DAY = 86_400.0
MONTH = 30.4 * DAY

Hours = tuple[float, ...]
"""How much is done in each hour of a day."""

_LEAST_FOR_EVERY_KIND = 2_000
"""From so many accounts on there is at least one honest group of each kind."""


@dataclass(frozen=True)
class CountrySettings(WorldSettings):
    """The knobs of a country of at least 300 accounts; from 2,000 on every kind of honest group is there."""

    least_accounts: ClassVar[int] = 300


class Way(NamedTuple):
    """A way of working: rings of it for 20,000 accounts, their sizes, their days in ordinary countries, what they are.

    ``real_share`` is how often the accounts are those of real people, who keep their lives; ``kind`` the kind of ring
    that is nearest to it.
    """

    kind: str
    per_20_000: int
    least: int
    most: int
    least_days: int
    most_days: int
    real_share: float = 0.0


# ── the calendar ──────────────────────────────────────────────────────────────────────────────────


class Span(NamedTuple):
    """A stretch of the calendar, in seconds."""

    begins_at: float
    ends_at: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.ends_at - self.begins_at

    def find(self, share: float) -> float:
        """The moment when such a share of it is over."""
        return self.begins_at + self.seconds * share

    def list_steps(self, seconds: float, *, after: float = 0.0) -> FloatArray:
        """Moments so far apart, the first of them so long after the beginning."""
        return np.arange(self.begins_at + after, self.ends_at, seconds)


class BusyDays(ABC):
    """When people act: more on busy days than on others.

    Parameters
    ----------
    rng
        What draws the moments.
    first_day : datetime64[s]
        The midnight that times are counted from.
    weight : FloatArray, shape (n_days,)
        How much is done on each day of the records, beside the others.
    """

    def __init__(self, rng: np.random.Generator, first_day: np.datetime64, weight: FloatArray) -> None:
        self.rng, self.first_day, self.end_at = rng, first_day, len(weight) * DAY
        self._edges = np.arange(len(weight) + 1, dtype=np.float64)
        self._busy = np.concatenate([[0.0], np.cumsum(weight)])

    @abstractmethod
    def draw_hours(self, count: int, hours: Hours | None = None) -> FloatArray:
        """So many times of day, in seconds after midnight, at the usual hours unless others are told; shape (n,)."""

    def draw_moments(self, begins_at: Any, ends_at: Any, count: int = 1, hours: Hours | None = None) -> FloatArray:
        """One moment in each stretch of the calendar, shape (n,); ``count`` of them where there is one stretch."""
        shape = np.broadcast_shapes((count,), np.shape(begins_at), np.shape(ends_at))
        low = np.clip(np.broadcast_to(np.asarray(begins_at, dtype=np.float64), shape), 0, self.end_at - 2)
        high = np.clip(np.broadcast_to(np.asarray(ends_at, dtype=np.float64), shape), low + 1, self.end_at - 1)
        first, last = np.interp(low / DAY, self._edges, self._busy), np.interp(high / DAY, self._edges, self._busy)
        day = np.floor(np.interp(first + (last - first) * self.rng.random(shape), self._busy, self._edges))
        at = day * DAY + self.draw_hours(shape[0], hours)
        return np.asarray(np.where((at < low) | (at > high), low + (high - low) * self.rng.random(shape), at))


def find_midnight(at: Any) -> Any:
    """The first second of each moment's day."""
    return np.floor(np.asarray(at) / DAY) * DAY


# ── the country ───────────────────────────────────────────────────────────────────────────────────


class HonestGroup(NamedTuple):
    """People who have something to do with one another, and nothing to hide."""

    kind: str
    members: IntArray


class Gathering(NamedTuple):
    """Who belongs to a group, and when they do what it does."""

    members: IntArray
    span: Span


class Population(Protocol):
    """What is known of the people of any country, shape (n,) each: since when, until when, who is in no group yet."""

    created_at: FloatArray
    until: FloatArray
    is_free: BoolArray

    def __len__(self) -> int: ...


@dataclass
class Land:
    """State that everybody in a country shares."""

    settings: WorldSettings
    rng: np.random.Generator
    clock: BusyDays
    people: Population
    groups: list[HonestGroup] = field(default_factory=list, init=False)

    @property
    def is_hard(self) -> bool:
        """Whether rings hide well."""
        return self.settings.is_hard

    def happens(self, share: float) -> bool:
        """Whether something happens that does in this share of cases."""
        return bool(self.rng.random() < share)

    def draw_some(self, members: IntArray, share: float) -> IntArray:
        """About so many of some people."""
        return members[self.rng.random(len(members)) < share]


AnyLand = TypeVar("AnyLand", bound=Land)


def form_groups(
    land: AnyLand,
    forms: Mapping[str, Callable[[AnyLand], IntArray]],
    per_20_000: Mapping[str, int],
    ordinary_share: float,
    least_free: float,
) -> None:
    """Form honest groups of every kind in any order, while there are people for them.

    Parameters
    ----------
    land
        Where; the groups are added to it.
    forms
        By kind, what makes a group.
    per_20_000
        By kind, how many groups a hard country of 20,000 accounts has.
    ordinary_share
        Ordinary countries have so many of them.
    least_free
        The share of people in no group that there have to be for another one.
    """
    share = 1 if land.is_hard else ordinary_share
    planned = [kind for kind, often in per_20_000.items() for _ in range(_count_groups(land, often, share))]
    for kind in land.rng.permutation(planned).tolist():
        if land.people.is_free.mean() < least_free:
            break
        land.groups.append(HonestGroup(kind, forms[kind](land)))


def _count_groups(land: Land, per_20_000: int, share: float) -> int:
    """As many as the market's size asks for; at least one where it is not tiny."""
    expected = per_20_000 * land.settings.scale * share
    if expected < 1 and land.settings.n_accounts < _LEAST_FOR_EVERY_KIND:
        return int(land.happens(expected))
    return max(1, round(expected))


class Lives:
    """When each account is seen: not before the records begin, nor after they end."""

    def __init__(self, land: Land) -> None:
        people, end_at = land.people, land.clock.end_at
        self.rng, self.n = land.rng, len(people)
        self.since: FloatArray = np.clip(people.created_at, 0, end_at - 2 * DAY)
        self.until: FloatArray = np.maximum(np.clip(people.until, 0, end_at), self.since + HOUR)

    def find(self, accounts: IntArray, share: Any) -> FloatArray:
        """The moment when such a share of each life is over."""
        since = self.since[accounts]
        return np.asarray(since + (self.until[accounts] - since) * share)

    def draw(self, accounts: IntArray, first: float = 0.0, last: float = 1.0) -> FloatArray:
        """A moment of each life, between two shares of it."""
        return self.find(accounts, first + (last - first) * self.rng.random(len(accounts)))


# ── rings ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Gang(Generic[AnyLand]):
    """Accounts that work together.

    Attributes
    ----------
    ways
        What is said of each way of working, by its name.
    method
        The way of working.
    members
        Its accounts, by number, shape (n,).
    span
        When it works.
    sharing
        How much its members have in common.
    roles
        By account, what a member does where that is told.
    parties
        By account, whom it acts for (``beneficiary``), on (``target``, ``victim``) or who stands by; no members.
    """

    ways: ClassVar[Mapping[str, Way]]
    country: AnyLand
    method: str
    members: IntArray
    span: Span
    sharing: str
    roles: dict[int, str] = field(default_factory=dict)
    parties: dict[int, str] = field(default_factory=dict)

    @property
    def way(self) -> Way:
        """What is said of its way of working."""
        return self.ways[self.method]

    def draw_moments(self, count: Any, begins: float = 0.0, ends: float = 1.0) -> FloatArray:
        """So many moments while it works, or while a part of that is over."""
        return self.country.clock.draw_moments(self.span.find(begins), self.span.find(ends), int(count))

    def tell(self) -> ToldRing:
        """What the truth says of it."""
        roles = {one: self.roles.get(one, "member") for one in self.members.tolist()}
        return ToldRing(self.way.kind, self.method, self.sharing, roles | self.parties)


def plan_rings(land: Land, ways: Mapping[str, Way]) -> list[str]:
    """The ways of working of all rings in any order, each as often as there is room for it; one at least."""
    planned = [method for method, way in ways.items() for _ in range(_count_rings(land, way))]
    planned = planned or [str(land.rng.choice(list(ways)))]
    methods: list[str] = land.rng.permutation(planned).tolist()
    return methods


def _count_rings(land: Land, way: Way) -> int:
    expected = max(1, way.per_20_000 + int(land.rng.choice([-1, 0, 0, 1]))) * land.settings.scale
    return int(expected) + int(land.rng.random() < expected % 1)


def draw_size(land: Land, way: Way, tail: float) -> int:
    """Small rings more often, the more so the larger the Pareto ``tail``; not large ones in a small market."""
    most = min(way.most, max(way.least + 2, land.settings.n_accounts // 150))
    return int(np.clip(way.least + land.rng.pareto(tail) * 4.5, way.least, most))


# ── what is written down ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class CountryClerk(Generic[AnyLand]):
    """Writes a country down, once everything has happened; ``accounts`` is the name of each."""

    country: AnyLand
    accounts: Any

    @property
    def rng(self) -> np.random.Generator:
        """The country's randomness."""
        return self.country.rng

    def name(self, accounts: Any) -> Any:
        """Names of accounts."""
        return take_names(self.accounts, np.asarray(accounts, dtype=np.int64))

    def date(self, at: Any, missing_share: float = 0.0) -> Any:
        """Times of the calendar as text, some of them unknown."""
        first_day = self.country.clock.first_day.astype(np.int64)
        seconds = first_day + np.floor(np.asarray(at, dtype=np.float64)).astype(np.int64)
        return format_times(self.rng, seconds, missing_share=missing_share)

    def sort(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows within the records, by time."""
        at = rows["at"].to_numpy(np.float64)
        order = order_rows(self.rng, np.floor(at).astype(np.int64))
        return rows.iloc[order[(at[order] >= 0) & (at[order] < self.country.clock.end_at)]].reset_index(drop=True)

    def list_rings(self, rings: Iterable[Gang[AnyLand]]) -> pd.DataFrame:
        """Rings, with their parties."""
        return tell_rings((ring.tell() for ring in rings), self.name)
