"""Honest strangers in one place, one business or one craze.  Sizes are by judgement."""

from __future__ import annotations

import numpy as np

from detection.evaluation.bazaar.bazaar import Bazaar
from detection.evaluation.bazaar.commerce import buy_honestly
from detection.evaluation.bazaar.seasons import AUTUMN_AT, DAY, END_AT, START_AT, draw_cascade, spread
from detection.evaluation.simulation.ledger import COMPLETED, REFUNDED
from detection.evaluation.simulation.rhythm import IntArray

_LATE = END_AT - 60 * DAY


def form_office(bazaar: Bazaar) -> None:
    """Colleagues on one network who let parcels come to work."""
    members, start = bazaar.pick(bazaar.draw_size(8, 40), _LATE), bazaar.draw_start(60, 300)
    bazaar.share("ip", members, start, 200)
    bazaar.share("address", members[: len(members) * 2 // 3], start, 200)
    bazaar.gather("office", members)


def form_dormitory(bazaar: Bazaar) -> None:
    """Students who come in autumn, to one address and one network."""
    members = bazaar.pick(bazaar.draw_size(25, 90), AUTUMN_AT + 30 * DAY)
    bazaar.home[members] = bazaar.home[members[0]]
    bazaar.share("ip", members, AUTUMN_AT, 250, 2)
    bazaar.gather("dormitory", members)


def form_shelter(bazaar: Bazaar) -> None:
    """People who have the house's address, its telephone and its few computers."""
    members, start = bazaar.pick(bazaar.draw_size(8, 25), _LATE), bazaar.draw_start(30, 200)
    for kind, things in (("address", 1), ("phone", 1), ("device", 2), ("ip", 1)):
        bazaar.share(kind, members, start, 300, things)
    bazaar.gather("shelter", members)


def form_library(bazaar: Bazaar) -> None:
    """Visitors of public computers, who have nothing else in common."""
    members, start = bazaar.pick(bazaar.draw_size(20, 80), _LATE), bazaar.draw_start(10, 60)
    bazaar.share("device", members, start, 460, 5)
    bazaar.share("ip", members, start, 460)
    bazaar.gather("library", members)


def form_carrier(bazaar: Bazaar) -> None:
    """Hundreds of subscribers behind a few addresses of a mobile carrier."""
    members = bazaar.pick(bazaar.draw_size(100, 500), _LATE)
    bazaar.share("ip", members, START_AT, 530, 3)
    bazaar.gather("carrier", members)


def form_consignment(bazaar: Bazaar) -> None:
    """An agency sells for people: their parcels start at its address, its account pays them."""
    start = bazaar.draw_start(60, 300)
    members, agency = bazaar.pick(bazaar.draw_size(5, 20), start), bazaar.pick_keepers(1, start)
    everybody = np.concatenate([agency, members])
    bazaar.share("address", everybody, start, 200)
    at = np.concatenate([spread(bazaar.rng, len(members), start + 40 * turn * DAY, 30) for turn in range(4)])
    bazaar.pay(np.full(len(at), agency[0]), np.tile(members, 4), at, bazaar.rng.lognormal(3.5, 0.6, len(at)))
    bazaar.gather("consignment", everybody)


def form_fulfilment(bazaar: Bazaar) -> None:
    """Shops whose goods lie in one warehouse, which sends them and takes them back."""
    members = bazaar.pick_keepers(bazaar.draw_size(5, 20))
    bazaar.share("address", members, bazaar.draw_start(60, 200), 300)
    bazaar.gather("fulfilment", members)


def form_shop_staff(bazaar: Bazaar) -> None:
    """A shop and its people: the shop's computers, card and network; the shop pays them monthly."""
    start = bazaar.draw_start(60, 280)
    keeper, staff = bazaar.pick_keepers(1, start), bazaar.pick(bazaar.draw_size(2, 7), start)
    members = np.concatenate([keeper, staff])
    for kind, things in (("device", 2), ("payment", 1), ("ip", 1)):
        bazaar.share(kind, members, start, 240, things)
    for month in range(7):
        at = spread(bazaar.rng, len(staff), start + month * 30 * DAY, 3)
        bazaar.pay(np.full(len(staff), keeper[0]), staff, at, bazaar.rng.lognormal(4.5, 0.2, len(staff)))
    bazaar.gather("shop_staff", members)


def form_resellers(bazaar: Bazaar) -> None:
    """Shops that fill their shelves every other week at the same wholesaler's."""
    start = bazaar.draw_start(60, 250)
    shops = bazaar.pick_keepers(bazaar.draw_size(5, 15) + 1, start)
    goods = bazaar.find_goods(int(shops[0]))
    for fortnight in range(10):
        at = spread(bazaar.rng, len(shops) - 1, start + 14 * fortnight * DAY, 5)
        bazaar.buy(shops[1:], bazaar.rng.choice(goods, len(shops) - 1), at, COMPLETED, 8.0)
    bazaar.gather("resellers", shops[1:])


def form_bookkeeper(bazaar: Bazaar) -> None:
    """Shops whose books one person does, from one computer, month after month."""
    members, device, ip = bazaar.pick_keepers(bazaar.draw_size(4, 15)), *_issue(bazaar, "device", "ip")
    for month in range(2, 17):
        at = spread(bazaar.rng, len(members), START_AT + month * 30 * DAY, 4)
        bazaar.use("device", members, device, at)
        bazaar.use("ip", members, ip, at)
    bazaar.gather("bookkeeper", members)


def _issue(bazaar: Bazaar, *kinds: str) -> list[int]:
    return [int(bazaar.ledger.issue(kind, 1)[0]) for kind in kinds]


def form_payout_platform(bazaar: Bazaar) -> None:
    """Shops that are paid out through one collective account."""
    members = bazaar.pick_keepers(bazaar.draw_size(10, 50))
    bazaar.share("payment", members, START_AT + 60 * DAY, 400)
    bazaar.gather("payout_platform", members)


def _choose_product(bazaar: Bazaar, before: int) -> int:
    return int(bazaar.rng.choice(bazaar.find_goods(int(bazaar.pick_keepers(1, before)[0]))))


def _flock(bazaar: Bazaar, kind: str, members: IntArray, start: int, days: float, cut: float) -> int:
    """Let a crowd buy one product in a burst; many of them say what they think."""
    product = _choose_product(bazaar, start - 30 * DAY)
    seeds = spread(bazaar.rng, len(members), start, days / 3)
    at = np.concatenate([seeds, draw_cascade(bazaar.rng, seeds, 0.5, days / 4).at])[-len(members) :]
    buy_honestly(bazaar, members, np.full(len(members), product), at, cut)
    tells = bazaar.rng.random(len(members)) < 0.5
    rating = bazaar.rng.choice([5, 4, 3, 2, 1], len(members), p=[0.5, 0.25, 0.1, 0.05, 0.1])
    later = at + bazaar.rng.integers(DAY, 9 * DAY, len(members))
    bazaar.review(members[tells], np.full(int(tells.sum()), product), later[tells], rating[tells])
    bazaar.gather(kind, members)
    return product


def form_launch(bazaar: Bazaar) -> None:
    """A new thing that everybody wants within two weeks."""
    start = bazaar.draw_start(60, 470)
    _flock(bazaar, "launch", bazaar.pick(bazaar.draw_size(30, 120), start), start, 14, 1.0)


def form_flash_sale(bazaar: Bazaar) -> None:
    """Half the price for six hours."""
    start = bazaar.draw_start(60, 470)
    _flock(bazaar, "flash_sale", bazaar.pick(bazaar.draw_size(30, 150), start), start, 0.25, 0.5)


def form_followers(bazaar: Bazaar) -> None:
    """An influencer's followers: many join by the link, all buy what was shown."""
    start = bazaar.draw_start(60, 450)
    new, old = bazaar.pick_newcomers(bazaar.draw_size(12, 50)), bazaar.pick(bazaar.draw_size(12, 50), start)
    bazaar.created_at[new] = start + bazaar.rng.exponential(DAY / 4, len(new)).astype(np.int64)
    members = np.unique(np.concatenate([new, old]))
    _flock(bazaar, "followers", members, start + 3 * DAY, 5, 0.9)
    bazaar.ledger.add("referrals", account=new, referrer=bazaar.pick_keepers(1, start)[0])


def form_fans(bazaar: Bazaar) -> None:
    """People who buy all that one shop has, and love it."""
    start = bazaar.draw_start(60, 250)
    members, goods = (
        bazaar.pick(bazaar.draw_size(10, 40), start),
        bazaar.find_goods(int(bazaar.pick_keepers(1, start)[0])),
    )
    at = np.concatenate([spread(bazaar.rng, len(members), start, 250) for _ in range(4)])
    products, who = bazaar.rng.choice(goods, len(at)), np.tile(members, 4)
    bazaar.buy(who, products, at)
    tells = bazaar.rng.random(len(at)) < 0.5
    bazaar.review(who[tells], products[tells], at[tells] + 5 * DAY, bazaar.rng.choice([5, 5, 5, 4], int(tells.sum())))
    bazaar.gather("fans", members)


def form_recall(bazaar: Bazaar) -> None:
    """A product is called back: within days all its buyers have their money, and many are cross."""
    start = bazaar.draw_start(120, 450)
    members, product = bazaar.pick(bazaar.draw_size(15, 60), start), _choose_product(bazaar, start)
    n = len(members)
    bazaar.buy(members, np.full(n, product), spread(bazaar.rng, n, start, 60), REFUNDED)
    cross = members[bazaar.rng.random(n) < 0.5]
    at = spread(bazaar.rng, len(cross), start + 62 * DAY, 6)
    bazaar.review(cross, np.full(len(cross), product), at, bazaar.rng.choice([1, 1, 2], len(cross)))
    bazaar.gather("recall", members)


def form_seller_victims(bazaar: Bazaar) -> None:
    """Strangers whom one shop never sent anything: they complain and warn.  The shop is a crook on its own."""
    start = bazaar.draw_start(90, 450)
    keeper = int(bazaar.pick_keepers(1, start - 30 * DAY)[0])
    bazaar.is_fraud[keeper], bazaar.bad_since[keeper] = True, start
    members, goods = bazaar.pick(bazaar.draw_size(8, 30), start), bazaar.find_goods(keeper)
    n = len(members)
    products, at = bazaar.rng.choice(goods, n), spread(bazaar.rng, n, start, 25)
    bazaar.buy(members, products, at, bazaar.rng.choice([1, 2, 2], n))
    tells = bazaar.rng.random(n) < 0.6
    bazaar.review(members[tells], products[tells], at[tells] + 12 * DAY, bazaar.rng.choice([1, 1, 2], int(tells.sum())))
    bazaar.gather("seller_victims", members)
