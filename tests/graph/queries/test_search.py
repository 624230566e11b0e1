"""Whatever text somebody has is found: ids of anything, identifiers in any spelling, the best first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from small_market import CROWD, HOSTILE, RINGS

from graph.contract.tables import read_folder
from graph.queries.search import MOST_NAMED, search
from graph.settings import Settings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


@pytest.fixture(scope="module")
def spelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    """A market of things that are written in several ways."""
    folder = tmp_path_factory.mktemp("spelled")
    (folder / "tables").mkdir()
    (folder / "tables" / "accounts.csv").write_text("account_id\nann\nbob\ncyd\n")
    rows = [
        ("ann", "email", "Ann.Lee+shop@GoogleMail.com"),
        ("bob", "email", "annlee@gmail.com"),
        ("ann", "phone", "+44 20 7946 0958"),
        ("bob", "payment", "4111 1111 1111 1111"),
        ("ann", "address", "'Flat 14A, 1 High St., Leeds'".strip("'")),
        ("cyd", "address", "1 HIGH STREET apt 14-a Leeds"),
        ("cyd", "device", "Straße-1"),
    ]
    lines = "".join(f'{who},{kind},"{value}"\n' for who, kind, value in rows)
    (folder / "tables" / "identifiers.csv").write_text(f"account_id,kind,value\n{lines}", encoding="utf-8")
    with EmbeddedStore(folder / "store", mode="write") as store:
        store.load(read_folder(folder / "tables", Settings()))
    with EmbeddedStore(folder / "store") as store:
        yield store


@pytest.mark.parametrize(
    ("text", "kind", "found", "match"),
    [
        ("ann", "account", "ann", "exactly"),
        ("ANN", "account", "ann", "exactly"),
        ("gue", "account", "guest-00", "begins with"),
        ("est-07", "account", "guest-07", "contains"),
        ("R-1", "ring", "R-1", "exactly"),
        ("run-1", "run", "run-1", "exactly"),
        ("rev-2", "review", "rev-2", "exactly"),
        ("p1", "product", "p1", "exactly"),
        ("o3", "order", "o3", "exactly"),
        ("phone-7", "device", "phone-7", "exactly"),
        ("CAF", "address", "café", "begins with"),
    ],
)
def test_a_text_is_found_and_told_what_it_is(store: GraphStore, text: str, kind: str, found: str, match: str) -> None:
    hits = search(store, text, most=5).hits
    assert (kind, found, match) in [(hit.kind, hit.id, hit.match) for hit in hits]


@pytest.mark.parametrize(
    ("text", "kind", "accounts"),
    [
        ("annlee@gmail.com", "email", 2),
        ("a.n.n.l.e.e@googlemail.com", "email", 2),
        ("0044 20 7946-0958", "phone", 1),
        ("020 7946 0958", "phone", 1),
        ("7946 0958", "phone", 1),
        ("4111-1111-1111-1111", "payment", 1),
        ("1 high street flat 14a leeds", "address", 2),
        ("High Street", "address", 2),
        ("straße", "device", 1),
    ],
)
def test_an_identifier_is_found_in_any_spelling(spelled: GraphStore, text: str, kind: str, accounts: int) -> None:
    (hit,) = search(spelled, text, most=9).hits
    assert (hit.kind, hit.accounts) == (kind, accounts)


def test_what_a_text_is_comes_before_what_contains_it(store: GraphStore) -> None:
    found = search(store, "p", most=100)
    places = [("exactly", "in another spelling", "begins with", "contains").index(hit.match) for hit in found.hits]
    assert places == sorted(places)


def test_of_many_hits_the_best_are_told_and_all_are_counted(store: GraphStore) -> None:
    found = search(store, "guest", most=3)
    assert (len(found.hits), found.total, found.is_more) == (3, len(CROWD), False)


def test_a_hit_says_whose_it_is_unless_those_are_many(store: GraphStore) -> None:
    (device,) = [hit for hit in search(store, "phone-7", most=5).hits if hit.kind == "device"]
    assert (device.accounts, device.account_ids) == (3, ("ann", "bob", "cyd"))
    (place,) = search(store, "café", most=5).hits
    assert place.accounts > MOST_NAMED
    assert place.account_ids == ()
    (order,) = search(store, "o1", most=1).hits
    assert order.account_ids == ("ann", "bob")
    (ring,) = [hit for hit in search(store, "R-1", most=5).hits if hit.kind == "ring"]
    assert (ring.tier, ring.accounts) == ("automatic", 4)


@pytest.mark.parametrize("text", ["", "  ", "nobody here", "x" * 1000, "'", "%", HOSTILE, RINGS[1].ring_id, "🦊"])
def test_any_text_may_be_looked_for(store: GraphStore, text: str) -> None:
    assert search(store, text, most=3).total >= 0
