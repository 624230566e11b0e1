"""Bits of counts against chance, by their laws and by figures that a pocket calculator gives."""

from __future__ import annotations

from math import comb, log, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slow_twins import share_surprise, surprise

from detection.likelihood import log2_choose, score_confined, score_share, score_surprise


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


@pytest.mark.parametrize(("observed", "expected"), [(4.0, 0.5), (1.0, 2.0), (2.0, 2.0), (0.0, 0.0), (3.0, 2.9)])
def test_a_count_beyond_what_chance_expects_is_worth_bits(observed: float, expected: float) -> None:
    assert score_surprise(one(observed), one(expected)) == pytest.approx([surprise(observed, expected)])


def test_what_chance_never_makes_is_taken_to_be_one_in_a_million_million() -> None:
    assert score_surprise(one(2.0), one(0.0)) == pytest.approx([2 * log2(2e12) - 2 / log(2)])
    assert score_share(one(3.0), one(3.0), one(0.0)) == pytest.approx([3 * log2(1e12)])
    assert score_share(one(1.0), one(2.0), one(0.0)) == pytest.approx([log2(0.5 / 1e-12) + log2(0.5)])


@given(st.integers(1, 50), st.data())
def test_a_share_of_trials_is_worth_what_two_binomial_laws_differ_by(trials: int, data: st.DataObject) -> None:
    observed, chance = data.draw(st.integers(0, trials)), data.draw(st.floats(0.001, 0.999))
    bits = score_share(one(observed), one(trials), one(chance))
    assert bits == pytest.approx([share_surprise(observed, trials, chance)], abs=1e-9)


def test_of_trials_that_all_succeed_each_is_worth_its_chance_and_more_than_all_are_all() -> None:
    assert score_share(np.array([3.0, 4.0]), one(3.0), one(0.25)) == pytest.approx([6.0, 6.0])
    assert score_share(one(0.0), one(0.0), one(0.0)).tolist() == [0.0]
    assert score_share(one(1.0), one(0.0), one(0.25)) == pytest.approx([2.0])
    assert score_share(one(3.0), one(3.0), one(1.0)).tolist() == [0.0]
    assert score_share(one(3.0), one(3.0), one(7.0)).tolist() == [0.0]


@pytest.mark.parametrize(("times", "share"), [(2, 0.5), (5, 0.4), (10, 0.1), (3, 0.999)])
def test_points_that_span_so_little_are_as_rare_as_the_bits_say(times: int, share: float) -> None:
    chance = times * share ** (times - 1) - (times - 1) * share**times
    assert score_confined(one(times), one(share)) == pytest.approx([-log2(chance)])


@pytest.mark.parametrize(("times", "share"), [(1, 0.1), (0, 0.1), (10, 1.0), (10, 3.0)])
def test_one_deed_and_the_whole_time_are_worth_nothing(times: int, share: float) -> None:
    assert score_confined(one(times), one(share)) == pytest.approx([0.0], abs=1e-9)


def test_a_moment_is_taken_to_be_a_thousand_millionth_of_the_time() -> None:
    assert score_confined(one(2), one(0.0)) == pytest.approx([-log2(2e-9)])
    assert score_confined(one(2000), one(0.5))[0] == pytest.approx(1999 - log2(2000 - 1999 / 2))


@given(st.integers(0, 60), st.integers(0, 60))
def test_naming_some_of_many_takes_the_bits_of_the_ways_to_choose_them(n: int, k: int) -> None:
    assert log2_choose(float(n), one(min(n, k))) == pytest.approx([log2(comb(n, min(n, k)))], abs=1e-9)
    assert log2_choose(one(n), one(min(n, k))) == pytest.approx([log2(comb(n, min(n, k)))], abs=1e-9)
