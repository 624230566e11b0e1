"""Rings going over into one another, drawn: what changed first, nothing beyond its block, the rest counted."""

from __future__ import annotations

import itertools

import pytest

from graph.lineage import find_overlaps, tell_changes
from graph.pictures.flow import MOST_ROWS, count_changes, draw_flow

BEFORE = {
    "R1": {"ann": 2.0, "bob": 2.0, "cyd": 2.0},
    "R2": {"dan": 2.0, "eve": 2.0},
    "R3": {"fay": 2.0, "gil": 2.0},
}
AFTER = {"R1": {"ann": 2.0, "bob": 2.0, "hal": 2.0}, "R4": {"ian": 2.0, "jo": 2.0}, "R3": {"fay": 2.0, "gil": 2.0}}


def test_what_changed_stands_above_what_did_not() -> None:
    flow = draw_flow(tell_changes(BEFORE, AFTER), find_overlaps(BEFORE, AFTER))
    assert [(each.ring_id, each.happened) for each in flow.before] == [
        ("R1", "changed"),
        ("R2", "faded"),
        ("R3", "same"),
    ]
    assert [(each.ring_id, each.size) for each in flow.after] == [("R1", 3), ("R4", 2), ("R3", 2)]
    assert [(each.before, each.after, each.members) for each in flow.bands] == [(0, 0, 2), (2, 2, 2)]
    assert flow.folded == 0


def test_no_band_is_higher_than_its_ends_and_blocks_do_not_overlap() -> None:
    before = {f"R{n}": {f"a{n}-{each}": 1.0 for each in range(n + 2)} for n in range(12)}
    after = {"all": {each: 1.0 for ring in before.values() for each in ring}}
    flow = draw_flow(tell_changes(before, after), find_overlaps(before, after))
    for column in (flow.before, flow.after):
        assert all(one.y + one.height < other.y for one, other in itertools.pairwise(column))
    for band in flow.bands:
        for y, height, block in (
            (band.y_before, band.height_before, flow.before[band.before]),
            (band.y_after, band.height_after, flow.after[band.after]),
        ):
            assert block.y - 0.02 <= y
            assert y + height <= block.y + block.height + 0.02
    inside = sum(band.height_after for band in flow.bands)
    assert inside == pytest.approx(flow.after[0].height, abs=0.2)


def test_what_has_no_room_is_counted() -> None:
    many = {f"R{n:03d}": {f"a{n}": 1.0, f"b{n}": 1.0} for n in range(MOST_ROWS + 7)}
    flow = draw_flow(tell_changes(many, many), find_overlaps(many, many))
    assert (len(flow.before), len(flow.after), flow.folded) == (MOST_ROWS, MOST_ROWS, 14)
    assert all(each.before < MOST_ROWS and each.after < MOST_ROWS for each in flow.bands)


def test_what_happened_is_counted() -> None:
    assert count_changes(tell_changes(BEFORE, AFTER)) == {"born": 1, "changed": 1, "faded": 1, "same": 1}
