"""What rings do.  Every share and number is drawn anew for each ring, from ranges that are ours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from detection.evaluation.bazaar.bazaar import Bazaar
from detection.evaluation.bazaar.ring_plans import Ring, draw_deeds, leak_identity
from detection.evaluation.bazaar.seasons import DAY, END_AT, spread
from detection.evaluation.simulation.ledger import COMPLETED, DISPUTED, REFUNDED
from detection.evaluation.simulation.rhythm import IntArray


def act(bazaar: Bazaar, rings: list[Ring]) -> None:
    """Let each ring do its deeds, and leak what it leaks."""
    for ring in rings:
        _DEEDS[ring.method](bazaar, ring)
        leak_identity(bazaar, ring)


def circulate_items(bazaar: Bazaar, ring: Ring) -> None:
    """Goods go round from member to member, dearer each time, in rounds of changing order."""
    rng, members = bazaar.rng, ring.members
    rounds = int(rng.integers(2, 7))
    orders = [rng.permutation(members) for _ in range(rounds)]
    seller, buyer = np.concatenate(orders), np.concatenate([np.roll(order, -1) for order in orders])
    at = np.sort(draw_deeds(bazaar, ring, len(seller)))
    step = np.tile(np.arange(len(members)), rounds)
    price = rng.lognormal(4.0, 0.7) * (1 + rng.uniform(0.01, 0.08) * step) * rng.lognormal(0, 0.05, len(seller))
    products = bazaar.offer(seller, price, at - rng.integers(600, DAY, len(seller)))
    bazaar.buy(buyer, products, at)
    _praise(bazaar, buyer, products, at, rng.uniform(0, 0.6))


def _praise(bazaar: Bazaar, accounts: IntArray, products: IntArray, at: IntArray, share: float) -> None:
    tells = bazaar.rng.random(len(at)) < share
    later = at[tells] + (bazaar.rng.exponential(3, int(tells.sum())) * DAY).astype(np.int64) + 3_600
    rating = bazaar.rng.choice([5, 4], int(tells.sum()), p=[0.9, 0.1])
    bazaar.review(accounts[tells], products[tells], later, rating, is_fake=True)


def buy_for_rank(bazaar: Bazaar, ring: Ring) -> None:
    """Made-up buyers of one shop: it rises in the ranking, and now and then they praise it."""
    rng, goods = bazaar.rng, bazaar.find_goods(int(ring.patrons[0]))
    chosen = rng.choice(goods, min(len(goods), int(rng.integers(1, 5))), replace=False)
    buyers = np.repeat(ring.members, 1 + rng.poisson(rng.uniform(1, 4), len(ring.members)))
    products, at = rng.choice(chosen, len(buyers)), draw_deeds(bazaar, ring, len(buyers))
    bazaar.buy(buyers, products, at)
    _praise(bazaar, buyers, products, at, rng.uniform(0.2, 0.8))


def praise_for_money(bazaar: Bazaar, ring: Ring) -> None:
    """Real people whom several shops pay for praise, some of it after an order whose price they get back."""
    rng = bazaar.rng
    goods = np.concatenate([rng.choice(bazaar.find_goods(int(shop)), 2) for shop in ring.patrons])
    who = np.repeat(ring.members, rng.integers(2, 6, len(ring.members)))
    products, at = rng.choice(goods, len(who)), draw_deeds(bazaar, ring, len(who))
    ordered = rng.random(len(who)) < rng.uniform(0.3, 1.0)
    bazaar.buy(who[ordered], products[ordered], at[ordered])
    _praise(bazaar, who, products, at, 1.0)


def slander(bazaar: Bazaar, ring: Ring) -> None:
    """Ones and twos for one to three shops, most of them without an order."""
    rng = bazaar.rng
    targets = bazaar.pick_keepers(int(rng.integers(1, 4)), ring.begins_at)
    goods = np.concatenate([rng.choice(bazaar.find_goods(int(shop)), 2) for shop in targets])
    who = np.repeat(ring.members, rng.integers(1, 4, len(ring.members)))
    products, at = rng.choice(goods, len(who)), draw_deeds(bazaar, ring, len(who))
    ordered = rng.random(len(who)) < rng.uniform(0, 0.4)
    bazaar.buy(who[ordered], products[ordered], at[ordered] - DAY)
    bazaar.review(who, products, at, rng.choice([1, 2], len(who), p=[0.85, 0.15]), is_fake=True)
    ring.act_on("target", targets)


def claim_refunds(bazaar: Bazaar, ring: Ring) -> None:
    """Orders of dear things at many shops, most claimed back; no shop sees many of them."""
    rng = bazaar.rng
    shops = bazaar.pick_keepers(int(rng.integers(4, 13)), ring.begins_at)
    goods = np.concatenate([bazaar.find_goods(int(shop)) for shop in shops])
    dear = goods[np.argsort(-bazaar.goods.price[goods])[: max(len(goods) // 2, 1)]]
    who = np.repeat(ring.members, rng.integers(2, 7, len(ring.members)))
    products = rng.choice(dear, len(who))
    draw, share = rng.random(len(who)), rng.uniform(0.6, 0.95)
    status = np.where(draw < 0.8 * share, REFUNDED, np.where(draw < share, DISPUTED, COMPLETED))
    bazaar.buy(who, products, draw_deeds(bazaar, ring, len(who)), status)
    ring.act_on("victim", np.unique(bazaar.goods.seller[products]))


def triangulate(bazaar: Bazaar, ring: Ring) -> None:
    """Offer what others have; buy it from them with stolen cards once it is ordered, to the customer's home."""
    rng, half = bazaar.rng, max(1, len(ring.members) // 3)
    offering, ordering = ring.members[:half], ring.members[half:]
    shops = bazaar.pick_keepers(int(rng.integers(2, 6)), ring.begins_at)
    goods = np.concatenate([bazaar.find_goods(int(shop)) for shop in shops])
    copied = rng.choice(goods, 4 * half)
    price = bazaar.goods.price[copied] * rng.uniform(0.6, 0.9)
    offers = bazaar.offer(np.tile(offering, 4), price, np.full(len(copied), ring.begins_at))
    customers = bazaar.pick(int(rng.integers(3, 7)) * len(ring.members), ring.begins_at)
    choice, at = rng.integers(0, len(offers), len(customers)), draw_deeds(bazaar, ring, len(customers))
    bazaar.buy(customers, offers[choice], at)
    mule, later = rng.choice(ordering, len(customers)), at + rng.integers(600, DAY, len(customers))
    status = np.where(rng.random(len(customers)) < rng.uniform(0.4, 0.9), DISPUTED, COMPLETED)
    bazaar.buy(mule, copied[choice], later, status)
    bazaar.use("address", mule, bazaar.home[customers], later)
    bazaar.use("payment", mule, bazaar.ledger.issue("payment", len(mule)), later)
    ring.act_on("victim", np.unique(bazaar.goods.seller[copied[choice]]))


def bust_out(bazaar: Bazaar, ring: Ring) -> None:
    """Months of small honest orders, then as much as can be had within days, never paid."""
    rng, n = bazaar.rng, len(ring.members)
    shops = bazaar.pick_keepers(int(rng.integers(5, 15)), ring.begins_at)
    goods = np.concatenate([bazaar.find_goods(int(shop)) for shop in shops])
    cheap, dear = np.split(goods[np.argsort(bazaar.goods.price[goods])], [len(goods) // 2])
    patient = np.repeat(ring.members, rng.integers(3, 8, n))
    months = max(ring.days, 60.0)
    bazaar.buy(patient, rng.choice(cheap, len(patient)), spread(rng, len(patient), ring.begins_at, months))
    bang_at = min(ring.begins_at + int(months * DAY), END_AT - 15 * DAY)
    who = np.repeat(ring.members, rng.integers(2, 6, n))
    products = rng.choice(dear, len(who))
    status = np.where(rng.random(len(who)) < rng.uniform(0.7, 1.0), DISPUTED, COMPLETED)
    bazaar.buy(who, products, spread(rng, len(who), bang_at, rng.uniform(2, 9)), status, rng.uniform(2, 6))
    ring.act_on("victim", np.unique(bazaar.goods.seller[products]))


def collect_bonuses(bazaar: Bazaar, ring: Ring) -> None:
    """A tree of referrals, and the small order that each bonus asks for."""
    rng = bazaar.rng
    # Whoever brings others was there before them.
    members = ring.members[np.argsort(bazaar.created_at[ring.members], kind="stable")]
    parent = (np.arange(1, len(members)) * rng.uniform(0, 0.9)).astype(np.int64)
    bazaar.ledger.add("referrals", account=members[1:], referrer=members[parent])
    goods = bazaar.find_goods(int(bazaar.pick_keepers(1, ring.begins_at)[0]))
    cheapest = goods[np.argmin(bazaar.goods.price[goods])]
    at = draw_deeds(bazaar, ring, len(members))
    bazaar.buy(members, np.full(len(members), cheapest), at)


def build_reputation(bazaar: Bazaar, ring: Ring) -> None:
    """Small deals and praise among members; then dear goods that no buyer ever gets."""
    rng, members = bazaar.rng, ring.members
    seller = np.repeat(np.arange(len(members)), rng.integers(2, 6, len(members)))
    buyer = (seller + rng.integers(1, len(members), len(seller))) % len(members)
    at = spread(rng, len(seller), ring.begins_at, max(ring.days * 0.7, 1))
    products = bazaar.offer(members[seller], rng.lognormal(1.5, 0.4, len(seller)), at - rng.integers(600, DAY, len(at)))
    bazaar.buy(members[buyer], products, at)
    _praise(bazaar, members[buyer], products, at, rng.uniform(0.5, 1.0))
    scam_at = ring.begins_at + int(ring.days * 0.8 * DAY)
    offers = bazaar.offer(members, rng.lognormal(5.5, 0.4, len(members)), np.full(len(members), scam_at))
    victims = bazaar.pick(int(rng.integers(2, 6)) * len(members), scam_at)
    choice, sold_at = (
        rng.choice(offers, len(victims)),
        spread(rng, len(victims), scam_at + DAY, max(ring.days * 0.3, 5)),
    )
    bazaar.buy(victims, choice, sold_at, rng.choice([DISPUTED, REFUNDED, COMPLETED], len(victims), p=[0.6, 0.2, 0.2]))
    warns = rng.random(len(victims)) < 0.4
    bazaar.review(victims[warns], choice[warns], sold_at[warns] + 10 * DAY, 1)
    ring.act_on("victim", victims)


def farm(bazaar: Bazaar, ring: Ring) -> None:
    """Many accounts that do one or two small things each, for whoever pays."""
    rng = bazaar.rng
    goods = np.concatenate([rng.choice(bazaar.find_goods(int(shop)), 2) for shop in ring.patrons])
    who = np.repeat(ring.members, rng.integers(1, 4, len(ring.members)))
    products, at = rng.choice(goods, len(who)), draw_deeds(bazaar, ring, len(who))
    buys = rng.random(len(who)) < rng.uniform(0.3, 0.8)
    bazaar.buy(who[buys], products[buys], at[buys])
    _praise(bazaar, who, products, at, rng.uniform(0.2, 0.7))


_DEEDS: dict[str, Callable[[Bazaar, Ring], None]] = {
    "item_circulation": circulate_items,
    "sock_puppets": buy_for_rank,
    "praise_pool": praise_for_money,
    "attack_pool": slander,
    "refund_pool": claim_refunds,
    "triangulation": triangulate,
    "bust_out": bust_out,
    "referral_bonus": collect_bonuses,
    "reputation_scam": build_reputation,
    "device_farm": farm,
}
