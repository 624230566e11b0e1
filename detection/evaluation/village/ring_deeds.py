"""What rings do, one function for each way of working.

Each function adds the deeds of a ring and says for whom or on whom it acted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detection.evaluation.simulation.ledger import CANCELLED, COMPLETED, DISPUTED, REFUNDED, SHIPPING
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.village.commerce import sell_to_strangers
from detection.evaluation.village.crowds import cheat_buyers
from detection.evaluation.village.living import order_and_review
from detection.evaluation.village.ring_plans import RingPlan
from detection.evaluation.village.seasons import DAY, draw_delays, draw_moments
from detection.evaluation.village.shops import choose_from_stock, choose_listed, choose_shops, list_dear_products
from detection.evaluation.village.village import PLAIN, Village, Window

HOUR = 3_600


@dataclass(frozen=True)
class Ring:
    """A ring after it has acted.

    Attributes
    ----------
    plan
        What it set out to do.
    members, n_organisers
        Accounts that defraud; the first so many of them organise it.
    parties, party_role
        Accounts that it acts for or on, and as what: ``beneficiary``, ``target`` or ``victim``.
    """

    plan: RingPlan
    members: IntArray
    n_organisers: int
    parties: IntArray
    party_role: str


def act(village: Village, plan: RingPlan) -> Ring:
    """Let a ring act."""
    return _DEEDS[plan.method](village, plan)


def _rate_on_brief(
    village: Village, plan: RingPlan, authors: IntArray, products: IntArray, at: IntArray, stars: IntArray
) -> None:
    """Fake reviews; some rings hand out a brief, and hard ones seldom do."""
    briefs = village.rng.random() < (0.3 if village.settings.is_hard else 0.65)
    script = plan.number if briefs else PLAIN
    village.rate(authors, products, at, stars, script=script, is_fake=True)


def _draw_praise(rng: np.random.Generator, count: int) -> IntArray:
    return np.where(rng.random(count) < 0.88, 5, 4).astype(np.int64)


def circulate(village: Village, plan: RingPlan) -> Ring:
    """Items go from member to member, dearer each time, to look sought after or to move money."""
    rng, members = village.rng, plan.members
    n_items = int(rng.integers(4, 10))
    length = len(members) if not village.settings.is_hard else max(4, len(members) // 2)
    paths = rng.permuted(np.tile(members, (n_items, 1)), axis=1)[:, :length]
    at = draw_moments(rng, *plan.window.spread(paths.size)).reshape(paths.shape)
    at = np.sort(at, axis=1)
    growth = rng.uniform(1.05, 1.2, (n_items, 1)) ** np.arange(length)
    price = rng.lognormal(3.6, 0.6, (n_items, 1)) * growth
    sellers, buyers = paths[:, :-1].ravel(), paths[:, 1:].ravel()
    products = village.list_items(sellers, at[:, :-1].ravel(), price[:, :-1].ravel())
    village.buy(buyers, products, at[:, 1:].ravel())
    return Ring(plan, members, 0, np.zeros(0, dtype=np.int64), "")


def play_customers(village: Village, plan: RingPlan) -> Ring:
    """Puppets buy from their own shop and praise it, among a few real customers."""
    rng, seller = village.rng, plan.fronts
    opened_at = plan.window.begins_at - 1
    village.people.joined_at[seller] = np.minimum(village.people.joined_at[seller], opened_at - DAY)
    n_items = int(rng.integers(3, 9))
    items = village.list_items(
        np.repeat(seller, n_items), np.full(n_items, opened_at), rng.lognormal(3.2, 0.6, n_items)
    )
    sell_to_strangers(village, np.repeat(seller, 6), quality=-0.5)
    buyers = np.repeat(plan.members, rng.integers(1, 3 if village.settings.is_hard else 5, plan.size))
    products = items[rng.integers(0, n_items, len(buyers))]
    at = draw_moments(rng, *plan.window.spread(len(buyers)))
    village.buy(buyers, products, at)
    tells = rng.random(len(buyers)) < 0.8
    count = int(tells.sum())
    said_at = at[tells] + draw_delays(rng, 3.0, count)
    _rate_on_brief(village, plan, buyers[tells], products[tells], said_at, _draw_praise(rng, count))
    return Ring(plan, plan.members, 0, seller, "beneficiary")


def praise_for_pay(village: Village, plan: RingPlan) -> Ring:
    """Real people are paid to buy from, and praise, several shops in turn; their own life goes on."""
    rng, people, window = village.rng, village.people, plan.window
    free = village.are_there(window) & ~people.is_fraud
    free[village.shop_owners] = False
    members = village.choose(max(plan.size, 8), free)
    village.keep(members, window.ends_at)
    shops = rng.permutation(np.arange(len(village.shop_owners) // 5, len(village.shop_owners)))
    shops = shops[village.is_listed(village.stock_first[shops], window.begins_at)][: int(rng.integers(2, 6))]
    owners = village.shop_owners[shops]
    people.is_fraud[members], people.is_fraud[owners] = True, True
    length = (window.ends_at - window.begins_at) // len(shops)
    for turn, shop in enumerate(shops.tolist()):
        begins = window.begins_at + turn * length
        hired = members[rng.random(len(members)) < (0.45 if village.settings.is_hard else 0.65)]
        _praise_shop(village, plan, shop, hired, Window(begins, begins + length))
    return Ring(plan, members, 0, np.sort(owners), "beneficiary")


def _praise_shop(village: Village, plan: RingPlan, shop: int, hired: IntArray, window: Window) -> None:
    rng = village.rng
    at = draw_moments(rng, *window.spread(len(hired)))
    products = choose_listed(village, shop, at)
    village.buy(hired, products, at)
    said_at = at + draw_delays(rng, 6.0, len(hired))
    _rate_on_brief(village, plan, hired, products, said_at, _draw_praise(rng, len(hired)))


def attack_rivals(village: Village, plan: RingPlan) -> Ring:
    """Puppets rate a rival's products with ones and twos, a few after a cheap order."""
    rng, members = village.rng, plan.members
    firsts = village.stock_first[choose_shops(village, 60)]
    firsts = firsts[village.is_listed(firsts, plan.window.begins_at - DAY)][: int(rng.integers(1, 4))]
    shops = np.unique(np.searchsorted(village.stock_first, firsts))
    authors = np.repeat(members, rng.integers(1, 4, len(members)))
    products = choose_from_stock(village, rng.choice(shops, len(authors)))
    at = draw_moments(rng, *plan.window.spread(len(authors)))
    listed = village.is_listed(products, at - DAY)
    authors, products, at = authors[listed], products[listed], at[listed]
    orders = rng.random(len(authors)) < (0.6 if village.settings.is_hard else 0.3)
    fate = np.where(rng.random(int(orders.sum())) < 0.3, CANCELLED, COMPLETED)
    village.buy(authors[orders], products[orders], at[orders] - HOUR, status=fate)
    later = np.where(orders, draw_delays(rng, 3.0, len(authors)), 0)
    stars = np.where(rng.random(len(authors)) < 0.8, 1, 2).astype(np.int64)
    _rate_on_brief(village, plan, authors, products, at + later, stars)
    return Ring(plan, members, 0, np.sort(village.shop_owners[shops]), "target")


def abuse_refunds(village: Village, plan: RingPlan) -> Ring:
    """Members order dear things at many shops known to be lenient, and want nearly all the money back."""
    rng, members, is_hard = village.rng, plan.members, village.settings.is_hard
    dear = list_dear_products(village, 0.5, plan.window.begins_at)
    shops_seen = rng.choice(dear, min(len(dear), 25 if is_hard else 12), replace=False)
    buyers = np.repeat(members, rng.integers(2, 6 if is_hard else 9, len(members)))
    products = rng.choice(shops_seen, len(buyers))
    at = draw_moments(rng, *plan.window.spread(len(buyers)))
    back = rng.random(len(buyers)) < (0.6 if is_hard else 0.8)
    fate = np.where(back, np.where(rng.random(len(buyers)) < 0.75, REFUNDED, DISPUTED), COMPLETED)
    village.buy(buyers, products, at, status=fate)
    victims = np.unique(village.ledger.read("listings", "seller")[products])
    return Ring(plan, members, 0, victims, "victim")


def triangulate(village: Village, plan: RingPlan) -> Ring:
    """Sellers offer what they do not have; other members order it with stolen cards, sent to the customer's home."""
    rng, people = village.rng, village.people
    n_sellers = min(int(rng.integers(2, 5)), plan.size - 2)
    sellers, buyers = plan.members[:n_sellers], plan.members[n_sellers:]
    wares = choose_from_stock(village, np.repeat(np.unique(choose_shops(village, 3)), 4))
    wares = wares[village.is_listed(wares, plan.window.begins_at)]
    wares = wares if len(wares) else list_dear_products(village, 0.3, plan.window.begins_at)[:4]
    price = 0.8 * village.ledger.read("listings", "price")[wares]
    listed_at = np.full(len(wares), plan.window.begins_at - 1)
    offers = village.list_items(rng.choice(sellers, len(wares)), listed_at, price, quality=0.3)
    n_orders = int(rng.integers(4, 9)) * len(buyers)
    ware = rng.integers(0, len(wares), n_orders)
    at = draw_moments(rng, *plan.window.spread(n_orders))
    customers = village.choose(n_orders, village.are_there(plan.window) & ~people.is_fraud)
    customers = rng.choice(customers, n_orders)
    order_and_review(village, customers, offers[ware], at)
    _order_with_stolen_cards(village, rng.choice(buyers, n_orders), wares[ware], customers, at)
    merchants = np.unique(village.ledger.read("listings", "seller")[wares])
    return Ring(plan, np.r_[sellers, buyers], n_sellers, merchants, "victim")


def _order_with_stolen_cards(
    village: Village, buyers: IntArray, wares: IntArray, customers: IntArray, at: IntArray
) -> None:
    rng = village.rng
    ordered_at = at + rng.integers(HOUR // 2, 30 * HOUR, len(at))
    fate = np.where(rng.random(len(at)) < 0.55, DISPUTED, COMPLETED)
    village.buy(buyers, wares, ordered_at, status=fate)
    village.send_to(buyers, village.people.home[customers], ordered_at, SHIPPING)
    cards = village.ledger.issue("payment", len(at))
    village.ledger.add("use_payment", account=buyers, thing=cards[np.arange(len(at)) // 2], at=ordered_at)


def bust_out(village: Village, plan: RingPlan) -> Ring:
    """After months of honest life, large orders within days that are never paid."""
    rng, members = village.rng, plan.members
    dear = list_dear_products(village, 0.8, plan.window.begins_at)
    wanted = rng.choice(dear, min(len(dear), 15), replace=False)
    buyers = np.repeat(members, rng.integers(2, 7, len(members)))
    products = rng.choice(wanted, len(buyers))
    at = draw_moments(rng, *plan.window.spread(len(buyers)))
    fate = np.where(rng.random(len(buyers)) < 0.85, DISPUTED, COMPLETED)
    village.buy(buyers, products, at, status=fate, factor=float(rng.uniform(1.0, 3.0)))
    victims = np.unique(village.ledger.read("listings", "seller")[products])
    return Ring(plan, members, 0, victims, "victim")


def farm_referrals(village: Village, plan: RingPlan) -> Ring:
    """Accounts that bring in one another for the bonus, and order once, something small."""
    rng, members, people = village.rng, plan.members, village.people
    members = members[np.argsort(people.joined_at[members], kind="stable")]
    branch = 2 if village.settings.is_hard else 4
    brought = np.arange(1, len(members))
    by = rng.integers(np.maximum(0, (brought - 1) // branch - 1), (brought - 1) // branch + 1)
    village.refer(members[1:], members[by])
    wait = rng.exponential(20 * DAY if village.settings.is_hard else 8 * HOUR, len(members)).astype(np.int64)
    listings = village.ledger.read("listings", "at"), village.ledger.read("listings", "price")
    cheap = np.flatnonzero((listings[0] < plan.window.begins_at) & (listings[1] < np.quantile(listings[1], 0.25)))
    village.keep(members, plan.window.ends_at + 30 * DAY)
    village.buy(members, rng.choice(cheap, len(members)), people.joined_at[members] + 600 + wait)
    return Ring(plan, members, 1, np.zeros(0, dtype=np.int64), "")


def build_name_then_scam(village: Village, plan: RingPlan) -> Ring:
    """Small deals and praise among members for weeks or months; then dear things that never come."""
    rng, window, is_hard = village.rng, plan.window, village.settings.is_hard
    n_sellers = min(int(rng.integers(2, 5)), plan.size - 2)
    sellers, members = plan.members[:n_sellers], plan.members
    turn_at = window.begins_at + int(0.85 * (window.ends_at - window.begins_at))
    n_items = 4 * n_sellers
    items = village.list_items(
        np.tile(sellers, 4), np.full(n_items, window.begins_at - 1), rng.lognormal(1.8, 0.4, n_items), quality=1.0
    )
    buyers = np.repeat(members, rng.integers(2, 4 if is_hard else 6, len(members)))
    products = items[rng.integers(0, n_items, len(buyers))]
    at = draw_moments(rng, *Window(window.begins_at, turn_at).spread(len(buyers)))
    village.buy(buyers, products, at)
    tells = rng.random(len(buyers)) < 0.65
    count = int(tells.sum())
    said_at = np.minimum(at[tells] + draw_delays(rng, 4.0, count), turn_at)
    _rate_on_brief(village, plan, buyers[tells], products[tells], said_at, _draw_praise(rng, count))
    free = village.are_there(Window(turn_at, turn_at)) & ~village.people.is_fraud
    victims = village.choose(int(rng.integers(8, 40)), free)
    village.keep(victims, window.ends_at)
    cheat_buyers(village, sellers, victims, turn_at, window.ends_at - turn_at)
    return Ring(plan, members, n_sellers, victims, "victim")


_DEEDS: dict[str, Callable[[Village, RingPlan], Ring]] = {
    "circulation": circulate,
    "sock_puppets": play_customers,
    "praise_pool": praise_for_pay,
    "attack_pool": attack_rivals,
    "refund_abuse": abuse_refunds,
    "triangulation": triangulate,
    "bust_out": bust_out,
    "referral_farm": farm_referrals,
    "reputation_scam": build_name_then_scam,
}
