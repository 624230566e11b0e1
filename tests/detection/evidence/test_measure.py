"""Evidence in bits: what chance gives weighs nothing, and the arrays agree with obvious loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import comb, log2
from unittest.mock import patch

import networkx as nx
import numpy as np
import pytest
from detection_market import FIRST_DAY, Facts, gather, make_background, make_snapshot, pick
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_twins import PAIRS, USES, find_record, make_channel, make_trades, share_surprise, surprise

from detection.channels.catalogue import DEED_WINDOWS_DAYS, PRAISE
from detection.channels.incidence import SharedThings
from detection.evidence import measure, sharing_loops
from detection.evidence.description_length import charge_search, measure_plainly
from detection.evidence.judge import judge_groups
from detection.evidence.market import make_market
from detection.evidence.measure import find_shared_within, measure_dealings, sum_shared, tie_members
from detection.groups import gather_groups
from detection.policy import DEFAULT_POLICY


@pytest.fixture(autouse=True, scope="module", params=["in arrays", "in compiled loops"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    few = 0 if request.param == "in compiled loops" else 10**9
    with patch.multiple(measure, MANY_ROWS=few, FEW_MEMBERSHIPS=few):
        yield request.param


GROUPS = st.lists(st.sets(st.integers(0, 7), min_size=3), min_size=1, max_size=4)


def total_bits(facts: Facts, members: list[str]) -> float:
    snapshot = make_snapshot(facts)
    judged = judge_groups(gather(snapshot, members), make_market(snapshot))
    return float(sum(shown.bits[0] for shown in judged.evidence.values()))


def count_uses(uses: set[tuple[int, int]]) -> float:
    """All uses of a kind, with those of others that are taken for known."""
    return len(uses) + DEFAULT_POLICY.prior_uses


def score_things(uses: set[tuple[int, int]], members: set[int]) -> dict[int, float]:
    """The bits of each thing, from the text of the module."""
    popularity = Counter(thing for _, thing in uses)
    degree = sum(account in members for account, _ in uses)
    shared = Counter(thing for account, thing in uses if account in members)
    size = len(members)
    return {
        thing: share_surprise(k - 1, popularity[thing] - 1, degree * (size - 1) / size / count_uses(uses))
        for thing, k in shared.items()
        if k >= 2
    }


@settings(max_examples=40, deadline=None)
@given(USES, GROUPS)
def test_shared_things_agree_with_a_loop_over_groups(uses: set[tuple[int, int]], sets: list[set[int]]) -> None:
    channel, groups = make_channel(uses), gather_groups(np.array(sorted(group)) for group in sets)
    shown = sum_shared(channel, find_shared_within(groups, channel), len(groups))
    slow = [sum(score_things(uses, set(groups.members(g).tolist())).values()) for g in range(len(groups))]
    assert shown.bits == pytest.approx(slow)


DEEDS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(0, 500)), min_size=1, max_size=40)
"""Who praised which seller on which day."""


def praise_sellers(deeds: list[tuple[int, int, int]]) -> SharedThings:
    facts = Facts(dict.fromkeys([f"a{number}" for number in range(10)] + [f"b{number}" for number in range(3)]))
    facts.reviews = [(f"a{author}", None, f"b{seller}", 5.0, day + 0.5) for author, seller, day in deeds]
    return make_market(make_snapshot(facts)).things[PRAISE]


def score_grain(deeds: list[tuple[int, int, int]], members: set[int], days: int) -> tuple[float, float, float]:
    """Bits, sharings and what chance gives in windows of so many days, from the text of the module."""
    first_day = int(FIRST_DAY.astype("datetime64[D]").astype(int))
    done = {(author, seller, (first_day + day) // days) for author, seller, day in deeds}
    active = {(author, window) for author, _, window in done}
    bits = observed = expected = 0.0
    things = [({a for a, w in active if w == window}, active) for window in {w for _, w in active}]
    for seller, window in {deed[1:] for deed in done}:
        rivals = {(a, s) for a, s, w in done if w == window}  # the stratum: all that was done in that window
        things.append(({a for a, s in rivals if s == seller}, rivals))
    for sharers, rivals in things:
        inside, own = len(sharers & members), sum(use[0] in members for use in rivals)
        chance = own * (len(members) - 1) / len(members) / len(rivals) * find_record(PRAISE).affinity
        by_chance = chance * (len(sharers) - 1)
        shown = share_surprise(inside - 1, len(sharers) - 1, chance) if inside >= 2 else 0.0
        if shown > 0:
            bits, observed, expected = bits + shown, observed + inside - 1, expected + by_chance
    return bits, observed, expected


@settings(max_examples=80, deadline=None)
@given(DEEDS, GROUPS)
def test_deeds_agree_with_loops_over_windows_targets_and_members(
    deeds: list[tuple[int, int, int]], sets: list[set[int]]
) -> None:
    channel, groups = praise_sellers(deeds), gather_groups(np.array(sorted(group)) for group in sets)
    shown = sum_shared(channel, find_shared_within(groups, channel), len(groups))
    for group in range(len(groups)):
        members = set(groups.members(group).tolist())
        grains = [score_grain(deeds, members, days) for days in DEED_WINDOWS_DAYS]
        best = max(bits for bits, _, _ in grains)
        assert shown.bits[group] == pytest.approx(max(best - log2(channel.n_grains), 0.0))
        ties = [rest for bits, *rest in grains if bits > best - 1e-6]
        assert [shown.observed[group], shown.expected[group]] in [pytest.approx(rest) for rest in ties]


def plant_campaign(days: float, products: list[str]) -> tuple[Facts, list[str]]:
    """Ten praise some products, each at a time of its own within so many days."""
    facts, members, rng = make_background(n=1000), pick(0, 10), np.random.default_rng(2)
    facts.listings |= {f"q{number}": f"a{number:04d}" for number in range(5)}
    for product in products:
        facts.reviews += [(member, product, None, 5.0, 2 + float(rng.uniform(0, days))) for member in members]
    return facts, members


@pytest.mark.parametrize(
    ("days", "products", "window"),
    [(2.0, ["p001"], 4), (230.0, ["q0", "q1", "q2", "q3", "q4"], 256)],
    ids=["days", "months"],
)
def test_a_campaign_is_seen_in_the_window_that_fits_it(days: float, products: list[str], window: int) -> None:
    facts, members = plant_campaign(days, products)
    snapshot = make_snapshot(facts)
    channel = make_market(snapshot).things[PRAISE]
    within = find_shared_within(gather(snapshot, members), channel)
    grains = set(channel.grain[within.thing].tolist())
    assert len(grains) == 1
    assert DEED_WINDOWS_DAYS[grains.pop() % len(DEED_WINDOWS_DAYS)] == window
    assert sum_shared(channel, within, 1).bits[0] > 20


def test_being_busy_at_the_same_time_counts_once_however_much_is_done() -> None:
    bits = []
    for much in (1, 4):
        facts, members = make_background(n=400), pick(0, 8)
        facts.accounts |= {f"shop {number}": 0.0 for number in range(8 * much)}
        for place, member in enumerate(members):
            shops = range(place * much, (place + 1) * much)  # nobody else's
            facts.reviews += [(member, None, f"shop {number}", 5.0, 200.0) for number in shops]
        snapshot = make_snapshot(facts)
        judged = judge_groups(gather(snapshot, members), make_market(snapshot))
        bits.append(judged.evidence[PRAISE].bits[0])
    assert bits[0] == pytest.approx(bits[1])
    assert bits[0] > 5


@settings(max_examples=40, deadline=None)
@given(PAIRS, GROUPS)
def test_trades_count_among_those_asked_for_only(pairs: list[tuple[int, int]], sets: list[set[int]]) -> None:
    channel, graph = make_trades(*np.array(pairs).T), nx.Graph(pairs)
    groups = gather_groups(np.array(sorted(group)) for group in sets)
    shown = measure_dealings(groups, channel, 8, counts=groups.account % 2 == 0)
    for group in range(len(groups)):
        even = [member for member in groups.members(group).tolist() if member % 2 == 0]
        # Of what they deal with other members nothing is expected.
        left_out = {member for member in groups.members(group).tolist() if member % 2}
        ends = sum(len(set(graph[m]) - left_out) for m in even if m in graph)
        expected = ends**2 / (4 * graph.number_of_edges())
        found = (shown.observed[group], shown.expected[group])
        assert found == pytest.approx((graph.subgraph(even).number_of_edges(), expected))


@settings(max_examples=40, deadline=None)
@given(PAIRS, GROUPS)
def test_dealings_agree_with_networkx(pairs: list[tuple[int, int]], sets: list[set[int]]) -> None:
    channel, graph = make_trades(*np.array(pairs).T), nx.Graph(pairs)
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
    channel, trade = make_channel(uses), make_trades(*np.array(pairs).T)
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
                trials, chance = popularity[thing] - 1, degree * (size - 1) / size / count_uses(uses)
                slow += share_surprise(shared[thing] - 1, trials, chance)
                slow -= share_surprise(shared[thing] - 2, trials, chance)
            own = graph.subgraph(members).degree[member] if member in graph else 0
            observed, expected = float(shown.observed[group]), float(shown.expected[group])
            slow += surprise(observed, expected) - surprise(observed - own, expected)
            assert next(ties) == pytest.approx(slow)


def test_the_charge_is_the_logarithm_of_how_many_groups_there_are() -> None:
    assert charge_search(np.array([2, 3, 10]), 10) == pytest.approx([log2(45), log2(120), 0.0])
    assert charge_search(np.array([20]), 20_000)[0] == pytest.approx(log2(comb(20_000, 20)))


def test_members_who_bring_less_than_naming_them_costs_are_left_out() -> None:
    # Naming one of a thousand accounts for a group of four costs log2(996/4) = 7.96 bits.
    assert measure_plainly(np.array([4]), 1000).member_bits == pytest.approx([7.96] * 4, abs=0.01)


def test_what_everybody_shares_says_nothing() -> None:
    facts = make_background()
    members = pick(0, 12)
    before = total_bits(facts, members)
    facts.share(list(facts.accounts), "ip", "the whole town")
    assert total_bits(facts, members) - before < 1.0


def test_a_rare_shared_thing_says_much() -> None:
    facts = make_background()
    before = total_bits(facts, pick(0, 5))
    facts.share(pick(0, 5), "phone", "a closet")
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


def test_customers_of_one_shop_show_once_that_they_are() -> None:
    facts, members = make_background(n=1000), pick(100, 8)
    facts.accounts["a shop"] = 0.0
    facts.reviews += [(member, None, "a shop", 5.0, 100.0 + place) for place, member in enumerate(members)]
    once = total_bits(facts, members)
    facts.reviews += [(member, None, "a shop", 1.0, 140.0 + place) for place, member in enumerate(members[:4])]
    snapshot = make_snapshot(facts)
    within = judge_groups(gather(snapshot, members), make_market(snapshot)).within
    things = make_market(snapshot).things
    shop = -1 - snapshot.account_id.tolist().index("a shop")
    shown = [name for name in ("praise", "blame") if (things[name].subject[within[name].thing] == shop).any()]
    assert shown == ["praise"]
    assert total_bits(facts, members) - once < 10  # that they complain, and when, beside


def test_compiled_loops_do_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, members = plant_campaign(6.0, ["q0", "q1"])
    market = make_market(make_snapshot(facts))
    n = len(members)
    groups = gather_groups([np.arange(n), np.arange(n // 2, 3 * n), np.arange(200)])
    monkeypatch.setattr(measure, "MANY_ROWS", 0)
    monkeypatch.setattr(measure, "FEW_MEMBERSHIPS", 0)
    compiled = judge_groups(groups, market)
    for name, each in vars(sharing_loops).items():
        monkeypatch.setattr(sharing_loops, name, getattr(each, "py_func", each))
    plain = judge_groups(groups, market)
    monkeypatch.setattr(measure, "MANY_ROWS", 10**9)
    in_arrays = judge_groups(groups, market)
    assert compiled.net_bits.tobytes() == plain.net_bits.tobytes() == in_arrays.net_bits.tobytes()
    for channel, within in compiled.within.items():
        assert within.membership.tolist() == plain.within[channel].membership.tolist()
        assert within.row.tolist() == sorted(within.row.tolist())
        assert within.bits.tobytes() == in_arrays.within[channel].bits.tobytes()
