"""Ways of cheating that push somebody up or down: praise, slander, prices, bids and bonuses that nobody earned."""

from __future__ import annotations

from detection.evaluation.harbour.campaign import Ring
from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.goods import COLLECT, FASHION, HOME, PHONES
from detection.evaluation.harbour.town import Members, Town
from detection.evaluation.harbour.trade import SOMEBODY, Deal

_TREASURES = ("Chronograph 1968", "Holo card, graded", "Bronze figure", "Signed print 12/80")


def run_sock_brushing(town: Town, ring: Ring, members: Members) -> None:
    """One operator, one to three stalls of his, and puppets that buy trinkets there which are never sent, and praise
    them.
    """
    chance, people, trade, is_hard = town.chance, town.people, town.trade, town.is_hard
    n_stalls = 1 if len(members) < 9 else chance.draw_between(1, 3)
    stalls, socks = members[:n_stalls], members[n_stalls:]
    ring.give_role(stalls, "seller")
    ring.give_role(socks, "sock")
    for stall in stalls:
        people.selling[stall] = chance.draw_real(3, 14)
        people.likes[stall] = chance.draw_one([FASHION, PHONES, HOME])
    stock = {stall: [_list_trinket(town, ring, stall) for _ in range(chance.draw_between(3, 9))] for stall in stalls}
    for sock in socks:
        for _ in range(chance.draw_between(1, 4) if is_hard else chance.draw_between(2, 8)):
            stall, at = chance.draw_one(stalls), ring.draw_moment_of(sock)
            product = chance.draw_one(stock[stall])
            said, rating = (0.6 if is_hard else 0.92), (5 if chance.happens(0.82 if is_hard else 0.97) else 4)
            price = trade.items[product].price
            praise = Deal(
                sock, stall, at, price, product=product, status="completed", said=said, rating=rating, is_fake=True
            )
            trade.deal(praise)


def _list_trinket(town: Town, ring: Ring, stall: int) -> int:
    at, price = ring.begins_at - town.chance.draw_real(1, 20) * DAY, town.chance.draw_real(4, 35)
    return town.trade.list_item(stall, at, town.goods.round_price(price))


def run_mutual_brushing(town: Town, ring: Ring, members: Members) -> None:
    """Real sellers who met in a chat group: each week the admin says who buys from whom, money goes back by wallet,
    parcels stay empty.
    """
    chance, is_hard, n = town.chance, town.is_hard, len(members)
    ring.give_role(members, "seller")
    for one in members:
        town.people.selling[one] = chance.draw_real(2, 12)
    n_weeks = int((ring.ends_at - ring.begins_at) / (7 * DAY)) + 1
    n_rounds = min(n_weeks, chance.draw_between(4, 8) if is_hard else chance.draw_between(5, 12))
    for week in chance.rng.choice(n_weeks, n_rounds, replace=False).tolist():
        step = chance.draw_between(1, n - 1)
        order = [members[i] for i in chance.rng.permutation(n).tolist()]
        for place, one in enumerate(order):
            if chance.happens(0.5 if is_hard else 0.75):
                days = week * 7 + chance.draw_real(0, 6.9 if is_hard else 2.5)
                _buy_empty_parcel(town, one, order[(place + step) % n], ring.begins_at + days * DAY)


def _buy_empty_parcel(town: Town, buyer: int, seller: int, at: float) -> None:
    chance, trade = town.chance, town.trade
    price = town.goods.draw_price(int(town.people.likes[seller]), 1.2)
    said = 0.65 if town.is_hard else 0.9
    product = trade.deal(Deal(buyer, seller, at, price, status="completed", said=said, rating=5, is_fake=True))
    if product is not None and chance.happens(0.1 if town.is_hard else 0.35):
        trade.pay(seller, buyer, at + chance.draw_real(0.1, 3) * DAY, price * chance.draw_real(0.96, 1.03))


def run_price_ladder(town: Town, ring: Ring, members: Members) -> None:
    """A watch that climbs from account to account, a third dearer each time, until a stranger believes the price."""
    chance, people, trade = town.chance, town.people, town.trade
    for _ in range(chance.draw_between(2, 4) + len(members) // 3):
        at, price, owner = ring.draw_moment(), chance.draw_real(30, 90), chance.draw_one(members)
        title = chance.draw_one(_TREASURES)
        for _ in range(chance.draw_between(3, 6)):
            other = chance.draw_one(members)
            if other == owner or at >= END_AT or people.created_at[[owner, other]].max() >= at:
                continue
            step = Deal(
                other, owner, at, round(price), COLLECT, title, status="completed", said=0.7, rating=5, is_fake=True
            )
            trade.deal(step)
            owner, price = other, price * chance.draw_real(1.2, 1.7)
            at += (chance.draw_real(8, 45) if town.is_hard else chance.draw_real(1, 9)) * DAY
        status, rating = ("disputed" if chance.happens(0.35) else "completed"), chance.draw_one([1, 2, 5])
        last = Deal(SOMEBODY, owner, at, round(price * 1.3), COLLECT, title, status=status, said=0.4, rating=rating)
        trade.deal(last)


def run_praise_pool(town: Town, ring: Ring, members: Members) -> None:
    """Shoppers in a closed chat: buy what the admin posts, give five stars, get the price back by wallet from outside;
    six sellers pay for it.
    """
    chance, people, trade, is_hard = town.chance, town.people, town.trade, town.is_hard
    ring.give_role(members, "worker")
    clients = chance.draw_some(trade.shops, chance.draw_between(3, 7))
    ring.add_parties(clients, "beneficiary")
    share = chance.draw_real(0.15, 0.3) if is_hard else chance.draw_real(0.3, 0.65)
    for client in [client for client in clients for _ in range(chance.draw_between(1, 3))]:
        posted_at = chance.draw_real(ring.begins_at, ring.ends_at)
        wares = [ware for ware in trade.wares[client] if ware.listed_at < posted_at]
        if not wares or not people.created_at[client] <= posted_at <= people.until[client]:
            continue
        ware = chance.draw_one(wares)
        for one in members:
            if chance.happens(share):
                at = posted_at + chance.rng.exponential(9 if is_hard else 2.5) * DAY
                rating = 5 if chance.happens(0.85 if is_hard else 0.96) else 4
                job = Deal(
                    one,
                    client,
                    at,
                    ware.price,
                    product=ware.product,
                    status="completed",
                    said=0.93,
                    rating=rating,
                    is_fake=True,
                )
                trade.deal(job)


def run_attack_pool(town: Town, ring: Ring, members: Members) -> None:
    """Hired to sink the competition: buy the cheapest thing, one star, half of it sent back."""
    chance, trade = town.chance, town.trade
    targets = chance.draw_some(trade.shops, chance.draw_between(1, 3))
    ring.add_parties(targets, "target")
    for target in targets:
        for one in members:
            if chance.happens(0.55 if town.is_hard else 0.8):
                at = ring.draw_moment_of(one)
                status = "refunded" if chance.happens(0.4) else "completed"
                rating = 1 if chance.happens(0.8) else 2
                order = Deal(one, target, at, status=status, said=0.92, rating=rating, is_fake=True)
                trade.buy_in_shop(order, which="cheap")


def run_bonus_farm(town: Town, ring: Ring, members: Members) -> None:
    """Sixty made-up newcomers, each brought by another, each with the one small purchase that releases the bonus, at
    the farmer's stall.
    """
    chance, people, trade = town.chance, town.people, town.trade
    farmers = members[:1] if len(members) < 25 else members[:2]
    ring.give_role(farmers, "farmer")
    newcomers = members[len(farmers) :]
    for farmer in farmers:
        people.created_at[farmer] = min(people.created_at[farmer], ring.begins_at - 30 * DAY)
        people.selling[farmer] = chance.draw_real(2, 7)
    if town.is_hard:  # brought in one by one through the year, under many parents
        for one in newcomers:
            people.created_at[one] = ring.draw_moment()
            people.until[one] = min(END_AT, people.created_at[one] + chance.draw_real(30, 300) * DAY)
    there = list(farmers)
    for one in sorted(newcomers, key=lambda one: float(people.created_at[one])):
        trade.refer(one, chance.draw_one(there[-6:] if town.is_hard else there[:4]))
        there.append(one)
        _earn_bonus(town, one, farmers)


def _earn_bonus(town: Town, newcomer: int, farmers: Members) -> None:
    chance, trade = town.chance, town.trade
    at = town.people.created_at[newcomer] + chance.draw_real(0.02, 25 if town.is_hard else 2) * DAY
    is_at_stall = chance.happens(0.5 if town.is_hard else 0.85)
    seller = chance.draw_one(farmers if is_at_stall else town.people.find_crowd(1, at) or farmers)
    price = chance.draw_one([10.0, 10.0, 10.5, 11.0, 12.0])
    trade.deal(Deal(newcomer, seller, at, price, status="completed", said=0.3, rating=5, is_fake=True))
    if chance.happens(0.5):
        trade.pay(newcomer, farmers[0], at + chance.draw_real(1, 20) * DAY, chance.draw_one([10.0, 10.0, 9.5, 20.0]))


def run_shill_bids(town: Town, ring: Ring, members: Members) -> None:
    """Two bid a seller's auctions up; where one of them wins by mischance the sale is cancelled and the thing put up
    again.
    """
    chance, people = town.chance, town.people
    seller, shills = members[0], members[1:]
    ring.give_role([seller], "seller")
    ring.give_role(shills, "shill")
    people.selling[seller] = chance.draw_real(2, 8)
    people.created_at[seller] = min(people.created_at[seller], ring.begins_at - 60 * DAY)
    for _ in range(chance.draw_between(14, 40)):
        at = ring.draw_moment()
        bidders = [
            shill for shill in chance.draw_some(shills, chance.draw_between(1, 3)) if people.created_at[shill] < at
        ]
        _hold_auction(town, seller, bidders, at)


def _hold_auction(town: Town, seller: int, shills: Members, at: float) -> None:
    chance, goods, trade = town.chance, town.goods, town.trade
    price, title = chance.draw_real(30, 160), goods.draw_title(COLLECT)
    honest = town.people.find_crowd(chance.draw_between(1, 4), at, seller)
    if shills and chance.happens(0.3):
        reached = goods.round_price(price * 1.5)
        product = trade.deal(Deal(shills[0], seller, at, reached, COLLECT, title, status="cancelled", said=0))
        trade.bid(shills + honest, product, at)
        at += chance.draw_real(2, 9) * DAY
    if honest:
        reached = goods.round_price(price * 1.35)
        product = trade.deal(Deal(honest[0], seller, at, reached, COLLECT, title, status="completed", said=0.5))
        trade.bid([bidder for bidder in shills + honest for _ in range(chance.draw_between(1, 3))], product, at)
    if shills and chance.happens(0.12):  # a cheap real sale between them keeps the shill's record alive
        cheap = goods.round_price(chance.draw_real(3, 12))
        trade.deal(
            Deal(shills[0], seller, at + DAY, cheap, COLLECT, status="completed", said=0.8, rating=5, is_fake=True)
        )
