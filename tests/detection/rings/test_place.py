"""Where rings stand in the list: laws of the place, and outsiders counted as a slow twin counts them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from detection_market import make_background, make_snapshot, pick, plant_farm
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as set_rules

from detection.candidates.links import Links
from detection.evidence.market import make_market
from detection.groups import gather_groups
from detection.policy import DEFAULT_POLICY, Policy
from detection.rings.place import count_outsiders, place_ring
from detection.search import link_market, search_market, search_without
from detection.settings import DetectSettings
from detection.tiers import Grounds
from graph.results import Ring
from graph.vocabulary import TIERS, Tier

SHARES = st.floats(0.0, 1.0)
MANY = st.floats(0.0, 1e4)
ROWS = st.integers(0, 11)


def make_ring(tier: Tier = "watch", score: float = 0.9, net_bits: float = 20.0, ring_id: str = "R1") -> Ring:
    return Ring(ring_id, "farm", score, tier, net_bits, 5.0, (), (), (), ())


def place(
    ring: Ring | None = None,
    left: float = 0.5,
    acted: float = 0.5,
    outsiders: float = 1.0,
    policy: Policy = DEFAULT_POLICY,
) -> tuple[int, int, float, float, str]:
    grounds = Grounds(apart_from_community=left)
    return place_ring(ring or make_ring(), grounds, acted=acted, outsiders=outsiders, policy=policy)


@given(one=st.tuples(SHARES, SHARES, MANY), other=st.tuples(SHARES, SHARES, MANY))
def test_whatever_else_is_known_no_ring_passes_one_of_a_higher_tier(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> None:
    for low, high in pairwise(TIERS):
        first = place(make_ring(tier=high), min(one[0], 0.999), *one[1:])
        assert first < place(make_ring(tier=low), min(other[0], 0.999), *other[1:])


def test_what_is_only_watched_for_honest_groups_show_as_much_comes_before_what_shows_little() -> None:
    held = Grounds(score=0.6, apart_from_community=0.6, has_axes=False, false_discovery=0.9)
    little = Grounds(score=0.9, apart_from_community=0.4)
    rest = {"acted": 0.5, "outsiders": 1.0, "policy": DEFAULT_POLICY}
    first, second = (place_ring(make_ring(score=each.score), each, **rest) for each in (held, little))  # type: ignore[arg-type]
    assert first < second
    assert first > place_ring(make_ring("review"), replace(held, false_discovery=0.0), **rest)  # type: ignore[arg-type]


@given(left=st.floats(0.0, 0.998), acted=SHARES, outsiders=MANY)
def test_more_that_stands_more_who_acted_and_fewer_outsiders_never_list_a_ring_further_down(
    left: float, acted: float, outsiders: float
) -> None:
    here = place(None, left, acted, outsiders)
    assert place(make_ring(score=0.999), left + 0.001, acted, outsiders) <= here
    assert place(None, left, min(acted + 0.01, 1.0), outsiders) <= here
    assert place(None, left, acted, outsiders / 2) <= here


@given(left=st.floats(0.0, 0.99), acted=SHARES, outsiders=MANY)
def test_the_place_does_not_jump(left: float, acted: float, outsiders: float) -> None:
    here = place(make_ring(score=1.0 - 1e-9), left, acted, outsiders)[1]
    for near in (
        place(make_ring(score=1.0 - 1e-9), left + 1e-6, acted, outsiders),
        place(make_ring(score=1.0 - 1e-9), left, acted + 1e-6, outsiders),
        place(make_ring(score=1.0 - 1e-9), left, acted, outsiders + 1e-6),
    ):
        assert near[1] == pytest.approx(here, abs=1e-3)


def test_what_communities_leave_counts_and_no_more_than_the_score() -> None:
    assert place(left=0.4) < place(left=0.2)
    assert place(make_ring(score=0.9), left=0.9) == place(make_ring(score=0.9), left=1.0)


def test_who_acts_as_one_counts_twice_and_eight_times_the_outsiders_half_as_much() -> None:
    # Of e = 1, 3 and 7 half scores' bits 1 + e is 2, 4 and 8.
    halves = {1: 0.5, 3: 0.875, 7: 1.0 - 2.0**-7}
    whole = make_ring(score=0.999)
    assert place(whole, halves[1], acted=1.0) == place(whole, halves[3], acted=0.0)
    assert place(whole, halves[7], outsiders=7.0) == place(whole, halves[3], outsiders=0.0)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"listed_acting": 0.0}, ({"acted": 0.0}, {"acted": 1.0})),
        ({"listed_outsiders": 0.0}, ({"outsiders": 0.0}, {"outsiders": 9.0})),
    ],
)
def test_a_policy_may_leave_either_out(change: dict[str, float], same: tuple[dict[str, float], ...]) -> None:
    policy = set_rules(DEFAULT_POLICY, **change)
    assert len({place(policy=policy, **each) for each in same}) == 1
    assert len({place(**each) for each in same}) == len(same)


def test_of_equals_the_one_with_more_bits_comes_first_then_the_first_id() -> None:
    assert place(make_ring(net_bits=21.0, ring_id="R2")) < place(make_ring())
    assert place(make_ring(ring_id="R1")) < place(make_ring(ring_id="R2"))


@given(
    pairs=st.sets(st.tuples(ROWS, ROWS).filter(lambda pair: pair[0] < pair[1]), max_size=40),
    groups=st.lists(st.sets(ROWS, min_size=2, max_size=5), min_size=1, max_size=4),
)
def test_outsiders_are_counted_once_each(pairs: set[tuple[int, int]], groups: list[set[int]]) -> None:
    a, b = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    gathered = gather_groups(np.array(sorted(each)) for each in groups)
    slow = []
    for members in (set(gathered.members(group).tolist()) for group in range(len(gathered))):
        slow.append(len({end for pair in pairs if members & set(pair) for end in pair} - members))
    assert count_outsiders(gathered, Links(a, b, np.ones(len(a))), 12).tolist() == slow


def test_a_search_says_who_is_around_what_it_found_and_so_does_one_without_some() -> None:
    facts = make_background(n=300)
    plant_farm(facts, pick(100, 12))
    market = make_market(make_snapshot(facts))
    found = search_market(market, DetectSettings())
    assert len(found.groups)
    links, named = link_market(market), set(found.groups.account.tolist())
    ends = zip(links.a.tolist(), links.b.tolist(), strict=True)
    asked = [pair for pair in ends if named & set(pair)]
    assert list(zip(found.around.a.tolist(), found.around.b.tolist(), strict=True)) == asked
    fewer = search_without(found, [min(named)])
    assert len(fewer.around.a)
    assert min(named) not in fewer.groups.account
