"""Who comes, who opens a shop, and eighteen months of honest trade, week by week."""

from __future__ import annotations

import numpy as np

from detection.evaluation.bazaar.bazaar import N_TOWNS, THINGS, Bazaar
from detection.evaluation.bazaar.seasons import (
    AUTUMN_AT,
    DAY,
    END_AT,
    N_WEEKS,
    START_AT,
    WEEK,
    draw_cascade,
    draw_demand,
    set_hours,
)
from detection.evaluation.bazaar.settings import BazaarSettings
from detection.evaluation.simulation.ledger import COMPLETED, Ledger
from detection.evaluation.simulation.rhythm import FloatArray, IntArray

_N_CATEGORIES = 12
_OLD, _STEADY, _CAMPAIGN = 0.25, 0.35, 0.30  # the rest comes with universities in autumn
_KEEPERS = 0.06


def found_bazaar(rng: np.random.Generator, settings: BazaarSettings) -> Bazaar:
    """Let accounts join: before the records, steadily, in the waves of eight campaigns, in autumn."""
    n, ledger = settings.n_accounts, Ledger()
    town = rng.choice(N_TOWNS, n, p=_weigh_towns())
    homes = ledger.issue("address", n)
    ledger.add("places", place=homes, town=town)
    return Bazaar(
        rng=rng, settings=settings, created_at=_draw_arrivals(rng, n), town=town,
        # Purchases per customer are heavy-tailed in published data of large shops; the spread is by judgement.
        rate=rng.lognormal(-4.0, 1.2, n), friend=_choose_friends(rng, town), home=homes,
        owns={kind: np.ones(n, dtype=bool) for kind in THINGS},
        is_fraud=np.zeros(n, dtype=bool), keeps_shop=rng.random(n) < _KEEPERS, is_fixed=np.zeros(n, dtype=bool),
        bad_since=np.full(n, END_AT), quality=rng.beta(8, 2, n), ledger=ledger,
    )  # fmt: skip


def _weigh_towns() -> FloatArray:
    weights = 1.0 / np.arange(1, N_TOWNS + 1) ** 0.8
    return np.asarray(weights / weights.sum())


def _draw_arrivals(rng: np.random.Generator, n: int) -> IntArray:
    way = np.searchsorted(np.cumsum([_OLD, _STEADY, _CAMPAIGN]), rng.random(n))
    campaign = rng.integers(START_AT, END_AT - 40 * DAY, 8)[rng.integers(0, 8, n)]
    ways = [
        START_AT - rng.exponential(500 * DAY, n).clip(0, 2500 * DAY),
        rng.uniform(START_AT, END_AT - DAY, n),
        campaign + rng.exponential(9 * DAY, n).clip(0, 40 * DAY - 1),
        AUTUMN_AT + rng.normal(0, 14 * DAY, n),
    ]
    return set_hours(rng, np.choose(way, ways).astype(np.int64))


def _choose_friends(rng: np.random.Generator, town: IntArray) -> IntArray:
    """Somebody near in a list by towns: friendships overlap, so that third parties are often common."""
    n = len(town)
    order = np.lexsort((rng.random(n), town))
    step = rng.geometric(0.25, n) * rng.choice([-1, 1], n)
    friend = np.empty(n, dtype=np.int64)
    friend[order] = order[(np.arange(n) + step) % n]
    return np.where(friend == np.arange(n), (friend + 1) % n, friend)


def open_shops(bazaar: Bazaar) -> None:
    """Let shops list their stock: Pareto sizes, one by one over the life of a shop."""
    rng, keepers = bazaar.rng, np.flatnonzero(bazaar.keeps_shop)
    opened = np.maximum(bazaar.created_at[keepers], START_AT - 200 * DAY)
    sizes = np.minimum(1 + (rng.pareto(1.3, len(keepers)) * 2).astype(np.int64), 60)
    seller = np.repeat(keepers, sizes)
    at = np.repeat(opened, sizes) + (rng.exponential(60 * DAY, len(seller))).astype(np.int64)
    # The first of each shop stands there from the beginning.
    at[np.cumsum(sizes) - sizes] = opened
    price = np.repeat(rng.lognormal(3.2, 0.8, len(keepers)), sizes) * rng.lognormal(0, 0.4, len(seller))
    bazaar.offer(seller, price, np.minimum(at, END_AT - DAY))


def trade(bazaar: Bazaar) -> None:
    """Let people buy, review and pay one another, week by week.

    A purchase goes to the last shop again (Bracci and others, Macroscopic properties of buyer-seller networks in
    online marketplaces, 2022, find that buyers remember), to a friend's last shop (which closes triangles), or to
    what sells already (preferential attachment).  Purchases set off others.  The shares are by judgement.
    Cost: in proportion to orders, plus weeks times accounts.
    """
    rng, n_products = bazaar.rng, len(bazaar.goods.seller)
    last = np.full(bazaar.settings.n_accounts, -1)
    sold, closes_at = np.ones(n_products), _draw_closings(bazaar)
    category, cuts = bazaar.goods.seller % _N_CATEGORIES, _draw_price_wars(rng)
    for week, demand in enumerate(draw_demand()):
        begins_at = START_AT + week * WEEK
        alive = (bazaar.goods.listed_at < begins_at) & (closes_at[bazaar.goods.seller] > begins_at)
        cut = cuts[week][category]
        appeal = np.cumsum(sold * alive / cut**2)
        buyers = _draw_buyers(bazaar, begins_at, demand)
        chance = np.minimum(np.searchsorted(appeal, rng.random(len(buyers)) * appeal[-1]), n_products - 1)
        products = _remember(bazaar, buyers, last, alive, chance)
        at = set_hours(rng, begins_at + rng.integers(0, WEEK, len(buyers)))
        _sell(bazaar, buyers, products, at, cut)
        last[buyers] = products
        sold += np.bincount(products, minlength=n_products)
    _pay_friends(bazaar)


def _draw_closings(bazaar: Bazaar) -> IntArray:
    life = bazaar.rng.lognormal(np.log(400 * DAY), 0.9, bazaar.settings.n_accounts)
    return np.asarray(np.maximum(bazaar.created_at, START_AT) + life.astype(np.int64))


def _draw_price_wars(rng: np.random.Generator) -> FloatArray:
    """What is left of prices by week and category: wars last three to six weeks."""
    cuts = np.ones((N_WEEKS, _N_CATEGORIES))
    for category in range(_N_CATEGORIES):
        for begin in rng.integers(0, N_WEEKS, 3).tolist():
            cuts[begin : begin + int(rng.integers(3, 7)), category] = rng.uniform(0.6, 0.9)
    return cuts


def _draw_buyers(bazaar: Bazaar, begins_at: int, demand: float) -> IntArray:
    """Who buys in a week, as often as they do; people buy more when they are new."""
    age_weeks = (begins_at - bazaar.created_at) / WEEK
    eager = np.where(age_weeks < 0, 0.0, 0.5 + 2.0 * np.exp(-age_weeks.clip(0) / 8))
    counts = bazaar.rng.poisson(np.minimum(bazaar.rate, 2.0) * eager * demand)
    return bazaar.rng.permutation(np.repeat(np.arange(len(counts)), counts))


def _remember(bazaar: Bazaar, buyers: IntArray, last: IntArray, alive: np.ndarray, chance: IntArray) -> IntArray:
    """What each buys: something of the shop remembered or heard of, or else what chance says."""
    draw = bazaar.rng.random(len(buyers))
    heard = np.where(draw < 0.30, last[buyers], np.where(draw < 0.45, last[bazaar.friend[buyers]], -1))
    neighbour = np.minimum(np.maximum(heard, 0) + 1, len(alive) - 1)
    same_shop = bazaar.goods.seller[neighbour] == bazaar.goods.seller[heard]
    moves = (bazaar.rng.random(len(buyers)) < 0.4) & same_shop & alive[neighbour]
    heard = np.where((heard >= 0) & moves, neighbour, heard)
    return np.where((heard >= 0) & alive[heard], heard, chance)


def _sell(bazaar: Bazaar, buyers: IntArray, products: IntArray, at: IntArray, cut: FloatArray) -> None:
    rng = bazaar.rng
    echo = draw_cascade(rng, at, 0.12, 3.0)
    others = bazaar.friend[buyers[echo.seed]]
    buyers, products = np.concatenate([buyers, others]), np.concatenate([products, products[echo.seed]])
    at = np.concatenate([at, echo.at])
    fair = (buyers != bazaar.goods.seller[products]) & (at > bazaar.created_at[buyers])
    buy_honestly(bazaar, buyers[fair], products[fair], at[fair], cut[products[fair]])


def buy_honestly(bazaar: Bazaar, buyers: IntArray, products: IntArray, at: IntArray, cut: FloatArray | float) -> None:
    """Orders as people make them: some go wrong, more so with bad shops; one in five is reviewed, in a J."""
    rng, good = bazaar.rng, bazaar.quality[bazaar.goods.seller[products]]
    draw = rng.random(len(buyers))
    bad = 0.02 + 0.2 * (1 - good)
    status = np.where(draw < bad, 1, np.where(draw < bad + 0.006, 2, np.where(draw > 0.98, 3, COMPLETED)))
    bazaar.buy(buyers, products, at, status, cut)
    tells = rng.random(len(buyers)) < np.where(status == COMPLETED, 0.19, 0.3)
    pleased = rng.random(len(buyers)) < np.where(status == COMPLETED, 0.55 + 0.4 * good, 0.2)
    rating = np.where(pleased, rng.choice([5, 4], len(buyers), p=[0.75, 0.25]), rng.choice([1, 2, 3], len(buyers)))
    later = at + (rng.lognormal(np.log(6), 0.7, len(buyers)) * DAY).astype(np.int64)
    bazaar.review(buyers[tells], products[tells], later[tells], rating[tells])


def _pay_friends(bazaar: Bazaar) -> None:
    """Payments between acquaintances, a third of them answered: by judgement."""
    rng, n = bazaar.rng, bazaar.settings.n_accounts
    payer = np.flatnonzero(rng.random(n) < 0.25)
    payer = np.repeat(payer, rng.geometric(0.6, len(payer)))
    payee = bazaar.friend[payer]
    from_at = np.maximum(np.maximum(bazaar.created_at[payer], bazaar.created_at[payee]), START_AT)
    at = set_hours(rng, from_at + DAY + (rng.random(len(payer)) * (END_AT - from_at)).astype(np.int64))
    amounts, back = rng.lognormal(2.9, 0.9, len(payer)), rng.random(len(payer)) < 0.33
    bazaar.pay(payer, payee, at, amounts)
    later = at[back] + rng.exponential(20 * DAY, int(back.sum())).astype(np.int64)
    bazaar.pay(payee[back], payer[back], later, amounts[back] * rng.uniform(0.4, 1.6, int(back.sum())))


def refer_friends(bazaar: Bazaar) -> None:
    """One account in twelve was brought by a friend who was there before."""
    rng, n = bazaar.rng, bazaar.settings.n_accounts
    brought = (rng.random(n) < 1 / 6) & (bazaar.created_at[bazaar.friend] < bazaar.created_at)
    account = np.flatnonzero(brought & ~bazaar.is_fraud)
    bazaar.ledger.add("referrals", account=account, referrer=bazaar.friend[account])
