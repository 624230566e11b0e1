"""Which accounts are alike, and in what."""

from __future__ import annotations

import numpy as np
import pytest
from encoder_market import Market, planted_market

from embeddings.features.accounts import (
    account_features,
)
from embeddings.similar import explain_likeness, find_nearest, find_similar
from graph.errors import ConfigError


def test_similar_accounts_are_those_of_a_full_sort() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.integers(-1, 2, (200, 3)).astype(np.float32) + np.float32(0.1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for k in (1, 10, 199, 500):
        cosine = [round(float(np.dot(vectors[i], vectors[7])), 6) for i in range(200)]
        expected = sorted((i for i in range(200) if i != 7), key=lambda i: (-cosine[i], i))[:k]
        assert find_similar(vectors, 7, k).row.tolist() == expected


def test_the_nearest_of_all_are_those_of_each() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(1100, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = find_nearest(vectors, 5)
    for row in (0, 511, 512, 1099):
        assert near[row].tolist() == find_similar(vectors, row, 5).row.tolist()


def test_an_account_like_a_crowd_is_near_nobody() -> None:
    vectors = np.repeat(np.eye(2, dtype=np.float32), [8, 3], axis=0)
    near = find_nearest(vectors, 3)
    assert (near[:8] == -1).all()
    assert set(near[8, :2].tolist()) == {9, 10}


def test_asking_for_no_account_is_refused() -> None:
    with pytest.raises(ConfigError, match="k is 0"):
        find_similar(np.eye(3, dtype=np.float32), 0, 0)


def test_an_only_account_is_like_nobody() -> None:
    assert find_similar(np.ones((1, 1), dtype=np.float32), 0, 5).row.tolist() == []


def test_a_likeness_is_explained_by_what_is_rare_in_the_market() -> None:
    market, planted = planted_market()
    reasons = explain_likeness(account_features(market.snapshot()), planted[0], planted[1])
    named = {reason.feature: reason for reason in reasons}
    assert named["email.log_count"].value_a == pytest.approx(3, abs=1e-5)
    assert named["email.log_count"].market_share == pytest.approx(6 / 86)
    assert any(feature.startswith("bought.") for feature in named)
    shares = [reason.market_share for reason in reasons]
    assert shares == sorted(shares)
    assert len({reason.feature.partition(".")[0] for reason in reasons}) == len(reasons)


def test_what_everybody_does_explains_nothing() -> None:
    features = account_features(Market(10, created=dict.fromkeys(range(10), -5.0)).snapshot())
    assert explain_likeness(features, 0, 1) == ()
