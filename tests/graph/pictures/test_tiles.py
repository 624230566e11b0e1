"""Rings in small: every member is a dot inside of the picture, and the same ring is the same picture."""

from __future__ import annotations

import pytest
from pictured import make_ring

from graph.pictures.tiles import HEIGHT, WIDTH, draw_tile


@pytest.mark.parametrize("n", [1, 2, 3, 12, 40, 41, 400])
def test_every_member_is_a_dot_inside(n: int) -> None:
    tile = draw_tile(make_ring([f"a{number}" for number in range(n)]))
    assert len(tile.dots) == n
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in tile.dots)
    assert len({(dot.x, dot.y) for dot in tile.dots}) > 0.9 * n


def test_lines_join_the_places_of_those_that_a_link_joins() -> None:
    tile = draw_tile(make_ring(["ann", "bob", "cyd"]))
    assert tile.lines == ((0, 1), (0, 2), (1, 2))
    assert [dot.role for dot in tile.dots] == ["fringe", "core", "core"]


def test_the_same_ring_is_the_same_picture() -> None:
    ring = make_ring([f"a{number}" for number in range(30)])
    assert draw_tile(ring) == draw_tile(ring)
