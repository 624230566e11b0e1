"""The order of rings as laws: nothing comes, goes or changes but places, and none passes a ring of a graver tier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import make_background, make_snapshot, pick, plant_trade_ring

from detection.evidence.market import make_market
from detection.order.features import FEATURES, RingFeatures
from detection.order.model import SCHEMA, OrderModel, Steps, Written, read_order_model
from detection.order.rank import OrderedRings, find_order, list_sides, order_rings, place_rings, rank_learned
from graph.results import Member, Ring
from graph.vocabulary import Tier

RISES = Steps(0.0, 10.0, (2.0, 5.0), (-1.0, 0.0, 1.0))
FALLS = Steps(0.0, 10.0, (5.0,), (1.0, -1.0))
MODEL = OrderModel(Written(SCHEMA, ("trades",), {"made up": 9}, 0.0, {"insularity": RISES, "fragment": FALLS}), "abc")


def make_ring(name: str, bits: float, tier: Tier = "watch") -> Ring:
    members = tuple(Member(f"{name}{n}", "core", 9.0, (), 0.0) for n in range(3))
    return Ring(name, "trade", bits / 100, tier, bits, 5.0, members, (), (), ())


def describe(*rows: tuple[float, float]) -> RingFeatures:
    """Rings of which only insularity and outsiders are told."""
    return RingFeatures(("insularity", "fragment"), np.array(rows))


def list_ids(ordered: OrderedRings) -> list[str]:
    return [ring.ring_id for ring in ordered.rings]


RINGS = tuple(make_ring(name, bits) for name, bits in zip("ABCD", (40.0, 30.0, 20.0, 10.0), strict=True))


def test_both_ranks_count_alike_and_of_equals_the_one_with_more_bits_comes_first() -> None:
    # By bits A B C D, learned B C D A: the means are 1.5, 0.5, 1.5, 2.5 from the first place.
    ordered = place_rings(RINGS, describe((1, 9), (9, 1), (9, 9), (4, 9)), MODEL)
    assert list_ids(ordered) == ["B", "A", "C", "D"]


def test_a_ring_is_what_it_was_wherever_it_stands() -> None:
    ordered = place_rings(RINGS, describe((1, 9), (9, 1), (9, 9), (4, 9)), MODEL)
    assert {ring.ring_id: ring for ring in ordered.rings} == {ring.ring_id: ring for ring in RINGS}
    assert len(ordered.rings) == len(RINGS)


def test_each_tier_keeps_the_places_that_it_has() -> None:
    tiers: tuple[Tier, ...] = ("review", "watch", "review", "watch")
    mixed = [replace(ring, tier=tier) for ring, tier in zip(RINGS, tiers, strict=True)]
    ordered = place_rings(mixed, describe((1, 9), (1, 9), (9, 1), (9, 1)), MODEL)
    assert [ring.tier for ring in ordered.rings] == list(tiers)


def test_no_watched_ring_passes_one_for_review_however_it_is_liked() -> None:
    mixed = [replace(RINGS[0], tier="review"), *RINGS[1:]]
    ordered = place_rings(mixed, describe((1, 9), (9, 1), (9, 1), (9, 1)), MODEL)
    assert list_ids(ordered)[0] == "A"


@pytest.mark.parametrize("strange", [(10.5, 1.0), (9.0, -0.5)])
def test_a_ring_such_as_nobody_has_seen_keeps_its_place_by_bits_and_says_so(strange: tuple[float, float]) -> None:
    ordered = place_rings(RINGS, describe((1, 9), (4, 9), strange, (9, 1)), MODEL)
    assert list_ids(ordered)[2] == "C"
    assert "has not seen such" in ordered.places["C"]
    assert "by the learned judge, together" not in ordered.places["C"]
    assert ordered.notes == ("1 of 4 rings keep their place by evidence: the learned judge has not seen such",)


def test_a_place_says_both_ranks_and_what_moved_the_ring() -> None:
    ordered = place_rings(RINGS, describe((1, 9), (9, 1), (9, 9), (4, 9)), MODEL)
    assert ordered.places["B"] == (
        "rank 2 by its evidence, 1 by the learned judge, together 1:"
        f" {FEATURES['fragment'].words.format(1)}; {FEATURES['insularity'].words.format(9)}"
    )
    # What moved it back is what speaks against it, and nothing else.
    assert ordered.places["A"].startswith("rank 1 by its evidence, 4 by the learned judge, together 2: 100% of its")
    assert ordered.places["D"] == "rank 4 by its evidence, 3 by the learned judge, together 4"


def test_a_market_without_what_was_there_while_learning_keeps_its_order_and_says_why() -> None:
    quiet = make_market(make_snapshot(make_background(n=60)))
    lacking = replace(MODEL, written=Written(SCHEMA, ("second sight",), {}, 0.0, MODEL.written.steps))
    ordered = order_rings(RINGS, quiet, lacking)
    assert (ordered.rings, ordered.places) == (RINGS, {})
    assert ordered.notes[0].startswith("rings are told in the order of their evidence: this market has no second sight")


def test_a_market_has_the_sides_that_it_has_facts_of() -> None:
    facts = make_background(n=200)
    plant_trade_ring(facts, pick(100, 8))
    whole = list_sides(make_market(make_snapshot(facts)))
    facts.orders.clear()
    assert whole - list_sides(make_market(make_snapshot(facts))) == {"trades"}
    facts.uses.clear()
    assert not {"personal things", "places"} & list_sides(make_market(make_snapshot(facts)))


def test_two_copies_of_a_list_keep_the_order_of_each() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        rows = [tuple(row) for row in rng.uniform(0, 10, (6, 2))]
        rings = [make_ring(f"R{n}", 90.0 - n) for n in range(6)]
        twins = [copy for ring in rings for copy in (ring, replace(ring, ring_id=f"{ring.ring_id}'"))]
        once = list_ids(place_rings(rings, describe(*rows), MODEL))
        twice = list_ids(place_rings(twins, describe(*(row for row in rows for _ in range(2))), MODEL))
        assert [name for name in twice if not name.endswith("'")] == once
        assert [name[:-1] for name in twice if name.endswith("'")] == once


def test_what_speaks_for_a_ring_never_sends_it_back() -> None:
    model = read_order_model()
    rng = np.random.default_rng(6)
    low, high = (np.array([getattr(each, end) for each in model.written.steps.values()]) for end in ("low", "high"))
    for place, name in enumerate(model.names):
        rows = rng.uniform(low, high, (8, len(low)))
        better = rows.copy()
        better[4, place] = high[place] if FEATURES[name].direction > 0 else low[place]
        places = [find_place(RingFeatures(model.names, values), model, 4) for values in (rows, better)]
        assert places[1] <= places[0]


def find_place(features: RingFeatures, model: OrderModel, row: int) -> int:
    rings = [make_ring(f"R{n}", 90.0 - n) for n in range(len(features.values))]
    return list_ids(place_rings(rings, features, model)).index(f"R{row}")


def test_no_rings_have_no_order() -> None:
    assert place_rings((), describe(), MODEL).rings == ()
    assert len(find_order(np.empty(0), np.empty(0, dtype=np.int64))) == 0
    assert len(rank_learned(np.empty(0), np.empty(0, dtype=bool))) == 0
