"""Work on several cores gives what work on one does."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from detection_market import make_background, make_snapshot, pick, plant_trade_ring

from detection import parallel as side_by_side
from detection.run import find_run
from detection.settings import DetectSettings


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_is_the_same_on_any_number_of_cores(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    facts = make_background(n=1000)
    plant_trade_ring(facts, pick(100, 12))
    before = find_run(make_snapshot(facts), DetectSettings())
    monkeypatch.setattr(side_by_side, "THREADS", threads)
    monkeypatch.setattr(side_by_side, "WORTH_SHARING", 0)
    after = find_run(make_snapshot(facts), DetectSettings())
    assert after.rings == before.rings
    assert np.array_equal(after.account_score, before.account_score)


def test_an_error_in_one_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side.map_threads(lambda item: 1 // item, [1, 0], rows=10**6)


def test_work_in_hand_is_not_handed_out_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "THREADS", 2)

    def list_threads(_: int) -> list[int]:
        return side_by_side.map_threads(lambda _: threading.get_ident(), range(8), rows=10**6)

    inner = side_by_side.map_threads(list_threads, range(4), rows=10**6)
    assert all(len(set(threads)) == 1 for threads in inner)
    assert threading.get_ident() not in {thread for threads in inner for thread in threads}


def test_a_single_piece_of_work_may_hand_out_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "THREADS", 2)

    def list_threads(_: int) -> list[int]:
        return side_by_side.map_threads(lambda _: threading.get_ident(), range(8), rows=10**6)

    (inner,) = side_by_side.map_threads(list_threads, [0], rows=10**6)
    assert threading.get_ident() not in inner


@pytest.mark.parametrize(("rows", "expected"), [(10, 1), (10**6, 3)])
def test_work_is_shared_out_among_as_many_threads_as_there_are(
    monkeypatch: pytest.MonkeyPatch, rows: int, expected: int
) -> None:
    monkeypatch.setattr(side_by_side, "THREADS", 3)
    assert side_by_side.count_workers(rows) == expected
    inner = side_by_side.map_threads(lambda _: side_by_side.count_workers(rows), range(2), rows=10**6)
    assert inner == [1, 1]


@pytest.mark.parametrize("rows", [10, 10**6])
def test_an_error_in_work_that_was_begun_is_raised_where_its_answer_is_asked_for(rows: int) -> None:
    with side_by_side.begin(lambda: 1 // 0, rows=rows) as answer, pytest.raises(ZeroDivisionError):
        answer()
