"""Dense blocks: what is dense is found, whatever it is hidden among, and as well as one node at a time would."""

from __future__ import annotations

import heapq
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from detection.evaluation.fraudar import DenseBlock, find_dense_blocks
from graph.model import Floats, Ints

MATRICES = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1)).map(
    lambda drawn: csr_array((np.random.default_rng(drawn[2]).random(drawn[:2]) < 0.4).astype(float))
)


def make_market(rows: int = 2000, columns: int = 300, entries: int = 8000, seed: int = 3) -> csr_array:
    """Accounts and products, a few of either with many reviews."""
    rng = np.random.default_rng(seed)
    row = (rows * rng.random(entries) ** 2).astype(int)
    column = (columns * rng.random(entries) ** 3).astype(int)
    matrix = csr_array((np.ones(entries), (row, column)), shape=(rows, columns))
    matrix.data[:] = 1.0
    return matrix


def plant(matrix: csr_array, rows: Ints, columns: Ints, share: float = 1.0, seed: int = 0) -> csr_array:
    planted = matrix.tolil()
    inside = np.random.default_rng(seed).random((len(rows), len(columns))) < share
    for row, column in zip(*np.nonzero(inside), strict=True):
        planted[rows[row], columns[column]] = 1.0
    return csr_array(planted)


def measure_density(matrix: csr_array, rows: Ints, columns: Ints) -> float:
    dense = matrix.toarray()
    weight = 1.0 / np.log(dense.sum(axis=0) + 5.0)
    return float((dense * weight)[np.ix_(rows, columns)].sum()) / (len(rows) + len(columns))


def peel_one_by_one(matrix: csr_array) -> DenseBlock:
    """The paper's algorithm as it stands there: a heap, one node at a time."""
    dense = matrix.toarray()
    weight = dense * (1.0 / np.log(dense.sum(axis=0) + 5.0))
    n_rows, n = len(dense), sum(dense.shape)
    around: list[dict[int, float]] = [{} for _ in range(n)]
    for row, column in zip(*np.nonzero(weight), strict=True):
        around[row][n_rows + column] = around[n_rows + column][row] = float(weight[row, column])
    degree = [sum(entries.values()) for entries in around]
    heap = [(value, node) for node, value in enumerate(degree)]
    heapq.heapify(heap)
    there, total, order = set(range(n)), sum(degree) / 2, []
    best, best_size = total / n, 0
    while len(there) > 1:
        value, node = heapq.heappop(heap)
        if node not in there or value != degree[node]:
            continue
        there.remove(node)
        order.append(node)
        total -= value
        for other, lost in around[node].items():
            if other in there:
                degree[other] -= lost
                heapq.heappush(heap, (degree[other], other))
        if total / len(there) > best:
            best, best_size = total / len(there), len(order)
    nodes = np.array(sorted(set(range(n)) - set(order[:best_size])))
    return DenseBlock(nodes[nodes < n_rows], nodes[nodes >= n_rows] - n_rows, best)


def overlap(found: Ints, planted: Ints) -> float:
    return len(np.intersect1d(found, planted)) / len(np.union1d(found, planted))


@given(MATRICES)
@settings(max_examples=60, deadline=None)
def test_no_block_is_more_than_about_twice_as_dense_as_the_one_found(matrix: csr_array) -> None:
    found = find_dense_blocks(matrix, slack=0.05)
    rows, columns = matrix.shape
    if not found:
        assert matrix.nnz == 0
        return
    assert found[0].density == pytest.approx(measure_density(matrix, found[0].rows, found[0].columns), abs=1e-6)
    if rows + columns <= 9:
        subsets = [np.array(part, dtype=int) for n in range(rows + 1) for part in combinations(range(rows), n)]
        others = chain.from_iterable(combinations(range(columns), n) for n in range(columns + 1))
        pairs = [(part, np.array(other, dtype=int)) for other in others for part in subsets if len(part) + len(other)]
        densest = max(measure_density(matrix, *pair) for pair in pairs)
        assert found[0].density >= densest / 2.1 - 1e-6


def test_batches_are_about_as_good_as_one_node_at_a_time() -> None:
    shares = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        matrix = csr_array((rng.random(rng.integers(4, 30, 2)) < 0.4).astype(float))
        shares.append(find_dense_blocks(matrix)[0].density / peel_one_by_one(matrix).density)
    # No law: in a matrix of two rows a batch may take what one at a time would have kept.
    assert np.mean(shares) > 0.99


def test_on_a_market_batches_find_what_one_node_at_a_time_finds() -> None:
    matrix = plant(make_market(), np.arange(1000, 1040), np.arange(200, 220), 0.5)
    found, slowly = find_dense_blocks(matrix)[0], peel_one_by_one(matrix)
    assert found.density >= 0.999 * slowly.density
    assert overlap(found.rows, slowly.rows) > 0.9


@given(MATRICES, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_order_of_accounts_and_products_changes_nothing(matrix: csr_array, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = (rng.permutation(length) for length in matrix.shape)
    straight, mixed = find_dense_blocks(matrix, n_blocks=2), find_dense_blocks(matrix[rows][:, columns], n_blocks=2)
    assert [block.density for block in mixed] == [block.density for block in straight]
    for block, other in zip(straight, mixed, strict=True):
        assert np.sort(rows[other.rows]).tolist() == block.rows.tolist()
        assert np.sort(columns[other.columns]).tolist() == block.columns.tolist()


@pytest.mark.parametrize("camouflage", ["none", "random", "biased"])
def test_a_planted_block_is_found_whatever_else_its_accounts_review(camouflage: str) -> None:
    market, rows, columns = make_market(), np.arange(1000, 1060), np.arange(200, 240)
    matrix = plant(market, rows, columns, 0.5)
    rng = np.random.default_rng(1)
    popularity = np.asarray(market.sum(axis=0), dtype=float) + 1e-9
    chance: Floats | None = popularity / popularity.sum() if camouflage == "biased" else None
    if camouflage != "none":
        cover = matrix.tolil()
        for row in rows:
            cover[row, rng.choice(matrix.shape[1], 20, replace=False, p=chance)] = 1.0
        matrix = csr_array(cover)
    block = find_dense_blocks(matrix)[0]
    assert overlap(block.rows, rows) > 0.95


def test_more_reviews_inside_a_block_never_make_it_less_dense() -> None:
    rows, columns = np.arange(1000, 1040), np.arange(200, 220)
    densities = [find_dense_blocks(plant(make_market(), rows, columns, share))[0].density for share in (0.3, 0.6, 1.0)]
    assert densities == sorted(densities)


def test_camouflage_takes_no_more_than_a_column_s_growth_from_a_block() -> None:
    # The paper's Theorem 2: entries outside the block's columns leave its density as it is.
    rows, columns = np.arange(1000, 1040), np.arange(200, 220)
    matrix = plant(make_market(), rows, columns)
    cover = matrix.tolil()
    cover[1000:1040, 0:30] = 1.0
    assert measure_density(csr_array(cover), rows, columns) == measure_density(matrix, rows, columns)


def test_blocks_come_one_after_the_other_and_share_no_entry() -> None:
    first, second = np.arange(1000, 1040), np.arange(1500, 1530)
    matrix = plant(plant(make_market(), first, np.arange(200, 230)), second, np.arange(250, 270))
    blocks = find_dense_blocks(matrix, n_blocks=2)
    assert overlap(blocks[0].rows, first) > 0.95
    assert overlap(blocks[1].rows, second) > 0.95
    assert blocks[0].density > blocks[1].density


def test_a_row_that_is_suspected_beforehand_is_drawn_into_the_block() -> None:
    matrix = csr_array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    assert find_dense_blocks(matrix)[0].rows.tolist() != [2]
    assert find_dense_blocks(matrix, row_suspicion=np.array([0.0, 0.0, 9.0, 0.0]))[0].rows.tolist() == [2]


def test_no_entries_no_blocks() -> None:
    assert find_dense_blocks(csr_array((3, 4))) == ()
    assert find_dense_blocks(csr_array((0, 0))) == ()


def test_when_nothing_is_left_there_are_no_further_blocks() -> None:
    assert len(find_dense_blocks(csr_array(np.ones((3, 2))), n_blocks=5)) == 1


def test_without_slack_the_answer_is_that_of_small_slack() -> None:
    matrix = plant(make_market(), np.arange(1000, 1040), np.arange(200, 220), 0.5)
    exact, batched = find_dense_blocks(matrix, slack=0.0)[0], find_dense_blocks(matrix, slack=0.01)[0]
    assert batched.density >= exact.density / 1.01
