"""Accounts side by side: everything in common with how common it is, and what tells them apart."""

from __future__ import annotations

import pytest
from small_market import CROWD, HOSTILE

from graph.errors import UnknownIdError
from graph.queries.comparison import compare_accounts
from graph.stores.protocol import GraphStore


def test_everything_in_common_is_told_with_how_many_have_it_and_personal_things_first(store: GraphStore) -> None:
    found = compare_accounts(store, ["ann", "bob"])
    told = [(each.channel, each.name, each.accounts) for each in found.in_common]
    assert told[0] == ("device", "phone-7", 3)
    assert ("trade", "ann bought 1 order from bob", 2) in told
    assert ("referral", "ann brought in bob", 2) in told
    assert ("bought product", "p1", None) in told


def test_what_thousands_have_is_told_too_with_its_number(store: GraphStore) -> None:
    (place,) = compare_accounts(store, ["ann", CROWD[0]]).in_common
    assert (place.channel, place.name, place.accounts) == ("address", "café", len(CROWD) + 2)


def test_of_several_accounts_each_thing_says_who_has_it(store: GraphStore) -> None:
    found = compare_accounts(store, ["ann", "bob", "cyd", HOSTILE])
    who = {each.name: each.account_ids for each in found.in_common}
    assert who["phone-7"] == ("ann", "bob", "cyd")
    assert [each.account_id for each in found.accounts] == ["ann", "bob", "cyd", HOSTILE]


def test_habits_and_verdicts_stand_beside_one_another(store: GraphStore) -> None:
    ann, cyd = compare_accounts(store, ["ann", "cyd"]).accounts
    assert (ann.tier, ann.bought, ann.sellers, ann.usual_hour) == ("automatic", 3, 3, 12)
    assert (cyd.refund_share, cyd.labels, cyd.rings) == (1.0, ("fraud",), ("R-1 core",))


def test_what_tells_them_apart_is_said(store: GraphStore) -> None:
    assert "device: 1 and 1, none in common" in compare_accounts(store, ["ann", "eve"]).apart


def test_an_account_named_twice_counts_once_and_an_unknown_one_is_told(store: GraphStore) -> None:
    assert len(compare_accounts(store, ["ann", "bob", "ann"]).accounts) == 2
    with pytest.raises(UnknownIdError, match="no account 'annn'; the nearest is 'ann'"):
        compare_accounts(store, ["bob", "annn"])
