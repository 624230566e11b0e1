"""A ring as nodes and edges: what is folded, what is wide, where it stands."""

from __future__ import annotations

import itertools
from datetime import datetime

import numpy as np
import pytest
from pictured import BEGAN

from graph.pictures.layout import MARGIN, Spot, place_nodes
from graph.pictures.network import FOLDED_FROM, HUB_FROM, Network, Person, Tie, draw_network


def be(*names: str, role: str = "core") -> list[Person]:
    return [Person(each, role, "review", 9.0, BEGAN) for each in names]


def share(what: str, *names: str, bits: float = 4.0, at: datetime | None = None, users: int = 0) -> list[Tie]:
    return [Tie(each, "device", what, bits, at, users=users) for each in names]


def count(network: Network) -> dict[str, int]:
    kinds = [each.kind for each in network.nodes]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def test_members_and_what_they_share_are_nodes_and_a_dealing_is_an_edge_of_its_own() -> None:
    dealing = Tie("ann", "trade", "2 orders", 3.0, BEGAN, "bob")
    found = draw_network(be("ann", "bob", "cyd"), [*share("D7", "ann", "bob"), dealing])
    assert count(found) == {"account": 3, "thing": 1}
    edges = [(found.nodes[e.source].name, found.nodes[e.target].name, e.is_dealing) for e in found.edges]
    assert sorted(edges) == [("ann", "D7", False), ("ann", "bob", True), ("bob", "D7", False)]
    assert found.channels == ("device", "trade")


def test_the_same_ring_stands_in_the_same_places_in_whatever_order_its_facts_come() -> None:
    people, ties = be("ann", "bob", "cyd"), [*share("D7", "ann", "bob"), *share("D8", "bob", "cyd")]
    assert draw_network(people, ties) == draw_network(people, ties[::-1])
    assert draw_network(people, ties, seed=2) != draw_network(people, ties, seed=3)


def test_accounts_with_the_very_same_ties_are_one_crowd_with_their_count() -> None:
    many = [f"a{number:02d}" for number in range(FOLDED_FROM)]
    found = draw_network(be("ann", *many), [*share("D7", *many), *share("D8", "ann", many[0])])
    assert count(found) == {"account": 1 + FOLDED_FROM, "thing": 2}  # one of them has something else as well
    found = draw_network(be("ann", *many), [*share("D7", *many, "ann"), *share("D8", "ann")])
    assert count(found) == {"account": 1, "crowd": 1, "thing": 2}
    (crowd,) = (each for each in found.nodes if each.kind == "crowd")
    assert (crowd.count, crowd.account_ids) == (FOLDED_FROM, tuple(many))
    (edge,) = (each for each in found.edges if found.nodes[each.source] == crowd)
    assert edge.bits == pytest.approx(4.0 * FOLDED_FROM)


def test_what_half_the_market_shares_is_a_hub_with_its_count() -> None:
    found = draw_network(be("ann", "bob"), share("locker", "ann", "bob", users=HUB_FROM + 1))
    assert [(each.kind, each.count) for each in found.nodes][-1] == ("hub", HUB_FROM + 1)


def test_a_line_is_the_wider_the_more_bits_it_brings() -> None:
    found = draw_network(be("ann", "bob"), [*share("D7", "ann", bits=1.0), *share("D8", "bob", bits=16.0)])
    thin, thick = sorted(each.width for each in found.edges)
    assert 1.0 < thin < thick


def test_ties_of_strangers_are_left_out_and_an_empty_ring_is_an_empty_picture() -> None:
    assert count(draw_network(be("ann"), share("D7", "ann", "eve"))) == {"account": 1, "thing": 1}
    assert draw_network([], []).nodes == ()


@pytest.mark.parametrize("n", [1, 2, 3, 17, 60, 400])
def test_nobody_stands_on_anybody_and_everybody_stands_inside(n: int) -> None:
    rng = np.random.default_rng(n)
    pairs = [(int(rng.integers(place)), place) for place in range(1, n)]
    sizes, room = [7.0] * n, Spot(920.0, 570.0)
    spots = place_nodes(sizes, pairs, room, seed=1)
    assert all(MARGIN <= each.x <= room.x - MARGIN and MARGIN <= each.y <= room.y - MARGIN for each in spots)
    if n <= 60:
        near = [np.hypot(a.x - b.x, a.y - b.y) for a, b in itertools.combinations(spots, 2)]
        assert min(near, default=99.0) >= 13.0


def test_what_is_joined_stands_nearer_than_what_is_not() -> None:
    spots = place_nodes([7.0] * 8, [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3)], Spot(920.0, 570.0), seed=1)
    place = np.array([(each.x, each.y) for each in spots])
    joined = np.linalg.norm(place[0] - place[1])
    assert joined < np.linalg.norm(place[0] - place[5])


def test_a_picture_is_no_higher_than_what_is_in_it() -> None:
    few, many = (draw_network(be(*names), share("D7", *names)) for names in (("ann", "bob"), tuple("abcdefgh")))
    assert few.height < many.height
    for found in (few, many):
        assert min(each.y for each in found.nodes) == MARGIN
        assert max(each.y for each in found.nodes) < found.height - MARGIN
