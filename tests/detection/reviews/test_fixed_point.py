"""The fixed point of a map, reached by leaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detection.reviews.fixed_point import find_fixed_point
from graph.model import Floats

_ALL = slice(None)
_SPEED = st.floats(0.01, 1.0)  # the share of what is missing that a step takes off


@given(st.lists(st.tuples(_SPEED, st.floats(-50, 50)), min_size=1, max_size=4))
def test_it_ends_where_the_map_by_itself_would(ways: list[tuple[float, float]]) -> None:
    speed, goal = (np.array(each) for each in zip(*ways, strict=True))

    def step(place: Floats) -> Floats:
        moved: Floats = place + speed * (goal - place)
        return moved

    found = find_fixed_point(step, np.zeros(len(goal)), watched=_ALL, enough=1e-9, rounds=3_000)
    assert np.abs(found - goal).max() < 1e-5


def test_a_leap_beyond_a_cliff_is_taken_back() -> None:
    """At an even pace towards 10, so that leaps grow; and from beyond 12 there is no way back."""

    def step(place: Floats) -> Floats:
        return np.where(place > 12.0, 2.0 * place, place + np.clip(0.05 * (10.0 - place), -0.1, 0.1))

    found = find_fixed_point(step, np.array([-20.0]), watched=_ALL, enough=1e-6, rounds=600)
    assert abs(found[0] - 10.0) < 1e-4


def test_it_stops_when_told_and_what_is_not_watched_keeps_nobody() -> None:
    calls = []

    def step(place: Floats) -> Floats:
        calls.append(place)
        return place + np.array([0.0, 1.0])

    assert find_fixed_point(step, np.zeros(2), watched=slice(1), enough=1e-6, rounds=50).tolist() == [0.0, 2.0]
    calls.clear()
    find_fixed_point(step, np.zeros(2), watched=_ALL, enough=1e-6, rounds=50)
    assert 50 <= len(calls) <= 52
