"""Identifiers that would link strangers: placeholders, what many accounts have, addresses inside of networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import equals, find_repeated, read_ints
from graph.contract.doubts import Doubt, Wrong, gather, match
from graph.contract.schema import CONTRACT
from graph.placeholders import INSIDE, PLACEHOLDER

if TYPE_CHECKING:
    from graph.arrow import Chunks

_LARGE_SHARE, _LEAST_SHARERS = 0.1, 50


def find_linking_values(tables: Mapping[str, pa.Table]) -> tuple[Doubt, ...]:
    """Doubt identifiers that say nothing of who uses them.

    Parameters
    ----------
    tables
        Checked rows by the contract's table.
    """
    return gather(each for name, rows in tables.items() for each in _look_at(name, rows))


def _look_at(name: str, rows: pa.Table) -> Iterator[tuple[str, str, Wrong]]:
    use = CONTRACT[name].use
    if name == "events" and rows.num_rows:
        yield _look_at_objects(rows)
    if use is None or not rows.num_rows:
        return
    values = rows[use.value]
    ignore = "[tables.{table}] ignore = [{values}]"
    # What one account alone has links nobody.
    repeated = find_repeated(values)
    blank = match(pa.chunked_array([repeated]), PLACEHOLDER)
    says = "look like placeholders, and would link strangers"
    yield name, use.value, Wrong("placeholder", _keep(values, blank), says, ignore)
    common = _find_common(rows, use.value)
    common = common.filter(pc.invert(pc.is_in(common, value_set=blank.combine_chunks())))
    says = f"have a value that more than {_LARGE_SHARE:.0%} of the table's accounts have"
    yield name, use.value, Wrong("common", _keep(values, common), says, ignore)
    if use.kind_column:
        inside = match(values.filter(equals(rows[use.kind_column], "ip")), INSIDE)
        says = "are IP addresses inside of a network (RFC 1918, 6598) or of documents, which many strangers have"
        yield name, use.value, Wrong("inside", inside, says, "log the address that the internet sees")


def _look_at_objects(rows: pa.Table) -> tuple[str, str, Wrong]:
    blank = match(pa.chunked_array([find_repeated(rows["object"])]), PLACEHOLDER)
    says = "look like placeholders: what was done with them joins nobody"
    return "events", "object", Wrong("placeholder", _keep(rows["object"], blank), says, "leave such rows out")


def _keep(values: Chunks, wanted: Chunks) -> Chunks:
    return values.filter(pc.is_in(values, value_set=wanted.combine_chunks())) if len(wanted) else values.slice(0, 0)


def _find_common(rows: pa.Table, column: str) -> Chunks:
    """The values (K,) of rows that a large share of the accounts has."""
    often = find_repeated(rows[column], more_than=_LEAST_SHARERS)
    if not len(often):
        return rows[column].slice(0, 0)
    some = rows.select(["account_id", column]).filter(pc.is_in(rows[column], value_set=often))
    sharers = some.group_by(column).aggregate([("account_id", "count_distinct")])
    n_accounts = pc.count_distinct(rows["account_id"]).as_py() or 0
    least = max(_LARGE_SHARE * n_accounts, _LEAST_SHARERS)
    large = pa.array(read_ints(sharers["account_id_count_distinct"], missing=0) > least)
    return sharers[column].filter(large)
