"""Channels say what accounts have in common, and fall silent where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, make_snapshot

from detection.channels.catalogue import (
    BLAME,
    DEED_WINDOWS_DAYS,
    NETWORK,
    PRAISE,
    PURCHASE,
    REFERRED,
    REFUND,
    SIGN_UP,
    TRADE,
)
from detection.channels.incidence import ANYTHING
from detection.evidence.market import make_market
from detection.rings.wording import describe_thing
from graph.model import Snapshot


def list_sharings(snapshot: Snapshot, name: str, *, grain: int | None = None) -> set[frozenset[str]]:
    """The sets of accounts that share a thing of a channel, in one grain or in any, but for being active."""
    channel = make_market(snapshot).things.get(name)
    if channel is None:
        return set()
    wanted = (channel.grain == grain) if grain is not None else (channel.grain >= 0)
    things = np.flatnonzero(wanted & ((channel.subject != ANYTHING) | (name == SIGN_UP)))
    sets = [frozenset(snapshot.account_id[channel.account[channel.thing == thing]]) for thing in things]
    return {accounts for accounts in sets if len(accounts) > 1}


def make_facts(*names: str) -> Facts:
    return Facts(dict.fromkeys(names))


def test_accounts_share_an_identifier_once_however_often_they_use_it() -> None:
    facts = make_facts("ann", "bob", "cyd")
    facts.uses = [("ann", "device", "d", 1), ("ann", "device", "d", 5), ("bob", "device", "d", None)]
    channel = make_market(make_snapshot(facts)).things["device"]
    assert channel.popularity.tolist() == [2]
    assert [str(at)[:10] for at in (channel.first_at[0], channel.last_at[0])] == ["2024-01-02", "2024-01-06"]


def test_a_use_at_an_unknown_time_hides_no_known_one() -> None:
    facts = make_facts("ann")
    facts.uses = [("ann", "device", "d", 3), ("ann", "device", "d", None)]
    channel = make_market(make_snapshot(facts)).things["device"]
    assert str(channel.last_at[0])[:10] == str(channel.began_at[0])[:10] == "2024-01-04"


def test_praise_of_one_target_at_one_time_is_shared_and_blame_is_another_matter() -> None:
    facts = make_facts("ann", "bob", "cyd", "dan", "shop")
    facts.reviews = [
        (name, None, "shop", rating, 10.0) for name, rating in zip(("ann", "bob", "cyd"), (5, 4, 1), strict=True)
    ]
    facts.reviews.append(("dan", None, "shop", 5.0, 200.0))
    snapshot = make_snapshot(facts)
    assert list_sharings(snapshot, PRAISE, grain=0) == {frozenset({"ann", "bob"})}
    assert list_sharings(snapshot, PRAISE, grain=1) == {frozenset({"ann", "bob"})}
    assert list_sharings(snapshot, PRAISE, grain=2) == {frozenset({"ann", "bob", "dan"})}
    assert list_sharings(snapshot, BLAME) == set()


def test_praise_of_two_products_of_one_seller_is_shared_where_the_seller_is_looked_at() -> None:
    facts = make_facts("ann", "bob", "shop")
    facts.listings = {"p": "shop", "q": "shop"}
    facts.reviews = [("ann", "p", None, 5.0, 10.0), ("bob", "q", None, 5.0, 11.0)]
    snapshot = make_snapshot(facts)
    shared = [list_sharings(snapshot, PRAISE, grain=grain) for grain in range(2 * len(DEED_WINDOWS_DAYS))]
    assert shared == [set()] * 3 + [{frozenset({"ann", "bob"})}] * 3


def test_whoever_does_anything_in_one_window_is_active_at_one_time_and_once_only() -> None:
    facts = make_facts("ann", "bob", "shop")
    facts.listings = {f"p{number}": "shop" for number in range(6)}
    facts.reviews = [("ann", f"p{number}", None, 5.0, 10.0) for number in range(5)] + [("bob", "p5", None, 5.0, 11.0)]
    channel = make_market(make_snapshot(facts)).things[PRAISE]
    together = np.flatnonzero((channel.subject == ANYTHING) & (channel.grain == 0))
    assert channel.popularity[together].tolist() == [2]
    # What was done competes with what else was done in that window; that it was done then, with all windows.
    assert len(np.unique(channel.stratum[channel.grain == 0])) == 2


def test_where_no_time_is_known_opinions_of_a_target_are_shared_for_good() -> None:
    facts = make_facts("ann", "bob", "cyd", "shop")
    facts.reviews = [(name, None, "shop", 5.0, None) for name in ("ann", "bob")]
    assert list_sharings(make_snapshot(facts), PRAISE) == {frozenset({"ann", "bob"})}
    facts.reviews.append(("cyd", None, "shop", 5.0, 10.0))
    assert list_sharings(make_snapshot(facts), PRAISE) == set()


def test_purchases_that_a_refund_or_a_review_speaks_of_do_not_count_twice() -> None:
    facts = make_facts("ann", "bob", "cyd", "dan", "shop")
    facts.listings = {"p": "shop"}
    statuses = ("completed", None, "refunded", "completed")
    facts.orders = [(name, "shop", 5.0, status, "p") for name, status in zip(facts.accounts, statuses, strict=False)]
    facts.reviews = [("dan", "p", None, 5.0, 9.0)]
    assert list_sharings(make_snapshot(facts), PURCHASE) == {frozenset({"ann", "bob"})}


LEASE_DAYS = NETWORK["lease_days"]


@pytest.mark.parametrize(("days", "shared"), [(LEASE_DAYS - 1, True), (LEASE_DAYS + 1, False), (182.0, False)])
def test_a_network_address_used_again_half_a_year_later_is_not_shared(days: float, shared: bool) -> None:
    facts = make_facts("ann", "bob")
    facts.uses = [("ann", kind, "same", 10.0) for kind in ("ip", "device")]
    facts.uses += [("bob", kind, "same", 10.0 + days) for kind in ("ip", "device")]
    snapshot = make_snapshot(facts)
    assert (list_sharings(snapshot, "ip") != set()) == shared
    assert list_sharings(snapshot, "device") == {frozenset({"ann", "bob"})}


def test_a_network_address_seen_all_along_is_shared_by_its_first_user_and_its_last() -> None:
    facts = make_facts("ann", "bob", "cyd", "dan")
    facts.uses = [("ann", "ip", "same", 0.0), ("bob", "ip", "same", 80.0), ("cyd", "ip", "same", 160.0)]
    facts.uses.append(("dan", "ip", "same", None))
    assert frozenset({"ann", "bob", "cyd"}) <= max(list_sharings(make_snapshot(facts), "ip"), key=len)


def test_a_referrer_and_those_it_referred_share_the_referrer() -> None:
    facts = make_facts("ann", "bob", "cyd", "dan")
    facts.referrals = [("ann", "bob"), ("cyd", "bob"), ("dan", "cyd"), ("bob", "bob")]
    assert list_sharings(make_snapshot(facts), REFERRED) == {
        frozenset({"ann", "bob", "cyd"}),
        frozenset({"cyd", "dan"}),
    }


def test_a_review_without_a_target_shares_nothing_with_anybody() -> None:
    facts = make_facts("ann", "bob", "cyd", "shop")
    facts.listings = {"first": "shop"}
    facts.reviews = [("ann", None, None, 5.0, 10.0), ("bob", None, None, 5.0, 10.0), ("cyd", "first", None, 5.0, 10.0)]
    assert list_sharings(make_snapshot(facts), PRAISE) == set()


def test_a_review_without_a_rating_has_no_opinion() -> None:
    facts = make_facts("ann", "bob", "shop")
    facts.reviews = [(name, None, "shop", None, 10.0) for name in ("ann", "bob")]
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
    assert make_market(make_snapshot(facts)).dealings == {}
    assert list_sharings(make_snapshot(facts), REFERRED) == set()
    facts.orders.append(("ann", "bob", 1.0, None))
    assert list(make_market(make_snapshot(facts)).dealings) == [TRADE]


def test_a_market_without_facts_has_no_channels() -> None:
    assert make_market(make_snapshot(Facts())).channels == {}
    assert make_market(make_snapshot(make_facts("ann", "bob"))).channels == {}


def test_a_shared_thing_is_named_as_an_investigator_would_look_for_it() -> None:
    facts = make_facts("ann", "bob", "shop")
    facts.share(["ann", "bob"], "device", "d7")
    facts.listings = {"p1": "shop"}
    facts.reviews = [(name, product, shop, 5.0, 10.0) for name, product, shop in (("ann", "p1", None),) * 2]
    facts.reviews.append(("bob", None, "shop", 1.0, 10.0))
    snapshot = make_snapshot(facts)
    channels = make_market(snapshot).things
    names = {
        name: {describe_thing(channel, thing, snapshot) for thing in range(channel.n_things)}
        for name, channel in channels.items()
    }
    assert names == {
        "device": {"device d7"},
        PRAISE: {f"good reviews of {what} from 2024-01-11" for what in ("anything", "p1", "shop")},
        BLAME: {f"bad reviews of {what} from 2024-01-11" for what in ("anything", "shop")},
    }
    assert np.unique(snapshot.account_id).size == 3
