"""Accounts side by side: what they have in common and how common that is, their habits, and what tells them apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import combinations

from graph.queries.accounts import find_account
from graph.queries.answers import AccountRecord
from graph.queries.asking import about_accounts
from graph.queries.ids import check_accounts
from graph.queries.views import ComparedAccount, Comparison, InCommon
from graph.queries.ways import weigh_channel
from graph.stores.protocol import GraphStore, Question

Thing = tuple[str, str]

_WHO = "a.account_id AS account_id"
_WAYS = {
    # The way from an account, and the name of what is reached.
    "bought product": ("(a)-[o:ORDERED]->(t)", "o.product_id"),
    "bought from": ("(a)-[:ORDERED]->(t:Account)", "t.account_id"),
    "sold to": ("(a)<-[:ORDERED]-(t:Account)", "t.account_id"),
    "reviewed product": ("(a)-[:WROTE]->(:Review)-[:ABOUT]->(t:Listing)", "t.product_id"),
    "reviewed seller": ("(a)-[:WROTE]->(:Review)-[:ABOUT]->(t:Account)", "t.account_id"),
    "brought in by": ("(a)<-[:REFERRED]-(t:Account)", "t.account_id"),
}
_SELLER = ("(t:Account)", "t.account_id")
_USERS: dict[str, tuple[str, str, str]] = {
    "bought from": (*_SELLER, "(t)<-[:ORDERED]-(b:Account)"),
    "sold to": (*_SELLER, "(t)-[:ORDERED]->(b:Account)"),
    "reviewed product": ("(t:Listing)", "t.product_id", "(t)<-[:ABOUT]-(:Review)<-[:WROTE]-(b:Account)"),
    "reviewed seller": (*_SELLER, "(t)<-[:ABOUT]-(:Review)<-[:WROTE]-(b:Account)"),
    "brought in by": (*_SELLER, "(t)-[:REFERRED]->(b:Account)"),
}
_USES = "(a)-[:USES]->(t:Identifier)"
_USERS_OF_THING = ("(t:Identifier)", "t.canonical", "(t)<-[:USES]-(b:Account)")


def compare_accounts(store: GraphStore, account_ids: Sequence[str], *, run_id: str | None = None) -> Comparison:
    """Two accounts or more side by side.

    Parameters
    ----------
    account_ids
        Whom to compare; one that is named twice counts once.
    run_id
        Whose verdicts; the latest run's otherwise.

    Raises
    ------
    UnknownIdError
        If the store does not know one of them, or the run.
    """
    ids = list(dict.fromkeys(account_ids))
    check_accounts(store, *ids)
    records = [find_account(store, each, run_id=run_id) for each in ids]
    used = _find_used(store, ids)
    shared = _count(store, {thing: who for thing, who in used.items() if len(who) > 1})
    shared += _find_dealings(store, ids)
    shared.sort(key=lambda each: (weigh_channel(each.channel), each.accounts or 0, each.channel, each.name))
    return Comparison(
        accounts=tuple(_sum_up(store, each) for each in records),
        in_common=tuple(shared),
        apart=tuple(_tell_apart(records, used)),
    )


def _find_used(store: GraphStore, ids: Sequence[str]) -> dict[Thing, set[str]]:
    """Everything that the accounts use or deal with, and which of them do."""
    used: dict[Thing, set[str]] = defaultdict(set)
    asked = [about_accounts(_USES, f"DISTINCT {_WHO}, t.kind AS kind, t.canonical AS name", ids)]
    asked += [about_accounts(way, f"DISTINCT {_WHO}, {name} AS name", ids) for way, name in _WAYS.values()]
    things, *deeds = store.query_many(asked)
    for row in things:
        used[(row["kind"], row["name"])].add(row["account_id"])
    for channel, rows in zip(_WAYS, deeds, strict=True):
        for row in rows:
            if row["name"] is not None:
                used[(channel, row["name"])].add(row["account_id"])
    return used


def _count(store: GraphStore, shared: dict[Thing, set[str]]) -> list[InCommon]:
    """How common in the market each thing is that is shared; None where that is not counted."""
    by_channel: dict[str, list[str]] = defaultdict(list)
    for channel, name in shared:
        by_channel[channel].append(name)
    kinds = sorted({name for channel, names in by_channel.items() if channel not in _WAYS for name in names})
    asked = [_ask_users(_USERS_OF_THING, kinds, ", t.kind AS channel")]
    # All of them, also where there is nothing to count: a server plans another question anew.
    asked += [_ask_users(users, by_channel[channel], "") for channel, users in _USERS.items()]
    things, *deeds = store.query_many(asked)
    sizes = {(row["channel"], row["name"]): row["n"] for row in things}
    for channel, rows in zip(_USERS, deeds, strict=True):
        sizes |= {(channel, row["name"]): row["n"] for row in rows}
    return [InCommon(*thing, sizes.get(thing), tuple(sorted(who))) for thing, who in shared.items()]


def _ask_users(users: tuple[str, str, str], names: Iterable[str], more: str) -> Question:
    near, key, way = users
    return Question(near, key, f"{key} AS name{more}", sorted(names), way, gather="b.account_id")


def _find_dealings(store: GraphStore, ids: Sequence[str]) -> list[InCommon]:
    """What they did with one another."""
    asked = [
        about_accounts("(a)-[o:ORDERED]->(b:Account)", f"{_WHO}, b.account_id AS other, count(o) AS n", ids),
        about_accounts("(a)-[:REFERRED]->(b:Account)", f"{_WHO}, b.account_id AS other, count(b) AS n", ids),
    ]
    sold, brought = store.query_many(asked)
    told = [("trade", row, f"{row['account_id']} bought {_say_orders(row['n'])} from {row['other']}") for row in sold]
    told += [("referral", row, f"{row['account_id']} brought in {row['other']}") for row in brought]
    return [
        InCommon(channel, words, 2, tuple(sorted({row["account_id"], row["other"]})))
        for channel, row, words in told
        if row["other"] in ids
    ]


def _say_orders(n: int) -> str:
    return "1 order" if n == 1 else f"{n:,} orders"


_TIMES = "collect(o.ordered_at) AS times"


def _sum_up(store: GraphStore, account: AccountRecord) -> ComparedAccount:
    ways = ("(a)-[o:ORDERED]->(t)", "(a)<-[o:ORDERED]-(t)")
    sides = [about_accounts(way, _TIMES, [account.account_id]) for way in ways]
    times = [_as_time(each) for rows in store.query_many(sides) for row in rows for each in row["times"] if each]
    back = sum(each.total for each in account.bought.statuses if each.name in ("refunded", "returned", "disputed"))
    return ComparedAccount(
        account_id=account.account_id,
        tier=account.tier,
        risk_score=account.risk_score,
        rings=tuple(f"{ring.ring_id} {ring.role}" for ring in account.rings),
        labels=tuple(each.label for each in account.labels),
        created_at=account.created_at,
        role=account.role,
        segment=account.segment,
        status=account.status,
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        usual_hour=_find_middle([each.hour for each in times]),
        bought=account.bought.orders,
        sellers=account.bought.counterparties,
        refund_share=round(back / account.bought.orders, 4) if account.bought.orders else None,
        sold=account.sold.orders,
        buyers=account.sold.counterparties,
        reviews=account.reviews.written,
        mean_rating=account.reviews.mean_rating,
    )


def _as_time(value: datetime) -> datetime:
    native: datetime = value.to_native() if hasattr(value, "to_native") else value
    return native.replace(tzinfo=None)


def _find_middle(hours: list[int]) -> int | None:
    return sorted(hours)[len(hours) // 2] if hours else None


def _tell_apart(records: Sequence[AccountRecord], used: dict[Thing, set[str]]) -> Iterable[str]:
    """What speaks against their being one, in sentences."""
    yield from _tell_kinds_apart(records, used)
    for name in ("role", "segment", "status"):
        values = {getattr(each, name) for each in records} - {None}
        if len(values) > 1:
            yield f"{name}: {' and '.join(sorted(values))}"
    for one, other in combinations(records, 2):
        if one.created_at and other.created_at and abs((one.created_at - other.created_at).days) >= _FAR_DAYS:
            days = abs((one.created_at - other.created_at).days)
            yield f"created {days:,} days apart: {one.account_id} and {other.account_id}"
        mine, theirs = ({ring.ring_id for ring in each.rings} for each in (one, other))
        if mine and theirs and not mine & theirs:
            told = (f"{who.account_id} in {', '.join(sorted(each))}" for who, each in ((one, mine), (other, theirs)))
            yield f"in different rings: {', '.join(told)}"


_FAR_DAYS = 30
"""Who signed up further apart than this did not sign up together."""


def _tell_kinds_apart(records: Sequence[AccountRecord], used: dict[Thing, set[str]]) -> Iterable[str]:
    """Kinds of things that all of them use, and none shares."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    shared = {channel for (channel, _), who in used.items() if len(who) > 1}
    for (channel, _), who in used.items():
        for each in who:
            counts[channel][each] = counts[channel].get(each, 0) + 1
    for channel in sorted(counts):
        if channel not in shared and channel not in _WAYS and len(counts[channel]) == len(records):
            numbers = " and ".join(str(counts[channel][each.account_id]) for each in records)
            yield f"{channel}: {numbers}, none in common"
