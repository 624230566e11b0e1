"""Times on a strip, and bits as steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pictured import BEGAN, make_ring, make_timeline

from graph.pictures.strip import draw_strip
from graph.pictures.waterfall import draw_waterfall
from graph.queries.views import Moment

MEMBERS = ("ann", "bob", "cyd", "dan")


def test_each_kind_has_a_lane_with_its_moments_between_the_first_and_the_last() -> None:
    strip = draw_strip(make_timeline(MEMBERS))
    assert strip is not None
    assert [(each.what, each.total) for each in strip.lanes] == [("sign-up", 4), ("review", 4)]
    assert strip.lanes[0].marks[0].x == 0.0
    assert strip.lanes[1].marks[-1].x == 1.0
    assert sum(mark.count for lane in strip.lanes for mark in lane.marks) == 8


def test_a_burst_is_marked_where_it_was() -> None:
    strip = draw_strip(make_timeline(MEMBERS))
    assert strip is not None
    (stretch,) = strip.lanes[0].bursts
    assert (stretch.x, stretch.burst.moments) == (0.0, 4)
    assert all(mark.is_burst for mark in strip.lanes[0].marks)
    assert strip.lanes[1].bursts == ()


def test_what_falls_into_one_place_is_one_mark_however_much_it_is() -> None:
    found = make_timeline(MEMBERS)
    more = tuple(Moment(BEGAN + timedelta(minutes=minute), "order", "ann", None, "", None) for minute in range(5000))
    strip = draw_strip(replace(found, moments=tuple(sorted((*found.moments, *more), key=lambda each: str(each.at)))))
    assert strip is not None
    orders = strip.lanes[1]
    assert (orders.what, orders.total) == ("order", 5000)
    assert len(orders.marks) < 20


def test_without_dates_there_is_no_strip_and_one_moment_makes_one() -> None:
    found = make_timeline(MEMBERS)
    assert draw_strip(replace(found, moments=())) is None
    one = draw_strip(replace(found, moments=found.moments[:1], bursts=()))
    assert one is not None
    assert one.last_at - one.first_at == timedelta(days=1)


def test_the_steps_add_up_to_what_stands() -> None:
    fall = draw_waterfall(make_ring(MEMBERS))
    *steps, net = fall.steps
    assert [each.kind for each in fall.steps] == ["evidence", "evidence", "innocent", "search", "net"]
    assert sum(each.change for each in steps) == pytest.approx(net.change) == pytest.approx(41.5)
    assert {each.name: each.change for each in steps if each.kind == "innocent"} == {"household": pytest.approx(-8.0)}
    assert all(0.0 <= fall.find_x(end) <= 1.0 for each in fall.steps for end in (each.low, each.high))


def test_where_nothing_is_believed_nothing_is_taken_off() -> None:
    ring = make_ring(MEMBERS)
    ring = replace(ring, summary=replace(ring.summary, net_bits=49.5))
    assert [each.kind for each in draw_waterfall(ring).steps] == ["evidence", "evidence", "search", "net"]
