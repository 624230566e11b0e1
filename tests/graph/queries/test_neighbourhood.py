"""What lies around accounts and things: nodes and edges that are there, hubs folded, the nearest first."""

from __future__ import annotations

import pytest
from small_market import CROWD, HOSTILE

from graph.errors import UnknownIdError
from graph.queries.neighbourhood import Dealing, Reach, SharedThing, look_around, look_at_thing, look_from, trace
from graph.queries.paths import find_path
from graph.stores.protocol import GraphStore

CAFE = len(CROWD) + 2


def test_an_account_has_its_things_its_dealings_and_who_shares_them(store: GraphStore) -> None:
    found = look_from(store, "ann", Reach())
    assert found.roots == ("ann",)
    assert found.accounts[0].account_id == "ann"
    assert {each.account_id for each in found.accounts} == {"ann", "bob", "cyd", "eve", HOSTILE}
    assert (found.accounts[0].tier, found.accounts[0].ring_ids) == ("automatic", ("R-1",))
    assert SharedThing("device", "phone-7", 3, ("ann", "bob", "cyd")) in found.things
    assert Dealing("trade", "ann", "eve", "1 order") in found.dealings
    assert Dealing("referral", "ann", "bob", "ann brought in bob") in found.dealings
    assert found.around == 4


def test_who_shares_most_comes_first_and_the_others_are_counted(store: GraphStore) -> None:
    found = look_around(store, ["ann"], Reach(most=1))
    assert [each.account_id for each in found.accounts] == ["ann", "bob"]
    assert found.around == 4
    assert all(set(each.account_ids) <= {"ann", "bob"} for each in found.things)


def test_what_very_many_share_is_folded_with_whoever_of_them_shares_it(store: GraphStore) -> None:
    assert look_around(store, ["ann", "bob"], Reach()).folded == (SharedThing("address", "café", CAFE, ("ann",)),)


def test_whom_very_many_deal_with_is_folded_with_whoever_of_them_does(store: GraphStore) -> None:
    folded = look_around(store, ["cyd", "dan", "eve"], Reach(max_hub=2)).folded
    assert [each.account_ids for each in folded if (each.channel, each.name) == ("trade", "ann")] == [("cyd", "eve")]


def test_only_the_channels_that_are_named_are_looked_over(store: GraphStore) -> None:
    found = look_around(store, ["ann"], Reach(channels=frozenset({"referral"})))
    assert [each.account_id for each in found.accounts] == ["ann", "bob"]
    assert (found.things, found.folded) == ((), ())


def test_of_a_ring_there_are_its_members_and_what_joins_them(store: GraphStore) -> None:
    found = look_from(store, "R-1", Reach())
    assert {each.account_id for each in found.accounts} == {"ann", "bob", "cyd", HOSTILE}
    assert found.around == 1  # eve, who is not drawn before somebody asks


def test_a_thing_is_found_in_any_spelling_and_has_its_users(store: GraphStore) -> None:
    found = look_from(store, "PHONE-7", Reach())
    assert (found.roots, found.things) == ((), (SharedThing("device", "phone-7", 3, ("ann", "bob", "cyd")),))
    product = look_from(store, "p1", Reach())
    assert [(each.channel, each.name) for each in product.things] == [("reviewed product", "p1")]


def test_of_a_hub_the_first_users_are_shown_and_all_are_counted(store: GraphStore) -> None:
    found = look_at_thing(store, "address", "café", most=5)
    assert (len(found.accounts), found.around, found.things[0].accounts) == (5, CAFE, CAFE)


def test_what_is_nothing_is_unknown(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no account or ring 'annn'; the nearest is 'ann'"):
        look_from(store, "annn", Reach())
    with pytest.raises(UnknownIdError, match="no account has to do with"):
        look_at_thing(store, "device", "no such", most=5)


def test_a_path_is_drawn_with_what_it_goes_over(store: GraphStore) -> None:
    found = trace(store, find_path(store, "ann", "dan"))
    assert [each.account_id for each in found.accounts] == ["ann", "eve", "dan"]
    assert found.things == (SharedThing("device", "laptop-3", 2, ("dan", "eve")),)
    assert found.dealings == (Dealing("trade", "ann", "eve", "1 order"),)
