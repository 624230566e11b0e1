"""Campaigns of 50 to 2,000 fake reviews: as how many clusters they are found, and what is said of each target.

    python benchmarks/planted_targets.py [--data ../shared/data] [--seeds 3]

Into yelpchi, and into the reviews of a simulated market, campaigns are injected as FRAUDAR's protocol has it
(:mod:`injected_blocks`): accounts × products, every cell filled with the probability that is the density, within four
weeks, with five stars; without camouflage, and with as many reviews of other products, the more popular the likelier,
at any time.  A second part takes simulated worlds as they are, and asks whom the verdicts accuse.  Writes
results/planted_targets.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from injected_blocks import CAMPAIGN_DAYS, IntArray
from measure import DATA, load_folder, write_result

from detection.evaluation.simulation.market import write_market
from detection.evaluation.worlds import WORLDS, simulate_world
from detection.evidence.market import make_market
from detection.reviews.clusters import Cluster, KnownRing, find_clusters
from detection.reviews.targets import Said, TargetVerdict, judge_targets
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from graph.model import Reviews, Snapshot

CAMPAIGNS = {50: (10, 10, 0.5), 200: (40, 10, 0.5), 700: (140, 20, 0.25), 2000: (650, 30, 0.1)}
"""By the number of fake reviews: accounts, products, density."""
WORLD_ACCOUNTS, WORLD_SEEDS = 6_000, (5, 6)
NO_ROWS = np.empty(0, dtype=np.int64)
NO_CLUSTER = Cluster("", NO_ROWS, NO_ROWS, 0.0)
NOBODY = Said(NO_ROWS, NO_ROWS, NO_ROWS)


@dataclass(frozen=True)
class Known:
    """A market, and which of its reviews are planted (R,), and which of these by the campaign (R,)."""

    snapshot: Snapshot
    is_planted: np.ndarray
    is_injected: np.ndarray


def read_known(folder: Path) -> Known:
    """A folder of tables, with the truth beside them."""
    snapshot = load_folder(folder)
    truth = pd.read_parquet(folder / "truth" / "reviews.parquet").set_index("review_id")["is_fake"]
    is_planted = truth.reindex(snapshot.reviews.review_id).to_numpy(bool)
    return Known(snapshot, is_planted, np.zeros(len(is_planted), dtype=bool))


def simulate_known(world: str, difficulty: str, seed: int) -> Known:
    with tempfile.TemporaryDirectory() as folder:
        write_market(simulate_world(world, WORLD_ACCOUNTS, seed, difficulty), Path(folder), "parquet")
        return read_known(Path(folder))


def inject(known: Known, size: int, seed: int, *, hidden: bool) -> Known:
    """A campaign of about so many reviews, by new accounts."""
    rng = np.random.default_rng([seed, size, hidden])
    snapshot, (n_accounts, n_products, density) = known.snapshot, CAMPAIGNS[size]
    reviews = snapshot.reviews
    of_product, dated = np.flatnonzero(reviews.product >= 0), reviews.reviewed_at.astype("datetime64[D]")
    popularity = np.bincount(reviews.product[of_product], minlength=snapshot.n_products).astype(float)
    # Where most products have a review or two, a campaign is for some that sell.
    sold = np.argsort(-popularity, kind="stable")[:300]
    products = rng.choice(sold, n_products, replace=False)
    row, column = np.nonzero(rng.random((n_accounts, n_products)) < density)
    days = np.sort(dated[of_product])
    days = days[~np.isnat(days)]
    begin = rng.choice(days[days < days[-1] - CAMPAIGN_DAYS])
    others, times = np.setdiff1d(np.flatnonzero(popularity), products), np.bincount(row, minlength=n_accounts) * hidden
    chance = popularity[others] / popularity[others].sum()
    cover = [rng.choice(others, n, replace=False, p=chance) for n in times.tolist()]
    like = rng.choice(of_product, times.sum())
    added = _Added(
        np.concatenate([row, np.repeat(np.arange(n_accounts), times)]) + snapshot.n_accounts,
        np.concatenate([products[column], *cover]),
        np.concatenate([begin + rng.integers(CAMPAIGN_DAYS, size=len(row)), dated[like]]),
        np.concatenate([np.full(len(row), 5.0), reviews.rating[like]]),
    )
    is_injected = np.concatenate([known.is_injected, np.arange(len(added.author)) < len(row)])
    is_planted = np.concatenate([known.is_planted, np.zeros(len(added.author), dtype=bool)]) | is_injected
    return Known(_append(snapshot, added, n_accounts), is_planted, is_injected)


@dataclass(frozen=True)
class _Added:
    author: IntArray
    product: IntArray
    day: np.ndarray
    rating: np.ndarray


def _append(snapshot: Snapshot, added: _Added, n_accounts: int) -> Snapshot:
    """The market with more accounts and reviews, whose ids come last."""
    old, n = snapshot.reviews, len(added.author)
    reviews = Reviews(
        np.concatenate([old.review_id, np.array([f"~{row:07d}" for row in range(n)], dtype=object)]),
        np.concatenate([old.author, added.author]),
        np.concatenate([old.product, added.product]),
        np.concatenate([old.seller, snapshot.product_seller[added.product]]),
        np.concatenate([old.rating, added.rating]),
        np.concatenate([old.reviewed_at, (added.day + np.timedelta64(12, "h")).astype("datetime64[us]")]),
        np.concatenate([old.text, np.full(n, None, dtype=object)]),
    )
    unknown = np.full(n_accounts, np.datetime64("NaT", "us"))
    return replace(
        snapshot,
        account_id=np.concatenate(
            [snapshot.account_id, np.array([f"~{row:07d}" for row in range(n_accounts)], dtype=object)]
        ),
        created_at=np.concatenate([snapshot.created_at, unknown]),
        account_status=np.concatenate([snapshot.account_status, np.full(n_accounts, -1)]),
        reviews=reviews,
    )


@dataclass(frozen=True)
class Judged:
    """The verdicts on a market's targets, its clusters, and the processor seconds that the verdicts took."""

    verdicts: tuple[TargetVerdict, ...]
    clusters: tuple[Cluster, ...]
    seconds: float


def judge(snapshot: Snapshot) -> Judged:
    """The verdicts, with the rings of a run."""
    settings = DetectSettings()
    market = make_market(snapshot, settings)
    row = {account_id: place for place, account_id in enumerate(snapshot.account_id.tolist())}
    rings = [
        KnownRing(ring.ring_id, ring.kind, ring.score, np.sort([row[each.account_id] for each in ring.members]))
        for ring in build_rings(search_market(market, settings))
    ]
    began = time.process_time()
    verdicts = judge_targets(market, rings, NOBODY)
    seconds = time.process_time() - began
    return Judged(verdicts, find_clusters(snapshot, market.things, rings, market.policy), seconds)


def tabulate_truth(known: Known) -> pd.DataFrame:
    """By target (its kind and its id): how many reviews are planted and injected, and the days of the injected."""
    reviews, snapshot = known.snapshot.reviews, known.snapshot
    of_product = reviews.product >= 0
    names = np.where(of_product, snapshot.product_id[reviews.product], snapshot.account_id[reviews.seller])
    kind = np.where(of_product, "product", "seller")
    day = pd.Series(reviews.reviewed_at).where(known.is_injected)
    table = pd.DataFrame({"kind": kind, "target_id": names, "planted": known.is_planted, "injected": known.is_injected})
    counts = table.groupby(["kind", "target_id"])[["planted", "injected"]].sum()
    return counts.join(day.groupby([table.kind, table.target_id]).agg(["min", "max"]))


def measure_campaign(known: Known, size: int, camouflage: str) -> dict[str, object]:
    """One injected campaign: its clusters, and the verdicts on its targets."""
    judged, truth = judge(known.snapshot), tabulate_truth(known)
    by_target = {(each.kind, each.target_id): each for each in judged.verdicts}
    hit = truth[truth.injected > 0]
    found = [by_target.get(key) for key in hit.index]
    likely = [each for each in judged.clusters if each.chance >= 0.5 and known.is_injected[each.review].any()]
    best = max(likely, key=lambda each: known.is_injected[each.review].sum(), default=NO_CLUSTER)
    common, injected = known.is_injected[best.review].sum(), known.is_injected.sum()
    error = [(each.planted if each else 0) - planted for each, planted in zip(found, hit.planted, strict=True)]
    covers = [
        each is not None and each.planted_low <= planted <= each.planted_high
        for each, planted in zip(found, hit.planted, strict=True)
    ]
    wrote = np.zeros(len(known.is_injected), dtype=bool)
    wrote[best.review] = True
    said = tabulate_truth(replace(known, is_injected=wrote)).loc[hit.index]
    off = sum((said[side] - hit[side]).abs().dt.total_seconds() / 86_400 for side in ("min", "max")) / 2
    others = [each for key, each in by_target.items() if key not in set(hit.index)]
    honest = [each for each in others if truth.planted[each.kind, each.target_id] == 0]
    return {
        "reviews": size,
        "camouflage": camouflage,
        "clusters": len(likely),
        "Jaccard": common / (injected + len(best.review) - common),
        "chance": best.chance,
        "targets": len(hit),
        "planted each": hit.planted.mean(),
        "mean error": np.mean(error),
        "mean abs. error": np.mean(np.abs(error)),
        "covered": np.mean(covers),
        "days off": off.mean(),
        "honest sure": sum(each.planted_low > 0 for each in honest),
        "honest": int((truth.planted == 0).sum()),
        "seconds": judged.seconds,
    }


def measure_campaigns(known: Known, seeds: int) -> pd.DataFrame:
    rows = [
        measure_campaign(inject(known, size, seed, hidden=hidden), size, "biased" if hidden else "none")
        for size in CAMPAIGNS
        for hidden in (False, True)
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows)


def measure_as_is(name: str, known: Known) -> dict[str, object]:
    """A market as it is: how often intervals cover the truth, and of whom it is sure."""
    verdicts = judge(known.snapshot).verdicts
    truth = tabulate_truth(known)
    planted = np.array([truth.planted[each.kind, each.target_id] for each in verdicts])
    low, high = (np.array([getattr(each, side) for each in verdicts]) for side in ("planted_low", "planted_high"))
    return {
        "market": name,
        "targets": len(truth),
        "judged": len(verdicts),
        "covered": ((low <= planted) & (planted <= high)).mean(),
        "truth below": (planted < low).mean(),
        "truth above": (planted > high).mean(),
        "honest targets": int((truth.planted == 0).sum()),
        "honest sure": int(((low > 0) & (planted == 0)).sum()),
        "with planted": int((truth.planted > 0).sum()),
        "planted sure": int(((low > 0) & (planted > 0)).sum()),
    }


def say_table(table: pd.DataFrame) -> Iterator[str]:
    yield "| " + " | ".join(table.columns) + " |"
    yield "| " + " | ".join("---" if table[name].dtype == object else "---:" for name in table.columns) + " |"
    for row in table.itertuples(index=False):
        yield "| " + " | ".join(_say_cell(each) for each in row) + " |"


def _say_cell(cell: object) -> str:
    if isinstance(cell, float):
        return "" if np.isnan(cell) else f"{cell:.2f}" if abs(cell) < 10 else f"{cell:.1f}"
    return f"{cell:,}" if isinstance(cell, (int, np.integer)) else str(cell)


def average(table: pd.DataFrame) -> pd.DataFrame:
    return table.groupby(["reviews", "camouflage"], sort=False).mean().astype(float).reset_index()


def say_sums(table: pd.DataFrame) -> str:
    """All campaigns of a market together."""
    targets, covered = int(table.targets.sum()), int((table.covered * table.targets).round().sum())
    return (
        f"In sum over {len(table)} campaigns: {int((table.clusters == 1).sum())} are found as one cluster,"
        f" {int((table.clusters == 0).sum())} not at all; {covered:,} of {targets:,} targets are covered"
        f" ({covered / targets:.2f}); {int(table['honest sure'].sum())} times an honest target was sure."
    )


HEAD = f"""# Campaigns, and the verdicts on their targets

`python benchmarks/planted_targets.py --seeds {{seeds}}`; the verdicts are those of `ringfence targets`, with the
rings of a run. Accounts × products, density: {{shapes}}.
Five stars within {CAMPAIGN_DAYS} days; *biased* camouflage: as many reviews of other products, the more popular the
likelier, at any time and with any rating."""
WORDS = """*clusters*: so many of a chance of 0.5 or more wrote of the campaign's targets; *Jaccard*: of the largest
one's reviews and the campaign's. *planted each*: true planted reviews of a target, the campaign's and what the market
had before; *error* of what is said of it. *covered*: by the interval of 90 %. *days off*: how far the first and the
last day of the cluster are from the campaign's at that target. *honest sure*: targets without a planted review whose
interval excludes 0, of all *honest*. Means over the seeds."""
AS_IS = """## Markets as they are

All targets of which there is something to say (*judged*). `target_spread` and `campaign_days` were found on other seeds
of the market and the village; the bazaar and yelpchi were looked at too. *truth below*, *above*: outside of the
interval."""


def write_report(campaigns: dict[str, pd.DataFrame], as_is: Sequence[dict[str, object]], seeds: int) -> None:
    shapes = "; ".join(f"{size:,} reviews: {a} × {p}, {d:g}" for size, (a, p, d) in CAMPAIGNS.items())
    parts = [HEAD.format(seeds=seeds, shapes=shapes), WORDS]
    for name, table in campaigns.items():
        parts += [f"## {name}", "\n".join(say_table(average(table))), say_sums(table)]
    parts += [
        AS_IS,
        "\n".join(say_table(pd.DataFrame(as_is))),
    ]
    write_result("planted_targets.md", "\n\n".join(parts) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    folder, campaigns, as_is = options.data / "yelpchi", {}, []
    if folder.is_dir():
        yelpchi = read_known(folder)
        campaigns["yelpchi"] = measure_campaigns(yelpchi, options.seeds)
        as_is.append(measure_as_is("yelpchi", yelpchi))
    else:
        print(f"yelpchi: not found in {options.data}; simulated markets only")
    bazaar = simulate_known("bazaar", "ordinary", WORLD_SEEDS[0])
    campaigns[f"A bazaar of {WORLD_ACCOUNTS:,} accounts"] = measure_campaigns(bazaar, options.seeds)
    for world in WORLDS:
        for difficulty in ("ordinary", "hard"):
            for seed in WORLD_SEEDS:
                as_is.append(measure_as_is(f"{world}, {difficulty}, {seed}", simulate_known(world, difficulty, seed)))
    write_report(campaigns, as_is, options.seeds)


if __name__ == "__main__":
    main()
