"""Simulate a marketplace in the form of the data contract, and write it to a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from detection.evaluation.simulation.addresses import N_CITIES, PlaceBook
from detection.evaluation.simulation.honest import (
    find_logins,
    lend_to_friends,
    open_shops,
    refer_friends,
    review_honestly,
    settle_in,
    trade_honestly,
)
from detection.evaluation.simulation.ledger import World, found_world
from detection.evaluation.simulation.lookalikes import (
    LookalikeGroup,
    Stage,
    plan_lookalikes,
    share_as_groups,
    trade_as_groups,
)
from detection.evaluation.simulation.rings import (
    RingPlan,
    defraud_alone,
    join_crowds,
    plan_rings,
    run_campaigns,
    share_identity,
)
from detection.evaluation.simulation.settings import MarketSettings
from detection.evaluation.simulation.tables import (
    Scribe,
    draw_known_cases,
    draw_names,
    write_address_tables,
    write_group_truth,
    write_labels,
    write_review_tables,
)
from graph.files import making_folder

__all__ = ["MarketSettings", "SimulatedMarket", "simulate_market", "write_market"]

TableFormat = Literal["csv", "csv.gz", "parquet"]
_MONEY = ("amount", "price")


@dataclass(frozen=True)
class SimulatedMarket:
    """A simulated market.

    Attributes
    ----------
    tables : dict of str to pandas.DataFrame
        The tables of the data contract by name: accounts, orders, devices, addresses, identifiers, listings,
        reviews, referrals, labels.
    truth : dict of str to pandas.DataFrame
        What is true of it: rings, lookalikes, accounts, reviews, addresses. For measuring only.
    """

    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]


def simulate_market(settings: MarketSettings) -> SimulatedMarket:
    """Simulate a market with planted rings and honest look-alikes.

    Time and memory grow in proportion to the number of accounts.

    Parameters
    ----------
    settings : MarketSettings

    Returns
    -------
    SimulatedMarket
        The same for the same settings, to the byte.

    Examples
    --------
    >>> market = simulate_market(MarketSettings(n_accounts=600, seed=7))
    >>> sorted(market.truth)
    ['accounts', 'addresses', 'lookalikes', 'reviews', 'rings']
    >>> len(market.tables["accounts"])
    600
    """
    founding, ringing, grouping, trading, reporting = np.random.default_rng(settings.seed).spawn(5)
    world = found_world(founding, settings, N_CITIES)
    plans = plan_rings(ringing, world)
    groups = join_crowds(ringing, plans, plan_lookalikes(grouping, world))
    places = PlaceBook()
    stage = Stage(trading, world, places, open_shops(trading, world))
    _live(stage, plans, groups)
    return _report(reporting, world, places, plans, groups)


def _live(stage: Stage, plans: list[RingPlan], groups: list[LookalikeGroup]) -> None:
    rng, world, catalogue = stage.rng, stage.world, stage.catalogue
    trade_honestly(rng, world, catalogue)
    review_honestly(rng, world, catalogue)
    trade_as_groups(stage, groups)
    run_campaigns(stage, plans)
    defraud_alone(rng, world, catalogue)
    settle_in(rng, world, stage.places)
    lend_to_friends(rng, world)
    logins = find_logins(rng, world)
    share_as_groups(stage, groups, logins)
    share_identity(stage, plans, logins)
    refer_friends(rng, world)


def _report(
    rng: np.random.Generator, world: World, places: PlaceBook, plans: list[RingPlan], groups: list[LookalikeGroup]
) -> SimulatedMarket:
    accounts = draw_names(rng, "A", world.settings.n_accounts)
    scribe = Scribe(rng, world, accounts, draw_names(rng, "P", world.ledger.count_issued("product")))
    cases = draw_known_cases(rng, world)
    suspended = np.zeros(world.settings.n_accounts, dtype=bool)
    suspended[cases.account[cases.is_fraud & (rng.random(len(cases.account)) < 0.5)]] = True
    reviews, addresses = write_review_tables(scribe), write_address_tables(scribe, places)
    tables = {
        "accounts": scribe.write_accounts(suspended),
        "orders": scribe.write_orders(),
        "devices": scribe.write_devices(),
        "addresses": addresses.table,
        "identifiers": scribe.write_identifiers(),
        "listings": scribe.write_listings(),
        "reviews": reviews.table,
        "referrals": scribe.write_referrals(),
        "labels": write_labels(scribe, cases),
    }
    truth = write_group_truth(scribe, plans, groups)
    return SimulatedMarket(tables, truth | {"reviews": reviews.truth, "addresses": addresses.truth})


def write_market(market: SimulatedMarket, out: Path, table_format: TableFormat = "csv") -> None:
    """Write a market to a folder: ``OUT/NAME.EXT`` and ``OUT/truth/NAME.EXT``.

    The folder appears whole or not at all: it is written beside `out` and then renamed.

    Raises
    ------
    FileExistsError
        `out` exists and is not an empty folder.
    ValueError
        `table_format` is none of the three.
    """
    if table_format not in ("csv", "csv.gz", "parquet"):
        raise ValueError(f"table_format is {table_format!r}: it must be 'csv', 'csv.gz' or 'parquet'")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} exists and is not an empty folder; choose another or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with making_folder(out) as unfinished:
        (unfinished / "truth").mkdir()
        for folder, tables in ((unfinished, market.tables), (unfinished / "truth", market.truth)):
            for name, table in tables.items():
                _write_table(table, folder / f"{name}.{table_format}", table_format)


def _write_table(table: pd.DataFrame, path: Path, table_format: TableFormat) -> None:
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    if table_format == "parquet":
        pq.write_table(arrow.replace_schema_metadata(None), path, compression="zstd")
        return
    for name in _MONEY:
        if name in arrow.column_names:
            cents = pc.cast(pc.round(arrow[name], 2), pa.decimal128(18, 2))
            arrow = arrow.set_column(arrow.column_names.index(name), name, cents)
    if table_format == "csv":
        pa_csv.write_csv(arrow, path)
        return
    _write_gzip(arrow, path)


def _write_gzip(arrow: pa.Table, path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "gzip") as stream:
        pa_csv.write_csv(arrow, stream)
