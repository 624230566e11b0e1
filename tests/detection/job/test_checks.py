"""Whether a night is like what was published before: what is measured, and where the bound lies."""

from __future__ import annotations

import numpy as np
import pytest

from detection.job.checks import Figures, check_rows, check_run, require_passed
from detection.job.settings import CHECKS, CheckSettings
from graph.errors import ChecksFailedError

BOUNDS = CheckSettings()
SCORES = np.linspace(0.0, 0.9, 100)


def find_failed(now: Figures, before: Figures | None) -> list[str]:
    return [each.name for each in check_run(now, before, BOUNDS) if not each.passed]


def test_rows_and_rejects_are_counted_table_by_table() -> None:
    read, before = {"orders": 50, "devices": 49, "reviews": 10}, {"orders": 100, "devices": 100, "labels": 5}
    checks = check_rows(read, before, {"orders": 2, "devices": 3, "reviews": 0}, BOUNDS)
    assert [(each.name, each.words) for each in checks if not each.passed] == [
        ("least_rows_share", "devices has 49 rows, and had 100"),
        ("most_reject_share", "3 of 49 rows of devices are rejected"),
    ]
    assert len(checks) == 5


def test_the_first_run_has_nothing_to_be_compared_with() -> None:
    assert [each.name for each in check_run(Figures(scores=SCORES), None, BOUNDS)] == ["most_flagged_share"]


def test_a_shift_of_all_scores_is_as_large_as_the_shift() -> None:
    before = Figures(scores=SCORES)
    found = {each.name: each for each in check_run(Figures(scores=SCORES + 0.04), before, BOUNDS)}
    assert found["most_score_shift"].value == pytest.approx(0.04)
    assert find_failed(Figures(scores=SCORES + 0.04), before) == []
    assert find_failed(Figures(scores=SCORES + 0.06), before) == ["most_score_shift"]
    assert find_failed(Figures(scores=SCORES[::2]), before) == []


@pytest.mark.parametrize(
    ("now", "before", "jumps"), [(30, 10, False), (31, 10, True), (10, 31, True), (5, 0, False), (6, 0, True)]
)
def test_rings_jump_up_and_down(now: int, before: int, jumps: bool) -> None:
    found = find_failed(Figures(scores=SCORES, rings=now), Figures(scores=SCORES, rings=before))
    assert found == (["most_rings_factor"] if jumps else [])


def test_precision_is_asked_of_enough_decisions_only() -> None:
    assert find_failed(Figures(scores=SCORES, confirmed=9, cleared=10), None) == []
    assert find_failed(Figures(scores=SCORES, confirmed=10, cleared=10), None) == []
    assert find_failed(Figures(scores=SCORES, confirmed=9, cleared=11), None) == ["least_precision"]
    assert find_failed(Figures(scores=SCORES, automatic=6), None) == ["most_flagged_share"]


def test_zero_leaves_a_check_out_and_a_name_lets_one_fail() -> None:
    none = CheckSettings(**dict.fromkeys(CHECKS, 0.0))
    wild = Figures(scores=SCORES, rings=99, automatic=90, cleared=99)
    assert all(each.passed for each in check_run(wild, Figures(scores=SCORES * 0), none))
    checks = check_run(wild, Figures(scores=SCORES), BOUNDS)
    with pytest.raises(ChecksFailedError, match="--despite most_rings_factor --despite most_flagged_share"):
        require_passed(checks, ())
    require_passed(checks, ("most_rings_factor", "most_flagged_share", "least_precision"))
