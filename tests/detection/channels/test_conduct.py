"""Conduct: what an account does unusually often adds to the suspicion that others raise, and accuses nobody alone."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import (
    Facts,
    find_members,
    find_rows,
    gather,
    make_background,
    make_snapshot,
    pick,
    share_in_chain,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.channels.conduct import (
    COMPLAINTS,
    REFUNDS,
    SALES,
    UNVERIFIED,
    BetaLaw,
    Conduct,
    find_verified,
    fit_spread,
    measure_conduct,
    score_habit,
)
from detection.evidence.judge import judge_groups
from detection.evidence.market import make_market
from detection.evidence.measure import sum_conduct
from detection.policy import DEFAULT_POLICY
from detection.run import find_run
from detection.settings import DetectSettings
from graph.results import Ring

USUAL = st.floats(0.001, 0.2)
SPREAD = st.floats(1.25, 1000.0)
"""As ``fit_spread`` finds it."""


def score_all(occasions: int, usual: float, spread: float) -> np.ndarray:
    """The bits of 0, 1, 2, ... times of so many occasions."""
    return score_habit(
        np.arange(occasions + 1), np.full(occasions + 1, occasions), BetaLaw(usual, spread), DEFAULT_POLICY
    )


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 300), USUAL, SPREAD)
def test_doing_it_more_often_never_accuses_less(occasions: int, usual: float, spread: float) -> None:
    assert (np.diff(score_all(occasions, usual, spread)) >= -1e-9).all()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5000), USUAL, SPREAD)
def test_a_habit_takes_off_one_bit_at_most_and_adds_what_one_in_a_thousand_does(
    occasions: int, usual: float, spread: float
) -> None:
    bits = score_all(occasions, usual, spread)
    assert (bits >= -1.0).all()
    assert (bits <= DEFAULT_POLICY.loner_bits).all()


def test_without_an_occasion_nothing_is_known() -> None:
    assert score_all(0, 0.05, 10.0) == pytest.approx([0.0])


@pytest.mark.parametrize(("usual", "spread"), [(0.02, 50.0), (0.05, 5.0), (0.15, 2.0)])
def test_among_honest_accounts_two_to_the_bits_is_one_on_average_at_most(usual: float, spread: float) -> None:
    rng, n = np.random.default_rng(4), 200_000
    habit = rng.beta(usual * spread, (1 - usual) * spread, n)
    occasions = rng.integers(1, 12, n)
    times = rng.binomial(occasions, habit)
    likelihood_ratio = 2.0 ** score_habit(times, occasions, BetaLaw(usual, spread), DEFAULT_POLICY)
    assert 0.7 < likelihood_ratio.mean() < 1.05


@pytest.mark.parametrize("spread", [2.0, 20.0, 200.0])
def test_how_alike_the_habits_are_is_found_again(spread: float) -> None:
    rng, n = np.random.default_rng(5), 100_000
    occasions = rng.integers(2, 12, n)
    times = rng.binomial(occasions, rng.beta(0.1 * spread, 0.9 * spread, n))
    assert fit_spread(times, occasions, DEFAULT_POLICY) == pytest.approx(spread, rel=0.15)


def test_the_bits_of_the_members_add_up_and_never_excuse_a_group() -> None:
    facts = make_background(n=60)
    snapshot = make_snapshot(facts)
    bits = np.full(60, -0.5)
    bits[find_rows(snapshot, pick(0, 2))] = [9.0, 4.0]
    signal = Conduct("habit", np.ones(60, dtype=np.int64), np.full(60, 4), bits, np.zeros(60))
    assert sum_conduct(gather(snapshot, pick(0, 3)), signal).bits.tolist() == [12.5]
    shown = sum_conduct(gather(snapshot, pick(2, 5)), signal)
    assert (shown.bits.tolist(), shown.observed.tolist(), shown.expected.tolist()) == ([0.0], [5.0], [5.0])


def name_signals(facts: Facts) -> dict[str, Conduct]:
    return {signal.name: signal for signal in measure_conduct(make_snapshot(facts), DEFAULT_POLICY)}


def test_what_everybody_does_is_no_sign_of_anything() -> None:
    facts = make_background(n=200)
    assert set(name_signals(facts)) == {REFUNDS, COMPLAINTS, SALES}
    facts.orders = [(*order[:3], "refunded") for order in facts.orders]
    assert not {REFUNDS, SALES} & set(name_signals(facts))


def test_a_review_without_an_order_is_noticed_where_orders_name_products() -> None:
    facts = make_background(n=200)
    facts.orders = [
        (author, "a0000", 1.0, "completed", product) for author, product, *_ in facts.reviews if author != "a0050"
    ]
    facts.reviews += [("a0050", f"p{number:03d}", None, 5.0, 50.0 * number) for number in range(6)]
    signal = name_signals(facts)[UNVERIFIED]
    snapshot = make_snapshot(facts)
    assert snapshot.account_id[signal.bits.argmax()] == "a0050"
    verified = find_verified(snapshot)
    assert (signal.times.sum(), signal.occasions.sum()) == ((~verified).sum(), len(verified))


def ask_for_refunds(facts: Facts, members: list[str]) -> None:
    """Each from sellers of its own choice, at times of its own: only the habit is alike."""
    rng = np.random.default_rng(0)
    for member in members:
        sellers, days = rng.choice(40, 5, replace=False), rng.uniform(0, 390, 5)
        facts.orders += [
            (member, f"a{seller:04d}", float(day), "refunded") for seller, day in zip(sellers, days, strict=True)
        ]


def find_rings(facts: Facts, members: list[str]) -> list[Ring]:
    return [
        ring for ring in find_run(make_snapshot(facts), DetectSettings()).rings if find_members(ring) & set(members)
    ]


def test_refunders_whom_nothing_else_joins_are_no_ring() -> None:
    facts, members = make_background(n=1000), pick(100, 12)
    ask_for_refunds(facts, members)
    snapshot = make_snapshot(facts)
    judged = judge_groups(gather(snapshot, members), make_market(snapshot))
    assert judged.evidence[REFUNDS].bits[0] > 20
    assert judged.net_bits[0] < 0
    assert find_rings(facts, members) == []


def test_one_family_of_refunders_is_watched_at_most() -> None:
    facts, members = make_background(n=1000), pick(100, 6)
    for kind in ("device", "payment"):
        facts.share(members, kind, f"the family's {kind}")
    assert find_rings(facts, members) == []
    ask_for_refunds(facts, members)
    assert {ring.tier for ring in find_rings(facts, members)} <= {"watch"}


def test_refunders_on_a_handful_of_phones_and_cards_are_a_ring_and_the_others_on_them_are_not() -> None:
    nets = []
    for habit in (False, True):
        facts, members = make_background(n=1000), pick(100, 14)
        for kind in ("device", "payment"):
            share_in_chain(facts, members, kind)
        if habit:
            ask_for_refunds(facts, members)
        nets.append([ring.net_bits for ring in find_rings(facts, members) if ring.tier != "watch"])
    assert nets[0] == []
    assert len(nets[1]) == 1
