"""Any text may be asked for; what nothing has is told with the nearest that something has."""

from __future__ import annotations

import pytest
from small_market import HOSTILE

from graph.errors import UnknownIdError
from graph.queries.accounts import find_account
from graph.stores.protocol import GraphStore


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("annn", "ann"),
        ("ANN", "ann"),
        ("nn", "ann"),
        ("guest-5x", "guest-50"),
        ("quest-07", "guest-07"),
        (HOSTILE[:-1], HOSTILE),
    ],
)
def test_the_nearest_id_is_found(store: GraphStore, wrong: str, nearest: str) -> None:
    with pytest.raises(UnknownIdError) as caught:
        find_account(store, wrong)
    assert str(caught.value) == f"no account {wrong!r}; the nearest is {nearest!r}"


@pytest.mark.parametrize("wrong", ["zebra", "4711", "R-1", "", "x" * 1024])
def test_what_is_like_nothing_has_no_nearest(store: GraphStore, wrong: str) -> None:
    with pytest.raises(UnknownIdError) as caught:
        find_account(store, wrong)
    assert str(caught.value) == f"no account {wrong!r}"


@pytest.mark.parametrize("wrong", ["", "'", "x" * 1024, "%_", "\n", "🦊", "') RETURN 1 //"])
def test_any_text_may_be_asked_for(store: GraphStore, wrong: str) -> None:
    with pytest.raises(UnknownIdError, match="no account"):
        find_account(store, wrong)
