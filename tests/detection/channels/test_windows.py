"""What accounts do at one time, of so few acts that the windows can be counted on a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from slow_twins import find_record

from detection.channels.incidence import ANYTHING
from detection.channels.windows import MICROS_PER_DAY, DatedActs, number_windows, part_in_time, share_in_time
from graph.model import Times

PRAISE = replace(find_record("praise"), windows_days=(2.0, 8.0))


def read_days(days: Sequence[float | None]) -> Times:
    """Days of 1970."""
    return np.array(["NaT" if day is None else int(day * MICROS_PER_DAY) for day in days], dtype="datetime64[us]")


def act(*acts: tuple[int, int, float | None]) -> DatedActs:
    """Who did something to which target, and on which day."""
    account, target, day = zip(*acts, strict=True) if acts else ((), (), ())
    return DatedActs(np.array(account, dtype=np.int64), np.array(target, dtype=np.int64), read_days(day))


def list_things(levels: Sequence[DatedActs]) -> list[tuple[int, int, int | None, int, list[int]]]:
    """Of each thing the grain, the stratum, the subject (None for anything), and who shares it."""
    channel = share_in_time(PRAISE, levels)
    return [
        (
            int(channel.grain[thing]),
            int(channel.stratum[thing]),
            None if channel.subject[thing] == ANYTHING else int(channel.subject[thing]),
            channel.account[channel.thing == thing].tolist(),
        )
        for thing in range(channel.n_things)
    ]  # type: ignore[return-value]


def test_a_day_has_so_many_microseconds() -> None:
    assert MICROS_PER_DAY == 24 * 60 * 60 * 10**6


@pytest.mark.parametrize(
    ("days", "width", "windows"),
    [
        ([4.0, 5.9, 6.0, 11.0], 2.0, [0, 0, 1, 3]),
        ([4.0, 4.2, 4.3], 0.25, [0, 0, 1]),
        ([-0.5, 0.5], 1.0, [0, 1]),
        ([], 2.0, []),
    ],
)
def test_windows_are_numbered_from_the_first(days: list[float], width: float, windows: list[int]) -> None:
    assert number_windows(read_days(days), width).tolist() == windows


def part(code: Sequence[int], days: Sequence[float | None], idle_days: float) -> list[list[int]]:
    """The places of what still has one code."""
    parted = part_in_time(np.array(code, dtype=np.int64), read_days(days), idle_days)
    return [np.flatnonzero(parted == each).tolist() for each in dict.fromkeys(parted.tolist())]


def test_a_code_is_another_after_so_much_silence() -> None:
    # Of code 5 the first, eleventh and twentieth day; half a day too late; and once nobody knows when: with the last.
    code, days = [5, 5, 5, 3, 3, 5, 5], [20, 1, 11, 1, 50, None, 31.5]
    assert part(code, days, 10.0) == [[0, 1, 2], [3], [4], [5, 6]]
    assert part(code, days, 12.0) == [[0, 1, 2, 5, 6], [3], [4]]


def test_what_is_never_dated_is_parted_nowhere() -> None:
    assert part([7, 2, 7], [None, None, None], 1.0) == [[0, 2], [1]]
    assert part([], [], 1.0) == []
    assert part([0, 0], [1.0, 2.0], 1.0) == [[0, 1]]


def test_a_target_is_shared_in_a_window_and_so_is_that_window_in_each_grain() -> None:
    acts = act((0, 70, 0.0), (1, 70, 1.0), (2, 70, 3.0), (3, 71, 1.0), (0, 70, 1.5))
    assert list_things([acts]) == [
        (0, 0, None, [0, 1, 3]),
        (0, 0, None, [2]),
        (0, 1, 70, [0, 1]),
        (0, 2, 70, [2]),
        (0, 1, 71, [3]),
        (1, 3, None, [0, 1, 2, 3]),
        (1, 4, 70, [0, 1, 2]),
        (1, 4, 71, [3]),
    ]  # fmt: skip


def test_each_level_has_grains_of_its_own_and_what_is_not_dated_at_all_is_shared_for_good() -> None:
    undated, dated = act((0, 70, None), (1, 70, None)), act((0, 9, 1.0), (1, 9, None))
    assert list_things([undated]) == [(0, 0, 70, [0, 1])]
    assert [thing[:1] + thing[2:] for thing in list_things([undated, dated])] == [
        (0, 70, [0, 1]),
        (1, None, [0]),
        (1, 9, [0]),
        (2, None, [0]),
        (2, 9, [0]),
    ]


def test_of_what_is_dated_in_part_the_rest_is_left_out_and_first_and_last_times_are_kept() -> None:
    channel = share_in_time(PRAISE, [act((0, 70, 0.5), (0, 70, 1.5), (0, 70, None))])
    assert channel.record is share_in_time(PRAISE, [act((0, 70, None))]).record is PRAISE
    assert channel.stratum.dtype == channel.grain.dtype == np.int64
    assert channel.first_at.tolist() == read_days([0.5] * 4).tolist()
    assert channel.last_at.tolist() == read_days([1.5] * 4).tolist()


def test_nothing_done_is_nothing_shared() -> None:
    assert list_things([act()]) == []
