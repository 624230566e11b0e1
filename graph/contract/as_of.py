"""Tables as they would have been at an instant: what was not known then was never loaded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_distinct, is_true, make_table
from graph.contract.schema import CONTRACT, INSTANT
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
    for name, table in tables.items():
        record = CONTRACT[name]
        # A fact without a date might be of any time: an answer as of an instant must not rest on it.
        if record.is_thing:
            kept[name] = table
        elif record.time is not None:
            known = is_true(pc.less_equal(table.rows[record.time].cast(INSTANT), instant))
            kept[name] = table.with_rows(table.rows.filter(known))
    kept["accounts"] = _name_all(tables)
    return kept


def _name_all(tables: Mapping[str, CheckedTable]) -> CheckedTable:
    """The accounts table with a bare row for each account that only other tables name."""
    accounts = tables["accounts"]
    columns = [table.rows[each] for name, table in tables.items() for each in CONTRACT[name].find_mentions("account")]
    named = find_distinct(pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string()))
    further = named.filter(pc.invert(pc.is_in(named, value_set=accounts.rows["account_id"].combine_chunks())))
    bare = make_table({"account_id": further.drop_null()})
    return accounts.with_rows(pa.concat_tables([accounts.rows, bare], promote_options="default"))
