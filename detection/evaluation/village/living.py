"""What everybody does: everyday orders, reviews, payments among friends, bringing in a friend.

What the figures rest on:

- Orders per person are log-normal with a heavy tail; 35 % go to a favourite shop, 15 % to a shop of one's town
  (judgement: habits and distance are the two oldest findings about shopping).
- 18 % of orders are reviewed.  Early auction sites saw half of the buyers leave feedback (Resnick and Zeckhauser,
  2002), shops today a tenth or less.  Ratings are J-shaped: mostly fives, some ones, little between (Hu, Zhang and
  Pavlou, 2009).
- Friends pay one another: in a public record of payments one neighbour in five of a person's payees know one another
  and degrees have no power law (Loupos and Nathan, 2018), which a ring of neighbours by town and age with a few
  long ties gives (Watts and Strogatz, 1998).
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.ledger import CANCELLED, COMPLETED, DISPUTED, REFUNDED, BoolArray
from detection.evaluation.simulation.rhythm import FloatArray, IntArray
from detection.evaluation.village.seasons import DAY, END_AT, START_AT, draw_delays, draw_moments
from detection.evaluation.village.shops import choose_from_stock, choose_shops
from detection.evaluation.village.village import Village

REVIEWED = 0.18
_STARS = np.array([0.09, 0.04, 0.06, 0.17, 0.64])


def live_from_day_to_day(village: Village) -> None:
    """Everyday life of everybody, whatever else they do."""
    shop_every_day(village)
    pay_friends(village)
    bring_in_friends(village)


def shop_every_day(village: Village) -> None:
    """Everyday orders, and reviews of some."""
    rng, people = village.rng, village.people
    buyer = np.repeat(np.arange(len(people)), rng.poisson(people.appetite))
    product = _choose_products(village, buyer)
    listed_at = village.ledger.read("listings", "at")[product]
    begins = np.maximum(people.joined_at[buyer], np.maximum(listed_at, START_AT))
    fits = begins < people.quits_at[buyer] - DAY
    buyer, product, begins = buyer[fits], product[fits], begins[fits]
    at = _gather(rng, buyer, draw_moments(rng, begins, people.quits_at[buyer]))
    order_and_review(village, buyer, product, np.maximum(at, begins))


def order_and_review(village: Village, buyers: IntArray, products: IntArray, at: IntArray) -> None:
    """Orders whose status the product's quality decides, and reviews of some of them."""
    status = draw_statuses(village, buyers, products)
    village.buy(buyers, products, at, status=status)
    village.people.quits_at[buyers] = np.maximum(village.people.quits_at[buyers], np.minimum(at, END_AT - 1))
    tells = village.rng.random(len(buyers)) < np.where(status == REFUNDED, 0.26, REVIEWED)
    tells &= (status == COMPLETED) | (status == REFUNDED)
    review_honestly(village, buyers[tells], products[tells], at[tells], was_returned=status[tells] == REFUNDED)


def review_honestly(
    village: Village,
    authors: IntArray,
    products: IntArray,
    ordered_at: IntArray,
    *,
    was_returned: BoolArray | None = None,
) -> None:
    """Reviews some days after an order, with ratings by the product's quality."""
    lean = village.ledger.read("listings", "quality")[products]
    if was_returned is not None:
        lean = lean - 2.5 * was_returned
    later = draw_delays(village.rng, 6.0, len(authors))
    village.rate(authors, products, ordered_at + later, draw_stars(village.rng, lean))


def draw_stars(rng: np.random.Generator, lean: FloatArray) -> IntArray:
    """Ratings from 1 to 5, J-shaped where `lean` is 0, better above and worse below."""
    edges = np.log(np.cumsum(_STARS)[:4] / (1 - np.cumsum(_STARS)[:4]))
    draws = rng.logistic(size=len(lean)) + lean
    return 1 + np.searchsorted(edges, draws)


def draw_statuses(village: Village, buyers: IntArray, products: IntArray) -> IntArray:
    """What becomes of orders: returns by product and habit, few cancellations and disputes."""
    share = village.ledger.read("listings", "returned")[products] * village.people.return_habit[buyers]
    draws = village.rng.random(len(products))
    rest = np.where(draws < share + 0.02, CANCELLED, np.where(draws < share + 0.025, DISPUTED, COMPLETED))
    return np.where(draws < share, REFUNDED, rest)


def _choose_products(village: Village, buyer: IntArray) -> IntArray:
    """From a favourite shop, a shop of the town, any shop, or a neighbour's used things."""
    rng, people = village.rng, village.people
    shops = choose_shops(village, len(buyer))
    way = rng.random(len(buyer))
    favourite = choose_shops(village, len(people))
    nearby = _find_town_shop(village)
    shops = np.where(way < 0.35, favourite[buyer], np.where(way < 0.5, nearby[people.town[buyer]], shops))
    n_stock, n_all = int(village.stock_count.sum()), village.ledger.count_issued("product")
    used = rng.integers(n_stock, n_all, len(buyer))
    return np.where(way > 0.93, used, choose_from_stock(village, shops))


def _find_town_shop(village: Village) -> IntArray:
    """The busiest shop of each town; where there is none, some shop."""
    towns = village.people.town[village.shop_owners]
    nearby = village.rng.integers(0, len(village.shop_owners), int(village.people.town.max()) + 1)
    nearby[towns[::-1]] = np.arange(len(towns))[::-1]
    return nearby


def _gather(rng: np.random.Generator, owner: IntArray, at: IntArray) -> IntArray:
    """Let one order in four follow another one of the same person within minutes or hours."""
    follows = np.r_[False, (owner[1:] == owner[:-1]) & (rng.random(max(len(owner) - 1, 0)) < 0.25)]
    follows[1:] &= ~follows[:-1]
    soon = rng.lognormal(6.5, 1.6, len(owner)).clip(max=DAY).astype(np.int64)
    return np.where(follows, np.r_[0, at[:-1]] + soon, at) if len(at) else at


def pay_friends(village: Village) -> None:
    """Payments between friends, and within families."""
    one, other = _find_friends(village)
    home = np.flatnonzero(np.diff(village.people.household) == 0)
    home = home[village.rng.random(len(home)) < 0.3]
    one, other = np.r_[one, home], np.r_[other, home + 1]
    pay_back_and_forth(village, one, other, village.rng.geometric(0.4, len(one)))


def pay_back_and_forth(
    village: Village, one: IntArray, other: IntArray, times: IntArray, *, fairness: float = 0.5
) -> None:
    """So many payments between pairs while both are there; where fairness is below 1, one pays nearly always."""
    rng, people = village.rng, village.people
    lean = rng.beta(fairness, fairness, len(one))
    one, other = np.repeat(one, times), np.repeat(other, times)
    begins = np.maximum(np.maximum(people.joined_at[one], people.joined_at[other]), START_AT)
    ends = np.minimum(people.quits_at[one], people.quits_at[other])
    fits = begins < ends
    one, other, begins, ends = one[fits], other[fits], begins[fits], ends[fits]
    swap = rng.random(len(one)) < np.repeat(lean, times)[fits]
    at = draw_moments(rng, begins, ends)
    village.pay(np.where(swap, one, other), np.where(swap, other, one), at, draw_round_sums(rng, len(one)))


def draw_round_sums(rng: np.random.Generator, count: int) -> FloatArray:
    """What friends owe one another: half of it in fives and tens."""
    plain = rng.lognormal(2.7, 0.8, count)
    return np.where(rng.random(count) < 0.5, 5 * np.maximum(1, np.round(plain / 5)), plain)


def _find_friends(village: Village) -> tuple[IntArray, IntArray]:
    """Pairs of friends: neighbours in the order of town and age, and a few from anywhere."""
    rng, people = village.rng, village.people
    # Whoever hides well also pays acquaintances now and then.
    lives = ~people.is_puppet | village.settings.is_hard
    pays = np.flatnonzero(lives & (rng.random(len(people)) < 0.4))
    order = pays[np.lexsort((people.age[pays] + rng.normal(0, 2, len(pays)), people.town[pays]))]
    reach = rng.geometric(0.5, len(order)) - 1
    place = np.repeat(np.arange(len(order)), reach)
    friend = np.minimum(place + rng.integers(1, 5, len(place)), len(order) - 1)
    friend = np.where(rng.random(len(place)) < 0.08, rng.integers(0, max(len(order), 1), len(place)), friend)
    return order[place], order[friend]


def bring_in_friends(village: Village) -> None:
    """One person in fourteen was brought in by somebody of the town who was there before."""
    rng, people = village.rng, village.people
    brought = np.flatnonzero(~people.is_taken & (people.joined_at > START_AT) & (rng.random(len(people)) < 0.09))
    order = np.lexsort((people.joined_at, people.town))
    place = np.empty(len(people), dtype=np.int64)
    place[order] = np.arange(len(people))
    earlier = place[brought] - 1 - rng.integers(0, 400, len(brought))
    friend = order[np.maximum(earlier, 0)]
    fits = (earlier >= 0) & (people.town[friend] == people.town[brought]) & ~people.is_puppet[friend]
    village.refer(brought[fits], friend[fits])
