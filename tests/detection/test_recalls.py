"""A product that is faulty: its buyers want their money back and say so, however many they are, and accuse nobody."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, find_members, make_background, make_snapshot
from msgspec.structs import replace

from detection.run import find_run
from detection.settings import DetectSettings
from graph.results import Ring

PRODUCT, SHOP = "faulty", "a0003"
UNHEARD = replace(DetectSettings(), policy=replace(DetectSettings().policy, fault_share=1e6))


def call_back(size: int, *, content: int = 0) -> tuple[Facts, list[str]]:
    """So many bought one product in half a year, return it, and slate it in one week; some more are content with it."""
    rng, facts = np.random.default_rng(2), make_background(n=4_000)
    facts.listings[PRODUCT] = SHOP
    # They bought nothing else, so that all that they ever did here is to complain.
    others = sorted(set(facts.accounts) - set(facts.listings.values()) - {str(order[0]) for order in facts.orders})
    chosen = rng.choice(others, size + content, replace=False).tolist()
    days = rng.uniform(20, 200, size + content)
    for place, (buyer, day) in enumerate(zip(chosen, days, strict=True)):
        facts.orders.append((buyer, SHOP, day, "refunded" if place < size else "completed", PRODUCT))
        if place < size:
            facts.reviews.append((buyer, PRODUCT, None, 1.0, 210 + rng.uniform(0, 4)))
    return facts, chosen[:size]


def list_accused(facts: Facts, buyers: list[str], settings: DetectSettings) -> list[Ring]:
    """The rings of a graver tier than watched that hold two of the buyers or more."""
    rings = find_run(make_snapshot(facts), settings).rings
    return [ring for ring in rings if ring.tier != "watch" and len(find_members(ring) & set(buyers)) > 1]


@pytest.mark.parametrize("size", [10, 60, 400])
def test_the_buyers_of_a_faulty_product_are_never_for_review(size: int) -> None:
    assert list_accused(*call_back(size), DetectSettings()) == []


def test_it_is_the_fault_that_spares_them() -> None:
    (ring,) = list_accused(*call_back(60), UNHEARD)
    assert ring.tier == "review"
    assert ring.kind in ("attack", "refund")


def test_who_slates_what_most_buyers_are_content_with_is_for_review() -> None:
    assert [ring.tier for ring in list_accused(*call_back(60, content=300), DetectSettings())] == ["review"]
