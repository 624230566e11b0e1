"""Amounts in several currencies: they are compared as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import equals, read_texts
from graph.contract.doubts import Doubt, Wrong, gather


def find_mixed_currencies(tables: Mapping[str, pa.Table]) -> tuple[Doubt, ...]:
    """Doubt orders, and transfers, in another currency than most.

    Parameters
    ----------
    tables
        Checked rows by the contract's table.
    """
    return gather(each for name in ("orders", "transfers") if name in tables for each in _look_at(name, tables[name]))


def _look_at(name: str, rows: pa.Table) -> Iterator[tuple[str, str, Wrong]]:
    if not {"amount", "currency"} <= set(rows.column_names):
        return
    currencies = rows["currency"].filter(pc.is_valid(rows["amount"])).drop_null()
    counted = currencies.value_counts()
    names, counts = read_texts(counted.field("values")), counted.field("counts").to_pylist()
    if len(names) < 2:
        return
    most = min(zip([-int(each or 0) for each in counts], names, strict=True))[1]
    says = f"are in another currency than most ({most}), and amounts are compared as they stand"
    mend = "convert the amounts into one currency, or load each currency's orders into a store of its own"
    yield name, "currency", Wrong("currency", currencies.filter(pc.invert(equals(currencies, most))), says, mend)
