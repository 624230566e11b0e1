"""The file of what everything is called: it answers as the graph does, and without it the graph answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import on_disk
import pytest
import small_market
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables_on_disk import read

from graph.queries.accounts import find_account
from graph.queries.search import search
from graph.stores.embedded.names import NAMES_FILE
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.embedded.verify import restore, verify_folder
from graph.stores.location import Folder
from graph.stores.texts import NAMED_KINDS, Wanted, ask_identifiers, ask_ids

SPELLINGS = """account_id,kind,value
ann,email,Ann.Smith@Example.org
bob,email,ann.smith@example.org
cyd,phone,+49 170 1234567
dan,phone,0049-170-1234567
eve,badge,"two\nlines"
eve,badge,two\x1flines
eve,a:b%c,Two
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    folder = tmp_path_factory.mktemp("names")
    market = small_market.write_tables(folder / "market")
    (market / "identifiers.csv").write_text(SPELLINGS, encoding="utf-8")
    listings = "product_id,seller_id,title\np1,bob,Blue Lamp\np2,bob,blue lamp\np3,ann,Lampe 'Nô.1'\np4,ann,\n"
    (market / "listings.csv").write_text(listings, encoding="utf-8")
    with EmbeddedStore(folder / "store", mode="write") as filled:
        filled.load(read(market))
    with EmbeddedStore(folder / "store") as opened:
        yield opened


TEXTS = (
    "ann",
    "lamp",
    "A",
    "o",
    "o1",
    "guest-",
    "smith",
    "ANN.SMITH@EXAMPLE.ORG",
    "0170 1234567",
    "two",
    "café",
    "lines",
    "\n",
)


@settings(deadline=None, max_examples=40)
@given(text=st.one_of(st.sampled_from(TEXTS), st.text(alphabet="ano1-e'é\n\x1e\x1f\"[🦊", min_size=1, max_size=4)))
@example(text="o'Hara")
@example(text="nobody-has-this")
@pytest.mark.parametrize("most", [2, 500])
def test_ids_are_found_as_the_graph_finds_them(store: EmbeddedStore, most: int, text: str) -> None:
    for kind in NAMED_KINDS:
        found = [(each.id, each.place) for each in store.find_ids(kind, text.lower(), most=most)]
        assert found == [(each.id, each.place) for each in ask_ids(store.query, kind, text.lower(), most)]


@settings(deadline=None, max_examples=40)
@given(text=st.one_of(st.sampled_from(TEXTS), st.text(alphabet="an.@1é\n\x1f ", min_size=1, max_size=4)))
@pytest.mark.parametrize("most", [2, 500])
def test_identifiers_are_found_as_the_graph_finds_them(store: EmbeddedStore, most: int, text: str) -> None:
    wanted = Wanted(text.lower(), (text, "annsmith@example.org"), text.lower(), text)
    assert store.find_identifiers(wanted, most=most) == ask_identifiers(store.query, wanted, most)


def test_an_order_says_whose_it_is(store: EmbeddedStore) -> None:
    assert [(each.buyer, each.seller) for each in store.find_ids("order", "o4", most=9)] == [
        ("ann", small_market.HOSTILE)
    ]
    assert [(each.buyer, each.seller) for each in store.find_ids("order", "o6", most=9)] == [("dan", None)]


def test_a_product_is_found_by_what_it_is_called(store: EmbeddedStore) -> None:
    found = search(store, "BLUE LAMP", most=9).hits
    assert [(each.kind, each.id, each.title, each.match, each.account_ids) for each in found] == [
        ("product", "p1", "Blue Lamp", "exactly", ("bob",)),
        ("product", "p2", "blue lamp", "exactly", ("bob",)),
    ]


def test_every_spelling_counts_for_who_shares_a_thing(store: EmbeddedStore) -> None:
    found = {each.value: each.others for each in find_account(store, "ann").identifiers}
    assert (found["Ann.Smith@Example.org"], found["phone-7"], found["café"]) == (1, 2, 61)
    assert {each.kind for each in find_account(store, "eve").identifiers} == {"device", "badge", "a:b%c"}


@pytest.fixture
def loaded(store: EmbeddedStore, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store.location, tmp_path / "store"))


def spoil(location: Path) -> None:
    names = on_disk.need_graph(location).parent / NAMES_FILE
    content = names.read_bytes()
    on_disk.overwrite(names, content.replace(b"guest-07", b"guest-xx"))


def test_without_its_names_a_store_answers_the_same(store: EmbeddedStore, loaded: Path) -> None:
    (on_disk.need_graph(loaded).parent / NAMES_FILE).unlink()
    with EmbeddedStore(loaded) as bare:
        assert search(bare, "smith", most=5) == search(store, "smith", most=5)
        assert find_account(bare, "ann") == find_account(store, "ann")


def test_verifying_notices_names_that_are_not_as_they_were_written(loaded: Path) -> None:
    assert verify_folder(Folder(str(loaded))).damaged == ()
    spoil(loaded)
    assert verify_folder(Folder(str(loaded))).damaged == ("names",)


def test_going_back_leaves_damaged_names_behind_and_the_next_run_writes_them_again(loaded: Path) -> None:
    spoil(loaded)
    assert restore(Folder(str(loaded)), None) is not None
    assert verify_folder(Folder(str(loaded))).damaged == ()
    with EmbeddedStore(loaded, mode="write") as written:
        assert [each.id for each in written.find_ids("account", "guest-07", most=9)] == ["guest-07"]
        snapshot = written.snapshot()
        written.write_run(small_market.make_run(snapshot), snapshot)
    assert (on_disk.need_graph(loaded).parent / NAMES_FILE).exists()


def test_a_run_keeps_the_names_without_writing_them_again(loaded: Path) -> None:
    before = (on_disk.need_graph(loaded).parent / NAMES_FILE).stat()
    with EmbeddedStore(loaded, mode="write") as written:
        snapshot = written.snapshot()
        written.write_run(small_market.make_run(snapshot), snapshot)
    after = (on_disk.need_graph(loaded).parent / NAMES_FILE).stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
