"""The files of one table: each is read and checked by its own settings, then their rows follow one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import blank_where, equals, find_true, make_table
from graph.contract.cells import FileCells
from graph.contract.columns import check_columns, take_raw, tell_endings
from graph.contract.faults import Faults
from graph.contract.files import read_cells, read_header, settle_form
from graph.contract.picked import pick_columns
from graph.contract.sources import Source
from graph.model import Ints


@dataclass(frozen=True)
class Part:
    """What one file says of a table.

    Attributes
    ----------
    source, header
        The file, and the names of its columns.
    rows
        The contract's columns (N,), checked.
    faults
        What is wrong with which of these.
    n_rows
        How many there are.
    n_ragged
        How many rows of the file have another number of cells, or are no records.
    place
        (N,) which rows of the file, from 0, these are; None where they are all of them.
    """

    source: Source
    header: tuple[str, ...]
    rows: pa.Table
    faults: Faults
    n_rows: int
    n_ragged: int = 0
    place: Ints | None = None

    def forget_rows(self) -> Part:
        """The same without its cells, for who only wants to know where they stood."""
        return replace(self, rows=self.rows.schema.empty_table(), faults=Faults())

    def place_of(self, rows: Ints) -> Ints:
        """Which rows of the file some of the rows are."""
        return rows if self.place is None else self.place[rows]


def read_parts(sources: Sequence[Source]) -> list[Part]:
    """Read and check the files that play one table's part; what several mappings want of one file is read once.

    Raises
    ------
    DataError
        If one of them cannot be read.
    """
    settled = [settle_form(source) for source in sources]
    return [part for _, same in groupby(settled, key=_name_reading) for part in _read_file(list(same))]


def join_rows(parts: Sequence[Part]) -> pa.Table:
    """The rows of all parts (N,), one part after the other."""
    return parts[0].rows if len(parts) == 1 else pa.concat_tables([part.rows for part in parts])


def join_faults(parts: Sequence[Part]) -> Faults:
    """What is wrong with the rows of all parts, counted as :func:`join_rows` counts them."""
    joined, start = Faults(), 0
    for part in parts:
        joined.add((row + start for row in part.faults.reason), part.faults.reason.values())
        start += part.n_rows
    return joined


def find_starts(parts: Sequence[Part]) -> Ints:
    """(P,) the first row of each part among the rows of all."""
    return np.cumsum([0, *(part.n_rows for part in parts[:-1])])


def _name_reading(source: Source) -> tuple[object, ...]:
    """Equal for mappings for which a file is read in the same way."""
    form = msgspec.structs.replace(
        source.settings,
        columns={},
        only_mapped=False,
        always={},
        values={},
        skip_empty=(),
        kinds={},
        times={},
        attributes=(),
        ignore=(),
        nonzero={},
        below_zero=None,
    )
    return source.path, source.member, source.sheet, form


def _read_file(sources: Sequence[Source]) -> Iterator[Part]:
    header = read_header(sources[0])
    picked = [pick_columns(source, header) for source in sources]
    wanted = [name for each in picked for names in each.values() for name in names]
    attributes = [name for source in sources for name in source.settings.attributes]
    amounts = [name for source in sources for name in source.settings.nonzero]
    cells = _blank(sources[0], read_cells(sources[0], header, list(dict.fromkeys([*wanted, *attributes, *amounts]))))
    for number, (source, names) in enumerate(zip(sources, picked, strict=True)):
        kept, place = _skip_empty(source, cells, names)
        faults = Faults()
        rows = make_table(tell_endings(source, kept, names, check_columns(source, kept, names, faults)))
        yield Part(source, header, rows, faults, kept.n_rows, 0 if number else cells.n_ragged, place)


def _blank(source: Source, cells: FileCells) -> FileCells:
    """Null in the place of cells that stand for nothing."""
    if not source.settings.empty:
        return cells
    words = pa.array(source.settings.empty, pa.string())
    columns = {
        name: blank_where(pc.is_in(column, value_set=words), column) if pa.types.is_string(column.type) else column
        for name, column in cells.columns.items()
    }
    return FileCells(columns, cells.n_rows, cells.n_ragged)


def _skip_empty(
    source: Source, cells: FileCells, picked: Mapping[str, tuple[str, ...]]
) -> tuple[FileCells, Ints | None]:
    """The rows that have something in the columns without which a row says nothing, and which rows those are."""
    keep = np.ones(cells.n_rows, dtype=bool)
    for name in source.settings.skip_empty:
        if name in picked:
            raw = take_raw(cells, picked[name])
            text = pc.utf8_trim_whitespace(raw) if pa.types.is_string(raw.type) else raw.cast(pa.string())
            keep[find_true(pc.or_kleene(pc.is_null(text), equals(text, "")))] = False
    if keep.all():
        return cells, None
    mask = pa.array(keep)
    columns = {name: column.filter(mask) for name, column in cells.columns.items()}
    return FileCells(columns, int(keep.sum()), cells.n_ragged), np.flatnonzero(keep)
