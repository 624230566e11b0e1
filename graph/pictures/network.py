"""A ring, or what is around an account, as nodes and edges with places, crowds and hubs folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from graph.pictures.layout import MARGIN, NAME_HEIGHT, Spot, place_nodes

NodeKind = Literal["account", "crowd", "thing", "hub", "party"]
FOLDED_FROM = 9
"""So many accounts with the very same ties are one crowd in a picture: as nodes of their own they would say no more."""
HUB_FROM = 50
"""What more accounts of the whole market share is a hub: it joins everybody, and says little of anybody."""
NAMED = 60
"""Up to so many nodes all of them bear their names; beyond that names would only hide one another."""
_ROOMY, _SMALLEST = 110, 0.42
_RADIUS: Mapping[NodeKind, float] = {"account": 11.0, "crowd": 19.0, "thing": 8.0, "hub": 13.0, "party": 13.0}


@dataclass(frozen=True)
class Tie:
    """What joins an account to a thing, or to another account.

    Attributes
    ----------
    account_id
        Whose tie it is.
    channel, what
        The way of being connected, and the thing in words; of a dealing, what was dealt.
    bits
        How much it ties the account to the others; 0 where nobody has weighed it.
    at
        Since when (UTC), where that is known.
    other_id
        The other account, of a dealing; empty where both share a thing.
    users
        How many accounts of the whole market share the thing; 0 where nobody has counted.
    """

    account_id: str
    channel: str
    what: str
    bits: float = 0.0
    at: datetime | None = None
    other_id: str = ""
    users: int = 0


@dataclass(frozen=True)
class Person:
    """An account of a picture: a member, somebody around it, or a party outside of a ring (``is_outside``)."""

    account_id: str
    role: str
    tier: str = ""
    bits: float = 0.0
    at: datetime | None = None
    is_outside: bool = False


@dataclass(frozen=True)
class Node:
    """A mark of a picture, at ``x`` and ``y``.

    ``count`` is how many accounts it stands for: of a crowd those that are folded, of a thing or a hub those that
    share it; ``account_ids`` names those of them that are in the picture.
    """

    kind: NodeKind
    name: str
    role: str
    tier: str
    count: int
    bits: float
    at: datetime | None
    account_ids: tuple[str, ...]
    x: float = 0.0
    y: float = 0.0
    radius: float = 10.0


@dataclass(frozen=True)
class Edge:
    """Two nodes, by their places in the list, and what joins them; ``width`` grows with the bits."""

    source: int
    target: int
    channel: str
    what: str
    bits: float
    at: datetime | None
    width: float
    is_dealing: bool


@dataclass(frozen=True)
class Network:
    """The picture of a ring or a neighbourhood, ``width`` by ``height``."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of its edges, those with the most bits first."""
        bits: dict[str, float] = defaultdict(float)
        for edge in self.edges:
            bits[edge.channel] += edge.bits
        return tuple(sorted(bits, key=lambda name: (-bits[name], name)))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of its accounts, in the order in which they are met."""
        return tuple(dict.fromkeys(node.role for node in self.nodes if node.role))


def draw_network(people: Sequence[Person], ties: Iterable[Tie], *, width: float = 920.0, seed: int = 1) -> Network:
    """Fold what says the same, and give everything its place.

    Parameters
    ----------
    people
        The accounts; ties of others are left out.
    ties
        What joins them to things and to one another, in any order.
    width
        Of the picture, in pixels; its height follows.
    seed
        Of the places: the same people, ties and seed give the same picture, to the byte.
    """
    known = {each.account_id for each in people}
    kept = sorted(
        (tie for tie in ties if tie.account_id in known and (not tie.other_id or tie.other_id in known)), key=_order
    )
    nodes, place = _list_nodes(people, kept)
    edges = _list_edges(kept, place)
    nodes, edges = _shrink(nodes, edges)
    height = round(width * 0.62)
    sizes, pairs = [node.radius for node in nodes], [(each.source, each.target) for each in edges]
    wide = 2.2 if len(nodes) <= NAMED else 1.0
    spots = place_nodes(sizes, pairs, Spot(width, height), seed=seed, wide=wide)
    # What few nodes leave empty above and below is cut off.
    top = min((spot.y for spot in spots), default=MARGIN) - MARGIN
    low = max((spot.y for spot in spots), default=MARGIN) + MARGIN + NAME_HEIGHT
    placed = tuple(replace(node, x=spot.x, y=round(spot.y - top, 1)) for node, spot in zip(nodes, spots, strict=True))
    return Network(placed, tuple(edges), width, round(low - top, 1))


def _shrink(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[list[Node], list[Edge]]:
    """Smaller marks and thinner lines where there are many, so that one still sees between them."""
    scale = max(min(1.0, (_ROOMY / max(len(nodes), 1)) ** 0.5), _SMALLEST)
    smaller = [replace(each, radius=round(each.radius * scale, 1)) for each in nodes]
    return smaller, [replace(each, width=round(each.width * scale, 2)) for each in edges]


def _order(tie: Tie) -> tuple[str, str, str, str, float]:
    return tie.channel, tie.what, tie.account_id, tie.other_id, -tie.bits


def _list_nodes(people: Sequence[Person], ties: Sequence[Tie]) -> tuple[list[Node], dict[str, int]]:
    """The nodes, and the place of each account (``account:ID``) and thing (``thing:CHANNEL:WHAT``) among them."""
    nodes: list[Node] = []
    place: dict[str, int] = {}
    for crowd in _fold(people, ties):
        place.update({f"account:{each.account_id}": len(nodes) for each in crowd})
        nodes.append(_make_crowd(crowd) if len(crowd) > 1 else _make_person(crowd[0]))
    shared: dict[str, list[Tie]] = defaultdict(list)
    for tie in ties:
        if not tie.other_id:
            shared[_name_thing(tie)].append(tie)
    for name, found in shared.items():
        place[name] = len(nodes)
        nodes.append(_make_thing(found))
    return nodes, place


def _name_thing(tie: Tie) -> str:
    return f"thing:{tie.channel}:{tie.what}"


def _fold(people: Sequence[Person], ties: Sequence[Tie]) -> list[list[Person]]:
    """People with the very same ties, where they are many; everybody else by themselves."""
    seen: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for tie in ties:
        seen[tie.account_id].add((tie.channel, tie.what, tie.other_id))
        if tie.other_id:
            seen[tie.other_id].add((tie.channel, tie.what, tie.account_id))
    alike: dict[object, list[Person]] = defaultdict(list)
    for person in people:
        alike[person.role, person.tier, frozenset(seen[person.account_id])].append(person)
    return [
        part
        for group in alike.values()
        for part in ([group] if len(group) >= FOLDED_FROM and not group[0].is_outside else [[each] for each in group])
    ]


def _make_person(person: Person) -> Node:
    kind: NodeKind = "party" if person.is_outside else "account"
    return Node(
        *(kind, person.account_id, person.role, person.tier, 1, person.bits, person.at, (person.account_id,)),
        radius=_RADIUS[kind],
    )


def _make_crowd(crowd: Sequence[Person]) -> Node:
    first, ids = crowd[0], tuple(sorted(each.account_id for each in crowd))
    bits = sum(each.bits for each in crowd)
    known = [each.at for each in crowd if each.at is not None]
    at = min(known) if known else None
    return Node("crowd", "", first.role, first.tier, len(ids), bits, at, ids, radius=_RADIUS["crowd"])


def _make_thing(ties: Sequence[Tie]) -> Node:
    ids = tuple(sorted({tie.account_id for tie in ties}))
    users = max(len(ids), *(tie.users for tie in ties))
    kind: NodeKind = "hub" if users > HUB_FROM else "thing"
    known = [tie.at for tie in ties if tie.at is not None]
    bits = sum(tie.bits for tie in ties)
    at = min(known) if known else None
    return Node(kind, ties[0].what, "", "", users, bits, at, ids, radius=_RADIUS[kind])


def _list_edges(ties: Sequence[Tie], place: Mapping[str, int]) -> list[Edge]:
    """One edge for each two nodes and channel; those of a crowd are added up."""
    joined: dict[tuple[int, int, str, str], list[Tie]] = defaultdict(list)
    for tie in ties:
        source = place[f"account:{tie.account_id}"]
        target = place[f"account:{tie.other_id}" if tie.other_id else _name_thing(tie)]
        if source != target:
            joined[source, target, tie.channel, tie.what].append(tie)
    most = max((sum(tie.bits for tie in found) for found in joined.values()), default=0.0)
    return [_make_edge(key, found, most) for key, found in joined.items()]


def _make_edge(key: tuple[int, int, str, str], ties: Sequence[Tie], most: float) -> Edge:
    source, target, channel, what = key
    bits = sum(tie.bits for tie in ties)
    known = [tie.at for tie in ties if tie.at is not None]
    width = 1.0 + (3.5 * (max(bits, 0.0) / most) ** 0.5 if most > 0 else 0.0)
    at = min(known) if known else None
    return Edge(source, target, channel, what, bits, at, round(width, 2), bool(ties[0].other_id))
