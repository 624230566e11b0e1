"""A look around: from one account or ring on, hop by hop, as a tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from graph.queries.answers import Share
from graph.queries.paths import DEFAULT_MAX_HUB, Search
from graph.queries.rings import find_accounts_of
from graph.queries.verdicts import find_verdicts
from graph.queries.views import Branch, Expansion
from graph.queries.ways import weigh_channel
from graph.stores.protocol import GraphStore


@dataclass(frozen=True)
class Bounds:
    """How far to look: so many hops, over these channels (all if none), and so many accounts beside one another.

    What more than ``max_hub`` accounts share is folded: it is named and not followed.  Members and tiers are those of
    the run ``run_id``, of the latest otherwise.
    """

    hops: int = 1
    channels: frozenset[str] = frozenset()
    most: int = 10
    max_hub: int = DEFAULT_MAX_HUB
    run_id: str | None = None


def expand(store: GraphStore, subject_id: str, bounds: Bounds) -> Expansion:
    """The accounts around an account, or around the members of a ring, those that share most first.

    Each account stands once, where it is nearest, under the one with which it shares most.

    Raises
    ------
    UnknownIdError
        If it is the id of no account and of no ring.
    """
    roots = find_accounts_of(store, subject_id, run_id=bounds.run_id)
    search = Search(store, frozenset(roots), bounds.max_hub)
    levels: list[Children] = []
    seen, frontier = set(roots), list(roots)
    for _ in range(bounds.hops):
        search.widen(set(frontier))
        found = _find_children(search, frontier, seen, bounds.channels)
        levels.append(found)
        frontier = [each for children in found.values() for each, _ in children[: bounds.most]]
        seen |= {each for children in found.values() for each, _ in children}
        if not frontier:
            break
    verdicts = find_verdicts(store, {*roots, *_list_shown(levels, bounds)}, run_id=bounds.run_id)
    tiers = {each: verdict.tier for each, verdict in verdicts.items()}
    branches = tuple(_grow(root, (), levels, tiers, bounds.most) for root in roots)
    folded = sorted(_pick(search.left_out, bounds.channels), key=lambda each: (-each.accounts, each.channel, each.name))
    return Expansion(subject_id, branches, len(seen) - len(roots), tuple(folded))


Children = dict[str, list[tuple[str, tuple[Share, ...]]]]


def _find_children(
    search: Search, frontier: Sequence[str], seen: Collection[str], channels: Collection[str]
) -> Children:
    """New accounts one hop away, under the account of the frontier with which they share most."""
    links = search.find_links()
    best: dict[str, tuple[tuple[float, int], str, tuple[Share, ...]]] = {}
    for place, account in enumerate(frontier):
        for other in {each for each, _ in links.list_from(account)} - set(seen):
            shares = tuple(_pick(search.list_shares(account, other), channels))
            if shares:
                rank = -_rate(shares), place
                best[other] = min(best.get(other, (rank, account, shares)), (rank, account, shares))
    children: Children = defaultdict(list)
    for other, (_, account, shares) in sorted(best.items(), key=lambda each: (each[1][0], each[0])):
        children[account].append((other, shares))
    return children


def _rate(shares: Iterable[Share]) -> float:
    """How much is shared: what is rare and personal counts most."""
    return sum(1 / max(each.accounts - 1, 1) / (1 + weigh_channel(each.channel)) for each in shares)


def _pick(shares: Iterable[Share], channels: Collection[str]) -> list[Share]:
    return [each for each in shares if not channels or each.channel in channels]


def _list_shown(levels: Sequence[Children], bounds: Bounds) -> set[str]:
    return {each for level in levels for children in level.values() for each, _ in children[: bounds.most]}


def _grow(
    account: str, shares: tuple[Share, ...], levels: Sequence[Children], tiers: dict[str, str | None], most: int
) -> Branch:
    children = levels[0].get(account, []) if levels else []
    shown = tuple(_grow(each, shared, levels[1:], tiers, most) for each, shared in children[:most])
    return Branch(account, tiers.get(account), shares, shown, len(children))
