"""The innocent side: look-alikes planted in a dull market are heard, named, and not accused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import log2

import numpy as np
import pytest
from detection_market import (
    Facts,
    find_ring_of,
    gather,
    make_background,
    make_snapshot,
    pick,
    plant_opinions,
    share_in_chain,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import binom

from detection.channels.catalogue import TRADE
from detection.evidence.claims import Explanation
from detection.evidence.combinations import BestExplanation, weigh_explanations
from detection.evidence.description_length import measure_plainly
from detection.evidence.explanations import HOUSEHOLD
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.evidence.measure import ChannelEvidence
from detection.policy import DEFAULT_POLICY
from detection.run import find_run
from detection.settings import DetectSettings

Plant = Callable[[Facts, np.random.Generator], list[str]]


def plant_household(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 5)
    for kind in ("device", "address", "payment", "phone", "ip"):
        facts.share(members, kind, f"the family's {kind}")
    facts.trade([(members[0], members[1]), (members[0], members[2])], [30, 200])
    return members


def plant_dormitory(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 40)
    facts.share(members, "address", "the dormitory")
    facts.share(members, "ip", "its network")
    for member in members[:25]:
        facts.accounts[member] = 210 + float(rng.uniform(0, 10))
    return members


def plant_locker(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 120)
    facts.share(members, "address", "the parcel locker")
    return members


def plant_nat(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 350)
    facts.share(members, "ip", "the carrier")
    return members


def plant_second_hand(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 12)
    for turn, member in enumerate(members):
        facts.uses += [(member, "device", "an old phone", 30.0 * turn + day) for day in (0, 20)]
    return members


def plant_club(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 10)
    pairs = [(members[i], members[(i + int(rng.integers(1, 10))) % 10]) for i in range(10) for _ in range(5)]
    facts.trade(pairs, [float(day) for day in rng.uniform(0, 390, len(pairs))])
    return members


def plant_praising_club(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = plant_club(facts, rng)
    for seller in members[:4]:
        facts.reviews += [
            (buyer, None, seller, 5.0, float(rng.uniform(0, 390))) for buyer in members if buyer != seller
        ]
        facts.trade(
            [(buyer, seller) for buyer in members if buyer != seller], [float(d) for d in rng.uniform(0, 390, 9)]
        )
    return members


def plant_terminal(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 30)
    facts.share(members, "device", "a computer in a library")
    return members


def plant_campaign(facts: Facts, rng: np.random.Generator) -> list[str]:
    star, members = pick(60, 1)[0], pick(0, 40)
    facts.referrals = [(account, by) for account, by in facts.referrals if account not in members]
    for member in members:
        facts.referrals.append((member, star))
        facts.accounts[member] = 200 + float(rng.uniform(0, 9))
    return [*members, star]


def plant_launch(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 60)
    facts.reviews += [(member, "p005", None, 5.0, 300 + float(rng.uniform(0, 5))) for member in members]
    return members


def plant_fans(facts: Facts, rng: np.random.Generator) -> list[str]:
    members = pick(0, 20)
    for member in members:
        facts.orders += [(member, "a0007", float(day), "completed") for day in rng.uniform(0, 390, 4)]
        facts.reviews += [(member, None, "a0007", 5.0, day + float(rng.uniform(0, 3))) for day in (20, 140, 260)]
    return members


LOOKALIKES: dict[str, tuple[Plant, str]] = {
    "household": (plant_household, "household"),
    "dormitory": (plant_dormitory, "shared place"),
    "locker": (plant_locker, "shared place"),
    "second-hand device": (plant_second_hand, "second-hand device"),
    "club": (plant_club, "club"),
    "club that praises": (plant_praising_club, "club"),
    "computer in a library": (plant_terminal, "shared place"),
    "referral campaign": (plant_campaign, "referral campaign"),
    "launch": (plant_launch, "launch"),
    "fans": (plant_fans, "fans"),
}


def judge(facts: Facts, members: list[str]) -> Assessment:
    snapshot = make_snapshot(facts)
    return judge_groups(gather(snapshot, members), make_market(snapshot))


def find_winners(judged: Assessment) -> set[str]:
    return {name for name, won in judged.won.items() if won[0]}


def test_a_carriers_network_says_nothing_of_its_customers() -> None:
    facts = make_background(1, n=1000)
    members = plant_nat(facts, np.random.default_rng(5))
    assert judge(facts, members).evidence["ip"].bits[0] < 10
    assert find_ring_of(find_run(make_snapshot(facts), DetectSettings()), members) is None


@pytest.mark.parametrize(("plant", "explanation"), LOOKALIKES.values(), ids=LOOKALIKES)
def test_a_lookalike_is_no_ring_and_the_explanation_that_wins_is_named(plant: Plant, explanation: str) -> None:
    facts = make_background(1, n=1000)
    members = plant(facts, np.random.default_rng(5))
    judged = judge(facts, members)
    assert explanation in {heard.name for heard in judged.explanations if heard.bits[0] > 0}
    assert judged.net_bits[0] <= 0
    run = find_run(make_snapshot(facts), DetectSettings())
    assert {ring.tier for ring in run.rings} <= {"watch"}
    # A locker's or a carrier's crowd shows less than naming it costs: nothing is left to explain.
    if sum(shown.bits[0] for shown in judged.evidence.values()) > judged.charge_bits[0] + 1:
        assert explanation in find_winners(judged)


BROUGHT_TOGETHER = ["dormitory", "club", "fans", "computer in a library", "referral campaign"]


@pytest.mark.parametrize("name", BROUGHT_TOGETHER)
def test_what_an_innocent_explanation_brings_together_is_a_ring_once_it_shares_phones_and_cards(name: str) -> None:
    plant, _ = LOOKALIKES[name]
    facts = make_background(1, n=1000)
    members = plant(facts, np.random.default_rng(5))
    before = judge(facts, members).net_bits[0]
    for place, kind in enumerate(("device", "payment", "phone")):
        order = [members[number] for number in np.random.default_rng(place).permutation(len(members))]
        share_in_chain(facts, order, kind)
    assert before <= 0 < judge(facts, members).net_bits[0]


def test_customers_of_one_seller_show_no_trades() -> None:
    facts, customers, shop = make_background(1, n=1000), pick(0, 14), pick(20, 1)[0]
    facts.trade([(customer, shop) for customer in customers], list(np.linspace(100, 150, 14)))
    judged = judge(facts, [*customers, shop])
    assert judged.evidence[TRADE].bits[0] == 0
    assert judged.net_bits[0] < 0
    facts.trade([(shop, customer) for customer in customers], list(np.linspace(100, 150, 14)))
    assert judge(facts, [*customers, shop]).evidence[TRADE].bits[0] > 30


def test_praise_by_people_who_never_bought_is_not_that_of_fans() -> None:
    facts = make_background(1, n=1000)
    members = plant_fans(facts, np.random.default_rng(5))
    fans = {explanation.name: explanation.bits[0] for explanation in judge(facts, members).explanations}
    facts.orders = [order for order in facts.orders if order[0] not in members]
    strangers = {explanation.name: explanation.bits[0] for explanation in judge(facts, members).explanations}
    assert fans["fans"] > 10
    assert strangers.get("fans", 0.0) == 0.0


def test_fans_of_several_sellers_are_fans_of_each() -> None:
    bits = []
    for sellers in (["a0007"], ["a0007", "a0009"]):
        facts, members = make_background(1, n=1000), pick(0, 20)
        for seller in sellers:
            facts.trade([(member, seller) for member in members], list(np.linspace(0, 390, 20)))
            facts.reviews += [(member, None, seller, 5.0, day) for member in members for day in (20.0, 140.0, 260.0)]
        bits.append(
            next(
                explanation.bits[0] for explanation in judge(facts, members).explanations if explanation.name == "fans"
            )
        )
    assert bits[1] > bits[0] + 5


def test_praise_of_one_day_is_not_that_of_fans() -> None:
    facts, members = make_background(1, n=1000), pick(0, 20)
    facts.trade([(member, "a0007") for member in members], list(np.linspace(0, 390, 20)))
    facts.reviews += [(member, None, "a0007", 5.0, 300.5) for member in members]
    fans = [explanation.bits[0] for explanation in judge(facts, members).explanations if explanation.name == "fans"]
    assert sum(fans) < 2.0  # of the little that they praise in common over the year


@pytest.mark.parametrize("owners", [30, 10])
def test_a_computer_is_public_where_most_of_its_users_have_one_of_their_own(owners: int) -> None:
    facts = make_background(1, n=1000)
    members = plant_terminal(facts, np.random.default_rng(5))
    without = set(members[owners:])
    facts.uses = [
        use for use in facts.uses if use[0] not in without or use[1:3] == ("device", "a computer in a library")
    ]
    heard = {explanation.name for explanation in judge(facts, members).explanations}
    assert ("shared place" in heard) == (owners == 30)


def test_a_crowd_of_refunds_or_purchases_at_one_time_is_a_launch() -> None:
    for status in ("refunded", "completed"):
        facts, members, rng = make_background(1, n=1000), pick(0, 30), np.random.default_rng(5)
        for buyer, seller in zip(rng.choice(pick(50, 900), 600), rng.choice(40, 600), strict=True):
            facts.orders.append((buyer, f"a{seller:04d}", float(rng.uniform(0, 400)), status, f"p{seller:03d}"))
        facts.orders += [(member, "a0005", 300.5, status, "p005") for member in members]
        assert "launch" in {explanation.name for explanation in judge(facts, members).explanations}


def test_a_club_may_praise_what_its_members_sell() -> None:
    facts = make_background(1, n=1000)
    judged = judge(facts, plant_praising_club(facts, np.random.default_rng(5)))
    club = next(explanation for explanation in judged.explanations if explanation.name == "club")
    assert club.bits[0] > judged.evidence[TRADE].bits[0] + 5


def weigh(total: float, size: int, n: int, explanations: list[tuple[str, float, int, int]]) -> BestExplanation:
    """Explanations (name, bits, people, households) of facts that no two of them share, beside other evidence."""
    one = np.ones(1)
    evidence = {name: ChannelEvidence(f"of {name}", one * bits, one, one) for name, bits, _, _ in explanations}
    rest = total - sum(bits for _, bits, _, _ in explanations)
    given_ = [
        Explanation(name, one * bits, np.array([people]), np.array([households]), {f"of {name}": one * bits})
        for name, bits, people, households in explanations
    ]
    evidence = {shown.channel: shown for shown in evidence.values()} | {
        "rest": ChannelEvidence("rest", one * rest, one, one)
    }
    return weigh_explanations(evidence, {}, measure_plainly(np.array([size]), n), given_, DEFAULT_POLICY)


def test_explanations_name_the_same_people_once() -> None:
    verdict = weigh(200.0, 5, 1024, [("club", 60.0, 5, 5), ("fans", 60.0, 5, 5)])
    prior = DEFAULT_POLICY.least_prior_bits - DEFAULT_POLICY.further_bits
    named_once = log2(binom(1024, 5))
    assert verdict.net_bits[0] == pytest.approx(200 - named_once - (120 + prior - named_once))


def test_a_fact_that_two_explain_is_explained_once_and_never_beyond_what_it_shows() -> None:
    one, length = np.ones(1), measure_plainly(np.array([5]), 1024)
    evidence = {
        "praise": ChannelEvidence("praise", 50.0 * one, one, one),
        "rest": ChannelEvidence("rest", 90.0 * one, one, one),
    }
    both = [
        Explanation(name, bits * one, np.array([5]), np.array([5]), {"praise": bits * one})
        for name, bits in (("club", 40.0), ("launch", 70.0))
    ]
    alone = weigh_explanations(evidence, {}, length, both[:1], DEFAULT_POLICY)
    together = weigh_explanations(evidence, {}, length, both, DEFAULT_POLICY)
    assert alone.left["praise"][0] == pytest.approx(10.0)
    assert together.left["praise"][0] == pytest.approx(0.0)
    assert together.left["rest"][0] == 90.0
    assert alone.net_bits[0] - together.net_bits[0] == pytest.approx(10.0)


def test_what_it_takes_to_name_people_twice_is_not_explained() -> None:
    one, length = np.ones(1), measure_plainly(np.array([5]), 1024)
    evidence = {name: ChannelEvidence(name, 60.0 * one, one, one) for name in ("device", "phone")}
    claimed = {"device": 60.0 * one, "phone": 30.0 * one}
    household = Explanation(HOUSEHOLD, 90.0 * one, np.array([5]), np.array([2]), claimed, 18.0 * one)
    left = weigh_explanations(evidence, {}, length, [household], DEFAULT_POLICY).left
    assert {name: bits[0] for name, bits in left.items()} == pytest.approx({"device": 12.0, "phone": 36.0})


def test_who_came_with_a_crowd_is_named_by_the_crowd() -> None:
    one, length = np.ones(1), measure_plainly(np.array([5]), 1024)
    evidence = {"praise": ChannelEvidence("praise", 60.0 * one, one, one)}
    launch = Explanation("launch", 60.0 * one, np.array([5]), np.array([5]), {"praise": 60.0 * one})
    few, many = (
        weigh_explanations(evidence, {}, length, [replace(launch, choice_bits=bits * one)], DEFAULT_POLICY).net_bits[0]
        for bits in (0.0, 20.0)
    )
    assert many == pytest.approx(few - 20.0)


def test_several_households_linked_by_nothing_are_households() -> None:
    facts, households = make_background(n=1000), [pick(10 * number, 5) for number in range(3)]
    for number, household in enumerate(households):
        for kind in ("device", "address", "payment"):
            facts.share(household, kind, f"{kind} of household {number}")
    judged = judge(facts, [member for household in households for member in household])
    assert find_winners(judged) == {"household"}
    assert judged.net_bits[0] < 0


def test_what_hangs_together_beyond_a_household_is_not_explained_by_one() -> None:
    facts, members = make_background(n=1000), pick(0, 16)
    for kind in ("device", "payment", "phone"):
        order = [members[place] for place in np.random.default_rng(len(kind)).permutation(16)]
        share_in_chain(facts, order, kind)
    judged = judge(facts, members)
    household = next(explanation for explanation in judged.explanations if explanation.name == HOUSEHOLD)
    assert household.households[0] >= 16 / DEFAULT_POLICY.household_size
    assert judged.net_bits[0] > 20


def test_a_crowd_of_a_handful_is_no_launch() -> None:
    facts, members = make_background(n=1000), pick(0, 6)
    plant_opinions(facts, members, 3, 1.0)
    assert "launch" not in {explanation.name for explanation in judge(facts, members).explanations}


def test_a_device_used_by_two_at_once_is_not_second_hand() -> None:
    facts = make_background(n=1000)
    members = plant_second_hand(facts, np.random.default_rng(5))
    facts.uses.append((members[0], "device", "an old phone", 45.0))
    assert "second-hand device" not in {explanation.name for explanation in judge(facts, members).explanations}


def weigh_slowly(total: float, size: int, explanations: list[tuple[str, float, int, int]], n: int) -> float:
    """Net bits by trying every subset, in the words of the docstring."""
    charge = log2(binom(n, size))
    best = 0.0
    for choice in product([False, True], repeat=len(explanations)):
        combination = [explanation for explanation, chosen in zip(explanations, choice, strict=True) if chosen]
        if not combination or any(bits <= 0 for _, bits, _, _ in combination):
            continue
        prior = DEFAULT_POLICY.least_prior_bits - DEFAULT_POLICY.further_bits * (len(combination) - 1)
        households = [explanation for explanation in combination if explanation[0] == HOUSEHOLD]
        others = [explanation for explanation in combination if explanation[0] != HOUSEHOLD]
        if households:
            named = min(sum(explanation[3] for explanation in others), households[0][3])
            named_bits = max(log2(binom(n, named)), log2(n))
            cost = charge - log2(binom(n, households[0][3])) + named_bits
        else:
            cost = log2(binom(n, min(sum(explanation[2] for explanation in others), size)))
        best = max(best, sum(explanation[1] for explanation in combination) - cost + prior)
    return total - charge - best


EXPLANATION = st.tuples(st.floats(0, 300), st.integers(1, 12), st.integers(1, 12))
"""Bits, people and households."""


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 500), st.lists(EXPLANATION, min_size=1, max_size=4))
def test_the_best_innocent_story_agrees_with_trying_every_one(
    total: float, drawn: list[tuple[float, int, int]]
) -> None:
    names = [HOUSEHOLD, "club", "launch", "fans"]
    given_ = [(name, bits, people, min(people, some)) for name, (bits, people, some) in zip(names, drawn, strict=False)]
    verdict = weigh(total, 12, 1000, given_)
    assert verdict.net_bits[0] == pytest.approx(weigh_slowly(total, 12, given_, 1000))


def test_what_is_taken_off_is_what_the_best_story_accounts_for_beyond_its_cost() -> None:
    # One family of 4 among 1024 accounts shows 70 bits, 60 of them within the family: log2 C(1024, 4) is 35.4;
    # the family saves 35.4 - 10 and pays 10 for naming itself, so that 60 - 35.4 + 8 = 32.6 are taken off.
    verdict = weigh(70.0, 4, 1024, [(HOUSEHOLD, 60.0, 4, 1)])
    assert verdict.net_bits[0] == pytest.approx(70 - 60 - DEFAULT_POLICY.least_prior_bits)
    assert verdict.won[HOUSEHOLD].all()
