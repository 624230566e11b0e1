"""People whom selling brings together: agencies, warehouses, staff, resellers, bookkeepers, paying-out platforms.

All of it is ordinary business; sizes are a judgement.
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.ledger import ADDRESS_KINDS, COMPLETED, BoolArray
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.village.living import draw_stars, order_and_review
from detection.evaluation.village.seasons import DAY, END_AT, START_AT, draw_delays, draw_moments
from detection.evaluation.village.shops import choose_listed, choose_open_shop
from detection.evaluation.village.village import Village

HOUR = 3_600
BILLING, RETURN = ADDRESS_KINDS.index("billing"), ADDRESS_KINDS.index("return")


def form_consignments(village: Village) -> None:
    """An agency sells for many owners: its payout account, its address for returns, its telephone, its computer."""
    for _ in range(village.settings.count_groups("consignment")):
        members = village.pick(village.draw_size(8, 20), village.people.age >= 25)
        agency, owners = members[:1], members[1:]
        desk = village.found_place(int(agency[0]))
        for table in ("payment", "phone"):
            share_thing(village, members, table, 0.95)
        share_thing(village, members, "device", 0.5)
        village.send_to(members, desk, _draw_visits(village, members), RETURN)
        sell_to_strangers(village, np.r_[np.repeat(agency, 25), np.repeat(owners, 4)], quality=0.3)
        village.form("consignment", members)


def share_thing(village: Village, members: IntArray, table: str, share: float) -> None:
    """One new thing that a share of members is seen with, each once to three times."""
    rng = village.rng
    users = members[rng.random(len(members)) < share]
    users = np.repeat(users, rng.integers(1, 4, len(users)))
    thing = village.ledger.issue(table, 1)[0]
    village.use(table, users, thing, _draw_visits(village, users))


def _draw_visits(village: Village, members: IntArray) -> IntArray:
    people = village.people
    return draw_moments(village.rng, people.joined_at[members], people.quits_at[members])


def sell_to_strangers(village: Village, sellers: IntArray, *, quality: float) -> IntArray:
    """List one item for each seller named; anybody buys about two of each.  Returns the products."""
    rng, people = village.rng, village.people
    begins = np.maximum(people.joined_at[sellers], START_AT)
    listed_at = draw_moments(rng, begins, np.maximum(begins, np.minimum(people.quits_at[sellers], END_AT - 60 * DAY)))
    products = village.list_items(sellers, listed_at, rng.lognormal(3.2, 0.9, len(sellers)), quality=quality)
    sold = np.repeat(np.arange(len(products)), rng.poisson(1.8, len(products)))
    at = np.minimum(listed_at[sold] + draw_delays(rng, 15.0, len(sold)), END_AT - 1)
    buyers, there = _find_passers_by(village, at)
    order_and_review(village, buyers[there], products[sold][there], at[there])
    return products


def _find_passers_by(village: Village, at: IntArray) -> tuple[IntArray, BoolArray]:
    """For each instant somebody, and whether they were there, as nearly always one of eight was."""
    rng, people = village.rng, village.people
    n_people = int((~people.is_puppet).sum())
    tries = rng.integers(0, n_people, (8, len(at)))
    there = (people.joined_at[tries] < at) & (people.quits_at[tries] > at)
    chosen = np.argmax(there, axis=0), np.arange(len(at))
    return tries[chosen], there[chosen]


def form_fulfilment_centres(village: Village) -> None:
    """Unrelated sellers whose goods leave from, and return to, one warehouse."""
    for _ in range(village.settings.count_groups("fulfilment")):
        sellers = _choose_small_shops(village, village.draw_size(10, 30))
        warehouse = village.found_place(int(sellers[0]))
        senders = np.repeat(sellers, village.rng.integers(1, 4, len(sellers)))
        village.send_to(senders, warehouse, _draw_visits(village, senders), RETURN)
        village.form("fulfilment", sellers)


def _choose_small_shops(village: Village, size: int) -> IntArray:
    """Shops that are not among the busiest."""
    small = village.shop_owners[len(village.shop_owners) // 8 :]
    return np.sort(village.rng.choice(small, min(size, len(small)), replace=False))


def form_shop_staff(village: Village) -> None:
    """Clerks on a shop's computers and network, who buy from it at a discount and praise it."""
    for _ in range(village.settings.count_groups("shop_staff")):
        people, rng = village.people, village.rng
        shop = int(rng.integers(0, max(4, len(village.shop_owners) // 6)))
        owner = village.shop_owners[shop]
        clerks = village.pick(village.draw_size(5, 15), (people.age >= 16) & (people.age <= 60))
        members = np.sort(np.r_[owner, clerks])
        village.meet_elsewhere(members, 0.5, n_devices=2)
        people.joined_at[clerks] = np.maximum(people.joined_at[clerks], people.joined_at[owner])
        people.quits_at[clerks] = np.maximum(people.quits_at[clerks], people.joined_at[clerks] + 200 * DAY)
        _buy_at_discount(village, shop, clerks)
        village.form("shop_staff", members)


def _buy_at_discount(village: Village, shop: int, clerks: IntArray) -> None:
    rng = village.rng
    buyers = np.repeat(clerks, 2 + rng.poisson(3.0, len(clerks)))
    at = _draw_visits(village, buyers)
    products = choose_listed(village, shop, at)
    listed = village.is_listed(products, at)
    buyers, products, at = buyers[listed], products[listed], at[listed]
    village.buy(buyers, products, at, status=COMPLETED, factor=0.75)
    praises = rng.random(len(buyers)) < 0.3
    count = int(praises.sum())
    stars = draw_stars(rng, np.full(count, 2.5))
    village.rate(buyers[praises], products[praises], at[praises] + draw_delays(rng, 5, count), stars)


def form_resellers(village: Village) -> None:
    """Dealers who buy in the same sales of one wholesaler, within hours, and sell on."""
    for _ in range(village.settings.count_groups("resellers")):
        people, rng = village.people, village.rng
        window = village.draw_window(300, 700)
        dealers = village.pick(village.draw_size(6, 18), (people.age >= 20) & village.are_there(window), town=False)
        village.keep(dealers, window.ends_at)
        shop = choose_open_shop(village, 1 / 4, window.begins_at)
        sales_at = np.sort(draw_moments(rng, *window.spread(int(rng.integers(4, 9)))))
        for at in sales_at.tolist():
            _buy_in_sale(village, dealers[rng.random(len(dealers)) < 0.75], shop, at)
        sell_to_strangers(village, np.repeat(dealers, 6), quality=0.0)
        village.form("resellers", dealers)


def _buy_in_sale(village: Village, dealers: IntArray, shop: int, sale_at: int) -> None:
    rng = village.rng
    buyers = np.repeat(dealers, rng.integers(1, 4, len(dealers)))
    at = sale_at + rng.integers(0, 5 * HOUR, len(buyers))
    quantity = float(rng.integers(4, 12))
    village.buy(buyers, choose_listed(village, shop, at), at, factor=0.6 * quantity)


def form_bookkeepers(village: Village) -> None:
    """One bookkeeper for several small sellers: her e-mail address, her telephone, her office for bills."""
    for _ in range(village.settings.count_groups("bookkeeper")):
        sellers = _choose_small_shops(village, village.draw_size(4, 9))
        share_thing(village, sellers, "email", 1.0)
        share_thing(village, sellers, "phone", 0.8)
        visited = sellers[village.rng.random(len(sellers)) < 0.6]
        office = village.ledger.issue("ip", 1)[0]
        village.use_network(visited, office, _draw_visits(village, visited), moves=False)
        village.send_to(sellers, village.found_place(int(sellers[0])), _draw_visits(village, sellers), BILLING)
        village.form("bookkeeper", sellers)


def form_payout_platforms(village: Village) -> None:
    """Sellers all over the country who are paid through one collecting account."""
    for _ in range(village.settings.count_groups("payout_platform")):
        sellers = _choose_small_shops(village, village.draw_size(15, 60))
        share_thing(village, sellers, "payment", 1.0)
        village.form("payout_platform", sellers)
