"""The shortest ways between two accounts in what a search has found, the best first; knows no store."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from graph.queries.answers import Share
from graph.vocabulary import PERSONAL_KINDS

Thing = tuple[str, str]
Cost = tuple[int, float]
"""Of a way: how far it is from personal things, then how common what it goes over is."""

_DEALT = frozenset({"trade", "transfer", "reviewed product", "reviewed seller"})


def weigh_channel(channel: str) -> int:
    """How far a channel is from one person's: 0 for a personal thing, 1 for another, 2 for a dealing or an opinion.

    >>> weigh_channel("phone"), weigh_channel("address"), weigh_channel("trade")
    (0, 1, 2)
    """
    return 0 if channel in PERSONAL_KINDS else 2 if channel in _DEALT else 1


@dataclass(frozen=True)
class Links:
    """What a search has found: who shares each thing, how many share it in all, who deals with whom.

    ``partners`` counts those that an account deals with, where that is known.
    """

    users: Mapping[Thing, Set[str]]
    sizes: Mapping[Thing, int]
    dealings: Mapping[tuple[str, str], Set[Share]]
    partners: Mapping[str, int]

    @cached_property
    def things(self) -> Mapping[str, list[Thing]]:
        """By account, what it shares with others."""
        things: dict[str, list[Thing]] = defaultdict(list)
        for thing, users in self.users.items():
            for user in users:
                things[user].append(thing)
        return things

    @cached_property
    def dealers(self) -> Mapping[str, list[tuple[str, Cost]]]:
        """By account, whom it deals with, and how common that is."""
        dealers: dict[str, list[tuple[str, Cost]]] = defaultdict(list)
        for (one, other), shares in self.dealings.items():
            weight = min(weigh_channel(each.channel) for each in shares)
            crowd = max(2, self.partners.get(one, 0), self.partners.get(other, 0)) if weight == 2 else 2
            dealers[one].append((other, (weight, 1 - 1 / crowd)))
            dealers[other].append((one, (weight, 1 - 1 / crowd)))
        return dealers

    def list_layers(self, start: str, end: str) -> list[set[str]]:
        """The accounts 0, 1, 2, … hops from the start, up to the last before the end."""
        layers: list[set[str]] = []
        layer, seen, used = {start}, {start}, set[Thing]()
        while end not in layer:
            layers.append(layer)
            things = {thing for one in layer for thing in self.things[one]} - used
            layer = set().union(*(self.users[thing] for thing in things))
            layer = layer.union(*({other for other, _ in self.dealers[one]} for one in layers[-1])) - seen
            used |= things
            seen |= layer
        return layers

    def list_from(self, account: str) -> Iterator[tuple[str, Cost]]:
        """Each account one hop away, once for each way there, with its cost."""
        for thing in self.things[account]:
            cost = weigh_channel(thing[0]), 1 - 1 / self.sizes[thing]
            yield from ((user, cost) for user in self.users[thing])
        yield from self.dealers[account]


@dataclass(frozen=True)
class ShortestWays:
    """All ways with the fewest hops: from each account on one, where it may go on and what each such hop costs."""

    start: str
    end: str
    onwards: Mapping[str, Mapping[str, Cost]]
    left: Mapping[str, Cost]

    def count(self) -> int:
        """How many ways there are."""
        numbers = {self.end: 1}
        for account, hops in self.onwards.items():  # from the end back
            numbers[account] = sum(numbers[other] for other in hops)
        return numbers[self.start]

    def list_best(self) -> Iterator[tuple[str, ...]]:
        """The accounts on each way, the cheapest first, of equals the first by its accounts."""
        open_ways: list[tuple[Cost, tuple[str, ...], Cost]] = [(self.left[self.start], (self.start,), (0, 0.0))]
        while open_ways:
            _, stops, spent = heapq.heappop(open_ways)
            if stops[-1] == self.end:
                yield stops
                continue
            for other, cost in self.onwards[stops[-1]].items():
                so_far = _add(spent, cost)
                heapq.heappush(open_ways, (_add(so_far, self.left[other]), (*stops, other), so_far))


def find_shortest(links: Links, start: str, end: str) -> ShortestWays:
    """All ways with the fewest hops from one account to another that it is connected with."""
    onwards: dict[str, dict[str, Cost]] = {}
    left: dict[str, Cost] = {end: (0, 0.0)}
    reached = {end}
    for layer in reversed(links.list_layers(start, end)):
        hops: dict[str, dict[str, Cost]] = defaultdict(dict)
        for one in sorted(reached):
            for other, cost in links.list_from(one):
                if other in layer:
                    hops[other][one] = min(hops[other].get(one, cost), cost)
        onwards |= hops
        left |= {account: min(_add(left[one], cost) for one, cost in each.items()) for account, each in hops.items()}
        reached = set(hops)
    return ShortestWays(start, end, onwards, left)


def _add(one: Cost, other: Cost) -> Cost:
    # Rounded, so that ways of equal cost are equal in whatever order it is added up.
    return one[0] + other[0], round(one[1] + other[1], 9)
