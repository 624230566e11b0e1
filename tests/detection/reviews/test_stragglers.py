"""Reviews that a campaign's block leaves out: as many as are more than usual in its days."""

from __future__ import annotations

import numpy as np
import pytest

from detection.channels.catalogue import BLAME, PRAISE
from detection.reviews.clusters import Cluster
from detection.reviews.stragglers import find_stragglers
from graph.model import Floats

OWN = np.arange(10)
CAMPAIGN = Cluster(PRAISE, OWN, OWN, 0.9)
OTHERS, BEFORE = 5, 95


def find(n_before: int = 2, *, tone: str = PRAISE, **changes: tuple[int, float]) -> Floats:
    """Ten reviews of a campaign from day 100 to 109, five others in those days, and some in the days from 5 on."""
    day = np.concatenate([100.0 + np.arange(10), np.full(OTHERS, 104.0), 5.0 + np.arange(n_before) % BEFORE])
    cluster = np.where(np.arange(len(day)) < len(OWN), 0, -1)
    target, told = np.zeros(len(day), dtype=np.int64), np.ones(len(day), dtype=bool)
    columns = {"day": day, "cluster": cluster, "target": target}
    for name, (row, value) in changes.items():
        columns[name][row] = value
    return find_stragglers(
        (CAMPAIGN,),
        columns["cluster"],
        columns["target"],
        columns["day"],
        {tone: told, PRAISE: told & (tone == PRAISE)},
    )


def test_what_is_more_than_usual_in_a_campaigns_days_is_likely_of_it() -> None:
    chance = find()
    usual = (2 + 1.0) / (110 - 5 - 10) * 10
    np.testing.assert_allclose(chance[10:15], 0.9 * (1 - usual / OTHERS))
    assert not chance[:10].any()
    assert not chance[15:].any()


def test_where_it_is_no_more_than_usual_nobody_is() -> None:
    assert not find(n_before=60).any()


def test_a_target_that_was_never_reviewed_otherwise_has_hardly_any() -> None:
    assert not find(n_before=0).any()


def test_the_more_is_usual_the_fewer_straggle() -> None:
    chances = [find(n_before=number)[10] for number in range(1, 40, 6)]
    assert chances == sorted(chances, reverse=True)
    assert len(set(chances)) == len(chances)


def test_who_says_something_else_of_it_straggles_not() -> None:
    assert not find(tone=BLAME).any()


@pytest.mark.parametrize(
    "changes", [{"day": (12, np.nan)}, {"target": (12, 1)}, {"target": (12, -1)}, {"day": (12, 99)}]
)
def test_neither_does_who_writes_of_another_target_or_at_another_time(changes: dict[str, tuple[int, float]]) -> None:
    chance = find(**changes)
    assert chance[12] == 0
    assert chance[11] > 0.5


def test_the_order_of_reviews_is_none_of_it() -> None:
    day = np.concatenate([100.0 + np.arange(10), np.full(5, 104.0), [5.0, 50.0]])
    cluster, target = np.where(np.arange(17) < 10, 0, -1), np.zeros(17, dtype=np.int64)
    told, shuffled = {PRAISE: np.ones(17, dtype=bool)}, np.random.default_rng(0).permutation(17)
    straight = find_stragglers((CAMPAIGN,), cluster, target, day, told)
    np.testing.assert_array_equal(
        find_stragglers((CAMPAIGN,), cluster[shuffled], target, day[shuffled], told), straight[shuffled]
    )
