"""What is usual in a market, and what follows from it for those who are judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from detection_market import Facts, gather, make_background, make_snapshot, pick

from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import Market, make_market
from detection.evidence.market_norms import MarketNorms, measure_norms, measure_span
from detection.policy import DEFAULT_POLICY
from graph.model import Snapshot

MEMBERS = pick(0, 10)
CLUB_DAYS, FANS_DAYS = DEFAULT_POLICY.club_days, DEFAULT_POLICY.fans_days


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


def judge(snapshot: Snapshot, market: Market | None = None) -> Assessment:
    return judge_groups(gather(snapshot, MEMBERS), market or make_market(snapshot))


def weigh(name: str, snapshot: Snapshot, market: Market | None = None) -> float:
    """The bits that one explanation accounts for."""
    return sum(float(each.bits[0]) for each in judge(snapshot, market).explanations if each.name == name)


def forget_times(snapshot: Snapshot) -> Snapshot:
    orders, reviews = snapshot.orders, snapshot.reviews
    unknown = np.datetime64("NaT", "us")
    return replace(
        snapshot,
        orders=replace(orders, ordered_at=np.full_like(orders.ordered_at, unknown)),
        reviews=replace(reviews, reviewed_at=np.full_like(reviews.reviewed_at, unknown)),
    )


def test_a_market_goes_back_as_far_as_its_dates_but_for_strays() -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(1_000) * np.timedelta64(1, "D")
    assert abs(measure_span(days, DEFAULT_POLICY) - 980) < 2
    with_a_typing_error = np.append(days, np.datetime64("1970-01-01", "us"))
    assert abs(measure_span(with_a_typing_error, DEFAULT_POLICY) - 980) < 2
    assert measure_span(days[:0], DEFAULT_POLICY) == 0


def test_a_club_has_to_be_old_only_where_the_market_is() -> None:
    snapshot = make_snapshot(make_club(0.7 * CLUB_DAYS))
    market = make_market(snapshot)
    old, young = (replace(market, norms=MarketNorms(order_days=days)) for days in (1_000, CLUB_DAYS))
    assert weigh("club", snapshot, old) == 0 < 100 < weigh("club", snapshot, young)
    assert judge(snapshot, young).net_bits[0] < 0 < judge(snapshot, old).net_bits[0]


def test_fans_have_to_be_old_only_where_the_market_is() -> None:
    snapshot = make_snapshot(make_fans(0.7 * FANS_DAYS))
    market = make_market(snapshot)
    old, young = (replace(market, norms=MarketNorms(review_days=days)) for days in (1_000, FANS_DAYS))
    assert weigh("fans", snapshot, old) < 1 < 5 < weigh("fans", snapshot, young)


def test_what_nobody_dated_may_have_taken_years() -> None:
    club, fans = make_snapshot(make_club(20)), make_snapshot(make_fans(20))
    assert judge(club).net_bits[0] > 0 > judge(forget_times(club)).net_bits[0]
    assert weigh("fans", fans) < 1 < 5 < weigh("fans", forget_times(fans))


def test_a_club_of_which_no_trade_is_dated_may_be_old_where_others_trades_are() -> None:
    snapshot = make_snapshot(make_club(20))
    ours = np.isin(snapshot.account_id[snapshot.orders.buyer], MEMBERS)
    at = np.where(ours, np.datetime64("NaT", "us"), snapshot.orders.ordered_at)
    undated = replace(snapshot, orders=replace(snapshot.orders, ordered_at=at))
    assert make_market(undated).norms.order_days > CLUB_DAYS
    assert weigh("club", snapshot) == 0 < 100 < weigh("club", undated)


def test_a_market_without_dates_goes_back_no_day() -> None:
    snapshot = forget_times(make_snapshot(make_club(20)))
    market = make_market(snapshot)
    norms = measure_norms(snapshot, market.dealings, market.cycles, DEFAULT_POLICY)
    assert (norms.order_days, norms.review_days) == (0, 0)
