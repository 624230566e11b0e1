"""Strangers who do the same thing: fans, launches, recalls, victims, followers; and a telephone that changes hands.

Sizes are a judgement.  What a crowd does is drawn over the days as attention falls: most at once, some much later.
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.ledger import COMPLETED, DISPUTED, REFUNDED
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.village.living import draw_stars, order_and_review, review_honestly
from detection.evaluation.village.seasons import DAY, END_AT, START_AT, draw_about, draw_delays, draw_moments
from detection.evaluation.village.shops import choose_listed, choose_open_shop, choose_shops
from detection.evaluation.village.village import Village, Window

HOUR = 3_600


def form_fans(village: Village) -> None:
    """People who come back to one shop over months, and praise it."""
    for _ in range(village.settings.count_groups("fans")):
        rng, window = village.rng, village.draw_window(250, 700)
        shop = choose_open_shop(village, 1 / 3, window.begins_at)
        members = village.choose(village.draw_size(8, 40), village.are_there(window))
        village.keep(members, window.ends_at)
        buyers = np.repeat(members, 3 + rng.poisson(4.0, len(members)))
        at = draw_moments(rng, *window.spread(len(buyers)))
        products = choose_listed(village, shop, at)
        village.buy(buyers, products, at)
        praises = rng.random(len(buyers)) < 0.45
        count = int(praises.sum())
        stars = draw_stars(rng, np.full(count, 2.0))
        village.rate(buyers[praises], products[praises], at[praises] + draw_delays(rng, 5.0, count), stars)
        village.form("fans", members)


def list_novelty(village: Village, listed_at: int, price: float, quality: float) -> int:
    """A new product of one of the busier shops that were open by then."""
    owners = village.shop_owners[choose_shops(village, 40)]
    open_by = owners[village.people.joined_at[owners] < listed_at]
    seller = open_by[:1] if len(open_by) else owners[:1]
    return int(village.list_items(seller, np.array([listed_at]), np.array([price]), quality=quality)[0])


def form_launches(village: Village) -> None:
    """A new product that a crowd buys within days; most like it, some are cross."""
    for _ in range(village.settings.count_groups("launch")):
        rng, at = village.rng, village.draw_window(30, 30).begins_at
        product = list_novelty(village, at - DAY, float(rng.lognormal(4.0, 0.6)), float(rng.normal(0.6, 0.5)))
        members = village.choose(village.draw_size(20, 90), village.are_there(Window(at, at)))
        village.keep(members, at + 20 * DAY)
        ordered_at = draw_about(rng, at, 1.5 * DAY, len(members))
        village.buy(members, np.full(len(members), product), ordered_at)
        tells = rng.random(len(members)) < 0.4
        review_honestly(village, members[tells], np.full(int(tells.sum()), product), ordered_at[tells])
        village.form("launch", members)


def form_recalls(village: Village) -> None:
    """A product is found to be dangerous: its buyers of months return it within a week, and say what they think."""
    for _ in range(village.settings.count_groups("recall")):
        rng, window = village.rng, village.draw_window(90, 180)
        product = list_novelty(village, window.begins_at - DAY, float(rng.lognormal(3.8, 0.4)), 0.4)
        members = village.choose(village.draw_size(100, 400), village.are_there(window))
        village.keep(members, window.ends_at + 10 * DAY)
        at = draw_moments(rng, *window.spread(len(members)))
        village.buy(members, np.full(len(members), product), at, status=REFUNDED)
        tells = members[rng.random(len(members)) < 0.3]
        said_at = draw_about(rng, window.ends_at, 1.8 * DAY, len(tells))
        village.rate(tells, np.full(len(tells), product), said_at, 1 + (rng.random(len(tells)) < 0.15).astype(np.int64))
        village.form("recall", members)


def form_seller_victims(village: Village) -> None:
    """Buyers of one seller who never ships: they want their money back and say so."""
    for _ in range(village.settings.count_groups("seller_victims")):
        people = village.people
        at = village.draw_window(40, 40).begins_at
        crook = village.pick(1, people.age >= 20)
        people.is_fraud[crook] = True
        people.joined_at[crook] = np.minimum(people.joined_at[crook], at - 10 * DAY)
        village.keep(crook, at + 25 * DAY)
        members = village.choose(village.draw_size(12, 45), village.are_there(Window(at, at)) & ~people.is_fraud)
        village.keep(members, at + 30 * DAY)
        cheat_buyers(village, crook, members, at, 12 * DAY)
        village.form("seller_victims", members)


def cheat_buyers(village: Village, sellers: IntArray, victims: IntArray, at: int, spread_seconds: int) -> None:
    """Victims buy dear things at a low price that never come, and rate them badly."""
    rng, count = village.rng, len(victims)
    price = rng.lognormal(5.2, 0.5, 3 * len(sellers))
    products = village.list_items(np.repeat(sellers, 3), np.full(len(price), at - DAY), price)
    bought = products[rng.integers(0, len(products), count)]
    ordered_at = at + (rng.random(count) * spread_seconds).astype(np.int64)
    fate = np.where(rng.random(count) < 0.6, REFUNDED, np.where(rng.random(count) < 0.8, DISPUTED, COMPLETED))
    village.buy(victims, bought, ordered_at, status=fate, factor=0.7)
    tells = rng.random(count) < 0.5
    said_at = ordered_at[tells] + draw_delays(rng, 12.0, int(tells.sum()))
    stars = 1 + (rng.random(int(tells.sum())) < 0.1).astype(np.int64)
    village.rate(victims[tells], bought[tells], said_at, stars)


def form_followers(village: Village) -> None:
    """Followers of somebody known: they sign up by one referral within days, and buy what she shows."""
    for _ in range(village.settings.count_groups("followers")):
        rng, people = village.rng, village.people
        at = village.draw_window(60, 60).begins_at
        star = village.pick(1, (people.age >= 18) & (people.age <= 45) & (people.joined_at < at))
        members = village.pick(village.draw_size(20, 70), people.age <= 40, town=False)
        people.joined_at[members] = draw_about(rng, at, 1.5 * DAY, len(members))
        people.quits_at[members] = np.maximum(people.quits_at[members], people.joined_at[members] + 30 * DAY)
        village.keep(star, at + 60 * DAY)
        village.refer(members, np.repeat(star, len(members)))
        product = list_novelty(village, at - 3 * DAY, float(rng.lognormal(3.3, 0.5)), 0.6)
        buys = members[rng.random(len(members)) < 0.7]
        order_and_review(
            village, buys, np.full(len(buys), product), people.joined_at[buys] + rng.integers(200, 2 * DAY, len(buys))
        )
        village.form("followers", members)


def form_second_hand(village: Village) -> None:
    """One device and its two to four owners, one after the other."""
    for _ in range(village.settings.count_groups("second_hand")):
        rng, window = village.rng, Window(START_AT, END_AT - 1)
        members = village.rng.permutation(village.choose(int(rng.integers(2, 5)), village.are_there(window), town=True))
        village.keep(members, window.ends_at)
        device = village.ledger.issue("device", 1)[0]
        handed_on = np.sort(draw_moments(rng, *window.spread(len(members) - 1)))
        begins, ends = np.r_[window.begins_at, handed_on + 3 * DAY], np.r_[handed_on, window.ends_at]
        seen = 2 + rng.poisson(3.0, len(members))
        user = np.repeat(np.arange(len(members)), seen)
        at = draw_moments(rng, begins[user], np.maximum(ends[user], begins[user]))
        village.use("device", members[user], device, at)
        village.form("second_hand", np.sort(members))
