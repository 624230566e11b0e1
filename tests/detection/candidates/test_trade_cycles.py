"""Trades in cycles: triangles are found as by trying all, and customers of a shop leave none."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_twins import make_trades

from detection.candidates.trade_cycles import close_triangles, link_cycles

N = 9
LINKS = st.sets(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda pair: pair[0] < pair[1]))


@settings(max_examples=80, deadline=None)
@given(LINKS)
def test_sides_of_triangles_agree_with_the_triangles_of_networkx(links: set[tuple[int, int]]) -> None:
    ordered = sorted(links)
    a, b = np.array(ordered, dtype=np.int64).reshape(-1, 2).T
    graph = nx.Graph(ordered)
    sides = {tuple(sorted((one, other))) for one, other in ordered if set(graph[one]) & set(graph[other])}
    assert close_triangles(a, b, N).tolist() == [pair in sides for pair in ordered]


def test_a_hub_costs_no_more_than_its_links() -> None:
    n = 200_000  # all pairs of its partners would be 20 billion
    a, b = np.zeros(n - 1, dtype=np.int64), np.arange(1, n)
    assert not close_triangles(a, b, n).any()


def test_customers_of_one_shop_are_no_cycle() -> None:
    buyers, shop = np.arange(1, 20), np.zeros(19, dtype=np.int64)
    cycle = np.arange(30, 40)
    source = np.concatenate([buyers, cycle, cycle])
    target = np.concatenate([shop, np.roll(cycle, 1), np.roll(cycle, 2)])
    links = link_cycles(make_trades(source, target), 1_000)
    assert set(links.a.tolist()) | set(links.b.tolist()) == set(cycle.tolist())
    assert len(links.a) == len([1 for one, other in combinations(range(10), 2) if (one - other) % 10 in (1, 2, 8, 9)])
