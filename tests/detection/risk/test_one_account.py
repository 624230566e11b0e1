"""One account described by itself is what it is in the whole table, and is scored alike."""

from __future__ import annotations

import numpy as np
from detection_market import Facts, find_rows, make_snapshot, pick
from risk_market import make_facts

from detection.evaluation.leak_gate import remove_labels
from detection.risk.file import KeptModel
from detection.risk.model import score_accounts
from embeddings.features.history import measure_large_amounts
from embeddings.features.one_account import describe_account
from embeddings.features.table import describe_accounts, pick_columns


def test_an_account_described_by_itself_has_its_row_of_the_table() -> None:
    snapshot = remove_labels(make_snapshot(make_busy_facts()))
    table, large_from = describe_accounts(snapshot), measure_large_amounts(snapshot)
    names = table.names
    assert any(name.startswith("agreed in a review: ") for name in names)
    for row in range(0, snapshot.n_accounts, 7):
        alone = pick_columns(describe_account(snapshot, table, row, large_from), names)
        np.testing.assert_allclose(alone, pick_columns(table, names, np.array([row])), rtol=1e-4, atol=1e-5)


def test_a_newcomer_is_described_and_scored_in_a_market_that_was_described_without_it(kept: KeptModel) -> None:
    facts = make_facts()
    before = make_snapshot(facts)
    table, large_from = describe_accounts(before), measure_large_amounts(before)
    facts.accounts["zz-new"] = 260.0
    facts.orders += [("zz-new", f"a{k:04d}", 261 + 0.01 * k, "refunded") for k in range(6)]
    facts.uses.append(("zz-new", "device", "shared-1", 261))
    after = make_snapshot(facts)
    row = find_rows(after, ["zz-new"])[0]
    described = describe_account(after, table, row, large_from)
    whole = describe_accounts(after)
    own = [name for name in whole.names if ": " not in name]
    np.testing.assert_allclose(pick_columns(described, own), pick_columns(whole, own, np.array([row])), rtol=1e-5)
    near = pick_columns(described, ["shares device: bought.log_count", "bought from: sold.log_count"])
    assert np.isfinite(near).all()
    risk = score_accounts(kept.model, described, np.array([0.1]))
    assert risk > np.quantile(score_accounts(kept.model, table, np.full(before.n_accounts, 0.1)), 0.9)


def make_busy_facts() -> Facts:
    """The same, with reviews that agree, crowds that share one network, and referrals."""
    facts = make_facts()
    facts.share(pick(0, 25), "ip", "a crowd's")
    facts.share([*pick(100, 3), *pick(200, 3)], "device", "the same day")
    for product in range(4):
        facts.reviews += [
            (name, f"p{product:03d}", None, 5.0 if place % 3 else 1.0, 50.0 + place)
            for place, name in enumerate(pick(40 * product, 12))
        ]
    facts.orders += [(name, "a0003", 60.0, "completed", f"p{place % 2:03d}") for place, name in enumerate(pick(50, 9))]
    return facts
