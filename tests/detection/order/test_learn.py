"""Learning: what tells planted rings apart is learnt one way, the same rings teach the same judge, to the byte."""

from __future__ import annotations

import numpy as np

from detection.order.features import FEATURES, RingFeatures
from detection.order.learn import TaughtRings, learn_order
from detection.order.model import OrderModel, Written, check_written, write_order_model

NAMES = ("insularity", "fragment", "density")


def draw(seed: int, n: int = 300, *, backwards: bool = False) -> TaughtRings:
    """Rings of which the planted ones are insular, and have few outsiders; density is noise."""
    rng = np.random.default_rng(seed)
    is_planted = rng.random(n) < 0.4
    values = rng.uniform(0, 1, (n, 3)) + np.outer(is_planted ^ backwards, [0.5, -0.5, 0.0])
    return TaughtRings(RingFeatures(NAMES, values), is_planted)


def learn(**taught: TaughtRings) -> Written:
    return learn_order(taught, ("trades",), figures={name: FEATURES[name] for name in NAMES})


def test_planted_rings_come_first() -> None:
    model, other = OrderModel(learn(one=draw(1), two=draw(2)), ""), draw(3)
    odds = model.split(other.features).sum(axis=1)
    above = (odds[other.is_planted][:, None] > odds[~other.is_planted]).mean()
    assert above > 0.9


def test_what_speaks_against_the_direction_is_not_learnt() -> None:
    backwards = learn(one=draw(1, backwards=True))
    check_written(backwards)
    against = [backwards.steps[name].adds for name in ("insularity", "fragment")]
    assert all(max(adds) - min(adds) < 0.2 for adds in against)


def test_each_kind_of_market_counts_as_much_as_every_other() -> None:
    few, many = draw(1, 200), draw(2, 4000, backwards=True)
    model = OrderModel(learn(few=few, many=many), "")
    # Weighed by rings, the many would leave nothing of what the few teach.
    assert max(model.written.steps["insularity"].adds) > 0.05


def test_steps_are_the_mean_of_the_draws_and_ends_are_what_was_seen() -> None:
    taught = draw(1)
    written = learn(one=taught)
    for place, name in enumerate(NAMES):
        values = taught.features.values[:, place]
        assert (written.steps[name].low, written.steps[name].high) == (values.min(), values.max())
    assert (written.learnt_from, written.needs) == ({"one": 300}, ("trades",))


def test_the_same_rings_teach_the_same_judge() -> None:
    assert write_order_model(learn(one=draw(1))) == write_order_model(learn(one=draw(1)))
