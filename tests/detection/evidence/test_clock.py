"""Time as a market lived it, and what follows for those who praise and trade close together in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detection_market import Facts, gather, make_background, make_snapshot, pick
from hypothesis import given
from hypothesis import strategies as st

from detection.channels.catalogue import SWEEP
from detection.evidence.clock import make_clock
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.likelihood import score_confined
from detection.policy import DEFAULT_POLICY
from detection.settings import DetectSettings
from graph.model import Snapshot

MEMBERS = pick(0, 10)


def make_club(days: float) -> Facts:
    """Ten who trade among themselves from the first of some days to the last."""
    facts, rng = make_background(1, n=1000), np.random.default_rng(5)
    pairs = [(MEMBERS[i], MEMBERS[(i + int(rng.integers(1, 10))) % 10]) for i in range(10) for _ in range(5)]
    facts.trade(pairs, np.linspace(0, days, len(pairs)).tolist())
    return facts


def make_fans(days: float) -> Facts:
    """Ten who buy of one seller, and praise what they bought, from the first of some days to the last."""
    facts, when = make_background(1, n=1000), np.linspace(0, days, len(MEMBERS)).tolist()
    facts.trade([(member, "a0007") for member in MEMBERS], when)
    facts.reviews += [(member, "p007", None, 5.0, day) for member, day in zip(MEMBERS, when, strict=True)]
    return facts


def judge(snapshot: Snapshot) -> Assessment:
    # Whom somebody pays last, of a background in which nothing has a product, is chance.
    market = make_market(snapshot, DetectSettings(exclude_channels=(SWEEP,)))
    return judge_groups(gather(snapshot, MEMBERS), market)


def weigh(name: str, snapshot: Snapshot) -> float:
    """The bits that one explanation accounts for."""
    return sum(float(each.bits[0]) for each in judge(snapshot).explanations if each.name == name)


def forget_times(snapshot: Snapshot) -> Snapshot:
    orders, reviews = snapshot.orders, snapshot.reviews
    unknown = np.datetime64("NaT", "us")
    return replace(
        snapshot,
        orders=replace(orders, ordered_at=np.full_like(orders.ordered_at, unknown)),
        reviews=replace(reviews, reviewed_at=np.full_like(reviews.reviewed_at, unknown)),
    )


def test_a_share_of_time_is_a_share_of_what_happened_whatever_the_days_between() -> None:
    days = np.array(["2024-01-01", "2024-01-02", "2024-06-01", "2024-06-02", "NaT"], dtype="datetime64[us]")
    clock = make_clock(days)
    first, last = clock.days[[0, 1, 2]], clock.days[[1, 2, 2]]
    assert clock.share(first, last).tolist() == [0.5, 0.5, 0.25]
    assert make_clock(days[4:]).share(first, last - 1e9).tolist() == [1.0, 1.0, 1.0]
    assert make_clock(days[:1]).share(first[:1], first[:1]).tolist() == [1.0]


def test_a_clock_counts_days_whatever_times_are_written_in() -> None:
    whole, half = np.array(["1970-01-03"], dtype="datetime64[D]"), np.array(["1970-01-03T12"], dtype="datetime64[h]")
    assert make_clock(whole).days.tolist() == [2.0]
    assert make_clock(half).days.tolist() == [2.5]


@given(st.integers(2, 200), st.floats(0.001, 1.0), st.floats(0.0, 1.0))
def test_the_closer_and_the_more_deeds_the_more_bits_and_none_for_one(n: int, share: float, closer: float) -> None:
    times = np.array([n, n, n + 1, 1], dtype=float)
    plain, near, more, one = score_confined(times, share * np.array([1.0, closer, 1.0, 1.0]))
    assert plain <= near + 1e-9
    assert plain <= more + 1e-9
    assert one == 0


def test_points_drawn_evenly_span_so_little_as_often_as_the_bits_say() -> None:
    drawn = np.random.default_rng(3).random((200_000, 5))
    often = float((np.ptp(drawn, axis=1) <= 0.4).mean())
    assert score_confined(np.array([5.0]), np.array([0.4]))[0] == pytest.approx(-np.log2(often), abs=0.05)


def test_a_club_of_a_season_has_little_more_against_it_than_one_of_years() -> None:
    season, years = (judge(make_snapshot(make_club(days))).idle_net_bits[0] for days in (20.0, 380.0))
    assert years < season <= years + DEFAULT_POLICY.season_bits + 1
    assert season < 0


def test_fans_explain_what_is_spread_over_the_markets_time_and_not_what_is_close_together() -> None:
    close, spread = (make_snapshot(make_fans(days)) for days in (3.0, 380.0))
    assert weigh("fans", close) < 5 < weigh("fans", spread)


def test_what_nobody_dated_may_have_taken_years() -> None:
    club, fans = make_snapshot(make_club(20)), make_snapshot(make_fans(3))
    assert weigh("club", club) < weigh("club", forget_times(club))
    assert weigh("fans", fans) < weigh("fans", forget_times(fans))
