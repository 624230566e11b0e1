"""The simulated market keeps the data contract, and is written as it was made."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import simulated

from detection.evaluation.simulation.market import MarketSettings, SimulatedMarket, simulate_market, write_market
from graph.errors import ConfigError

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
TIMES = [("accounts", "account_id", "created_at"), *simulated.TIMES, ("labels", "account_id", "decided_at")]


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def test_a_market_has_the_tables_and_columns_of_the_data_contract(ordinary: SimulatedMarket) -> None:
    assert {name: list(table.columns) for name, table in ordinary.tables.items()} == CONTRACT


def test_no_table_is_empty_and_rows_stay_in_proportion_to_accounts(ordinary: SimulatedMarket) -> None:
    rows = {name: len(table) for name, table in ordinary.tables.items()}
    assert min(rows.values()) > 0
    assert 6 < sum(rows.values()) / rows["accounts"] < 11


@pytest.mark.parametrize(
    ("table", "column"),
    [("accounts", "account_id"), ("orders", "order_id"), ("reviews", "review_id"), ("listings", "product_id")],
)
def test_ids_are_unique_strings(ordinary: SimulatedMarket, table: str, column: str) -> None:
    ids = ordinary.tables[table][column]
    assert ids.is_unique
    assert all(isinstance(value, str) for value in ids.head(50))


def test_every_account_that_a_row_names_exists(ordinary: SimulatedMarket) -> None:
    known = set(ordinary.tables["accounts"]["account_id"])
    for table, column, _ in [*TIMES, ("referrals", "account_id", ""), ("referrals", "referred_by", "")]:
        assert set(ordinary.tables[table][column].dropna()) <= known, (table, column)


def test_nobody_orders_from_reviews_or_refers_themselves(ordinary: SimulatedMarket) -> None:
    orders, referrals = ordinary.tables["orders"], ordinary.tables["referrals"]
    reviews = ordinary.tables["reviews"].merge(
        ordinary.tables["listings"][["product_id", "seller_id"]].rename(columns={"seller_id": "shop"}), on="product_id"
    )
    assert not (orders["buyer_id"] == orders["seller_id"]).any()
    assert not (referrals["account_id"] == referrals["referred_by"]).any()
    assert not (reviews["account_id"] == reviews["shop"]).any()


@pytest.mark.parametrize(("table", "owner", "at"), TIMES)
def test_nothing_happens_before_its_account_exists_or_after_the_records_end(
    hard: SimulatedMarket, table: str, owner: str, at: str
) -> None:
    accounts = hard.tables["accounts"]
    created_at = pd.to_datetime(accounts.set_index("account_id")["created_at"])
    rows = hard.tables[table].dropna(subset=[at])
    moments = pd.to_datetime(rows[at])
    assert not (moments < rows[owner].map(created_at)).any()
    assert (moments < pd.Timestamp("2025-01-01", tz="UTC")).all()


def test_no_product_is_ordered_or_reviewed_before_it_is_listed(hard: SimulatedMarket) -> None:
    listed_at = pd.to_datetime(hard.tables["listings"].set_index("product_id")["listed_at"])
    for table, at in (("orders", "ordered_at"), ("reviews", "reviewed_at")):
        rows = hard.tables[table].dropna(subset=["product_id"])
        assert not (pd.to_datetime(rows[at]) < rows["product_id"].map(listed_at)).any(), table


def test_times_are_written_as_utc_seconds(ordinary: SimulatedMarket) -> None:
    for table, _, at in TIMES:
        assert ordinary.tables[table][at].dropna().str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all(), table


def test_ratings_are_one_to_five_and_j_shaped(ordinary: SimulatedMarket) -> None:
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
    ordinary: SimulatedMarket, table: str, column: str
) -> None:
    share = ordinary.tables[table][column].isna().mean()
    assert 0 < share < 0.6


def test_an_order_without_a_seller_still_names_its_product(ordinary: SimulatedMarket) -> None:
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
        ({"n_accounts": 299}, "a market with rings needs at least 300 accounts"),
        ({"seed": -1}, "seed"),
        ({"difficulty": "impossible"}, "difficulty"),
        ({"label_share": 1.5}, "label_share"),
        ({"orders_per_account": 0.0}, "orders_per_account"),
    ],
)
def test_a_setting_out_of_range_is_named(change: dict[str, object], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        MarketSettings(**({"n_accounts": 1_000} | change))  # type: ignore[arg-type]  # wrong on purpose
