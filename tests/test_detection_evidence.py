"""Evidence in bits: what chance gives weighs nothing, and the arrays agree with obvious loops."""

from __future__ import annotations

from collections import Counter
from math import comb, log2

import networkx as nx
import numpy as np
import pytest
from detection_market import Facts, gather, make_background, make_snapshot, pick
from hypothesis import given, settings
from hypothesis import strategies as st
from test_detection_links import PAIRS, USES, make_channel, surprise

from detection.assess import find_channels, judge_groups
from detection.candidates import gather_groups
from detection.channels import Dealings
from detection.evidence import charge_search, find_shared_within, measure_dealings, sum_shared, tie_members
from detection.search import find_worthy

GROUPS = st.lists(st.sets(st.integers(0, 7), min_size=3), min_size=1, max_size=4)


def total_bits(facts: Facts, members: list[str]) -> float:
    snapshot = make_snapshot(facts)
    judged = judge_groups(gather(snapshot, members), snapshot, find_channels(snapshot))
    return float(sum(shown.bits[0] for shown in judged.evidence.values()))


def score_things(uses: set[tuple[int, int]], members: set[int]) -> dict[int, float]:
    """The bits of each thing, from the text of the module."""
    popularity = Counter(thing for _, thing in uses)
    degree = sum(account in members for account, _ in uses)
    shared = Counter(thing for account, thing in uses if account in members)
    size = len(members)
    return {
        thing: surprise(k - 1, degree * (size - 1) / size * (popularity[thing] - 1) / len(uses))
        for thing, k in shared.items()
        if k >= 2
    }


@settings(max_examples=40, deadline=None)
@given(USES, GROUPS)
def test_shared_things_agree_with_a_loop_over_groups(uses: set[tuple[int, int]], sets: list[set[int]]) -> None:
    channel, groups = make_channel(uses), gather_groups(np.array(sorted(group)) for group in sets)
    shown = sum_shared("device", find_shared_within(groups, channel), len(groups))
    slow = [sum(score_things(uses, set(groups.members(g).tolist())).values()) for g in range(len(groups))]
    assert shown.bits == pytest.approx(slow)


@settings(max_examples=40, deadline=None)
@given(PAIRS, GROUPS)
def test_dealings_agree_with_networkx(pairs: list[tuple[int, int]], sets: list[set[int]]) -> None:
    channel, graph = Dealings("trade", *np.array(pairs).T), nx.Graph(pairs)
    groups = gather_groups(np.array(sorted(group)) for group in sets)
    shown = measure_dealings(groups, channel, 8)
    for group in range(len(groups)):
        members = groups.members(group).tolist()
        observed = graph.subgraph(members).number_of_edges()
        expected = sum(graph.degree[m] for m in members if m in graph) ** 2 / (4 * graph.number_of_edges())
        assert (shown.observed[group], shown.expected[group]) == pytest.approx((observed, expected))
        assert shown.bits[group] == pytest.approx(surprise(observed, expected))


@settings(max_examples=40, deadline=None)
@given(USES, PAIRS, GROUPS)
def test_a_members_tie_is_what_its_group_would_lose(
    uses: set[tuple[int, int]], pairs: list[tuple[int, int]], sets: list[set[int]]
) -> None:
    channel, trade = make_channel(uses), Dealings("trade", *np.array(pairs).T)
    groups, graph = gather_groups(np.array(sorted(group)) for group in sets), nx.Graph(pairs)
    within = {"device": find_shared_within(groups, channel)}
    ties = iter(tie_members(groups, within, {"trade": trade}, 10, counts={}))
    shown = measure_dealings(groups, trade, 10)
    for group in range(len(groups)):
        members = groups.members(group).tolist()
        size, degree = len(members), sum(account in members for account, _ in uses)
        shared = Counter(thing for account, thing in uses if account in members)
        popularity = Counter(thing for _, thing in uses)
        for member in members:
            slow = 0.0
            for thing in (thing for account, thing in uses if account == member and shared[thing] >= 2):
                expected = degree * (size - 1) / size * (popularity[thing] - 1) / len(uses)
                slow += surprise(shared[thing] - 1, expected) - surprise(shared[thing] - 2, expected)
            own = graph.subgraph(members).degree[member] if member in graph else 0
            observed, expected = float(shown.observed[group]), float(shown.expected[group])
            slow += surprise(observed, expected) - surprise(observed - own, expected)
            assert next(ties) == pytest.approx(slow)


def test_the_charge_is_the_logarithm_of_how_many_groups_there_are() -> None:
    assert charge_search(np.array([2, 3, 10]), 10) == pytest.approx([log2(45), log2(120), 0.0])
    assert charge_search(np.array([20]), 20_000)[0] == pytest.approx(log2(comb(20_000, 20)))


def test_members_who_bring_less_than_naming_them_costs_are_left_out() -> None:
    # Naming one of a thousand accounts for a group of four costs log2(996/4) = 7.96 bits.
    groups = gather_groups([np.array([3, 5, 7, 9])])
    worthy = find_worthy(groups, np.array([50.0, 7.9, 8.0, 50.0]), 1000)
    assert groups.account[worthy].tolist() == [3, 7, 9]


def test_what_everybody_shares_says_nothing() -> None:
    facts = make_background()
    members = pick(0, 12)
    before = total_bits(facts, members)
    facts.share(list(facts.accounts), "ip", "the whole town")
    assert total_bits(facts, members) - before < 1.0


def test_a_rare_shared_thing_says_much() -> None:
    facts = make_background()
    before = total_bits(facts, pick(0, 5))
    facts.share(pick(0, 5), "ip", "a closet")
    assert total_bits(facts, pick(0, 5)) - before > 15


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_more_sharing_or_dealing_inside_never_lowers_the_evidence(data: st.DataObject) -> None:
    facts, members = make_background(n=150), pick(0, 6)
    subsets = st.lists(st.sampled_from(members), min_size=2, max_size=4, unique=True)
    bits = total_bits(facts, members)
    for number in range(3):
        some = data.draw(subsets)
        if data.draw(st.booleans()):
            facts.share(some, data.draw(st.sampled_from(["device", "payment"])), f"new {number}")
        else:
            facts.trade([(some[0], some[1])], [50.0 + number])
        more = total_bits(facts, members)
        assert more >= bits - 1e-9
        bits = more


def test_a_group_of_all_accounts_and_a_group_without_facts_are_judged() -> None:
    facts = make_background(n=60)
    assert total_bits(facts, list(facts.accounts)) >= 0
    assert total_bits(Facts(dict.fromkeys(("ann", "bob"))), ["ann", "bob"]) == 0
