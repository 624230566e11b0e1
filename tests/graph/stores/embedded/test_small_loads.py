"""A small load looks only at what it names and reads back only what it wrote to: with the same result, to the byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import small_market
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from on_disk import need_graph, overwrite
from property_graph import dump_graph, write_folder
from small_market import HOSTILE

from graph.contract.schema import CONTRACT
from graph.contract.tables import CheckedTable, read_folder
from graph.settings import Settings, TableSettings
from graph.stores.embedded import concerned, content, draft, renaming, touched
from graph.stores.embedded.content import Part, describe_graph, read_part
from graph.stores.embedded.disk import digest_blocks, digest_file
from graph.stores.embedded.manifest import FORMAT, MANIFEST_FILE, read_manifest, write_manifest
from graph.stores.embedded.names import CHANGES_FILE, NAMES_FILE, Names
from graph.stores.embedded.naming import writing_names
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.embedded.verify import verify_folder
from graph.stores.known_facts import KNOW_NOTHING
from graph.stores.location import Folder
from graph.stores.protocol import LoadReport, LoadTerms

Row = Mapping[str, str]
Tables = Mapping[str, list[Row]]

PEOPLE = ["ann", "BOB", "cyd", "İda", HOSTILE]
DAYS = ["", "2024-03-01", "2024-03-05"]
_someone = st.sampled_from(PEOPLE)
_maybe = st.sampled_from(["", *PEOPLE])
_gone = st.sampled_from(["", "", "", "true"])
_updated = st.sampled_from(DAYS)


def _rows(most: int, **columns: st.SearchStrategy[str]) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.fixed_dictionaries(columns), max_size=most)


_TABLES = {
    "accounts": _rows(
        3, account_id=_someone, role=st.sampled_from(["", "buyer", "both"]), updated_at=_updated, gone=_gone
    ).map(lambda rows: [{"account_id": "ann"}, *rows]),
    "orders": _rows(
        3,
        order_id=st.sampled_from(["o1", "O2", "ö3"]),
        buyer_id=st.sampled_from(["ann", "BOB"]),
        seller_id=st.sampled_from(["", "cyd", HOSTILE]),
        amount=st.sampled_from(["", "1.5", "2"]),
        product_id=st.sampled_from(["", "p1"]),
        updated_at=_updated,
        gone=_gone,
    ),
    "devices": _rows(3, account_id=_someone, device_id=st.sampled_from("dD"), seen_at=_updated, gone=_gone),
    "addresses": _rows(2, account_id=_someone, address=st.sampled_from(["Main St. 5", "main street 5"]), gone=_gone),
    "identifiers": _rows(2, account_id=_someone, kind=st.sampled_from(["email", "phone"]), value=_someone),
    "listings": _rows(
        2,
        product_id=st.sampled_from(["p1", "P2"]),
        seller_id=_someone,
        title=st.sampled_from(["", "A Lamp", "lamp"]),
        updated_at=_updated,
        gone=_gone,
    ),
    "reviews": _rows(
        2,
        review_id=st.sampled_from(["r1", "R2"]),
        account_id=st.sampled_from(["ann", "cyd"]),
        product_id=st.sampled_from(["p1", "P2"]),
        rating=st.sampled_from(["1", "5"]),
        updated_at=_updated,
        gone=_gone,
    ),
    "referrals": _rows(
        2, account_id=st.sampled_from(["ann", "BOB"]), referred_by=st.sampled_from(["cyd", "İda"]), gone=_gone
    ),
    "events": _rows(
        3,
        account_id=_someone,
        object=st.sampled_from(["x", "X", HOSTILE]),
        action=st.sampled_from(["", "saw"]),
        happened_at=_updated,
        gone=_gone,
    ),
    "transfers": _rows(
        3,
        transfer_id=st.sampled_from(["", "t1", "T2"]),
        payer_id=st.sampled_from(["ann", "BOB"]),
        payee_id=st.sampled_from(["cyd", HOSTILE]),
        amount=st.sampled_from(["", "1.5"]),
        status=st.sampled_from(["", "paid"]),
        updated_at=_updated,
        gone=_gone,
    ),
    "labels": _rows(2, account_id=_someone, label=st.sampled_from(["fraud", "legit"]), decided_at=_updated, gone=_gone),
}
TABLES = st.fixed_dictionaries(_TABLES)


LAMP = {"product_id": "p9", "seller_id": "zoe", "title": "Zoe's Lamp"}


@pytest.fixture
def short_stretches() -> Iterator[None]:
    """Stretches of two places, so that a small market has many, each read by itself."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(content, "STRETCH_BITS", 1)
        patched.setattr(touched, "_LARGE_SHARE", 1)
        yield


def read(folder: Path, tables: Tables) -> dict[str, CheckedTable]:
    """Tables as they are read from files in which a column ``gone`` says what is removed."""
    marked = [name for name, rows in tables.items() if any("gone" in row for row in rows)]
    settings = Settings(tables={name: TableSettings(columns={"removed": "gone"}) for name in marked})
    return dict(read_folder(write_folder(folder, {name: rows for name, rows in tables.items() if rows}), settings))


def load(store: EmbeddedStore, folder: Path, tables: Tables, day: int = 9) -> LoadReport:
    at = np.datetime64(f"2024-03-{day:02}", "us")
    return store.load(read(folder, tables), LoadTerms(as_of=at))


def load_slowly(store: EmbeddedStore, folder: Path, tables: Tables, day: int = 9) -> LoadReport:
    """Load as if there were much to load: all that is known is compared, and all is read back."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(concerned, "FEW_ROWS", -1)
        patched.setattr(touched, "MOST_ROWS", -1)
        return load(store, folder, tables, day)


def test_every_table_of_the_contract_is_loaded_here() -> None:
    assert _TABLES.keys() == CONTRACT.keys()


def test_everything_that_is_known_is_looked_up(location: Path, tmp_path: Path) -> None:
    rows = {name: list(part[:1]) for name, part in small_market.TABLES.items()}
    paid = {"payer_id": "ann", "payee_id": "bob"}
    whole: Tables = {**rows, "events": [{"account_id": "ann", "object": "x"}], "transfers": [paid]}
    with EmbeddedStore(location) as store:
        known = concerned.read_concerned_facts(store.ask_columns, read(tmp_path / "tables", whole))
    names = {field.name for field in fields(known)}
    assert {name for name in names if getattr(known, name) is getattr(KNOW_NOTHING, name)} == set()


def find_newest(place: Path) -> Path:
    return max((place / "generations").iterdir())


def compare_with_whole(place: Path, scratch: Path) -> None:
    """What a generation says of itself is what the whole of it would say."""
    newest = find_newest(place)
    with EmbeddedStore(place) as store, writing_names(scratch) as writer:
        whole = describe_graph(store.connection, writer.take)
        writer.finish()
    assert read_manifest(newest).stretches == whole
    compare_names(newest, scratch)
    scratch.unlink()


def compare_names(newest: Path, written: Path) -> None:
    """The names of a generation, with what has changed since they were written, are those of its graph."""
    changes = newest / CHANGES_FILE
    if not changes.exists():
        assert (newest / NAMES_FILE).read_bytes() == written.read_bytes()
        return
    with closing(Names(newest / NAMES_FILE, changes)) as found, closing(Names(written)) as whole:
        sections = whole.list_sections()
        assert found.list_sections() == sections
        for name in sections:
            assert list(found.scan(name, b"")) == list(whole.scan(name, b""))


def compare_ways(where: Path, loads: list[Any]) -> None:
    """Small loads against the same ones taken the long way: equal reports, graphs and marks after each."""
    with EmbeddedStore(where / "a", mode="write") as quick, EmbeddedStore(where / "b", mode="write") as slow:
        for number, tables in enumerate(loads):
            reports = [
                each(store, where / f"tables-{number}", tables, 6 + number).tables
                for each, store in ((load, quick), (load_slowly, slow))
            ]
            assert reports[0] == reports[1]
            assert dump_graph(quick) == dump_graph(slow)
            assert quick.mark_facts() == slow.mark_facts()
            if number:  # until something is loaded again the first generation is a draft
                compare_with_whole(where / "a", where / "names")


@pytest.fixture(params=[True, False], ids=["names beside names", "names anew"])
def beside(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether what changes of the names, and of the graph, stands beside them, however few those are.

    Where it does, nodes are read back by their keys as well.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(draft, "_WORTH_LOGGING_BYTES", 0 if request.param else 1 << 40)
        patched.setattr(touched, "_MANY_STRETCHES", 0 if request.param else 1 << 40)
        patched.setattr(renaming, *(("SMALLEST_SHARE", 1) if request.param else ("MOST_BYTES", 0)))
        yield request.param


@pytest.mark.usefixtures("short_stretches", "beside")
@pytest.mark.parametrize("n_examples", [4, pytest.param(60, marks=pytest.mark.thorough)])
def test_small_loads_do_what_long_ones_do(tmp_path_factory: pytest.TempPathFactory, n_examples: int) -> None:
    @hypothesis_settings(
        max_examples=n_examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(TABLES, min_size=3, max_size=3))
    def check(loads: list[Any]) -> None:
        compare_ways(tmp_path_factory.mktemp("ways"), loads)

    check()


@pytest.mark.usefixtures("short_stretches", "beside")
@pytest.mark.parametrize("seed", range(2))
def test_however_a_market_is_cut_into_loads_it_is_the_same_graph(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [(name, row) for name, part in small_market.TABLES.items() for row in part]
    pieces: list[dict[str, list[Row]]] = [{"accounts": [{"account_id": "guest-00"}]} for _ in range(4)]
    for (name, row), piece in zip(rows, rng.integers(4, size=len(rows)).tolist(), strict=True):
        pieces[piece].setdefault(name, []).append(row)
    with EmbeddedStore(tmp_path / "cut", mode="write") as store:
        for number, piece in enumerate(pieces):
            load(store, tmp_path / f"piece-{number}", piece)
        cut = dump_graph(store)
    compare_with_whole(tmp_path / "cut", tmp_path / "names")
    with EmbeddedStore(tmp_path / "whole", mode="write") as store:
        load(store, tmp_path / "market", small_market.TABLES)
        assert dump_graph(store) == cut


@pytest.mark.usefixtures("short_stretches")
def test_what_a_small_load_does_not_write_to_is_not_read_back(
    made: Path, location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    def watch(connection: Any, table: str, target: str, **within: Any) -> Part:
        part = read_part(connection, table, target, **within)
        seen.append((part.name, part.rows.num_rows))
        return part

    with EmbeddedStore(location, mode="write") as store:  # in stretches of two
        load_slowly(store, tmp_path / "one", {"accounts": [{"account_id": "fay"}]})
        monkeypatch.setattr(touched, "read_part", watch)
        monkeypatch.setattr(content, "read_part", watch)
        load(
            store,
            tmp_path / "two",
            {"accounts": [{"account_id": "gus"}], "devices": [{"account_id": "ann", "device_id": "x"}]},
        )
    assert {name for name, _ in seen} == {"Account", "Identifier", "USES Identifier"}
    assert max(rows for _, rows in seen) <= 4
    compare_with_whole(location, tmp_path / "names")


def test_what_a_run_does_not_write_to_is_only_counted(
    made: Path, location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()

    def watch(connection: Any, table: str, target: str, **within: Any) -> Part:
        seen.add(table)
        return read_part(connection, table, target, **within)

    with EmbeddedStore(location, mode="write") as store:
        snapshot = store.snapshot()
        monkeypatch.setattr(content, "read_part", watch)
        store.write_run(small_market.make_run(snapshot), snapshot)
    assert {"Account", "Review", "Ring", "MEMBER_OF"} <= seen
    assert not seen & {"Identifier", "Listing", "USES", "ORDERED", "WROTE", "ABOUT"}
    compare_with_whole(location, tmp_path / "names")


@pytest.mark.parametrize("load_next", [load, load_slowly], ids=["a small load", "a long one"])
def test_whose_an_order_is_stays_so_when_accounts_before_them_are_gone(tmp_path: Path, load_next: Any) -> None:
    accounts = [{"account_id": each} for each in "abcd"]
    order = {"order_id": "o1", "buyer_id": "c", "seller_id": "d"}
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        load(store, tmp_path / "one", {"accounts": accounts, "orders": [order]})
        load_next(store, tmp_path / "two", {"accounts": [{"account_id": "a", "gone": "true"}]}, 10)
        load_next(
            store, tmp_path / "three", {"accounts": [{"account_id": "e"}], "orders": [{**order, "order_id": "o2"}]}, 11
        )
        found = store.find_ids("order", "o", most=9)
    assert [(each.id, each.buyer, each.seller) for each in found] == [("o1", "c", "d"), ("o2", "c", "d")]


@pytest.mark.parametrize(
    ("tables", "replaced"),
    [
        ({"devices": [{"account_id": "ann", "device_id": "x"}]}, frozenset({"devices"})),
        ({"accounts": [{"account_id": "bob", "gone": "true"}]}, frozenset()),
        ({"listings": [{"product_id": "p1", "seller_id": "bob", "gone": "true"}]}, frozenset()),
    ],
    ids=["a replaced table", "an account that goes", "a listing that goes"],
)
def test_a_load_whose_effect_is_not_local_is_compared_with_all_facts(
    tmp_path: Path, tables: Tables, replaced: frozenset[str]
) -> None:
    checked = read(tmp_path / "tables", {"accounts": [{"account_id": "ann"}], **tables})
    assert not concerned.is_small(checked, LoadTerms(replaced=replaced))


def test_few_new_names_stand_beside_those_there_were(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renaming, "SMALLEST_SHARE", 1)
    before = find_newest(location) / NAMES_FILE
    with EmbeddedStore(location, mode="write") as store:
        load(store, tmp_path / "one", {"accounts": [{"account_id": "zoe"}], "listings": [LAMP]})
        load(store, tmp_path / "two", {"accounts": [{"account_id": "ann"}], "listings": [{**LAMP, "title": "Rug"}]}, 10)
        assert [each.id for each in store.find_ids("account", "zoe", most=9)] == ["zoe"]
        assert store.find_ids("title", "zoe's lamp", most=9) == []
        assert [each.id for each in store.find_ids("title", "rug", most=9)] == ["Rug"]
    assert (find_newest(location) / NAMES_FILE).samefile(before)
    assert (find_newest(location) / CHANGES_FILE).stat().st_size < before.stat().st_size
    compare_with_whole(location, tmp_path / "names")


def test_verifying_notices_new_names_that_are_not_as_they_were_written(
    location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renaming, "SMALLEST_SHARE", 1)
    with EmbeddedStore(location, mode="write") as store:
        load(store, tmp_path / "one", {"accounts": [{"account_id": "zoe"}]})
    changes = find_newest(location) / CHANGES_FILE
    overwrite(changes, changes.read_bytes().replace(b"zoe", b"zoo"))
    assert verify_folder(Folder(str(location))).damaged == ("names",)


# ── generations that were written before there were stretches ─────────────────────────────────────


@pytest.fixture
def older(location: Path) -> Path:
    """A store whose newest generation says what one of format 1 said."""
    newest = find_newest(location)
    said = read_manifest(newest)
    (newest / MANIFEST_FILE).unlink()
    write_manifest(
        newest,
        msgspec.structs.replace(
            said, format=1, sha256=digest_file(newest / "graph.lbug"), facts="0", stretches=None, blocks=()
        ),
    )
    return location


def test_a_generation_of_an_older_format_is_read_checked_and_loaded_into(older: Path, tmp_path: Path) -> None:
    assert verify_folder(Folder(str(older))).damaged == ()
    with EmbeddedStore(older, mode="write") as store:
        load(store, tmp_path / "tables", {"accounts": [{"account_id": "gus"}]})
    said = read_manifest(find_newest(older))
    assert (said.format, said.blocks) == (FORMAT, digest_blocks(find_newest(older) / "graph.lbug"))
    compare_with_whole(older, tmp_path / "names")


def test_a_run_keeps_the_facts_of_a_generation_of_an_older_format(older: Path) -> None:
    with EmbeddedStore(older, mode="write") as store:
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot), snapshot)
    with EmbeddedStore(older) as store:
        assert store.snapshot().n_accounts == snapshot.n_accounts


def test_of_a_damaged_graph_of_an_older_format_no_table_is_called_damaged_or_whole(older: Path) -> None:
    overwrite(need_graph(older), need_graph(older).read_bytes()[:-1] + b"x")
    found = {each.state for each in verify_folder(Folder(str(older))).tables if each.table in ("Account", "USES")}
    assert found == {"not recorded"}
