"""Communities by Leiden: a figure of the field, a bound, and the laws of an algorithm on arrays."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from detection.candidates import leiden, potts
from detection.candidates.leiden import Network, find_communities
from graph.model import Floats, Ints


@pytest.fixture(autouse=True, params=["by the library", "in compiled loops"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(leiden, "MANY_PAIRS", 0 if request.param == "in compiled loops" else 10**9)
    return str(request.param)


def make_random(seed: int, *, n: int = 120, pairs: int = 500) -> tuple[Ints, Floats]:
    rng = np.random.default_rng(seed)
    ends = np.unique(np.sort(rng.integers(0, n, (pairs, 2)), axis=1), axis=0)
    ends = ends[ends[:, 0] < ends[:, 1]]
    ends = np.unique(ends, return_inverse=True)[1].reshape(-1, 2)
    return ends, rng.uniform(0.1, 9, len(ends))


def measure_potts(ends: Ints, bits: Floats, community: Ints, resolution: float) -> float:
    size = np.bincount(community).astype(float)
    return float(
        bits[community[ends[:, 0]] == community[ends[:, 1]]].sum() - resolution * (size * (size - 1) / 2).sum()
    )


def test_the_karate_club_has_its_four_communities() -> None:
    # The greatest modularity there is: Brandes et al., IEEE Transactions on Knowledge and Data Engineering 20, 2008.
    club = nx.karate_club_graph()
    network = Network(np.array(club.edges), np.ones(club.number_of_edges()))
    found = [find_communities(network, 1.0, seed=seed, quality="modularity") for seed in range(10)]
    parts = [[np.flatnonzero(each == number).tolist() for number in range(each.max() + 1)] for each in found]
    best = max(nx.community.modularity(club, part, weight=None) for part in parts)
    assert best == pytest.approx(0.4198, abs=1e-4)


@pytest.mark.parametrize(("bits", "together"), [(0.99, False), (1.01, True)])
def test_two_are_together_where_their_bits_reach_the_resolution(bits: float, together: bool) -> None:
    found = find_communities(Network(np.array([[0, 1]]), np.array([bits])), 1.0, seed=0)
    assert (found[0] == found[1]) == together


@pytest.mark.parametrize("resolution", [0.3, 1.0, 3.0])
def test_communities_are_better_than_none_and_than_all_together(resolution: float) -> None:
    ends, bits = make_random(3)
    found = find_communities(Network(ends, bits), resolution, seed=1)
    everyone = np.zeros(len(found), dtype=np.int64)
    assert measure_potts(ends, bits, found, resolution) > max(0.0, measure_potts(ends, bits, everyone, resolution))


@pytest.mark.parametrize("resolution", [0.3, 1.0, 3.0])
def test_no_two_communities_would_be_better_as_one(resolution: float) -> None:
    ends, bits = make_random(8, n=400, pairs=1500)
    found = find_communities(Network(ends, bits), resolution, seed=1)
    quality = measure_potts(ends, bits, found, resolution)
    for one, other in np.unique(np.sort(found[ends], axis=1), axis=0):
        joined = np.where(found == other, one, found)
        assert measure_potts(ends, bits, joined, resolution) <= quality + 1e-9


def test_a_community_hangs_together() -> None:
    ends, bits = make_random(4)
    found = find_communities(Network(ends, bits), 0.3, seed=1)
    market = nx.Graph(ends.tolist())
    assert all(nx.is_connected(market.subgraph(np.flatnonzero(found == number))) for number in range(found.max() + 1))


def test_the_same_seed_gives_the_same_and_the_order_of_pairs_and_ends_says_nothing() -> None:
    ends, bits = make_random(5)
    found = find_communities(Network(ends, bits), 1.0, seed=7)
    other = np.random.default_rng(0).permutation(len(ends))
    assert find_communities(Network(ends[other][:, ::-1], bits[other]), 1.0, seed=7).tobytes() == found.tobytes()


def test_communities_are_numbered_by_their_first_node() -> None:
    ends, bits = make_random(6)
    found = find_communities(Network(ends, bits), 1.0, seed=2)
    first = np.unique(found, return_index=True)[1]
    assert (np.diff(first) > 0).all()


# ── the compiled loops ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("resolution", [0.03, 0.3, 1.0, 3.0])
def test_compiled_loops_find_what_is_worth_as_much(resolution: float, monkeypatch: pytest.MonkeyPatch) -> None:
    sums = {}
    for many in (0, 10**9):
        monkeypatch.setattr(leiden, "MANY_PAIRS", many)
        markets = [make_random(seed, n=600, pairs=2500) for seed in range(8)]
        sums[many] = sum(
            measure_potts(*each, find_communities(Network(*each), resolution, seed=1), resolution) for each in markets
        )
    assert sums[0] >= 0.99 * sums[10**9]


@pytest.mark.parametrize("resolution", [0.3, 3.0])
def test_compiled_loops_do_what_they_say(resolution: float, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(*make_random(9, n=200, pairs=900))
    found = potts.find_potts_communities(network.matrix, resolution, seed=3)
    loops = {name: each.py_func for name, each in vars(potts).items() if hasattr(each, "py_func")}
    assert len(loops) > 6
    for name, loop in loops.items():
        monkeypatch.setattr(potts, name, loop)
    assert potts.find_potts_communities(network.matrix, resolution, seed=3).tobytes() == found.tobytes()


def test_communities_that_do_not_hang_together_are_cut_apart() -> None:
    matrix = Network(np.array([[0, 1], [2, 3], [1, 4]]), np.ones(3)).matrix
    inside = potts._leave_crossing(potts._read(matrix), np.array([0, 0, 0, 0, 4]))
    assert potts._cut_apart(inside).tolist() == [0, 0, 2, 2, 4]


def test_who_is_bound_to_several_pieces_goes_where_it_gains_most() -> None:
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [2, 4]])
    for last, expected in ((9.0, [0, 0, 1, 1, 1]), (1.5, [0, 0, 0, 1, 1])):
        bits = np.array([9.0, 7.0, last, 9.0, last])
        found = find_communities(Network(ends, bits), 3.0, seed=0)
        assert found.tolist() == expected
