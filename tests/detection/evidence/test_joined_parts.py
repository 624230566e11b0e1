"""Groups that are judged in parts come to what they come to at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from detection_market import make_background, make_snapshot, pick, plant_trade_ring

from detection import parallel as side_by_side
from detection.evidence.claims import Explanation
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import Market, make_market
from detection.groups import Groups
from detection.search import link_market, propose_groups
from detection.settings import DetectSettings

NAMES = ("people", "households", "again_bits", "choice_bits")


@pytest.fixture(scope="module")
def market() -> Market:
    facts = make_background(n=1000)
    for begin in (100, 300, 500):
        plant_trade_ring(facts, pick(begin, 12))
    return make_market(make_snapshot(facts))


@pytest.fixture(scope="module")
def groups(market: Market) -> Groups:
    return propose_groups([link_market(market)], market, DetectSettings())


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    """Every array in a result, by its place there; of who has part in what, in one order."""
    if is_dataclass(value):
        parts = {each.name: getattr(value, each.name) for each in fields(value) if each.name != "market"}
        if {"membership", "row"} <= parts.keys():
            order = np.lexsort((parts["membership"], parts["row"]))
            parts |= {name: parts[name][order] for name in ("membership", "row")}
        if isinstance(value, Explanation):  # of groups that it does not fit it says nothing
            parts |= {name: np.where(value.bits > 0, parts[name], 0.0) for name in NAMES}
    elif isinstance(value, Mapping):
        parts = dict(value)
    elif isinstance(value, tuple):
        parts = {each.name: each for each in value}
    else:
        return {path: np.asarray(value)}
    return {key: found for name, part in parts.items() for key, found in flatten(part, f"{path}/{name}").items()}


def judge(groups: Groups, market: Market, threads: int, monkeypatch: pytest.MonkeyPatch) -> Assessment:
    monkeypatch.setattr(side_by_side, "THREADS", threads)
    monkeypatch.setattr(side_by_side, "WORTH_SHARING", 0)
    return judge_groups(groups, market)


@pytest.mark.parametrize("threads", [2, 3])
def test_groups_judged_in_parts_are_judged_as_at_once(
    market: Market, groups: Groups, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, joined = (judge(groups, market, each, monkeypatch) for each in (1, threads))
    found, expected = flatten(joined), flatten(whole)
    assert found.keys() == expected.keys()
    assert len({each.name for each in whole.explanations}) > 1
    for name, array in expected.items():
        assert np.array_equal(np.broadcast_to(found[name], array.shape) if not array.ndim else found[name], array), name
    for name in ("member_bits", "idle_net_bits", "fault_bits", "community_bits"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name)), name


def test_what_explains_nothing_in_one_part_explains_nothing_there(
    market: Market, groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judge(groups, market, 1, monkeypatch)
    by_first = [each for each in whole.explanations if not each.bits[: len(groups) // 3].any()]
    joined = judge(groups, market, 3, monkeypatch)
    assert [each.name for each in joined.explanations] == [each.name for each in whole.explanations]
    for each in by_first:
        (found,) = (other for other in joined.explanations if other.name == each.name)
        assert not found.bits[: len(groups) // 3].any()
