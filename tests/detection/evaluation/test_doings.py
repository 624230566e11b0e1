"""Events on top of a simulated world: the world as it was, groups that show there alone, the same bytes again."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd
import pytest

from detection.evaluation.doings import add_doings
from detection.evaluation.simulation.market import SimulatedMarket
from detection.evaluation.worlds import WORLDS, simulate_world

SORTS = {"script", "hands", "campaign", "text"}
HONEST = {"course", "on call", "newsletter", "show", "home"}


@lru_cache
def simulate(world: str, *, with_events: bool) -> SimulatedMarket:
    return simulate_world(world, 2000, 3, "ordinary", with_events=with_events)


@pytest.mark.parametrize("world", WORLDS)
def test_all_other_tables_keep_their_bytes(world: str) -> None:
    plain, told = simulate(world, with_events=False), simulate(world, with_events=True)
    assert "events" not in plain.tables
    assert list(told.tables) == [*plain.tables, "events"]
    for name, table in plain.tables.items():
        pd.testing.assert_frame_equal(table, told.tables[name])
    assert list(told.truth) == list(plain.truth)
    for name in ("rings", "lookalikes"):
        pd.testing.assert_frame_equal(told.truth[name].head(len(plain.truth[name])), plain.truth[name])


def test_the_same_seed_gives_the_same_events_and_another_one_others() -> None:
    plain, told = simulate("market", with_events=False), simulate("market", with_events=True)
    pd.testing.assert_frame_equal(add_doings(plain, 3).tables["events"], told.tables["events"])
    assert not add_doings(plain, 4).tables["events"].equals(told.tables["events"])


def test_each_sort_of_group_is_there_and_made_of_ordinary_accounts() -> None:
    plain, told = simulate("market", with_events=False), simulate("market", with_events=True)
    rings = told.truth["rings"].iloc[len(plain.truth["rings"]) :]
    honest = told.truth["lookalikes"].iloc[len(plain.truth["lookalikes"]) :]
    assert (set(rings["kind"]), set(honest["kind"])) == (SORTS, HONEST)
    members = pd.concat([rings["account_id"], honest["account_id"]])
    assert members.is_unique
    before = plain.truth["accounts"].set_index("account_id")["is_fraud"]
    after = told.truth["accounts"].set_index("account_id")["is_fraud"]
    assert not before[members].any()
    assert after[rings["account_id"]].all()
    assert not after[honest["account_id"]].any()


def test_an_event_has_an_object_or_words_and_a_name_that_tells_nothing() -> None:
    events = simulate("market", with_events=True).tables["events"]
    assert (events["object"].isna() != events["text"].isna()).all()
    assert events["object"].dropna().str.fullmatch(r"o\d{7}").all()
    assert set(events["action"]) == {"read", "vote", "message"}
    assert (events["action"][events["text"].notna()] == "message").all()
    assert events["happened_at"].is_monotonic_increasing
