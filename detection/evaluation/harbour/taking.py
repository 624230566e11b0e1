"""Ways of cheating that take: goods or money that were somebody else's."""

from __future__ import annotations

from detection.evaluation.harbour.campaign import Ring
from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.goods import BIKES, CARDS, COMPUTERS, FASHION, HOME, PHONES, SHOES
from detection.evaluation.harbour.homes import Stay
from detection.evaluation.harbour.town import Members, PassedOn, Town
from detection.evaluation.harbour.trade import SOMEBODY, Deal, Ware

_MOST_OFFERS = 8


def _sell_honestly(town: Town, seller: int, begins_at: float, ends_at: float, count: int) -> None:
    """So many sales to strangers that are what they seem."""
    for _ in range(count):
        at = town.clock.draw_moment(begins_at, ends_at)
        if town.people.created_at[seller] < at:
            price = town.goods.draw_price(int(town.people.likes[seller]))
            town.trade.deal(Deal(SOMEBODY, seller, at, price, said=0.5))


def run_refund_crew(town: Town, ring: Ring, members: Members) -> None:
    """A list of sellers who give in goes round: dear things bought, 'the box was empty', half of them refunded, next
    seller.
    """
    chance, people, things, is_hard = town.chance, town.people, town.things, town.is_hard
    ring.give_role(members, "buyer")
    shops = chance.draw_some(town.trade.shops, chance.draw_between(8, 16))
    sellers = shops + people.find_crowd(chance.draw_between(4, 10), ring.begins_at)
    addresses = [things.make_address() for _ in range(chance.draw_between(1, 3))]
    for one in members:
        if not is_hard and chance.happens(0.4):
            address = things.spell(chance.draw_one(addresses))
            town.homes.use(one, "address:shipping", address, span=(ring.begins_at, ring.ends_at))
        for _ in range(chance.draw_between(3, 7) if is_hard else chance.draw_between(5, 16)):
            _claim_back(town, ring, one, chance.draw_one(sellers))


def _claim_back(town: Town, ring: Ring, buyer: int, seller: int) -> None:
    chance, trade, at = town.chance, town.trade, ring.draw_moment_of(buyer)
    is_refunded = chance.happens(0.42 if town.is_hard else 0.62)
    status = "refunded" if is_refunded else "disputed" if chance.happens(0.12) else "completed"
    if seller in trade.wares:
        trade.buy_in_shop(Deal(buyer, seller, at, status=status, said=0.1), which="dear")
    elif town.people.created_at[seller] < at:
        price = town.goods.draw_price(chance.draw_one([PHONES, COMPUTERS, SHOES]), 1.2)
        rating = chance.draw_between(1, 5)
        trade.deal(Deal(buyer, seller, at, price, status=status, said=0.1, rating=rating))


def run_triangulation(town: Town, ring: Ring, members: Members) -> None:
    """Fronts sell new coffee machines below price to honest people, burners buy them at real shops with stolen cards,
    sent to the honest buyer.
    """
    chance, people, trade = town.chance, town.people, town.trade
    n_fronts = max(1, len(members) // 5)
    fronts, burners = members[:n_fronts], members[n_fronts:]
    ring.give_role(fronts, "front")
    ring.give_role(burners, "burner")
    shops = chance.draw_some(trade.shops, chance.draw_between(2, 5))
    for front in fronts:
        earlier = ring.begins_at - chance.draw_real(20, 90) * DAY
        people.created_at[front] = min(people.created_at[front], earlier)
        begins_at = max(people.created_at[front], 0)
        _sell_honestly(town, front, begins_at, ring.begins_at, chance.draw_between(3, 15))
    for _ in range(len(burners) * (chance.draw_between(2, 4) if town.is_hard else chance.draw_between(3, 7))):
        front, burner, at = chance.draw_one(fronts), chance.draw_one(burners), ring.draw_moment()
        wares = [ware for ware in trade.wares[chance.draw_one(shops)] if ware.listed_at < at]
        customers = people.find_crowd(1, at, front)
        if wares and customers and people.created_at[[front, burner]].max() <= at:
            dearest = sorted(wares, key=lambda ware: -ware.price)[:_MOST_OFFERS]
            _pass_on(town, front, burner, PassedOn(burner, customers[0], at), chance.draw_one(dearest))
    for burner in burners:
        town.homes.go_without(burner, "payment")


def _pass_on(town: Town, front: int, burner: int, parcel: PassedOn, ware: Ware) -> None:
    """Sell what a shop has to somebody honest, and buy it there with a stolen card."""
    chance, trade = town.chance, town.trade
    price, item = round(ware.price * chance.draw_real(0.62, 0.8), 2), trade.items[ware.product]
    status = "completed" if chance.happens(0.93) else "refunded"
    rating = 5 if chance.happens(0.85) else 3
    trade.deal(Deal(parcel.customer, front, parcel.at, price, HOME, item.title, status=status, said=0.5, rating=rating))
    at = parcel.at + chance.draw_real(0.05, 1.2) * DAY
    status = "disputed" if chance.happens(0.5) else "completed"
    trade.deal(Deal(burner, item.seller, at, ware.price, product=ware.product, status=status, said=0))
    town.homes.use(burner, "payment", town.things.make_card(), at)
    town.parcels.append(PassedOn(burner, parcel.customer, at))


def run_bust_out(town: Town, ring: Ring, members: Members) -> None:
    """Months of small honest sales, a little vouching for each other, then in one week many phones sold that do not
    exist.
    """
    chance, people, trade = town.chance, town.people, town.trade
    ring.give_role(members, "seller")
    bust_at = ring.ends_at - chance.draw_real(8, 14) * DAY
    for one in members:
        people.created_at[one] = min(people.created_at[one], bust_at - chance.draw_real(150, 400) * DAY)
        people.until[one] = ring.ends_at
        begins_at = max(bust_at - chance.draw_real(150, 260) * DAY, 0)
        _sell_honestly(town, one, begins_at, bust_at, chance.draw_between(6, 25))
        for _ in range(chance.draw_between(6, 22)):
            at = bust_at + chance.rng.exponential(8 if town.is_hard else 3) * DAY
            price = town.goods.round_price(chance.draw_real(120, 600))
            status = ring.draw_ending(disputed=0.6, refunded=0.6)
            trade.deal(Deal(SOMEBODY, one, at, price, PHONES, status=status, said=0.35, rating=1))
    for _ in range(int(len(members) * (0.6 if town.is_hard else 2))):
        one, other = chance.draw_some(members, 2)
        at, price = town.clock.draw_moment(max(bust_at - 140 * DAY, 0), bust_at), town.goods.draw_price(FASHION)
        trade.deal(Deal(one, other, at, price, status="completed", said=0.9, rating=5, is_fake=True))


def run_mule_cashout(town: Town, ring: Ring, members: Members) -> None:
    """Burners pay with stolen cards for sofas that are not there; the mules who 'sold' them send nine tenths on to one
    wallet.
    """
    chance, people = town.chance, town.people
    boss, mules = members[0], members[1 : 1 + max(1, len(members) // 3)]
    burners = members[1 + len(mules) :] or [members[-1]]
    ring.give_role([boss], "boss")
    ring.give_role(mules, "mule")
    ring.give_role(burners, "burner")
    for mule in mules:
        people.selling[mule] = chance.draw_real(0.5, 3)
    for burner in burners:
        for _ in range(chance.draw_between(1, 3) if town.is_hard else chance.draw_between(2, 6)):
            mule, at = chance.draw_one(mules), ring.draw_moment_of(burner)
            if mule != burner and people.created_at[mule] <= at:
                _cash_out(town, burner, mule, boss, at)


def _cash_out(town: Town, burner: int, mule: int, boss: int, at: float) -> None:
    chance, trade, is_hard = town.chance, town.trade, town.is_hard
    price = town.goods.round_price(chance.draw_real(60, 260) if is_hard else chance.draw_real(150, 700))
    status = "disputed" if chance.happens(0.25 if is_hard else 0.4) else "completed"
    category = chance.draw_one([HOME, COMPUTERS, PHONES])
    trade.deal(Deal(burner, mule, at, price, category, status=status, said=0.15, rating=5, is_fake=True))
    town.homes.use(burner, "payment", town.things.make_card(), at - 60)
    waits = chance.draw_real(0.1, 12 if is_hard else 2) * DAY
    trade.pay(mule, boss, at + waits, price * chance.draw_real(0.85, 0.92))


def run_rented_accounts(town: Town, ring: Ring, members: Members) -> None:
    """Old accounts let by the month for fifty euros: from a day on other hands sell copied trainers on them, paid out
    elsewhere.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    ring.give_role(members, "landlord")
    ibans = [things.make_iban() for _ in range(1 + len(members) // 5)]
    devices = [things.make_device() for _ in range(1 + len(members) // 4)]
    for one in members:
        earlier = ring.begins_at - chance.draw_real(120, 600) * DAY
        people.created_at[one] = min(people.created_at[one], earlier)
        let_at = chance.draw_real(ring.begins_at, ring.begins_at + (ring.ends_at - ring.begins_at) * 0.6)
        if not town.is_hard or chance.happens(0.35):
            homes.use(one, "iban", chance.draw_one(ibans), let_at + DAY * chance.draw_real(0, 3))
            ring.share(["iban"])
        if not town.is_hard and chance.happens(0.6):
            homes.use(one, "device", chance.draw_one(devices), span=(let_at, ring.ends_at))
            ring.share(["device"])
        _sell_copies(town, one, let_at, min(ring.ends_at + 20 * DAY, END_AT))


def _sell_copies(town: Town, seller: int, begins_at: float, ends_at: float) -> None:
    chance = town.chance
    for _ in range(chance.draw_between(4, 14)):
        at, price = town.clock.draw_moment(begins_at, ends_at), chance.draw_one([79.0, 95.0, 110.0])
        title = chance.draw_one(["Trainers, new in box", "Down jacket, with tag"])
        status = "refunded" if chance.happens(0.2) else "disputed" if chance.happens(0.1) else "completed"
        rating = chance.draw_one([5, 5, 4, 1, 1, 2])
        town.trade.deal(Deal(SOMEBODY, seller, at, price, SHOES, title, status=status, said=0.45, rating=rating))


def run_reshippers(town: Town, ring: Ring, members: Members) -> None:
    """Home-workers found by a job advertisement take parcels that others ordered on stolen cards, and send them on."""
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    hosts = members[: max(2, len(members) // 4)]
    burners = members[len(hosts) :]
    ring.give_role(hosts, "reshipper")
    ring.give_role(burners, "burner")
    addresses = [things.make_address() for _ in hosts]
    for host, address in zip(hosts, addresses, strict=True):
        homes.stays[host] = [Stay(address, people.created_at[host], people.until[host], homes.make_router())]
        people.created_at[host] = min(people.created_at[host], ring.begins_at - chance.draw_real(30, 500) * DAY)
    for burner in burners:
        is_sent_to_host = not town.is_hard or chance.happens(0.4)
        address = chance.draw_one(addresses) if is_sent_to_host else things.make_address()
        for _ in range(chance.draw_between(2, 4) if town.is_hard else chance.draw_between(2, 7)):
            at = ring.draw_moment_of(burner)
            status = "disputed" if chance.happens(0.45) else "completed"
            order = Deal(burner, town.trade.pick_shop(at), at, status=status, said=0.05)
            town.trade.buy_in_shop(order, which="dear")
            homes.use(burner, "address:shipping", things.spell(address), at)
            homes.use(burner, "payment", things.make_card(), at - 90)
        homes.go_without(burner, "payment")
    ring.share(["address"])


def run_ghost_shops(town: Town, ring: Ring, members: Members) -> None:
    """A new shop each week with the same pictures of garden rooms and pedal cars; money in, nothing out, next name."""
    chance, people, goods, trade = town.chance, town.people, town.goods, town.trade
    ring.give_role(members, "shop")
    titles = [goods.draw_title(chance.draw_one([HOME, CARDS, COMPUTERS])) for _ in range(3)]
    prices = [goods.round_price(chance.draw_real(70, 300)) for _ in range(3)]
    step = (ring.ends_at - ring.begins_at) / len(members)
    for place, one in enumerate(members):
        opens_at = ring.begins_at + place * step
        if not town.is_hard:
            people.created_at[one] = opens_at - chance.draw_real(0.3, 4) * DAY
        people.until[one] = min(END_AT, opens_at + chance.draw_real(15, 40) * DAY)
        for _ in range(chance.draw_between(5, 18)):
            at, picture = opens_at + chance.rng.exponential(6) * DAY, chance.draw_between(0, 2)
            status = ring.draw_ending(disputed=0.55, refunded=0.5)
            if people.created_at[one] < at:
                sale = Deal(
                    SOMEBODY, one, at, prices[picture], BIKES, titles[picture], status=status, said=0.3, rating=1
                )
                trade.deal(sale)
        if place and not town.is_hard and chance.happens(0.5):
            at, price = opens_at + chance.draw_real(0, 2) * DAY, goods.round_price(chance.draw_real(5, 20))
            trade.deal(Deal(members[place - 1], one, at, price, status="completed", said=0.95, rating=5, is_fake=True))
