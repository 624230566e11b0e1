"""Nights train a challenger when it is time, and take none away that is being tried."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from detection.job import learning
from detection.job.learning import find_wait, train_challenger
from detection.job.order import Order
from detection.job.record import Job, Step
from detection.job.settings import JobSettings, ModelSettings
from detection.measures.policy import MeasurePolicy
from detection.settings import DetectSettings
from graph.errors import ConfigError, DataError
from graph.progress import no_progress
from graph.settings import Settings

NOW = datetime(2026, 11, 29, 3, 15, tzinfo=UTC)


def order(challenger: str = "challenger.model") -> Order:
    rules = JobSettings(models=ModelSettings(train_every_days=7, least_runs=3))
    return Order("store", Settings(), DetectSettings(challenger=challenger), MeasurePolicy(), rules)


def trained(days_ago: int, **result: Any) -> Job:
    began_at = NOW - timedelta(days=days_ago, hours=-2)
    step = Step(name="train", began_at=began_at, seconds=1.0, result=result)
    return Job(
        job=1, state="done", started_at=began_at, version="", asked="", settings={}, inputs=(), steps=(step,)
    )  # fmt: skip


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs have tried the challenger that is there; none, and there is none."""
    rounds: list[int] = []

    def find(*_: object) -> Any:
        if not rounds:
            raise ConfigError("no challenger")
        return SimpleNamespace(rounds=range(rounds[0]))

    monkeypatch.setattr(learning, "open_store", lambda _: nullcontext())
    monkeypatch.setattr(learning, "list_runs", lambda _: [])
    monkeypatch.setattr(learning, "find_trial", find)
    return rounds


@pytest.mark.parametrize(("days_ago", "waits"), [(6, True), (7, False), (30, False)])
def test_the_next_one_is_trained_so_many_days_after_the_last_whatever_the_hour(days_ago: int, waits: bool) -> None:
    assert bool(find_wait(order(), [trained(days_ago, sha256="a")], NOW)) is waits


def test_a_night_that_trained_none_counts_for_nothing() -> None:
    assert find_wait(order(), [trained(1, why="too few labels")], NOW) == ""
    assert find_wait(order(), [], NOW) == ""


@pytest.mark.parametrize(("n", "waits"), [(0, True), (2, True), (3, False)])
def test_one_that_is_being_tried_is_not_taken_away(tried: list[int], n: int, waits: bool) -> None:
    tried.append(n)
    assert bool(find_wait(order(), [trained(30, sha256="a")], NOW)) is waits


def test_a_market_that_cannot_be_learnt_from_stops_no_night(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DataError("there are 0 and 0")

    monkeypatch.setattr(learning, "train", refuse)
    assert train_challenger(order(), no_progress) == {"why": "there are 0 and 0"}


def test_what_is_trained_goes_where_the_challenger_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def train(_: object, path: Path, *__: object, **___: object) -> Any:
        asked.append(path)
        return SimpleNamespace(path=str(path), sha256="a", fraud=5, legit=6)

    monkeypatch.setattr(learning, "train", train)
    assert train_challenger(order(), no_progress)["sha256"] == "a"
    assert asked == [Path("challenger.model")]


def test_a_training_without_a_place_is_refused_before_anything_else() -> None:
    with pytest.raises(ConfigError, match=r"\[run\.models\].*challenger, under \[detect\]"):
        order("")
