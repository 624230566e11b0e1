"""Tables as they would have been at an instant: what was not known then was never loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import blank_where, find_distinct, is_true, make_table
from graph.contract.repeats import read_instants
from graph.contract.schema import CONTRACT, INSTANT, Table
from graph.contract.tables import CheckedTable


def forget_later(tables: Mapping[str, CheckedTable], as_of: np.datetime64) -> dict[str, CheckedTable]:
    """Leave out every fact that is dated after an instant, or not at all, as a snapshot does.

    Accounts and listings stay (a snapshot leaves out the accounts that came later); so do the names of
    accounts without any date, of which nobody can say when they came.  Referrals bear no date and go.

    Parameters
    ----------
    tables
        Checked tables by the contract's name, ``accounts`` among them.
    as_of
        The instant, in UTC; what is dated to it stays.
    """
    instant = pa.scalar(as_of.astype("datetime64[us]").item(), INSTANT)
    kept = {}
    for name, given in tables.items():
        record = CONTRACT[name]
        table = _forget_later_states(record, given, instant) if record.key else given
        # A fact without a date might be of any time: an answer as of an instant must not rest on it.
        if record.is_thing:
            kept[name] = table
        elif record.time is not None:
            known = is_true(pc.less_equal(table.rows[record.time].cast(INSTANT), instant))
            kept[name] = table.with_rows(table.rows.filter(known))
    kept["accounts"] = _name_all(tables)
    return kept


def _forget_later_states(record: Table, table: CheckedTable, instant: pa.Scalar[Any]) -> CheckedTable:
    """Leave out the states that came later; of what is only known from then on the first stays, without its status."""
    rows, key = table.rows, str(record.key)
    # Of a decision nothing is known before it was made.
    if "updated_at" not in rows.column_names or record.time in record.ordered_by:
        return table
    if rows["updated_at"].null_count == rows.num_rows:
        return table
    later = is_true(pc.greater(read_instants(record, rows), instant))
    known = is_true(pc.is_in(rows[key], value_set=rows[key].filter(pa.array(~later)).combine_chunks()))
    only_later = rows.select([key, "updated_at"]).to_pandas()[later & ~known]
    first = only_later.sort_values("updated_at", kind="stable").drop_duplicates(key).index.to_numpy()
    stays = ~later
    stays[first] = True
    if "status" in rows.column_names:
        status = blank_where(pa.chunked_array([pa.array(later)]), rows["status"])
        rows = rows.set_column(rows.column_names.index("status"), "status", status)
    return table.with_rows(rows.filter(pa.array(stays)))


def _name_all(tables: Mapping[str, CheckedTable]) -> CheckedTable:
    """The accounts table with a bare row for each account that only other tables name."""
    accounts = tables["accounts"]
    columns = [table.rows[each] for name, table in tables.items() for each in CONTRACT[name].find_mentions("account")]
    named = find_distinct(pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string()))
    further = named.filter(pc.invert(pc.is_in(named, value_set=accounts.rows["account_id"].combine_chunks())))
    bare = make_table({"account_id": further.drop_null()})
    return accounts.with_rows(pa.concat_tables([accounts.rows, bare], promote_options="default"))
