"""Who is connected with whom: neighbours, and the shortest way from one account to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, pairwise

from graph.queries.answers import FoundPath, Hop, Neighbour, Share
from graph.queries.asking import USED, Row, about_accounts, count_users
from graph.queries.ids import check_account, check_accounts
from graph.queries.ways import Links, find_shortest, weigh_channel
from graph.stores.protocol import GraphStore, Question

DEFAULT_MAX_HUB = 50
DEFAULT_MAX_HOPS = 6

_REVIEWED = "(a)-[:WROTE]->(:Review)-[:ABOUT]->"
_REVIEWERS = "(t)<-[:ABOUT]-(:Review)<-[:WROTE]-(b:Account)"
SHARED = (
    (_REVIEWED, "(t:Listing)", "'reviewed product'", "t.product_id", _REVIEWERS),
    (_REVIEWED, "(t:Account)", "'reviewed seller'", "t.account_id", _REVIEWERS),
    USED,
)
_REFERRALS = ("(a)-[:REFERRED]->(b:Account)", "(a)<-[:REFERRED]-(b:Account)")
_REFERRED_TO = "DISTINCT a.account_id AS one, b.account_id AS other"


@dataclass(frozen=True)
class Dealt:
    """Dealings of one kind: the ``ways`` from an account to whom it deals with, the ``key`` and the name of one."""

    ways: tuple[str, str]
    key: str
    name: str

    @property
    def returns(self) -> str:
        """Who dealt with whom, and how often."""
        return f"a.account_id AS one, b.account_id AS other, count(DISTINCT {self.key}) AS n"


DEALT = {
    "trade": Dealt(("(a)-[o:ORDERED]->(b:Account)", "(a)<-[o:ORDERED]-(b:Account)"), "o.order_id", "order"),
    "transfer": Dealt(("(a)-[p:PAID]->(b:Account)", "(a)<-[p:PAID]-(b:Account)"), "p.transfer_id", "transfer"),
}
"""The channels in which accounts deal with one another, and no thing is between them."""


@dataclass
class Search:
    """What a widening search has found so far; ``ends`` may deal with everybody, hubs between may not.

    ``partners`` counts by channel those with whom an account deals.
    """

    store: GraphStore
    ends: frozenset[str]
    max_hub: int
    things: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    sizes: dict[tuple[str, str], int] = field(default_factory=dict)
    dealings: dict[tuple[str, str], set[Share]] = field(default_factory=lambda: defaultdict(set))
    partners: dict[str, dict[str, int]] = field(default_factory=lambda: {channel: {} for channel in DEALT})
    left_out: set[Share] = field(default_factory=set)

    def widen(self, accounts: set[str]) -> set[str]:
        """All accounts one hop away from these; whatever one may ask at once is asked at once."""
        products, sellers, brought, bought, came, sold, used, *paid = self.store.query_many(self._ask_from(accounts))
        shared = [{(row["channel"], row["name"]) for row in rows} for rows in (products, sellers, used)]
        dealt = {"trade": [*bought, *sold], "transfer": [row for rows in paid for row in rows]}
        self._measure(shared, dealt)
        found = self._add_things(set().union(*shared))
        return found.union(*(self._add_dealings(*each) for each in dealt.items()), self._add_referrals([brought, came]))

    def _ask_from(self, accounts: set[str]) -> list[Question]:
        # A store that asks over two connections asks every other question on each.
        products, sellers, used = (
            about_accounts(f"{way}{thing}", f"DISTINCT {sort} AS channel, {name} AS name", accounts)
            for way, thing, sort, name, _ in SHARED
        )
        bought, sold, *paid = (
            about_accounts(way, each.returns, accounts) for each in DEALT.values() for way in each.ways
        )
        brought, came = (about_accounts(way, _REFERRED_TO, accounts) for way in _REFERRALS)
        return [products, sellers, brought, bought, came, sold, used, *paid]

    def _measure(self, shared: list[set[tuple[str, str]]], dealt: dict[str, list[Row]]) -> None:
        """Find who shares each thing that is new, and count the partners of each account that is no end."""
        fresh = [things - self.sizes.keys() for things in shared]
        products, sellers, used = (
            count_users(kind, (name for _, name in things), most=self.max_hub)
            for kind, things in zip(SHARED, fresh, strict=True)
        )
        between = {
            channel: {row[end] for row in rows for end in ("one", "other")} - self.ends - self.partners[channel].keys()
            for channel, rows in dealt.items()
        }
        sold_by, bought_by, *paid = (
            about_accounts(way, "a.account_id AS one", between[channel], gather="b.account_id")
            for channel, each in DEALT.items()
            for way in each.ways
        )
        # Products and buyers take longest: not on one connection.
        sizes = [products, bought_by, sellers, used, sold_by, *paid]
        products_by, buyers, reviewed_by, used_by, partners, *others = self.store.query_many(sizes)
        for things, rows in zip(fresh, (products_by, reviewed_by, used_by), strict=True):
            self._keep_shared(things, rows)
        for channel, counted in (("trade", [buyers, partners]), ("transfer", others)):
            known = self.partners[channel]
            known |= dict.fromkeys(between[channel], 0)
            for row in (row for rows in counted for row in rows):
                known[row["one"]] += row["n"]

    def _keep_shared(self, things: set[tuple[str, str]], rows: list[Row]) -> None:
        for thing in things:
            self.sizes.setdefault(thing, 1)
        for row in rows:
            thing = row["channel"], row["name"]
            if thing in things:
                self.sizes[thing] = row["n"]
                if 1 < row["n"] <= self.max_hub:
                    self.things[thing] = set(row["gathered"])

    def _add_things(self, things: set[tuple[str, str]]) -> set[str]:
        self.left_out |= {Share(*each, self.sizes[each]) for each in things if self.sizes[each] > self.max_hub}
        return set().union(*(self.things[thing] for thing in things & self.things.keys()))

    def _add_dealings(self, channel: str, rows: list[Row]) -> set[str]:
        between = {row[end] for row in rows for end in ("one", "other")} - self.ends
        hubs = {account for account in between if self.partners[channel][account] > self.max_hub}
        self.left_out |= {Share(channel, account, self.partners[channel][account]) for account in hubs}
        found, name = set[str](), DEALT[channel].name
        for row in rows:
            pair = _as_pair(row)
            if not hubs.intersection(pair):
                self.dealings[pair].add(Share(channel, f"{row['n']} {name}s" if row["n"] > 1 else f"1 {name}", 2))
                found.add(row["other"])
        return found

    def _add_referrals(self, ways: list[list[Row]]) -> set[str]:
        found = set[str]()
        for rows, says in zip(ways, ("brought in", "was brought in by"), strict=True):
            for row in rows:
                known = self.dealings[_as_pair(row)]
                if not any(share.channel == "referral" for share in known):
                    known.add(Share("referral", f"{row['one']} {says} {row['other']}", 2))
                found.add(row["other"])
        return found

    def list_shares(self, account_a: str, account_b: str) -> tuple[Share, ...]:
        """Everything found so far that two accounts share: what is personal first, then what is rarest."""
        both = {account_a, account_b}
        things = {Share(*thing, self.sizes[thing]) for thing, users in self.things.items() if both <= users}
        dealings = self.dealings.get((min(both), max(both)), set())
        return tuple(sorted(things | dealings, key=lambda each: (weigh_channel(each.channel), *_rate(each))))

    def find_links(self) -> Links:
        """What was found, by account."""
        partners: dict[str, int] = {}
        for known in self.partners.values():
            partners |= {account: max(n, partners.get(account, 0)) for account, n in known.items()}
        return Links(self.things, self.sizes, {pair: each for pair, each in self.dealings.items() if each}, partners)


def find_neighbours(store: GraphStore, account_id: str, *, max_hub: int = DEFAULT_MAX_HUB) -> list[Neighbour]:
    """The accounts one hop away; those that share most, and what is rarest, first."""
    check_account(store, account_id)
    search = Search(store, frozenset({account_id}), max_hub)
    found = search.widen({account_id}) - {account_id}
    shares: dict[str, set[Share]] = defaultdict(set)
    for thing, users in search.things.items():
        for user in users & found:
            shares[user].add(Share(*thing, search.sizes[thing]))
    for pair, dealings in search.dealings.items():
        for end in found.intersection(pair):
            shares[end] |= dealings
    neighbours = [Neighbour(other, _rarest_first(things)) for other, things in shares.items()]
    return sorted(neighbours, key=lambda each: (-_strength(each.shares), each.account_id))


def find_path(
    store: GraphStore,
    account_a: str,
    account_b: str,
    *,
    max_hub: int = DEFAULT_MAX_HUB,
    max_hops: int = DEFAULT_MAX_HOPS,
    most: int = 1,
) -> FoundPath:
    """The shortest ways from one account to another over what they share and how they deal, the best first.

    Both ends widen in turn, the narrower first, so that the ground covered grows with half the
    distance.  Whatever more than ``max_hub`` accounts share is left out, and said so.  Of several
    shortest ways the one over personal things comes first, then the one over the rarest.

    Parameters
    ----------
    most
        How many ways of the shortest are told at most.

    Raises
    ------
    UnknownIdError
        If the store does not know one of them.
    """
    check_accounts(store, account_a, account_b)
    search = Search(store, frozenset({account_a, account_b}), max_hub)
    found = _widen_until_met(search, account_a, account_b, max_hops)
    left_out = tuple(sorted(search.left_out, key=lambda each: (-each.accounts, each.channel, each.name)))
    if not found:
        return FoundPath(account_a, account_b, found, (), left_out, 0, ())
    shortest = find_shortest(search.find_links(), account_a, account_b)
    hops, *others = (
        tuple(Hop(one, other, search.list_shares(one, other)) for one, other in pairwise(stops))
        for stops in islice(shortest.list_best(), most)
    )
    return FoundPath(account_a, account_b, found, hops, left_out, shortest.count(), tuple(others))


def _widen_until_met(search: Search, account_a: str, account_b: str, max_hops: int) -> bool:
    seen = ({account_a}, {account_b})
    edges = [{account_a}, {account_b}]
    for _ in range(max_hops):
        if seen[0] & seen[1] or not all(edges):
            break
        side = int(len(edges[1]) < len(edges[0]))
        edges[side] = search.widen(edges[side]) - seen[side]
        seen[side].update(edges[side])
    return bool(seen[0] & seen[1])


def _as_pair(row: Row) -> tuple[str, str]:
    one, other = sorted((row["one"], row["other"]))
    return one, other


def _rarest_first(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=_rate))


def _rate(share: Share) -> tuple[int, str, str]:
    return share.accounts, share.channel, share.name


def _strength(shares: Iterable[Share]) -> float:
    return sum(1 / (each.accounts - 1) for each in shares if each.accounts > 1)
