"""Arrow's calls with the types that hold: what becomes of nulls, and of pieces."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graph import arrow


def in_pieces(values: list[object], kind: pa.DataType) -> list[pa.Array | pa.ChunkedArray]:
    """The same values as an array, and as a column of two pieces and an empty one."""
    whole = pa.array(values, kind)
    return [whole, pa.chunked_array([whole.slice(0, 1), whole.slice(1), whole.slice(0, 0)])]


@pytest.mark.parametrize("column", in_pieces([True, None, False, True], pa.bool_()), ids=["array", "column"])
def test_unknown_is_not_true(column: pa.Array | pa.ChunkedArray) -> None:
    assert arrow.is_true(column).tolist() == [True, False, False, True]
    assert arrow.find_true(column).tolist() == [0, 3]


@pytest.mark.parametrize("column", in_pieces([7, None, 2**60], pa.int64()), ids=["array", "column"])
def test_whole_numbers_stay_exact_beside_nulls(column: pa.Array | pa.ChunkedArray) -> None:
    assert arrow.read_ints(column, missing=-1).tolist() == [7, -1, 2**60]


@pytest.mark.parametrize("column", in_pieces(["é", None, "", "abc"], pa.string()), ids=["array", "column"])
def test_texts_are_measured_and_blanked_with_their_nulls(column: pa.Array | pa.ChunkedArray) -> None:
    assert arrow.count_bytes(column).tolist() == [2, 0, 0, 3]
    assert arrow.blank_where(arrow.equals(column, ""), column).to_pylist() == ["é", None, None, "abc"]


def test_numbers_are_nan_where_nothing_is_known() -> None:
    assert np.array_equal(arrow.read_floats(pa.array([1, None])), [1.0, np.nan], equal_nan=True)


def test_rows_below_zero_are_no_rows() -> None:
    column = pa.chunked_array([["a"], ["b"]])
    assert arrow.take_or_null(column, np.array([1, -1, 0])).to_pylist() == ["b", None, "a"]


def test_what_holds_is_replaced_in_order() -> None:
    texts = pa.array(["a", None, "c"])
    replaced = arrow.replace_where(np.array([True, False, True]), texts, pa.array(["x", "y"]))
    assert replaced.to_pylist() == ["x", None, "y"]


def test_distinct_values_come_in_their_order_and_columns_side_by_side() -> None:
    column = pa.chunked_array([["b", "a"], ["b"]])
    assert arrow.find_distinct(column).to_pylist() == ["b", "a"]
    table = arrow.make_table({"text": column, "joined": arrow.join_texts("k", column, ":"), "one": pc.is_null(column)})
    assert table.column_names == ["text", "joined", "one"]
    assert table["joined"].to_pylist() == ["k:b", "k:a", "k:b"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["b", None, "a", "b", None, "ß"], pa.string()),
        ([0.0, -0.0, None, 1.5, None, 0.0], pa.float64()),
        ([5, None, -7, 5, 2**60, None], pa.timestamp("us")),
    ],
    ids=["texts", "numbers", "times"],
)
def test_equal_values_have_one_number_and_others_another(values: list[object], kind: pa.DataType) -> None:
    numbers = arrow.number_distinct(in_pieces(values, kind)[1]).tolist()
    known = list(dict.fromkeys(values))
    assert numbers == [known.index(each) for each in values]


def test_the_first_of_equal_rows_is_found_in_columns_of_many_numbers() -> None:
    rng = np.random.default_rng(5)
    columns = [rng.integers(0, most, size=200) for most in (3, 2**40, 2)]
    columns[1] %= 4
    rows = list(zip(*(each.tolist() for each in columns), strict=True))
    assert arrow.find_first_rows(columns).tolist() == [rows.index(row) for row in rows]
