"""Channels say what accounts have in common, and fall silent where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, make_snapshot

from detection.channels import BLAME, PRAISE, REFERRED, REFUND, SIGN_UP, TRADE, find_dealings, find_shared_things
from detection.describe import describe_thing
from graph.model import Snapshot


def list_sharings(snapshot: Snapshot, name: str) -> set[frozenset[str]]:
    """The sets of accounts that share a thing of a channel."""
    for channel in find_shared_things(snapshot):
        if channel.name == name:
            things = range(channel.n_things)
            sets = [frozenset(snapshot.account_id[channel.account[channel.thing == thing]]) for thing in things]
            return {accounts for accounts in sets if len(accounts) > 1}
    return set()


def make_facts(*names: str) -> Facts:
    return Facts(dict.fromkeys(names))


def test_accounts_share_an_identifier_once_however_often_they_use_it() -> None:
    facts = make_facts("ann", "bob", "cyd")
    facts.uses = [("ann", "device", "d", 1), ("ann", "device", "d", 5), ("bob", "device", "d", None)]
    channel = find_shared_things(make_snapshot(facts))[0]
    assert channel.popularity.tolist() == [2]
    assert [str(at)[:10] for at in (channel.first_at[0], channel.last_at[0])] == ["2024-01-02", "2024-01-06"]


def test_a_use_at_an_unknown_time_hides_no_known_one() -> None:
    facts = make_facts("ann")
    facts.uses = [("ann", "device", "d", 3), ("ann", "device", "d", None)]
    channel = find_shared_things(make_snapshot(facts))[0]
    assert str(channel.last_at[0])[:10] == str(channel.began_at[0])[:10] == "2024-01-04"


def test_praise_of_one_target_in_one_week_is_shared_and_blame_is_another_matter() -> None:
    facts = make_facts("ann", "bob", "cyd", "dan", "shop")
    facts.reviews = [
        (name, None, "shop", rating, 10.0) for name, rating in zip(("ann", "bob", "cyd"), (5, 4, 1), strict=True)
    ]
    facts.reviews.append(("dan", None, "shop", 5.0, 200.0))
    snapshot = make_snapshot(facts)
    assert list_sharings(snapshot, PRAISE) == {frozenset({"ann", "bob"})}
    assert list_sharings(snapshot, BLAME) == set()


def test_a_review_without_a_target_shares_nothing_with_anybody() -> None:
    facts = make_facts("ann", "bob", "cyd", "shop")
    facts.listings = {"first": "shop"}
    facts.reviews = [("ann", None, None, 5.0, 10.0), ("bob", None, None, 5.0, 10.0), ("cyd", "first", None, 5.0, 10.0)]
    assert list_sharings(make_snapshot(facts), PRAISE) == set()


@pytest.mark.parametrize(("rating", "day"), [(None, 10.0), (5.0, None)])
def test_a_review_without_a_rating_or_a_time_has_no_opinion(rating: float | None, day: float | None) -> None:
    facts = make_facts("ann", "bob", "shop")
    facts.reviews = [(name, None, "shop", rating, day) for name in ("ann", "bob")]
    assert list_sharings(make_snapshot(facts), PRAISE) == set()


def test_refunds_are_shared_by_seller_and_window_in_any_spelling() -> None:
    facts = make_facts("ann", "bob", "cyd", "dan", "shop")
    statuses = ("Refunded", "chargeback", "completed", "disputed")
    facts.orders = [(name, "shop", 5.0, status) for name, status in zip(facts.accounts, statuses, strict=False)]
    assert list_sharings(make_snapshot(facts), REFUND) == {frozenset({"ann", "bob", "dan"})}


def test_accounts_created_in_one_minute_share_a_moment() -> None:
    days = [0.0, 100.0, 200.0, 200.0001, 300.0, 400.0]
    facts = Facts({f"a{place}": day for place, day in enumerate(days)})
    assert list_sharings(make_snapshot(facts), SIGN_UP) >= {frozenset({"a2", "a3"})}


def test_who_buys_from_itself_or_refers_itself_deals_with_nobody() -> None:
    facts = make_facts("ann", "bob")
    facts.orders = [("ann", "ann", 1.0, None), ("ann", None, 1.0, None)]
    facts.referrals = [("bob", "bob")]
    assert find_dealings(make_snapshot(facts)) == ()
    facts.orders.append(("ann", "bob", 1.0, None))
    facts.referrals.append(("bob", "ann"))
    assert [channel.name for channel in find_dealings(make_snapshot(facts))] == [TRADE, REFERRAL]


def test_a_market_without_facts_has_no_channels() -> None:
    assert find_shared_things(make_snapshot(Facts())) == ()
    assert find_shared_things(make_snapshot(make_facts("ann", "bob"))) == ()


def test_a_shared_thing_is_named_as_an_investigator_would_look_for_it() -> None:
    facts = make_facts("ann", "bob", "shop")
    facts.share(["ann", "bob"], "device", "d7")
    facts.listings = {"p1": "shop"}
    facts.reviews = [(name, product, shop, 5.0, 10.0) for name, product, shop in (("ann", "p1", None),) * 2]
    facts.reviews.append(("bob", None, "shop", 1.0, 10.0))
    snapshot = make_snapshot(facts)
    names = {channel.name: describe_thing(channel, 0, snapshot) for channel in find_shared_things(snapshot)}
    assert names == {
        "device": "device d7",
        PRAISE: "good reviews of p1 from 2024-01-11",
        BLAME: "bad reviews of shop from 2024-01-11",
    }
    assert np.unique(snapshot.account_id).size == 3
