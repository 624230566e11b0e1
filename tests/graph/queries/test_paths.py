"""Who is connected: neighbours and shortest ways over what few share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_market import CROWD, HOSTILE

from detection.channels.catalogue import KINDS
from graph.contract.tables import read_folder
from graph.queries.answers import Share
from graph.queries.paths import find_neighbours, find_path
from graph.settings import Settings
from graph.stores.embedded.store import EmbeddedStore
from graph.stores.protocol import GraphStore
from graph.vocabulary import PERSONAL_KINDS


def test_neighbours_share_the_rarest_things_first(store: GraphStore) -> None:
    found = find_neighbours(store, "ann")
    assert [each.account_id for each in found] == ["bob", "cyd", HOSTILE, "eve"]
    assert [share.channel for share in found[0].shares] == ["referral", "trade", "device"]


def test_a_path_avoids_what_everybody_shares_and_says_so(store: GraphStore) -> None:
    path = find_path(store, "ann", "dan")
    assert [(hop.account_a, hop.account_b) for hop in path.hops] == [("ann", "eve"), ("eve", "dan")]
    assert [hop.shares[0].name for hop in path.hops] == ["1 order", "laptop-3"]
    assert path.left_out == (Share("address", "café", len(CROWD) + 2),)


def test_a_path_may_use_a_hub_that_is_allowed(store: GraphStore) -> None:
    path = find_path(store, "ann", "dan", max_hub=100)
    assert [hop.shares[0].name for hop in path.hops] == ["café"]
    assert path.left_out == ()


def test_a_path_reads_the_same_from_both_ends(store: GraphStore) -> None:
    there, back = find_path(store, "dan", HOSTILE), find_path(store, HOSTILE, "dan")
    assert [{hop.account_a, hop.account_b} for hop in there.hops] == [
        {hop.account_a, hop.account_b} for hop in reversed(back.hops)
    ]


def test_a_path_ends_after_max_hops(store: GraphStore) -> None:
    path = find_path(store, "ann", "dan", max_hops=1)
    assert (path.found, path.hops) == (False, ())


def test_there_is_no_path_to_a_stranger(store: GraphStore) -> None:
    assert not find_path(store, "ann", CROWD[0]).found


def test_an_account_is_no_hop_from_itself(store: GraphStore) -> None:
    path = find_path(store, "ann", "ann")
    assert (path.found, path.hops) == (True, ())


def test_a_seller_with_many_buyers_connects_nobody(tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "accounts.csv").write_text("account_id\n" + "\n".join(f"b{n}" for n in range(10)) + "\n")
    orders = "".join(f"o{n},b{n},shop\n" for n in range(10))
    (tables / "orders.csv").write_text(f"order_id,buyer_id,seller_id\n{orders}")
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.load(read_folder(tables, Settings()))
        apart = find_path(store, "b1", "b2", max_hub=5)
        assert (apart.found, apart.left_out) == (False, (Share("trade", "shop", 10),))
        assert len(find_path(store, "b1", "b2", max_hub=10).hops) == 2
        assert len(find_path(store, "b1", "shop", max_hub=5).hops) == 1


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
            path = find_path(store, f"a{one}", f"a{other}")
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
    path = find_path(store, CROWD[0], CROWD[1], max_hub=max_hub)
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
        assert [hop.account_b for hop in find_path(store, "start", "end").hops] == ["zoe", "end"]


def test_personal_things_go_before_a_shop_that_both_bought_from(tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    ids = ["start", "end", "mule", "shop", "shop2", *(f"c{n}" for n in range(6))]
    (tables / "accounts.csv").write_text("account_id\n" + "\n".join(ids) + "\n")
    uses = [(who, kind, f"{kind}1") for who in ("start", "mule", "c0") for kind in ("phone", "iban", "device")]
    uses += [(who, "device", "tablet") for who in ("mule", "end", "c1", "c2")]
    (tables / "identifiers.csv").write_text(
        "account_id,kind,value\n" + "".join(f"{who},{kind},{value}\n" for who, kind, value in uses)
    )
    deals = [(who, shop) for who in ("start", "end", *ids[5:]) for shop in ("shop", "shop2")]
    rows = "".join(f"o{n},{who},{shop}\n" for n, (who, shop) in enumerate(deals))
    (tables / "orders.csv").write_text(f"order_id,buyer_id,seller_id\n{rows}")
    with EmbeddedStore(tmp_path / "store", mode="write") as store:
        store.load(read_folder(tables, Settings()))
        path = find_path(store, "start", "end", most=2)
        assert [hop.account_b for hop in path.hops] == ["mule", "end"]
        assert [share.channel for share in path.hops[0].shares] == ["device", "iban", "phone"]
        assert path.ways == 3
        assert [[hop.account_b for hop in hops] for hops in path.others] == [["shop", "end"]]


def test_the_ways_that_are_as_short_are_all_counted_and_told_once(store: GraphStore) -> None:
    path = find_path(store, "ann", "dan", max_hub=100, most=100)
    assert path.ways == 1 + len(path.others)
    assert len({tuple(hop.account_b for hop in hops) for hops in (path.hops, *path.others)}) == path.ways


def test_the_kinds_that_are_personal_are_those_of_the_channels() -> None:
    assert {channel.name for channel in KINDS if channel.role == "personal"} == PERSONAL_KINDS
