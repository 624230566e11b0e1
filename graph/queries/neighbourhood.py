"""What lies around accounts or a thing, as nodes and edges: who shares what with them, who deals with whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from graph.errors import UnknownIdError
from graph.queries.answers import FoundPath, Share
from graph.queries.asking import USED, about_accounts, count_users
from graph.queries.paths import DEALT, DEFAULT_MAX_HUB, SHARED, Search
from graph.queries.rings import find_accounts_of
from graph.queries.runs import find_latest_run
from graph.queries.search import IDS, search
from graph.queries.verdicts import find_verdicts
from graph.queries.views import Hit
from graph.queries.ways import weigh_channel
from graph.stores.protocol import GraphStore

DEALINGS = frozenset({*DEALT, "referral"})
"""The channels in which there is no thing between two accounts."""
_CHANNELS = {"'reviewed product'": "reviewed product", "'reviewed seller'": "reviewed seller"}


@dataclass(frozen=True)
class Near:
    """An account of a neighbourhood, with the latest run's verdict and rings."""

    account_id: str
    tier: str | None
    risk_score: float | None
    ring_ids: tuple[str, ...]


@dataclass(frozen=True)
class SharedThing:
    """A thing, how many accounts share it in all, and those of the neighbourhood that do."""

    channel: str
    name: str
    accounts: int
    account_ids: tuple[str, ...]


@dataclass(frozen=True)
class Dealing:
    """What one account has to do with another without a thing between them."""

    channel: str
    account_a: str
    account_b: str
    detail: str


@dataclass(frozen=True)
class Neighbourhood:
    """What is around: ``accounts`` of the ``around`` that were met, those first from which it began.

    ``folded`` are things that so many share, or accounts that deal with so many, that nobody was followed over them;
    with the accounts of the neighbourhood that have to do with them.
    """

    roots: tuple[str, ...]
    accounts: tuple[Near, ...]
    things: tuple[SharedThing, ...]
    dealings: tuple[Dealing, ...]
    folded: tuple[SharedThing, ...]
    around: int


@dataclass(frozen=True)
class Reach:
    """How far to look: over these channels (all if none), for so many accounts besides those that it began from."""

    channels: frozenset[str] = frozenset()
    most: int = 40
    max_hub: int = DEFAULT_MAX_HUB


def look_from(store: GraphStore, any_id: str, reach: Reach) -> Neighbourhood:
    """What is around an account, a thing by whatever name it has, or among a ring's members.

    Raises
    ------
    UnknownIdError
        If it is none of these.
    """
    try:
        roots = find_accounts_of(store, any_id)
    except UnknownIdError:
        thing = _find_thing(store, any_id)
        if thing is None:
            raise
        return look_at_thing(store, *thing, most=reach.most)
    return look_around(store, roots, reach if len(roots) == 1 else replace(reach, most=0))


def _find_thing(store: GraphStore, text: str) -> tuple[str, str] | None:
    """The channel and the name of the identifier or the product that a text is."""
    for hit in search(store, text, most=10).hits:
        if hit.match in ("exactly", "in another spelling"):
            if hit.kind == "product":
                return "reviewed product", hit.id
            if is_identifier(hit):
                return find_canonical(store, hit)
    return None


def is_identifier(hit: Hit) -> bool:
    """Whether what was found is an identifier, and not an id."""
    return hit.kind not in IDS


def find_canonical(store: GraphStore, hit: Hit) -> tuple[str, str] | None:
    """The kind and the normal form of an identifier that was found."""
    cypher = "MATCH (i:Identifier) WHERE i.kind = $kind AND i.value = $value RETURN i.canonical AS name LIMIT 1"
    rows = store.query(cypher, kind=hit.kind, value=hit.id)
    return (hit.kind, rows[0]["name"]) if rows else None


def look_around(store: GraphStore, account_ids: Sequence[str], reach: Reach) -> Neighbourhood:
    """What is around some accounts that the store knows: first who shares most, and what is rarest, with them."""
    roots = tuple(dict.fromkeys(account_ids))
    seen = Search(store, frozenset(roots), reach.max_hub)
    seen.widen(set(roots))
    things = {thing: users for thing, users in seen.things.items() if _is_wanted(thing[0], reach)}
    dealings = {
        pair: [each for each in shares if _is_wanted(each.channel, reach)] for pair, shares in seen.dealings.items()
    }
    met = _rank(roots, things, dealings)
    shown = {*roots, *met[: reach.most]}
    return Neighbourhood(
        roots,
        _judge(store, [*roots, *met[: reach.most]]),
        tuple(_keep_things(things, seen.sizes, shown)),
        tuple(_keep_dealings(dealings, shown)),
        tuple(_fold(store, [each for each in seen.left_out if _is_wanted(each.channel, reach)], roots)),
        len(met),
    )


def _is_wanted(channel: str, reach: Reach) -> bool:
    return not reach.channels or channel in reach.channels


def _rank(
    roots: Collection[str], things: dict[tuple[str, str], set[str]], dealings: dict[tuple[str, str], list[Share]]
) -> list[str]:
    """Everybody who was met, those first who share most with where it began."""
    weight: Counter[str] = Counter()
    inside = set(roots)
    for (channel, _), users in things.items():
        for user in users - inside:
            weight[user] += 1_000_000 // max(len(users) - 1, 1) // (1 + weigh_channel(channel))
    for pair, shares in dealings.items():
        for end in set(pair) - inside:
            weight[end] += sum(1_000_000 // (1 + weigh_channel(each.channel)) for each in shares)
    return sorted((each for each in weight if weight[each]), key=lambda each: (-weight[each], each))


def _keep_things(
    things: dict[tuple[str, str], set[str]], sizes: dict[tuple[str, str], int], shown: set[str]
) -> Iterable[SharedThing]:
    for thing, users in sorted(things.items()):
        inside = tuple(sorted(users & shown))
        if len(inside) > 1:
            yield SharedThing(*thing, sizes[thing], inside)


def _keep_dealings(dealings: dict[tuple[str, str], list[Share]], shown: set[str]) -> Iterable[Dealing]:
    for pair, shares in sorted(dealings.items()):
        if set(pair) <= shown:
            yield from (Dealing(each.channel, *pair, each.name) for each in sorted(shares, key=lambda one: one.name))


def _fold(store: GraphStore, left_out: Iterable[Share], roots: Sequence[str]) -> Iterable[SharedThing]:
    """What was folded, with those of the accounts that have to do with it."""
    ours = _find_users(store, roots)
    for share in sorted(left_out, key=lambda each: (-each.accounts, each.channel, each.name)):
        who = ours.get((share.channel, share.name), set())
        yield SharedThing(share.channel, share.name, share.accounts, tuple(sorted(who)))


def _find_users(store: GraphStore, account_ids: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """Which of some accounts have to do with which thing, or deal with whom."""
    named = [(f"{way}{thing}", sort, name) for way, thing, sort, name, _ in SHARED]
    named += [(way, f"'{channel}'", "b.account_id") for channel, dealt in DEALT.items() for way in dealt.ways]
    asked = [
        about_accounts(way, f"DISTINCT a.account_id AS account_id, {sort} AS channel, {name} AS name", account_ids)
        for way, sort, name in named
    ]
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in (row for rows in store.query_many(asked) for row in rows):
        found[(row["channel"], row["name"])].add(row["account_id"])
    return found


def look_at_thing(store: GraphStore, channel: str, name: str, *, most: int) -> Neighbourhood:
    """Who shares a thing: the first so many by their ids, however many share it.

    Raises
    ------
    UnknownIdError
        If nobody does.
    """
    shared = next((each for each in SHARED if _CHANNELS.get(each[2]) == channel), USED)
    (rows,) = store.query_many([count_users(shared, [name], most=1_000_000)])
    row = next((each for each in rows if each["channel"] == channel), None)
    if row is None:
        raise UnknownIdError(f"no account has to do with {channel} {name!r}")
    who = sorted(row["gathered"])
    shown = tuple(who[:most])
    thing = SharedThing(channel, name, row["n"], shown)
    return Neighbourhood((), _judge(store, shown), (thing,), (), (), len(who))


def trace(store: GraphStore, path: FoundPath) -> Neighbourhood:
    """The accounts and things of a path, as a neighbourhood."""
    hops = [hop for way in (path.hops, *path.others) for hop in way]
    users: dict[Share, set[str]] = defaultdict(set)
    dealings = set[Dealing]()
    for hop in hops:
        for share in hop.shares:
            if share.channel in DEALINGS:
                one, other = sorted((hop.account_a, hop.account_b))
                dealings.add(Dealing(share.channel, one, other, share.name))
            else:
                users[share] |= {hop.account_a, hop.account_b}
    ids = list(dict.fromkeys([path.account_a, *(end for hop in hops for end in (hop.account_a, hop.account_b))]))
    things = [SharedThing(each.channel, each.name, each.accounts, tuple(sorted(who))) for each, who in users.items()]
    things.sort(key=lambda each: (each.channel, each.name))
    ordered = tuple(sorted(dealings, key=lambda each: (each.account_a, each.account_b, each.detail)))
    return Neighbourhood((path.account_a, path.account_b), _judge(store, ids), tuple(things), ordered, (), len(ids))


def _judge(store: GraphStore, account_ids: Sequence[str]) -> tuple[Near, ...]:
    """Accounts, in their order, with what the latest run says of them."""
    if not account_ids:
        return ()
    verdicts = find_verdicts(store, account_ids)
    way, returns = "(a)-[:MEMBER_OF]->(g:Ring)", "a.account_id AS account_id, g.ring_id AS ring_id, g.run_id AS run_id"
    (rows,) = store.query_many([about_accounts(way, returns, account_ids)])
    latest = find_latest_run(store)
    rings: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if latest is not None and row["run_id"] == latest.run_id:
            rings[row["account_id"]].add(row["ring_id"])
    return tuple(
        Near(each, verdicts[each].tier, verdicts[each].risk_score, tuple(sorted(rings[each]))) for each in account_ids
    )
