"""All that a run flagged, with what a measure rests on; and what is touched by doing something to accounts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from graph.queries.asking import Row, about_accounts, ask, read_sentences
from graph.stores.protocol import GraphStore

_FLAGS = """MATCH (f:Flag) WHERE f.run_id = $run_id
RETURN f.flag_key AS flag_key, f.subject AS subject, f.subject_id AS subject_id, f.score AS score, f.tier AS tier,
f.reasons AS reasons, f.probability AS probability ORDER BY flag_key"""
_CITES = """MATCH (f:Flag)-[:CITES]->(g:Ring) WHERE f.run_id = $run_id
RETURN f.flag_key AS flag_key, g.ring_id AS ring_id ORDER BY flag_key, ring_id"""
_RINGS = """MATCH (g:Ring) WHERE g.run_id = $run_id
RETURN g.ring_id AS ring_id, g.net_bits AS net_bits, g.false_discovery AS rate"""
_CHANNELS = """MATCH (g:Ring)-[:SHOWS]->(e:Evidence) WHERE g.run_id = $run_id AND e.bits > 0
RETURN g.ring_id AS ring_id, count(DISTINCT e.channel) AS n"""
_TIES = """MATCH (g:Ring)<-[m:MEMBER_OF]-(a:Account) WHERE g.run_id = $run_id
RETURN g.ring_id AS ring_id, a.account_id AS account_id, m.bits AS bits"""
_ORDERS = "DISTINCT a.account_id AS account_id, o.order_id AS order_id, o.amount AS amount, o.currency AS currency"
_WAYS = {
    "(a)-[o:ORDERED]->(b)": _ORDERS,
    "(a)<-[o:ORDERED]-(b:Account)": _ORDERS,
    "(a)-[o:PAID]->(b:Account)": _ORDERS.replace("o.order_id", "o.transfer_id"),
    "(a)<-[o:PAID]-(b:Account)": _ORDERS.replace("o.order_id", "o.transfer_id"),
}


@dataclass(frozen=True)
class Flagged:
    """One flag of a run, and what it rests on.

    Attributes
    ----------
    subject, subject_id, tier, score, probability, reason
        As the flag has them; the first of its reasons.
    rings
        Those that it cites.
    net_bits, channels, tie_bits
        Of the ring with the most net bits that it cites: these, in how many channels it shows evidence, and what ties
        the account to the others; None where it cites none, or the account is no member.
    segment
        Of the account.
    exposure
        The sum of the account's orders, bought and sold, in the currency in which it is largest.
    false_discovery
        Of the same ring as the net bits; None where it was not measured.
    """

    subject: Literal["account", "review"]
    subject_id: str
    tier: str
    score: float
    probability: float | None
    reason: str
    rings: tuple[str, ...] = ()
    net_bits: float | None = None
    channels: int | None = None
    tie_bits: float | None = None
    segment: str | None = None
    exposure: float = 0.0
    false_discovery: float | None = None

    @property
    def strength(self) -> float:
        """The score, or the probability where that is more."""
        return max(self.score, self.probability or 0.0)

    @property
    def key(self) -> tuple[str, str]:
        """Of what it is."""
        return self.subject, self.subject_id


@dataclass(frozen=True)
class Touched:
    """What doing something to accounts touches: how many, their orders and transfers, and the money by currency."""

    accounts: int
    orders: int
    money: Mapping[str, float]


def list_flagged(store: GraphStore, run_id: str) -> list[Flagged]:
    """Every flag of a run, in the order of what it is on."""
    flags = ask(store, _FLAGS, run_id=run_id)
    cited: dict[str, list[str]] = defaultdict(list)
    for row in ask(store, _CITES, run_id=run_id):
        cited[row["flag_key"]].append(row["ring_id"])
    rings = _read_rings(store, run_id)
    accounts = {row["subject_id"] for row in flags if row["subject"] == "account"}
    segments, exposure = _read_segments(store, accounts), _sum_exposure(read_orders(store, accounts))
    return [
        _as_flagged(row, tuple(cited[row["flag_key"]]), rings)
        if row["subject"] == "review"
        else _as_flagged(
            row,
            tuple(cited[row["flag_key"]]),
            rings,
            segment=segments.get(row["subject_id"]),
            exposure=exposure.get(row["subject_id"], 0.0),
        )
        for row in flags
    ]


@dataclass(frozen=True)
class _RingGrounds:
    """What a ring shows: its net bits, in how many channels, what ties each member, and its false-discovery rate."""

    net_bits: float
    channels: int
    ties: Mapping[str, float]
    rate: float | None


def _read_rings(store: GraphStore, run_id: str) -> dict[str, _RingGrounds]:
    channels = {row["ring_id"]: row["n"] for row in ask(store, _CHANNELS, run_id=run_id)}
    ties: dict[str, dict[str, float]] = defaultdict(dict)
    for row in ask(store, _TIES, run_id=run_id):
        ties[row["ring_id"]][row["account_id"]] = row["bits"]
    return {
        row["ring_id"]: _RingGrounds(
            row["net_bits"], channels.get(row["ring_id"], 0), ties[row["ring_id"]], row["rate"]
        )
        for row in ask(store, _RINGS, run_id=run_id)
    }


def _as_flagged(
    row: Row,
    cited: tuple[str, ...],
    rings: Mapping[str, _RingGrounds],
    *,
    segment: str | None = None,
    exposure: float = 0.0,
) -> Flagged:
    known = [rings[each] for each in cited if each in rings]
    best = max(known, key=lambda ring: ring.net_bits, default=None)
    return Flagged(
        subject=row["subject"],
        subject_id=row["subject_id"],
        tier=row["tier"],
        score=row["score"],
        probability=row["probability"],
        reason=next(iter(read_sentences(row["reasons"])), ""),
        rings=cited,
        net_bits=best.net_bits if best else None,
        channels=best.channels if best else None,
        tie_bits=best.ties.get(row["subject_id"]) if best else None,
        segment=segment,
        exposure=exposure,
        false_discovery=best.rate if best else None,
    )


def _read_segments(store: GraphStore, account_ids: Collection[str]) -> dict[str, str | None]:
    (rows,) = store.query_many([about_accounts("", "a.account_id AS account_id, a.segment AS segment", account_ids)])
    return {row["account_id"]: row["segment"] for row in rows}


def read_orders(store: GraphStore, account_ids: Iterable[str]) -> list[Row]:
    """The orders and transfers of some accounts, either way; one between two of them comes with each.

    A transfer's id is told apart from an order's by what stands before it.
    """
    wanted = set(account_ids)
    bought, sold, paid, received = store.query_many([about_accounts(way, told, wanted) for way, told in _WAYS.items()])
    transfers = [row | {"order_id": f"transfer {row['order_id']}"} for row in (*paid, *received)]
    return [*bought, *sold, *transfers]


def _sum_exposure(orders: Iterable[Row]) -> dict[str, float]:
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in orders:
        sums[row["account_id"], row["currency"] or ""].append(row["amount"] or 0.0)
    largest: dict[str, float] = defaultdict(float)
    for (account_id, _), amounts in sums.items():
        largest[account_id] = max(largest[account_id], math.fsum(amounts))
    return largest


def count_touched(store: GraphStore, account_ids: Collection[str]) -> Touched:
    """How many accounts, orders, transfers and how much money there is to these accounts; each order once."""
    unique = {row["order_id"]: row for row in read_orders(store, account_ids)}
    money: dict[str, list[float]] = defaultdict(list)
    for row in unique.values():
        money[row["currency"] or ""].append(row["amount"] or 0.0)
    sums = {currency: round(math.fsum(amounts), 2) for currency, amounts in sorted(money.items())}
    return Touched(len(set(account_ids)), len(unique), sums)
