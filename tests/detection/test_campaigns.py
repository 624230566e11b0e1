"""A campaign of any size is one ring, of no lower tier the larger it is, and says for whom or on whom it was."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, find_members, make_background, make_snapshot, share_in_chain

from detection.run import find_run
from detection.settings import DetectSettings
from graph.results import Ring
from graph.vocabulary import TIERS

SIZES = (20, 70, 600)
TARGETS = {"a0003", "a0004"}


def make_campaign(size: int, *, rating: float, width: int | None) -> tuple[Facts, list[str]]:
    """So many accounts rate two listings in one week; every few of them on one device where there is a width."""
    rng, facts = np.random.default_rng(1), make_background(n=6_000)
    members = [f"f{number:04d}" for number in range(size)]
    for member in members:
        facts.accounts[member] = float(rng.uniform(0, 199))
        facts.reviews += [(member, f"p{seller[2:]}", None, rating, 200 + rng.uniform(0, 6)) for seller in TARGETS]
    if width is not None:
        share_in_chain(facts, members, "device", width=width)
    return facts, members


def find_campaign(size: int, *, rating: float, width: int | None) -> tuple[Ring, frozenset[str]]:
    facts, members = make_campaign(size, rating=rating, width=width)
    rings = find_run(make_snapshot(facts), DetectSettings()).rings
    assert rings
    return rings[0], frozenset(members)


@pytest.mark.parametrize(
    "sizes",
    [pytest.param((20, 600), id="two"), pytest.param((20, 70, 200, 600), id="more", marks=pytest.mark.thorough)],
)
@pytest.mark.parametrize(("rating", "role", "width"), [(5.0, "beneficiary", 4), (1.0, "target", None)])
def test_a_campaign_of_any_size_is_one_ring_with_its_targets(
    rating: float, role: str, width: int | None, sizes: tuple[int, ...]
) -> None:
    tiers = []
    for size in sizes:
        ring, members = find_campaign(size, rating=rating, width=width)
        found = find_members(ring)
        assert len(found & members) >= 0.9 * size
        # Who did the same on the same days by chance is told from them by nobody.
        assert len(found - members) <= 0.15 * size
        assert {(each, role) for each in TARGETS} <= {(party.account_id, party.role) for party in ring.parties}
        tiers.append(TIERS.index(ring.tier))
    assert tiers == sorted(tiers)
    assert tiers[0] >= TIERS.index("review")
