"""What is at risk with a ring: money on its way, money taken back, and who lost it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from graph.queries.answers import RingSummary
from graph.queries.asking import Row, about_accounts, ask
from graph.queries.rings import find_ring, list_rings
from graph.queries.views import Exposure, MoneyLine, Victim
from graph.stores.protocol import GraphStore

FINAL = frozenset({"completed", "delivered", "cancelled", "canceled"})
"""Statuses of orders with which nothing happens any more; case does not matter."""

ALL = "all"

_ORDER = """o.order_id AS order_id, o.amount AS amount, o.currency AS currency, o.status AS status, o.fee AS fee,
o.guarantee AS guarantee,
a.account_id AS account_id, b.account_id AS other_id"""
_TRANSFER = """o.transfer_id AS order_id, o.amount AS amount, o.currency AS currency, o.status AS status,
a.account_id AS account_id, b.account_id AS other_id"""
_WAYS = (
    ("(a)-[o:ORDERED]->(b)", _ORDER, "bought from others"),
    ("(a)<-[o:ORDERED]-(b:Account)", _ORDER, "sold to others"),
    ("(a)-[o:PAID]->(b:Account)", _TRANSFER, "paid to others"),
    ("(a)<-[o:PAID]-(b:Account)", _TRANSFER, "received from others"),
)
_ROLES = {
    "bought from others": "seller",
    "sold to others": "buyer",
    "paid to others": "payee",
    "received from others": "payer",
}
"""Who is on the other side."""
_MEMBERS = """MATCH (g:Ring)<-[:MEMBER_OF]-(a:Account) WHERE g.run_id = $run_id
RETURN g.ring_id AS ring_id, a.account_id AS account_id"""


def find_exposure(store: GraphStore, ring_id: str, *, run_id: str | None, refunded: Collection[str]) -> Exposure:
    """What is at risk with one ring.

    Parameters
    ----------
    run_id
        Whose ring; of the latest run that found it otherwise.
    refunded
        Statuses of orders whose money went back.

    Raises
    ------
    UnknownIdError
        If no such run found such a ring.
    """
    ring = find_ring(store, ring_id, run_id=run_id)
    members = {ring_id: [each.account_id for each in ring.members]}
    return _measure(store, [ring.summary], members, refunded)[0]


def list_exposures(store: GraphStore, *, run_id: str | None, refunded: Collection[str]) -> list[Exposure]:
    """What is at risk with each ring of a run, and with all of them; see :func:`find_exposure`.

    An order between two rings counts with each of them, and once in the last, whose ``ring_id`` is ``all``.
    """
    rings = list_rings(store, run_id=run_id)
    members: dict[str, list[str]] = defaultdict(list)
    for row in ask(store, _MEMBERS, run_id=rings[0].run_id) if rings else ():
        members[row["ring_id"]].append(row["account_id"])
    if rings:
        members[ALL] = sorted({each for ids in members.values() for each in ids})
    return _measure(store, rings, members, refunded)


def _measure(
    store: GraphStore, rings: Sequence[RingSummary], members: dict[str, list[str]], refunded: Collection[str]
) -> list[Exposure]:
    everybody = {each for ids in members.values() for each in ids}
    pages = store.query_many([about_accounts(way, f"DISTINCT {told}", everybody) for way, told, _ in _WAYS])
    by_account: dict[str, list[_Order]] = defaultdict(list)
    for rows, (*_, side) in zip(pages, _WAYS, strict=True):
        for row in rows:
            by_account[row["account_id"]].append(_read_order(row, side, refunded))
    sums = (_sum_up(ring.ring_id, members[ring.ring_id], by_account) for ring in rings)
    found = [replace(each, kind=ring.kind, tier=ring.tier) for each, ring in zip(sums, rings, strict=True)]
    return [*found, _sum_up(ALL, members[ALL], by_account)] if ALL in members else found


@dataclass(frozen=True)
class _Order:
    """One order, or transfer, as one member sees it: which side it would be if the other one is no member."""

    order_id: str
    other_id: str | None
    amount: float | None
    fee: float | None
    guarantee: float | None
    currency: str
    state: str
    side: str

    @property
    def is_sale(self) -> bool:
        """Whether the money is the other side's."""
        return _ROLES[self.side] in ("buyer", "payer")


def _read_order(row: Row, side: str, refunded: Collection[str]) -> _Order:
    status = (row["status"] or "").casefold()
    state = "taken back" if status in refunded else "done" if status in FINAL else "open"
    money = row["amount"], row.get("fee"), row.get("guarantee")
    return _Order(row["order_id"], row["other_id"], *money, row["currency"] or "", state, side)


def _sum_up(ring_id: str, members: Sequence[str], by_account: dict[str, list[_Order]]) -> Exposure:
    inside = set(members)
    money: dict[tuple[str, str, str], list[_Order]] = defaultdict(list)
    lost: dict[tuple[str, str, str, str], list[float | None]] = defaultdict(list)
    for order in (each for who in sorted(inside) for each in by_account[who]):
        is_inside = order.other_id in inside
        if is_inside and order.is_sale:
            continue  # it was counted as the buyer's
        money[(_name_side(order, inside), order.state, order.currency)].append(order)
        if not is_inside and order.other_id is not None and _loses(order):
            lost[(order.other_id, _ROLES[order.side], order.state, order.currency)].append(order.amount)
    return Exposure(
        ring_id=ring_id,
        kind=None,
        tier=None,
        money=tuple(_make_line(key, each) for key, each in sorted(money.items())),
        victims=_list_victims(lost),
    )


def _make_line(key: tuple[str, str, str], orders: Sequence[_Order]) -> MoneyLine:
    known = [[each for each in held if each is not None] for held in zip(*map(_list_extras, orders), strict=True)]
    fees, guarantees = (_add(each) if each else None for each in known)
    return MoneyLine(*key, len(orders), _add(each.amount for each in orders), fees, guarantees)


def _list_extras(order: _Order) -> tuple[float | None, float | None]:
    return order.fee, order.guarantee


def _loses(order: _Order) -> bool:
    """Whether the other side of an order may lose by it: a seller what was taken back, a buyer what is not done."""
    return order.state == "taken back" or (order.is_sale and order.state == "open")


def _name_side(order: _Order, inside: set[str]) -> str:
    return "among members" if order.other_id in inside else order.side


def _list_victims(lost: dict[tuple[str, str, str, str], list[float | None]]) -> tuple[Victim, ...]:
    """Who lost, or may lose, the largest amounts first."""
    found = [Victim(*key, len(amounts), _add(amounts)) for key, amounts in lost.items()]
    return tuple(sorted(found, key=lambda each: (-each.amount, each.account_id, each.role, each.state, each.currency)))


def _add(amounts: Iterable[float | None]) -> float:
    return math.fsum(each for each in amounts if each is not None)
