"""What became of rings: pairs by what ties their members, the best assignment, and each ring in a word."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.lineage import Rings, find_overlaps, tell_changes

ACCOUNTS = "abcdefgh"
RINGS = st.dictionaries(
    st.sampled_from(["R1", "R2", "R3", "R4"]),
    st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(0, 30).map(float), min_size=1, max_size=5),
    max_size=4,
)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tie(members: str, bits: float = 10.0) -> dict[str, float]:
    return dict.fromkeys(members, bits)


def tell(before: Rings, after: Rings, known: frozenset[str] = frozenset()) -> dict[str, str]:
    return {each.ring_id: each.happened for each in tell_changes(before, after, known=known)}


@pytest.mark.parametrize(
    ("before", "after", "happened"),
    [
        ({}, {"R1": tie("abc")}, {"R1": "born"}),
        ({"R1": tie("abc")}, {"R1": tie("abc")}, {"R1": "same"}),
        ({"R1": tie("abc")}, {"R1": tie("abcd")}, {"R1": "grew"}),
        ({"R1": tie("abc")}, {"R1": tie("ab")}, {"R1": "shrank"}),
        ({"R1": tie("abc")}, {"R1": tie("abd")}, {"R1": "changed"}),
        ({"R1": tie("abc")}, {}, {"R1": "faded"}),
        ({"R1": tie("abcdef")}, {"R1": tie("abcd"), "R2": tie("ef")}, {"R1": "shrank", "R2": "split"}),
        ({"R1": tie("abcd"), "R2": tie("ef")}, {"R1": tie("abcdef")}, {"R1": "grew", "R2": "merged"}),
        ({"R1": tie("abc")}, {"R1": tie("abc"), "R2": tie("cdef")}, {"R1": "same", "R2": "born"}),
    ],
)
def test_each_ring_is_told_in_a_word(before: Rings, after: Rings, happened: dict[str, str]) -> None:
    assert tell(before, after) == happened


def test_a_ring_that_was_known_before_comes_back() -> None:
    assert tell({}, {"R1": tie("abc")}, frozenset({"R1"})) == {"R1": "came back"}


def test_who_joined_and_left_and_where_from_is_told() -> None:
    (kept, gone) = tell_changes({"R1": tie("abc"), "R2": tie("de")}, {"R1": tie("abde")})
    assert (kept.joined, kept.left, kept.before, kept.after) == (("d", "e"), ("c",), 3, 4)
    assert (gone.ring_id, gone.others, gone.left) == ("R2", ("R1",), ("d", "e"))


def test_a_fringe_that_goes_moves_less_than_the_core() -> None:
    before = {"R1": {"a": 30.0, "b": 30.0, "c": 3.0}}
    (without_fringe,), (without_core,) = (find_overlaps(before, {"R1": tie(kept, 30.0)}) for kept in ("ab", "bc"))
    assert without_fringe.share == pytest.approx(60 / 63, abs=1e-6)
    assert without_core.share < 0.5


@few
@given(RINGS, RINGS)
def test_no_other_assignment_has_a_larger_overlap(before: Rings, after: Rings) -> None:
    overlaps = find_overlaps(before, after)
    share = {(each.before, each.after): each.share for each in overlaps}
    matched = [each for each in overlaps if each.is_match]
    assert len({each.before for each in matched}) == len({each.after for each in matched}) == len(matched)
    places = [*sorted(after), *([None] * len(before))]
    best = max(
        (
            sum(share.get((old, new), 0.0) for old, new in zip(sorted(before), order, strict=False) if new is not None)
            for order in set(permutations(places, len(before)))
        ),
        default=0.0,
    )
    assert sum(each.share for each in matched) == pytest.approx(best)


@few
@given(RINGS, RINGS)
def test_neither_the_order_of_rings_nor_that_of_members_moves_anything(before: Rings, after: Rings) -> None:
    turned = [
        {ring_id: dict(reversed(ties.items())) for ring_id, ties in reversed(each.items())} for each in (before, after)
    ]
    assert find_overlaps(*turned) == find_overlaps(before, after)
    assert tell_changes(*turned) == tell_changes(before, after)


@few
@given(RINGS, RINGS)
def test_backwards_births_are_deaths(before: Rings, after: Rings) -> None:
    there, back = find_overlaps(before, after), find_overlaps(after, before)
    assert {(each.before, each.after, each.share) for each in there} == {
        (each.after, each.before, each.share) for each in back
    }
    gone = {each.ring_id for each in tell_changes(before, after) if not each.after}
    assert gone == {each.ring_id for each in tell_changes(after, before) if not each.before}
