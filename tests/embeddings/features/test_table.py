"""The feature table knows no id."""

from __future__ import annotations

import numpy as np
from detection_market import make_snapshot, pick, rename
from risk_market import make_facts

from embeddings.features.table import describe_accounts, pick_columns


def test_features_go_by_no_id() -> None:
    facts = make_facts()
    facts.share([*pick(100, 3), *pick(200, 3)], "device", "the same day")
    facts.orders += [(name, f"a{k:04d}", 20.0, "completed") for name in pick(100, 3) for k in range(3)]
    names = list(facts.accounts)
    order = np.random.default_rng(1).permutation(len(names))
    new = {name: f"b{place:04d}" for name, place in zip(names, order.tolist(), strict=True)}
    one, two = make_snapshot(facts), make_snapshot(rename(facts, new))
    was, now = describe_accounts(one), describe_accounts(two)
    row = {name: place for place, name in enumerate(two.account_id.tolist())}
    place = [row[new[name]] for name in one.account_id.tolist()]
    assert was.names == now.names
    np.testing.assert_allclose(
        pick_columns(now, now.names, np.array(place)), pick_columns(was, was.names), rtol=1e-5, atol=1e-5
    )
