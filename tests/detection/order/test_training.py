"""What a judge of rings is taught: what was planted in a copy, and the lists of worlds whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import ask, do, run
from detection_market import make_background, make_snapshot, pick, plant_opinions, plant_trade_ring

from detection.evaluation.market_draft import PlantPlan
from detection.evaluation.planting import CLASS_HOURS, HONEST_KINDS, find_plantable_honest, plant_rings
from detection.order.features import FEATURES, RingFeatures
from detection.order.learn import TaughtRings
from detection.order.model import read_order_model
from detection.settings import DetectSettings
from detection.training import order as training
from detection.training.order import MOST_PLANTED, Lesson, plan_groups, teach_copy, teach_market, write_order
from graph.errors import DataError
from graph.model import Snapshot

RING, OTHER = pick(100, 12), pick(200, 16)


@pytest.fixture(scope="module")
def market() -> Snapshot:
    facts = make_background(n=1000)
    plant_trade_ring(facts, RING)
    plant_opinions(facts, OTHER, 1, 5.0)
    return make_snapshot(facts)


def make_lesson(seed: int, n: int = 60, *, planted: int = 20, sides: tuple[str, ...] = ("trades",)) -> Lesson:
    rng = np.random.default_rng(seed)
    is_planted = np.arange(n) < planted
    values = rng.uniform(0, 1, (n, len(FEATURES))) + is_planted[:, None]
    return Lesson(TaughtRings(RingFeatures(tuple(FEATURES), values), is_planted), frozenset(sides))


# ---------------------------------------------------------------------------------------- what is planted


def test_honest_groups_live_on_for_most_of_the_market_s_time(market: Snapshot) -> None:
    plans = [PlantPlan(kind, 8, "none") for kind in HONEST_KINDS]
    planted = plant_rings(market, plans, np.random.default_rng(0))
    orders = planted.snapshot.orders
    row = {name: place for place, name in enumerate(planted.snapshot.account_id.tolist())}
    everybody = market.orders.ordered_at.max() - market.orders.ordered_at.min()
    for kind, members in zip(HONEST_KINDS, planted.members, strict=True):
        rows = [row[name] for name in members]
        at = orders.ordered_at[np.isin(orders.buyer, rows)]
        assert len(at) > len(rows), kind
        assert at.max() - at.min() > 0.4 * everybody, kind


def test_a_class_signs_up_within_hours_and_nobody_else_does(market: Snapshot) -> None:
    plans = [PlantPlan(kind, 12, "none") for kind in HONEST_KINDS]
    planted = plant_rings(market, plans, np.random.default_rng(1))
    row = {name: place for place, name in enumerate(planted.snapshot.account_id.tolist())}
    for kind, members in zip(HONEST_KINDS, planted.members, strict=True):
        made = planted.snapshot.created_at[[row[name] for name in members]]
        is_together = made.max() - made.min() <= np.timedelta64(int(CLASS_HOURS * 3600), "s")
        assert is_together == (kind == "class"), kind


def test_what_a_market_has_no_facts_for_is_not_planted(market: Snapshot) -> None:
    undated = replace(market, created_at=np.full(market.n_accounts, np.datetime64("NaT"), "datetime64[us]"))
    assert set(find_plantable_honest(market)) - set(find_plantable_honest(undated)) == {"class"}


def test_rings_and_honest_groups_of_every_kind_are_planned_and_the_copy_stays_the_market(market: Snapshot) -> None:
    plans = plan_groups(replace(market, account_id=np.arange(20_000).astype(str).astype(object)))
    assert {"trade", "review", *HONEST_KINDS} <= {plan.kind for plan in plans}
    small = plan_groups(market)
    assert sum(plan.size for plan in small) <= MOST_PLANTED * market.n_accounts


# ---------------------------------------------------------------------------------------- what is learnt from


def test_of_a_market_whose_truth_is_known_every_listed_ring_is_learnt_from(market: Snapshot) -> None:
    lesson = teach_market(market, [frozenset(RING)], None, DetectSettings())
    assert lesson.taught.is_planted.sum() == 1
    assert len(lesson.taught.is_planted) > 1
    assert "trades" in lesson.sides


def test_what_nobody_planted_is_not_learnt_from(market: Snapshot) -> None:
    only_known = teach_market(market, [frozenset(RING)], [frozenset(OTHER)], DetectSettings())
    assert sorted(only_known.taught.is_planted.tolist()) == [False, True]
    assert teach_market(market, [], [], DetectSettings()).taught.is_planted.tolist() == []


def test_labels_have_no_part_in_it(market: Snapshot) -> None:
    labelled = replace(
        market,
        label_account=np.array([100, 101]),
        label_is_fraud=np.array([True, True]),
        label_decided_at=np.full(2, np.datetime64("2024-02-01", "us")),
    )
    taught = [teach_copy(each, DetectSettings()).taught for each in (market, labelled)]
    assert np.array_equal(taught[0].features.values, taught[1].features.values)
    assert np.array_equal(taught[0].is_planted, taught[1].is_planted)


# ---------------------------------------------------------------------------------------- what is written


def test_a_judge_needs_what_every_market_has_that_it_was_taught_in(tmp_path: Path) -> None:
    lessons = {"one": [make_lesson(1, sides=("trades", "reviews"))], "two": [make_lesson(2, sides=("trades",))]}
    told = write_order(tmp_path / "rings.json", lessons)
    model = read_order_model(tmp_path / "rings.json")
    assert told.needs == model.written.needs == ("trades",)
    assert model.written.learnt_from == told.rings == {"one": 60, "two": 60}
    assert told.planted == {"one": 20, "two": 20}


def test_a_market_that_lists_too_few_of_either_sort_teaches_nothing(tmp_path: Path) -> None:
    lessons = {"one": [make_lesson(1)], "few": [make_lesson(2, planted=4)], "all": [make_lesson(3, planted=60)]}
    assert write_order(tmp_path / "rings.json", lessons).rings == {"one": 60}
    with pytest.raises(DataError, match="5 planted rings and as many others"):
        write_order(tmp_path / "rings.json", {"few": [make_lesson(2, planted=4)]})


def test_the_same_lessons_give_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_order(tmp_path / name, {"a": [make_lesson(1)], "b": [make_lesson(2)]})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_train_rings_learns_in_the_worlds_and_in_a_copy_of_the_market_and_says_how_to_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, market: Snapshot
) -> None:
    def open_nothing(*_: Any, **__: Any) -> Any:
        return FakeStore(market)

    monkeypatch.setattr(training, "teach_worlds", lambda *_, **__: {"village": [make_lesson(1)]})
    monkeypatch.setattr(training, "teach_copy", lambda snapshot, settings: make_lesson(len(snapshot.account_id)))
    monkeypatch.setattr(training, "open_store", open_nothing)
    path = tmp_path / "rings.json"
    told = ask("train", "--rings", "-o", str(path))
    assert told["rings"] == {"village": 60, training.OWN: 60}
    assert read_order_model(path).written.learnt_from == told["rings"]
    assert "rerank_file" in run("train", "--rings", "-o", str(path)).output


class FakeStore:
    """A store that has one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __enter__(self) -> FakeStore:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def snapshot(self, *, as_of: np.datetime64 | None = None) -> Snapshot:
        return self._snapshot


def test_two_trainings_at_once_are_refused() -> None:
    assert "two trainings" in do("train", "--rings", "--encoder", exit_code=2)
