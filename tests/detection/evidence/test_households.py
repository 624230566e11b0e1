"""Households: who shares the same few things with the same few people, also where one belongs to two."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from detection_market import Facts, find_rows, gather, make_background, make_snapshot, pick, rename

from detection.evidence.explanations import HOUSEHOLD
from detection.evidence.households import HouseholdPartition, partition_households
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.policy import DEFAULT_POLICY

KINDS = ("device", "payment", "phone")


def find_households(facts: Facts, members: list[str]) -> HouseholdPartition:
    snapshot = make_snapshot(facts)
    market, groups = make_market(snapshot), gather(snapshot, members)
    return partition_households(groups, judge_groups(groups, market).within, market)


def judge(facts: Facts, members: list[str]) -> Assessment:
    snapshot = make_snapshot(facts)
    return judge_groups(gather(snapshot, members), make_market(snapshot))


def share_home(facts: Facts, people: list[str], name: str) -> None:
    for kind in KINDS:
        facts.share(people, kind, f"{kind} of {name}")


def plant_bridged() -> tuple[Facts, list[str]]:
    """Two households of six, and one in the first who uses the device of the second as well."""
    facts, people = make_background(n=1000), pick(100, 12)
    share_home(facts, people[:6], "one")
    share_home(facts, people[6:], "two")
    facts.share([people[0], *people[6:]], "device", "the other household's tablet")
    return facts, people


def test_two_households_that_one_person_joins_are_two_households() -> None:
    facts, people = plant_bridged()
    partition = find_households(facts, people)
    household = partition.household[np.argsort(np.argsort(find_rows(make_snapshot(facts), people)))]
    assert [len(set(household[part])) for part in (slice(1, 6), slice(6, 12))] == [1, 1]
    assert len(set(partition.household)) == 2
    assert partition.again_bits[0] == pytest.approx(np.log2(1000 / DEFAULT_POLICY.household_size))


def test_two_households_that_one_person_joins_are_no_ring() -> None:
    facts, people = plant_bridged()
    judged = judge(facts, people)
    assert judged.net_bits[0] < 0
    assert judged.won[HOUSEHOLD][0]


def test_things_that_overlap_every_way_are_no_set_of_households() -> None:
    facts, ring = make_background(n=1000), pick(100, 18)
    rng = np.random.default_rng(4)
    for kind in KINDS:
        order = rng.permutation(ring).tolist()
        for place, (first, second) in enumerate(pairwise(range(0, 19, 2))):
            facts.share([*order[first:second], *order[second : second + 2]], kind, f"{kind} {place}")
    judged = judge(facts, ring)
    partition = find_households(facts, ring)
    bits = sum(judged.evidence[kind].bits[0] for kind in KINDS)
    explained = sum(partition.explained[kind].sum() for kind in KINDS) - partition.again_bits[0]
    assert explained < bits / 2
    assert judged.net_bits[0] > 0


def test_households_do_not_depend_on_names() -> None:
    facts, people = plant_bridged()
    names = list(facts.accounts)
    new = dict(zip(names, np.random.default_rng(8).permutation(names).tolist(), strict=True))
    before, after = judge(facts, people), judge(rename(facts, new), [new[name] for name in people])
    assert before.net_bits == pytest.approx(after.net_bits)


def test_no_household_is_larger_than_its_scale() -> None:
    facts, people = make_background(n=1000), pick(100, 30)
    for first, second in pairwise(people):
        facts.share([first, second], "device", f"device of {first}")
    partition = find_households(facts, people)
    assert np.bincount(partition.household).max() <= DEFAULT_POLICY.household_size
