"""Judging: evidence by channel, the charge and the innocent side put together, each group by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts, make_snapshot

from detection.channels.catalogue import BLAME, PRAISE, PURCHASE, TRADE
from detection.channels.conduct import COMPLAINTS
from detection.evidence.combinations import weigh_explanations
from detection.evidence.description_length import measure_lengths
from detection.evidence.explanations import find_explanations
from detection.evidence.group_facts import GroupFacts
from detection.evidence.inner_trades import leave_own_payments, measure_inner_trades
from detection.evidence.judge import Assessment, judge_groups, map_groups, sketch_groups
from detection.evidence.market import Market, make_market
from detection.evidence.measure import (
    find_all_shared,
    keep_strongest_channel_per_seller,
    measure_dealings,
    sum_conduct,
    sum_shared,
    tie_members,
)
from detection.groups import Groups, gather_groups
from detection.policy import Policy
from detection.settings import DetectSettings

N = 60
GROUPS = gather_groups([np.arange(10, 14), np.arange(20, 25), np.arange(40, 43)])


@pytest.fixture(scope="module")
def market() -> Market:
    """A circle of traders with their customers, five who blame one shop and share a phone, three who do nothing."""
    names = [f"a{number:02d}" for number in range(N)]
    facts = Facts(dict.fromkeys(names))
    facts.uses = [(name, "phone", f"phone of {name}", 1.0) for name in names]
    facts.share(names[20:25], "phone", "one")
    circle = [(10, 11), (11, 12), (12, 10), (13, 10), (0, 1), (1, 2), (2, 0), (30, 31)]
    facts.trade([(names[buyer], names[seller]) for buyer, seller in circle], [5.0 * n for n in range(len(circle))])
    facts.reviews = [(name, None, names[50], 1.0, 100.5) for name in names[20:25]]
    facts.reviews += [(name, None, names[row % 9], 5.0, 3.0 * row) for row, name in enumerate(names) for _ in range(3)]
    facts.orders += [(name, names[50], 100.0, "completed", "a lamp") for name in names[20:23]]
    facts.listings = {"a lamp": names[50]}
    # A policy of its own: whoever judged by the default one would be seen.
    settings = DetectSettings(policy=Policy(prior_bits=5.0, acting_bits=2.0, largest_usual=0.15))
    return make_market(make_snapshot(facts), settings)


@pytest.fixture(scope="module")
def judged(market: Market) -> Assessment:
    return judge_groups(GROUPS, market)


def test_every_channel_and_every_habit_is_evidence(market: Market, judged: Assessment) -> None:
    assert {BLAME, TRADE, COMPLAINTS, "phone", PRAISE, PURCHASE} <= set(judged.evidence)
    assert judged.evidence["phone"].bits[1] > 0
    for name, found in judged.within.items():
        assert judged.evidence[name].bits == pytest.approx(sum_shared(market.things[name], found, 3).bits)
    habit = next(signal for signal in market.conduct if signal.name == COMPLAINTS)
    assert judged.evidence[COMPLAINTS].bits == pytest.approx(sum_conduct(GROUPS, habit).bits)
    assert judged.evidence[COMPLAINTS].bits[1] > 0


def test_of_what_is_done_with_one_seller_the_strongest_channel_counts(market: Market, judged: Assessment) -> None:
    alone = leave_own_payments(find_all_shared(GROUPS, market.things), GROUPS, market)
    kept = keep_strongest_channel_per_seller(alone, market.sellers)
    for name, found in kept.items():
        assert judged.within[name].thing.tolist() == found.thing.tolist()
        assert judged.within[name].bits.tolist() == found.bits.tolist()
    assert len(kept[PURCHASE].group) < len(alone[PURCHASE].group)


def test_trades_count_among_those_who_sell_inside_or_buy_from_two_who_do(market: Market, judged: Assessment) -> None:
    inner = measure_inner_trades(GROUPS, market)
    assert inner.counts[:4].tolist() == [True, True, True, False]
    counted = measure_dealings(GROUPS, market.dealings[TRADE], N, counts=inner.counts)
    assert judged.evidence[TRADE].bits == pytest.approx(counted.bits)
    assert judged.evidence[TRADE].observed.tolist() == [3, 0, 0]
    assert judged.inner_trades.counts.tolist() == inner.counts.tolist()
    ties = tie_members(GROUPS, judged.within, market.dealings, N, counts={TRADE: inner.counts})
    assert judged.member_bits == pytest.approx(ties)
    assert judged.member_bits[3] == 0 < judged.member_bits[0]


def test_who_buys_from_two_inner_sellers_counts_and_a_customer_of_one_does_not() -> None:
    names = [f"a{number:02d}" for number in range(10)]
    facts = Facts(dict.fromkeys(names))
    facts.trade([(names[0], names[1]), (names[0], names[2]), (names[3], names[1]), (names[3], names[1])], [1.0] * 4)
    inner = measure_inner_trades(gather_groups([np.arange(5)]), make_market(make_snapshot(facts)))
    assert inner.counts.tolist() == [True, True, True, False, False]


def test_of_other_dealings_than_trades_every_pair_counts(market: Market) -> None:
    trades = market.dealings[TRADE]
    gifts = replace(trades, record=replace(trades.record, name="gift"))
    judged = judge_groups(GROUPS, replace(market, dealings={TRADE: trades, "gift": gifts}))
    assert judged.evidence[TRADE].observed[0] == 3
    assert judged.evidence["gift"].observed[0] == 4


def test_what_stands_is_the_evidence_less_the_charge_less_what_is_explained(market: Market, judged: Assessment) -> None:
    total = np.sum([shown.bits for shown in judged.evidence.values()], axis=0)
    length = measure_lengths(GROUPS, market.pools, N)
    assert judged.charge_bits == pytest.approx(length.charge)
    inner = measure_inner_trades(GROUPS, market)
    facts = GroupFacts(GROUPS, judged.evidence, judged.within, inner, market)
    heard = find_explanations(facts)
    best = weigh_explanations(judged.evidence, judged.within, length, heard, market.policy)
    assert [each.name for each in judged.explanations] == [each.name for each in heard] != []
    assert {name: won.tolist() for name, won in judged.won.items()} == {n: w.tolist() for n, w in best.won.items()}
    assert any(won.any() for won in judged.won.values())
    assert judged.net_bits == pytest.approx(best.net_bits)
    believed = judged.net_bits < judged.surprising_bits
    assert (judged.net_bits - judged.idle_net_bits)[believed] == pytest.approx(2.0)
    assert {name: part.tolist() for name, part in judged.left.items()} == {n: p.tolist() for n, p in best.left.items()}
    bound = sketch_groups(GROUPS, market).surprising_bits
    assert bound == pytest.approx(total - length.charge)
    assert (judged.net_bits < bound).any()
    assert judged.market is market
    assert judged.groups is GROUPS


def test_a_group_is_judged_the_same_alone_and_among_others(market: Market, judged: Assessment) -> None:
    for group in range(len(GROUPS)):
        members = GROUPS.members(group)
        alone = judge_groups(Groups(members, np.array([0, len(members)])), market)
        assert alone.net_bits == pytest.approx(judged.net_bits[[group]])


def test_no_group_has_nothing_to_stand_on() -> None:
    market = make_market(make_snapshot(Facts(dict.fromkeys("abcdef"))))
    judged = judge_groups(gather_groups([np.array([0, 1, 2])]), market)
    assert judged.evidence == {}
    assert judged.net_bits == pytest.approx(-judged.charge_bits)


@pytest.mark.parametrize("most", [1, 7, 10**6])
def test_groups_are_sketched_the_same_in_parts(market: Market, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    whole = sketch_groups(GROUPS, market)
    monkeypatch.setattr("detection.evidence.judge.PART_MEMBERSHIPS", most)
    parts = map_groups(lambda part: part, GROUPS)
    assert np.concatenate([part.account for part in parts]).tolist() == GROUPS.account.tolist()
    assert len(parts) == {1: len(GROUPS), 10**6: 1}.get(most, len(parts))
    again = sketch_groups(GROUPS, market)
    assert again.surprising_bits.tolist() == whole.surprising_bits.tolist()
    assert again.is_tied.tolist() == whole.is_tied.tolist()


def test_no_groups_are_sketched(market: Market) -> None:
    nothing = sketch_groups(gather_groups([]), market)
    assert (len(nothing.surprising_bits), len(nothing.is_tied)) == (0, 0)
