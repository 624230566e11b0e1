"""Events as lines: what is written comes back, and what was changed, or is of a newer Ringfence, is noticed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from said import decide, decide_ring, say

from graph.casebook.events import copy_line, name_event, read_event, read_events, write_event
from graph.errors import DataError, StoreDamagedError, StoreVersionError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXT, TEXT, st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_comes_back_whatever_it_says(name: str, reason: str, bits: float) -> None:
    event = decide_ring(name, "dismissed", {reason: bits}, reason=reason, evidence={name: bits})
    line = write_event(event)
    assert read_event(line) == event
    assert copy_line(line) == line
    assert line.isascii()
    assert "\n" not in line


def test_the_same_said_twice_is_the_same_event_and_anything_else_is_not() -> None:
    assert decide("ann", "cleared") == decide("ann", "cleared")
    ids = {each.event_id for each in (say(), say(2), say(by="bo"), say(reason="else"), say(subject_id="bob"))}
    assert len(ids) == 5


def test_times_of_any_zone_are_read_as_utc() -> None:
    event = say(at=datetime(2024, 4, 2, 11, 30, tzinfo=timezone(timedelta(hours=2))))
    assert read_event(write_event(event)).at == datetime(2024, 4, 2, 9, 30, tzinfo=UTC)
    assert read_event(write_event(event)).at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("line", ["", "1", "null", "[]", "{}", '{"event_id":"E1"}', "x" * 50, "[" * 5_000])
def test_what_is_no_event_is_refused_in_one_line(line: str) -> None:
    with pytest.raises(DataError) as refused:
        read_event(line)
    assert "\n" not in str(refused.value)


def test_a_time_without_a_zone_is_another_instant_elsewhere_and_is_refused() -> None:
    fields = json.loads(write_event(decide("ann", "cleared"))) | {"at": "2024-04-02T09:30:00"}
    fields["event_id"] = name_event(fields)
    with pytest.raises(DataError, match="timezone"):
        read_event(json.dumps(fields))


def test_the_same_json_in_another_order_is_the_same_event() -> None:
    event = decide("ann", "cleared", reason='"event_id":"E1",')
    fields = json.loads(write_event(event))
    shuffled = json.dumps(dict(reversed(fields.items())), indent=1)
    assert read_event(shuffled) == event
    assert copy_line(shuffled) == write_event(event)


@pytest.mark.parametrize("turn", [-1, 10**9 + 1, 10**30])
def test_a_turn_after_which_nobody_could_say_anything_is_not_taken_in(turn: int) -> None:
    fields = json.loads(write_event(decide("ann", "cleared"))) | {"turn": turn}
    fields["event_id"] = name_event(fields)
    with pytest.raises(DataError):
        copy_line(json.dumps(fields))


def test_a_changed_event_is_noticed() -> None:
    changed = write_event(decide("ann", "cleared")).replace("family", "farmer")
    with pytest.raises(DataError, match="not as it was written"):
        read_event(changed)
    with pytest.raises(StoreDamagedError, match="casebook is damaged"):
        read_events([changed])


def test_an_event_of_a_newer_ringfence_is_not_left_out() -> None:
    fields = json.loads(write_event(decide("ann", "cleared"))) | {"format": 2, "mood": "new"}
    fields["event_id"] = name_event(fields)
    with pytest.raises(StoreVersionError, match="newer Ringfence"):
        read_events([json.dumps(fields)])
