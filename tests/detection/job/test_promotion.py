"""A challenger acts when it was tried, nothing speaks against it, and somebody says so; and the way back is open."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detection.beside import Beside, Difference, Figure, Later, Side
from detection.job import promotion
from detection.job.promotion import Asker, Trial, find_trial, list_switches, promote, require_trial, revert
from detection.job.record import JobsFolder
from detection.job.settings import ModelSettings, read_job_settings
from detection.settings import DetectSettings
from graph.errors import ChecksFailedError, ConfigError, StoreBusyError, StoreDamagedError
from graph.queries.answers import RunSummary

ANA = Asker("ana", "it was tried for a week")
RULES = ModelSettings(least_runs=2)
OLD, NEW = b"the model", b"the challenger"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectSettings:
    """Two files that stand for models."""

    class Kept:
        def __init__(self, path: Path) -> None:
            self.sha256 = digest(path.read_bytes())

    monkeypatch.setattr(promotion, "read_model", Kept)
    (tmp_path / "risk.model").write_bytes(OLD)
    (tmp_path / "challenger.model").write_bytes(NEW)
    return DetectSettings(model=str(tmp_path / "risk.model"), challenger=str(tmp_path / "challenger.model"))


@pytest.fixture
def jobs(tmp_path: Path) -> JobsFolder:
    return JobsFolder(tmp_path / "nights")


def make_round(number: int, acts: bytes = OLD, tried: bytes = NEW, **changed: Any) -> RunSummary:
    """A run in which both were side by side."""
    later = Later(since="2026-11-01", fraud=20, legit=30, expected=22.0)
    fields = {"accounts": 1000, "moved": {"clear > review": 4}, "rings": 5, "rings_moved": {}, "challenger": later}
    fields |= {"gained": Figure(value=0.02, low=-0.01, high=0.05)}
    drift = changed.pop("drift", 0.1)
    sides = [Side(sha256=digest(each), score_drift=drift, inputs_moved=0, inputs=9) for each in (acts, tried)]
    beside = Beside(champion=sides[0], challenger=sides[1], difference=Difference(**(fields | changed)))
    told = json.dumps({"models": msgspec.to_builtins(beside)})
    return RunSummary(f"run-{number}", number, None, None, None, None, 1000, 5, 0, (), told)


def try_out(settings: DetectSettings, *runs: RunSummary) -> Trial:
    return find_trial(runs or (make_round(2), make_round(1)), settings, RULES)


def fail(trial: Trial) -> set[str]:
    return {each.name for each in trial.checks if not each.passed}


def test_a_trial_has_the_runs_that_had_these_two_files(settings: DetectSettings) -> None:
    plain = RunSummary("run-0", 4, None, None, None, None, 1000, 5, 0, (), "{}")
    other = make_round(3, tried=b"another")
    past = replace(make_round(9), sequence=0)
    trial = try_out(settings, plain, other, make_round(2), past, make_round(1))
    assert [each.run_id for each in trial.rounds] == ["run-2", "run-1"]
    assert trial.passed


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"moved": {"clear > review": 11}}, "most_moved_share"),
        ({"gained": Figure(value=-0.05, low=-0.09, high=-0.01)}, "least_gained"),
        ({"challenger": Later(since="2026-11-01", fraud=9, legit=10, expected=3.0)}, "least_labels"),
        ({"drift": 0.3}, "most_drift"),
    ],
)
def test_what_speaks_against_a_switch_refuses_it_until_it_is_named(
    settings: DetectSettings, jobs: JobsFolder, changed: dict[str, Any], name: str
) -> None:
    trial = try_out(settings, make_round(2, **changed), make_round(1))
    assert fail(trial) == {name}
    with pytest.raises(ChecksFailedError, match=f"nothing was switched.*--despite {name}"):
        promote(jobs, settings, trial, ANA)
    assert (Path(settings.model).read_bytes(), list_switches(jobs)) == (OLD, [])
    assert promote(jobs, settings, trial, ANA, despite=[name]).despite == (name,)


def test_a_challenger_that_was_not_tried_for_long_enough_is_refused_whatever_is_said(settings: DetectSettings) -> None:
    trial = try_out(settings, make_round(1))
    assert fail(trial) == {"least_runs"}
    with pytest.raises(ChecksFailedError, match="in 1 of the 2 runs") as refused:
        require_trial(trial, ["least_runs"])
    assert "--despite" not in str(refused.value)


def test_a_switch_is_one_file_in_the_place_of_another_and_is_written_down(
    settings: DetectSettings, jobs: JobsFolder
) -> None:
    promote(jobs, settings, try_out(settings), ANA)
    assert Path(settings.model).read_bytes() == NEW
    (switch,) = list_switches(jobs)
    assert (switch.by, switch.before, switch.after) == ("ana", digest(OLD), digest(NEW))
    assert switch.runs == ("run-2", "run-1")
    with pytest.raises(ConfigError, match="is the model itself"):
        try_out(settings)


def test_a_switch_is_taken_back_and_made_again(settings: DetectSettings, jobs: JobsFolder) -> None:
    promote(jobs, settings, try_out(settings), ANA)
    revert(jobs, settings, Asker("bob", "it flags our staff"))
    assert Path(settings.model).read_bytes() == OLD
    promote(jobs, settings, try_out(settings), ANA)
    assert Path(settings.model).read_bytes() == NEW
    assert [(each.by, each.back) for each in list_switches(jobs)] == [("ana", False), ("bob", True), ("ana", False)]


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_who_is_killed_while_switching_and_asks_again_has_it_done_once(
    settings: DetectSettings, jobs: JobsFolder, monkeypatch: pytest.MonkeyPatch, step: int, back: bool
) -> None:
    def ask() -> None:
        if back:
            revert(jobs, settings, ANA)
        else:
            promote(jobs, settings, try_out(settings), ANA)

    if back:
        promote(jobs, settings, try_out(settings), ANA)
    written, write = [], promotion.replace_file

    def die(path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) == step:
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(promotion, "replace_file", die)
    with pytest.raises(KeyboardInterrupt):
        ask()
    assert Path(settings.model).read_bytes() == (NEW if back else OLD)
    monkeypatch.setattr(promotion, "replace_file", write)
    ask()
    assert Path(settings.model).read_bytes() == (OLD if back else NEW)
    assert [each.back for each in list_switches(jobs)] == [False, True][: 1 + back]


def test_nothing_is_switched_while_a_night_is_at_work(settings: DetectSettings, jobs: JobsFolder) -> None:
    with jobs.locked(0.0), pytest.raises(StoreBusyError):
        promote(JobsFolder(jobs.path), settings, try_out(settings), ANA)


def test_files_that_changed_since_they_were_compared_are_not_switched(
    settings: DetectSettings, jobs: JobsFolder
) -> None:
    trial = try_out(settings)
    Path(settings.challenger).write_bytes(b"a third")
    with pytest.raises(ConfigError, match="has changed meanwhile"):
        promote(jobs, settings, trial, ANA)
    assert Path(settings.model).read_bytes() == OLD


def test_there_is_nothing_to_go_back_to_before_a_switch_or_when_another_file_lies_there(
    settings: DetectSettings, jobs: JobsFolder
) -> None:
    with pytest.raises(ConfigError, match="nothing to go back to"):
        revert(jobs, settings, ANA)
    promote(jobs, settings, try_out(settings), ANA)
    Path(settings.model).write_bytes(b"trained by hand")
    with pytest.raises(ConfigError, match="not the model that the last switch brought"):
        revert(jobs, settings, ANA)


def test_where_no_model_acts_it_is_said_how_the_first_one_does(settings: DetectSettings, jobs: JobsFolder) -> None:
    first = msgspec.structs.replace(settings, model="")
    with pytest.raises(ConfigError, match="no model acts yet: copy"):
        promote(jobs, first, try_out(settings), ANA)
    with pytest.raises(ConfigError, match="names no challenger"):
        try_out(msgspec.structs.replace(settings, challenger=""))


def test_a_list_of_switches_that_is_damaged_is_named(settings: DetectSettings, jobs: JobsFolder) -> None:
    jobs.path.mkdir()
    (jobs.path / "models.json").write_text("[{]", encoding="utf-8")
    with pytest.raises(StoreDamagedError, match="no list of switches"):
        promote(jobs, settings, try_out(settings), ANA)
    assert Path(settings.model).read_bytes() == OLD


def test_a_misspelt_rule_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"\[run\.models\].*did you mean 'least_runs'"):
        read_job_settings({"models": {"least_run": 3}})
