"""Items that go round among a few accounts are a ring's; what is sold on, or given back, is nobody's."""

from __future__ import annotations

import itertools

import pytest
from detection_market import Facts, find_ring_of, make_background, make_snapshot, pick

from detection.channels.catalogue import ITEM, PURCHASE
from detection.evidence.market import make_market
from detection.run import find_run
from detection.settings import DetectSettings


def hand_on(facts: Facts, hands: list[str], item: str, *, start: float = 200) -> None:
    """Let one item go from hand to hand, a day for each step."""
    facts.listings.setdefault(item, hands[0])
    for step, (seller, buyer) in enumerate(itertools.pairwise(hands)):
        facts.orders.append((buyer, seller, start + step, "completed", item))


def make_shops() -> Facts:
    """A market whose orders all say what was bought."""
    facts = make_background(n=2_000)
    facts.orders = [(*order[:4], f"p{str(order[1])[2:]}") for order in facts.orders]
    return facts


def test_all_through_whose_hands_an_item_goes_round_share_each_lap_of_it() -> None:
    facts = Facts(dict.fromkeys("abcdef", 1.0))
    hand_on(facts, [*"abcabca"], "vase")
    hand_on(facts, [*"def"], "lamp")
    facts.orders += [("a", "e", 300.0, "completed", "lamp"), ("f", "e", 301.0, "completed", "chair")]
    facts.listings["chair"] = "e"
    market = make_market(make_snapshot(facts), DetectSettings())
    found, names = market.things[ITEM], market.snapshot.account_id
    shared = {
        frozenset(names[found.account[found.thing == thing]])
        for thing in range(found.n_things)
        if found.popularity[thing] > 1
    }
    # It went round twice, through the same hands.
    assert shared == {frozenset("abc")}
    assert sorted(found.popularity.tolist()) == [1, 3, 3]
    # All that a, b and c bought, and the purchases of the others beside it.
    assert (len(found.account), found.unshared) == (7, 3)
    assert found.stratum_uses.tolist() == [10]
    bought = market.things[PURCHASE]
    assert "vase" not in {
        market.snapshot.product_id[each] for each in bought.subject[bought.thing].tolist() if each >= 0
    }


@pytest.mark.parametrize(("n", "rounds"), [(3, 4), (5, 3)])
def test_an_item_that_goes_round_is_for_review_and_says_so(n: int, rounds: int) -> None:
    facts, members = make_shops(), pick(100, n)
    hand_on(facts, [*members * rounds, members[0]], "vase")
    found = find_run(make_snapshot(facts), DetectSettings())
    ring = find_ring_of(found, members)
    assert ring is not None
    assert (ring.kind, ring.tier) == ("trade", "review")
    item = next(each for each in ring.evidence if each.channel == ITEM)
    assert "items that came back to who had sold them" in item.sentence
    assert any("had back vase" in link.via for link in ring.links if link.channel == ITEM)


def test_an_item_that_goes_round_once_is_watched() -> None:
    facts, members = make_shops(), pick(100, 3)
    hand_on(facts, [*members, members[0]], "vase")
    ring = find_ring_of(find_run(make_snapshot(facts), DetectSettings()), members)
    assert ring is not None
    assert ring.tier == "watch"


@pytest.mark.parametrize("hands", [list(range(8)), [0, 1, 0], [0, 1, 0, 2, 3, 2]])
def test_an_item_sold_on_or_given_back_is_no_more_than_watched(hands: list[int]) -> None:
    facts, members = make_shops(), pick(100, 8)
    hand_on(facts, [members[hand] for hand in hands], "vase")
    found = find_run(make_snapshot(facts), DetectSettings())
    assert [ring.tier for ring in found.rings if ring.tier != "watch"] == []


def test_where_no_item_comes_back_the_channel_is_silent() -> None:
    facts = make_background(n=100)
    hand_on(facts, pick(10, 6), "vase")
    assert ITEM not in make_market(make_snapshot(facts), DetectSettings()).things
