"""The money of rings: what the orders and transfers of their members come to.

It is added up when a run is written, from the facts that are there then, and kept with each ring: to add it up again
takes half a second for the rings of half a million accounts, each time that somebody asks what waits.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

ASK_AMOUNTS = tuple(
    f"""MATCH {{rings}}<-[:MEMBER_OF]-(a:Account)-[o:{kind}]-() {{condition}}
WITH DISTINCT g.ring_id AS ring_id, o.{key} AS order_id, o.amount AS amount, o.currency AS currency
WHERE amount IS NOT NULL RETURN ring_id, coalesce(currency, '') AS currency, collect(amount) AS amounts"""
    for kind, key in (("ORDERED", "order_id"), ("PAID", "transfer_id"))
)
"""The amounts of the orders, and of the transfers, of rings ``g``, each once for a ring, by currency."""
_OF_RUN = {"rings": "(g:Ring)", "condition": "WHERE g.run_id = $run_id"}
_KEEP = """UNWIND $rows AS each MATCH (g:Ring {ring_key: each.ring_key})
SET g.money = each.money, g.currency = each.currency"""


def add_up(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[float, str]]:
    """The money of each ring that has any, in the currency of most of its orders: sums of several are no sum.

    Parameters
    ----------
    rows
        What all of :data:`ASK_AMOUNTS` return.

    >>> euro = {"ring_id": "R-1", "currency": "EUR", "amounts": [2.0, 0.5]}
    >>> add_up([euro, {"ring_id": "R-1", "currency": "USD", "amounts": [90.0]}])
    {'R-1': (2.5, 'EUR')}
    """
    amounts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        amounts[row["ring_id"]][row["currency"]] += row["amounts"]
    return {ring_id: _find_most(found) for ring_id, found in amounts.items()}


def _find_most(amounts: Mapping[str, list[float]]) -> tuple[float, str]:
    currency = max(sorted(amounts), key=lambda name: len(amounts[name]))
    return math.fsum(amounts[currency]), currency


def keep_money(ask: Callable[..., list[dict[str, Any]]], run_id: str) -> None:
    """Keep with each ring of a run what the orders and transfers of its members come to.

    Parameters
    ----------
    ask
        Asks the graph within the transaction that has written the rings.
    run_id
        Of the run.
    """
    found = add_up(row for each in ASK_AMOUNTS for row in ask(each.format(**_OF_RUN), run_id=run_id))
    rows = [
        {"ring_key": f"{run_id}/{ring_id}", "money": money, "currency": currency}
        for ring_id, (money, currency) in sorted(found.items())
    ]
    if rows:
        ask(_KEEP, rows=rows)
