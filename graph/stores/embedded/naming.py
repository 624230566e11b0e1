"""Writing the names of a generation; see :mod:`graph.stores.embedded.names`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import equals, find_distinct, make_table, read_texts, take_or_null
from graph.stores.embedded.content import Part, list_targets
from graph.stores.embedded.disk import open_here
from graph.stores.embedded.manifest import SideFile
from graph.stores.embedded.names import ESCAPES, IDENTIFIERS, LINE, OWNERS, SEPARATOR

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks, Values

_compute: Any = pc  # untyped: see graph.arrow
_NOTHING, _SEPARATOR, _LINE = (pa.scalar(each.decode(), pa.large_string()) for each in (b"", SEPARATOR, LINE))
_IDS = {"Account": ("account", "account_id"), "Review": ("review", "review_id"), "Listing": ("product", "product_id")}


@contextmanager
def writing_names(path: Path) -> Iterator[NamesWriter]:
    """Write the names of a graph to a file that is not there yet."""
    writer = NamesWriter(path)
    try:
        yield writer
    finally:
        writer.close()


class NamesWriter:
    """Takes the tables of a graph in the order of its shape, and writes what their rows are called.

    Parameters
    ----------
    path
        Of the file, which is not there yet.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.fdopen(open_here(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")
        self._digest = hashlib.sha256()
        self._sections: dict[str, tuple[int, int]] = {}
        self._accounts: Cells | None = None
        self._orders: list[pa.Table] = []
        self._bytes = 0
        self._put(LINE)

    def take(self, part: Part) -> None:
        """Write what a table's rows, or those of one pair of its ends, are called."""
        if part.table == "Account":
            self._accounts = _by_place(part)
        if part.table == "ORDERED":
            self._orders.append(self._name_ends(part))
            if part.target == list_targets(part.table)[-1]:  # nothing that comes after it has a name
                self._write_orders()
        for name, lines in list_node_lines(part.table, part.rows).items():
            self._write_section(name, lines)

    def finish(self) -> SideFile:
        """Write where each section lies, and close the file, which is on the disk then."""
        self._put(json.dumps(self._sections, ensure_ascii=True).encode() + LINE)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return SideFile(bytes=self._bytes, sha256=self._digest.hexdigest())

    def close(self) -> None:
        """Let go of the file; twice is harmless."""
        self._file.close()

    def _name_ends(self, part: Part) -> pa.Table:
        accounts, rows = self._accounts, part.rows
        assert accounts is not None  # nodes come before what leads from one to the other
        nobody = pa.nulls(rows.num_rows, pa.string())
        seller = accounts.take(rows["to"]) if part.target == "Account" else nobody
        return name_orders(rows["order_id"], accounts.take(rows["from"]), seller)

    def _write_orders(self) -> None:
        orders, self._orders = pa.concat_tables(self._orders), []
        for name, lines in list_order_lines(orders).items():
            self._write_section(name, lines)

    def _write_section(self, name: str, lines: Chunks) -> None:
        start = self._bytes - 1
        for chunk in lines.chunks:
            if len(chunk):
                self._put(_read_bytes(_join(chunk, _NOTHING, _LINE)))
        self._sections[name] = (start, self._bytes)

    def _put(self, content: bytes | memoryview) -> None:
        self._file.write(content)
        self._digest.update(content)
        self._bytes += len(content)


def _by_place(part: Part) -> Cells:
    """The ids of accounts by their places, of which those of accounts that are gone are empty."""
    row = np.full(int(part.near.max(initial=-1)) + 1, -1, dtype=np.int64)
    row[part.near] = np.arange(len(part.near))
    return take_or_null(part.rows["account_id"], row).combine_chunks()


def list_node_lines(label: str, rows: pa.Table) -> dict[str, Chunks]:
    """The sorted lines of nodes (N,) by section; none where the nodes have no name."""
    if label == "Identifier":
        return _list_identifier_lines(rows)
    lines = list_id_lines(label, rows)
    return {**lines, **_list_title_lines(rows)} if label == "Listing" else lines


def list_id_lines(label: str, rows: pa.Table) -> dict[str, Chunks]:
    """The sorted lines of the ids of nodes (N,), by section."""
    if label not in _IDS:
        return {}
    kind, key = _IDS[label]
    ids = _escape(rows[key])
    return {kind: _say_ids(ids.take(_compute.sort_indices(ids)))}


def _list_title_lines(rows: pa.Table) -> dict[str, Chunks]:
    rows = rows.filter(rows["title"].is_valid())
    titles = make_table({name: _escape(rows[name]) for name in ("title", "product_id")})
    titles = titles.sort_by([("title", "ascending"), ("product_id", "ascending")])
    owners = _join(titles["title"], _join(titles["product_id"], _NOTHING))
    return {"title": _say_ids(pa.chunked_array([find_distinct(titles["title"])])), f"{OWNERS}title": owners}


def _list_identifier_lines(rows: pa.Table) -> dict[str, Chunks]:
    """The sorted lines of identifiers (N,), kind by kind: texts are copied several times on their way."""
    kinds = sorted(read_texts(find_distinct(rows["kind"])))
    return {f"{IDENTIFIERS}{kind}": _list_lines_of_kind(rows.filter(equals(rows["kind"], kind))) for kind in kinds}


def _list_lines_of_kind(rows: pa.Table) -> Chunks:
    escaped = make_table({name: _escape(rows[name]) for name in ("canonical", "value")})
    lines: Chunks = _say_identifiers(escaped.sort_by([(name, "ascending") for name in escaped.column_names]))
    return lines


def name_orders(order_id: Chunks, buyer: Values, seller: Values) -> pa.Table:
    """Orders (N,) and whose each is, as they stand in the file; one of the shop is no account's."""
    nobody = _escape(_compute.fill_null(seller, ""))
    return make_table({"id": _escape(order_id), "buyer": _escape(buyer), "seller": nobody})


def list_order_lines(orders: pa.Table) -> dict[str, Chunks]:
    """The sorted lines of orders (N,) by section."""
    orders = orders.sort_by([(name, "ascending") for name in ("id", "buyer", "seller")])
    owners = _join(orders["id"], _join(orders["buyer"], orders["seller"]))
    return {"order": _say_ids(pa.chunked_array([find_distinct(orders["id"])])), f"{OWNERS}order": owners}


def _read_bytes(texts: Cells) -> memoryview:
    """All texts (N,), of which none is empty, one after the other."""
    _, offsets, content = texts.buffers()
    assert offsets is not None
    assert content is not None  # a line has a mark at its end
    ends = memoryview(offsets).cast("B").cast("q")
    return memoryview(content)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _join(first: Any, second: Any, mark: Any = _SEPARATOR) -> Any:
    return _compute.binary_join_element_wise(first, second, mark)


def _escape(texts: Values) -> Any:
    """Texts (N,) as they stand in the file."""
    long = texts.cast(pa.large_string())
    for plain, written in ESCAPES:
        long = _compute.replace_substring(long, plain, written)
    return long


def _say_ids(ids: Any) -> Any:
    """A line for each id (N,): the id, and what it is in small letters where that is another."""
    folded = _compute.utf8_lower(ids)
    return _compute.if_else(_compute.equal(ids, folded), ids, _join(ids, folded))


def _say_identifiers(rows: pa.Table) -> Any:
    """A line for each identifier (N,): its canonical form, and its spelling in small letters and as it is.

    The last two are left out where they are the same as the first.
    """
    canonical, value, folded = rows["canonical"], rows["value"], _compute.utf8_lower(rows["value"])
    told = _compute.if_else(_compute.equal(folded, canonical), _NOTHING, folded)
    spelt = _compute.if_else(_compute.equal(value, canonical), told, _join(told, value))
    return _compute.if_else(_compute.equal(spelt, _NOTHING), canonical, _join(canonical, spelt))
