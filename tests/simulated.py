"""What the truth of a simulated market knows, and what every one of them keeps."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pandas as pd
from places import ROOT

from detection.evaluation.simulation.market import SimulatedMarket, write_market
from detection.evaluation.truth import PARTY_ROLES, read_truth
from graph.contract.tables import read_folder
from graph.settings import Settings

Members = set[str]
TIMES = [
    ("orders", "buyer_id", "ordered_at"),
    ("orders", "seller_id", "ordered_at"),
    ("devices", "account_id", "seen_at"),
    ("addresses", "account_id", "seen_at"),
    ("identifiers", "account_id", "seen_at"),
    ("listings", "seller_id", "listed_at"),
    ("reviews", "account_id", "reviewed_at"),
]
"""By table and column, who cannot have done something before joining."""
DIGEST = """
from simulated import digest
from detection.evaluation.worlds import simulate_world
print(digest(simulate_world({world!r}, 300, 5, "ordinary")))
"""


def check_contract(market: SimulatedMarket, folder: Path) -> None:
    """Every row keeps the data contract, none is there twice, and the truth is understood."""
    write_market(market, folder)
    checked = read_folder(folder, Settings())
    faults = {name: (len(table.rejects), table.n_repeated) for name, table in checked.items()}
    assert faults == dict.fromkeys(market.tables, (0, 0))
    truth = read_truth(folder / "truth")
    assert len(truth.rings) == market.truth["rings"]["ring_id"].nunique()
    assert {ring.kind for ring in truth.rings} == set(market.truth["rings"]["kind"])
    assert truth.accounts is not None
    assert set(truth.accounts.subject[truth.accounts.is_bad]) == find_fraud(market)


def digest(market: SimulatedMarket) -> str:
    tables = [*market.tables.values(), *market.truth.values()]
    return sha256("".join(table.to_csv() for table in tables).encode()).hexdigest()


def digest_elsewhere(world: str, hash_seed: int) -> str:
    """The digest that another process comes to, which hashes words its own way: of 300 accounts, seed 5."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": paths}
    command = [sys.executable, "-c", DIGEST.format(world=world)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def count_early(market: SimulatedMarket, table: str, who: str, when: str) -> int:
    """How many rows of a table are from before somebody joined."""
    accounts, rows = market.tables["accounts"], market.tables[table]
    joined_at = pd.Series(pd.to_datetime(accounts["created_at"]).to_numpy(), index=accounts["account_id"])
    return int((pd.to_datetime(rows[when]).to_numpy() < rows[who].map(joined_at).to_numpy()).sum())


def check_listings(market: SimulatedMarket) -> None:
    """Nothing is bought before it is listed, nor from oneself, nor what nobody lists."""
    named = market.tables["orders"].dropna(subset="product_id")
    orders = named.merge(market.tables["listings"], on="product_id", suffixes=("", "_listed"))
    assert len(orders) == len(named)
    assert not (pd.to_datetime(orders["ordered_at"]) < pd.to_datetime(orders["listed_at"])).any()
    assert not (orders["buyer_id"] == orders["seller_id"]).any()


def check_referrals(market: SimulatedMarket) -> None:
    """Nobody is brought by somebody who came later, nor by two."""
    accounts, referrals = market.tables["accounts"], market.tables["referrals"]
    joined_at = pd.to_datetime(accounts.set_index("account_id")["created_at"])
    waited = referrals["account_id"].map(joined_at) - referrals["referred_by"].map(joined_at)
    assert waited.dropna().min() > pd.Timedelta(0)
    assert referrals["account_id"].is_unique


def list_uses(market: SimulatedMarket) -> pd.DataFrame:
    """Who is seen with which thing of which kind, once each."""
    tables = market.tables
    uses = [
        tables["devices"].rename(columns={"device_id": "value"}).assign(kind="device"),
        tables["identifiers"],
    ]
    if "addresses" in tables:
        uses.insert(1, tables["addresses"].rename(columns={"address": "value"}).assign(kind="address"))
    return pd.concat(uses)[["account_id", "kind", "value"]].drop_duplicates()


def find_groups(market: SimulatedMarket, kind: str) -> Iterator[Members]:
    groups = market.truth["lookalikes"]
    found = groups[groups["kind"] == kind].groupby("group_id")["account_id"]
    assert len(found)
    return (set(members) for _, members in found)


def find_rings(market: SimulatedMarket, method: str) -> Iterator[dict[str, Members]]:
    """Each ring's accounts by role."""
    rings = market.truth["rings"]
    found = rings[rings["method"] == method].groupby("ring_id")
    assert len(found)
    return ({role: set(part["account_id"]) for role, part in ring.groupby("role")} for _, ring in found)


def list_members(ring: dict[str, Members]) -> Members:
    return set().union(*(accounts for role, accounts in ring.items() if role not in PARTY_ROLES))


def list_orders(market: SimulatedMarket, buyers: Members, sellers: Members | None = None) -> pd.DataFrame:
    orders = market.tables["orders"]
    found = orders[orders["buyer_id"].isin(buyers)]
    found = found if sellers is None else found[found["seller_id"].isin(sellers)]
    return found.assign(at=pd.to_datetime(found["ordered_at"]))


def list_fakes(market: SimulatedMarket, authors: Members) -> pd.DataFrame:
    reviews = market.tables["reviews"].merge(market.truth["reviews"], on="review_id")
    return reviews[reviews["is_fake"] & reviews["account_id"].isin(authors)]


def list_joining(market: SimulatedMarket, members: Members) -> pd.Series[pd.Timestamp]:
    accounts = market.tables["accounts"]
    return pd.to_datetime(accounts.loc[accounts["account_id"].isin(members), "created_at"])


def find_most_shared(market: SimulatedMarket, members: Members, kind: str) -> float:
    """The share of members who are seen with the thing that most of them are seen with."""
    uses = market.tables["devices"].rename(columns={"device_id": "value"}).assign(kind="device")
    if kind != "device":
        uses = market.tables["identifiers"]
    uses = uses[(uses["kind"] == kind) & uses["account_id"].isin(members)].drop_duplicates(["account_id", "value"])
    return float(uses["value"].value_counts().iloc[0] / len(members))


def find_fraud(market: SimulatedMarket) -> set[str]:
    accounts = market.truth["accounts"]
    return set(accounts.loc[accounts["is_fraud"], "account_id"])
