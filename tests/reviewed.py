"""Reviews of small markets, for tests of what tells on them."""

from __future__ import annotations

import numpy as np

from detection.reviews.facts import ReviewFacts
from graph.model import Floats


def make_facts(n: int = 400, seed: int = 0, *, unknown: float = 0.1) -> ReviewFacts:
    """A small market with unknown targets, ratings and days."""
    rng = np.random.default_rng(seed)
    hide = lambda values: np.where(rng.random(n) < unknown, np.nan, values)  # noqa: E731
    return ReviewFacts(
        author=(60 * rng.random(n) ** 2).astype(np.int64),
        target=np.where(rng.random(n) < unknown, -1, (12 * rng.random(n) ** 2).astype(np.int64)),
        rating=hide(rng.integers(1, 6, n).astype(float)),
        day=hide(15_000 + np.floor(300 * rng.random(n))),
        n_accounts=60,
        n_targets=12,
        days_to_order=rng.choice([np.nan, np.inf, -2.0, 0.5, 9.0], n),
    )


def make_campaign(n_fakes: int = 25, seed: int = 1) -> tuple[ReviewFacts, np.ndarray]:
    """Forty products that regulars call fair; in one week newcomers praise one of them."""
    rng = np.random.default_rng(seed)
    n = 3000
    author, target = rng.integers(0, 250, n), rng.integers(0, 40, n)
    rating, day = rng.choice([2.0, 3.0, 4.0], n), 15_000 + np.floor(700 * rng.random(n))
    newcomers = np.arange(250, 700)
    honest = [newcomers, rng.integers(0, 40, 450), rng.choice([2.0, 3.0, 4.0], 450), 15_000 + 700 * rng.random(450)]
    planted = [
        np.arange(700, 700 + n_fakes),
        np.full(n_fakes, 7),
        np.full(n_fakes, 5.0),
        15_300 + 6 * rng.random(n_fakes),
    ]
    columns = [np.concatenate(parts) for parts in zip([author, target, rating, day], honest, planted, strict=True)]
    size = len(columns[0])
    facts = ReviewFacts(
        columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], np.floor(columns[3]), 700 + n_fakes, 40,
        np.full(size, np.nan),
    )  # fmt: skip
    return facts, np.arange(size) >= size - n_fakes


def compare(given: Floats, wanted: list[float]) -> None:
    np.testing.assert_allclose(given, np.array(wanted), rtol=1e-9, atol=1e-9)
