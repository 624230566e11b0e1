"""Rings, look-alikes, tiers and scores against what is true."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from evaluated import FEW, group

from detection.evaluation.measures import (
    bin_scores,
    count_found,
    count_lookalikes,
    count_tiers,
    match_groups,
    score_ranking,
    separate_accounts,
)
from detection.evaluation.truth import TrueVerdicts, Truth
from detection.statistics import Resampling
from graph.model import Snapshot
from graph.results import Member, Ring, RunResult
from graph.vocabulary import TIERS, Tier


def make_ring(members: str, tier: Tier = "review") -> Ring:
    parts = tuple(Member(each, "core", 9.0) for each in members)
    return Ring(f"R-{members}", "trade", 0.5, tier, 9.0, 1.0, parts, (), (), ())


def make_run(snapshot: Snapshot, rings: tuple[Ring, ...], tiers: dict[str, Tier]) -> RunResult:
    tier = np.array([TIERS.index(tiers.get(name, "clear")) for name in snapshot.account_id.tolist()])
    nothing = np.empty(0)
    return RunResult("run", {}, "", None, rings, tier / 4, tier, nothing, nothing.astype(int), ())


def test_a_group_hits_a_ring_when_half_of_all_their_members_are_common() -> None:
    planted = [group("one", "abcd")]
    assert match_groups([frozenset("abxy")], planted) == [None]
    assert match_groups([frozenset("abcx")], planted) == [0]
    assert match_groups([frozenset("ab")], planted) == [0]


def test_a_ring_is_hit_once_by_the_best_ranked_group() -> None:
    planted = [group("one", "abcd"), group("two", "wxyz")]
    assert match_groups([frozenset("abc"), frozenset("abcd"), frozenset("wxyz")], planted) == [0, None, 1]


def test_a_group_hits_the_ring_that_it_is_most_like() -> None:
    planted = [group("one", "abcdef"), group("two", "abcd")]
    assert match_groups([frozenset("abcd"), frozenset("abcd")], planted) == [1, 0]


def test_average_precision_counts_the_rings_that_were_not_found() -> None:
    assert score_ranking([0, None, 1], 2).average_precision.value == pytest.approx((1 + 2 / 3) / 2)
    assert score_ranking([0, None, 1], 4).average_precision.value == pytest.approx((1 + 2 / 3) / 4)
    assert score_ranking([], 3).average_precision.value == 0.0


def test_recall_when_sure_is_that_of_the_longest_prefix_with_enough_precision() -> None:
    assert score_ranking([None, 0, 1], 4).recall_when_sure == 0.0
    assert score_ranking([0, 1, None, 2], 4).recall_when_sure == 0.5
    recovers: list[int | None] = [0, None, *range(1, 19)]
    assert score_ranking(recovers, 19).recall_when_sure == 1.0  # 19 of 20 is 0.95 again


def test_places_that_a_short_list_does_not_fill_are_misses() -> None:
    score = score_ranking([0, 1, None], 4)
    assert score.precision_at == {4: 0.5, 5: 0.4, 10: 0.2, 20: 0.1, 50: 0.04}


def test_the_interval_of_ring_average_precision_holds_the_value_and_narrows_with_more_rings() -> None:
    def width(n: int) -> float:
        hits = [place if place % 2 else None for place in range(n)]
        found = score_ranking(hits, n, Resampling(400)).average_precision
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert width(200) < width(20) / 2


def test_found_rings_are_counted_by_kind_sharing_and_size_at_each_tier() -> None:
    planted = [group("one", "abc"), group("two", "defghi", "farm", "none"), group("three", "xyz", "farm", "none")]
    found = {
        (each.by, each.part): each for each in count_found([0, None, 1], ["watch", "review", "automatic"], planted)
    }
    farm = found["kind", "farm"]
    assert (farm.planted, farm.found, farm.review, farm.automatic) == (2, 1, 1, 1)
    trade = found["kind", "trade"]
    assert (trade.planted, trade.found, trade.review, trade.automatic) == (1, 1, 0, 0)
    assert {key for key in found if key[0] == "size"} == {("size", "2-5"), ("size", "6-10")}
    assert found["sharing", "none"].planted == 2


@pytest.mark.parametrize(
    ("members", "ring", "flagged", "review"),
    [
        ("abcd", "abxyz", "abxyz", 1),
        ("abcd", "axyz", "axyz", 0),
        ("ab", "axy", "axy", 0),
        ("ab", "abxy", "abxy", 1),
        ("abcd", "abxy", "axy", 0),
    ],
    ids=["half", "less than half", "one of two", "both of two", "half, but one of them let go"],
)
def test_a_look_alike_is_accused_when_one_ring_flags_half_of_it(
    members: str, ring: str, flagged: str, review: int
) -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abcdxyz")))
    run = make_run(snapshot, (make_ring(ring),), dict.fromkeys(flagged, "review"))
    (share,) = count_lookalikes(run, snapshot, [group("home", members, "household")])
    assert (share.kind, share.groups, share.review, share.automatic) == ("household", 1, review, 0)


def test_a_ring_on_watch_accuses_nobody() -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abcd")))
    run = make_run(snapshot, (make_ring("abcd", "watch"),), dict.fromkeys("abcd", "watch"))
    (share,) = count_lookalikes(run, snapshot, [group("home", "abcd", "household")])
    assert (share.review, share.automatic) == (0, 0)


def test_flagged_accounts_are_counted_at_a_tier_or_above() -> None:
    snapshot = make_snapshot(Facts(dict.fromkeys("abcdef")))
    run = make_run(snapshot, (), {"a": "automatic", "b": "review", "c": "review", "d": "watch"})
    truth = TrueVerdicts(snapshot.account_id, np.array([1, 1, 0, 0, 0, 0], dtype=bool))
    review, automatic = count_tiers(run, snapshot, truth)
    assert (review.flagged, review.bad, review.honest, review.honest_share) == (3, 2, 1, 0.25)
    assert (automatic.flagged, automatic.bad, automatic.honest) == (1, 1, 0)


def test_members_of_one_kind_are_set_against_honest_accounts_only() -> None:
    names = np.array(list("abcdefgh"), dtype=object)
    truth = Truth((group("1", "ab"), group("2", "cd", "farm")), (), TrueVerdicts(names, np.arange(8) < 4))
    scores = dict(zip("abcdefgh", [0.1, 0.1, 0.9, 0.9, 0.5, 0.5, 0.0, 0.0], strict=True))
    parts = {each.part: each for each in separate_accounts(scores, truth, FEW)}
    assert (parts["kind farm"].rows, parts["kind farm"].bad, parts["kind farm"].auc.value) == (6, 2, 1.0)
    assert parts["kind trade"].auc.value == 0.5
    assert parts["sharing all"].bad == 4


def test_bins_say_how_often_a_score_means_fraud() -> None:
    scores = {"a": 0.05, "b": 0.0, "c": 0.95, "d": 1.0}
    bins = bin_scores(scores, TrueVerdicts(np.array(list("abcd"), dtype=object), np.array([0, 0, 1, 0], dtype=bool)))
    assert [(each.low, each.rows, each.bad_share.value) for each in bins] == [(0.0, 2, 0.0), (0.9, 2, 0.5)]
