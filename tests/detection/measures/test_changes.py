"""From what is in force to what is wanted: what changes is all of it, nothing else, and settles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detection.measures.changes import Change, Wanted, find_changes
from graph.measures.events import MEASURES, Key, MeasureEvent, make_event
from graph.measures.fold import fold_measures

NOW = datetime(2024, 5, 1, 3, tzinfo=UTC)
KEYS = st.tuples(st.sampled_from(["account", "review"]), st.sampled_from(["ann", "bob", "cyd", "dan"]))
LATER = st.integers(1, 40).map(lambda hours: NOW + timedelta(hours=hours))


def make_wanted(measure: str, until: datetime) -> Wanted:
    return Wanted(measure=measure, until=until, tier="review", why="because")  # type: ignore[arg-type]  # drawn


WANTED = st.dictionaries(KEYS, st.tuples(st.sampled_from(MEASURES), LATER).map(lambda drawn: make_wanted(*drawn)))
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def do(changes: Iterable[Change], batch: str, turn: int = 1) -> list[MeasureEvent]:
    """The events of a plan with these changes."""
    return [
        make_event(
            turn=place,
            at=NOW,
            by="ana",
            reason=each.why,
            batch=batch,
            **{name: getattr(each, name) for name in ("kind", "subject", "subject_id", "measure", "until", "before")},
        )
        for place, each in enumerate(changes, start=turn)
    ]


def in_force(events: Iterable[MeasureEvent], at: datetime = NOW) -> dict[Key, MeasureEvent]:
    return fold_measures(events).list_in_force(at)


def say(found: Mapping[Key, MeasureEvent] | Mapping[Key, Wanted]) -> dict[Key, str | None]:
    return {key: each.measure for key, each in found.items()}


@few
@given(WANTED, WANTED)
def test_what_was_applied_is_what_was_wanted_and_then_nothing_changes(
    first: dict[Key, Wanted], second: dict[Key, Wanted]
) -> None:
    events = do(find_changes({}, first, at=NOW), "P1")
    assert say(in_force(events)) == say(first)
    events += do(find_changes(in_force(events), second, at=NOW), "P2", len(events) + 1)
    assert say(in_force(events)) == say(second)
    assert find_changes(in_force(events), second, at=NOW) == ()


@few
@given(WANTED, WANTED)
def test_each_account_changes_once_in_an_order_that_its_input_does_not_move(
    first: dict[Key, Wanted], second: dict[Key, Wanted]
) -> None:
    stands = in_force(do(find_changes({}, first, at=NOW), "P1"))
    changes = find_changes(stands, second, at=NOW)
    assert len({each.key for each in changes}) == len(changes)
    turned = [dict(reversed(each.items())) for each in (stands, second)]
    assert find_changes(turned[0], turned[1], at=NOW) == changes  # type: ignore[arg-type]  # of two kinds


@few
@given(WANTED, WANTED)
def test_each_change_says_what_it_is(first: dict[Key, Wanted], second: dict[Key, Wanted]) -> None:
    stands = in_force(do(find_changes({}, first, at=NOW), "P1"))
    for each in find_changes(stands, second, at=NOW):
        ranks = [-1 if word is None else MEASURES.index(word) for word in (each.before, each.measure)]
        rise = ranks[1] - ranks[0]
        expected = "renewed" if rise == 0 else "added" if each.before is None else "raised" if rise > 0 else "lowered"
        assert each.kind == ("removed" if each.measure is None else expected)


@few
@given(WANTED, WANTED)
def test_what_is_undone_leaves_what_held_before(first: dict[Key, Wanted], second: dict[Key, Wanted]) -> None:
    before = do(find_changes({}, first, at=NOW), "P1")
    after = before + do(find_changes(in_force(before), second, at=NOW), "P2", len(before) + 1)
    said = {"kind": "undone", "subject": "plan", "subject_id": "P2", "by": "bo", "reason": "no", "batch": "P2"}
    undone = make_event(turn=len(after) + 1, at=NOW, **said)
    assert in_force([*after, undone]) == in_force(before)
    assert fold_measures([*after, undone]).stopped.keys() == {each.key for each in after[len(before) :]}


def test_a_measure_is_renewed_shortly_before_it_ends_and_not_every_night() -> None:
    until = NOW + timedelta(days=7)
    stands = in_force(do(find_changes({}, {("account", "ann"): make_wanted("hold", until)}, at=NOW), "P1"))
    for night in range(1, 7):
        at = NOW + timedelta(days=night)
        wanted = {("account", "ann"): make_wanted("hold", at + timedelta(days=7))}
        changes = find_changes(stands, wanted, at=at, renew_days=2.0)
        assert [each.kind for each in changes] == (["renewed"] if night >= 5 else [])


def test_what_has_ended_is_not_in_force_and_is_added_anew() -> None:
    until = NOW + timedelta(days=1)
    wanted = {("account", "ann"): make_wanted("hold", until)}
    events = do(find_changes({}, wanted, at=NOW), "P1")
    assert in_force(events, until) == {}
    assert [each.kind for each in find_changes({}, wanted, at=until)] == ["added"]
