"""Accounts side by side: what they have in common and how common that is, their habits, and what tells them apart."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import combinations

from graph.queries.asking import VERDICT, Row, about_accounts
from graph.queries.ids import check_accounts
from graph.queries.verdicts import FLAG, Viewpoint, find_viewpoint, read_flags
from graph.queries.views import ComparedAccount, Comparison, InCommon
from graph.queries.ways import weigh_channel
from graph.stores.protocol import GraphStore, Question
from graph.stores.shape import NODES, say_returns
from graph.vocabulary import REFUND_STATUSES

Thing = tuple[str, str]

_WHO = "a.account_id AS account_id"
_ORDERS = f"{_WHO}, o.status AS status, count(DISTINCT o.order_id) AS n, collect(o.ordered_at) AS times"
_PARTNERS = f"{_WHO}, count(DISTINCT t.account_id) AS n"
_TRANSFERS = f"""{_WHO}, count(DISTINCT p.transfer_id) AS n, count(DISTINCT t.account_id) AS partners,
collect(p.paid_at) AS times"""
_KNOWN = ("account_id", "created_at", "role", "segment", "status", *VERDICT)
_PAGE = {
    "account": ("", say_returns("a", NODES["Account"], _KNOWN)),
    "rings": ("(a)-[m:MEMBER_OF]->(g:Ring)", f"{_WHO}, g.ring_id AS ring_id, g.run_id AS run_id, m.role AS part"),
    "parties": ("(a)<-[p:INVOLVES]-(g:Ring)", f"{_WHO}, g.ring_id AS ring_id, g.run_id AS run_id, p.role AS part"),
    "flags": ("(a)<-[:`ON`]-(f:Flag)<-[:RAISED]-(u:Run)", FLAG),
    "labels": ("(a)-[:LABELLED]->(k:Label)", f"DISTINCT {_WHO}, k.label AS label"),
    "bought": ("(a)-[o:ORDERED]->(t)", _ORDERS),
    "sold": ("(a)<-[o:ORDERED]-(t)", _ORDERS),
    "sellers": ("(a)-[:ORDERED]->(t:Account)", _PARTNERS),
    "buyers": ("(a)<-[:ORDERED]-(t:Account)", _PARTNERS),
    "paid": ("(a)-[p:PAID]->(t)", _TRANSFERS),
    "received": ("(a)<-[p:PAID]-(t)", _TRANSFERS),
    "written": ("(a)-[:WROTE]->(r:Review)", f"{_WHO}, count(r) AS n, collect(r.rating) AS ratings"),
}
"""All that is told of each account, asked of all of them at once."""
_WAYS = {
    # The way from an account, and the name of what is reached.
    "bought product": ("(a)-[o:ORDERED]->(t)", "o.product_id"),
    "bought from": ("(a)-[:ORDERED]->(t:Account)", "t.account_id"),
    "sold to": ("(a)<-[:ORDERED]-(t:Account)", "t.account_id"),
    "paid to": ("(a)-[:PAID]->(t:Account)", "t.account_id"),
    "paid by": ("(a)<-[:PAID]-(t:Account)", "t.account_id"),
    "reviewed product": ("(a)-[:WROTE]->(:Review)-[:ABOUT]->(t:Listing)", "t.product_id"),
    "reviewed seller": ("(a)-[:WROTE]->(:Review)-[:ABOUT]->(t:Account)", "t.account_id"),
    "brought in by": ("(a)<-[:REFERRED]-(t:Account)", "t.account_id"),
}
_SELLER = ("(t:Account)", "t.account_id")
_USERS: dict[str, tuple[str, str, str]] = {
    "bought from": (*_SELLER, "(t)<-[:ORDERED]-(b:Account)"),
    "sold to": (*_SELLER, "(t)-[:ORDERED]->(b:Account)"),
    "paid to": (*_SELLER, "(t)<-[:PAID]-(b:Account)"),
    "paid by": (*_SELLER, "(t)-[:PAID]->(b:Account)"),
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
    view = find_viewpoint(store, run_id)
    used, page = _ask(store, ids)
    shared = _count(store, {thing: who for thing, who in used.items() if len(who) > 1})
    shared += _find_dealings(store, ids)
    shared.sort(key=lambda each: (weigh_channel(each.channel), each.accounts or 0, each.channel, each.name))
    accounts = tuple(_sum_up(view, {name: rows.get(each, []) for name, rows in page.items()}) for each in ids)
    return Comparison(accounts, tuple(shared), tuple(_tell_apart(accounts, used)))


def _ask(store: GraphStore, ids: Sequence[str]) -> tuple[dict[Thing, set[str]], dict[str, dict[str, list[Row]]]]:
    """Everything that the accounts use or deal with, and which of them do; and by question and account what is told."""
    asked = [about_accounts(_USES, f"DISTINCT {_WHO}, t.kind AS kind, t.canonical AS name", ids)]
    asked += [about_accounts(way, f"DISTINCT {_WHO}, {name} AS name", ids) for way, name in _WAYS.values()]
    asked += [about_accounts(way, returns, ids) for way, returns in _PAGE.values()]
    things, *rest = store.query_many(asked)
    deeds, told = rest[: len(_WAYS)], rest[len(_WAYS) :]
    page: dict[str, dict[str, list[Row]]] = {name: defaultdict(list) for name in _PAGE}
    for name, rows in zip(_PAGE, told, strict=True):
        for row in rows:
            page[name][row["account_id" if name != "flags" else "subject_id"]].append(row)
    return _gather_used(things, deeds), page


def _gather_used(things: Sequence[Row], deeds: Sequence[Sequence[Row]]) -> dict[Thing, set[str]]:
    used: dict[Thing, set[str]] = defaultdict(set)
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
        about_accounts("(a)-[p:PAID]->(b:Account)", f"{_WHO}, b.account_id AS other, count(p) AS n", ids),
        about_accounts("(a)-[:REFERRED]->(b:Account)", f"{_WHO}, b.account_id AS other, count(b) AS n", ids),
    ]
    sold, paid, brought = store.query_many(asked)
    told = [("trade", row, f"{row['account_id']} bought {_say_orders(row['n'])} from {row['other']}") for row in sold]
    told += [("transfer", row, f"{row['account_id']} paid {row['other']} {_say_times(row['n'])}") for row in paid]
    told += [("referral", row, f"{row['account_id']} brought in {row['other']}") for row in brought]
    return [
        InCommon(channel, words, 2, tuple(sorted({row["account_id"], row["other"]})))
        for channel, row, words in told
        if row["other"] in ids
    ]


def _say_orders(n: int) -> str:
    return "1 order" if n == 1 else f"{n:,} orders"


def _say_times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def _sum_up(view: Viewpoint, page: dict[str, list[Row]]) -> ComparedAccount:
    """One account, of the rows about it."""
    (account,) = page["account"]
    judged = view.judge(account, read_flags(page["flags"]))
    rings = [row for row in (*page["rings"], *page["parties"]) if row["run_id"] == judged["run_id"]]
    rows = [*page["bought"], *page["sold"], *page["paid"], *page["received"]]
    times = [_as_time(each) for row in rows for each in row["times"] if each]
    bought = sum(row["n"] for row in page["bought"])
    back = sum(row["n"] for row in page["bought"] if (row["status"] or "").casefold() in REFUND_STATUSES)
    ratings = [each for row in page["written"] for each in row["ratings"]]
    return ComparedAccount(
        account_id=account["account_id"],
        tier=judged["tier"],
        risk_score=judged["risk_score"],
        rings=tuple(f"{row['ring_id']} {row['part']}" for row in sorted(rings, key=lambda row: row["ring_id"])),
        labels=tuple(sorted(row["label"] for row in page["labels"])),
        created_at=account["created_at"],
        role=account["role"],
        segment=account["segment"],
        status=account["status"],
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        usual_hour=_find_middle([each.hour for each in times]),
        bought=bought,
        sellers=sum(row["n"] for row in page["sellers"]),
        refund_share=round(back / bought, 4) if bought else None,
        sold=sum(row["n"] for row in page["sold"]),
        buyers=sum(row["n"] for row in page["buyers"]),
        reviews=sum(row["n"] for row in page["written"]),
        mean_rating=math.fsum(ratings) / len(ratings) if ratings else None,
        paid=sum(row["n"] for row in page["paid"]),
        payees=sum(row["partners"] for row in page["paid"]),
        was_paid=sum(row["n"] for row in page["received"]),
        payers=sum(row["partners"] for row in page["received"]),
    )


def _as_time(value: datetime) -> datetime:
    native: datetime = value.to_native() if hasattr(value, "to_native") else value
    return native.replace(tzinfo=None)


def _find_middle(hours: list[int]) -> int | None:
    return sorted(hours)[len(hours) // 2] if hours else None


def _tell_apart(records: Sequence[ComparedAccount], used: dict[Thing, set[str]]) -> Iterable[str]:
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
        mine, theirs = ({ring.rpartition(" ")[0] for ring in each.rings} for each in (one, other))
        if mine and theirs and not mine & theirs:
            told = (f"{who.account_id} in {', '.join(sorted(each))}" for who, each in ((one, mine), (other, theirs)))
            yield f"in different rings: {', '.join(told)}"


_FAR_DAYS = 30
"""Who signed up further apart than this did not sign up together."""


def _tell_kinds_apart(records: Sequence[ComparedAccount], used: dict[Thing, set[str]]) -> Iterable[str]:
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
