"""The background: what an ordinary market looks like before anybody conspires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.evaluation.simulation.addresses import PlaceBook
from detection.evaluation.simulation.ledger import (
    BILLING,
    CANCELLED,
    COMPLETED,
    DISPUTED,
    EMAIL,
    IP,
    PAYMENT,
    PHONE,
    REFUNDED,
    SHIPPING,
    BoolArray,
    World,
)
from detection.evaluation.simulation.review_text import NO_SCRIPT
from detection.evaluation.simulation.rhythm import DAY_SECONDS, END_AT, FloatArray, IntArray, draw_sessions, draw_times
from detection.evaluation.simulation.settings import MarketSettings

NO_PRODUCT = -1
_MEAN_ORDERS_OF_BUYER = 4.5


@dataclass(frozen=True)
class Catalogue:
    """What is for sale; index i is product i.

    Attributes
    ----------
    seller, listed_at : IntArray, shape (n_products,)
    price, quality : FloatArray, shape (n_products,)
        Quality shifts ratings; 0 is average.
    refund_rate : FloatArray, shape (n_products,)
        Share of honest orders that come back.
    popularity : FloatArray, shape (n_products,)
        Cumulative weights, ending in 1.
    """

    seller: IntArray
    listed_at: IntArray
    price: FloatArray
    quality: FloatArray
    refund_rate: FloatArray
    popularity: FloatArray

    def draw(self, rng: np.random.Generator, count: int) -> IntArray:
        """Draw products by popularity."""
        return np.minimum(np.searchsorted(self.popularity, rng.random(count)), len(self.seller) - 1)

    def find_products(self, sellers: IntArray) -> IntArray:
        """Products that any of the sellers offers."""
        return np.flatnonzero(np.isin(self.seller, sellers))


def open_shops(rng: np.random.Generator, world: World) -> Catalogue:
    """Give every selling account a few listings; both sellers and products are heavy-tailed."""
    sellers = np.flatnonzero(world.sells)
    world.created_at[sellers] -= np.where(world.is_fraud[sellers], 0, rng.integers(0, 500 * DAY_SECONDS, len(sellers)))
    world.leaves_at[sellers] = np.maximum(world.leaves_at[sellers], END_AT - 1)
    n_listings = np.minimum(1 + (rng.lognormal(0.0, 1.1, len(sellers)) * 0.8).astype(np.int64), 60)
    n_listings = np.maximum(n_listings, world.least_listings[sellers])
    seller = np.repeat(sellers, n_listings)
    standing = np.repeat(rng.lognormal(0.0, 1.7, len(sellers)), n_listings)
    weights = standing * rng.lognormal(0.0, 1.0, len(seller))
    opened = np.repeat(world.created_at[sellers], n_listings) + rng.integers(60, 20 * DAY_SECONDS, len(seller))
    trouble = np.repeat(rng.lognormal(0.0, 0.9, len(sellers)), n_listings)
    catalogue = Catalogue(
        seller=seller,
        listed_at=np.minimum(opened, END_AT - 1),
        price=draw_prices(rng, len(seller)),
        quality=rng.normal(0.0, 0.6, len(seller)),
        refund_rate=np.minimum(0.045 * trouble, 0.6),
        popularity=np.cumsum(weights) / weights.sum(),
    )
    product = world.ledger.issue("product", len(seller))
    world.ledger.add("listings", product=product, seller=seller, at=catalogue.listed_at, price=catalogue.price)
    return catalogue


def draw_prices(rng: np.random.Generator, count: int) -> FloatArray:
    """Draw list prices; most end in .99 or .00."""
    price = np.clip(rng.lognormal(3.4, 1.2, count), 1.0, 6_000.0)
    ending = rng.choice(3, count, p=[0.5, 0.25, 0.25])
    rounded = np.where(ending == 0, np.floor(price) + 0.99, np.where(ending == 1, np.ceil(price), price))
    return np.asarray(np.round(rounded, 2))


def draw_order_counts(rng: np.random.Generator, world: World) -> IntArray:
    """Draw honest orders per account: nobody's for many, a heavy tail for the rest.

    A fraud account keeps up appearances as often as its camouflage says.
    """
    settings: MarketSettings = world.settings
    n = settings.n_accounts
    buys = rng.random(n) < min(settings.orders_per_account / _MEAN_ORDERS_OF_BUYER, 0.95)
    excess = max(1.0, settings.orders_per_account / _MEAN_ORDERS_OF_BUYER / 0.95)
    counts = np.minimum(np.ceil(rng.lognormal(-0.3, 1.9, n) * excess), 1_200) * buys
    pretence = rng.poisson(np.nan_to_num(world.camouflage) * rng.gamma(0.35, 1 / 0.35, n))
    return np.where(np.isnan(world.camouflage), counts, pretence).astype(np.int64)


def trade_honestly(rng: np.random.Generator, world: World, catalogue: Catalogue) -> None:
    """Let accounts buy from shops and pay acquaintances, coming back to those they know."""
    counts = draw_order_counts(rng, world)
    buyer = np.repeat(np.arange(len(counts)), counts)
    at = draw_sessions(rng, buyer, world.begins_at[buyer], world.leaves_at[buyer])
    relation = find_relations(rng, buyer, counts)
    is_peer = (rng.random(len(buyer)) < world.settings.peer_share)[relation]
    recorded = at < END_AT
    buyer, at, relation, is_peer = buyer[recorded], at[recorded], relation[recorded], is_peer[recorded]
    pay_peers(rng, world, buyer[is_peer], at[is_peer], relation[is_peer])
    buy_products(rng, world, catalogue, _Wishes(buyer[~is_peer], at[~is_peer], relation[~is_peer]))


@dataclass(frozen=True)
class _Wishes:
    """Orders before their product is known; shapes (n,). `relation` names the first order of the same relation."""

    buyer: IntArray
    at: IntArray
    relation: IntArray


def find_relations(rng: np.random.Generator, buyer: IntArray, counts: IntArray) -> IntArray:
    """For each order, the buyer's earlier order whose partner it repeats, followed back to the first.

    Half of the later orders go to a partner chosen before, in proportion to how often (Simon's process),
    which gives the heavy-tailed number of orders per pair that real markets have.
    """
    first = np.repeat(np.cumsum(counts) - counts, counts)
    position = np.arange(len(buyer)) - first
    repeats = (position > 0) & (rng.random(len(buyer)) < 0.55)
    earlier = first + (rng.random(len(buyer)) * position).astype(np.int64)
    parent = np.where(repeats, earlier, np.arange(len(buyer)))
    while not np.array_equal(parent, parent[parent]):
        parent = parent[parent]
    return parent


def pay_peers(rng: np.random.Generator, world: World, payer: IntArray, at: IntArray, relation: IntArray) -> None:
    """Let acquaintances pay one another, in both directions; circles of friends joined at about the same time."""
    n = world.settings.n_accounts
    order = np.argsort(world.begins_at + rng.normal(0, 20 * DAY_SECONDS, n), kind="stable")
    order = order[rng.random(n) < 0.75]
    place = np.full(n, -1)
    place[order] = np.arange(len(order))
    _, root, inverse = np.unique(relation, return_index=True, return_inverse=True)
    step = rng.geometric(0.6, len(root)) * rng.choice([-1, 1], len(root))
    start = np.where(place[payer[root]] >= 0, place[payer[root]], rng.integers(0, len(order), len(root)))
    friend = order[np.clip(start + step, 0, len(order) - 1)][inverse]
    swap = rng.random(len(payer)) < 0.5
    buyer, seller = np.where(swap, friend, payer), np.where(swap, payer, friend)
    valid = (buyer != seller) & (at >= world.begins_at[buyer]) & (at >= world.begins_at[seller])
    amount = draw_gifts(rng, int(valid.sum()))
    status = draw_statuses(rng, np.full(len(amount), 0.012))
    world.ledger.add(
        "orders", buyer=buyer[valid], seller=seller[valid], product=NO_PRODUCT, at=at[valid],
        amount=amount, status=status,
    )  # fmt: skip


def draw_gifts(rng: np.random.Generator, count: int) -> FloatArray:
    """Draw sums that acquaintances pay: mostly round ones."""
    round_sums = rng.choice([5, 5, 10, 20, 50, 50, 100, 200, 500, 1000, 2000], count)
    return np.asarray(
        np.where(
            rng.random(count) < 0.6, round_sums, np.round(np.minimum(rng.lognormal(4.4, 1.7, count) + 1, 7_500), 2)
        )
    )


def buy_products(rng: np.random.Generator, world: World, catalogue: Catalogue, wishes: _Wishes) -> None:
    """Choose a product for every relation, among those listed by the time of its first order."""
    _, root, inverse = np.unique(wishes.relation, return_index=True, return_inverse=True)
    chosen = catalogue.draw(rng, len(root))
    for _ in range(3):
        early = np.flatnonzero(catalogue.listed_at[chosen] > wishes.at[root])
        chosen[early] = catalogue.draw(rng, len(early))
    product = chosen[inverse]
    product = vary_products(rng, catalogue, product)
    valid = (catalogue.seller[product] != wishes.buyer) & (catalogue.listed_at[product] <= wishes.at)
    order_products(rng, world, catalogue, wishes.buyer[valid], (product[valid], wishes.at[valid]))


def vary_products(rng: np.random.Generator, catalogue: Catalogue, product: IntArray) -> IntArray:
    """A buyer who returns to a shop often buys another of its products (listings of a shop are adjacent)."""
    other = np.clip(product + rng.integers(-1, 2, len(product)), 0, len(catalogue.seller) - 1)
    return np.where(catalogue.seller[other] == catalogue.seller[product], other, product)


def order_products(
    rng: np.random.Generator, world: World, catalogue: Catalogue, buyer: IntArray, what: tuple[IntArray, IntArray]
) -> None:
    """Write down honest orders of products; `what` is the products and the times."""
    product, at = what
    quantity = 1 + (rng.random(len(product)) < 0.08) * rng.integers(1, 4, len(product))
    haggled = np.where(rng.random(len(product)) < 0.2, rng.uniform(0.7, 1.3, len(product)), 1.0)
    world.ledger.add(
        "orders",
        buyer=buyer,
        seller=catalogue.seller[product],
        product=product,
        amount=np.round(np.maximum(catalogue.price[product] * quantity * haggled, 0.5), 2),
        at=at,
        status=draw_statuses(rng, catalogue.refund_rate[product]),
    )


def draw_statuses(rng: np.random.Generator, refund_rate: FloatArray) -> IntArray:
    """Draw what became of orders; a fifth of what comes back is disputed."""
    n = len(refund_rate)
    comes_back = rng.random(n) < refund_rate
    status = np.where(rng.random(n) < 0.03, CANCELLED, COMPLETED)
    return np.where(comes_back, np.where(rng.random(n) < 0.2, DISPUTED, REFUNDED), status)


def review_honestly(rng: np.random.Generator, world: World, catalogue: Catalogue) -> None:
    """Let some buyers review what they bought, days later; a few review without an order."""
    ledger, n = world.ledger, world.settings.n_accounts
    buyer, product, at = (ledger.read("orders", name) for name in ("buyer", "product", "at"))
    habit = np.minimum(0.42 * rng.lognormal(0.0, 0.9, n), 0.95)
    reviews = (product != NO_PRODUCT) & (rng.random(len(buyer)) < habit[buyer])
    account, product, at = buyer[reviews], product[reviews], at[reviews]
    _, once = np.unique(account * (product.max(initial=0) + 1) + product, return_index=True)
    account, product, at = account[once], product[once], at[once]
    passing = rng.integers(0, n, max(1, n // 25))
    seen = catalogue.draw(rng, len(passing))
    late = np.maximum(world.begins_at[passing], catalogue.listed_at[seen])
    passed_at = draw_times(rng, late, np.maximum(world.leaves_at[passing], late + 1))
    account, product = np.concatenate([account, passing]), np.concatenate([product, seen])
    at = np.concatenate([at + rng.lognormal(np.log(8 * DAY_SECONDS), 1.5, len(at)).astype(np.int64), passed_at])
    known = (at < END_AT) & (catalogue.seller[product] != account)
    account, product, at = account[known], product[known], at[known]
    publish_reviews(world, account, product, at, draw_ratings(rng, catalogue.quality[product]))


def publish_reviews(world: World, account: IntArray, product: IntArray, at: IntArray, rating: IntArray) -> None:
    """Write down honest reviews."""
    world.ledger.add("reviews", account=account, product=product, rating=rating, at=at, script=NO_SCRIPT, is_fake=False)


def draw_ratings(rng: np.random.Generator, quality: FloatArray) -> IntArray:
    """Draw ratings, many fives and more ones than twos; better products have more fives."""
    thresholds = np.array([-1.75, -1.42, -1.02, -0.22])
    mood = rng.normal(0.0, 0.9, len(quality)) + quality
    return 1 + np.searchsorted(thresholds, mood)


def settle_in(rng: np.random.Generator, world: World, places: PlaceBook) -> None:
    """Give accounts devices, cards, phones, e-mail addresses, IPs and homes of their own."""
    logins = find_logins(rng, world)
    for kind, share, spread in ((PAYMENT, 0.62, 0.75), (PHONE, 0.36, 0.3), (EMAIL, 0.27, 0.2), (IP, 0.55, 0.7)):
        account = repeat_accounts(rng, world.owns_identity | (kind == EMAIL), share, spread)
        value = world.ledger.issue(f"identifier{kind}", len(account))
        world.ledger.add("identifiers", account=account, kind=kind, value=value, at=logins.draw(rng, account))
    account = repeat_accounts(rng, world.owns_identity, 0.80, 0.85)
    device = world.ledger.issue("device", len(account))
    world.ledger.add("devices", account=account, device=device, at=logins.draw(rng, account))
    again = rng.random(len(account)) < 0.12
    world.ledger.add("devices", account=account[again], device=device[again], at=logins.draw(rng, account[again]))
    move_in(rng, world, places, logins)


def lend_to_friends(rng: np.random.Generator, world: World) -> None:
    """Let some of those who pay one another use the same card or device too, as couples and friends do."""
    ledger = world.ledger
    personal = ledger.read("orders", "product") == NO_PRODUCT
    pairs = np.column_stack([ledger.read("orders", "buyer")[personal], ledger.read("orders", "seller")[personal]])
    pairs, met = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    honest = ~world.is_fraud[pairs].all(axis=1)
    pairs, at = pairs[honest], ledger.read("orders", "at")[personal][met][honest]
    is_card = ledger.read("identifiers", "kind") == PAYMENT
    card = _find_one(
        world, ledger.read("identifiers", "account")[is_card], ledger.read("identifiers", "value")[is_card]
    )
    device = _find_one(world, ledger.read("devices", "account"), ledger.read("devices", "device"))
    lends = (rng.random(len(pairs)) < 0.12) & (card[pairs[:, 0]] >= 0)
    ledger.add("identifiers", account=pairs[lends, 1], kind=PAYMENT, value=card[pairs[lends, 0]], at=at[lends])
    lends = (rng.random(len(pairs)) < 0.08) & (device[pairs[:, 0]] >= 0)
    ledger.add("devices", account=pairs[lends, 1], device=device[pairs[lends, 0]], at=at[lends])


def _find_one(world: World, account: IntArray, thing: IntArray) -> IntArray:
    """One of the things that each account has, or -1."""
    found = np.full(world.settings.n_accounts, -1)
    found[account] = thing
    return found


def repeat_accounts(rng: np.random.Generator, owns: BoolArray, share: float, spread: float) -> IntArray:
    """Each account as often as it has things of a kind: a share has one or more, with a heavy tail.

    Accounts that do not own their identity keep one thing in two, so that nothing else gives them away.
    """
    n = len(owns)
    has = rng.random(n) < share * np.where(owns, 1.0, 0.5)
    counts = np.minimum(np.ceil(rng.lognormal(-0.3, spread, n)), 40).astype(np.int64) * has
    return np.repeat(np.arange(n), counts)


def move_in(rng: np.random.Generator, world: World, places: PlaceBook, logins: Logins) -> None:
    """Give accounts a home, some of them a billing address elsewhere or a second home."""
    n = world.settings.n_accounts
    account = np.flatnonzero(world.owns_home & (rng.random(n) < 0.62))
    home = places.draw(rng, world.city[account])
    use_place(world, account, home, logins.draw(rng, account))
    again = rng.random(len(account)) < 0.10
    kind = np.where(rng.random(again.sum()) < 0.7, BILLING, SHIPPING)
    use_place(world, account[again], home[again], logins.draw(rng, account[again]), kind=kind)
    elsewhere = account[rng.random(len(account)) < 0.06]
    use_place(world, elsewhere, places.draw(rng, world.city[elsewhere]), logins.draw(rng, elsewhere))


def use_place(
    world: World, account: IntArray, place: IntArray, at: IntArray, *, kind: int | IntArray = 0, careless: int = 0
) -> None:
    """Write down that accounts use places; `careless` writers vary their spelling."""
    world.ledger.add("addresses", account=account, place=place, at=at, kind=kind, careless=careless)


@dataclass(frozen=True)
class Logins:
    """Times at which accounts were seen: around their orders, or any time that they were active."""

    order_at: IntArray
    first: IntArray
    count: IntArray
    begins: IntArray
    ends: IntArray

    def draw(self, rng: np.random.Generator, account: IntArray) -> IntArray:
        """Draw a time for each account given: minutes before one of its orders if it has any."""
        idle = draw_times(rng, self.begins[account], self.ends[account])
        pick = self.first[account] + (rng.random(len(account)) * self.count[account]).astype(np.int64)
        lead = rng.exponential(600, len(account)).astype(np.int64) + 5
        near = self.order_at[np.minimum(pick, len(self.order_at) - 1)] - lead
        return np.where((self.count[account] > 0) & (near > self.begins[account]), near, idle)


def find_logins(rng: np.random.Generator, world: World) -> Logins:
    """Collect when accounts were around, from the orders written so far."""
    buyer, at = world.ledger.read("orders", "buyer"), world.ledger.read("orders", "at")
    by_buyer = np.argsort(buyer, kind="stable")
    count = np.bincount(buyer, minlength=world.settings.n_accounts)
    ends = np.clip(world.leaves_at, world.begins_at + 60, END_AT - 1)
    return Logins(np.append(at[by_buyer], END_AT), np.cumsum(count) - count, count, world.begins_at, ends)


def refer_friends(rng: np.random.Generator, world: World) -> None:
    """Let some accounts bring in others who joined after them."""
    n = world.settings.n_accounts
    order = np.argsort(world.created_at, kind="stable")
    position = np.flatnonzero(rng.random(n) < 0.045)
    position = position[position > 0]
    back = np.minimum(rng.geometric(0.002, len(position)), position)
    # A few keen members bring in many, so the referrer is snapped to one account in 300.
    referrer = (position - back) // 300 * 300
    keen = rng.random(len(position)) < 0.5
    source = order[np.where(keen, referrer, position - back)]
    already = np.isin(order[position], world.ledger.read("referrals", "account"))
    world.ledger.add("referrals", account=order[position][~already], referrer=source[~already])
