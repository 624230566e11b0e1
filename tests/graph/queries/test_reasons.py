"""Reasons are those that were stored when it was scored."""

from __future__ import annotations

import pytest
import small_market
from small_market import RINGS

from graph.errors import UnknownIdError
from graph.queries.reasons import find_reasons
from graph.stores.protocol import GraphStore


def test_reasons_are_those_stored_when_it_was_scored(store: GraphStore) -> None:
    (account,) = find_reasons(store, "ann")
    assert account.sentences[1:] == small_market.FLAGS[0].reasons
    (ring,) = find_reasons(store, "R-1")
    assert ring.sentences[0] == RINGS[0].evidence[0].sentence
    (review,) = find_reasons(store, "rev-1")
    assert review.sentences == ("Written by ann.", *small_market.FLAGS[2].reasons)


def test_a_ring_says_which_innocent_reading_was_believed(store: GraphStore) -> None:
    (ring,) = find_reasons(store, RINGS[1].ring_id)
    assert "Heard and believed: Two people of one household share a laptop." in ring.sentences


def test_no_reasons_for_what_is_not_there(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no account, ring or review 'rev1'; the nearest is 'rev-1'"):
        find_reasons(store, "rev1")
