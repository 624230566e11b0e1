"""A night that is killed at any step on disk: readers see the old or the new, and the next night does the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from killing import Killer
from night_kills import NightPlace


@pytest.mark.thorough
def test_a_night_that_is_killed_at_any_step_is_taken_up(tmp_path: Path, killer: Killer) -> None:
    place = NightPlace(tmp_path, killer)
    before = place.describe()
    deaths = []
    done = None
    for death in killer.kill_at_steps(
        "command", "--config", str(place.place / "ringfence.toml"), "run", before=place.begin, first=5, every=25
    ):
        deaths.append(death)
        seen = place.describe()
        assert (seen.accounts, seen.runs) in {(before.accounts, before.runs), (before.accounts + 1, before.runs + 1)}
        assert seen.measures in ((), before.measures) or seen.plans > before.plans
        assert place.run("run").code == 0
        after = place.describe()
        done = done or after
        assert replace(after, plans=0) == replace(done, plans=0)
        assert after.left == ()
    assert deaths[-1].code == 0
    assert len(deaths) > 5
