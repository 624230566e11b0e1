"""Surprising blocks: found where they are thin, whatever hides them, and nothing is found where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import comb

from detection.candidates.blocks.null import bin_degrees, fit_null, read_incidence
from detection.candidates.blocks.seeds import mark_columns
from detection.candidates.blocks.surprising import SurprisingBlock, find_surprising_blocks, pick_apart
from detection.evaluation.fraudar import find_dense_blocks
from graph.model import Ints

ROWS, COLUMNS = np.arange(3000, 3080), np.arange(60, 80)
"""Where blocks are planted: eighty new accounts and twenty of two hundred products, neither popular nor rare."""


def make_market(seed: int = 3) -> csr_array:
    """Three thousand accounts and two hundred products with heavy tails, and no structure but that."""
    rng = np.random.default_rng(seed)
    row = (3000 * rng.random(9000) ** 2).astype(int)
    column = (200 * rng.random(9000) ** 2).astype(int)
    return count_once(row, column, shape=(3080, 200))


def count_once(row: Ints, column: Ints, *, shape: tuple[int, int]) -> csr_array:
    matrix = csr_array((np.ones(len(row)), (row, column)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def plant(
    matrix: csr_array,
    density: float,
    *,
    camouflage: str = "none",
    rows: Ints = ROWS,
    columns: Ints = COLUMNS,
    seed: int = 0,
) -> csr_array:
    """The protocol of the FRAUDAR paper: as many reviews outside the block as inside."""
    rng = np.random.default_rng(seed)
    inside = rng.random((len(rows), len(columns))) < density
    row, column = (part.astype(int) for part in np.nonzero(inside))
    planted_rows, planted_columns = [rows[row]], [columns[column]]
    others = np.setdiff1d(np.arange(matrix.shape[1]), columns)
    popularity = np.asarray(matrix.sum(axis=0))[others] + 1e-9
    for place, times in enumerate(inside.sum(axis=1) if camouflage != "none" else ()):
        chance = popularity / popularity.sum() if camouflage == "biased" else None
        planted_rows.append(np.full(times, rows[place]))
        planted_columns.append(rng.choice(others, times, replace=False, p=chance))
    entries = matrix.tocoo()
    row, column = np.concatenate([entries.row, *planted_rows]), np.concatenate([entries.col, *planted_columns])
    return count_once(row, column, shape=matrix.shape)


def rewire(matrix: csr_array, seed: int = 0) -> csr_array:
    """The same degrees on both sides, and nothing else: pairs of entries trade their columns."""
    rng = np.random.default_rng(seed)
    entries = matrix.tocoo()
    row, column = entries.row.tolist(), entries.col.tolist()
    there = set(zip(row, column, strict=True))
    for first, second in rng.integers(0, len(row), (20 * len(row), 2)).tolist():
        new = (row[first], column[second]), (row[second], column[first])
        if there.isdisjoint(new):
            there -= {(row[first], column[first]), (row[second], column[second])}
            there |= set(new)
            column[first], column[second] = column[second], column[first]
    return count_once(np.array(row), np.array(column), shape=matrix.shape)


def measure_f(found: Ints, planted: Ints) -> float:
    return 2.0 * len(np.intersect1d(found, planted)) / (len(found) + len(planted))


def find_first(matrix: csr_array) -> SurprisingBlock:
    return find_surprising_blocks(matrix)[0]


@pytest.mark.parametrize("camouflage", ["none", "random", "biased"])
def test_a_thin_block_is_found_whatever_else_its_accounts_review(camouflage: str) -> None:
    block = find_first(plant(make_market(), 0.4, camouflage=camouflage))
    assert measure_f(block.rows, ROWS) >= 0.95
    assert measure_f(block.columns, COLUMNS) >= 0.95


def test_under_biased_camouflage_half_the_density_that_fraudar_needs_is_enough() -> None:
    # The FRAUDAR paper's protocol in small; benchmarks/injected_blocks.py has it on a real graph.
    densities = np.arange(0.1, 1.01, 0.1)
    markets = [[plant(make_market(), p, camouflage="biased", seed=seed) for seed in range(2)] for p in densities]
    dense = [np.mean([measure_f(find_dense_blocks(each)[0].rows, ROWS) for each in market]) for market in markets]
    first = densities[int(np.argmax(np.array(dense) >= 0.95))]
    assert dense[0] < 0.95 <= max(dense)
    at_half = [plant(make_market(), first / 2, camouflage="biased", seed=seed) for seed in range(2)]
    assert np.mean([measure_f(find_first(each).rows, ROWS) for each in at_half]) >= 0.95


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2))])
def test_the_same_degrees_without_the_block_show_nothing(seed: int) -> None:
    matrix = plant(make_market(), 0.5, camouflage="biased")
    assert find_surprising_blocks(matrix)
    assert find_surprising_blocks(rewire(matrix, seed)) == ()


def test_a_dull_market_shows_nothing() -> None:
    assert find_surprising_blocks(make_market(), n_blocks=5) == ()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2))])
def test_the_order_of_accounts_and_products_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = plant(make_market(), 0.3, camouflage="biased", seed=seed)
    matrix = plant(matrix, 0.9, rows=np.arange(100, 112), columns=np.arange(150, 162))
    rows, columns = (rng.permutation(length) for length in matrix.shape)
    straight = find_surprising_blocks(matrix, n_blocks=4)
    mixed = find_surprising_blocks(matrix[rows][:, columns], n_blocks=4)
    assert len(straight) >= 2
    assert [block.bits for block in mixed] == [block.bits for block in straight]
    for block, other in zip(straight, mixed, strict=True):
        assert np.sort(rows[other.rows]).tolist() == block.rows.tolist()
        assert np.sort(columns[other.columns]).tolist() == block.columns.tolist()


def test_marks_of_columns_go_with_them_and_tell_them_apart() -> None:
    matrix, columns = make_market(), np.random.default_rng(0).permutation(200)
    marks = mark_columns(read_incidence(matrix))
    assert np.array_equal(mark_columns(read_incidence(csr_array(matrix[:, columns]))), marks[columns])
    assert len(np.unique(marks)) > 190


def test_twice_the_same_is_the_same_to_the_bit() -> None:
    first, second = (find_first(plant(make_market(), 0.3)) for _ in range(2))
    assert (first.bits, first.rows.tolist(), first.columns.tolist()) == (
        second.bits, second.rows.tolist(), second.columns.tolist(),
    )  # fmt: skip


def test_rows_and_columns_without_entries_change_nothing() -> None:
    matrix = plant(make_market(), 0.3)
    entries = matrix.tocoo()
    wider = count_once(entries.row + 50, entries.col + 7, shape=(matrix.shape[0] + 99, matrix.shape[1] + 30))
    block, other = find_first(matrix), find_first(wider)
    assert (other.rows - 50).tolist() == block.rows.tolist()
    assert (other.columns - 7).tolist() == block.columns.tolist()
    assert other.bits == pytest.approx(block.bits)


def test_more_reviews_inside_a_block_never_show_less() -> None:
    bits = [find_first(plant(make_market(), density)).bits for density in (0.2, 0.3, 0.45, 0.6, 0.8, 1.0)]
    assert bits == sorted(bits)


def test_camouflage_on_popular_products_does_not_hide_a_block() -> None:
    matrix = plant(make_market(), 0.5)
    popular = np.arange(0, 10)
    hidden = plant(matrix, 1.0, columns=popular)
    assert measure_f(find_first(hidden).rows, ROWS) >= 0.95


def test_entries_count_once_however_large() -> None:
    matrix = plant(make_market(), 0.4)
    heavier = matrix.copy()
    heavier.data = np.random.default_rng(0).integers(1, 6, matrix.nnz).astype(float)
    assert find_first(heavier).rows.tolist() == find_first(matrix).rows.tolist()


def test_blocks_come_apart_the_best_first_and_share_no_entry() -> None:
    other_rows, other_columns = np.arange(200, 240), np.arange(120, 135)
    matrix = plant(plant(make_market(), 0.6), 0.6, rows=other_rows, columns=other_columns, seed=1)
    blocks = find_surprising_blocks(matrix, n_blocks=5)
    assert measure_f(blocks[0].rows, ROWS) >= 0.95
    assert measure_f(blocks[1].rows, other_rows) >= 0.95
    assert [block.bits for block in blocks] == sorted((block.bits for block in blocks), reverse=True)
    taken = np.zeros(matrix.shape)
    for block in blocks:
        taken[np.ix_(block.rows, block.columns)] += 1
    assert taken.max() == 1


def test_two_campaigns_that_pass_for_one_block_are_two() -> None:
    first, second, both = (
        SurprisingBlock(np.arange(*rows), np.arange(*columns), bits)
        for rows, columns, bits in (((0, 20), (0, 9), 50.0), ((20, 40), (9, 18), 40.0), ((0, 40), (0, 18), 80.0))
    )
    assert pick_apart([both, first, second]) == [first, second]
    whole = SurprisingBlock(both.rows, both.columns, 95.0)
    assert pick_apart([whole, first, second]) == [whole]


def test_no_entries_no_blocks() -> None:
    assert find_surprising_blocks(csr_array((3, 4))) == ()
    assert find_surprising_blocks(csr_array((0, 0))) == ()
    assert find_surprising_blocks(csr_array(np.ones((2, 1)))) == ()


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_any_small_matrix_can_be_searched(rows: int, columns: int, seed: int) -> None:
    matrix = csr_array((np.random.default_rng(seed).random((rows, columns)) < 0.5).astype(float))
    for block in find_surprising_blocks(matrix, n_blocks=3):
        assert block.bits > 0
        assert block.rows.max() < rows
        assert block.columns.max() < columns


def test_the_null_gives_every_row_and_column_its_degree() -> None:
    matrix = make_market()
    incidence = read_incidence(matrix)
    kinds = np.bincount(incidence.column_kind)
    by_row = incidence.chance @ kinds
    mean = np.bincount(incidence.row_class, incidence.degree) / incidence.class_size
    by_column = (incidence.class_size @ incidence.chance)[incidence.column_kind]
    assert by_row == pytest.approx(mean, rel=1e-3, abs=1e-9)
    assert by_column == pytest.approx(np.asarray(matrix.sum(axis=0)), rel=1e-3)


def test_nobody_is_expected_at_one_product_more_than_once() -> None:
    chance = fit_null(np.array([1.0, 9.0]), np.array([90, 1]), np.array([1.0, 18.0]), np.array([9, 5]))
    assert chance.max() < 1.0


def weigh_slowly(matrix: csr_array, block: SurprisingBlock) -> float:
    """The bits of a block row by row, entry by entry, with tilts of greatest likelihood by brute force.

    What naming the block costs is taken off; the first time that a column is chosen is left out of its tilt.
    """
    dense = matrix.toarray()
    incidence = read_incidence(matrix)
    chance = incidence.chance[:, incidence.column_kind]
    chance = chance / np.maximum(chance.sum(axis=1, keepdims=True), 1e-12)  # of one entry of a row of each class
    tilt = np.ones(matrix.shape[1])
    count = dense[block.rows].sum(axis=0)
    outside = np.setdiff1d(np.arange(matrix.shape[1]), block.columns)
    for _ in range(200):
        expected = np.zeros(matrix.shape[1])
        for row in block.rows.tolist():
            tilted = chance[incidence.row_class[row]] * tilt
            expected += dense[row].sum() * tilted / tilted.sum()
        rest = max(count[outside].sum(), 0.5) / max(expected[outside].sum(), 0.5)
        tilt[block.columns] *= (count[block.columns] - 1) / expected[block.columns] / rest
    bits = 0.0
    for row in block.rows.tolist():
        norm = (chance[incidence.row_class[row]] * tilt).sum()
        bits += (dense[row] * np.log2(tilt)).sum() - dense[row].sum() * np.log2(norm)
    return bits - charge_slowly(incidence.degree, count, block)


def charge_slowly(degree: Ints, count: NDArray[np.float64], block: SurprisingBlock) -> float:
    classes = bin_degrees(degree)
    charge = 0.0
    for one in np.unique(classes[block.rows]).tolist():
        of, chosen = int((classes == one).sum()), int((classes[block.rows] == one).sum())
        charge += (
            np.log2(float(comb(of, chosen, exact=True))) + 2 * np.log2(chosen + 1) + np.log2(len(np.unique(classes)))
        )
    n_columns, n = int((count >= 0).sum()), len(block.columns)
    charge += np.log2(float(comb(n_columns, n, exact=True))) + 2 * np.log2(n + 1)
    return charge + float((0.5 * np.log2(count[block.columns] + 1) + 1.5).sum())


@pytest.mark.parametrize("camouflage", ["none", "biased"])
def test_bits_are_what_row_by_row_and_entry_by_entry_gives(camouflage: str) -> None:
    matrix = plant(make_market(), 0.4, camouflage=camouflage)
    matrix = csr_array(matrix[:, np.asarray(matrix.sum(axis=0)) > 0])
    block = find_first(matrix)
    slowly = weigh_slowly(matrix, block)  # the search stops scaling early, and claims rather less than more
    assert 0.95 * slowly <= block.bits <= 1.01 * slowly
