"""Habits of a few accounts: who did what how often, and the bits of it, worked out in another way."""

from __future__ import annotations

from math import comb, log2

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from scipy.integrate import quad
from scipy.stats import betabinom

from detection.channels.conduct import (
    COMPLAINTS,
    REFUNDS,
    SALES,
    SIGNALS,
    UNVERIFIED,
    BetaLaw,
    Conduct,
    find_verified,
    fit_spread,
    measure_conduct,
    score_habit,
    score_once,
)
from detection.policy import DEFAULT_POLICY, Policy

NAMES = ("ann", "bob", "cyd", "dan", "shop")
LAW = BetaLaw(0.1, 20.0)


def measure(facts: Facts, policy: Policy = DEFAULT_POLICY) -> dict[str, Conduct]:
    return {signal.name: signal for signal in measure_conduct(make_snapshot(facts), policy)}


def order(buyer: str, *statuses: str | None, product: str | None = None) -> list[tuple[str | float | None, ...]]:
    return [(buyer, "shop", 1.0, status, product) for status in statuses]


def score_slowly(k: int, m: int, law: BetaLaw, policy: Policy) -> float:
    """How much better a habit of ``least_habit`` or more explains k of m times than the habits of the others."""
    on_purpose = quad(lambda p: comb(m, k) * p**k * (1 - p) ** (m - k), policy.least_habit, 1)[0]
    like_others = betabinom.pmf(k, m, law.spread * law.mean, law.spread * (1 - law.mean))
    ratio = on_purpose / (1 - policy.least_habit) / like_others
    return min(log2(policy.likely_honest + (1 - policy.likely_honest) * ratio), policy.loner_bits)


def test_the_habits_are_told_in_these_words() -> None:
    assert SIGNALS == (REFUNDS, UNVERIFIED, COMPLAINTS, SALES)
    assert SIGNALS == ("refunds asked", "reviews without an order", "bad reviews written", "sales refunded")
    nobody = np.zeros(1, dtype=np.int64)
    assert not Conduct("a habit", nobody, nobody, np.zeros(1), np.zeros(1)).is_of_reviews


# ── bits ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_law_of_habits_has_the_two_parameters_of_a_beta_law() -> None:
    assert BetaLaw(0.2, 10.0).shape == (2.0, 8.0)


@pytest.mark.parametrize(
    "policy", [DEFAULT_POLICY, Policy(least_habit=0.5, likely_honest=0.9, loner_bits=4.0), Policy(least_habit=0.0)]
)
def test_the_bits_of_a_habit_are_those_of_a_purpose_against_the_others_habits(policy: Policy) -> None:
    times, occasions = np.array([4, 0, 1, 2, 0, 4, 9, 0]), np.array([5, 5, 5, 2, 0, 5, 9, 40])
    slow = [score_slowly(k, m, LAW, policy) for k, m in zip(times.tolist(), occasions.tolist(), strict=True)]
    assert score_habit(times, occasions, LAW, policy) == pytest.approx(slow)
    assert max(slow) == policy.loner_bits or policy.least_habit == 0.0


def test_no_habit_is_too_great_to_be_written_as_a_number() -> None:
    bits = score_habit(np.array([5000]), np.array([5000]), BetaLaw(0.001, 1000.0), Policy(loner_bits=1e9))
    assert 900 < bits[0] < 1100


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, Policy(least_habit=0.5, likely_honest=0.9)])
def test_the_bits_of_having_done_it_at_all_are_those_of_not_never(policy: Policy) -> None:
    occasions = np.array([1, 5, 50])
    slow = []
    for m in occasions.tolist():
        never_on_purpose = quad(lambda p, m=m: (1 - p) ** m, policy.least_habit, 1)[0] / (1 - policy.least_habit)
        never = betabinom.pmf(0, m, *LAW.shape)
        slow.append(log2(policy.likely_honest + (1 - policy.likely_honest) * (1 - never_on_purpose) / (1 - never)))
    assert score_once(occasions, LAW, policy) == pytest.approx(slow)


def test_who_had_no_occasion_cannot_have_done_it() -> None:
    assert score_once(np.array([0]), LAW, DEFAULT_POLICY) == pytest.approx([-1.0])
    assert score_habit(np.array([0]), np.array([0]), LAW, DEFAULT_POLICY) == pytest.approx([0.0])


# ── how alike habits are ──────────────────────────────────────────────────────────────────────────


def fit(*habits: tuple[int, int], policy: Policy = DEFAULT_POLICY) -> float:
    """Of so many times on so many occasions each."""
    times, occasions = np.array(habits).T
    return fit_spread(times, occasions, policy)


def test_habits_are_as_alike_as_two_occasions_of_one_account_are() -> None:
    # Three of seven times; of five pairs of occasions of one account both show it in one.
    usual, both = 3 / 7, 1 / 5
    alike = (both - usual**2) / (usual * (1 - usual))
    assert fit((1, 2), (0, 2), (2, 3)) == pytest.approx(1 / alike - 1) == pytest.approx(14.0)
    assert fit((1, 2), (0, 2), (2, 3), (1, 1), (0, 1), (0, 0)) == pytest.approx(14.0)


def test_habits_that_differ_as_much_as_they_can_are_taken_for_more_alike() -> None:
    assert fit((2, 2), (0, 2), (0, 2), policy=Policy(largest_usual=0.5)) == pytest.approx(2.0)
    assert fit((2, 2), (0, 2), (0, 2)) == pytest.approx(1.25)


@pytest.mark.parametrize("most_alike", [1000.0, 5000.0, 40.0])
def test_habits_are_no_more_alike_than_the_policy_says(most_alike: float) -> None:
    policy = Policy(most_alike=most_alike)
    assert fit((1, 2), (1, 2), (0, 2), policy=policy) == pytest.approx(most_alike - 1.0)
    for nobody_knows in ([(1, 1), (0, 1)], [(0, 2), (0, 5)], [(0, 0)]):
        assert fit(*nobody_knows, policy=policy) == most_alike


def test_a_policy_may_take_all_habits_for_more_different_than_they_can_be() -> None:
    assert fit((2, 2), (0, 2), (0, 2), policy=Policy(most_alike=1.0)) == 1.0


def test_what_everybody_always_does_is_alike() -> None:
    assert fit((2, 2), (3, 3)) == pytest.approx(DEFAULT_POLICY.most_alike - 1.0)


# ── who did it ────────────────────────────────────────────────────────────────────────────────────


def test_refunds_are_counted_among_the_orders_whose_status_is_known() -> None:
    facts = Facts(dict.fromkeys(NAMES))
    facts.orders = [
        *order("ann", "refunded", "Disputed", "completed", None, None),
        *order("bob", *["completed"] * 12),
        *order("cyd", "returned", *["completed"] * 2),
    ]
    signal = measure(facts)[REFUNDS]
    assert (signal.name, signal.is_of_reviews) == (REFUNDS, False)
    assert (signal.times.tolist(), signal.occasions.tolist()) == ([2, 0, 1, 0, 0], [3, 12, 3, 0, 0])
    law = BetaLaw(3 / 18, fit_spread(signal.times, signal.occasions, DEFAULT_POLICY))
    assert signal.bits == pytest.approx(score_habit(signal.times, signal.occasions, law, DEFAULT_POLICY))
    assert signal.bits[0] > 0 > signal.bits[1]
    once = score_once(np.array([3]), law, DEFAULT_POLICY)[0]
    assert signal.implied_bits == pytest.approx([once, 0, once, 0, 0])


@pytest.mark.parametrize(("completed", "is_unusual"), [(4, True), (3, False)])
def test_what_more_than_one_in_five_do_is_no_sign(completed: int, *, is_unusual: bool) -> None:
    facts = Facts(dict.fromkeys(NAMES))
    facts.orders = order("ann", "refunded") + order("bob", *["completed"] * completed)
    assert (REFUNDS in measure(facts)) == is_unusual


def test_what_was_done_on_the_only_occasion_is_what_is_always_done() -> None:
    facts = Facts(dict.fromkeys(NAMES), orders=order("ann", "refunded"))
    assert measure(facts, Policy(largest_usual=0.6)) == {}


def test_what_nobody_does_is_no_sign() -> None:
    assert measure(Facts()) == measure(Facts(dict.fromkeys(NAMES))) == {}
    facts = Facts(dict.fromkeys(NAMES), orders=order("ann", "completed", "completed"))
    assert measure(facts) == {}


def test_sales_are_counted_but_to_buyers_who_live_by_refunds() -> None:
    facts = Facts(dict.fromkeys((*NAMES, *(f"b{number}" for number in range(40)))))
    # "shop" cheats strangers; "dan" is robbed by "bob", who lives by it, and serves others well.
    facts.orders = [(f"b{number}", "shop", 1.0, "disputed", None) for number in range(3)]
    facts.orders += [("bob", "dan", float(day), "refunded", None) for day in range(4)]
    facts.orders += [(f"b{number}", "dan" if number % 2 else "ann", 2.0, "completed", None) for number in range(40)]
    facts.orders += [("ann", "cyd", 3.0, None, None)]
    found, names = measure(facts), make_snapshot(facts).account_id.tolist()
    signal = found[SALES]
    shop, dan, cyd = (names.index(name) for name in ("shop", "dan", "cyd"))
    assert [(signal.times[row], signal.occasions[row]) for row in (shop, dan, cyd)] == [(3, 3), (0, 20), (0, 0)]
    assert signal.bits[shop] > 5 > 0 > signal.bits[dan]
    assert not signal.is_of_reviews
    assert found[REFUNDS].bits[names.index("bob")] > 0


def test_complaints_are_counted_among_the_reviews_that_have_a_rating() -> None:
    facts = Facts(dict.fromkeys(NAMES))
    facts.reviews = [("ann", None, "shop", rating, 1.0) for rating in (2.0, 1.0, 2.1, None)]
    facts.reviews += [("bob", None, "shop", 5.0, 1.0)] * 9
    (signal,) = measure(facts).values()
    assert (signal.name, signal.is_of_reviews) == (COMPLAINTS, True)
    assert (signal.times.tolist(), signal.occasions.tolist()) == ([2, 0, 0, 0, 0], [3, 9, 0, 0, 0])
    stricter = measure(facts, Policy(bad_rating=1.0))[COMPLAINTS]
    assert stricter.times.tolist() == [1, 0, 0, 0, 0]


def test_reviews_of_products_without_an_order_are_counted_where_orders_name_products() -> None:
    facts = Facts(dict.fromkeys(NAMES), listings={"p": "shop", "q": "shop"})
    facts.reviews = [("ann", "p", None, 5.0, 1.0), ("ann", "q", None, 5.0, 1.0), ("ann", None, "shop", 5.0, 1.0)]
    facts.reviews += [("bob", "p", None, 5.0, 1.0)] * 9
    facts.orders = order("bob", "completed", product="p") + order("ann", "completed", product="p")
    (signal,) = measure(facts).values()
    assert (signal.name, signal.is_of_reviews) == (UNVERIFIED, True)
    assert (signal.times.tolist(), signal.occasions.tolist()) == ([1, 0, 0, 0, 0], [2, 9, 0, 0, 0])
    facts.orders = order("bob", "completed") + order("ann", "completed")
    assert measure(facts) == {}


def test_an_order_verifies_its_buyers_reviews_of_its_product_and_no_other() -> None:
    facts = Facts(dict.fromkeys(NAMES), listings={"p": "shop", "q": "shop"})
    facts.reviews = [(name, product, None, 5.0, 1.0) for name in NAMES[:3] for product in ("p", "q")]
    facts.orders = [
        *order("ann", "completed", product="p"),
        *order("bob", "completed", product="q"),
        *order("cyd", "completed"),
        ("cyd", None, 1.0, "completed", None),  # nobody knows of whom, nor what
        ("bob", None, 1.0, "completed", None),
    ]
    assert find_verified(make_snapshot(facts)).tolist() == [True, False, False, True, False, False]
