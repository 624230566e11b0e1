"""What Ringfence finds on three public markets, set against what is known of them.

    python benchmarks/real_markets.py [--data ../shared/data]

Every command runs as a user would run it; the truth is read only afterwards.  Writes
results/real_markets.md.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from measure import DATA, read_ringfence, run_ringfence, write_result
from sklearn.metrics import average_precision_score, roc_auc_score

TRUTH = {
    "p2p": [("accounts", "account_id", "is_fraud", "risk_score")],
    "yelpchi": [
        ("accounts", "account_id", "wrote_a_fake", "risk_score"),
        ("reviews", "review_id", "is_fake", "suspicion"),
    ],
    "ecom": [("accounts", "account_id", "is_fraud", "risk_score")],
}


def score_against_truth(data: Path, store: Path, name: str) -> list[str]:
    """AUC and average precision of the scores of one market."""
    lines = []
    for what, key, truth_column, score in TRUTH[name]:
        scores = pd.read_csv(io.StringIO(read_ringfence("--store", store, "export", what, "-o", "-")), dtype={key: str})
        joined = pd.read_parquet(data / name / "truth" / f"{what}.parquet").merge(scores, on=key, how="left")
        known, given = joined[truth_column].to_numpy(), joined[score].fillna(0.0).to_numpy()
        auc, precision = roc_auc_score(known, given), average_precision_score(known, given)
        lines.append(f"| {name} | {what} | {len(known):,} | {known.mean():.4f} | {auc:.3f} | {precision:.3f} |")
    return lines


def describe_rings(data: Path, store: Path, name: str) -> list[str]:
    """How many rings of each tier and kind there are, and how many of their members are known to be bad."""
    members = pd.read_csv(io.StringIO(read_ringfence("--store", store, "export", "rings", "-o", "-")), dtype=str)
    what, key, truth_column, _ = TRUTH[name][0]
    truth = pd.read_parquet(data / name / "truth" / f"{what}.parquet").set_index(key)[truth_column]
    members["bad"] = truth.reindex(members.account_id).fillna(0).to_numpy()
    lines = []
    for (tier, kind), part in members.groupby(["tier", "kind"], sort=True):
        sizes = part.groupby("ring_id").size()
        size = f"{np.median(sizes):.0f} | {sizes.max()}"
        lines.append(f"| {name} | {tier} | {kind} | {len(sizes):,} | {size} | {part.bad.mean():.3f} |")
    return lines


def try_every_question(store: Path) -> None:
    """Each query command once, on the first ring; a failure stops the benchmark."""
    rings, accounts = (
        csv.DictReader(io.StringIO(read_ringfence("--store", store, "export", what, "-o", "-")))
        for what in ("rings", "accounts")
    )
    members = list(itertools.islice(rings, 2)) or list(itertools.islice(accounts, 2))  # a market may have no rings
    account, other = members[0]["account_id"], members[1]["account_id"]
    for question in (["rings"], ["account", account], ["why", account], ["runs"]):
        run_ringfence("--store", store, *question)
    if "ring_id" in members[0]:
        run_ringfence("--store", store, "ring", members[0]["ring_id"])
    run_ringfence("--store", store, "path", account, other)
    run_ringfence("--store", store, "similar", account)


def main() -> None:
    """Run the main job and every question on each market."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    scores, rings, costs = [], [], []
    for name in TRUTH:
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "store"
            load = run_ringfence("--store", store, "load", data / name)
            detect = run_ringfence("--store", store, "detect")
            try_every_question(store)
            costs.append(f"| {name} | {load.seconds:.1f} | {detect.seconds:.1f} |")
            scores += score_against_truth(data, store, name)
            rings += describe_rings(data, store, name)
    head = "# Public markets\n\nLabels are used for measuring only. 2 cores; `python benchmarks/real_markets.py`.\n"
    parts = [
        head,
        "| market | scored | rows | share bad | AUC | average precision |\n| --- | --- | ---: | ---: | ---: | ---: |",
        *scores,
        "\n| market | tier | kind | rings | median size | largest | share of members known bad |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: |",
        *rings,
        "\n| market | load s | detect s |\n| --- | ---: | ---: |",
        *costs,
    ]
    write_result("real_markets.md", "\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
