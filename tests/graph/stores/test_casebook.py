"""The casebook of each store: what was said stays, as it was said, whatever becomes of the graph."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_market
from property_graph import Open
from said import decide_ring, say

from graph.casebook.book import Casebook, import_events, mend_events, say_in
from graph.casebook.events import read_events, write_event
from graph.errors import (
    DataError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreNotFoundError,
    StoreReadOnlyError,
)
from graph.open import open_casebook, open_store, verify_store
from graph.stores.checks import TableCheck, check_casebook
from graph.stores.embedded.journal import Journal
from graph.stores.embedded.verify import restore
from graph.stores.location import Folder, Server
from graph.stores.protocol import LoadReport
from graph.stores.server.bolt import Bolt, Transaction

CLEARED = {"kind": "decided", "subject": "account", "by": "ana", "word": "cleared", "reason": "family\nphone 🦊"}


def clear(account_id: str) -> dict[str, Any]:
    return CLEARED | {"subject_id": account_id}


def test_what_is_said_is_there_for_all_and_stays_whatever_is_loaded_and_found(
    open_graph: Open, load: Callable[..., LoadReport]
) -> None:
    with open_graph() as store:
        load(store, {"accounts": [{"account_id": "ann"}]})
    with open_graph("read") as store:
        assert store.casebook.read() == ()
        (first,) = say_in(store.casebook, lambda known: [clear("ann")])
        with pytest.raises(DataError):
            store.casebook.append(refuse)
        say_in(store.casebook, lambda known: [])
    with open_graph() as store:
        load(store, {"accounts": [{"account_id": "ann", "status": "active"}, {"account_id": "bob"}]})
        snapshot = store.snapshot()
        store.write_run(replace(small_market.make_run(snapshot), rings=(), flags=()), snapshot)
        second = say_in(store.casebook, lambda known: [clear("bob"), clear(f"{len(known)} before")])
        lines = store.casebook.read()
        assert [each.event_id for each in read_events(lines)] == [each.event_id for each in (first, *second)]
        assert [each.turn for each in read_events(lines)] == [1, 2, 3]
        assert second[1].subject_id == "1 before"
        assert import_events(store.casebook, [*lines, write_event(say())]) == 1
        assert import_events(store.casebook, [*lines, write_event(say())]) == 0
        assert [check_casebook(store.casebook)[0].state, len(store.casebook.read())] == ["whole", 4]


def refuse(known: tuple[str, ...]) -> list[str]:
    raise DataError("nothing to say")


@pytest.mark.server
def test_those_who_write_at_once_on_a_server_do_not_lose_one_another(server: Server) -> None:
    open_store(server, mode="write").close()
    with open_store(server) as one, open_store(server) as other:
        write_at_once(one.casebook, other.casebook)
        lines = one.casebook.read()
        damage = "MATCH (e:CaseEvent) WITH e LIMIT 1 SET e.line = replace(e.line, 'family', 'farmer')"
        with open_store(server, mode="write") as store:
            store.query(damage)
        with pytest.raises(StoreDamagedError, match="1 of the CaseEvent nodes"):
            one.casebook.read()
        assert mend_events(one.casebook, lines) == 20
        assert one.casebook.read() == lines
        with open_store(server, mode="write") as store:
            store.query("MATCH (e:CaseEvent) WHERE e.place > 18 DETACH DELETE e")
        with pytest.raises(StoreDamagedError, match=r"2 of the 20 CaseEvent nodes on .* are missing: `ringfence"):
            say_in(one.casebook, lambda known: [clear("dan")])
    assert [each.state for each in verify_store(server).tables if each.table == "casebook"] == ["damaged"]


SAID_OF = """MATCH (e:CaseEvent)-[:SAID_OF]->(of)
RETURN e.reason AS reason, coalesce(of.account_id, of.review_id, of.value, of.event_id) AS of ORDER BY reason, of"""
READ = "ann", "bob", "cyd", small_market.HOSTILE


@pytest.mark.server
def test_on_a_server_what_is_said_is_joined_to_whatever_it_is_about_once_it_is_there(
    server: Server, tmp_path: Path
) -> None:
    tables = small_market.write_tables(tmp_path / "tables")
    phone = {"subject": "thing", "subject_id": "phone-7", "thing_kind": "device", "kind": "ignored"}
    events = [
        say(1, reason="account", subject_id="ann", kind="ruled", not_same_as=("bob",)),
        decide_ring("R-9", "confirmed", {"cyd": 1.0, "nobody": 1.0}, 2, reason="ring that was seen"),
        say(3, reason="review", subject="review", subject_id="rev-1"),
        say(4, reason="thing", **phone),
        say(5, reason="ring", subject="ring", subject_id="R-1", kind="noted"),
    ]
    open_store(server, mode="write").close()
    with open_store(server) as store:
        import_events(store.casebook, [write_event(each) for each in events])
        assert store.query(SAID_OF) == []
        lines = store.casebook.read()
    small_market.make_loaded_store(server, tables)
    small_market.add_run(server)
    before = [("account", "ann"), ("account", "bob"), ("review", "rev-1"), ("ring that was seen", "cyd")]
    before += [("thing", "phone-7")]
    with open_store(server, mode="write") as store:
        assert [tuple(row.values()) for row in store.query(SAID_OF)] == before
        undo = {"kind": "undone", "subject": "event", "subject_id": events[0].event_id, "by": "ana"}
        say_in(store.casebook, lambda known: [undo | {"reason": "undoing"}])
        found = [*before, *(("ring", each) for each in READ), ("undoing", events[0].event_id)]
        assert {tuple(row.values()) for row in store.query(SAID_OF)} == set(found)
        assert len(store.query(SAID_OF)) == len(found)
        assert store.casebook.read()[:5] == lines
    assert [each.state for each in verify_store(server).tables if each.table == "casebook"] == ["whole"]


@pytest.mark.server
def test_what_is_said_waits_for_nobody_who_has_its_accounts_and_is_joined_to_them_later(server: Server) -> None:
    open_store(server, mode="write").close()
    bolt = Bolt(server)
    bolt.ask("MERGE (:Account {account_id: 'ann'})", writing=True)
    with open_store(server) as store:

        def say_meanwhile(transaction: Transaction) -> None:
            transaction.run("MATCH (a:Account {account_id: 'ann'}) SET a.tier = 'clear'").consume()
            say_in(store.casebook, lambda known: [clear("ann")])

        bolt.transact(say_meanwhile, writing=True)
        assert store.query(SAID_OF) == []
        say_in(store.casebook, lambda known: [clear("bob")])
        assert [row["of"] for row in store.query(SAID_OF)] == ["ann"]
    bolt.close()


def test_those_who_write_at_once_in_a_folder_do_not_lose_one_another(tmp_path: Path) -> None:
    write_at_once(Journal(Folder(str(tmp_path))), Journal(Folder(str(tmp_path))))


def write_at_once(*books: Casebook) -> None:
    """Each adds ten events that say how many there were: no two may have seen the same."""

    def write(book: Casebook) -> None:
        for _ in range(10):
            say_in(book, lambda known: [clear(str(len(known)))])

    threads = [threading.Thread(target=write, args=(book,)) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = read_events(books[0].read())
    assert [each.subject_id for each in said] == [str(number) for number in range(20)]
    assert [each.turn for each in said] == list(range(1, 21))


# ── in a folder ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def book(tmp_path: Path) -> Journal:
    """With one event, and then two said at once."""
    book = Journal(Folder(str(tmp_path), wait_seconds=0.0))
    say_in(book, lambda known: [clear("ann")])
    say_in(book, lambda known: [clear("bob"), clear("cyd")])
    return book


@pytest.fixture
def file(tmp_path: Path, book: Journal) -> Path:
    return tmp_path / "casebook" / "events.jsonl"


def test_wherever_a_writer_dies_what_was_said_before_stays_and_half_a_batch_is_not_there(
    book: Journal, file: Path
) -> None:
    content, whole = file.read_bytes(), book.read()
    first, head = content.index(b"\n") + 1, file.with_name("head.json")
    after = head.read_bytes()
    for end in range(first, len(content)):
        file.write_bytes(content[:end])
        head.write_bytes(make_head(1, file))
        assert book.read() == whole[:1]
    file.write_bytes(content)  # it died before the head was in its place
    assert book.read() == whole
    say_in(book, lambda known: [clear("dan")])
    assert [each.subject_id for each in read_events(book.read())] == ["ann", "bob", "cyd", "dan"]
    assert head.read_bytes() == make_head(3, file) != after


def make_head(lines: int, file: Path) -> bytes:
    """How far a casebook reaches, if it reaches so many lines."""
    last = json.loads(file.read_bytes().splitlines()[lines - 1])["sha256"]
    return b'{"lines":%d,"sha256":"%s"}\n' % (lines, last.encode())


@pytest.mark.parametrize("ask", ["read", "append"])
@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (0, "2 of the 2 lines of .* are missing: `ringfence casebook import FILE --mend` puts back"),
        (1, "1 of the 2 lines of .* are missing: `ringfence"),
    ],
)
def test_lines_that_were_cut_off_the_end_are_missed(book: Journal, file: Path, ask: str, kept: int, said: str) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:kept]))
    with pytest.raises(StoreDamagedError, match=said):
        book.read() if ask == "read" else say_in(book, lambda known: [clear("dan")])
    assert [each.state for each in check_casebook(book)] == ["damaged"]
    file.unlink()
    with pytest.raises(StoreDamagedError, match=r"2 of the 2 lines of .* are missing"):
        book.read()
    file.parent.joinpath("head.json").unlink()
    assert book.read() == ()


@pytest.mark.parametrize("damage", [(b"family", b"farmer"), (b'"turn":2', b'"turn":7'), (b"[", b"")])
def test_what_is_whole_and_what_an_export_has_make_a_damaged_casebook_whole(
    book: Journal, file: Path, damage: tuple[bytes, bytes]
) -> None:
    said = book.read()
    (later,) = say_in(book, lambda known: [clear("dan")])
    damaged = file.read_bytes().replace(*damage, 1).rpartition(b"\n{")[0]  # and the last line is gone
    file.write_bytes(damaged)
    assert mend_events(book, said[:2]) >= 2
    assert set(said[:2]) <= set(book.read()) <= set(said)
    assert mend_events(book, [*said, write_event(later)]) == 4
    assert book.read() == (*said, write_event(later))
    assert file.with_name("events.damaged-1.jsonl").read_bytes() == damaged
    say_in(book, lambda known: [clear("eve")])
    assert [each.turn for each in read_events(book.read())] == [1, 2, 3, 4, 5]


def test_whoever_waits_for_a_casebook_that_is_mended_adds_to_the_new_one(tmp_path: Path) -> None:
    books = [Journal(Folder(str(tmp_path), wait_seconds=10.0)) for _ in range(2)]
    say_in(books[0], lambda known: [clear("ann")])
    waiting = threading.Thread(target=say_in, args=(books[1], lambda known: [clear("bob")]))

    def begin(known: tuple[str, ...]) -> tuple[str, ...]:
        waiting.start()
        time.sleep(0.1)  # it waits by now for the file that this one replaces
        return known

    books[0].mend(begin)
    waiting.join()
    assert [each.subject_id for each in read_events(books[0].read())] == ["ann", "bob"]


def test_a_head_that_makes_no_sense_or_tells_of_another_line_is_damage(book: Journal, file: Path) -> None:
    head = file.with_name("head.json")
    head.write_bytes(head.read_bytes().replace(b'"sha256":"', b'"sha256":"0'))
    with pytest.raises(StoreDamagedError, match=r"the lines of .* are not those that were written"):
        book.read()
    head.write_bytes(b"")
    with pytest.raises(StoreDamagedError, match=r"head\.json is not as it was written"):
        book.read()


def test_a_casebook_of_an_older_ringfence_is_read_and_from_then_on_missed(book: Journal, file: Path) -> None:
    head = file.with_name("head.json")
    head.unlink()
    assert len(book.read()) == 3
    assert [each.state for each in check_casebook(book)] == ["not recorded"]
    say_in(book, lambda known: [clear("dan")])
    assert [each.state for each in check_casebook(book)] == ["whole"]
    assert head.read_bytes() == make_head(3, file)


def test_a_full_disk_leaves_what_there_was(book: Journal, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, write = file.read_bytes(), os.write

    def fill(descriptor: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content[:-90])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fill)
        with pytest.raises(StoreFullError, match="nothing was changed"):
            say_in(book, lambda known: [clear("dan")])
    assert file.read_bytes() == before
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fill_head)
        with pytest.raises(StoreFullError, match="nothing was changed"):
            say_in(book, lambda known: [clear("dan")])
    assert file.read_bytes() == before
    assert len(book.read()) == 3


def fill_head(path: Path, target: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_whoever_may_not_write_is_told_so(book: Journal, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_writing(path: Path, flags: int) -> int:
        if flags & os.O_RDWR:
            raise OSError(errno.EROFS, "Read-only file system")
        return os.open(path, flags)

    monkeypatch.setattr("graph.stores.embedded.journal.open_here", refuse_writing)
    with pytest.raises(StoreReadOnlyError, match="cannot write to"):
        say_in(book, lambda known: [clear("dan")])
    assert len(book.read()) == 3


def test_whoever_waits_too_long_is_told_so(book: Journal) -> None:
    def interrupt(known: tuple[str, ...]) -> list[str]:
        with pytest.raises(StoreBusyError, match=r"events\.jsonl is held by another process"):
            say_in(book, lambda known: [clear("dan")])
        return []

    book.append(interrupt)


@pytest.mark.parametrize("damage", [(b"family", b"farmer"), (b'"turn":1', b'"turn":7'), (b"{", b"")])
def test_a_line_that_was_changed_or_lost_is_noticed(book: Journal, file: Path, damage: tuple[bytes, bytes]) -> None:
    file.write_bytes(file.read_bytes().replace(*damage, 1))
    with pytest.raises(StoreDamagedError, match="line 1 of"):
        book.read()
    assert [each.state for each in check_casebook(book)] == ["damaged"]
    _, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(second)
    with pytest.raises(StoreDamagedError, match="line 1 of"):
        book.read()


def test_a_link_in_its_place_is_not_followed(book: Journal, file: Path, tmp_path: Path) -> None:
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    for use in (book.read, lambda: say_in(book, lambda known: [clear("dan")])):
        with pytest.raises(StoreError, match="is a link"):
            use()


def test_going_back_to_an_earlier_generation_leaves_it_alone_and_verify_counts_it(market: Path) -> None:
    location = Folder(str(market / "ringfence-store"))
    with open_casebook(location) as book:
        say_in(book, lambda known: [clear("ann")])
        restore(location, 1)
        assert len(book.read()) == 1
    assert [each for each in verify_store(location).tables if each.table == "casebook"] == [
        TableCheck("casebook", 1, "whole")
    ]


def test_there_is_no_casebook_where_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFoundError), open_casebook(str(tmp_path / "nowhere")):
        pass


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """A folder with the small market's store after a run."""
    small_market.make_store(tmp_path / "market")
    return tmp_path / "market"
