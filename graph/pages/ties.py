"""What ties a ring's members, as a store knows it: what they share, since when, and how they deal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.pictures.masks import Identifier, list_identifiers
from graph.pictures.network import Tie
from graph.queries.answers import RingRecord
from graph.queries.asking import USED, Row, about_accounts, count_users
from graph.results import RingLink
from graph.stores.protocol import GraphStore

TRADE = "trade"
"""The channel of dealings: it joins accounts, and no thing does."""
_USES = "(a)-[u:USES]->(i:Identifier)"
_USE = """a.account_id AS account_id, i.kind AS kind, i.value AS value, i.canonical AS canonical,
min(u.seen_at) AS at"""
_BOUGHT = "a.account_id AS account_id, b.account_id AS other_id, min(o.ordered_at) AS at"
_WROTE = "a.account_id AS account_id, b.account_id AS other_id, min(r.reviewed_at) AS at"
_DEALINGS = {
    "order": ("(a)-[o:ORDERED]->(b:Account)", _BOUGHT),
    "review of a seller": ("(a)-[:WROTE]->(r:Review)-[:ABOUT]->(b:Account)", _WROTE),
    "review of an item": ("(a)-[:WROTE]->(r:Review)-[:ABOUT]->(:Listing)<-[:LISTED]-(b:Account)", _WROTE),
}


@dataclass(frozen=True)
class Uses:
    """What some accounts use.

    Attributes
    ----------
    first_at
        By account and thing in words (``device D7``), in any of its spellings, when it was first seen.
    users
        By thing in words, how many accounts of the market use it.
    identifiers
        The things.
    dealt_at
        By who acted, on whom and how (``order``, ``review of a seller``, ``review of an item``), when that began.
    """

    first_at: Mapping[tuple[str, str], datetime | None]
    users: Mapping[str, int]
    identifiers: tuple[Identifier, ...]
    dealt_at: Mapping[tuple[str, str, str], datetime | None]


def read_uses(store: GraphStore, account_ids: Iterable[str]) -> Uses:
    """What some accounts use, and when they first dealt with whom."""
    wanted = sorted(set(account_ids))
    asked = [about_accounts(way, returns, wanted) for way, returns in ((_USES, _USE), *_DEALINGS.values())]
    uses, *dealings = store.query_many(asked)
    (counted,) = store.query_many([count_users(USED, (row["canonical"] for row in uses))])
    sizes = {(row["channel"], row["name"]): row["n"] for row in counted}
    first: dict[tuple[str, str], datetime | None] = {}
    users: dict[str, int] = {}
    for row in uses:
        for name in (row["canonical"], row["value"]):
            what = f"{row['kind']} {name}"
            users[what] = sizes.get((row["kind"], row["canonical"]), 1)
            first[row["account_id"], what] = _find_first(first.get((row["account_id"], what)), row["at"])
    dealt = {
        (row["account_id"], row["other_id"], how): row["at"]
        for how, rows in zip(_DEALINGS, dealings, strict=True)
        for row in rows
    }
    return Uses(first, users, list_identifiers(map(_spell, uses)), dealt)


def _spell(row: Row) -> tuple[str, str, str]:
    return row["kind"], row["canonical"] or "", row["value"] or ""


def _find_first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


def read_ties(ring: RingRecord, uses: Uses) -> list[Tie]:
    """The ties of a ring as the run kept them: its strongest links, each thing's sharers once."""
    ties = [_tie_dealing(link, uses) for link in ring.links if link.channel == TRADE]
    shared: dict[tuple[str, str], list[RingLink]] = defaultdict(list)
    for link in ring.links:
        if link.channel != TRADE:
            shared[link.channel, link.via].append(link)
    return ties + [tie for (channel, what), links in shared.items() for tie in _tie_sharers(channel, what, links, uses)]


def _tie_dealing(link: RingLink, uses: Uses) -> Tie:
    ends = link.account_a, link.account_b
    at = _find_first(uses.dealt_at.get((*ends, "order")), uses.dealt_at.get((*ends[::-1], "order")))
    return Tie(link.account_a, link.channel, link.via, link.bits, at, link.account_b)


def tie_parties(ring: RingRecord, uses: Uses) -> list[Tie]:
    """What members did to those outside of the ring whom it acts on, or for; its evidence has weighed it already."""
    parties = {each.account_id for each in ring.parties} - {each.account_id for each in ring.members}
    return [
        Tie(account_id, how, f"{how}, {other_id}", at=at, other_id=other_id)
        for (account_id, other_id, how), at in sorted(uses.dealt_at.items(), key=lambda each: each[0])
        if other_id in parties
    ]


def _tie_sharers(channel: str, what: str, links: Sequence[RingLink], uses: Uses) -> Iterable[Tie]:
    name = name_plainly(what)
    for account_id in sorted({each for link in links for each in (link.account_a, link.account_b)}):
        at = uses.first_at.get((account_id, name)) or _read_day(what)
        yield Tie(account_id, channel, what, links[0].bits, at, users=uses.users.get(name, 0))


def name_plainly(what: str) -> str:
    """A thing in words without its other spellings."""
    return what.partition(" (also written ")[0]


def _read_day(what: str) -> datetime | None:
    """The day from which on a thing that is a time was, by its last word."""
    try:
        return datetime.fromisoformat(what.rpartition(" ")[2])
    except ValueError:
        return None
