"""Former states of what was loaded, as the ``Earlier`` nodes of a graph: one row each, with the span in which it held.

A state has the columns of its table under their own names, so that all tables share one node; what a table has not got
is null.  The fact that an account used an identifier names the identifier by its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graph.arrow import equals, fill_nulls, join_texts, make_table
from graph.contract.schema import CONTRACT, INSTANT
from graph.stores.shape import FACTS, Type

if TYPE_CHECKING:
    from graph.arrow import Values

EARLIER = "Earlier"
"""The label."""

BEFORE_ALL = int(np.iinfo(np.int64).min)
"""The instant, in microseconds, of a state that has been there for as long as anybody knows."""

_TYPES: Mapping[Type, pa.DataType] = {"text": pa.string(), "real": pa.float64(), "time": INSTANT}

SCHEMA = pa.schema([(name, _TYPES[held.type]) for name, held in FACTS[EARLIER].properties.items()])
"""The columns of former states."""

_NAMES = {
    "USES": ("account_id", "identifier_key", "role", "seen_at"),
    "REFERRED": ("referred_by", "account_id"),
    "DID": ("account_id", "object_key", "action", "happened_at"),
}
"""What names a fact that has no key."""


def make_earlier(table: str, rows: pa.Table) -> pa.Table:
    """Former states (N,) of a table of the contract, or of a relationship without a key, as ``Earlier`` nodes.

    Parameters
    ----------
    table
        A table of the contract with a key, ``USES``, ``REFERRED`` or ``DID``.
    rows
        Its columns, with ``valid_from`` (null: for as long as anybody knows), ``valid_until`` and ``ended_as``
        (``changed``, ``removed`` by a row that says so, ``replaced`` by a load that had it no more).
    """
    names: Sequence[str] = _NAMES[table] if table in _NAMES else (str(CONTRACT[table].key),)
    row_id: Values = _as_text(rows, names[0])
    for name in names[1:]:
        row_id = join_texts(row_id, _as_text(rows, name), "/")
    key = join_texts(pa.repeat(table, rows.num_rows), row_id, "/")
    for name in ("valid_from", "valid_until"):
        key = join_texts(key, _as_text(rows, name), "/")
    told: dict[str, Values] = {"earlier_key": key, "of_table": pa.repeat(table, rows.num_rows), "row_id": row_id}
    return make_table({name: _take(told, rows, name) for name in SCHEMA.names}).cast(SCHEMA)


def select_earlier(earlier: pa.Table, table: str) -> pa.Table:
    """The former states of one table, with the columns that it has and the span of each."""
    kept = (*_NAMES[table],) if table in _NAMES else CONTRACT[table].kept
    return earlier.filter(equals(earlier["of_table"], table)).select([*kept, "valid_from", "valid_until", "ended_as"])


def say_contradiction(key: str, column: str, id_: object, kept: Any) -> str:
    """What is wrong with a row that says otherwise than the store."""
    is_unknown = kept is None or kept != kept  # NaN and NaT equal nothing
    there = "nothing" if is_unknown else "other values" if column == "attributes" else repr(kept)
    return f"{key} {id_!r} is already in the store with {there[:80]} as its {column}"


def _take(told: Mapping[str, Values], rows: pa.Table, name: str) -> Values:
    if name in told:
        return told[name]
    return rows[name] if name in rows.column_names else pa.nulls(rows.num_rows, SCHEMA.field(name).type)


def _as_text(rows: pa.Table, name: str) -> Values:
    """A column as a part of a key; a time as its microseconds, what is not known as nothing."""
    values = rows[name].cast(pa.int64()) if pa.types.is_timestamp(rows[name].type) else rows[name]
    return fill_nulls(values.cast(pa.string()), "")
