"""The town while it lives: its people, what they own and do, and the groups that they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from detection.evaluation.harbour.chance import Chance
from detection.evaluation.harbour.clock import Clock
from detection.evaluation.harbour.goods import Goods
from detection.evaluation.harbour.homes import Homes
from detection.evaluation.harbour.people import People
from detection.evaluation.harbour.settings import HarbourSettings
from detection.evaluation.harbour.things import Things
from detection.evaluation.harbour.trade import Trade

Members = list[int]


@dataclass(frozen=True)
class HonestGroup:
    """People who have something to do with one another, and nothing to hide."""

    kind: str
    members: tuple[int, ...]


@dataclass(frozen=True)
class PassedOn:
    """A parcel that a burner has sent to the home of somebody honest."""

    burner: int
    customer: int
    at: float


@dataclass
class Town:
    """State that everybody shares."""

    settings: HarbourSettings
    chance: Chance
    clock: Clock
    people: People
    things: Things
    homes: Homes
    goods: Goods
    trade: Trade
    groups: list[HonestGroup] = field(default_factory=list)
    parcels: list[PassedOn] = field(default_factory=list)

    @property
    def is_hard(self) -> bool:
        """Whether rings hide well."""
        return self.settings.is_hard

    def form(self, kind: str, members: Iterable[int]) -> None:
        """Remember an honest group; a swindler may sit in the library too, and is no part of it."""
        honest = tuple(account for account in dict.fromkeys(members) if not self.people.is_bad(account))
        if honest:
            self.groups.append(HonestGroup(kind, honest))

    def make_mail(self, account: int) -> str:
        """A mail address of an account's name."""
        return self.things.make_mail(self.people.first_name[account], self.people.surname[account])


def found_town(settings: HarbourSettings) -> Town:
    """A town with its people and shops, before anybody does anything."""
    rng = np.random.default_rng([settings.seed, 7 if settings.is_hard else 3, settings.n_accounts])
    chance, clock = Chance(rng), Clock(rng)
    people = People(chance, clock, settings.n_accounts)
    things, goods = Things(chance, settings.n_accounts), Goods(chance)
    town = Town(settings, chance, clock, people, things, Homes(people, things), goods, Trade(people, goods))
    town.trade.open_shops()
    return town
