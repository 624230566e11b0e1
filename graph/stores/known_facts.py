"""What a store holds already, as a load is compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from graph.contract.schema import CONTRACT, INSTANT

if TYPE_CHECKING:
    from graph.arrow import Cells


@dataclass(frozen=True)
class KnownFacts:
    """What the store holds, as Arrow tables.

    ``accounts``, ``listings`` and ``orders`` have the contract's columns, ``reviews`` all but the text;
    ``identifier_key`` are the keys of the ``Identifier`` nodes.  ``uses`` (account, identifier,
    role, seen_at), ``referrals`` (by, account) and ``labels`` (account, label, decided_at, source)
    name accounts and identifiers by their row in ``accounts`` and ``identifier_key``.
    """

    accounts: pa.Table
    listings: pa.Table
    orders: pa.Table
    reviews: pa.Table
    identifier_key: Cells
    uses: pa.Table
    referrals: pa.Table
    labels: pa.Table


def _empty_table(*columns: tuple[str, pa.DataType]) -> pa.Table:
    return pa.schema(columns).empty_table()


_ROW = pa.int64()

KNOW_NOTHING = KnownFacts(
    accounts=CONTRACT["accounts"].row_schema.empty_table(),
    listings=CONTRACT["listings"].row_schema.empty_table(),
    orders=CONTRACT["orders"].row_schema.empty_table(),
    reviews=CONTRACT["reviews"].row_schema.empty_table().drop_columns(["text"]),
    identifier_key=pa.array([], pa.string()),
    uses=_empty_table(("account", _ROW), ("identifier", _ROW), ("role", pa.string()), ("seen_at", INSTANT)),
    referrals=_empty_table(("by", _ROW), ("account", _ROW)),
    labels=_empty_table(("account", _ROW), ("label", pa.string()), ("decided_at", INSTANT), ("source", pa.string())),
)
"""What an empty store holds."""
