"""Planting rings in a copy of a market: the market stays as it is, the rings are like it, and they are counted."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from detection_market import Facts, make_background, make_snapshot, name_products

from cli.main import main
from detection.evaluation import red_team as redteam
from detection.evaluation.market_draft import PlantPlan
from detection.evaluation.planting import PlantedMarket, find_plantable, plant_rings
from detection.evaluation.red_team import (
    MOST_PLANTED,
    CatchRate,
    RedTeamPlan,
    _find_smallest,
    attack_market,
    list_plans,
)
from detection.evaluation.simulation.market import MarketSettings, simulate_market, write_market
from detection.policy import DEFAULT_POLICY
from detection.settings import DetectSettings
from graph.errors import ConfigError
from graph.model import Snapshot
from graph.stores.snapshots import digest_snapshot
from graph.vocabulary import RING_KINDS

SMALL = RedTeamPlan(kinds=("trade", "farm"), sizes=(4, 12), camouflage=(0.0,), repeats=2)


@pytest.fixture(scope="module")
def market() -> Snapshot:
    return make_snapshot(make_background(n=1000))


def plant(market: Snapshot, *plans: PlantPlan, seed: int = 0) -> PlantedMarket:
    return plant_rings(market, plans, np.random.default_rng(seed))


def find_rows(planted: PlantedMarket, place: int = 0) -> np.ndarray:
    ids = planted.snapshot.account_id
    return np.flatnonzero([name in planted.members[place] for name in ids.tolist()])


# ---------------------------------------------------------------------------------------- planting


def test_planting_leaves_the_market_itself_alone(market: Snapshot) -> None:
    before = digest_snapshot(market)
    plant(market, *(PlantPlan(kind, 8, camouflage=1) for kind in RING_KINDS))
    assert digest_snapshot(market) == before


def test_all_that_was_in_the_market_is_in_the_copy_under_the_same_rows(market: Snapshot) -> None:
    copy = plant(market, *(PlantPlan(kind, 8, camouflage=1) for kind in RING_KINDS)).snapshot
    n = market.n_accounts
    np.testing.assert_array_equal(copy.account_id[:n], market.account_id)
    np.testing.assert_array_equal(copy.created_at[:n], market.created_at)
    np.testing.assert_array_equal(copy.identifier_value[: market.n_identifiers], market.identifier_value)
    for side, name in (("orders", "buyer"), ("uses", "account"), ("reviews", "author")):
        was, now = getattr(market, side), getattr(copy, side)
        old = getattr(now, name) < n
        for column in vars(was):
            if column != "status_names":
                np.testing.assert_array_equal(getattr(was, column), getattr(now, column)[old])


def test_the_copy_is_sorted_as_every_snapshot_is(market: Snapshot) -> None:
    copy = plant(market, *(PlantPlan(kind, 8, camouflage=1) for kind in RING_KINDS)).snapshot
    assert (copy.account_id[: market.n_accounts] == market.account_id).all()
    assert len(set(copy.account_id.tolist())) == copy.n_accounts
    assert (np.sort(copy.reviews.review_id.astype(str)) == copy.reviews.review_id).all()
    keys = (copy.uses.seen_at, copy.uses.identifier, copy.uses.account)
    np.testing.assert_array_equal(np.lexsort(keys), np.arange(len(copy.uses.account)))
    orders = copy.orders
    by = (orders.amount, orders.status, orders.product, orders.ordered_at, orders.seller, orders.buyer)
    np.testing.assert_array_equal(np.lexsort(by), np.arange(len(orders.buyer)))


@pytest.mark.parametrize("kind", RING_KINDS)
def test_a_ring_has_its_size_and_each_kind_does_its_deed(market: Snapshot, kind: str) -> None:
    planted = plant(market, PlantPlan(kind, 9))  # type: ignore[arg-type]
    rows, copy = find_rows(planted), planted.snapshot
    assert len(rows) == 9
    bought, wrote = np.isin(copy.orders.buyer, rows), np.isin(copy.reviews.author, rows)
    sold = np.isin(copy.orders.seller, rows)
    statuses = [copy.orders.status_names[code] for code in copy.orders.status[bought]]
    signed_up = copy.created_at[rows].astype(int)
    deeds = {
        "trade": bought.sum() >= 9 and (bought == sold).all(),
        "review": wrote.sum() >= 9 and (copy.reviews.rating[wrote] >= 4).all(),
        "attack": wrote.sum() >= 9 and (copy.reviews.rating[wrote] <= 2).all(),
        "refund": sum(status in DEFAULT_POLICY.refund_statuses for status in statuses) > bought.sum() / 2,
        "farm": np.isin(copy.referral_account, rows).sum() == 8 and np.ptp(signed_up) < 6 * 36e8,
        "shared-identity": not bought.any() and not wrote.any(),
    }
    assert deeds[kind]


def test_members_share_what_they_are_told_to_and_nothing_else(market: Snapshot) -> None:
    for sharing in ("device", "payment", "none"):
        copy = plant(market, PlantPlan("trade", 12, sharing)).snapshot
        pairs = np.unique(np.stack([copy.uses.account, copy.uses.identifier]), axis=1)
        new = pairs[1] >= market.n_identifiers
        users = np.bincount(pairs[1][new], minlength=copy.n_identifiers)
        assert set(copy.identifier_kind[users > 1].tolist()) == ({sharing} - {"none"})
        assert users.max() <= 5


def test_members_have_as_many_things_as_the_market_has(market: Snapshot) -> None:
    planted = plant(market, PlantPlan("trade", 20, "none"))
    rows, copy = find_rows(planted), planted.snapshot
    used = np.isin(copy.uses.account, rows)
    assert used.sum() == 20 * 5  # everybody has one of each of the five kinds


def test_a_shared_thing_takes_the_place_of_an_own_one(market: Snapshot) -> None:
    planted = plant(market, PlantPlan("trade", 20, "device"))
    copy = planted.snapshot
    devices = copy.identifier_kind[copy.uses.identifier] == "device"
    users = np.bincount(copy.uses.identifier[devices], minlength=copy.n_identifiers)[copy.uses.identifier]
    members = np.isin(copy.uses.account, find_rows(planted)) & devices
    own, shared = (set(copy.uses.account[members & crowd].tolist()) for crowd in (users == 1, users > 1))
    assert len(shared) > 10
    assert len(own & shared) <= 2  # a thing that only one member came to use is its own after all


def test_camouflage_adds_so_many_ordinary_dealings(market: Snapshot) -> None:
    def count(camouflage: float) -> tuple[int, int]:
        planted = plant(market, PlantPlan("trade", 12, camouflage=camouflage))
        rows, copy = find_rows(planted), planted.snapshot
        inside = np.isin(copy.orders.buyer, rows) & np.isin(copy.orders.seller, rows)
        bought, wrote = np.isin(copy.orders.buyer, rows), np.isin(copy.reviews.author, rows)
        return int(inside.sum()), int(bought.sum() + wrote.sum() - inside.sum())

    fraud, ordinary = count(0)
    assert ordinary == 0
    assert count(1) == (fraud, fraud)
    assert count(3) == (fraud, 3 * fraud)


def test_nothing_happens_before_an_account_is_made_or_after_the_records_end(market: Snapshot) -> None:
    first_at = np.full(market.n_accounts, market.orders.ordered_at.max())
    np.minimum.at(first_at, market.orders.buyer, market.orders.ordered_at)
    young = replace(market, created_at=first_at)  # most accounts act on the day that they are made
    copy = plant(young, *(PlantPlan(kind, 8, camouflage=3) for kind in RING_KINDS for _ in range(20))).snapshot
    for who, at in ((copy.orders.buyer, copy.orders.ordered_at), (copy.reviews.author, copy.reviews.reviewed_at)):
        new = who >= market.n_accounts
        assert (at[new] >= copy.created_at[who[new]]).all()
        assert at[new].max() <= max(market.orders.ordered_at.max(), market.reviews.reviewed_at.max())


def test_ages_are_those_of_accounts_that_act_in_the_market(market: Snapshot) -> None:
    """Planted and real ages at a dealing overlap: a planted account is no newcomer by construction."""
    planted = plant(market, *(PlantPlan("trade", 20) for _ in range(10)))
    copy = planted.snapshot
    age = (copy.orders.ordered_at - copy.created_at[copy.orders.buyer]).astype("timedelta64[D]").astype(int)
    new = copy.orders.buyer >= market.n_accounts
    real = age[~new & (age >= 0)]
    assert np.quantile(real, 0.1) < np.median(age[new]) < np.quantile(real, 0.9)


def test_the_same_generator_plants_the_same_bytes(market: Snapshot) -> None:
    plans = [PlantPlan(kind, 8, camouflage=1) for kind in RING_KINDS]
    first, second = (digest_snapshot(plant(market, *plans, seed=4).snapshot) for _ in range(2))
    assert first == second
    assert digest_snapshot(plant(market, *plans, seed=5).snapshot) != first


def test_a_market_says_which_rings_cannot_be_planted_in_it() -> None:
    facts = Facts({"ann": None, "bob": None}, uses=[("ann", "device", "d", None)])
    why_not = find_plantable(make_snapshot(facts))
    assert why_not["trade"] == "no orders with a known seller and time"
    assert why_not["farm"] == "no referrals and no times of signing up"
    assert why_not["shared-identity"] == ""
    assert set(find_plantable(make_snapshot(make_background())).values()) == {""}


def test_a_market_without_any_times_takes_shared_identities() -> None:
    facts = Facts(dict.fromkeys(["ann", "bob"]), uses=[("ann", "device", "d", None), ("bob", "ip", "i", None)])
    copy = plant(make_snapshot(facts), PlantPlan("shared-identity", 4)).snapshot
    assert copy.n_accounts == 6
    assert np.isnat(copy.uses.seen_at).all()
    assert np.isnat(copy.created_at).all()


# ---------------------------------------------------------------------------------------- red team


def test_every_combination_is_planted_so_often_as_asked(market: Snapshot) -> None:
    plans = list_plans(market, replace(SMALL, sharing=("device", "none"), camouflage=(0.0, 1.0)))
    assert len(plans) == 2 * 2 * 2 * 2 * 2
    assert len(set(plans)) == len(plans) / 2


def test_idle_rings_are_planted_once_whatever_the_camouflage_and_share_something(market: Snapshot) -> None:
    plan = RedTeamPlan(kinds=("shared-identity",), sharing=("device", "none"), sizes=(5,), repeats=1)
    assert list_plans(market, plan) == [PlantPlan("shared-identity", 5, "device", 0.0)]


def test_large_rings_on_shared_devices_are_caught_and_the_same_seed_gives_the_same_report(market: Snapshot) -> None:
    market = name_products(market)
    report = attack_market(market, replace(SMALL, sharing=("device",)), DetectSettings())
    assert report == attack_market(market, replace(SMALL, sharing=("device",)), DetectSettings())
    assert {(row.kind, row.review) for row in report.smallest} <= {(k, s) for k in ("trade", "farm") for s in (4, 12)}
    assert all(rate.automatic <= rate.review <= rate.planted == 2 for rate in report.rates)


def test_no_copy_gains_more_than_its_share_of_accounts(market: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def spy(snapshot: Snapshot, plans: list[PlantPlan], rng: np.random.Generator) -> PlantedMarket:
        sizes.append(sum(plan.size for plan in plans))
        return plant_rings(snapshot, plans, rng)

    monkeypatch.setattr(redteam, "plant_rings", spy)
    report = attack_market(market, SMALL, DetectSettings())
    assert report.copies == len(sizes) > 1
    assert sum(sizes) == sum(rate.planted * rate.size for rate in report.rates)
    assert max(sizes) <= MOST_PLANTED * market.n_accounts


def test_the_smallest_is_the_first_size_of_which_half_are_caught() -> None:
    rates = [CatchRate("trade", "none", 0.0, size, 4, review, automatic) for size, review, automatic in
             ((3, 1, 0), (5, 2, 1), (8, 4, 1), (12, 4, 2))]  # fmt: skip
    (smallest,) = _find_smallest(rates)
    assert (smallest.review, smallest.automatic) == (5, 12)
    assert _find_smallest(rates[:1])[0].review is None


def test_nothing_to_plant_is_a_mistake_that_says_why() -> None:
    bare = make_snapshot(Facts({"ann": None}))
    with pytest.raises(ConfigError, match="no trade rings: no orders with a known seller"):
        attack_market(bare, SMALL, DetectSettings())


# ----------------------------------------------------------------------------------------- command


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("redteam")
    write_market(simulate_market(MarketSettings(n_accounts=500, seed=2)), folder / "market", "parquet")
    run("--store", folder / "store", "load", folder / "market")
    return folder / "store"


WORDS = ("redteam", "--kind", "trade", "--kind", "farm", "--sizes", "5,12", "--camouflage", "0", "--repeats", 1)


def read_bytes(place: Path) -> dict[str, bytes]:
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in files}


@pytest.mark.thorough  # a store is one and the same market for every command; this one says so of whole reports
def test_a_folder_and_its_store_give_the_same_report_and_the_store_is_the_same_to_the_byte(store: Path) -> None:
    before = read_bytes(store)
    assert before
    shown = run("--store", store, *WORDS, "--format", "csv", "--seed", 3).stdout
    assert read_bytes(store) == before
    assert run(*WORDS[:1], store.parent / "market", *WORDS[1:], "--format", "csv", "--seed", 3).stdout == shown
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert {(row["kind"], row["sharing"], row["size"]) for row in rows} == {
        (kind, sharing, size) for kind in ("trade", "farm") for sharing in ("device", "none") for size in ("5", "12")
    }


def test_the_table_says_the_smallest_ring_and_what_the_columns_mean_and_the_store_is_left_alone(store: Path) -> None:
    before = read_bytes(store)
    result = run("--store", store, *WORDS, "--sharing", "device,shoe")
    assert before
    assert read_bytes(store) == before
    assert "rings planted in" in result.stdout
    assert "of 12" in result.stdout
    assert "the smallest size of which half or more were caught" in result.stdout
    assert "no rings that share a shoe: the market's identifiers are address, device" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("--sizes", "3,few", "no list of numbers"), ("--sizes", "1", "below 2"), ("--camouflage", "-1", "below 0")],
)
def test_numbers_that_make_no_sense_are_wrong_usage(store: Path, option: str, value: str, words: str) -> None:
    result = run("--store", store, "redteam", option, value)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
