"""Compare the simulated market with real sets: degrees, sharing, times, ratings.

Run ``python benchmarks/simulator_realism.py [--real FOLDER]`` where FOLDER holds real sets in the form of the data
contract (``p2p``, ``yelpchi``, ``ecom``, each a folder of Parquet files). Sets that are absent are left out, visibly.
Writes ``benchmarks/results/simulator_realism.md`` and ``simulator_realism.png``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from measure import DATA, RESULTS

from detection.evaluation.simulation.market import MarketSettings, SimulatedMarket, simulate_market

FloatArray = npt.NDArray[np.float64]
Tables = dict[str, pd.DataFrame]
REAL_SETS = ("p2p", "yelpchi", "ecom")
QUANTILES = (0.25, 0.5, 0.75, 0.9, 0.99)
_HOUR_SECONDS, _DAY_SECONDS = 3_600.0, 86_400.0


@dataclass(frozen=True)
class Comparison:
    """One measure of one real set beside the simulated market's.

    Attributes
    ----------
    measure, real_set : str
    real, simulated : FloatArray
        The samples.
    """

    measure: str
    real_set: str
    real: FloatArray
    simulated: FloatArray

    @property
    def distance(self) -> float:
        """Kolmogorov–Smirnov distance of the two samples."""
        return find_ks_distance(self.real, self.simulated)


def find_ks_distance(first: FloatArray, second: FloatArray) -> float:
    """Greatest difference of the two empirical distribution functions, in [0, 1].

    Examples
    --------
    >>> find_ks_distance(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    0.0
    >>> find_ks_distance(np.array([1.0, 2.0]), np.array([3.0]))
    1.0
    """
    points = np.unique(np.concatenate([first, second]))
    below_first = np.searchsorted(np.sort(first), points, side="right") / len(first)
    below_second = np.searchsorted(np.sort(second), points, side="right") / len(second)
    return float(np.abs(below_first - below_second).max())


def count_rows(table: pd.DataFrame, column: str) -> FloatArray:
    """Rows per value of a column."""
    return np.asarray(table[column].value_counts(), dtype=np.float64)


def count_partners(table: pd.DataFrame, owner: str, partner: str) -> FloatArray:
    """Distinct partners per owner."""
    pairs = table[[owner, partner]].dropna().drop_duplicates()
    return np.asarray(pairs[owner].value_counts(), dtype=np.float64)


def find_gaps_days(table: pd.DataFrame, owner: str, at: str) -> FloatArray:
    """Days between successive events of one owner; at least a second, so that logarithms exist."""
    timed = table[[owner]].assign(at=_read_seconds(table[at])).dropna().sort_values([owner, "at"])
    gaps: FloatArray = np.asarray(timed.groupby(owner)["at"].diff().dropna(), dtype=np.float64)
    return np.asarray(np.maximum(gaps, 1.0) / _DAY_SECONDS)


def find_hours_of_week(table: pd.DataFrame, at: str) -> FloatArray:
    """Hour of the week of each event, Monday 00:00 is 0."""
    seconds = _read_seconds(table[at]).dropna().to_numpy(dtype=np.float64)
    return np.floor(((seconds / _HOUR_SECONDS) + 3 * 24) % 168)


def _read_seconds(times: pd.Series) -> pd.Series:
    moments = pd.to_datetime(times, utc=True)
    return (moments - pd.Timestamp("1970-01-01", tz="UTC")).dt.total_seconds()


def find_reciprocal_share(orders: pd.DataFrame) -> float:
    """Share of directed pairs that trade in the other direction too."""
    pairs = orders[["buyer_id", "seller_id"]].dropna().drop_duplicates()
    back = pairs.rename(columns={"buyer_id": "seller_id", "seller_id": "buyer_id"})
    return len(pairs.merge(back)) / max(len(pairs), 1)


def measure_tables(tables: Tables) -> dict[str, FloatArray]:
    """Every measure that the tables allow, by name."""
    found: dict[str, FloatArray] = {}
    orders = tables.get("orders")
    if orders is not None:
        found |= _measure_orders(orders)
    if "devices" in tables:
        found["devices per account"] = count_partners(tables["devices"], "account_id", "device_id")
        found["accounts per device"] = count_partners(tables["devices"], "device_id", "account_id")
    for kind, name in (("payment", "card"), ("ip", "IP")):
        identifiers = tables.get("identifiers", pd.DataFrame({"kind": []}))
        uses = identifiers[identifiers["kind"] == kind]
        if len(uses):
            found[f"{name}s per account"] = count_partners(uses, "account_id", "value")
            found[f"accounts per {name}"] = count_partners(uses, "value", "account_id")
    reviews = tables.get("reviews")
    if reviews is not None:
        found["reviews per account"] = count_rows(reviews, "account_id")
        found["reviews per product"] = count_rows(reviews, "product_id")
        found["ratings"] = reviews["rating"].to_numpy(dtype=np.float64)
        found["days between an account's reviews"] = np.ceil(find_gaps_days(reviews, "account_id", "reviewed_at"))
    return found


def _measure_orders(orders: pd.DataFrame) -> dict[str, FloatArray]:
    found = {
        "orders per buyer": count_rows(orders, "buyer_id"),
        "days between a buyer's orders": find_gaps_days(orders, "buyer_id", "ordered_at"),
        "hour of the week": find_hours_of_week(orders, "ordered_at"),
        "amount": orders["amount"].dropna().to_numpy(dtype=np.float64),
    }
    if orders["seller_id"].notna().any():
        pairs = orders[["buyer_id", "seller_id"]].dropna()
        found["orders per seller"] = count_rows(orders, "seller_id")
        found["orders per pair"] = pairs.value_counts().to_numpy(dtype=np.float64)
        found["share of reciprocal pairs"] = np.array([find_reciprocal_share(orders)])
        personal = orders[orders["product_id"].isna()] if "product_id" in orders else orders
        found["share of reciprocal pairs, payments without a product"] = np.array([find_reciprocal_share(personal)])
    return found


def read_tables(folder: Path) -> Tables:
    """The Parquet tables of a folder, by name."""
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def compare_markets(simulated: Tables, real: dict[str, Tables]) -> list[Comparison]:
    """Put every measure that varies in a real set beside the simulated one (``ecom`` has one order per buyer)."""
    measured = measure_tables(simulated)
    return [
        Comparison(measure, name, sample, measured[measure])
        for name, tables in real.items()
        for measure, sample in measure_tables(tables).items()
        if measure in measured and (len(np.unique(sample)) > 1 or measure.startswith("share"))
    ]


def write_report(comparisons: list[Comparison], simulated: Tables, settings: MarketSettings, path: Path) -> None:
    """Write the table of quantiles and distances, in Markdown."""
    rows = sum(len(table) for table in simulated.values())
    lines = [
        "# Simulated market against real sets",
        "",
        f"Simulated: {settings.n_accounts:,} accounts, {rows:,} rows, difficulty {settings.difficulty}, "
        f"seed {settings.seed}. Quantiles at " + ", ".join(f"{q:.0%}" for q in QUANTILES) + ", then the mean.",
        "KS is the Kolmogorov–Smirnov distance: 0 is the same distribution, 1 is no overlap.",
        "",
        "| measure | real set | real | simulated | KS |",
        "| --- | --- | --- | --- | --- |",
    ]
    for item in comparisons:
        is_share = len(item.real) == 1
        distance = "" if is_share else f"{item.distance:.2f}"
        lines.append(
            f"| {item.measure} | {item.real_set} | {_describe(item.real)} | {_describe(item.simulated)} | {distance} |"
        )
    leaks = describe_leaks(settings.n_accounts)
    path.write_text("\n".join(lines) + "\n" + leaks, encoding="utf-8")


def _describe(sample: FloatArray) -> str:
    if len(sample) == 1:
        return f"{sample[0]:.3f}"
    return " / ".join(f"{value:.3g}" for value in [*np.quantile(sample, QUANTILES), sample.mean()])


def find_rank_auc(values: pd.Series, is_fraud: pd.Series) -> float:
    """Probability that a fraud account has the larger value, ties counting half.

    Examples
    --------
    >>> find_rank_auc(pd.Series([1.0, 2.0, 2.0]), pd.Series([False, False, True]))
    0.75
    """
    n_fraud = int(is_fraud.sum())
    rank_sum = float(values.rank()[is_fraud].sum())
    return (rank_sum - n_fraud * (n_fraud + 1) / 2) / (n_fraud * (len(values) - n_fraud))


def find_leaks(market: SimulatedMarket) -> dict[str, float]:
    """How well each of a few single figures tells fraud accounts, as an AUC: 0.5 tells nothing."""
    tables, accounts = market.tables, market.tables["accounts"].set_index("account_id")
    is_fraud = market.truth["accounts"].set_index("account_id")["is_fraud"].loc[accounts.index]
    orders, uses = tables["orders"], tables["devices"].drop_duplicates(["account_id", "device_id"])
    came_back = orders[orders["status"].isin(["refunded", "disputed"])]
    users = uses.groupby("device_id")["account_id"].transform("nunique")
    figures = {
        "id": pd.Series(accounts.index.str[1:].astype(int), index=accounts.index),
        "orders": orders["buyer_id"].value_counts(),
        "orders refunded or disputed": came_back["buyer_id"].value_counts(),
        "reviews": tables["reviews"]["account_id"].value_counts(),
        "devices": tables["devices"]["account_id"].value_counts(),
        "accounts on its busiest device": users.groupby(uses["account_id"]).max(),
        "age": -_read_seconds(accounts["created_at"].fillna(accounts["created_at"].max())),
    }
    return {name: find_rank_auc(v.reindex(accounts.index).fillna(0), is_fraud) for name, v in figures.items()}


def describe_leaks(n_accounts: int) -> str:
    """Write the leaks of an ordinary and a hard market as a Markdown table."""
    ordinary = find_leaks(simulate_market(MarketSettings(n_accounts, seed=1)))
    hard = find_leaks(simulate_market(MarketSettings(n_accounts, seed=1, difficulty="hard")))
    lines = ["", "What a single figure tells of who is fraud (AUC by rank; 0.5 is nothing):", ""]
    lines += ["| figure of an account | ordinary | hard |", "| --- | --- | --- |"]
    lines += [f"| {name} | {ordinary[name]:.2f} | {hard[name]:.2f} |" for name in ordinary]
    return "\n".join(lines) + "\n"


def plot_comparisons(comparisons: list[Comparison], path: Path) -> None:
    """Draw, for each measure, the share of the sample above each value."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    drawn = [item for item in comparisons if len(item.real) > 1]
    figure, axes = plt.subplots(-(-len(drawn) // 5), 5, figsize=(18, 3.2 * -(-len(drawn) // 5)), squeeze=False)
    for panel, item in zip(axes.flat, drawn, strict=False):
        for sample, label in ((item.real, item.real_set), (item.simulated, "simulated")):
            ordered = np.sort(sample)
            panel.step(ordered, 1 - np.arange(len(ordered)) / len(ordered), label=label, linewidth=1.2)
        if item.measure not in ("hour of the week", "ratings"):
            panel.set_xscale("log")
            panel.set_yscale("log")
        panel.set_title(f"{item.measure} (KS {item.distance:.2f})", fontsize=9)
        panel.legend(fontsize=7)
    for panel in list(axes.flat)[len(drawn) :]:
        panel.axis("off")
    figure.suptitle("Share of the sample at or above each value")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> None:
    """Run the comparison and write its table and picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, default=DATA, help="folder that holds the real sets")
    parser.add_argument("--accounts", type=int, default=30_000)
    options = parser.parse_args()
    settings = MarketSettings(n_accounts=options.accounts, seed=1)
    simulated = simulate_market(settings).tables
    real = {name: read_tables(options.real / name) for name in REAL_SETS if (options.real / name).is_dir()}
    for name in set(REAL_SETS) - set(real):
        print(f"{name}: not found in {options.real}, left out")
    comparisons = compare_markets(simulated, real)
    RESULTS.mkdir(exist_ok=True)
    write_report(comparisons, simulated, settings, RESULTS / "simulator_realism.md")
    plot_comparisons(comparisons, RESULTS / "simulator_realism.png")
    print((RESULTS / "simulator_realism.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
