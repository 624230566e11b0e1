"""What accounts did with objects, and the words that they sent, in the answers that people read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import small_market

from graph.open import open_store
from graph.queries.accounts import find_account
from graph.queries.answers import EventsSummary
from graph.queries.search import LONGEST_WORDS, search
from graph.queries.timeline import MOST_STRETCHES, MOST_TOLD, Wanted, find_timeline
from graph.stores.protocol import GraphStore

LETTER = "please send me the parcel " * 8


def _write_events() -> str:
    rows = ["account_id,object,action,happened_at,text"]
    rows += [f"ann,page-{n % 5},look,2024-03-01T{n // 60:02d}:{n % 60:02d}:00Z," for n in range(1000)]
    rows += ["ann,Repo-9,star,2024-03-02T10:00:00Z,", "bob,Repo-9,star,2024-03-02T10:00:05Z,"]
    rows += [f"ann,,message,2024-03-03T10:00:00Z,{LETTER.strip()}", "cyd,page-1,look,,"]
    rows += [
        f"bob,page-1,look,20{20 + n // 12:02d}-{n % 12 + 1:02d}-{d:02d}T00:00:00Z,"
        for n in range(30)
        for d in (1, 2, 3)
    ]
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    folder = tmp_path_factory.mktemp("events")
    market = small_market.write_tables(folder / "market")
    (market / "events.csv").write_text(_write_events(), encoding="utf-8")
    small_market.make_loaded_store(folder / "store", market)
    with open_store(str(folder / "store")) as opened:
        yield opened


def _tell(store: GraphStore, account_id: str) -> list[tuple[datetime | None, str]]:
    return [(each.at, each.detail) for each in find_timeline(store, account_id, Wanted(what=("event",))).moments]


def test_many_deeds_of_a_day_are_one_moment_and_few_are_told_one_by_one(store: GraphStore) -> None:
    first, second, third = _tell(store, "ann")
    assert first == (datetime(2024, 3, 1), "look 1,000 times, 5 things, until 2024-03-01 16:39")
    assert second == (datetime(2024, 3, 2, 10), "star Repo-9")
    assert third[1].startswith('message "please send me the parcel')
    assert len(third[1]) < LONGEST_WORDS + 20


def test_deeds_of_very_many_days_are_told_month_by_month(store: GraphStore) -> None:
    told = _tell(store, "bob")
    assert 30 < len(told) <= MOST_STRETCHES * MOST_TOLD
    assert (datetime(2020, 1, 1), "look page-1") in told


def test_what_is_done_every_day_is_no_burst_and_what_has_no_date_is_counted(store: GraphStore) -> None:
    assert all(each.what != "event" for each in find_timeline(store, "bob").bursts)
    before = find_timeline(store, "cyd", Wanted(what=("event",)))
    assert (before.moments, before.undated >= 1) == ((), True)


def test_an_account_says_what_it_did_sort_by_sort(store: GraphStore) -> None:
    look, message, star = find_account(store, "ann").events
    assert look == EventsSummary("look", 1000, 5, datetime(2024, 3, 1), datetime(2024, 3, 1, 16, 39))
    assert [(each.action, each.events, each.objects) for each in (message, star)] == [("message", 1, 1), ("star", 1, 1)]
    assert find_account(store, "eve").events == ()


def test_objects_and_words_are_found_with_those_who_did_something_with_them(store: GraphStore) -> None:
    (repo,) = search(store, "repo-9", most=10).hits
    assert (repo.kind, repo.id, repo.match, repo.account_ids) == ("object", "Repo-9", "exactly", ("ann", "bob"))
    (letter,) = search(store, "me the parcel please", most=10).hits
    assert (letter.kind, letter.accounts, len(letter.id)) == ("object", 1, LONGEST_WORDS)


def test_an_account_without_events_has_the_stream_that_it_had(store: GraphStore, tmp_path: Path) -> None:
    small_market.make_loaded_store(tmp_path / "store", small_market.write_tables(tmp_path / "market"))
    with open_store(str(tmp_path / "store")) as plain:
        assert find_timeline(plain, "eve") == find_timeline(store, "eve")
