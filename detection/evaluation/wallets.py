"""Wallets that pay one another, and nothing else: a market whose only table is transfers.

Exchanges set most wallets up and are paid out to; friends pay one another back, colleagues get wages, circles save in
turn, gifts are collected.  Rings are set up by one payer (as a star, a chain or a tree), pay the same accounts within
hours, and half of them pass on what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detection.evaluation.simulation.market import SimulatedMarket

DAYS = 400.0
EXCHANGES, SERVICES, CIRCLE = 8, 60, 12
"""How many exchanges and services there are, and how many are friends."""
SHAPES = ("star", "chain", "tree", "mixed")
BEGINS = "2023-01-01"
LEAST, MOST = 4, 60
"""How many wallets a ring has."""
_HONEST_SHARE = 0.92


@dataclass
class Market:
    """Transfers while they are being made: payer, payee and day of each; honest groups and rings by their kinds."""

    rng: np.random.Generator
    n: int
    rows: list[tuple[int, int, float]] = field(default_factory=list)
    rings: list[tuple[str, list[int]]] = field(default_factory=list)
    honest: list[tuple[str, list[int]]] = field(default_factory=list)

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
        """A friend, or the wallet itself; one that a ring made has the friends of some honest one."""
        honest = wallet if wallet < len(self.circle) else EXCHANGES + SERVICES + wallet % CIRCLE
        friends = self.friends[self.circle[honest]]
        return int(friends[int(rng.integers(len(friends)))])


def simulate_wallets(n_accounts: int, seed: int, *, is_hard: bool = False) -> SimulatedMarket:
    """Simulate wallets that pay one another, with rings among them.

    Parameters
    ----------
    n_accounts
        How many wallets there are, those of rings included.
    seed
        The same settings and seed give the same tables, to the byte.
    is_hard
        Whether rings take days to set up, and their wallets also do what honest ones do.
    """
    market, places = found_market(int(n_accounts * _HONEST_SHARE), seed)
    number = 0
    while market.n + LEAST <= n_accounts:
        ring = add_ring(market, places, SHAPES[number % len(SHAPES)], most=n_accounts - market.n, is_slow=is_hard)
        number += 1
        for wallet in ring if is_hard else ():
            live(market, places, wallet, market.rng.uniform(20, DAYS - 20), 1.0)
    market.add_wallets(n_accounts - market.n)
    return _tell(market, np.random.default_rng([seed, 34]))


def simulate(n: int, n_rings: int, seed: int) -> Market:
    """A market of so many honest wallets, and so many rings."""
    market, places = found_market(n, seed)
    for number in range(n_rings):
        add_ring(market, places, SHAPES[number % len(SHAPES)])
    return market


def found_market(n: int, seed: int) -> tuple[Market, Places]:
    """So many honest wallets, with all that they pay, and where they put their money."""
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
    return market, places


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
    market.honest.append(("wages", [boss, *crew]))


def save_in_turn(market: Market) -> None:
    """All pay one of them, every fortnight another one."""
    crew, begin = pick_crew(market, 5, 12), market.rng.uniform(30, 200)
    for turn, whose in enumerate(crew):
        for one in crew:
            market.pay(one, whose, begin + 15 * turn + market.rng.uniform(0, 1))
    market.honest.append(("savings_circle", crew))


def collect_gift(market: Market) -> None:
    """Some pay one of them within an evening."""
    whose, evening = anybody(market), market.rng.uniform(30, DAYS)
    crew = pick_crew(market, 6, 15)
    for one in crew:
        market.pay(one, whose, evening + market.rng.uniform(0, 0.3))
    market.honest.append(("gift", [whose, *crew]))


def add_ring(market: Market, places: Places, shape: str, *, most: int = MOST, is_slow: bool = False) -> list[int]:
    """One ring of at most so many wallets: set up, put to use, and emptied."""
    rng = market.rng
    wallets = market.add_wallets(int(np.clip(rng.lognormal(2.3, 0.6), LEAST, min(most, MOST))))
    begin, pace = rng.uniform(20, DAYS - 40), rng.choice([0.3, 1.0, 3.0] if is_slow else [0.002, 0.02, 0.3])
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
    return wallets


def list_payers(wallets: Sequence[int], funder: int, shape: str) -> Iterator[int]:
    """Who sets each wallet up; the first one's payer is the funder."""
    for place in range(len(wallets)):
        is_star = shape == "star" or (shape == "mixed" and place < len(wallets) // 2)
        if is_star or place == 0:
            yield funder
        else:
            yield wallets[(place - 1) // 3] if shape == "tree" else wallets[place - 1]


def _tell(market: Market, rng: np.random.Generator) -> SimulatedMarket:
    names = np.array([f"w{number:06d}" for number in rng.permutation(market.n)], dtype=object)
    payer, payee, day = np.array(market.rows).T
    order = np.lexsort((payee, payer, day))
    seconds = np.round(day[order] * 86_400).astype(np.int64)
    at = (np.datetime64(BEGINS, "s") + seconds).astype("datetime64[s]")
    transfers = pd.DataFrame(
        {
            "transfer_id": [f"t{number:07d}" for number in range(len(order))],
            "payer_id": names[payer[order].astype(np.int64)],
            "payee_id": names[payee[order].astype(np.int64)],
            "amount": np.round(rng.lognormal(3.5, 1.2, len(order)), 2),
            "currency": "EUR",
            "paid_at": np.datetime_as_string(at, unit="s", timezone="UTC").astype(object),
        }
    )
    rings = _list_groups(market.rings, names, "ring").assign(role="member", sharing="none", method="none")
    accounts = pd.DataFrame({"account_id": np.sort(names)})
    truth = {
        "rings": rings.rename(columns={"group_id": "ring_id"}),
        "lookalikes": _list_groups(market.honest, names, "group"),
        "accounts": accounts.assign(is_fraud=accounts["account_id"].isin(rings["account_id"])),
    }
    return SimulatedMarket({"accounts": accounts, "transfers": transfers}, truth)


def _list_groups(groups: Sequence[tuple[str, list[int]]], names: NDArray[np.object_], name: str) -> pd.DataFrame:
    rows = [(f"{name}-{n:04d}", kind, names[one]) for n, (kind, who) in enumerate(groups) for one in dict.fromkeys(who)]
    return pd.DataFrame(rows, columns=["group_id", "kind", "account_id"])
