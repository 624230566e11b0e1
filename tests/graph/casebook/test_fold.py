"""What stands after events: the same in any order, however often each comes, and the later one before the earlier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from said import BEGAN, decide, decide_ring, say

from graph.casebook.events import WORDS, Event, make_event
from graph.casebook.fold import State, fold, say_decision

ACCOUNTS = ("ann", "bob", "cyd")


@st.composite
def draw_events(draw: st.DrawFn, names: Sequence[str] = ACCOUNTS) -> list[Event]:
    """A week in a casebook, in the order of turns: verdicts, things, and some of it taken back."""
    said: list[Event] = []
    for turn in range(1, draw(st.integers(0, 9)) + 1):
        word, name = draw(st.sampled_from(WORDS)), draw(st.sampled_from(names))
        at = BEGAN + timedelta(minutes=draw(st.integers(-5, 5)))
        kind = draw(st.sampled_from(["account", "review", "ring", "thing", "again", "undo"]))
        told: dict[str, Any] = {"subject_id": name, "at": at, "word": word}
        if kind == "ring":
            said.append(decide_ring(f"R-{name}", word, {name: 3.0}, turn, at=at, is_whole=draw(st.booleans())))
        elif kind == "undo" and said:
            told |= {"kind": "undone", "subject": "event", "word": None}
            said.append(say(turn, **told | {"subject_id": draw(st.sampled_from(said)).event_id}))
        elif kind in ("thing", "again"):
            told |= {"kind": "ignored" if kind == "thing" else "heeded", "subject": "thing", "word": None}
            said.append(say(turn, thing_kind="device", **told))
        else:
            said.append(say(turn, subject="review" if kind == "review" else "account", **told))
    return said


def stands(state: State) -> dict[str, dict[Any, Event]]:
    return {name: dict(getattr(state, name)) for name in ("accounts", "rings", "reviews", "things")}


@given(draw_events(), st.randoms(use_true_random=False))
def test_events_in_any_order_and_twice_are_the_same_state(said: list[Event], chance: Any) -> None:
    shuffled = [*said, *said]
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(said)


@given(draw_events(["ann"]), draw_events(["bob"]), st.integers(0, 30))
def test_what_is_independent_may_come_before_or_after(one: list[Event], other: list[Event], later: int) -> None:
    """What two people say of different accounts stands, whoever is the first to say it."""
    kept = [each for each in other if each.kind != "undone"]
    moved = [make_event(**{**fields(each), "turn": each.turn + later}) for each in kept]
    assert list_words(fold([*one, *kept])) == list_words(fold([*one, *moved]))
    assert list_words(fold([*one, *kept])) == {**list_words(fold(one)), **list_words(fold(kept))}


def fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__ if name != "event_id"}


def list_words(state: State) -> dict[Any, Any]:
    return {(name, key): each.word for name, part in stands(state).items() for key, each in part.items()}


@given(draw_events(), st.integers(0, 9))
def test_whoever_hears_some_first_and_all_later_knows_the_same(said: list[Event], place: int) -> None:
    assert fold([*fold(said[:place]).said, *said]) == fold(said)


@given(draw_events())
def test_what_is_taken_back_is_as_if_it_had_never_been_said(said: list[Event]) -> None:
    last = say(100, kind="decided", subject_id="ann", word="confirmed")
    undo = say(101, kind="undone", subject="event", subject_id=last.event_id)
    assert stands(fold([*said, last, undo])) == stands(fold(said))
    again = say(102, kind="undone", subject="event", subject_id=undo.event_id)
    assert fold([*said, last, undo, again]).accounts["ann"] == last


def test_a_later_verdict_goes_before_an_earlier_one_whatever_the_clock_says() -> None:
    ahead = decide("ann", "confirmed", 1, at=BEGAN + timedelta(days=400))
    assert fold([decide("ann", "cleared", 2), ahead]).accounts["ann"].word == "cleared"


def test_a_verdict_on_a_ring_is_one_on_those_who_were_in_it() -> None:
    ring = decide_ring("R-1", "confirmed", {"ann": 3.0, "bob": 4.0})
    assert {account_id: each.word for account_id, each in fold([ring]).accounts.items()} == dict.fromkeys(
        ("ann", "bob"), "confirmed"
    )


def test_another_verdict_on_the_ring_takes_the_first_one_back_from_its_members_but_not_what_was_said_of_one() -> None:
    ring = decide_ring("R-1", "confirmed", {"ann": 3.0, "bob": 4.0})
    alone = decide("bob", "cleared", 2)
    state = fold([ring, alone, decide_ring("R-1", "dismissed", {"ann": 3.0, "bob": 4.0}, 3)])
    assert dict(state.accounts) == {"bob": alone}
    assert state.rings["R-1"].word == "dismissed"


def test_a_verdict_on_some_members_is_none_on_the_ring() -> None:
    state = fold([decide_ring("R-1", "cleared", {"ann": 3.0}, is_whole=False)])
    assert (set(state.accounts), set(state.rings)) == ({"ann"}, set())


def test_a_thing_is_ignored_until_its_time_is_up_or_it_is_taken_back() -> None:
    until = BEGAN + timedelta(days=3)
    event = say(kind="ignored", subject="thing", subject_id="d1", thing_kind="device", until=until)
    state = fold([event])
    assert state.list_ignored(BEGAN) == {("device", "d1"): event}
    assert state.list_ignored(until) == {}
    again = say(2, kind="heeded", subject="thing", subject_id="d1", thing_kind="device")
    assert fold([event, again]).things == {}


def test_a_decision_is_one_sentence_however_its_reason_is_written() -> None:
    assert say_decision(decide("ann", "cleared")) == "cleared by ana on 2024-04-02: family phone"
    long = say_decision(decide("ann", "watch", reason="one\n  two " + "x" * 10_000))
    assert long.startswith("only watched by ana on 2024-04-02: one two xxx")
    assert len(long) < 260
