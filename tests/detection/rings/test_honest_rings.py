"""The share of honest groups among listed rings, from what honest rings of other markets show."""

from __future__ import annotations

import json
from importlib.resources import files
from math import log2

import msgspec
import numpy as np
import pytest
from detection_market import make_background, make_snapshot, pick, plant_farm, plant_trade_ring
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.evaluation.worlds import MEASURED
from detection.policy import DEFAULT_POLICY
from detection.rings.honest_rings import (
    STEPS,
    HonestRings,
    count_answered,
    count_steps,
    estimate_honest_share,
    gather_worlds,
    read_reference,
    spread_counts,
)
from detection.run import find_run
from detection.settings import DetectSettings
from graph.model import Floats, Orders

SHOWN = st.lists(st.floats(0.0, 0.999), min_size=1, max_size=40)
MARGIN = DEFAULT_POLICY.honest_margin


def estimate(shown: list[float] | Floats, *reference: tuple[float, list[float] | Floats]) -> Floats:
    mixture = [(weight, np.array(known)) for weight, known in reference]
    return estimate_honest_share(np.array(shown), mixture, DEFAULT_POLICY)


def count_as_firm(least: float, reference: list[float]) -> float:
    """How many of the known would show so much, one by one, and one more: less beyond all that is known."""
    doublings, *known = (-log2(1.0 - each) for each in (least, *reference))
    usual = [each + MARGIN for each in known]
    return sum(each >= doublings for each in usual) + min(1.0, 2.0 ** (max(usual) - doublings))


@settings(max_examples=60, deadline=None)
@given(SHOWN, SHOWN)
def test_whoever_shows_more_is_no_likelier_to_be_honest(shown: list[float], reference: list[float]) -> None:
    shares = estimate(shown, (1.0, reference))
    order = np.argsort(shown)
    assert (np.diff(shares[order]) <= 0).all()
    assert ((shares > 0) & (shares <= 1)).all()


@settings(max_examples=60, deadline=None)
@given(SHOWN, SHOWN)
def test_a_share_is_the_least_of_the_lists_that_hold_the_ring(shown: list[float], reference: list[float]) -> None:
    shares = estimate(shown, (1.0, reference))
    for own, share in zip(shown, shares.tolist(), strict=True):
        lists = [
            len(shown) * count_as_firm(least, reference) / len(reference) / sum(s >= least for s in shown)
            for least in shown
            if least <= own
        ]
        assert share == pytest.approx(min(1.0, *lists))


def test_a_list_like_the_honest_ones_is_taken_to_be_honest_however_high_its_scores() -> None:
    reference = np.random.default_rng(1).beta(1, 3, 2000)
    shares = estimate(1.0 - (1.0 - reference[::5]) * 2.0**-MARGIN, (1.0, reference))
    assert shares.min() > 0.2
    assert np.median(shares) > 0.95


@settings(max_examples=60, deadline=None)
@given(SHOWN, SHOWN, SHOWN, st.floats(0.0, 1.0))
def test_markets_of_two_sorts_are_weighed(
    shown: list[float], one: list[float], other: list[float], weight: float
) -> None:
    """Of as many honest rings of each sort, so many would show as much: their numbers add up by weight."""
    mixed = estimate(shown, (1.0 - weight, one), (weight, other))
    counts = [count_as_firm(min(shown), part) / len(part) for part in (one, other)]
    assert mixed[int(np.argmin(shown))] == pytest.approx(min(1.0, (1.0 - weight) * counts[0] + weight * counts[1]))
    alone = [estimate(shown, (1.0, part)) for part in (one, other)]
    assert (mixed >= np.minimum(*alone) - 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(SHOWN, st.integers(1, 100_000))
def test_what_no_honest_ring_comes_near_to_stands_out_of_a_list_of_any_length(reference: list[float], n: int) -> None:
    """Where everybody else is honest one ring must not be drowned: the further it is from them, the surer it is."""
    firmly = 1.0 - (1.0 - max(reference)) * 2.0 ** -(MARGIN + np.log2(n) + np.arange(1, 8))
    shares = [estimate([each, *[0.0] * n], (1.0, reference))[0] for each in firmly]
    assert shares == pytest.approx([(n + 1) / n / len(reference) * 2.0**-k for k in range(1, 8)], rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(SHOWN, SHOWN, st.floats(0.0, 0.999), st.data())
def test_showing_more_never_makes_a_ring_likelier_to_be_honest(
    shown: list[float], reference: list[float], more: float, data: st.DataObject
) -> None:
    """Nor does it any other ring of the list."""
    which = data.draw(st.integers(0, len(shown) - 1))
    grown = [max(each, more) if place == which else each for place, each in enumerate(shown)]
    before, after = (estimate(each, (1.0, reference)) for each in (shown, grown))
    assert (after <= before + 1e-12).all()


def test_a_list_twice_is_as_sure() -> None:
    shown = np.random.default_rng(2).beta(1, 2, 50)
    known = np.random.default_rng(3).beta(1, 4, 500)
    once, twice = (estimate(np.tile(shown, times), (1.0, known)) for times in (1, 2))
    assert twice == pytest.approx(np.tile(once, 2))


def make_orders(pairs: list[tuple[int, int]]) -> Orders:
    """Orders of which only who deals with whom is known."""
    buyer, seller = np.array(pairs).T
    nothing = np.full(len(pairs), -1)
    return Orders(buyer, seller, nothing, nothing.astype(float), nothing.astype("datetime64[us]"), nothing, ())


def test_a_pair_that_deals_both_ways_is_answered_however_often_it_deals() -> None:
    orders = make_orders([(0, 1), (0, 1), (1, 0), (2, 3), (2, 3), (4, 2)])
    assert count_answered(orders, 5) == (1, 3)


def test_the_more_dealings_are_answered_the_more_a_list_is_set_beside_payments_among_friends() -> None:
    known = HonestRings(np.array([0.1]), np.array([0.3]), answered=(0.1, 0.5))
    weights = []
    for share in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9):
        pairs = [(2 * number, 2 * number + 1) for number in range(2000)]
        pairs += [(high, low) for low, high in pairs[: int(share * 2000)]]
        (goods, _), (payments, _) = known.mix(make_orders(pairs), 4000, DEFAULT_POLICY)
        assert goods + payments == 1.0
        weights.append(payments)
    assert weights[:2] == [0.0, pytest.approx(0.0)]
    assert weights[-1] == 1.0
    # No step: each tenth more weighs a quarter more, but for the pairs that are added as where goods are sold.
    assert np.diff(weights[1:6]) == pytest.approx(0.25 * 2000 / (2000 + DEFAULT_POLICY.answered_prior))
    (goods, _), (payments, _) = known.mix(make_orders([(0, 1), (1, 0)]), 2, DEFAULT_POLICY)
    assert payments < 0.03  # one pair tells hardly anything
    hasty = msgspec.structs.replace(DEFAULT_POLICY, answered_prior=0.1)
    assert known.mix(make_orders([(0, 1), (1, 0)]), 2, hasty)[1][0] == 1.0


def test_counts_by_step_stand_for_what_they_counted_rounded_up() -> None:
    shown = np.array([0.0, 0.001, 0.5, 0.503, 1.0])
    spread = spread_counts([count_steps(shown[:2]), count_steps(shown[2:])])
    assert spread.tolist() == pytest.approx([0.0, 0.005, 0.5, 0.505, 1.0])


def test_what_is_shipped_has_every_world() -> None:
    told = json.loads((files("detection.rings") / "honest_rings.json").read_text(encoding="utf-8"))
    assert set(told["honest"]) == set(told["answered"]) == set(MEASURED)
    assert {len(counts) for counts in told["honest"].values()} == {STEPS + 1}
    reference = read_reference()
    assert min(len(reference.goods), len(reference.payments)) > 1000
    # Few of the honest rings that are listed show, or are taken to show, what a person is to look at.
    for shown in (reference.goods, reference.payments):
        assert 0.0 < (1.0 - (1.0 - shown) * 2.0**-MARGIN >= DEFAULT_POLICY.review_score).mean() < 0.02
    assert reference.answered[0] < 0.1 < 0.3 < reference.answered[1]


def test_worlds_are_told_apart_by_whether_goods_are_sold() -> None:
    honest = {"market": count_steps(np.array([0.2])), "payments": count_steps(np.array([0.4]))}
    honest["bazaar"] = count_steps(np.array([0.3]))
    known = gather_worlds(honest, {"market": 0.1, "bazaar": 0.2, "payments": 0.5})
    assert known.goods.tolist() == [0.2, 0.3]
    assert known.payments.tolist() == [0.4]
    assert known.answered == (pytest.approx(0.15), 0.5)


def test_every_ring_of_a_run_says_which_share_of_its_like_is_honest() -> None:
    facts = make_background(n=600)
    plant_trade_ring(facts, pick(100, 12))
    plant_farm(facts, pick(300, 12))
    snapshot = make_snapshot(facts)
    rings = find_run(snapshot, DetectSettings()).rings
    reference = read_reference().mix(snapshot.orders, snapshot.n_accounts, DEFAULT_POLICY)
    expected = estimate_honest_share(np.array([ring.shown for ring in rings]), reference, DEFAULT_POLICY)
    assert [ring.false_discovery for ring in rings] == expected.tolist() != []
    copies = find_run(snapshot, DetectSettings(rewired_copies=1)).rings
    assert all(a.false_discovery >= b.false_discovery for a, b in zip(copies, rings, strict=True))  # type: ignore[operator]
