"""Amounts in several currencies: they are compared as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import equals, read_texts
from graph.contract.doubts import Doubt, Wrong, gather


def find_mixed_currencies(tables: Mapping[str, pa.Table]) -> tuple[Doubt, ...]:
    """Doubt orders in another currency than most.

    Parameters
    ----------
    tables
        Checked rows by the contract's table.
    """
    return gather(_look_at(tables))


def _look_at(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str, Wrong]]:
    orders = tables.get("orders")
    if orders is None or not {"amount", "currency"} <= set(orders.column_names):
        return
    currencies = orders["currency"].filter(pc.is_valid(orders["amount"])).drop_null()
    counted = currencies.value_counts()
    names, counts = read_texts(counted.field("values")), counted.field("counts").to_pylist()
    if len(names) < 2:
        return
    most = min(zip([-int(each or 0) for each in counts], names, strict=True))[1]
    says = f"are in another currency than most ({most}), and amounts are compared as they stand"
    mend = "convert the amounts into one currency, or load each currency's orders into a store of its own"
    yield "orders", "currency", Wrong("currency", currencies.filter(pc.invert(equals(currencies, most))), says, mend)
