"""The judge's file: plain numbers, read strictly; what was not learnt under the rules is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection.order.features import FEATURES, RingFeatures
from detection.order.model import read_order_model, write_order_model
from graph.errors import ConfigError

GOOD: dict[str, Any] = {
    "schema": 1,
    "needs": [],
    "learnt_from": {},
    "constant": 0.0,
    "steps": {"insularity": {"low": 0.0, "high": 1.0, "bounds": [0.5], "adds": [-1.0, 1.0]}},
}


def write(place: Path, told: dict[str, Any]) -> Path:
    place.write_text(json.dumps(told), encoding="utf-8")
    return place


def test_the_judge_that_is_shipped_looks_at_known_figures_and_each_goes_one_way() -> None:
    shipped = read_order_model()
    assert set(shipped.names) <= set(FEATURES)
    assert set(shipped.written.learnt_from) == {"market", "village", "bazaar"}


def test_a_value_on_a_bound_is_not_beyond_it(tmp_path: Path) -> None:
    model = read_order_model(write(tmp_path / "judge.json", GOOD))
    features = RingFeatures(("insularity",), np.array([[0.0], [0.5], [0.51]]))
    assert model.split(features).ravel().tolist() == [-1.0, -1.0, 1.0]


def test_what_was_seen_is_known_with_its_ends(tmp_path: Path) -> None:
    model = read_order_model(write(tmp_path / "judge.json", GOOD))
    features = RingFeatures(("insularity",), np.array([[-0.01], [0.0], [1.0], [1.01]]))
    assert model.know(features).ravel().tolist() == [0, 1, 1, 0]


def test_what_is_written_is_read_again_and_has_the_same_bytes(tmp_path: Path) -> None:
    model = read_order_model()
    place = tmp_path / "judge.json"
    place.write_bytes(write_order_model(model.written))
    assert read_order_model(place) == model


def change(**steps: Any) -> dict[str, Any]:
    return GOOD | {"steps": {"insularity": GOOD["steps"]["insularity"] | steps}}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (GOOD | {"schema": 2}, "schema 2"),
        (change(adds=[1.0, -1.0]), "do not go one way"),
        (change(bounds=[0.5, 0.5], adds=[0.0, 0.0, 0.0]), "do not go one way"),
        (change(adds=[1.0]), "the steps of insularity"),
        (change(adds=[1.0, 1e999]), "judge.json"),
        (GOOD | {"steps": {"hair colour": GOOD["steps"]["insularity"]}}, "hair colour"),
        ({"schema": 1}, "missing required field"),
    ],
)
def test_what_is_no_judge_is_refused_in_one_line(told: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_order_model(write(tmp_path / "judge.json", told))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rerank_file in the settings: .*nobody\.json cannot be read"):
        read_order_model(tmp_path / "nobody.json")
