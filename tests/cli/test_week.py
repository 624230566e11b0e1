"""A week of casework: nothing that was acknowledged is lost, doubled or half said, and every run heeds it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from casework_week import Understood, Week, keep_open
from command_line import ask, do, run_process
from neo4j_server import ServerAddress, logged_in
from property_graph import empty_quickly
from small_market import grow_store

from detection.casework.verdicts import STANDS
from graph.casebook.cases import fold_cases
from graph.casebook.events import read_events
from graph.casebook.fold import State, fold
from graph.open import open_store

pytestmark = pytest.mark.usefixtures("plain_surroundings")


def read_state(store: str) -> State:
    return fold(read_events(do("--store", store, "casebook", "export").splitlines()))


def understand(state: State) -> Understood:
    """What stands by the events, in the investigators' words."""
    now, files = datetime.now(UTC), fold_cases(state)
    holders = {case_id: file.find_holder(now) for case_id, file in files.items()}
    return Understood(
        rings={ring_id: str(event.word) for ring_id, event in state.rings.items()},
        accounts={account_id: str(event.word) for account_id, event in state.accounts.items()},
        holders={case_id: event.by for case_id, event in holders.items() if event is not None},
        notes={case_id: [each.reason for each in file.notes] for case_id, file in files.items() if file.notes},
        ignored=set(state.list_ignored(now)),
        appeals=set(state.appeals),
    )


def check_all_is_kept(week: Week) -> None:
    """Every acknowledged event is there once, and nothing else is; and it folds to what everybody was told."""
    state, told = read_state(week.store), week.understand()
    said = [each for told in week.told if told.is_new for each in told.event_ids]
    assert [each.event_id for each in state.said] == said
    found = understand(state)
    assert found.accounts.items() >= told.accounts.items()  # those who were decided about with their ring besides
    assert found == Understood(**{**vars(told), "accounts": found.accounts})


def check_heeded(week: Week) -> None:
    """What was decided about accounts is what the latest run says of them."""
    rows = ask("--store", week.store, "cypher", "MATCH (a:Account) RETURN a.account_id AS id, a.tier AS tier")
    tier = {row["id"]: row["tier"] for row in rows}
    said = read_state(week.store).accounts
    assert {each: tier[each] for each in said} == {each: STANDS[event.word or "watch"] for each, event in said.items()}
    found = {row["ring_id"] for row in ask("--store", week.store, "rings")}
    assert not found & {ring_id for ring_id, word in week.understand().rings.items() if word == "dismissed"}


def move_casebook(source: str, target: str, file: Path) -> None:
    do("--store", source, "casebook", "export", "-o", str(file))
    do("--store", target, "casebook", "import", str(file))


def check_moves(store: str, folder: Path) -> None:
    """A store that knows nothing takes in the whole casebook, and says the same."""
    open_store(str(folder / "fresh"), mode="write").close()
    move_casebook(store, "fresh", folder / "moved.jsonl")
    assert do("--store", "fresh", "casebook", "export") == do("--store", store, "casebook", "export")
    assert read_state("fresh") == read_state(store)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_days_of_three_investigators_are_kept_word_for_word(market: Path, elsewhere: Path, seed: int) -> None:
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    week = Week("ringfence-store", elsewhere, seed=seed)
    for _ in range(2):
        with keep_open(week.store):
            week.begin_day()
            week.act(30)
            check_all_is_kept(week)
        grow_store(elsewhere / "ringfence-store")
    assert len(week.told) > 30
    check_moves(week.store, elsewhere)


@pytest.fixture
def both(neo4j_server: ServerAddress, elsewhere: Path) -> Iterator[tuple[str, str]]:
    """A folder and a server, with the first half of one market's orders."""
    do("simulate", "market", "--accounts", "900", "--seed", "5")
    orders = (elsewhere / "market" / "orders.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (elsewhere / "rest").mkdir()
    shutil.copy(elsewhere / "market" / "accounts.csv", elsewhere / "rest")
    (elsewhere / "rest" / "orders.csv").write_text("".join(orders[:1] + orders[len(orders) // 2 :]), encoding="utf-8")
    (elsewhere / "market" / "orders.csv").write_text("".join(orders[: len(orders) // 2]), encoding="utf-8")
    empty_quickly(neo4j_server)
    with logged_in(neo4j_server) as address:
        for store in (both := ("ringfence-store", address)):
            do("--store", store, "load", "market")
        yield both


def ask_both(both: tuple[str, str], *words: str) -> str:
    """An answer that is the same on both stores."""
    one, other = (do("--store", store, *words, "--format", "json") for store in both)
    assert one == other
    return one


@pytest.mark.server
@pytest.mark.thorough
def test_a_week_of_seven_nights_and_two_hundred_events_is_the_same_on_both(
    both: tuple[str, str], elsewhere: Path
) -> None:
    week, file = Week(both[0], elsewhere, seed=2), elsewhere / "events.jsonl"
    for night in range(7):
        if night == 3:  # facts that come in the middle of the week
            for store in both:
                do("--store", store, "load", "rest")
        for store in both:
            do("--store", store, "detect")
        if night:
            check_heeded(week)
        check_same_answers(both, week)
        week.store = both[night % 2]
        week.begin_day()
        if night < 2:
            claim_at_once(week, elsewhere)
        week.act(42)
        move_casebook(week.store, both[1 - night % 2], file)
        check_all_is_kept(week)
    assert len(read_state(both[0]).said) >= 200
    assert read_state(both[0]) == read_state(both[1])
    check_moves(both[1], elsewhere)


def claim_at_once(week: Week, folder: Path) -> None:
    """Two processes claim one case at the same moment: one has it, and the other is told who."""
    waiting = [line["case_id"] for line in ask("--store", week.store, "queue")["lines"] if line["status"] == "open"]
    case_id = next(each for each in waiting if each.startswith("R"))

    def claim(by: str) -> subprocess.CompletedProcess[str]:
        words = ("--store", week.store, "claim", case_id, "--by", by, "--format", "json")
        return run_process(*words, cwd=folder)

    with ThreadPoolExecutor(2) as pool:
        done = dict(zip(("ana", "bo"), pool.map(claim, ("ana", "bo")), strict=True))
    (winner,) = (by for by, each in done.items() if each.returncode == 0)
    (loser,) = (by for by, each in done.items() if each.returncode == 5)
    assert done[loser].stderr.startswith(f"ringfence: case {case_id} is with {winner} until ")
    week.take_down("claim", winner, json.loads(done[winner].stdout))


def check_same_answers(both: tuple[str, str], week: Week) -> None:
    queues = [ask("--store", store, "queue", "--budget", "40") for store in both]
    for each in queues:
        for line in each["lines"]:
            del line["priority"]  # it rises by the second since the run, which was at another time
    assert queues[0] == queues[1]
    ask_both(both, "casebook", "list")
    ask_both(both, "rings")
    for ring_id in sorted({line["case_id"] for line in queues[0]["lines"]})[:4]:
        ask_both(both, "case", ring_id)
    for account_id in sorted(week.understand().accounts)[:4]:
        ask_both(both, "account", account_id)
    ask_both(both, "cypher", "MATCH (a:Account) RETURN a.account_id AS id, a.tier AS tier ORDER BY id")
