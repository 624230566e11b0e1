"""What was said of an account before something changed: former states of its own row, its verdicts and what it did."""

from __future__ import annotations

from typing import Any

from graph.queries.answers import FormerState
from graph.queries.asking import Row, ask
from graph.stores.protocol import GraphStore

_SAID = ("status", "role", "segment", "label", "amount", "currency", "rating", "price", "product_id", "source")
_NAMES = {"USES": "a use of an identifier", "REFERRED": "a referral"}
_FORMER = f"""MATCH (e:Earlier)
WHERE e.account_id = $id OR e.buyer_id = $id OR e.seller_id = $id
RETURN e.of_table AS of_table, e.row_id AS row_id, e.valid_from AS valid_from, e.valid_until AS valid_until,
e.ended_as AS ended_as, e.identifier_key AS identifier_key, {", ".join(f"e.{each} AS {each}" for each in _SAID)}
ORDER BY valid_until, of_table, row_id"""


def find_former_states(store: GraphStore, account_id: str) -> tuple[FormerState, ...]:
    """The former states of an account, of its verdicts and of its orders, items and reviews, the earliest to end first.

    Parameters
    ----------
    account_id
        The account; of orders it may be either side.

    Notes
    -----
    O(H) for H former states in the store, which is none where nothing ever changed.
    """
    return tuple(
        FormerState(
            what=str(_NAMES.get(row["of_table"], row["of_table"])),
            id=row["identifier_key"] or row["row_id"],
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
            ended_as=row["ended_as"],
            said=", ".join(_say(row, name) for name in _SAID if _belongs(row, name)),
        )
        for row in ask(store, _FORMER, id=account_id)
    )


def _belongs(row: Row, name: str) -> bool:
    from graph.contract.schema import CONTRACT  # which loads Arrow: only where something has changed

    table = CONTRACT.get(row["of_table"])
    return row[name] is not None and (table is None or name in table.kept)


def _say(row: Row, name: str) -> str:
    value: Any = row[name]
    return f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}"
