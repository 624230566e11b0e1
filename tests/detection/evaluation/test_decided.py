"""What people decided is truth to measure by, and no evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import click
import numpy as np
import pytest
from detection_market import make_background, make_snapshot
from evaluated import group
from said import decide, decide_ring, say

from cli.measure import OpenMarket, hear_market
from detection.casework.heard import hear
from detection.evaluation.decided import hear_truth
from detection.evaluation.truth import TrueVerdicts, Truth
from detection.statistics import estimate_share
from graph.casework.calibration import calibrate, find_interval

MARKET = make_snapshot(make_background(n=60))
IDS = MARKET.account_id.tolist()
LABELLED = replace(
    MARKET,
    label_account=np.array([0, 1]),
    label_is_fraud=np.array([True, True]),
    label_decided_at=np.array(["2024-01-01", "2024-06-01"], dtype="datetime64[us]"),
)


def tell(truth: Truth) -> dict[str, bool]:
    assert truth.accounts is not None
    return dict(zip(truth.accounts.subject.tolist(), truth.accounts.is_bad.tolist(), strict=True))


def test_decisions_count_where_nothing_else_is_known() -> None:
    ring = decide_ring("R-1", "dismissed", dict.fromkeys(IDS[5:9], 9.0))
    said = [ring, decide(IDS[5], "confirmed", 2), decide(IDS[6], "watch", 3), decide(IDS[9], "dismissed", 4)]
    said += [decide(IDS[0], "cleared", 5), decide(IDS[1], "cleared", 6, at=datetime.fromisoformat("2024-04-02T00Z"))]
    said += [say(7, subject="review", subject_id="v1", word="confirmed")]
    heard = hear(said)
    found = hear_truth(Truth(), LABELLED, heard)
    # Of a label and a decision the later one counts.
    wanted = {IDS[0]: False, IDS[1]: True, IDS[5]: True, IDS[6]: False, IDS[7]: False, IDS[8]: False, IDS[9]: False}
    assert tell(found) == wanted
    assert found.reviews is not None
    assert (found.reviews.subject.tolist(), found.reviews.is_bad.tolist()) == (["v1"], [True])
    table = TrueVerdicts(np.array([IDS[5], IDS[20]], dtype=object), np.array([False, True]))
    assert tell(hear_truth(Truth(accounts=table), LABELLED, heard)) == wanted | {IDS[5]: False, IDS[20]: True}


def test_a_truth_that_knows_all_of_the_rings_is_left_as_it_is() -> None:
    truth = Truth(rings=(group("1", "ab"),))
    assert hear_truth(truth, LABELLED, hear([decide(IDS[0], "cleared")])) is truth


def test_of_each_tier_it_is_counted_how_often_rings_were_confirmed() -> None:
    words = [("automatic", "confirmed")] * 3 + [("automatic", "cleared"), ("review", "dismissed"), ("review", "watch")]
    rings = [decide_ring(f"R{n}", word, {f"a{n}": 1.0}, tier=tier) for n, (tier, word) in enumerate(words)]
    found = calibrate(rings)
    assert [(each.tier, each.hits, each.decided) for each in found.values()] == [("automatic", 3, 4), ("review", 0, 1)]
    assert (found["automatic"].low, found["automatic"].high) == find_interval(3, 4)
    assert (estimate_share(3, 4).low, estimate_share(3, 4).high) == find_interval(3, 4)


def test_where_nobody_has_decided_anything_a_truth_has_to_be_named() -> None:
    with pytest.raises(click.UsageError, match="--truth is missing"):
        hear_market(OpenMarket(MARKET, heard=hear([])), Truth())
    known = hear_market(OpenMarket(MARKET, heard=hear([decide(IDS[0], "cleared")])), Truth())
    assert tell(known) == {IDS[0]: False}
