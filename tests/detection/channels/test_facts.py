"""What orders and reviews say of products and sellers, on a handful of rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from hand_made import use

from detection.channels.facts import (
    find_refunds,
    find_review_targets,
    find_shared_placeholders,
    find_thing_sellers,
)
from detection.channels.incidence import ANYTHING, NO_TARGET
from detection.policy import DEFAULT_POLICY, Policy


def test_a_review_is_of_its_product_or_else_of_its_seller_or_of_nothing() -> None:
    reviews: Any = SimpleNamespace(product=np.array([0, 3, -1, -1, -1]), seller=np.array([5, -1, 0, 5, -1]))
    assert find_review_targets(reviews).tolist() == [0, 3, -1, -6, NO_TARGET]


def test_a_thing_concerns_the_seller_of_its_product_or_its_account_and_a_time_concerns_nobody() -> None:
    subjects = [0, 1, 2, -1, -5, ANYTHING]
    channel = replace(use("praise", [(0, 5)]), subject=np.array(subjects))
    snapshot: Any = SimpleNamespace(n_products=3, product_seller=np.array([7, -1, 0]))
    assert find_thing_sellers(channel, snapshot).tolist() == [7, -1, 0, 0, 4, -1]
    without: Any = SimpleNamespace(n_products=0, product_seller=np.empty(0, dtype=np.int64))
    accounts = replace(channel, subject=np.array([-1, -5, ANYTHING]))
    assert find_thing_sellers(accounts, without).tolist() == [0, 4, -1]


@pytest.mark.parametrize(
    ("policy", "refunded"),
    [(DEFAULT_POLICY, {"refunded", "CHARGEBACK", "Returned"}), (Policy(refund_statuses=("lost",)), {"lost"})],
)
def test_an_order_was_refunded_whose_status_says_so_in_any_spelling(policy: Policy, refunded: set[str]) -> None:
    facts = Facts(dict.fromkeys(("ann", "shop")))
    statuses = ["refunded", "completed", "CHARGEBACK", None, "Returned", "lost"]
    facts.orders = [("ann", "shop", 1.0, status) for status in statuses]
    snapshot = make_snapshot(facts)
    found = find_refunds(snapshot, policy)
    assert len(found) == 6
    assert {snapshot.orders.status_names[code] for code in snapshot.orders.status[found]} == refunded
    assert find_refunds(make_snapshot(Facts(dict.fromkeys("ab"))), policy).tolist() == []


def test_what_stands_for_nothing_is_named_where_several_have_it_and_it_is_looked_at() -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd")))
    facts.share(["ann", "bob"], "phone", "unknown")
    facts.share(["ann", "bob"], "card", "unknown")
    facts.share(["cyd"], "device", "unknown")
    facts.share(["ann", "cyd"], "phone", "+4912345678")
    snapshot = make_snapshot(facts)
    kinds = np.array(snapshot.identifier_kind)
    found = find_shared_placeholders(snapshot, kinds != "card")
    assert (found.dtype, len(found)) == (bool, 4)
    assert [(kinds[row], snapshot.identifier_value[row]) for row in np.flatnonzero(found)] == [("phone", "unknown")]


def test_what_nobody_uses_any_more_is_no_placeholder() -> None:
    values = np.array(["unknown", "a phone", "unknown"], dtype=object)
    uses = SimpleNamespace(identifier=np.array([0, 0, 1]))
    snapshot: Any = SimpleNamespace(n_identifiers=3, uses=uses, identifier_value=values)
    assert find_shared_placeholders(snapshot, np.ones(3, dtype=bool)).tolist() == [True, False, False]
