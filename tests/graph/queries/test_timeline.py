"""One stream of what happened: everything that is dated, in its order, with bursts marked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from detection.policy import DEFAULT_POLICY
from graph.casebook.book import say_in
from graph.contract.tables import read_folder
from graph.errors import UnknownIdError
from graph.queries.timeline import BURST_HOURS, Wanted, find_timeline
from graph.settings import Settings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore
from graph.vocabulary import REFUND_STATUSES


def load(store: GraphStore, folder: Path, tables: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    store.load(read_folder(folder, Settings()))


def test_everything_dated_is_told_in_its_order_and_the_rest_is_counted(store: GraphStore) -> None:
    found = find_timeline(store, "ann")
    times = [each.at for each in found.moments if each.at]
    assert times == sorted(times)
    assert [each.what for each in found.moments] == [
        "sign-up", "use", "order", "sale", "order", "order", "review", "flag",
    ]  # fmt: skip
    assert "first used device phone-7 (3 accounts)" in [each.detail for each in found.moments]
    assert found.undated == 0


def test_a_ring_is_its_members_and_what_they_trade_among_them_is_told_once(store: GraphStore) -> None:
    found = find_timeline(store, "R-1")
    assert found.account_ids[:3] == ("ann", "bob", "cyd")
    trades = [each for each in found.moments if each.what in ("order", "sale")]
    assert [(each.account_id, each.other_id) for each in trades][:3] == [("ann", "bob"), ("bob", "cyd"), ("cyd", "ann")]
    assert not any(each.what == "sale" and each.other_id in found.account_ids for each in trades)


def test_only_what_is_wanted_is_told(store: GraphStore) -> None:
    whole = find_timeline(store, "R-1")
    part = find_timeline(store, "R-1", Wanted(datetime(2024, 3, 2), datetime(2024, 3, 8, 23), ("review",), 1))
    assert (len(part.moments), part.total) == (1, 2)
    assert part.moments[0] in whole.moments


def test_a_label_is_told_by_whom_it_was_given(store: GraphStore) -> None:
    assert "labelled fraud by charge-back" in [each.detail for each in find_timeline(store, "cyd").moments]


def test_deeds_close_together_are_a_burst_and_a_lone_one_is_none(tmp_path: Path) -> None:
    hours = {"ann": 0, "bob": 5, "cyd": 9, "dan": 9 + BURST_HOURS + 1}
    rows = "".join(f"{who},2024-01-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z\n" for who, hour in hours.items())
    devices = "".join(f"{who},d1,\n" for who in hours)
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        tables = {"accounts": f"account_id,created_at\n{rows}", "devices": f"account_id,device_id,seen_at\n{devices}"}
        load(store, tmp_path / "tables", tables)
        alone = find_timeline(store, "ann")
        assert alone.bursts == ()
        assert alone.undated == 1


def test_the_bursts_of_a_ring_say_of_how_many_and_of_whom_they_are(store: GraphStore) -> None:
    found = find_timeline(store, "R-1")
    assert [(each.burst, each.what, each.moments, each.accounts) for each in found.bursts] == [
        (1, "use", 3, 3),
        (2, "review", 3, 3),
    ]
    assert sum(each.burst == 2 for each in found.moments) == 3
    assert [each.what for each in find_timeline(store, "R-1", Wanted(what=("review",))).bursts] == ["review"]


def test_a_change_of_status_is_told_when_it_was(tmp_path: Path) -> None:
    order = "order_id,buyer_id,seller_id,amount,ordered_at,status,updated_at\no1,ann,bob,5,2024-03-01T00:00:00Z,"
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        accounts = "account_id,status,updated_at\nann,active,2024-01-01T00:00:00Z\n"
        load(store, tmp_path / "one", {"accounts": accounts, "orders": f"{order}completed,2024-03-01T00:00:00Z\n"})
        accounts = "account_id,status,updated_at\nann,suspended,2024-04-01T00:00:00Z\n"
        load(store, tmp_path / "two", {"accounts": accounts, "orders": f"{order}refunded,2024-03-09T00:00:00Z\n"})
        told = [(each.at, each.what, each.detail) for each in find_timeline(store, "ann").moments]
        assert (datetime(2024, 3, 9), "refund", "order o1: completed became refunded") in told
        assert (datetime(2024, 4, 1), "status", "active became suspended") in told


def test_what_people_decided_stands_in_the_stream(fresh: Path) -> None:
    with EmbeddedStore(fresh, mode="write") as store:
        said = {"subject": "account", "subject_id": "ann", "by": "ana", "reason": "family phone", "word": "cleared"}
        say_in(store.casebook, lambda _: [{"kind": "decided", **said}])
    with EmbeddedStore(fresh) as store:
        for subject in ("ann", "R-1"):
            (moment,) = (each for each in find_timeline(store, subject).moments if each.what == "decision")
            assert moment.detail == "decided cleared by ana: family phone"


def test_an_id_of_neither_names_the_nearest_of_both(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no account or ring 'R-11'; the nearest is 'R-1'"):
        find_timeline(store, "R-11")


def test_what_counts_as_a_refund_is_what_the_rules_say() -> None:
    assert DEFAULT_POLICY.refund_statuses == REFUND_STATUSES
