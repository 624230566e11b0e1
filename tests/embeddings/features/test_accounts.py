"""Features against their definitions told slowly; what is silent; scaling."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, pstdev

import numpy as np
import pytest
from encoder_market import STATUS_NAMES, Market, random_market

from embeddings.features.accounts import (
    COMMON_KINDS,
    INDICATORS,
    OTHER_KIND,
    AccountFeatures,
    account_features,
    feature_names,
)
from embeddings.features.scaling import CLIP_AT, fit_scaling, scale_features
from graph.errors import ConfigError


def describe_slowly(market: Market, account: int) -> dict[str, float | None]:
    """One account's features, straight from their definitions; None where silent."""
    told: dict[str, float | None] = {}
    for topic, own, other in (("bought", 0, 1), ("sold", 1, 0)):
        mine = [order for order in market.orders if order[own] == account]
        logs = [math.log1p(order[3]) for order in mine if not math.isnan(order[3])]
        judged = [STATUS_NAMES[order[5]] for order in mine if order[5] >= 0]
        told[f"{topic}.log_count"] = math.log1p(len(mine))
        told[f"{topic}.log_partners"] = math.log1p(len({order[other] for order in mine} - {-1}))
        told[f"{topic}.log_amount_mean"] = fmean(logs) if logs else None
        told[f"{topic}.amount_spread"] = pstdev(logs) if len(logs) >= 2 else None
        for status in ("refunded", "disputed"):
            told[f"{topic}.{status}_share"] = judged.count(status) / len(judged) if judged else None
    bought_from = {order[1] for order in market.orders if order[0] == account} - {-1}
    sold_to = {order[0] for order in market.orders if order[1] == account}
    partners = bought_from | sold_to
    told["trade.reciprocity"] = len(bought_from & sold_to) / len(partners) if partners else None
    for topic, own in (("reviews", 0), ("received", 2)):
        mine_too = [review for review in market.reviews if review[own] == account]
        ratings = [review[3] for review in mine_too if not math.isnan(review[3])]
        told[f"{topic}.log_count"] = math.log1p(len(mine_too))
        told[f"{topic}.rating_mean"] = fmean(ratings) if ratings else None
        told[f"{topic}.extreme_share"] = fmean(r in (1, 5) for r in ratings) if ratings else None
    told["referrals.log_made"] = math.log1p(sum(by == account for _, by in market.referrals))
    told["referrals.came_by_one"] = float(any(came == account for came, _ in market.referrals))
    told |= describe_rhythm_slowly(market, account) | describe_identifiers_slowly(market, account)
    return told | {name: float(told[source] is not None) for name, source in INDICATORS.items()}


def describe_rhythm_slowly(market: Market, account: int) -> dict[str, float | None]:
    acts = [order[4] for order in market.orders if account in order[:2]]
    acts += [review[4] for review in market.reviews if review[0] == account]
    at = sorted(minute for minute in acts if minute is not None)
    gaps = [later - sooner for sooner, later in pairwise(at)]
    bins = Counter(math.floor(math.log2(1 + gap)) for gap in gaps)
    days = Counter(minute // 1440 for minute in at)
    timed = [minute % 1440 for minute in at if minute % 1440]
    created = market.created.get(account)
    age_days = max((at[0] - created) / 1440, 0) if at and created is not None else None
    return {
        "rhythm.log_span_days": math.log1p((at[-1] - at[0]) / 1440) if at else None,
        "rhythm.gap_entropy_bits": (
            -sum(c / len(gaps) * math.log2(c / len(gaps)) for c in bins.values()) if len(gaps) >= 2 else None
        ),
        "rhythm.busiest_day_share": max(days.values()) / len(at) if at else None,
        "rhythm.night_share": fmean(minute < 360 for minute in timed) if timed else None,
        "account.log_age_at_first_act_days": math.log1p(age_days) if age_days is not None else None,
    }


def describe_identifiers_slowly(market: Market, account: int) -> dict[str, float | None]:
    users = defaultdict(set)
    for user, kind, value in market.uses:
        users[kind, value].add(user)
    told: dict[str, float | None] = {}
    for name in (*COMMON_KINDS, OTHER_KIND):
        logs = [
            math.log(len(who))
            for (kind, _), who in users.items()
            if account in who and (kind if kind in COMMON_KINDS else "other") == name
        ]
        told[f"{name}.log_count"] = math.log1p(len(logs))
        told[f"{name}.log_others_mean"] = fmean(logs) if logs else None
        told[f"{name}.log_others_max"] = max(logs) if logs else None
    return told


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_features_equal_their_definitions_told_slowly(seed: int) -> None:
    market = random_market(seed, n=30)
    found = account_features(market.snapshot())
    for account in range(market.n_accounts):
        told = describe_slowly(market, account)
        assert set(told) == set(found.names)
        expected = [told[name] for name in found.names]
        assert [value is not None for value in expected] == found.known[account].tolist()
        np.testing.assert_allclose(found.values[account], [value or 0.0 for value in expected], rtol=1e-5, atol=1e-6)


def test_labels_do_not_change_the_features(market: Market) -> None:
    plain, labelled = market.snapshot(), replace(market, fraud=(0, 3, 5)).snapshot()
    assert account_features(plain).values.tobytes() == account_features(labelled).values.tobytes()


def test_every_market_has_the_same_features(market: Market) -> None:
    assert account_features(market.snapshot()).names == feature_names()
    assert len(set(feature_names())) == len(feature_names())


def test_bare_dates_say_nothing_of_the_night() -> None:
    market = Market(2, orders=[(0, 1, -1, 5.0, 1440.0 * day, 0) for day in range(4)])
    found = account_features(market.snapshot())
    assert not found.known[:, found.names.index("rhythm.night_share")].any()
    assert found.known[:, found.names.index("rhythm.log_span_days")].all()


def test_what_is_silent_is_scaled_to_nought(market: Market) -> None:
    found = account_features(market.snapshot())
    scaled = scale_features(found, fit_scaling(found))
    assert not found.known.all()
    assert (scaled[~found.known] == 0).all()
    assert np.abs(scaled).max() <= CLIP_AT


def test_a_new_market_is_scaled_as_the_old_one_was(market: Market) -> None:
    old = account_features(market.snapshot())
    scaling = fit_scaling(old)
    doubled = AccountFeatures(np.vstack([old.values, old.values]), np.vstack([old.known, old.known]), old.names)
    assert (scale_features(doubled, scaling)[: market.n_accounts] == scale_features(old, scaling)).all()


def test_scaling_of_other_features_is_refused(market: Market) -> None:
    found = account_features(market.snapshot())
    with pytest.raises(ConfigError, match="horoscope"):
        scale_features(found, replace(fit_scaling(found), names=(*found.names[:-1], "account.horoscope")))
