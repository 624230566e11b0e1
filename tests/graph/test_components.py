"""What hangs together: the same as a library's walk over the network, whatever the order of pairs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from graph.components import find_components


@pytest.mark.parametrize(("n", "pairs"), [(1, 0), (40, 0), (40, 15), (40, 60), (3000, 2800), (3000, 9000)])
def test_components_are_those_of_networkx_numbered_by_their_first_node(n: int, pairs: int) -> None:
    ends = np.random.default_rng(n + pairs).integers(0, n, (pairs, 2))
    network = nx.empty_graph(n)
    network.add_edges_from(ends.tolist())
    expected = np.empty(n, dtype=np.int64)
    for number, nodes in enumerate(sorted(nx.connected_components(network), key=min)):
        expected[list(nodes)] = number
    assert find_components(ends, n).tolist() == expected.tolist()


def test_a_long_chain_in_the_worst_order_is_one_component() -> None:
    n = 5000
    order = np.random.default_rng(0).permutation(n)
    assert find_components(np.column_stack([order[1:], order[:-1]]), n).max() == 0
    assert find_components(np.column_stack([np.arange(n - 1, 0, -1), np.arange(n - 2, -1, -1)]), n).max() == 0


def test_nothing_has_no_components() -> None:
    assert find_components(np.empty((0, 2), dtype=np.int64), 0).tolist() == []
