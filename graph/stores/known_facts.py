"""What a store holds already, as a load is compared with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import make_table, read_ints
from graph.contract.repeats import read_instants
from graph.contract.schema import CONTRACT, INSTANT, Table
from graph.stores.changed_rows import Stored
from graph.stores.history import BEFORE_ALL, SCHEMA, select_earlier
from graph.stores.raw_graph import EVENTS

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks


@dataclass(frozen=True)
class KnownFacts:
    """What the store holds, as Arrow tables.

    ``accounts``, ``listings``, ``orders``, ``reviews``, ``transfers`` and ``labels`` have the contract's columns,
    ``earlier`` those of :data:`graph.stores.history.SCHEMA`; ``identifier_key`` are the keys of the
    ``Identifier`` nodes.  ``uses`` (account, identifier, role, seen_at) and ``referrals`` (by, account) name accounts
    and identifiers by their row in ``accounts`` and ``identifier_key``, and ``did`` (account, object, action,
    happened_at) objects by theirs in ``object_key``.
    """

    accounts: pa.Table
    listings: pa.Table
    orders: pa.Table
    reviews: pa.Table
    identifier_key: Cells
    uses: pa.Table
    referrals: pa.Table
    labels: pa.Table
    earlier: pa.Table
    object_key: Cells = field(default_factory=lambda: pa.array([], pa.string()))
    did: pa.Table = field(default_factory=EVENTS.empty_table)
    transfers: pa.Table = field(default_factory=CONTRACT["transfers"].make_empty)

    def get_stored(self, table: str) -> Stored:
        """What there is of a table with a key; an account has one verdict, the last."""
        record = CONTRACT[table]
        rows: pa.Table = getattr(self, table).select(list(record.kept))
        return Stored(keep_last(record, rows), select_earlier(self.earlier, table))


def name_accounts(labels: pa.Table, account_id: Chunks) -> pa.Table:
    """Labels whose first column is an account's row, with its key there instead."""
    return labels.set_column(0, "account_id", account_id.take(labels.column(0)))


def keep_last(table: Table, rows: pa.Table) -> pa.Table:
    """The last state (K,) of each key of rows (N,); older stores had several labels of one account."""
    key = str(table.key)
    if pc.count_distinct(rows[key]).as_py() == rows.num_rows:
        return rows
    at = read_ints(read_instants(table, rows).cast(INSTANT).cast(pa.int64()), missing=BEFORE_ALL)
    import pandas as pd  # noqa: F401  # Arrow looks for it where somebody has imported it: see graph.pandas_later

    frame = rows.select([key, *table.facts]).to_pandas().assign(at=at)
    # Of two verdicts with no order between them the graver one, which comes first in the alphabet.
    last = frame.sort_values(["at", *table.facts], ascending=[True, *(False for _ in table.facts)], kind="stable")
    last = last.drop_duplicates(key, keep="last")
    return rows.take(pa.array(np.sort(last.index.to_numpy())))


def name_payments(paid: pa.Table, account_id: Chunks) -> pa.Table:
    """Transfers as the contract has them, of a store's (payer, payee, …) whose ends are rows of accounts."""
    ends = {f"{end}_id": account_id.take(paid[end]) for end in ("payer", "payee")}
    details = {name: paid[name] for name in paid.column_names if name not in ("payer", "payee")}
    return make_table({**ends, **details}).select(list(CONTRACT["transfers"].kept))


def _empty_table(*columns: tuple[str, pa.DataType]) -> pa.Table:
    return pa.schema(columns).empty_table()


_ROW = pa.int64()

KNOW_NOTHING = KnownFacts(
    **{
        name: CONTRACT[name].make_empty()
        for name in ("accounts", "listings", "orders", "reviews", "transfers", "labels")
    },
    identifier_key=pa.array([], pa.string()),
    uses=_empty_table(("account", _ROW), ("identifier", _ROW), ("role", pa.string()), ("seen_at", INSTANT)),
    referrals=_empty_table(("by", _ROW), ("account", _ROW)),
    earlier=SCHEMA.empty_table(),
    object_key=pa.array([], pa.string()),
    did=EVENTS.empty_table(),
)
"""What an empty store holds."""
