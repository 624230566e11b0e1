"""Rings drawn in characters: what is joined is seen to be, what has no room is counted, and any screen can show it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from command_line import ask, do
from rich.console import Console

from cli.draw_picture import FINE, PLAIN, Fabric, Stripes, draw_heights, list_tracks
from graph.queries.answers import MemberRecord, RingRecord, RingSummary
from graph.queries.views import Moment
from graph.results import RingLink

pytestmark = pytest.mark.usefixtures("plain_surroundings")


def draw(drawn: object, *, width: int = 100, encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=file, width=width, markup=False, highlight=False, emoji=False).print(drawn)
    file.flush()
    return [line.rstrip() for line in raw.getvalue().decode(encoding).splitlines()]


def make_ring(account_ids: Iterable[str], links: Iterable[RingLink]) -> RingRecord:
    members = tuple(MemberRecord(each, "core", 1.0, None, None, None) for each in account_ids)
    head = RingSummary("R-9", "run-1", 1, "trade", 0.9, "review", len(members), 10.0, 1.0, "Look.")
    return RingRecord(head, members, (), tuple(links), (), ())


def link(one: str, other: str, via: str, bits: float = 1.0, channel: str = "device") -> RingLink:
    return RingLink(one, other, channel, bits, via)


def read_joined(lines: list[str], column: int, n_members: int, end: str = FINE.end) -> set[str]:
    """The accounts through which the line down goes that has this number, and is joined to."""
    place = lines[0].index(str(column))
    return {line.split()[1] for line in lines[1 : 1 + n_members] if line[place : place + 1] == end}


def test_a_thing_is_one_line_through_all_that_share_it() -> None:
    links = [link("ann", "bob", "device 1"), link("bob", "cyd", "device 1"), link("ann", "dan", "device 2", 0.5)]
    lines = draw(Fabric.weave(make_ring(["ann", "bob", "cyd", "dan"], links)))
    assert read_joined(lines, 1, 4) == {"ann", "bob", "cyd"}
    assert read_joined(lines, 2, 4) == {"ann", "dan"}
    assert lines[2].endswith(f"{FINE.end}   {FINE.down}")  # the second line passes bob by
    assert lines[-2:] == ["1  device 1 (3 accounts, 1.0 bits)", "2  device 2 (0.5 bits)"]


def test_what_weighs_most_in_all_comes_first() -> None:
    links = [link("ann", "bob", "strong", 3.0), link("ann", "bob", "wide", 2.0), link("bob", "cyd", "wide", 2.0)]
    assert [each.via for each in list_tracks(links)] == ["wide", "strong"]


def test_a_big_ring_is_folded_and_says_so() -> None:
    ids = [f"a{number:02d}" for number in range(40)]
    links = [link(ids[0], other, f"device {other}") for other in ids[1:31]]
    links += [link(ids[0], ids[39], "1 order", channel="trade")]
    lines = draw(Fabric.weave(make_ring(ids, links)), width=100)
    assert sum(line.startswith(FINE.core) for line in lines) == 25
    assert lines[-2:] == ["folded: 15 more members", "folded: 11 more that join them (device 10, trade 1)"]


@pytest.mark.parametrize("width", [20, 30, 44, 60, 100, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_screen_is_too_narrow(width: int, encoding: str) -> None:
    ids = ["ann", "x" * 100, "two\nlines", "\u202eright"]
    links = [link(one, other, f"device {one} {other}") for one in ids for other in ids if one < other]
    lines = draw(Fabric.weave(make_ring(ids, links)), width=width, encoding=encoding)
    assert max(map(len, lines)) <= width
    text = "".join("".join(lines).split())
    assert "\\n" in text
    assert "\\u202e" in text
    assert "\u202e" not in text


def test_a_long_id_is_broken_and_not_cut() -> None:
    ids = ["a" * 40 + "b" * 40, "cyd"]
    lines = draw(Fabric.weave(make_ring(ids, [link(*ids, "device 1")])), width=60)
    told = "".join(line[2:30].strip() for line in lines[1:4])
    assert told == ids[0]
    assert all(line.endswith((FINE.end, FINE.down)) for line in lines[1:5])


def make_moments(days: Iterable[int], what: str = "order", burst: int | None = None) -> list[Moment]:
    start = datetime(2024, 1, 1)
    return [Moment(start + timedelta(days=day), what, "ann", None, "", burst) for day in days]


def test_moments_are_heights_over_one_time_and_bursts_are_marked() -> None:
    moments = make_moments([0], "sign-up") + make_moments([50, 50, 50], burst=1) + make_moments([100], "order")
    lines = draw(Stripes(moments), width=60)
    (signed, order, marks, axis) = lines
    assert (signed.split()[-1], order.split()[-1]) == ("1", "4")
    assert order[marks.index(FINE.burst)] == "█"
    assert marks.endswith("burst")
    assert axis.split() == ["2024-01-01", "2024-04-10"]


def test_plain_screens_get_plain_characters() -> None:
    lines = draw(Stripes(make_moments([0, 1, 1, 5], burst=1)), width=40, encoding="ascii")
    assert "@" in lines[0]
    assert PLAIN.burst in lines[1]


def test_whatever_is_more_than_nothing_is_seen() -> None:
    assert draw_heights([0, 1, 1000], PLAIN) == " .@"
    assert draw_heights([0, 0], FINE) == "  "


@pytest.mark.usefixtures("here")
def test_each_ring_of_the_list_has_its_activity() -> None:
    rings = ask("rings", "--sparklines")
    first = rings[0]
    assert (first["active_from"], first["active_to"]) == ("2024-01-01T10:00:00Z", "2024-03-09T00:00:00Z")
    # Four members signed up, five of their orders are with one another or with others, three wrote a review.
    assert sum(first["activity"]) == 4 + 5 + 3
    assert first["activity"][0] == 3
    assert len(first["activity"]) == 16
    assert ask("rings", "--sparklines", "--kind", "attack") == []


@pytest.mark.usefixtures("here")
def test_other_forms_of_a_ring_are_as_they_were() -> None:
    assert do("ring", "R-1", "--picture", "--format", "csv") == do("ring", "R-1", "--format", "csv")
