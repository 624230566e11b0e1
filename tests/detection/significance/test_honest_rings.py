"""The share of honest groups among listed rings, from what honest rings of other markets show."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest
from detection_market import make_background, make_snapshot, pick, plant_farm, plant_trade_ring
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.evaluation.worlds import KNOWN
from detection.run import find_run
from detection.settings import DetectSettings
from detection.significance.honest_rings import (
    MARGIN,
    STEPS,
    count_steps,
    estimate_honest_share,
    read_reference,
    spread_counts,
)

SHOWN = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(SHOWN, SHOWN)
def test_whoever_shows_more_is_no_likelier_to_be_honest(shown: list[float], reference: list[float]) -> None:
    shares = estimate_honest_share(np.array(shown), np.array(reference))
    order = np.argsort(shown)
    assert (np.diff(shares[order]) <= 0).all()
    assert ((shares > 0) & (shares <= 1)).all()


@settings(max_examples=60, deadline=None)
@given(SHOWN, SHOWN)
def test_a_share_is_the_least_of_the_lists_that_hold_the_ring(shown: list[float], reference: list[float]) -> None:
    shares = estimate_honest_share(np.array(shown), np.array(reference))
    for own, share in zip(shown, shares.tolist(), strict=True):
        lists = [
            len(shown)
            * (sum(each + MARGIN >= least for each in reference) + 1)
            / len(reference)
            / sum(s >= least for s in shown)
            for least in shown
            if least <= own
        ]
        assert share == pytest.approx(min(1.0, *lists))


def test_a_list_like_the_honest_ones_is_taken_to_be_honest_however_high_its_scores() -> None:
    reference = np.random.default_rng(1).beta(1, 3, 2000)
    assert estimate_honest_share(reference[::5] + MARGIN, reference).min() > 0.2
    assert np.median(estimate_honest_share(reference[::5] + MARGIN, reference)) > 0.95


def test_counts_by_step_stand_for_what_they_counted_rounded_up() -> None:
    shown = np.array([0.0, 0.001, 0.5, 0.503, 1.0])
    spread = spread_counts({"one": count_steps(shown[:2]), "other": count_steps(shown[2:])})
    assert spread.tolist() == pytest.approx([0.0, 0.005, 0.5, 0.505, 1.0])


def test_what_is_shipped_has_every_world_but_the_one_that_nothing_is_learnt_from() -> None:
    told = json.loads((files("detection.significance") / "honest_rings.json").read_text(encoding="utf-8"))
    assert set(told["honest"]) == set(KNOWN)
    assert {len(counts) for counts in told["honest"].values()} == {STEPS + 1}
    reference = read_reference()
    assert len(reference) > 1000
    # Few of the honest rings that are listed show, or are taken to show, what a person is to look at.
    assert 0.0 < (reference + MARGIN >= DetectSettings().policy.review_score).mean() < 0.02


def test_every_ring_of_a_run_says_which_share_of_its_like_is_honest() -> None:
    facts = make_background(n=600)
    plant_trade_ring(facts, pick(100, 12))
    plant_farm(facts, pick(300, 12))
    snapshot = make_snapshot(facts)
    rings = find_run(snapshot, DetectSettings()).rings
    expected = estimate_honest_share(np.array([ring.shown for ring in rings]), read_reference())
    assert [ring.false_discovery for ring in rings] == expected.tolist() != []
    copies = find_run(snapshot, DetectSettings(rewired_copies=1)).rings
    assert all(a.false_discovery >= b.false_discovery for a, b in zip(copies, rings, strict=True))  # type: ignore[operator]
