"""Rings on a market of nothing but transfers: no identifiers, no products, no sign-ups.

    .venv/bin/python benchmarks/transfers.py --seeds 3

Exchanges set most wallets up and are paid out to; friends pay one another back, colleagues get wages, circles save in
turn, gifts are collected.  Rings are set up by one payer (as a star, a chain or a tree), pay the same accounts within
hours, and half of them pass on what is left.  Writes ``benchmarks/results/transfers.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from measure import write_result
from numpy.typing import NDArray

from detection.evaluation.measures import list_members, match_groups, score_ranking
from detection.evaluation.truth import TrueGroup
from detection.evidence.market import make_market
from detection.rings.build import build_rings
from detection.search import search_market
from detection.settings import DetectSettings
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.results import Ring
from graph.settings import Settings

DAYS = 400.0
EXCHANGES, SERVICES, CIRCLE = 8, 60, 12
"""How many exchanges and services there are, and how many are friends."""
SHAPES = ("star", "chain", "tree", "mixed")
HEAD = (
    "| seed | rings | listed | mean best Jaccard | real of the first 100 | average precision | recall"
    " | for review or automatic | processor seconds |"
)
WRITTEN = (
    "Written by `benchmarks/transfers.py`: {:,} honest wallets; other seeds of the generator were looked at while the\n"
    "rules were found, those here were not."
)
FIRST = 100
"""So many rings at the head of the list are looked at."""


@dataclass
class Market:
    """Transfers while they are being made: payer, payee and day of each; honest groups and rings."""

    rng: np.random.Generator
    n: int
    rows: list[tuple[int, int, float]] = field(default_factory=list)
    rings: list[tuple[str, list[int]]] = field(default_factory=list)

    def pay(self, payer: int, payee: int, day: float) -> None:
        """One transfer, if it is in time and to another."""
        if payer != payee and day < DAYS:
            self.rows.append((int(payer), int(payee), float(day)))

    def add_wallets(self, count: int) -> list[int]:
        """New wallets."""
        self.n += count
        return list(range(self.n - count, self.n))


@dataclass(frozen=True)
class Places:
    """Where people put money: how much each exchange and service is used, and everybody's friends."""

    exchanges: NDArray[np.float64]
    services: NDArray[np.float64]
    friends: Sequence[Sequence[int]]
    circle: NDArray[np.int64]

    def pick_exchange(self, rng: np.random.Generator) -> int:
        """One, as often as people choose it."""
        return int(rng.choice(EXCHANGES, p=self.exchanges))

    def pick_service(self, rng: np.random.Generator) -> int:
        """The same of services."""
        return EXCHANGES + int(rng.choice(SERVICES, p=self.services))

    def pick_friend(self, wallet: int, rng: np.random.Generator) -> int:
        """A friend, or the wallet itself."""
        friends = self.friends[self.circle[wallet]]
        return int(friends[int(rng.integers(len(friends)))])


def simulate(n: int, n_rings: int, seed: int) -> Market:
    """A market of so many honest wallets, and so many rings."""
    rng = np.random.default_rng(seed)
    market, circle = Market(rng, n), rng.integers(0, n // CIRCLE, n)
    friends: list[list[int]] = [[] for _ in range(n // CIRCLE)]
    for wallet in range(EXCHANGES + SERVICES, n):
        friends[circle[wallet]].append(wallet)
    exchanges, services = rng.dirichlet(np.full(EXCHANGES, 0.7)), rng.dirichlet(np.full(SERVICES, 0.35))
    places = Places(exchanges, services, friends, circle)
    joined, busy = rng.uniform(0, DAYS - 20, n), rng.lognormal(0, 1.1, n)
    for wallet in range(EXCHANGES + SERVICES, n):
        live(market, places, wallet, joined[wallet], busy[wallet])
    for _ in range(20):
        pay_wages(market)
        save_in_turn(market)
        collect_gift(market)
    for number in range(n_rings):
        add_ring(market, places, SHAPES[number % len(SHAPES)])
    return market


def live(market: Market, places: Places, wallet: int, joined: float, busy: float) -> None:
    """One honest wallet: set up by an exchange or a friend, it pays services, friends, and now and then anybody."""
    rng, began = market.rng, rng_choice(market.rng, (0.62, 0.23, 0.15))
    if began == 0:
        market.pay(places.pick_exchange(rng), wallet, joined + rng.exponential(0.2))
    elif began == 1:
        market.pay(places.pick_friend(wallet, rng), wallet, joined + rng.exponential(1.0))
    for day in np.sort(rng.uniform(joined, DAYS, rng.poisson(3 * busy))):
        pick = rng_choice(rng, (0.55, 0.35, 0.1))
        to_whom = (places.pick_service(rng), places.pick_friend(wallet, rng), anybody(market))[pick]
        market.pay(wallet, to_whom, day)
    if rng.random() < 0.25:
        market.pay(wallet, places.pick_exchange(rng), rng.uniform(joined, DAYS))


def rng_choice(rng: np.random.Generator, shares: Sequence[float]) -> int:
    """Which of several, by their shares."""
    return int(rng.choice(len(shares), p=shares))


def anybody(market: Market) -> int:
    """An honest wallet, whoever it is."""
    return int(market.rng.integers(EXCHANGES + SERVICES, market.n))


def pick_crew(market: Market, least: int, most: int) -> list[int]:
    """Some honest wallets."""
    return [anybody(market) for _ in range(int(market.rng.integers(least, most)))]


def pay_wages(market: Market) -> None:
    """One pays its crew at the same hour, month by month."""
    boss, crew = anybody(market), pick_crew(market, 5, 20)
    for month in range(int(market.rng.integers(3, 12))):
        for one in crew:
            market.pay(boss, one, 30 * month + market.rng.uniform(0, 0.2))


def save_in_turn(market: Market) -> None:
    """All pay one of them, every fortnight another one."""
    crew, begin = pick_crew(market, 5, 12), market.rng.uniform(30, 200)
    for turn, whose in enumerate(crew):
        for one in crew:
            market.pay(one, whose, begin + 15 * turn + market.rng.uniform(0, 1))


def collect_gift(market: Market) -> None:
    """Some pay one of them within an evening."""
    whose, evening = anybody(market), market.rng.uniform(30, DAYS)
    for one in pick_crew(market, 6, 15):
        market.pay(one, whose, evening + market.rng.uniform(0, 0.3))


def add_ring(market: Market, places: Places, shape: str) -> None:
    """One ring: set up, put to use, and emptied."""
    rng = market.rng
    wallets = market.add_wallets(int(np.clip(rng.lognormal(2.3, 0.6), 4, 60)))
    begin, pace = rng.uniform(20, DAYS - 40), rng.choice([0.002, 0.02, 0.3])
    funder = anybody(market) if rng.random() < 0.3 else wallets[0]
    market.pay(places.pick_exchange(rng), wallets[0], begin)
    day = begin
    for place, payer in enumerate(list_payers(wallets, funder, shape)):
        day += rng.exponential(pace)
        market.pay(payer, wallets[place], day)
    for _ in range(int(rng.integers(1, 5))):
        service, when = places.pick_service(rng), day + rng.exponential(8)
        for wallet in wallets:
            if rng.random() < 0.85:
                market.pay(wallet, service, when + rng.exponential(0.05 if rng.random() < 0.7 else 2.0))
        day = when
    if rng.random() < 0.5:
        last = wallets[0] if rng.random() < 0.5 else places.pick_exchange(rng)
        for wallet in wallets:
            market.pay(wallet, last, day + 1 + rng.exponential(10) / 10)
    market.rings.append((shape, wallets))


def list_payers(wallets: Sequence[int], funder: int, shape: str) -> Iterator[int]:
    """Who sets each wallet up; the first one's payer is the funder."""
    for place in range(len(wallets)):
        is_star = shape == "star" or (shape == "mixed" and place < len(wallets) // 2)
        if is_star or place == 0:
            yield funder
        else:
            yield wallets[(place - 1) // 3] if shape == "tree" else wallets[place - 1]


def load(market: Market) -> tuple[Snapshot, list[TrueGroup]]:
    """The snapshot of a market, and its rings, under names that tell nothing."""
    names = [f"w{number:06d}" for number in market.rng.permutation(market.n)]
    rows = sorted(market.rows, key=lambda row: row[2])
    orders = pd.DataFrame(
        {
            "order_id": [f"t{number}" for number in range(len(rows))],
            "buyer_id": [names[payer] for payer, _, _ in rows],
            "seller_id": [names[payee] for _, payee, _ in rows],
            "ordered_at": pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta([day for *_, day in rows], unit="D"),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "market"
        place.mkdir()
        pd.DataFrame({"account_id": names}).to_parquet(place / "accounts.parquet")
        orders.to_parquet(place / "orders.parquet")
        with open_store(f"{folder}/store", mode="write") as store:
            store.load(read_folder(place, Settings()))
            snapshot = store.snapshot()
    rings = enumerate(market.rings)
    return snapshot, [TrueGroup(f"R{n}", shape, frozenset(names[row] for row in who)) for n, (shape, who) in rings]


def find_best(rings: Sequence[Ring], truth: Sequence[TrueGroup]) -> list[float]:
    """The best Jaccard index that a listed ring has with each true one."""
    found, of = list_members(rings), Counter[tuple[int, int]]()
    where: dict[str, list[int]] = {}
    for number, ring in enumerate(found):
        for account in ring:
            where.setdefault(account, []).append(number)
    for place, group in enumerate(truth):
        of.update((place, number) for account in group.members for number in where.get(account, ()))
    best = [0.0] * len(truth)
    for (place, number), common in of.items():
        best[place] = max(best[place], common / (len(found[number]) + len(truth[place].members) - common))
    return best


def run_trial(n: int, n_rings: int, seed: int) -> str:
    """A line of the table."""
    snapshot, truth = load(simulate(n, n_rings, seed))
    began, settings = time.process_time(), DetectSettings()
    rings = build_rings(search_market(make_market(snapshot, settings), settings))
    seconds = time.process_time() - began
    bad, found = frozenset().union(*(group.members for group in truth)), list_members(rings)
    real = [2 * len(members & bad) >= len(members) for members in found[:FIRST]]
    score = score_ranking(match_groups(found, truth), len(truth))
    tiers = Counter(ring.tier for ring in rings)
    cells = (
        str(seed), f"{len(truth)}", f"{len(rings)}", f"{np.mean(find_best(rings, truth)):.3f}",
        f"{np.mean(real or [False]):.2f}", f"{score.average_precision.value:.3f}", f"{score.recall.value:.3f}",
        f"{tiers['review'] + tiers['automatic']}", f"{seconds:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--rings", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    lines = [
        "# Transfers between wallets\n",
        f"{WRITTEN.format(asked.accounts)}\n",
        HEAD,
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(run_trial(asked.accounts, asked.rings, 101 + seed) for seed in range(asked.seeds)),
    ]
    write_result("transfers.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
