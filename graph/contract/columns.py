"""The columns of one table, and whether their cells keep to the contract."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_true, join_texts_that_are_there
from graph.contract.cells import FileCells
from graph.contract.faults import Faults
from graph.contract.numbers import check_numbers, find_below_zero
from graph.contract.schema import Column, Table
from graph.contract.sources import Source
from graph.contract.texts import MAX_ID_BYTES, MAX_TEXT_BYTES, check_size, read_as_text, trim
from graph.contract.times import check_times

if TYPE_CHECKING:
    from graph.arrow import Chunks, Values

_YES, _NO = ("1", "true", "t", "yes", "y"), ("0", "false", "f", "no", "n")
_DATED = r"^\d{4}-\d\d-\d\d"


def check_columns(
    source: Source, cells: FileCells, picked: Mapping[str, Sequence[str]], faults: Faults
) -> dict[str, Values]:
    """Read every column of the table from its cells (N,), in the contract's types; those not there are all null.

    Parameters
    ----------
    source
        The table and its file.
    cells
        What the file holds.
    picked
        Contract column to file columns.
    faults
        Gets what is wrong with which rows, in the order of the contract's columns.
    """
    columns: dict[str, Values] = {}
    for column in source.table.columns:
        if column.kind == "attributes":
            columns[column.name] = _pack_attributes(source, cells, faults)
        elif column.name in source.settings.always:
            same = pa.repeat(source.settings.always[column.name], cells.n_rows)
            columns[column.name] = _check_column(source, column, pa.chunked_array([same]), faults)
        elif column.name not in picked:
            columns[column.name] = pa.nulls(cells.n_rows, column.arrow_type)  # type: ignore[call-overload]  # of any type
        else:
            mark = " " if column.kind == "time" else ", "  # a date and the time of day beside it
            columns[column.name] = _check_column(source, column, take_raw(cells, picked[column.name], mark), faults)
    return columns


def tell_endings(
    source: Source, cells: FileCells, picked: Mapping[str, Sequence[str]], columns: Mapping[str, Values]
) -> Mapping[str, Values]:
    """The columns (N,) of orders or transfers with the status that an amount below zero, or another not zero, tells."""
    told = dict(columns)
    if source.settings.below_zero and not source.settings.is_outgoing and "amount" in picked:
        below = pa.array(find_below_zero(source, "amount", take_raw(cells, picked["amount"])))
        ending = pa.scalar(source.settings.below_zero.strip().lower())
        told["status"] = pc.if_else(below, ending, pc.cast(told["status"], pa.string()))
    for name, status in source.settings.nonzero.items():
        # What is no number here says nothing, and is no reason to set the order aside.
        amount = check_numbers(source, Column(name, "number"), cells.columns[name], Faults())
        paid = pa.array(np.nan_to_num(amount.to_numpy().astype(np.float64)) != 0)
        told["status"] = pc.if_else(paid, pa.scalar(status.strip().lower()), pc.cast(told["status"], pa.string()))
    return told


def take_raw(cells: FileCells, names: Sequence[str], mark: str = ", ") -> Chunks:
    """A column (N,) as the file holds it; of several, what their cells hold is joined, as parts of an address are."""
    if len(names) == 1:
        return cells.columns[names[0]]
    texts = [trim(cells.columns[name].cast(pa.string())) for name in names]
    return join_texts_that_are_there(texts, mark)


def check_relations(table: Table, rows: pa.Table, faults: Faults) -> None:
    """Fault the rows that break a rule between two columns."""
    if apart := table.apart:
        same = find_true(pc.equal(rows[apart.one], rows[apart.other]))
        faults.add_values(rows[apart.one], same, f"{apart.one} and {apart.other} are both {{}}: {apart.why}")
    if either := table.either:
        neither = find_true(pc.and_(pc.is_null(rows[either.one]), pc.is_null(rows[either.other])))
        faults.add(neither.tolist(), (f"{either.one} and {either.other} are both empty" for _ in neither))


def _check_column(source: Source, column: Column, raw: Chunks, faults: Faults) -> Chunks:
    if words := source.settings.values.get(column.name):
        raw = _translate(read_as_text(source, column.name, raw, faults), words)
    match column.kind:
        case "number" | "rating":
            return check_numbers(source, column, raw, faults)
        case "time":
            return check_times(source, column.name, raw, faults)
        case "flag":
            return _check_flags(source, column, read_as_text(source, column.name, raw, faults), faults)
        case "code":
            return _check_codes(source, column, read_as_text(source, column.name, raw, faults), faults)
        case "id":
            return _check_ids(column, read_as_text(source, column.name, raw, faults), faults)
        case _:
            text = read_as_text(source, column.name, raw, faults)
            check_size(column.name, text, MAX_TEXT_BYTES, faults)
            return text


def _translate(text: Chunks, words: Mapping[str, str]) -> Chunks:
    """The words of a file in the contract's; capitals and spaces around them do not count, and others stay."""
    known = {word.strip().lower(): meaning for word, meaning in words.items()}
    packed = text.combine_chunks().dictionary_encode()
    meant = [known.get(str(each).strip().lower(), each) for each in packed.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(meant, pa.string()).take(packed.indices)])


def _check_required(column: Column, text: Chunks, faults: Faults) -> None:
    if column.required and text.null_count:
        rows = find_true(pc.is_null(text))
        faults.add(rows.tolist(), (f"{column.name} is empty" for _ in rows))


def _check_ids(column: Column, text: Chunks, faults: Faults) -> Chunks:
    _check_required(column, text, faults)
    check_size(column.name, text, MAX_ID_BYTES, faults)
    return text


def _check_codes(source: Source, column: Column, text: Chunks, faults: Faults) -> Chunks:
    codes = pc.utf8_lower(trim(text))
    _check_required(column, codes, faults)
    check_size(column.name, codes, MAX_ID_BYTES, faults)
    if column.choices:
        wrong = pc.and_(pc.is_valid(codes), pc.invert(pc.is_in(codes, pa.array(column.choices))))
        allowed = ", ".join(map(repr, column.choices[:-1])) + f" or {column.choices[-1]!r}"
        faults.add_values(text, find_true(wrong), f"{column.name} {{}} is not {allowed}{_say_words(source, column)}")
    return codes


def _say_words(source: Source, column: Column) -> str:
    """Where a word of the file is given its meaning."""
    return f"; tables.{source.table.name}.values.{column.name} says what words mean"


def _check_flags(source: Source, column: Column, text: Chunks, faults: Faults) -> Chunks:
    """Yes or no; a time, as in a column that says when a row was deleted, is a yes."""
    words = pc.utf8_lower(trim(text))
    is_yes = pc.or_(pc.is_in(words, pa.array(_YES)), pc.match_substring_regex(words, _DATED))
    is_no = pc.is_in(words, pa.array(_NO))
    wrong = find_true(pc.and_(pc.is_valid(words), pc.invert(pc.or_(is_yes, is_no))))
    faults.add_values(text, wrong, f"{column.name} {{}} is not yes, no or a time{_say_words(source, column)}")
    flags: Chunks = pc.if_else(pc.is_valid(words), is_yes, pa.scalar(None, pa.bool_()))
    return flags


def _pack_attributes(source: Source, cells: FileCells, faults: Faults) -> Values:
    """The further columns as one JSON object a row, all values text; null where all are empty."""
    columns = {}
    for name in source.settings.attributes:
        raw = cells.columns[name]
        raw = raw.cast(pa.string()) if pa.types.is_floating(raw.type) else raw  # 0.5 is fine here: it is no id
        text = read_as_text(source, name, raw, faults)
        check_size(name, text, MAX_TEXT_BYTES, faults)
        columns[name] = text
    if not columns:
        return pa.nulls(cells.n_rows, pa.string())
    rows = zip(*(column.to_pylist() for column in columns.values()), strict=True)
    given = ({k: v for k, v in zip(columns, row, strict=True) if v is not None} for row in rows)
    encoder = json.JSONEncoder(ensure_ascii=False)
    return pa.chunked_array([pa.array((encoder.encode(row) if row else None for row in given), pa.string())])
