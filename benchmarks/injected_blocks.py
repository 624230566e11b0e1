"""How sparse a block of fake reviews may be and still be found: FRAUDAR's protocol, FRAUDAR and Ringfence on it.

    python benchmarks/injected_blocks.py [--data ../shared/data] [--seeds 5]

The protocol is that of Hooi, Song, Beutel, Shah, Shin & Faloutsos (FRAUDAR, KDD 2016, section 5): a block of accounts ×
products is injected into a real graph of reviews, every cell of it filled with the probability that is the density.
Camouflage adds to each injected account as many reviews outside the block as it has inside: of any product
(random), or of products in proportion to their reviews (biased); or existing accounts are taken over (hijacked).  F is
that of the first block that a method lists, over the accounts, and over accounts and products.  The paper's block has
200 × 200 nodes in a graph of some thousands of products; here there are 201 products, of which 30 are about a seventh.

A second protocol dates the same injected reviews within four weeks and gives them five stars, while camouflage is
dated and rated like other reviews.  Writes results/injected_blocks.md and injected_blocks.png.
"""

from __future__ import annotations

import argparse
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from measure import DATA, RESULTS, write_result
from scipy.sparse import csr_array

from detection.candidates.blocks.propose import find_channel_blocks
from detection.candidates.blocks.surprising import find_surprising_blocks
from detection.channels.catalogue import BEHAVIOURS, PRAISE
from detection.channels.windows import DatedActs, share_in_time
from detection.evaluation.fraudar import DenseBlock, find_dense_blocks, weigh_columns
from detection.policy import DEFAULT_POLICY

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
N_ACCOUNTS, N_PRODUCTS = 200, 30
CAMOUFLAGE = ("none", "random", "biased", "hijacked")
DENSITIES = tuple(np.round(np.arange(0.05, 1.001, 0.05), 2).tolist())
SPARSE = (0.02, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4)
CAMPAIGN_DAYS = 28
GOOD_ENOUGH = 0.95


@dataclass(frozen=True)
class Reviews:
    """Reviews (R,): rows of accounts and products, days since 1970 and ratings."""

    account: IntArray
    product: IntArray
    day: IntArray
    rating: FloatArray
    n_accounts: int
    n_products: int

    def count(self) -> csr_array:
        """Accounts × products, 1 where there is a review."""
        shape = self.n_accounts, self.n_products
        matrix = csr_array((np.ones(len(self.account)), (self.account, self.product)), shape=shape)
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix


@dataclass(frozen=True)
class Injected:
    """A graph with a block in it: its ``accounts`` and ``products``, sorted."""

    reviews: Reviews
    accounts: IntArray
    products: IntArray


@dataclass(frozen=True)
class Answer:
    """Accounts and products that a method returned first."""

    accounts: IntArray
    products: IntArray


NOTHING = Answer(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def read_reviews(folder: Path) -> Reviews:
    """The real graph."""
    table = pd.read_parquet(folder / "reviews.parquet")
    accounts = pd.Index(pd.read_parquet(folder / "accounts.parquet").account_id)
    products, product = np.unique(table.product_id, return_inverse=True)
    day = pd.to_datetime(table.reviewed_at).to_numpy("datetime64[D]").astype(np.int64)
    account = accounts.get_indexer(table.account_id).astype(np.int64)
    rating = table.rating.to_numpy(np.float64)
    return Reviews(account, product.astype(np.int64), day, rating, len(accounts), len(products))


def inject(market: Reviews, camouflage: str, density: float, seed: int) -> Injected:
    """Add a block, within four weeks and with five stars, and its camouflage, at any time and with any rating."""
    rng = np.random.default_rng([seed, CAMOUFLAGE.index(camouflage), round(1000 * density)])
    products = np.sort(rng.choice(market.n_products, N_PRODUCTS, replace=False))
    if camouflage == "hijacked":
        accounts = np.sort(rng.choice(market.n_accounts, N_ACCOUNTS, replace=False))
    else:
        accounts = market.n_accounts + np.arange(N_ACCOUNTS)
    row, column = np.nonzero(rng.random((N_ACCOUNTS, N_PRODUCTS)) < density)
    begin = rng.choice(market.day[market.day < market.day.max() - CAMPAIGN_DAYS])
    cover = hide(market, camouflage, products, np.bincount(row, minlength=N_ACCOUNTS), rng)
    like = rng.integers(len(market.day), size=len(cover.accounts))  # when and how others review
    added = Reviews(
        np.concatenate([accounts[row], accounts[cover.accounts]]),
        np.concatenate([products[column], cover.products]),
        np.concatenate([begin + rng.integers(CAMPAIGN_DAYS, size=len(row)), market.day[like]]),
        np.concatenate([np.full(len(row), 5.0), market.rating[like]]),
        max(market.n_accounts, int(accounts.max()) + 1),
        market.n_products,
    )
    parts = {
        name: np.concatenate([getattr(market, name), getattr(added, name)])
        for name in ("account", "product", "day", "rating")
    }
    return Injected(Reviews(**parts, n_accounts=added.n_accounts, n_products=added.n_products), accounts, products)


def hide(market: Reviews, camouflage: str, products: IntArray, times: IntArray, rng: np.random.Generator) -> Answer:
    """Camouflage: each of the accounts (0 to 199) reviews so many other products."""
    if camouflage not in ("random", "biased"):
        return Answer(products[:0], products[:0])
    others = np.setdiff1d(np.arange(market.n_products), products)
    popularity = np.bincount(market.product, minlength=market.n_products)[others]
    chance = popularity / popularity.sum() if camouflage == "biased" else None
    chosen = [rng.choice(others, n, replace=False, p=chance) for n in times.tolist()]
    return Answer(np.repeat(np.arange(len(times)), times), np.concatenate(chosen))


def peel_one_by_one(matrix: csr_array) -> Answer:
    """FRAUDAR as its paper has it: the lightest node leaves, one at a time; the densest state is the answer."""
    n_rows, n = matrix.shape[0], sum(matrix.shape)
    weight = weigh_columns(matrix)[matrix.indices]
    entries = matrix.tocoo()
    around: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for row, column, value in zip(entries.row.tolist(), entries.col.tolist(), weight.tolist(), strict=True):
        around[row].append((n_rows + column, value))
        around[n_rows + column].append((row, value))
    degree = [sum(value for _, value in ends) for ends in around]
    heap = [(value, node) for node, value in enumerate(degree)]
    heapq.heapify(heap)
    gone, order, total = [False] * n, [], float(weight.sum())
    best, best_length = total / n, 0
    while len(order) < n - 1:
        value, node = heapq.heappop(heap)
        if gone[node] or value != degree[node]:
            continue
        gone[node] = True
        order.append(node)
        total -= value
        for other, lost in around[node]:
            if not gone[other]:
                degree[other] -= lost
                heapq.heappush(heap, (degree[other], other))
        if total / (n - len(order)) > best:
            best, best_length = total / (n - len(order)), len(order)
    left = np.setdiff1d(np.arange(n), order[:best_length])
    return Answer(left[left < n_rows], left[left >= n_rows] - n_rows)


def find_in_structure(reviews: Reviews) -> Answer:
    """The most surprising block of accounts × products."""
    blocks = find_surprising_blocks(reviews.count())
    return Answer(blocks[0].rows, blocks[0].columns) if blocks else NOTHING


def find_in_time(reviews: Reviews) -> Answer:
    """The most surprising block of accounts × praise of a product in a window."""
    praise = reviews.rating >= DEFAULT_POLICY.good_rating
    at = reviews.day[praise].astype("datetime64[D]").astype("datetime64[us]")
    acts = DatedActs(reviews.account[praise], reviews.product[praise], at)
    channel = share_in_time(next(record for record in BEHAVIOURS if record.name == PRAISE), [acts])
    blocks = find_channel_blocks(channel, reviews.n_accounts)
    return Answer(blocks[0].accounts, np.unique(channel.subject[blocks[0].things])) if blocks else NOTHING


FRAUDAR, SURPRISE, IN_TIME = "FRAUDAR", "Ringfence", "Ringfence, with time and rating"
METHODS: dict[str, Callable[[Reviews], Answer]] = {
    FRAUDAR: lambda reviews: peel_one_by_one(reviews.count()),
    SURPRISE: find_in_structure,
    IN_TIME: find_in_time,
}


def score(found: IntArray, injected: IntArray) -> float:
    """F: the harmonic mean of precision and recall."""
    return 2.0 * len(np.intersect1d(found, injected)) / max(len(found) + len(injected), 1)


def measure(
    market: Reviews, camouflage: str, densities: Sequence[float], methods: Sequence[str], seeds: int
) -> pd.DataFrame:
    """F of each method on each injection."""
    rows = []
    for density in densities:
        for seed in range(seeds):
            injected = inject(market, camouflage, density, seed)
            for method in methods:
                found = METHODS[method](injected.reviews)
                of_accounts = score(found.accounts, injected.accounts)
                n_accounts = injected.reviews.n_accounts
                nodes = np.concatenate([found.accounts, n_accounts + found.products])
                of_all = score(nodes, np.concatenate([injected.accounts, n_accounts + injected.products]))
                rows.append((camouflage, density, seed, method, of_accounts, of_all))
    columns = ["camouflage", "density", "seed", "method", "accounts", "accounts and products"]
    return pd.DataFrame(rows, columns=columns)


def compare_peels(market: Reviews) -> Iterator[str]:
    """How near the peel in batches comes to the peel of one node at a time."""
    yield "| camouflage | density | one at a time | batches, slack 0 | batches, slack 0.001 | Jaccard, slack 0 |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for camouflage in CAMOUFLAGE:
        for density in (0.2, 0.5, 0.8):
            matrix = inject(market, camouflage, density, 0).reviews.count()
            slowly = peel_one_by_one(matrix)
            exact, quick = (find_dense_blocks(matrix, slack=slack)[0] for slack in (0.0, 0.001))
            nodes = [np.concatenate([rows, matrix.shape[0] + columns]) for rows, columns in _list_nodes(slowly, exact)]
            alike = len(np.intersect1d(*nodes)) / len(np.union1d(*nodes))
            densities = f"{_weigh(matrix, slowly):.5f} | {exact.density:.5f} | {quick.density:.5f}"
            yield f"| {camouflage} | {density} | {densities} | {alike:.3f} |"


def _list_nodes(slowly: Answer, exact: DenseBlock) -> list[tuple[IntArray, IntArray]]:
    return [(slowly.accounts, slowly.products), (exact.rows, exact.columns)]


def _weigh(matrix: csr_array, answer: Answer) -> float:
    inside = (matrix[answer.accounts][:, answer.products] @ weigh_columns(matrix)[answer.products]).sum()
    return float(inside) / (len(answer.accounts) + len(answer.products))


def find_first(table: pd.DataFrame, method: str, measured: str) -> pd.Series:
    """By camouflage, the lowest density from which on the mean F is good enough."""
    means = table[table.method == method].groupby(["camouflage", "density"])[measured].mean().unstack("density")
    good = means.iloc[:, ::-1].ge(GOOD_ENOUGH).cummin(axis=1)
    return good.apply(lambda row: row.index[row.to_numpy()].min() if row.any() else np.nan, axis=1)


HEAD = f"""`python benchmarks/injected_blocks.py --seeds {{seeds}}`: {N_ACCOUNTS} accounts × {N_PRODUCTS} products are
injected into yelpchi (38,063 accounts × 201 products, 67,395 reviews); means over the seeds."""
HEAD_OF_TIMED = f"""The same injections. The block's reviews come within {CAMPAIGN_DAYS} days, with five stars;
camouflage at any time, with any rating. *{IN_TIME}* looks at accounts × (product, window), at reviews
of four or five stars, in windows of 4, 32 and 256 days."""


def write_report(structure: pd.DataFrame, timed: pd.DataFrame, peels: Sequence[str], seeds: int) -> None:
    """The tables as Markdown, and the plot."""
    first = f"Lowest density from which on F ≥ {GOOD_ENOUGH}"
    parts = [
        "# Injected blocks of fake reviews",
        HEAD.format(seeds=seeds),
        "![F over density](injected_blocks.png)",
        f"{first}, on who reviewed what alone:",
        _tabulate_first(structure, [FRAUDAR, SURPRISE]),
        "F of the accounts:",
        _tabulate(structure, "accounts"),
        "F of accounts and products:",
        _tabulate(structure, "accounts and products"),
        "## With time and rating (a protocol of our own)",
        HEAD_OF_TIMED,
        f"{first}:",
        _tabulate_first(timed, [SURPRISE, IN_TIME]),
        "F of the accounts:",
        _tabulate(timed, "accounts"),
        "## One node at a time, and in batches",
        "Weight per node of the first block that FRAUDAR finds:",
        "\n".join(peels),
    ]
    write_result("injected_blocks.md", "\n\n".join(parts) + "\n")
    plot(structure, timed)


def _tabulate_first(table: pd.DataFrame, methods: Sequence[str]) -> str:
    lines = ["| camouflage | F of | " + " | ".join(methods) + " |", "| --- | --- |" + " ---: |" * len(methods)]
    for measured in ("accounts", "accounts and products"):
        firsts = [find_first(table, method, measured) for method in methods]
        for camouflage in CAMOUFLAGE:
            cells = [f"{first[camouflage]:g}" if first[camouflage] > 0 else "never" for first in firsts]
            lines.append(f"| {camouflage} | {measured} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _tabulate(table: pd.DataFrame, measured: str) -> str:
    means = table.groupby(["camouflage", "method", "density"], sort=False)[measured].mean().unstack("density")
    lines = ["| camouflage | method | " + " | ".join(f"{density:g}" for density in means.columns) + " |"]
    lines.append("| --- | --- |" + " ---: |" * len(means.columns))
    for names, row in means.iterrows():
        lines.append("| " + " | ".join([*names, *(f"{value:.2f}" for value in row)]) + " |")
    return "\n".join(lines)


def plot(structure: pd.DataFrame, timed: pd.DataFrame) -> None:
    """F over density: a panel for each camouflage."""
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        print("no plot: matplotlib is in the environment of `make bench` only")
        return
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(CAMOUFLAGE), figsize=(16, 3.6), sharey=True)
    styles = {FRAUDAR: "C1s-", SURPRISE: "C0o-", IN_TIME: "C2^--"}
    for panel, camouflage in zip(panels, CAMOUFLAGE, strict=True):
        for table, method in ((structure, FRAUDAR), (structure, SURPRISE), (timed, IN_TIME)):
            mine = table[(table.camouflage == camouflage) & (table.method == method)]
            means = mine.groupby("density").accounts.mean()
            panel.plot(means.index, means, styles[method], label=method, markersize=4)
        panel.axhline(GOOD_ENOUGH, color="grey", linewidth=0.8, linestyle=":")
        panel.set_title(f"camouflage: {camouflage}")
        panel.set_xlabel("density of the injected block")
    panels[0].set_ylabel("F of the accounts")
    panels[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(RESULTS / "injected_blocks.png", dpi=80)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    folder = options.data / "yelpchi"
    if not folder.is_dir():
        print(f"yelpchi: not found in {options.data}; nothing is measured")
        return
    market = read_reviews(folder)
    structure, timed = (
        pd.concat([measure(market, camouflage, densities, methods, options.seeds) for camouflage in CAMOUFLAGE])
        for densities, methods in ((DENSITIES, (FRAUDAR, SURPRISE)), (SPARSE, (SURPRISE, IN_TIME)))
    )
    write_report(structure, timed, list(compare_peels(market)), options.seeds)


if __name__ == "__main__":
    main()
