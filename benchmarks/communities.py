"""Which library finds the communities: the same links, the same search, the same markets.

Run ``make bench``, or ``PYTHONPATH=.bench python benchmarks/communities.py`` after it: igraph (GPL) and
scikit-network are put into ``.bench`` for this comparison alone.  Writes ``benchmarks/results/communities.md``.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from detection_quality import load_market
from measure import write_result
from scipy import sparse

from detection.candidates import communities, leiden
from detection.candidates.leiden import Network, find_communities
from detection.candidates.links import Links
from detection.evaluation.measures import list_members, match_groups, restrict_truth, score_ranking
from detection.evaluation.simulation.settings import MarketSettings
from detection.evidence.market import make_market
from detection.policy import Policy
from detection.run import find_run
from detection.search import link_market
from detection.settings import DetectSettings
from graph.model import Ints

Engine = Callable[..., Ints]


@dataclass(frozen=True)
class Contender:
    """A library's search."""

    name: str
    find: Engine


def by_igraph(network: Network, resolution: float, *, seed: int) -> Ints:
    import igraph

    graph = igraph.Graph(edges=network.ends)
    igraph.set_random_number_generator(random.Random(seed))
    found = graph.community_leiden("CPM", weights=network.bits, resolution=resolution, n_iterations=1)
    return np.asarray(found.membership, dtype=np.int64)


def by_scikit_network(network: Network, resolution: float, *, seed: int) -> Ints:
    """Its Louvain: at some resolutions its Leiden never came to an end on these links."""
    from sknetwork.clustering import Louvain

    matrix: Any = sparse.csr_matrix(network.matrix)
    scaled = resolution * matrix.shape[0] ** 2 / matrix.sum()
    search = Louvain(scaled, "potts", random_state=seed, return_probs=False, return_aggregate=False)
    return np.asarray(search.fit_predict(matrix), dtype=np.int64)


def without_joining(network: Network, resolution: float, *, seed: int) -> Ints:
    """The library's communities as they are."""
    with patch.object(leiden, "_merge", lambda ends, bits, community, resolution: community):
        return by_the_library(network, resolution, seed=seed)


def in_compiled_loops(network: Network, resolution: float, *, seed: int) -> Ints:
    """Our own, which large networks are given to."""
    with patch.object(leiden, "MANY_PAIRS", 0):
        return find_communities(network, resolution, seed=seed)


def by_the_library(network: Network, resolution: float, *, seed: int) -> Ints:
    """The library's, joined, which small networks are given to."""
    with patch.object(leiden, "MANY_PAIRS", float("inf")):
        return find_communities(network, resolution, seed=seed)


CONTENDERS = (
    Contender("igraph, Leiden", by_igraph),
    Contender("graspologic-native, Leiden", without_joining),
    Contender("the same, and joined", by_the_library),
    Contender("compiled loops, Leiden", in_compiled_loops),
    Contender("scikit-network, Louvain", by_scikit_network),
)


def measure_quality(links: Links, resolution: float, find: Engine) -> tuple[float, float]:
    """The constant Potts model's sum in bits, and the seconds of a processor."""
    ends = np.unique(np.column_stack([links.a, links.b]), return_inverse=True)[1].reshape(-1, 2)
    began = time.process_time()
    label = find(Network(ends, links.bits), resolution, seed=0)
    seconds = time.process_time() - began
    size = np.bincount(label).astype(float)
    inside = links.bits[label[ends[:, 0]] == label[ends[:, 1]]].sum()
    return float(inside - resolution * (size * (size - 1) / 2).sum()), seconds


def run_markets(n_accounts: int, seeds: int) -> Iterator[dict[str, Any]]:
    """One row for each market and contender."""
    for difficulty in ("ordinary", "hard"):
        for seed in range(1, seeds + 1):
            snapshot, told = load_market(MarketSettings(n_accounts, seed=seed, difficulty=difficulty))
            truth, links = restrict_truth(told, snapshot), link_market(make_market(snapshot))
            for each in CONTENDERS:
                row: dict[str, Any] = {"market": difficulty, "search": each.name}
                for resolution in Policy().resolutions:
                    row[f"bits at {resolution}"], seconds = measure_quality(links, resolution, each.find)
                    row["seconds a search"] = row.get("seconds a search", 0.0) + seconds / len(Policy().resolutions)
                with patch.object(communities, "find_communities", each.find):
                    run = find_run(snapshot, DetectSettings())
                score = score_ranking(match_groups(list_members(run.rings), truth.rings), len(truth.rings))
                row |= {"recall": score.recall.value, "average precision": score.average_precision.value}
                yield row


def tabulate(rows: list[dict[str, Any]]) -> str:
    table = pd.DataFrame(rows).groupby(["market", "search"], sort=False).mean().reset_index()
    heads = "| " + " | ".join(table.columns) + " |"
    lines = [heads, "|" + " --- |" * len(table.columns)]
    for row in table.itertuples(index=False):
        cells = [
            value if isinstance(value, str) else f"{value:,.0f}" if value > 99 else f"{value:.3f}" for value in row
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = list(run_markets(options.accounts, options.seeds))
    markets = f"{options.seeds} simulated markets of {options.accounts:,} accounts each, the means."
    write_result(
        "communities.md",
        "# Which library finds the communities?\n\n"
        f"`benchmarks/communities.py`: {markets} The bits are what the constant"
        " Potts model sums to, and more is better; recall and average precision are of the rings that the whole search"
        f" ends with.\n\n{tabulate(rows)}\n",
    )


if __name__ == "__main__":
    main()
