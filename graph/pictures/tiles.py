"""Rings as small pictures that can be compared: the same size, the same signs, nothing to read but the shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from graph.pictures.layout import Spot, place_nodes
from graph.queries.answers import RingRecord
from graph.results import RingLink

WIDTH, HEIGHT = 150.0, 96.0
_SPREAD_UP_TO = 40
"""Up to so many members they stand by what joins them; more stand in a circle, which takes no time."""
_DOT, _EDGE = 3.4, 6.0


@dataclass(frozen=True)
class Dot:
    """A member: where it stands, and its role."""

    x: float
    y: float
    role: str


@dataclass(frozen=True)
class Tile:
    """A ring in small: members as dots, and lines between the places of those that a link joins."""

    dots: tuple[Dot, ...]
    lines: tuple[tuple[int, int], ...]
    radius: float


def draw_tile(ring: RingRecord) -> Tile:
    """The small picture of a ring, the same for the same ring."""
    places = {member.account_id: place for place, member in enumerate(ring.members)}
    lines = sorted({_find_ends(link, places) for link in ring.links if _has_ends(link, places)})
    spots = _spread(len(places), lines)
    dots = tuple(Dot(spot.x, spot.y, member.role) for spot, member in zip(spots, ring.members, strict=True))
    return Tile(dots, tuple(lines), _DOT if len(dots) <= _SPREAD_UP_TO else _DOT / 2)


def _has_ends(link: RingLink, places: dict[str, int]) -> bool:
    return link.account_a in places and link.account_b in places


def _find_ends(link: RingLink, places: dict[str, int]) -> tuple[int, int]:
    one, other = sorted((places[link.account_a], places[link.account_b]))
    return one, other


def _spread(n: int, lines: Sequence[tuple[int, int]]) -> list[Spot]:
    if n > _SPREAD_UP_TO:
        reach_x, reach_y = WIDTH / 2 - _EDGE, HEIGHT / 2 - _EDGE
        turns = (2 * math.pi * place / n for place in range(n))
        return [
            Spot(round(WIDTH / 2 + reach_x * math.cos(turn), 1), round(HEIGHT / 2 + reach_y * math.sin(turn), 1))
            for turn in turns
        ]
    wide = place_nodes([9.0] * n, lines, Spot(2.6 * WIDTH, 2.6 * HEIGHT), seed=0)
    return _shrink(wide)


def _shrink(spots: Sequence[Spot]) -> list[Spot]:
    """The same places in the room of a tile."""
    xs, ys = [spot.x for spot in spots], [spot.y for spot in spots]
    scale = min(
        (WIDTH - 2 * _EDGE) / max(max(xs) - min(xs), 1.0), (HEIGHT - 2 * _EDGE) / max(max(ys) - min(ys), 1.0), 0.5
    )
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return [
        Spot(round(WIDTH / 2 + (x - middle[0]) * scale, 1), round(HEIGHT / 2 + (y - middle[1]) * scale, 1))
        for x, y in zip(xs, ys, strict=True)
    ]
