"""What it takes to score five million reviews and to find their blocks, in one process.

    python benchmarks/review_speed.py [--reviews 5000000]

A market of synthetic reviews with heavy tails on both sides, and five campaigns planted in it: 200 accounts × 40
products at a density of 0.3, with as much biased camouflage.  Each part runs in this process, one after the other;
memory is the most that the process held until the end of the part.  Writes results/review_speed.md.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from injected_blocks import peel_one_by_one
from measure import write_result
from scipy.sparse import csr_array

from detection.candidates.blocks.propose import find_channel_blocks
from detection.candidates.blocks.surprising import find_surprising_blocks
from detection.channels.catalogue import BEHAVIOURS, PRAISE
from detection.channels.windows import DatedActs, share_in_time
from detection.evaluation.fraudar import find_dense_blocks
from detection.policy import DEFAULT_POLICY
from detection.reviews.facts import ReviewFacts
from detection.reviews.judge import judge_reviews

IntArray = npt.NDArray[np.int64]
FIRST_DAY, LAST_DAY = 17_000, 19_000
CAMPAIGN_ACCOUNTS, CAMPAIGN_PRODUCTS, CAMPAIGN_DENSITY, N_CAMPAIGNS = 200, 40, 0.3, 5
SLOW_SHARE = 0.04


@dataclass(frozen=True)
class Part:
    """One step: what it took, and what it found."""

    name: str
    seconds: float
    gib: float
    found: str


def make_reviews(n_reviews: int, seed: int = 1) -> ReviewFacts:
    """Reviews by 0.3 accounts and of 0.01 products each, Zipf-like; the last thousand accounts are five campaigns."""
    rng = np.random.default_rng(seed)
    n_accounts, n_products = int(0.3 * n_reviews), int(0.01 * n_reviews)
    author = draw_zipf(n_accounts, 0.6, n_reviews, rng)
    target = draw_zipf(n_products, 0.7, n_reviews, rng)
    rating = rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], n_reviews, p=[0.1, 0.05, 0.1, 0.25, 0.5])
    day = rng.integers(FIRST_DAY, LAST_DAY, n_reviews).astype(np.float64)
    parts = [(author, target, rating, day)]
    for campaign in range(N_CAMPAIGNS):
        row, column = np.nonzero(rng.random((CAMPAIGN_ACCOUNTS, CAMPAIGN_PRODUCTS)) < CAMPAIGN_DENSITY)
        members = n_accounts + campaign * CAMPAIGN_ACCOUNTS + row
        products = rng.choice(n_products, CAMPAIGN_PRODUCTS, replace=False)[column]
        begin = rng.integers(FIRST_DAY, LAST_DAY - 28)
        when = begin + rng.integers(0, 28, len(row)).astype(np.float64)
        cover = draw_zipf(n_products, 0.7, len(row), rng)
        parts += [
            (members, products, np.full(len(row), 5.0), when),
            (members, cover, *draw_like(rating, day, len(row))),
        ]
    author, target, rating, day = (np.concatenate(column) for column in zip(*parts, strict=True))
    n_all = n_accounts + N_CAMPAIGNS * CAMPAIGN_ACCOUNTS
    return ReviewFacts(author, target, rating, day, n_all, n_products, np.full(len(author), np.nan))


def draw_zipf(n: int, exponent: float, size: int, rng: np.random.Generator) -> IntArray:
    """Numbers below n, the k-th in proportion to (k + 1) ** -exponent."""
    bounds = np.cumsum(np.arange(1, n + 1, dtype=np.float64) ** -exponent)
    return np.searchsorted(bounds, rng.random(size) * bounds[-1]).astype(np.int64)


def draw_like(
    rating: npt.NDArray[np.float64], day: npt.NDArray[np.float64], size: int
) -> list[npt.NDArray[np.float64]]:
    """Ratings and days of the first reviews, which are in no order."""
    return [rating[:size], day[:size]]


def count_reviews(facts: ReviewFacts) -> csr_array:
    """Accounts × products, how many reviews."""
    shape = facts.n_accounts, facts.n_targets
    matrix = csr_array((np.ones(len(facts.author)), (facts.author, facts.target)), shape=shape)
    matrix.sum_duplicates()
    return matrix


def take(name: str, work: Callable[[], str]) -> Part:
    """Run one part."""
    began = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - began
    return Part(name, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, found)


def find_campaigns(facts: ReviewFacts, n_blocks: int) -> str:
    """Surprising blocks, and how many of the campaigns are among them."""
    blocks = find_surprising_blocks(count_reviews(facts), n_blocks=n_blocks)
    return _count_hits([block.rows for block in blocks], facts)


def find_campaigns_in_time(facts: ReviewFacts, n_blocks: int) -> str:
    """The same on accounts × (product, window) of praise, each of three windows by itself."""
    good = facts.rating >= DEFAULT_POLICY.good_rating
    at = facts.day[good].astype("datetime64[D]").astype("datetime64[us]")
    acts = DatedActs(facts.author[good], facts.target[good], at)
    channel = share_in_time(next(record for record in BEHAVIOURS if record.name == PRAISE), [acts])
    blocks = find_channel_blocks(channel, facts.n_accounts, n_blocks=n_blocks)
    return f"{channel.n_things:,} columns in three grains; {_count_hits([block.accounts for block in blocks], facts)}"


def _count_hits(blocks: list[IntArray], facts: ReviewFacts) -> str:
    begin = facts.n_accounts - N_CAMPAIGNS * CAMPAIGN_ACCOUNTS
    hit = {int(np.median((rows - begin) // CAMPAIGN_ACCOUNTS)) for rows in blocks if _is_pure(rows, begin)}
    return f"{len(blocks)} blocks, {len(hit)} of the {N_CAMPAIGNS} campaigns"


def _is_pure(rows: IntArray, begin: int) -> bool:
    of_campaign = (rows[rows >= begin] - begin) // CAMPAIGN_ACCOUNTS
    return len(of_campaign) >= 0.9 * len(rows) and int(np.bincount(of_campaign).max()) >= 0.9 * CAMPAIGN_ACCOUNTS


def judge(facts: ReviewFacts) -> str:
    """Review scores, and what those of the campaigns rank at."""
    suspicion = judge_reviews(facts).suspicion
    planted = facts.author >= facts.n_accounts - N_CAMPAIGNS * CAMPAIGN_ACCOUNTS
    return f"mean suspicion {suspicion.mean():.3f}, of the campaigns {suspicion[planted].mean():.3f}"


def peel(facts: ReviewFacts) -> str:
    """FRAUDAR's densest block."""
    block = find_dense_blocks(count_reviews(facts))[0]
    return f"densest block {len(block.rows):,} × {len(block.columns):,}"


def peel_slowly(n_reviews: int) -> str:
    """The naive way, on a smaller market."""
    found = peel_one_by_one(count_reviews(make_reviews(int(SLOW_SHARE * n_reviews))))
    return f"densest block {len(found.accounts):,} × {len(found.products):,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=5_000_000)
    parser.add_argument("--blocks", type=int, default=10)
    options = parser.parse_args()
    facts = make_reviews(options.reviews)
    parts = [
        take("surprising blocks", lambda: find_campaigns(facts, options.blocks)),
        take("review scores", lambda: judge(facts)),
        take("blocks in time", lambda: find_campaigns_in_time(facts, options.blocks)),
        take("FRAUDAR in batches", lambda: peel(facts)),
        take(f"FRAUDAR, one node at a time, {SLOW_SHARE:.0%} of the reviews", lambda: peel_slowly(options.reviews)),
    ]
    head = f"`python benchmarks/review_speed.py --reviews {options.reviews}`: {facts.n_accounts:,} accounts, "
    lines = ["# Five million reviews", "", head + f"{facts.n_targets:,} products, {len(facts.author):,} reviews.", ""]
    lines += ["| part | seconds | most memory so far, GiB | found |", "| --- | ---: | ---: | --- |"]
    lines += [f"| {part.name} | {part.seconds:.1f} | {part.gib:.2f} | {part.found} |" for part in parts]
    write_result("review_speed.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
