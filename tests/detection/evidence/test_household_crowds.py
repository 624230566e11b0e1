"""Households in crowds, all at once, are those that a loop over people and things finds, to the last bit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from detection.evidence.households import partition_households
from detection.evidence.measure import SharedWithin
from detection.groups import Groups
from detection.policy import Policy
from graph.model import Ints

POLICY = Policy(household_size=4, household_overlap=0.5)
NAME_BITS = float(np.log2(1000 / 4))
Home = tuple[list[int], list[frozenset[int]]]
"""Numbers of things, and their users."""


def list_last_first(users: frozenset[int]) -> list[int]:
    """What is compared where bits are equal: the last account first."""
    return sorted(users, reverse=True)


def choose_homes(things: list[frozenset[int]], bits: list[float]) -> list[Home]:
    """One thing after the other, those that say most first: each to the household that it is most like."""
    homes: list[Home] = []
    ranked = sorted(range(len(things)), key=lambda thing: list_last_first(things[thing]), reverse=True)
    for thing in sorted(ranked, key=lambda thing: -bits[thing]):
        users, best, found = things[thing], 0.0, None
        for home in homes:
            people = frozenset().union(*home[1])
            common, together = len(people & users), len(people | users)
            enough = common >= POLICY.household_overlap * min(len(people), len(users))
            if common and enough and together <= POLICY.household_size and common / together > best:
                best, found = common / together, home
        if found is None:
            homes.append(found := ([], []))
        found[0].append(thing)
        found[1].append(users)
    return homes


def part_slowly(things: list[frozenset[int]], score: Any) -> tuple[list[float], dict[int, int], int]:
    """What of each thing is explained, the first one of everybody's household, and how many are named again."""
    bits = [score(thing, len(users)) for thing, users in enumerate(things)]
    homes = choose_homes(things, bits)
    explained, lives, again = [0.0] * len(things), dict[int, int](), 0
    homes.sort(key=lambda home: list_last_first(frozenset().union(*home[1])), reverse=True)
    for numbers, _ in sorted(homes, key=lambda home: -sum(bits[thing] for thing in home[0])):
        people = frozenset().union(*(things[thing] for thing in numbers))
        fresh = people - lives.keys()
        left = [score(thing, len(things[thing] & fresh)) for thing in numbers]
        if sum(bits[thing] for thing in numbers) - NAME_BITS * len(people - fresh) > sum(left):
            again, left = again + len(people - fresh), [bits[thing] for thing in numbers]
        for thing, each in zip(numbers, left, strict=True):
            explained[thing] = each
        lives |= dict.fromkeys(fresh, min(fresh, default=-1))
    return explained, lives, again


def find_crowds(things: list[frozenset[int]]) -> list[list[int]]:
    """The things of each component of more people than live together."""
    crowds: list[tuple[set[int], list[int]]] = []
    for thing, users in enumerate(things):
        touched = [crowd for crowd in crowds if crowd[0] & users]
        crowds = [crowd for crowd in crowds if not crowd[0] & users]
        people = set(users).union(*(crowd[0] for crowd in touched))
        crowds.append((people, sorted([thing, *(each for crowd in touched for each in crowd[1])])))
    return [numbers for people, numbers in crowds if len(people) > POLICY.household_size]


def draw_things(rng: np.random.Generator, size: Ints) -> SharedWithin:
    """Things of random users, most of them of neighbours, in groups of so many; many show the same bits."""
    rows = []
    for nth, (first, n) in enumerate(zip(np.cumsum(size) - size, size, strict=True)):
        for _ in range(int(rng.integers(0, 2 * n))):
            start = rng.integers(0, n)
            users = np.unique((start + rng.integers(0, 5, rng.integers(2, 5))) % n)
            if len(users) > 1:
                rows.append((nth, first + users, rng.integers(2, 9) + len(users), rng.choice([0.01, 0.02, 0.5])))
    members = np.array([len(row[1]) for row in rows], dtype=np.int64)
    trials = np.array([row[2] for row in rows], dtype=np.int64)
    group, expected = np.array([row[0] for row in rows], dtype=np.int64), trials * np.array([row[3] for row in rows])
    parts = np.concatenate([np.empty(0, dtype=np.int64), *(row[1] for row in rows)])
    one_row = np.repeat(np.arange(len(rows)), members)
    within = SharedWithin(group, np.arange(len(rows)), members, expected, np.zeros(len(rows)), trials, parts, one_row)
    bits = within.score(members - 1.0)
    return SharedWithin(group, np.arange(len(rows)), members, expected, bits, trials, parts, one_row)


@pytest.mark.parametrize("sizes", [[9], [6, 40, 5], [150, 7]])
@pytest.mark.parametrize("seed", range(8))
def test_crowds_are_parted_as_one_thing_after_the_other_would(seed: int, sizes: list[int]) -> None:
    rng, size = np.random.default_rng(seed), np.array(sizes)
    groups = Groups(np.arange(size.sum()), np.concatenate([[0], np.cumsum(size)]))
    within = draw_things(rng, size)
    record = SimpleNamespace(is_shared_at_home=True, is_place=False)
    market: Any = SimpleNamespace(policy=POLICY, n_accounts=1000, things={"phone": SimpleNamespace(record=record)})
    found = partition_households(groups, {"phone": within}, market)

    def score(thing: int, n_users: int) -> float:
        return float(within.score(np.full(len(within.group), max(n_users - 1.0, 0.0)))[thing])

    users = [frozenset(within.membership[within.row == row].tolist()) for row in range(len(within.group))]
    again, n_crowded = np.zeros(len(size)), 0
    for numbers in find_crowds(users):
        explained, lives, names = part_slowly([users[n] for n in numbers], lambda n, k, of=numbers: score(of[n], k))
        assert found.explained["phone"][numbers].tolist() == explained
        homes = {member: found.household[first] for member, first in lives.items()}
        assert {member: found.household[member] for member in lives} == homes
        assert len(set(homes.values())) == len(set(lives.values()))
        again[within.group[numbers[0]]] += names
        n_crowded += len(numbers)
    assert found.again_bits.tolist() == (again * NAME_BITS).tolist()
    assert n_crowded > 0
