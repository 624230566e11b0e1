from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import small_market
from small_market import CROWD, HOSTILE, RINGS

from graph.contract.tables import read_folder
from graph.errors import RingfenceError, UnknownIdError
from graph.queries import questions as queries
from graph.settings import Settings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_market.make_store(tmp_path_factory.mktemp("queries"))


@pytest.fixture
def store(location: Path) -> Iterator[GraphStore]:
    with EmbeddedStore(location) as opened:
        yield opened


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return small_market.make_store(tmp_path)


# ------------------------------------------------------------------------------------------- runs


def test_the_latest_run_comes_first(fresh: Path) -> None:
    small_market.add_run(fresh, run_id="run-0")
    with EmbeddedStore(fresh) as store:
        assert [run.run_id for run in queries.list_runs(store)] == ["run-0", "run-1"]
        assert queries.find_run(store).run_id == "run-0"
        assert queries.find_run(store, "run-1").notes == ("No phone numbers were loaded; that channel is silent.",)


def test_a_store_without_a_run_says_what_to_type(tmp_path: Path) -> None:
    small_market.make_loaded_store(tmp_path / "store", small_market.write_tables(tmp_path / "tables"))
    with EmbeddedStore(tmp_path / "store") as store:
        assert queries.find_latest_run(store) is None
        with pytest.raises(RingfenceError, match="ringfence detect"):
            queries.list_rings(store)
        with pytest.raises(RingfenceError, match="ringfence detect"):
            queries.find_ring(store, "R-1")
        assert queries.find_account(store, "ann").verdict == "Not scored yet; type: ringfence detect."


def test_an_unknown_run_names_the_nearest(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no run 'run-7'; the nearest is 'run-1'"):
        queries.list_rings(store, run_id="run-7")


# ------------------------------------------------------------------------------------------ rings


def test_rings_come_by_rank(store: GraphStore) -> None:
    assert [ring.ring_id for ring in queries.list_rings(store)] == [ring.ring_id for ring in RINGS]


@pytest.mark.parametrize(
    ("filters", "ranks"),
    [
        ({"kind": "farm"}, [2]),
        ({"tier": "automatic"}, [1]),
        ({"min_size": 3}, [1]),
        ({"max_size": 3}, [2]),
        ({"kind": "trade", "min_size": 5}, []),
        ({"kind": None, "tier": None}, [1, 2]),
    ],
)
def test_rings_can_be_filtered(store: GraphStore, filters: dict[str, str | int | None], ranks: list[int]) -> None:
    assert [ring.rank for ring in queries.list_rings(store, **filters)] == ranks


@pytest.mark.parametrize("ring", RINGS)
def test_a_ring_comes_back_as_it_was_scored(store: GraphStore, ring: small_market.Ring) -> None:
    found = queries.find_ring(store, ring.ring_id)
    assert found.summary.net_bits == ring.net_bits
    assert [(each.account_id, each.role, each.bits) for each in found.members] == [
        (each.account_id, each.role, each.bits) for each in ring.members
    ]
    assert [vars(each) for each in found.evidence] == [vars(each) for each in ring.evidence]
    assert [vars(each) for each in found.links] == [vars(each) for each in ring.links]
    assert [vars(each) for each in found.readings] == [vars(each) for each in ring.innocent]
    assert [vars(each) for each in found.parties] == [vars(each) for each in ring.parties]


def test_a_ring_is_found_in_the_run_that_is_named(fresh: Path) -> None:
    small_market.add_run(fresh, run_id="run-2")
    with EmbeddedStore(fresh) as store:
        assert queries.find_ring(store, "R-1").summary.run_id == "run-2"
        found = queries.find_ring(store, "R-1", run_id="run-1")
        assert found.summary.run_id == "run-1"
        assert len(found.links) == len(RINGS[0].links)


def test_an_unknown_ring_names_the_nearest(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no ring 'R1'; the nearest is 'R-1'"):
        queries.find_ring(store, "R1")


# --------------------------------------------------------------------------------------- accounts


def test_an_account_page_begins_with_the_verdict(store: GraphStore) -> None:
    found = queries.find_account(store, "cyd")
    assert found.verdict == (
        "Do not deal: the evidence is certain enough to act on (risk 0.90). It is labelled fraud."
        " It is a core member of trade ring R-1 of 4 accounts."
    )


def test_an_account_page_tells_all_that_is_known(store: GraphStore) -> None:
    found = queries.find_account(store, "ann")
    assert (found.risk_score, found.tier, found.run_id) == (0.93, "automatic", "run-1")
    assert [(each.kind, each.value, each.others) for each in found.identifiers] == [
        ("address", "café", len(CROWD) + 1),
        ("device", "phone-7", 2),
    ]
    assert (found.bought.orders, found.bought.counterparties) == (3, 3)
    assert found.bought.amounts == (queries.Tally("EUR", 32.0),)
    assert [order.order_id for order in found.bought.latest] == ["o5", "o4", "o1"]
    assert found.sold.statuses == (queries.Tally("refunded", 1),)
    assert (found.reviews.written, found.reviews.flagged) == (1, 1)
    assert [(each.review_id, each.target_id) for each in found.reviews.latest] == [("rev-1", "p1")]
    assert (found.referred, found.referred_by) == (1, ())
    assert [flag.reasons for flag in found.flags] == [small_market.FLAGS[0].reasons]


def test_a_seller_counts_the_reviews_of_what_it_lists(store: GraphStore) -> None:
    found = queries.find_account(store, "bob")
    assert (found.listings, found.reviews.received, found.reviews.mean_received) == (1, 3, 5.0)
    assert found.referred_by == ("ann",)


def test_an_order_from_the_market_itself_has_no_seller(store: GraphStore) -> None:
    (order,) = queries.find_account(store, "dan").bought.latest
    assert order.other_id is None


def test_an_account_of_which_nothing_is_known_still_has_a_page(store: GraphStore) -> None:
    found = queries.find_account(store, CROWD[0])
    assert found.verdict == "Nothing against this account (risk 0.05)."
    assert (found.created_at, found.role, found.bought.orders, found.rings) == (None, None, 0, ())


def test_an_account_outside_a_ring_knows_that_it_was_its_target(store: GraphStore) -> None:
    found = queries.find_account(store, "eve")
    assert [(ring.ring_id, ring.role) for ring in found.rings] == [(RINGS[1].ring_id, "core"), ("R-1", "target")]


def test_two_spellings_of_an_address_are_one_thing(tmp_path: Path) -> None:
    spellings = {"a": "12 High Street, Apt 3", "b": "12 high street apt 3"}
    (tmp_path / "tables").mkdir()
    for name, header in (("accounts", ["account_id"]), ("addresses", ["account_id", "address"])):
        with (tmp_path / "tables" / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *([*pair[: len(header)]] for pair in spellings.items())])
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.load(read_folder(tmp_path / "tables", Settings()))
        assert [each.others for each in queries.find_account(store, "a").identifiers] == [1]
        assert queries.find_path(store, "a", "b").found


# -------------------------------------------------------------------------------------------- why


def test_reasons_are_those_stored_when_it_was_scored(store: GraphStore) -> None:
    (account,) = queries.find_reasons(store, "ann")
    assert account.sentences[1:] == small_market.FLAGS[0].reasons
    (ring,) = queries.find_reasons(store, "R-1")
    assert ring.sentences[0] == RINGS[0].evidence[0].sentence
    (review,) = queries.find_reasons(store, "rev-1")
    assert review.sentences == ("Written by ann.", *small_market.FLAGS[2].reasons)


def test_a_ring_says_which_innocent_reading_was_believed(store: GraphStore) -> None:
    (ring,) = queries.find_reasons(store, RINGS[1].ring_id)
    assert "Heard and believed: Two people of one household share a laptop." in ring.sentences


def test_no_reasons_for_what_is_not_there(store: GraphStore) -> None:
    with pytest.raises(UnknownIdError, match="no account, ring or review 'rev1'; the nearest is 'rev-1'"):
        queries.find_reasons(store, "rev1")


# ------------------------------------------------------------------------------ who is connected


def test_neighbours_share_the_rarest_things_first(store: GraphStore) -> None:
    found = queries.find_neighbours(store, "ann")
    assert [each.account_id for each in found] == ["bob", "cyd", HOSTILE, "eve"]
    assert [share.channel for share in found[0].shares] == ["referral", "trade", "device"]


def test_a_path_avoids_what_everybody_shares_and_says_so(store: GraphStore) -> None:
    path = queries.find_path(store, "ann", "dan")
    assert [(hop.account_a, hop.account_b) for hop in path.hops] == [("ann", "eve"), ("eve", "dan")]
    assert [hop.shares[0].name for hop in path.hops] == ["1 order", "laptop-3"]
    assert path.left_out == (queries.Share("address", "café", len(CROWD) + 2),)


def test_a_path_may_use_a_hub_that_is_allowed(store: GraphStore) -> None:
    path = queries.find_path(store, "ann", "dan", max_hub=100)
    assert [hop.shares[0].name for hop in path.hops] == ["café"]
    assert path.left_out == ()


def test_a_path_reads_the_same_from_both_ends(store: GraphStore) -> None:
    there, back = queries.find_path(store, "dan", HOSTILE), queries.find_path(store, HOSTILE, "dan")
    assert [{hop.account_a, hop.account_b} for hop in there.hops] == [
        {hop.account_a, hop.account_b} for hop in reversed(back.hops)
    ]


def test_a_path_ends_after_max_hops(store: GraphStore) -> None:
    path = queries.find_path(store, "ann", "dan", max_hops=1)
    assert (path.found, path.hops) == (False, ())


def test_there_is_no_path_to_a_stranger(store: GraphStore) -> None:
    assert not queries.find_path(store, "ann", CROWD[0]).found


def test_an_account_is_no_hop_from_itself(store: GraphStore) -> None:
    path = queries.find_path(store, "ann", "ann")
    assert (path.found, path.hops) == (True, ())


def test_a_seller_with_many_buyers_connects_nobody(tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "accounts.csv").write_text("account_id\n" + "\n".join(f"b{n}" for n in range(10)) + "\n")
    orders = "".join(f"o{n},b{n},shop\n" for n in range(10))
    (tables / "orders.csv").write_text(f"order_id,buyer_id,seller_id\n{orders}")
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.load(read_folder(tables, Settings()))
        apart = queries.find_path(store, "b1", "b2", max_hub=5)
        assert (apart.found, apart.left_out) == (False, (queries.Share("trade", "shop", 10),))
        assert len(queries.find_path(store, "b1", "b2", max_hub=10).hops) == 2
        assert len(queries.find_path(store, "b1", "shop", max_hub=5).hops) == 1


def test_paths_are_as_short_as_those_of_a_plain_search(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    pairs = rng.integers(0, 150, size=(190, 2))
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "accounts.csv").write_text("account_id\n" + "\n".join(f"a{n}" for n in range(150)) + "\n")
    rows = "".join(f"a{one},d{k}\na{other},d{k}\n" for k, (one, other) in enumerate(pairs))
    (tables / "devices.csv").write_text(f"account_id,device_id\n{rows}")
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.load(read_folder(tables, Settings()))
        for one, other in rng.integers(0, 150, size=(25, 2)):
            path = queries.find_path(store, f"a{one}", f"a{other}")
            distance = _walk(pairs, int(one), int(other))
            assert path.found == (distance <= 6)
            assert len(path.hops) == (distance if distance <= 6 else 0)


def _walk(pairs: np.ndarray, start: int, end: int) -> int:
    seen, hops = {start}, 0
    while end not in seen:
        wider = seen | {b for a, b in pairs.tolist() if a in seen} | {a for a, b in pairs.tolist() if b in seen}
        if wider == seen:
            return 10**9
        seen, hops = wider, hops + 1
    return hops


@pytest.mark.parametrize("max_hub", [50, 100])
def test_a_path_over_a_hub_is_shorter_than_one_around_it(store: GraphStore, max_hub: int) -> None:
    path = queries.find_path(store, CROWD[0], CROWD[1], max_hub=max_hub)
    assert (path.found, len(path.hops)) == ((True, 1) if max_hub == 100 else (False, 0))


def test_of_two_shortest_ways_the_one_over_the_rarer_thing_is_taken(tmp_path: Path) -> None:
    common = [("start", "wide"), ("amy", "wide"), ("x", "wide"), ("y", "wide"), ("amy", "last"), ("end", "last")]
    rare = [("start", "slim"), ("zoe", "slim"), ("zoe", "end-phone"), ("end", "end-phone")]
    tables = tmp_path / "tables"
    tables.mkdir()
    ids = sorted({account for account, _ in (*common, *rare)})
    (tables / "accounts.csv").write_text("account_id\n" + "\n".join(ids) + "\n")
    (tables / "devices.csv").write_text("account_id,device_id\n" + "".join(f"{a},{d}\n" for a, d in (*common, *rare)))
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.load(read_folder(tables, Settings()))
        assert [hop.account_b for hop in queries.find_path(store, "start", "end").hops] == ["zoe", "end"]


# ------------------------------------------------------------------------------------ nearest ids


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
        queries.find_account(store, wrong)
    assert str(caught.value) == f"no account {wrong!r}; the nearest is {nearest!r}"


@pytest.mark.parametrize("wrong", ["", "'", "x" * 1024, "%_", "\n", "🦊", "') RETURN 1 //"])
def test_any_text_may_be_asked_for(store: GraphStore, wrong: str) -> None:
    with pytest.raises(UnknownIdError, match="no account"):
        queries.find_account(store, wrong)


# ------------------------------------------------------------------------------------- everything


def test_exports_are_in_order(store: GraphStore) -> None:
    accounts = [row["account_id"] for row in queries.list_accounts(store)]
    assert accounts == sorted(accounts)
    assert len(accounts) == len(CROWD) + len(small_market.FRIENDS)
    members = [(row["rank"], row["account_id"]) for row in queries.list_members(store, "run-1")]
    assert members == [(1, "ann"), (1, "bob"), (1, "cyd"), (1, HOSTILE), (2, "dan"), (2, "eve")]
    assert len(queries.list_links(store, "run-1")) == 4


def test_a_store_without_vectors_has_none(store: GraphStore) -> None:
    assert queries.list_vectors(store) == []


def test_stored_vectors_come_back(fresh: Path) -> None:
    with EmbeddedStore(fresh, mode="write") as store:
        store.write_vectors(np.array(["ann", HOSTILE], dtype=object), np.eye(2, 3, dtype=np.float32))
        assert {row["account_id"]: list(row["vector"]) for row in queries.list_vectors(store)} == {
            "ann": [1.0, 0.0, 0.0],
            HOSTILE: [0.0, 1.0, 0.0],
        }


@pytest.mark.parametrize("text", [v for v in vars(queries).values() if isinstance(v, str) and "MATCH" in v])
def test_no_query_uses_what_only_one_database_knows(text: str) -> None:
    for word in ("offset(", "label(", "CAST(", "LOAD FROM", "CALL ", "apoc", "gds.", "elementId", "startNode"):
        assert word not in text
