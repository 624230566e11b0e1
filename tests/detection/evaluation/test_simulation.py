"""The simulated market keeps the data contract, hides nothing in its form, and plants what its truth says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detection.evaluation.simulation.market import Market, MarketSettings, simulate_market, write_market
from detection.evaluation.simulation.settings import RING_KINDS

CONTRACT = {
    "accounts": ["account_id", "created_at", "role", "segment", "status"],
    "orders": [
        *("order_id", "buyer_id", "seller_id", "product_id", "amount"),
        *("currency", "ordered_at", "status"),
    ],
    "devices": ["account_id", "device_id", "seen_at"],
    "addresses": ["account_id", "address", "kind", "seen_at"],
    "identifiers": ["account_id", "kind", "value", "seen_at"],
    "listings": ["product_id", "seller_id", "listed_at", "price"],
    "reviews": ["review_id", "account_id", "product_id", "seller_id", "rating", "reviewed_at", "text"],
    "referrals": ["account_id", "referred_by"],
    "labels": ["account_id", "label", "decided_at", "source"],
}
TIMES = [
    ("accounts", "account_id", "created_at"),
    ("orders", "buyer_id", "ordered_at"),
    ("orders", "seller_id", "ordered_at"),
    ("devices", "account_id", "seen_at"),
    ("addresses", "account_id", "seen_at"),
    ("identifiers", "account_id", "seen_at"),
    ("listings", "seller_id", "listed_at"),
    ("reviews", "account_id", "reviewed_at"),
    ("labels", "account_id", "decided_at"),
]


@pytest.fixture(scope="module")
def ordinary() -> Market:
    return simulate_market(MarketSettings(n_accounts=8_000, seed=11))


@pytest.fixture(scope="module")
def hard() -> Market:
    return simulate_market(MarketSettings(n_accounts=8_000, seed=11, difficulty="hard"))


def find_fraud(market: Market) -> set[str]:
    accounts = market.truth["accounts"]
    return set(accounts.loc[accounts["is_fraud"], "account_id"])


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def find_groups(market: Market, kind: str) -> list[set[str]]:
    lookalikes = market.truth["lookalikes"]
    return [set(members) for _, members in lookalikes[lookalikes["kind"] == kind].groupby("group_id")["account_id"]]


def test_a_market_has_the_tables_and_columns_of_the_data_contract(ordinary: Market) -> None:
    assert {name: list(table.columns) for name, table in ordinary.tables.items()} == CONTRACT


def test_no_table_is_empty_and_rows_stay_in_proportion_to_accounts(ordinary: Market) -> None:
    rows = {name: len(table) for name, table in ordinary.tables.items()}
    assert min(rows.values()) > 0
    assert 6 < sum(rows.values()) / rows["accounts"] < 11


@pytest.mark.parametrize(
    ("table", "column"),
    [("accounts", "account_id"), ("orders", "order_id"), ("reviews", "review_id"), ("listings", "product_id")],
)
def test_ids_are_unique_strings(ordinary: Market, table: str, column: str) -> None:
    ids = ordinary.tables[table][column]
    assert ids.is_unique
    assert all(isinstance(value, str) for value in ids.head(50))


def test_every_account_that_a_row_names_exists(ordinary: Market) -> None:
    known = set(ordinary.tables["accounts"]["account_id"])
    for table, column, _ in [*TIMES, ("referrals", "account_id", ""), ("referrals", "referred_by", "")]:
        assert set(ordinary.tables[table][column].dropna()) <= known, (table, column)


def test_nobody_orders_from_reviews_or_refers_themselves(ordinary: Market) -> None:
    orders, referrals = ordinary.tables["orders"], ordinary.tables["referrals"]
    reviews = ordinary.tables["reviews"].merge(
        ordinary.tables["listings"][["product_id", "seller_id"]].rename(columns={"seller_id": "shop"}), on="product_id"
    )
    assert not (orders["buyer_id"] == orders["seller_id"]).any()
    assert not (referrals["account_id"] == referrals["referred_by"]).any()
    assert not (reviews["account_id"] == reviews["shop"]).any()


@pytest.mark.parametrize(("table", "owner", "at"), TIMES)
def test_nothing_happens_before_its_account_exists_or_after_the_records_end(
    hard: Market, table: str, owner: str, at: str
) -> None:
    accounts = hard.tables["accounts"]
    created_at = pd.to_datetime(accounts.set_index("account_id")["created_at"])
    rows = hard.tables[table].dropna(subset=[at])
    moments = pd.to_datetime(rows[at])
    assert not (moments < rows[owner].map(created_at)).any()
    assert (moments < pd.Timestamp("2025-01-01", tz="UTC")).all()


def test_no_product_is_ordered_or_reviewed_before_it_is_listed(hard: Market) -> None:
    listed_at = pd.to_datetime(hard.tables["listings"].set_index("product_id")["listed_at"])
    for table, at in (("orders", "ordered_at"), ("reviews", "reviewed_at")):
        rows = hard.tables[table].dropna(subset=["product_id"])
        assert not (pd.to_datetime(rows[at]) < rows["product_id"].map(listed_at)).any(), table


def test_times_are_written_as_utc_seconds(ordinary: Market) -> None:
    for table, _, at in TIMES:
        assert ordinary.tables[table][at].dropna().str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all(), table


def test_ratings_are_one_to_five_and_j_shaped(ordinary: Market) -> None:
    counts = ordinary.tables["reviews"]["rating"].value_counts()
    assert set(counts.index) == {1, 2, 3, 4, 5}
    assert counts[5] > counts[4] > counts[3] > counts[2]
    assert counts[1] > counts[2]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("orders", name) for name in ("seller_id", "product_id", "amount", "ordered_at", "status")),
        *(("accounts", name) for name in ("created_at", "role", "segment")),
        *(("reviews", name) for name in ("product_id", "reviewed_at", "text")),
    ],
)
def test_optional_cells_are_sometimes_missing_but_never_mostly_where_they_matter(
    ordinary: Market, table: str, column: str
) -> None:
    share = ordinary.tables[table][column].isna().mean()
    assert 0 < share < 0.6


def test_an_order_without_a_seller_still_names_its_product(ordinary: Market) -> None:
    orders = ordinary.tables["orders"]
    assert orders.loc[orders["seller_id"].isna(), "product_id"].notna().all()


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    settings = MarketSettings(n_accounts=900, seed=5, difficulty="hard")
    for name in ("first", "second"):
        write_market(simulate_market(settings), tmp_path / name)
    assert read_bytes(tmp_path / "first") == read_bytes(tmp_path / "second")


def test_another_seed_gives_another_market() -> None:
    first, second = (simulate_market(MarketSettings(n_accounts=900, seed=seed)) for seed in (1, 2))
    assert not set(first.tables["accounts"]["account_id"]) & set(second.tables["accounts"]["account_id"].head(20)) or (
        len(first.tables["orders"]) != len(second.tables["orders"])
    )


def test_a_market_of_20_000_has_35_rings_of_every_kind_mostly_small() -> None:
    assert MarketSettings(n_accounts=20_000).n_rings == 35
    rings = simulate_market(MarketSettings(n_accounts=20_000, seed=2)).truth["rings"]
    sizes = rings.groupby("ring_id").size()
    assert len(sizes) == 35
    assert set(rings["kind"]) == set(RING_KINDS)
    assert sizes.min() >= 4
    assert sizes.max() <= 40
    assert sizes.median() < sizes.mean() < 16


def test_an_account_is_in_one_ring_at_most_and_ring_members_are_fraud(ordinary: Market) -> None:
    members = ordinary.truth["rings"]["account_id"]
    assert members.is_unique
    assert set(members) < find_fraud(ordinary)


def test_lookalikes_are_honest(hard: Market) -> None:
    assert not set(hard.truth["lookalikes"]["account_id"]) & find_fraud(hard)


def test_hard_markets_have_three_times_the_lookalikes(ordinary: Market, hard: Market) -> None:
    groups = [market.truth["lookalikes"]["group_id"].nunique() for market in (ordinary, hard)]
    assert 2.5 < groups[1] / groups[0] < 3.5
    assert set(ordinary.truth["lookalikes"]["kind"]) == set(hard.truth["lookalikes"]["kind"])
    assert ordinary.truth["lookalikes"]["kind"].nunique() == 11


def test_more_rings_share_nothing_in_hard_markets() -> None:
    shares = {}
    for difficulty in ("ordinary", "hard"):
        settings = MarketSettings(n_accounts=6_000, seed=3, difficulty=difficulty, accounts_per_ring=100)
        rings = simulate_market(settings).truth["rings"].drop_duplicates("ring_id")
        shares[difficulty] = (rings["sharing"] == "none").mean()
    assert shares["ordinary"] < 0.25
    assert shares["hard"] > 0.25


def test_neither_ids_nor_row_order_tell_who_is_fraud(ordinary: Market) -> None:
    accounts = ordinary.tables["accounts"]
    is_fraud = accounts["account_id"].isin(find_fraud(ordinary)).to_numpy()
    for order in (np.arange(len(accounts)), accounts["account_id"].rank().to_numpy()):
        centred = (order[is_fraud].mean() - order.mean()) / order.std() * np.sqrt(is_fraud.sum())
        assert abs(centred) < 3.5
    neighbours = (is_fraud[1:] & is_fraud[:-1]).sum()
    assert neighbours <= 3 + 4 * is_fraud.mean() * is_fraud.sum()


def test_names_of_shared_things_do_not_tell_who_is_fraud(ordinary: Market) -> None:
    fraud = find_fraud(ordinary)
    devices = ordinary.tables["devices"]
    rank = devices["device_id"].str[1:].astype(int).rank(pct=True)
    assert abs(rank[devices["account_id"].isin(fraud)].mean() - 0.5) < 0.08


def test_honest_accounts_do_what_rings_do(ordinary: Market) -> None:
    """Refunds, disputes, bursts of sign-ups and orders in one second are not a mark of rings."""
    fraud = find_fraud(ordinary)
    orders, accounts = ordinary.tables["orders"], ordinary.tables["accounts"]
    honest = orders[~orders["buyer_id"].isin(fraud)]
    came_back = orders[orders["status"].isin(["refunded", "disputed"])]
    assert (~came_back["buyer_id"].isin(fraud)).mean() > 0.6
    assert honest.dropna(subset=["ordered_at"]).duplicated(["buyer_id", "ordered_at"]).any()
    elsewhere = set(ordinary.truth["lookalikes"].query("kind == 'dormitory'")["account_id"]) | fraud
    created_at = pd.to_datetime(accounts.loc[~accounts["account_id"].isin(elsewhere), "created_at"]).dropna()
    per_day = created_at[created_at >= pd.Timestamp("2023-01-01", tz="UTC")].dt.floor("D").value_counts()
    assert per_day.max() > 5 * per_day.median()


def test_ring_members_act_honestly_too_and_more_so_in_hard_markets() -> None:
    payments_per_member = []
    for difficulty in ("ordinary", "hard"):
        market = simulate_market(MarketSettings(5_000, seed=6, difficulty=difficulty, accounts_per_ring=100))
        members = set(market.truth["rings"]["account_id"])
        orders = market.tables["orders"]
        to_friends = orders["product_id"].isna() & ~orders["seller_id"].isin(members)
        payments_per_member.append((orders["buyer_id"].isin(members) & to_friends).sum() / len(members))
    assert payments_per_member[0] > 0.2
    assert payments_per_member[1] > 1.4 * payments_per_member[0]


def test_ring_accounts_are_older_when_they_strike_in_hard_markets(ordinary: Market, hard: Market) -> None:
    ages_days = []
    for market in (ordinary, hard):
        rings = market.truth["rings"].query("role == 'member'")[["ring_id", "account_id"]]
        rings = rings.merge(market.tables["accounts"], on="account_id")
        reviews = market.tables["reviews"].merge(market.truth["reviews"], on="review_id").query("is_fake")
        reviews = reviews.merge(rings, on="account_id")
        struck_at = pd.to_datetime(reviews["reviewed_at"]).groupby(reviews["ring_id"]).transform("min")
        ages_days.append((struck_at - pd.to_datetime(reviews["created_at"])).dt.days.median())
    assert ages_days[0] < 60
    assert ages_days[1] > 120


def test_a_ring_that_shares_devices_shares_them_in_part_only() -> None:
    market = simulate_market(MarketSettings(n_accounts=6_000, seed=4, accounts_per_ring=100))
    rings = market.truth["rings"].query("sharing == 'all'")
    uses = rings.merge(market.tables["devices"].drop_duplicates(["account_id", "device_id"]), on="account_id")
    sizes = rings.groupby("ring_id").size()
    per_device = uses.groupby(["ring_id", "device_id"])["account_id"].nunique().groupby("ring_id").max()
    large = sizes[sizes >= 8].index
    assert (per_device[large] >= 2).all()
    assert (per_device[large] < sizes[large]).all()


def test_review_rings_praise_and_attack_rings_slander(ordinary: Market) -> None:
    rings = ordinary.truth["rings"].set_index("account_id")["kind"]
    reviews = ordinary.tables["reviews"].merge(ordinary.truth["reviews"], on="review_id").query("is_fake")
    kind = reviews["account_id"].map(rings)
    assert set(kind) == {"review", "attack"}
    assert reviews.loc[kind == "review", "rating"].min() >= 4
    assert reviews.loc[kind == "attack", "rating"].max() <= 2


def test_trade_rings_trade_inside_and_refund_rings_do_not_pay(ordinary: Market) -> None:
    rings = ordinary.truth["rings"].set_index("account_id")
    orders = ordinary.tables["orders"].dropna(subset=["seller_id"])
    buyer_ring, seller_ring = (orders[side].map(rings["ring_id"]) for side in ("buyer_id", "seller_id"))
    buyer_kind = orders["buyer_id"].map(rings["kind"])
    assert ((buyer_ring == seller_ring)[buyer_kind == "trade"]).mean() > 0.5
    came_back = orders["status"].isin(["refunded", "disputed"])
    assert came_back[buyer_kind == "refund"].mean() > 0.4
    assert came_back[buyer_kind.isna()].mean() < 0.1


def test_farm_accounts_are_created_within_days(ordinary: Market) -> None:
    farms = ordinary.truth["rings"].query("kind == 'farm'").merge(ordinary.tables["accounts"], on="account_id")
    created_at = pd.to_datetime(farms["created_at"])
    spread_days = created_at.groupby(farms["ring_id"]).agg(lambda times: times.quantile(0.8) - times.min()).dt.days
    assert spread_days.max() < 7


def test_flats_of_a_tower_are_different_places_in_one_building(ordinary: Market) -> None:
    rows = ordinary.tables["addresses"].merge(
        ordinary.truth["addresses"].drop_duplicates("address", keep=False), on="address"
    )
    for tower in find_groups(ordinary, "tower"):
        homes = rows[rows["account_id"].isin(tower)]
        busiest = homes["building_id"].value_counts().index[0]
        flats = homes[homes["building_id"] == busiest].drop_duplicates("account_id")
        assert len(flats) > 5
        assert flats["place_id"].is_unique


def test_a_second_hand_device_never_has_two_owners_at_once(ordinary: Market) -> None:
    devices = ordinary.tables["devices"].dropna(subset=["seen_at"])
    for owners in find_groups(ordinary, "second_hand"):
        seen = devices[devices["account_id"].isin(owners)]
        shared = seen.groupby("device_id")["account_id"].nunique()
        for device in shared[shared > 1].index[:1]:
            spans = seen[seen["device_id"] == device].groupby("account_id")["seen_at"].agg(["min", "max"])
            spans = spans.sort_values("min")
            assert (spans["max"].to_numpy()[:-1] < spans["min"].to_numpy()[1:]).all()


def test_a_carrier_nat_is_used_by_hundreds_and_a_locker_has_one_spelling(ordinary: Market) -> None:
    ips = ordinary.tables["identifiers"].query("kind == 'ip'")
    assert ips.groupby("value")["account_id"].nunique().max() >= 150
    assert ordinary.tables["addresses"].groupby("address")["account_id"].nunique().max() >= 50


def test_strangers_share_a_terminal_and_friends_who_pay_one_another_share_cards(ordinary: Market) -> None:
    fraud = find_fraud(ordinary)
    devices = ordinary.tables["devices"]
    honest = devices[~devices["account_id"].isin(fraud)]
    assert honest.groupby("device_id")["account_id"].nunique().max() > 10
    orders = ordinary.tables["orders"]
    cards = ordinary.tables["identifiers"].query("kind == 'payment'")[["account_id", "value"]].drop_duplicates()
    users = cards.merge(cards, on="value", suffixes=("", "_other"))
    shares = set(zip(users["account_id"], users["account_id_other"], strict=True))
    pays = set(zip(orders["buyer_id"], orders["seller_id"].fillna(""), strict=True))
    assert len({pair for pair in shares & pays if not fraud & set(pair)}) > 50


def test_club_members_trade_both_ways_over_years(ordinary: Market) -> None:
    orders = ordinary.tables["orders"].dropna(subset=["seller_id", "ordered_at"])
    spans_days, pairs_both_ways = [], 0
    for club in find_groups(ordinary, "club"):
        inside = orders[orders["buyer_id"].isin(club) & orders["seller_id"].isin(club)]
        moments = pd.to_datetime(inside["ordered_at"])
        spans_days.append((moments.max() - moments.min()).days)
        pairs = set(zip(inside["buyer_id"], inside["seller_id"], strict=True))
        pairs_both_ways += sum((seller, buyer) in pairs for buyer, seller in pairs)
    assert np.median(spans_days) > 300
    assert pairs_both_ways > 0


def test_a_launch_brings_many_honest_verdicts_of_one_product_within_days(ordinary: Market) -> None:
    reviews = ordinary.tables["reviews"].dropna(subset=["product_id", "reviewed_at"])
    for launch in find_groups(ordinary, "launch"):
        verdicts = reviews[reviews["account_id"].isin(launch)]
        together = verdicts[verdicts["product_id"] == verdicts["product_id"].value_counts().index[0]]
        moments = pd.to_datetime(together["reviewed_at"])
        assert moments.quantile(0.9) - moments.quantile(0.1) < pd.Timedelta(days=15)


def test_one_place_is_spelled_in_several_ways(ordinary: Market) -> None:
    spellings = ordinary.truth["addresses"].groupby("place_id")["address"].nunique()
    assert (spellings > 1).sum() > 200
    assert spellings.max() > 4


def test_the_truth_knows_every_address_and_every_review(ordinary: Market) -> None:
    assert set(ordinary.tables["addresses"]["address"]) == set(ordinary.truth["addresses"]["address"])
    assert list(ordinary.tables["reviews"]["review_id"]) == list(ordinary.truth["reviews"]["review_id"])
    assert set(ordinary.tables["accounts"]["account_id"]) == set(ordinary.truth["accounts"]["account_id"])


def test_addresses_come_in_three_scripts(ordinary: Market) -> None:
    addresses = ordinary.tables["addresses"]["address"]
    shares = [addresses.str.contains(script).mean() for script in ("[A-Za-z]", "[а-яА-Я]", "[\u4e00-\u9fff]")]
    assert shares[0] > 0.7
    assert min(shares) > 0.01


def test_labels_are_few_late_and_mostly_right(ordinary: Market) -> None:
    labels = ordinary.tables["labels"]
    fraud = find_fraud(ordinary)
    said_fraud = labels["label"] == "fraud"
    is_fraud = labels["account_id"].isin(fraud)
    assert (said_fraud == is_fraud).mean() > 0.9
    assert 0 < is_fraud.sum() < 0.3 * len(fraud)


@pytest.mark.parametrize("table_format", ["csv", "csv.gz", "parquet"])
def test_a_written_market_reads_back_as_it_was(tmp_path: Path, table_format: str) -> None:
    market = simulate_market(MarketSettings(n_accounts=300, seed=1))
    write_market(market, tmp_path / "market", table_format)  # type: ignore[arg-type]  # parametrised
    for folder, tables in ((tmp_path / "market", market.tables), (tmp_path / "market" / "truth", market.truth)):
        assert {path.name for path in folder.iterdir() if path.is_file()} == {f"{n}.{table_format}" for n in tables}
        for name, table in tables.items():
            path = folder / f"{name}.{table_format}"
            found = pd.read_parquet(path) if table_format == "parquet" else pd.read_csv(path, dtype={"value": "str"})
            pd.testing.assert_frame_equal(found, table, check_dtype=False)


def test_amounts_are_written_with_two_decimals(tmp_path: Path) -> None:
    write_market(simulate_market(MarketSettings(n_accounts=300, seed=1)), tmp_path / "market")
    amounts = pd.read_csv(tmp_path / "market" / "orders.csv", dtype="str")["amount"].dropna()
    assert amounts.str.fullmatch(r"\d+\.\d\d").all()


def test_writing_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "market").mkdir()
    (tmp_path / "market" / "mine.txt").write_text("keep me")
    market = simulate_market(MarketSettings(n_accounts=300, seed=1))
    with pytest.raises(FileExistsError, match="not an empty folder"):
        write_market(market, tmp_path / "market")
    assert [path.name for path in tmp_path.rglob("*")] == ["market", "mine.txt"]


def test_writing_into_an_empty_folder_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "market").mkdir()
    write_market(simulate_market(MarketSettings(n_accounts=300, seed=1)), tmp_path / "market")
    assert [path.name for path in tmp_path.iterdir()] == ["market"]
    assert (tmp_path / "market" / "truth" / "rings.csv").is_file()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"n_accounts": 10}, "n_accounts"),
        ({"difficulty": "impossible"}, "difficulty"),
        ({"label_share": 1.5}, "label_share"),
        ({"orders_per_account": 0.0}, "orders_per_account"),
    ],
)
def test_a_setting_out_of_range_is_named(change: dict[str, object], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        MarketSettings(**({"n_accounts": 1_000} | change))  # type: ignore[arg-type]  # wrong on purpose
