"""Naming a group: the cheapest way, by the pool that it was found in, and nothing said twice."""

from __future__ import annotations

from math import comb, log2

import numpy as np
import pytest
from detection_market import Facts, gather, make_background, make_snapshot, pick
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.channels.catalogue import BLAME
from detection.channels.conduct import COMPLAINTS
from detection.evidence.description_length import (
    NO_POOLS,
    Pools,
    charge_search,
    find_pools,
    measure_lengths,
    measure_plainly,
)
from detection.evidence.judge import judge_groups, sketch_groups
from detection.evidence.market import make_market
from detection.groups import Groups, gather_groups

N = 12
MEMBERS = st.sets(st.integers(0, N - 1), min_size=3)


def make_pools(pools: list[set[int]]) -> Pools:
    inside = np.array([[account in pool for pool in pools] for account in range(N)], dtype=float)
    return Pools(inside.reshape(N, len(pools)), np.zeros((N, len(pools))))


def name_slowly(members: set[int], pools: list[set[int]]) -> float:
    """Bits of the cheapest way, from the text of the module."""
    ways = [log2(comb(N, len(members)))]
    for pool in pools:
        inside = len(members & pool)
        names = log2(comb(len(pool), inside)) + log2(comb(N - len(pool), len(members) - inside))
        ways.append(names + log2(len(pools) + 1) + log2(len(members) + 1))
    return min(ways)


@settings(max_examples=60, deadline=None)
@given(st.lists(MEMBERS, min_size=1, max_size=4), st.lists(st.sets(st.integers(0, N - 1), min_size=1), max_size=3))
def test_every_group_is_named_in_the_way_that_takes_fewest_bits(sets: list[set[int]], pools: list[set[int]]) -> None:
    groups = gather_groups(np.array(sorted(members)) for members in sets)
    length = measure_lengths(groups, make_pools(pools), N)
    slow = [name_slowly(set(groups.members(group).tolist()), pools) for group in range(len(groups))]
    assert length.charge == pytest.approx(slow)


def test_without_pools_groups_are_named_among_all() -> None:
    groups = gather_groups([np.array([1, 2, 3]), np.array([4, 5, 6, 7])])
    assert measure_lengths(groups, NO_POOLS, N).charge == pytest.approx(charge_search(groups.size, N))
    assert charge_search(np.array([3, 10]), 12) == pytest.approx([log2(220), log2(66)])


def test_a_market_without_channels_has_no_pools_and_names_among_all() -> None:
    pools = find_pools({}, {}, (), N)
    assert pools.inside.shape == pools.implied_bits.shape == (N, 0)
    groups = gather_groups([np.array([1, 2, 3])])
    assert measure_lengths(groups, pools, N).charge == pytest.approx([log2(220)])


def test_fewer_names_of_a_group_never_take_more() -> None:
    length = measure_plainly(np.array([6] * 7), 1000)
    assert (np.diff(length.bits_for(np.arange(7))) > 0).all()
    assert length.bits_for(np.arange(7))[0] == pytest.approx(0.0)


def blame(facts: Facts, members: list[str], seller: str) -> Groups:
    facts.reviews += [(member, None, seller, 1.0, 100.0 + place) for place, member in enumerate(members)]
    return gather(make_snapshot(facts), members)


def test_a_group_of_the_few_who_blame_is_cheaper_to_name_than_one_of_any() -> None:
    facts, members = make_background(n=1000), pick(100, 8)
    plain = charge_search(np.array([8]), 1000)[0]
    groups = blame(facts, members, "a0007")
    snapshot = make_snapshot(facts)
    market = make_market(snapshot)
    length = measure_lengths(groups, market.pools, 1000)
    assert length.charge[0] < plain - 8
    assert length.n_inside[0] == 8
    implied = next(signal for signal in market.conduct if signal.name == COMPLAINTS).implied_bits
    assert length.implied_bits[0] == pytest.approx(implied[groups.account].sum())


def test_what_a_pool_says_of_conduct_is_paid_for() -> None:
    facts, members = make_background(n=1000), pick(100, 8)
    groups = blame(facts, members, "a0007")
    market = make_market(make_snapshot(facts))
    free = find_pools(market.things, market.dealings, (), 1000)
    length, cheaper = (measure_lengths(groups, pools, 1000) for pools in (market.pools, free))
    assert length.charge[0] == pytest.approx(cheaper.charge[0] + length.implied_bits[0])
    assert BLAME in market.things


def test_no_innocent_explanation_makes_more_stand() -> None:
    facts, members = make_background(n=1000), pick(100, 8)
    facts.share(members[:5], "device", "a phone")
    groups = blame(facts, members, "a0007")
    snapshot = make_snapshot(facts)
    market = make_market(snapshot)
    assert (judge_groups(groups, market).net_bits <= sketch_groups(groups, market).surprising_bits).all()
