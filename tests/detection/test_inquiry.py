"""Why not: a named group is judged as a run would judge it, and what it lacks is said."""

from __future__ import annotations

import pytest
from detection_market import make_background, make_snapshot, pick

from detection.evidence.market import Market, make_market
from detection.inquiry import inquire
from graph.errors import UnknownIdError

RING = pick(0, 5)
HOME = pick(20, 4)


@pytest.fixture(scope="module")
def market() -> Market:
    """Five accounts that share two devices and a card, and trade in circles; a family of four with one home."""
    facts = make_background(n=300)
    for value in ("d1", "d2"):
        facts.share(RING, "device", value)
    facts.share(RING, "payment", "c1", day=12)
    pairs = [(RING[i], RING[(i + k) % 5]) for k in (1, 2) for i in range(5)]
    facts.trade(pairs, [20.0 + n for n in range(10)])
    facts.share(HOME, "address", "home")
    return make_market(make_snapshot(facts))


def test_a_group_that_stands_lacks_nothing_and_its_sum_adds_up(market: Market) -> None:
    found = inquire(market, RING)
    assert found.net_bits > 0
    assert found.missing_bits == 0
    assert sum(step.bits for step in found.steps) == pytest.approx(found.net_bits)
    assert {"device", "payment", "search", "innocent"} <= {step.what for step in found.steps}


def test_a_family_lacks_bits_and_the_explanation_that_took_them_is_told(market: Market) -> None:
    found = inquire(market, HOME)
    assert found.net_bits < 0
    assert found.missing_bits == pytest.approx(-found.net_bits)
    assert "household" in [each.name for each in found.heard]
    assert found.links[0].channel == "address"


def test_strangers_lack_what_naming_them_costs_and_nothing_joins_them(market: Market) -> None:
    found = inquire(market, pick(50, 3))
    charge = next(step.bits for step in found.steps if step.what == "search")
    assert found.links == ()
    assert found.missing_bits == pytest.approx(-found.net_bits) == pytest.approx(-charge, rel=0.2)


def test_of_an_account_the_change_that_it_brings_is_told(market: Market) -> None:
    stranger = inquire(market, RING, pick(60, 1)[0])
    member = inquire(market, RING[:4], RING[4])
    assert stranger.change_bits is not None
    assert member.change_bits is not None
    assert stranger.change_bits < 0 < member.change_bits
    assert stranger.missing_bits == pytest.approx(-stranger.change_bits)
    assert sum(step.change or 0.0 for step in member.steps) == pytest.approx(member.change_bits)
    assert all(RING[4] in (link.account_a, link.account_b) for link in member.links)


def test_the_order_of_the_accounts_does_not_matter(market: Market) -> None:
    assert inquire(market, RING[::-1]).net_bits == inquire(market, RING).net_bits


def test_a_pair_is_told_to_be_one_and_an_unknown_account_is_refused(market: Market) -> None:
    assert "pair" in inquire(market, RING[:2]).notes[0]
    with pytest.raises(UnknownIdError, match="nobody"):
        inquire(market, [*RING, "nobody"])
