"""Tables as they would have been at an instant: what was not known then was never loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.contract.tables import CheckedTable

_TIMES = {
    "orders": "ordered_at",
    "devices": "seen_at",
    "addresses": "seen_at",
    "identifiers": "seen_at",
    "reviews": "reviewed_at",
    "labels": "decided_at",
}
_ACCOUNTS = ("account_id", "buyer_id", "seller_id", "referred_by")


def forget_later(tables: Mapping[str, CheckedTable], as_of: np.datetime64) -> dict[str, CheckedTable]:
    """Leave out every fact that is dated after an instant, or not at all, as a snapshot does.

    Accounts and listings stay (a snapshot leaves out the accounts that came later); so do the names of
    accounts without any date, of which nobody can say when they came.  Referrals bear no date and go.
    """
    instant = pa.scalar(as_of.astype("datetime64[us]").item(), pa.timestamp("us"))
    kept = {}
    for name, table in tables.items():
        column = _TIMES.get(name)
        if column is not None:
            known = pc.fill_null(pc.less_equal(table.rows[column].cast(pa.timestamp("us")), instant), False)
            kept[name] = replace(table, rows=table.rows.filter(known), _origin=None)
        elif name != "referrals":
            kept[name] = table
    kept["accounts"] = _name_all(tables)
    return kept


def _name_all(tables: Mapping[str, CheckedTable]) -> CheckedTable:
    """The accounts table with a bare row for each account that only other tables name."""
    accounts = tables["accounts"]
    columns = [table.rows[name] for table in tables.values() for name in _ACCOUNTS if name in table.rows.column_names]
    named = pc.unique(pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string()))
    further = named.filter(pc.invert(pc.is_in(named, value_set=accounts.rows["account_id"].combine_chunks())))
    bare = pa.table({"account_id": further.drop_null()})
    return replace(accounts, rows=pa.concat_tables([accounts.rows, bare], promote_options="default"), _origin=None)
