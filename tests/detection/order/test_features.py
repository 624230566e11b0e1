"""A ring's figures by hand, on a market of a few dozen accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from detection_market import Facts, make_background, make_snapshot, pick, plant_trade_ring, rename

from detection.evidence.market import Market, make_market
from detection.order.features import FEATURES, RingFeatures, describe_rings, measure_cohesion
from detection.rings.build import build_rings
from detection.search import link_market, search_market
from detection.settings import DetectSettings
from graph.results import Ring

MEMBERS = pick(50, 8)


@dataclass(frozen=True)
class Found:
    """A market, its rings, and their figures."""

    market: Market
    rings: tuple[Ring, ...]
    features: RingFeatures

    def tell(self, name: str, place: int = 0) -> float:
        return float(self.features.values[place, self.features.names.index(name)])


def plant() -> Facts:
    facts = make_background(n=300)
    plant_trade_ring(facts, MEMBERS)
    return facts


def find(facts: Facts) -> Found:
    market = make_market(make_snapshot(facts))
    rings = build_rings(search_market(market, DetectSettings()))
    return Found(market, rings, describe_rings(rings, market))


@pytest.fixture(scope="module")
def found() -> Found:
    return find(plant())


def test_there_is_a_figure_in_every_column_for_every_ring(found: Found) -> None:
    assert found.features.names == tuple(FEATURES)
    assert found.features.values.shape == (len(found.rings), len(FEATURES))
    assert np.isfinite(found.features.values).all()


def test_bits_are_counted_for_each_member_and_for_the_root_of_their_number(found: Found) -> None:
    ring = found.rings[0]
    assert found.tell("bits_per_member") == pytest.approx(ring.net_bits / len(ring.members))
    assert found.tell("bits_per_root") == pytest.approx(ring.net_bits / len(ring.members) ** 0.5)
    evidence = sum(each.bits for each in ring.evidence)
    assert found.tell("kept_share") == pytest.approx(ring.net_bits / evidence)


def test_links_inside_and_outside_are_those_that_the_search_follows(found: Found) -> None:
    ids = found.market.snapshot.account_id.tolist()
    members = {ids.index(member.account_id) for member in found.rings[0].members}
    links = link_market(found.market)
    own, pull, all_of_them, pairs = 0.0, {}, 0.0, 0
    for a, b, bits in zip(links.a.tolist(), links.b.tolist(), links.bits.tolist(), strict=True):
        inside = (a in members) + (b in members)
        all_of_them += bits * inside
        own += 2 * bits * (inside == 2)
        pairs += inside == 2
        for end, other in ((a, b), (b, a)):
            if other in members:
                pull[end] = pull.get(end, 0.0) + bits
    usual = float(np.median([pull.get(row, 0.0) for row in members]))
    near = sum(bits >= usual / 2 for row, bits in pull.items() if row not in members)
    size = len(members)
    assert found.tell("insularity") == pytest.approx(own / all_of_them)
    assert found.tell("density") == pytest.approx(pairs / (size * (size - 1) / 2))
    assert found.tell("fragment") == pytest.approx(near / size)
    assert found.tell("neighbours") == pytest.approx(np.log1p((len(pull) - size) / size))


def test_a_piece_of_a_ring_is_a_fragment(found: Found) -> None:
    ring = found.rings[0]
    piece = Ring(**{**vars(ring), "members": ring.members[: len(ring.members) // 2]})
    both = describe_rings([ring, piece], found.market)
    outsiders = both.pick(["fragment", "insularity"])
    assert outsiders[1, 0] > outsiders[0, 0]
    assert outsiders[1, 1] < outsiders[0, 1]


def test_names_of_accounts_do_not_matter(found: Found) -> None:
    facts = plant()
    names = {name: f"x{place:04d}" for place, name in enumerate(reversed(list(facts.accounts)))}
    other = find(rename(facts, names))
    figures = [sorted(map(tuple, each.features.values.tolist())) for each in (found, other)]
    assert figures[0] == figures[1]


def test_two_halves_that_hang_by_a_thread_cohere_less() -> None:
    halves = np.kron(np.eye(2), np.ones((3, 3)))
    np.fill_diagonal(halves, 0.0)
    thread = halves.copy()
    thread[0, 3] = thread[3, 0] = 0.1
    assert measure_cohesion(halves) == pytest.approx(0.0, abs=1e-9)
    assert 0.0 < measure_cohesion(thread) < measure_cohesion(np.ones((6, 6)) - np.eye(6))


def test_no_rings_are_described_by_no_rows(found: Found) -> None:
    assert describe_rings((), found.market).values.shape == (0, len(FEATURES))
