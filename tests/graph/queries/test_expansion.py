"""A look around: each account once, under the one with which it shares most; hubs are folded."""

from __future__ import annotations

import pytest
from small_market import CROWD, HOSTILE

from graph.errors import UnknownIdError
from graph.queries.answers import Share
from graph.queries.expansion import Bounds, expand
from graph.queries.views import Branch
from graph.stores.protocol import GraphStore


def list_ids(branch: Branch) -> list[str]:
    return [branch.account_id, *(each for below in branch.branches for each in list_ids(below))]


def test_each_account_stands_once_with_what_it_shares(store: GraphStore) -> None:
    found = expand(store, "ann", Bounds(hops=2))
    (root,) = found.branches
    ids = list_ids(root)
    assert len(ids) == len(set(ids)) == found.found + 1
    assert set(ids) == {"ann", "bob", "cyd", "dan", "eve", HOSTILE}
    (bob,) = [each for each in root.branches if each.account_id == "bob"]
    assert bob.shares[0] == Share("device", "phone-7", 3)
    assert bob.tier == "automatic"


def test_what_very_many_share_is_folded_and_named(store: GraphStore) -> None:
    assert Share("address", "café", len(CROWD) + 2) in expand(store, "ann", Bounds()).folded
    assert expand(store, "ann", Bounds(max_hub=100)).found > len(CROWD)


def test_of_many_beside_one_another_some_are_shown_and_all_are_counted(store: GraphStore) -> None:
    (root,) = expand(store, CROWD[0], Bounds(max_hub=100, most=4)).branches
    assert (len(root.branches), root.around) == (4, len(CROWD) + 1)


def test_only_the_channels_that_are_named_are_followed(store: GraphStore) -> None:
    (root,) = expand(store, "ann", Bounds(hops=3, channels=frozenset({"referral"}))).branches
    assert list_ids(root) == ["ann", "bob"]
    assert [share.channel for share in root.branches[0].shares] == ["referral"]


def test_a_ring_is_looked_around_from_all_of_its_members(store: GraphStore) -> None:
    found = expand(store, "R-1", Bounds())
    assert {each.account_id for each in found.branches} == {"ann", "bob", "cyd", HOSTILE}
    assert {each for root in found.branches for each in list_ids(root)[1:]} == {"eve"}


def test_an_id_of_neither_names_the_nearest(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no account or ring 'annn'; the nearest is 'ann'"):
        expand(store, "annn", Bounds())
