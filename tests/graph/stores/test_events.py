"""What accounts did with objects, in a store of either kind: once each, taken back, and as of an instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from property_graph import Dump, write_folder

from graph.contract.as_of import forget_later
from graph.contract.tables import read_folder
from graph.model import NO_EVENTS, Snapshot
from graph.settings import Settings, TableSettings
from graph.stores.protocol import GraphStore, LoadReport
from graph.stores.snapshots import digest_snapshot

Dumper = Callable[..., Dump]
Load = Callable[..., LoadReport]
MARKED = Settings(tables={"events": TableSettings(columns={"removed": "gone"})})
PAGE = {"account_id": "ann", "object": "page", "text": "", "action": "View ", "happened_at": "2024-03-02T10:00:00"}
WORDS = {"account_id": "bob", "object": "", "text": "buy my book", "action": "message", "happened_at": "2024-03-05"}
BARE = {"account_id": "cyd", "object": "page", "text": "", "action": "", "happened_at": ""}


def list_events(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    """Account, object, action and day of each event, and whether its object is a text."""
    events = snapshot.events
    return [
        (
            snapshot.account_id[account],
            events.object_name[thing],
            None if action < 0 else events.action_names[action],
            None if np.isnat(at) else str(at.astype("datetime64[D]")),
            bool(events.is_text[thing]),
        )
        for account, thing, action, at in zip(
            events.account, events.object, events.action, events.happened_at, strict=True
        )
    ]


def count(report: LoadReport) -> dict[str, int]:
    (found,) = (each for each in report.tables if each.name == "events")
    names = ("added", "changed", "unchanged", "removed", "rejected")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def test_each_event_is_there_once_and_a_second_load_changes_nothing(
    store: GraphStore, load_on: Load, dump: Dumper
) -> None:
    assert count(load_on(store, 9, {"events": [PAGE, PAGE, WORDS, BARE]})) == {"added": 3, "unchanged": 1}
    assert list_events(store.snapshot()) == [
        ("ann", "page", "view", "2024-03-02", False),
        ("bob", "buy my book", "message", "2024-03-05", True),
        ("cyd", "page", None, None, False),
    ]
    before = dump(store)
    assert count(load_on(store, 10, {"events": [WORDS, BARE, PAGE]})) == {"unchanged": 3}
    assert dump(store) == before
    assert [row["key"][:5] for row in store.query("MATCH (o:`Object`) RETURN o.object_key AS key ORDER BY key")] == [
        "objec",
        "text:",
    ]


def test_an_instant_leaves_what_had_happened_by_then_and_is_dated(store: GraphStore, load_on: Load) -> None:
    load_on(store, 9, {"events": [PAGE, WORDS, BARE]})
    assert list_events(store.snapshot(as_of=np.datetime64("2024-03-04", "us"))) == [
        ("ann", "page", "view", "2024-03-02", False)
    ]
    assert len(store.snapshot(as_of=np.datetime64("2024-03-01", "us")).events) == 0


def test_tables_cut_at_an_instant_leave_the_same_rows(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "all", {"accounts": [{"account_id": "ann"}], "events": [PAGE, WORDS, BARE]})
    past = forget_later(read_folder(folder, Settings()), np.datetime64("2024-03-04", "us"))
    assert past["events"].rows["account_id"].to_pylist() == ["ann"]
    assert set(past["accounts"].rows["account_id"].to_pylist()) == {"ann", "bob", "cyd"}


def test_a_row_that_says_so_takes_an_event_back_and_not_in_the_past(store: GraphStore, load_on: Load) -> None:
    load_on(store, 7, {"events": [PAGE, WORDS]})
    report = load_on(store, 9, {"events": [{**WORDS, "gone": "yes"}]}, settings=MARKED)
    assert count(report) == {"removed": 1}
    assert list_events(store.snapshot()) == [("ann", "page", "view", "2024-03-02", False)]
    assert len(store.snapshot(as_of=np.datetime64("2024-03-08", "us")).events) == 2
    rows = store.query("MATCH (e:Earlier) RETURN e.of_table AS of, e.action AS action, e.valid_until AS until")
    assert rows == [{"of": "DID", "action": "message", "until": dt.datetime(2024, 3, 9)}]


def test_a_load_that_replaces_the_table_ends_what_it_has_no_more(store: GraphStore, load_on: Load) -> None:
    load_on(store, 7, {"events": [PAGE, WORDS]})
    assert count(load_on(store, 9, {"events": [WORDS, BARE]}, replaced=frozenset({"events"}))) == {
        "added": 1,
        "unchanged": 1,
        "removed": 1,
    }
    assert [row[0] for row in list_events(store.snapshot())] == ["bob", "cyd"]


def test_a_row_without_object_and_words_is_rejected_by_its_line(store: GraphStore, load_on: Load) -> None:
    report = load_on(store, 9, {"events": [PAGE, {**PAGE, "object": ""}]})
    assert count(report) == {"added": 1, "rejected": 1}


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_rows_changes_no_byte(store: GraphStore, load_on: Load, order: int) -> None:
    load_on(store, 9, {"events": [PAGE, WORDS, BARE, {**PAGE, "account_id": "bob"}][::order]})
    first = store.snapshot()
    load_on(store, 10, {"events": [{**BARE, "object": "a first page"}]})
    assert digest_snapshot(store.snapshot()) != digest_snapshot(first)
    assert list_events(first) == sorted(list_events(first), key=lambda row: row[0])


def test_a_market_without_events_is_called_what_it_was_called_before_there_were_any(
    store: GraphStore, load_on: Load
) -> None:
    load_on(store, 9, {})
    snapshot = store.snapshot()
    assert snapshot.events is NO_EVENTS
    assert digest_snapshot(snapshot) == "719b03e7c18fba5f32269f0b56b8638fc688d01f63d1666e6b5846f5d2dbe141"
