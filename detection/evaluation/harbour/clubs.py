"""Honest groups of parish, school and club."""

from __future__ import annotations

from dataclasses import replace

from detection.evaluation.harbour.clock import DAY, END_AT, N_DAYS, find_day
from detection.evaluation.harbour.goods import BOOKS, CARDS, COLLECT, FASHION, GAMES, HOME, KIDS, PHONES, SHOES
from detection.evaluation.harbour.town import Members, Town
from detection.evaluation.harbour.trade import SOMEBODY, Deal


def form_parish_flea(town: Town) -> Members:
    """The parish flea market online: one organiser lists for forty people from her own tablet, pay-out to the parish,
    all on fair week-ends.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, trade = town.homes, town.trade
    members = people.pick(chance.draw_between(20, 44), "senior" if chance.happens(0.4) else None)
    organiser = members[0]
    tablet, iban, address = things.make_device(), things.make_iban(), things.make_address(house=True)
    fairs = sorted(chance.draw_real(30, N_DAYS - 5) * DAY for _ in range(chance.draw_between(2, 4)))
    first = fairs[0]
    for one in members:
        if chance.happens(0.6):
            people.be_born(one, first - 25 * DAY, first - DAY)
        else:
            people.be_there(one, first, END_AT)
        if chance.happens(0.7):
            homes.go_without(one, "iban")
        people.selling[one] *= 0.2
    for begins_at in fairs:
        for one in members:
            if people.created_at[one] < begins_at and chance.happens(0.7):
                homes.use(one, "device", tablet, begins_at - chance.draw_real(0.3, 3) * DAY)
                homes.use(one, "iban", iban, begins_at - chance.draw_real(0, 3) * DAY)
                if chance.happens(0.5):
                    homes.use(one, "address:return", address, begins_at - chance.draw_real(0, 3) * DAY)
                _sell_at_fair(town, one, members, begins_at)
    for one in members[1:]:
        if chance.happens(0.4):
            trade.refer(one, organiser)
    return members


def _sell_at_fair(town: Town, seller: int, members: Members, begins_at: float) -> None:
    chance, people = town.chance, town.people
    for _ in range(chance.draw_between(1, 5)):
        at = begins_at + chance.draw_real(0, 2.2) * DAY
        buyers = members if chance.happens(0.5) else people.find_crowd(1, at, seller) or members
        buyer, price = chance.draw_one(buyers), float(chance.draw_one([1, 2, 3, 5, 5, 8, 10, 15]))
        category, rating = chance.draw_one([HOME, KIDS, BOOKS, COLLECT]), 5 if chance.happens(0.9) else 4
        listed_at = begins_at - chance.draw_real(0.1, 3) * DAY
        if people.created_at[buyer] < at:
            town.trade.deal(Deal(buyer, seller, at, price, category, said=0.4, rating=rating, listed_at=listed_at))


def form_repair_cafe(town: Town) -> Members:
    """Volunteers who buy broken phones, mend them on Saturdays, sell them on and pass one another parts; the café's
    bench computer knows them all.
    """
    chance, people, things = town.chance, town.people, town.things
    homes = town.homes
    members = people.pick(chance.draw_between(6, 15))
    computer, ip = things.make_device(), things.draw_ip(89, 64)
    for one in members:
        people.likes[one] = PHONES
        for _ in range(chance.draw_between(1, 4)):
            at = people.draw_active(one)
            homes.use(one, "device", computer, at)
            homes.use(one, "ip", ip, at)
    for _ in range(len(members) * chance.draw_between(3, 8)):
        _mend_phone(town, *chance.draw_some(members, 2))
    return members


def _mend_phone(town: Town, mender: int, friend: int) -> None:
    """Buy a broken phone, perhaps a part of a friend's, and sell it mended."""
    chance, people, trade = town.chance, town.people, town.trade
    at, price = people.draw_together(mender, friend, until=END_AT - 60 * DAY), town.goods.draw_price(PHONES, 0.35)
    for seller in people.find_crowd(1, at, mender):
        trade.deal(Deal(mender, seller, at, price, PHONES, "Phone with cracked glass"))
    if chance.happens(0.5):
        paid, bought_at = round(price * chance.draw_real(0.2, 0.9) + 1), at + chance.draw_real(2, 15) * DAY
        trade.deal(Deal(friend, mender, bought_at, paid, PHONES, "Spare display", said=0.5, rating=5))
    for buyer in people.find_crowd(1, at, mender):
        paid, sold_at = round(price * chance.draw_real(1.6, 2.6)), at + chance.draw_real(10, 50) * DAY
        trade.deal(Deal(buyer, mender, sold_at, paid, PHONES, "Phone, mended"))


def form_charity_consign(town: Town) -> Members:
    """A charity shop sells for consigners: volunteers sign in as them on the shop's two computers, the money goes to
    the charity.
    """
    chance, clock, people, things = town.chance, town.clock, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(15, 48))
    shop = members[0]
    computers, iban, address = (
        [things.make_device(), things.make_device()],
        things.make_iban(),
        things.make_address(house=True),
    )
    router = homes.make_line()
    ip = homes.find_leases(router)[0].ip
    homes.live([shop], address, router)
    people.selling[shop] = 20
    people.be_there(shop, 0, END_AT)
    for one in members:
        at = clock.draw_moment(max(people.created_at[one], 0), END_AT - 40 * DAY)
        people.be_there(one, at, END_AT)
        homes.use(one, "device", chance.draw_one(computers), at)
        homes.use(one, "iban", iban, at)
        homes.use(one, "ip", ip, at)
        homes.use(one, "address:return", address, at)
        for _ in range(chance.draw_between(2, 8)):
            sold_at, listed_at = at + chance.draw_real(1, 60) * DAY, at + chance.draw_real(0, 2) * DAY
            buyer = SOMEBODY if chance.happens(0.8) else chance.draw_one(members)
            trade.deal(Deal(buyer, one, sold_at, goods.draw_price(FASHION, 0.7), FASHION, listed_at=listed_at))
    return members


def form_clothing_chain(town: Town) -> Members:
    """Parents whose children are a size apart: the snow suit goes from family to family, the same way each season,
    cheaper each time.
    """
    chance, clock, people = town.chance, town.clock, town.people
    goods, trade = town.goods, town.trade
    members = people.pick(chance.draw_between(5, 12), "family")
    for one in members:
        people.likes[one] = KIDS
        people.be_there(one, chance.draw_real(10, 200) * DAY, END_AT)
    for _ in range(chance.draw_between(6, 22)):
        place = chance.draw_between(0, len(members) - 2)
        at, price = clock.draw_moment(30 * DAY, END_AT - 30 * DAY), goods.draw_price(KIDS, 1.8)
        title = goods.draw_title(KIDS)
        while place < len(members) - 1 and at < END_AT:
            next_place = place + 1 if chance.happens(0.75) else min(place + 2, len(members) - 1)
            giver, taker, rating = members[place], members[next_place], 5 if chance.happens(0.93) else 4
            if people.created_at[[giver, taker]].max() < at:
                trade.deal(Deal(taker, giver, at, price, KIDS, title, said=0.6, rating=rating))
            place, at = next_place, at + chance.draw_real(120, 330) * DAY
            price = goods.round_price(price * chance.draw_real(0.55, 0.9))
    return members


def form_card_collectors(town: Town) -> Members:
    """Collectors who sell the same cards round and round among themselves, dearer each year, always with five stars."""
    chance, people = town.chance, town.people
    members = people.pick(chance.draw_between(8, 25))
    category = chance.draw_one([CARDS, CARDS, COLLECT])
    for one in members:
        people.likes[one] = people.also_likes[one] = category
        people.be_there(one, chance.draw_real(0, 250) * DAY, END_AT)
        people.selling[one] = chance.draw_real(0.5, 4)
    for _ in range(chance.draw_between(2, 4) * len(members) // 2):
        _pass_card_round(town, members, category)
    return members


def _pass_card_round(town: Town, members: Members, category: int) -> None:
    chance, people, goods, trade = town.chance, town.people, town.goods, town.trade
    at, price, title = town.clock.draw_moment(20 * DAY), goods.draw_price(category, 2.5), goods.draw_title(category)
    owner = chance.draw_one(members)
    for _ in range(chance.draw_between(1, 5)):
        other = chance.draw_one(members)
        if other == owner or people.created_at[[owner, other]].max() > at or at > END_AT:
            continue
        rating, status = 5 if chance.happens(0.96) else 4, "completed" if chance.happens(0.97) else None
        product = trade.deal(Deal(other, owner, at, price, category, title, status=status, said=0.85, rating=rating))
        if chance.happens(0.3):
            bidders = chance.draw_some(members, chance.draw_between(2, 5))
            trade.bid([bidder for bidder in bidders if bidder != owner], product, at)
        owner, at, price = other, at + chance.draw_real(10, 200) * DAY, price * chance.draw_real(0.95, 1.6)
        price = goods.round_price(price)


def form_game_lenders(town: Town) -> Members:
    """Board players: a game is bought, played, and sold on at the same price, through ten hands in a year."""
    chance, clock, people = town.chance, town.clock, town.people
    goods, trade = town.goods, town.trade
    members = people.pick(chance.draw_between(6, 14))
    for one in members:
        people.likes[one] = GAMES
        people.be_there(one, chance.draw_real(0, 200) * DAY, END_AT)
    for _ in range(chance.draw_between(4, 12)):
        at, title, owner = (
            clock.draw_moment(10 * DAY, END_AT - 100 * DAY),
            goods.draw_title(GAMES),
            chance.draw_one(members),
        )
        price = chance.draw_between(15, 60)
        for _ in range(chance.draw_between(3, 9)):
            other = chance.draw_one(members)
            if other != owner and people.created_at[[owner, other]].max() < at < END_AT:
                paid, rating = float(price - chance.draw_between(0, 2)), 5 if chance.happens(0.9) else 4
                trade.deal(Deal(other, owner, at, paid, GAMES, title, said=0.5, rating=rating))
                owner = other
            at += chance.draw_real(12, 45) * DAY
    return members


def form_sports_club(town: Town) -> Members:
    """A youth club: kit changes hands when the season starts, the coach orders shirts for all on her card."""
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(12, 25), "family")
    coach, shop, card = members[0], trade.pick_shop(), things.make_card()
    for year in (2023, 2024):
        begins_at = find_day(year, 8, chance.draw_between(18, 30))
        people.be_there(coach, begins_at)
        there = [one for one in members if people.created_at[one] < begins_at]
        for one in there:
            if chance.happens(0.6):
                other, price = chance.draw_one(members), goods.draw_price(SHOES, 0.6)
                at = begins_at + chance.draw_real(-5, 20) * DAY
                if other in there:
                    trade.deal(Deal(one, other, at, price, SHOES, said=0.3, rating=5))
            if chance.happens(0.4):
                trade.buy_in_shop(Deal(one, shop, begins_at + chance.draw_real(0, 4) * DAY, said=0.1))
                homes.use(one, "payment", card, begins_at + chance.draw_real(0, 4) * DAY)
    return members


def form_savings_circle(town: Town) -> Members:
    """A circle of women who each pay fifty a month, and each month another of them gets the pot; they also sell one
    another dresses.
    """
    chance, people, goods, trade = town.chance, town.people, town.goods, town.trade
    members = people.pick(chance.draw_between(6, 15), "newcomer" if chance.happens(0.6) else None)
    at, pot = chance.draw_real(0, 300) * DAY, chance.draw_one([20, 30, 50, 100])
    for one in members:
        people.be_there(one, at, END_AT)
    for turn in range(len(members)):
        for one in members:
            trade.pay(one, members[turn], at + chance.draw_real(0, 3) * DAY, pot)
        at += 30.4 * DAY
    for _ in range(len(members)):
        one, other = chance.draw_some(members, 2)
        trade.deal(Deal(one, other, people.draw_together(one, other), goods.draw_price(FASHION), FASHION))
    return members


def form_group_buy(town: Town) -> Members:
    """Twenty neighbours order olive oil together: one buys the lot, the others buy their share of her at one price
    within days.
    """
    chance, people, trade = town.chance, town.people, town.trade
    begins_at = chance.draw_real(20, N_DAYS - 30) * DAY
    organiser = people.pick(1)[0]
    people.be_there(organiser, begins_at, begins_at)
    members = people.find_crowd(chance.draw_between(8, 32), begins_at, organiser)
    trade.buy_in_shop(Deal(organiser, trade.pick_shop(begins_at), begins_at - 3 * DAY, said=0.1))
    price, product, title = float(chance.draw_between(12, 60)), None, "Olive oil, share of the order"
    for turn in range(chance.draw_between(1, 3)):
        for one in members:
            if chance.happens(0.85):
                at = begins_at + turn * 90 * DAY + chance.rng.exponential(1.2) * DAY
                share = Deal(one, organiser, at, price, HOME, title, product, status="completed", said=0.35)
                rating = 5 if chance.happens(0.9) else 4
                product = trade.deal(replace(share, rating=rating, listed_at=begins_at - DAY))
    return [organiser] + members


def form_class_referral(town: Town) -> Members:
    """A school class where one tells the others of the bonus: twenty sign up in a week in the school's network, buy
    one small thing of each other.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, trade = town.homes, town.trade
    members = people.pick(chance.draw_between(14, 28), "student")
    begins_at = chance.draw_real(10, N_DAYS - 40) * DAY
    ip = things.draw_ip(194, 180)
    people.be_there(members[0], begins_at, begins_at + 60 * DAY)
    tell = [members[0]]
    for one in members[1:]:
        people.created_at[one] = begins_at + chance.rng.exponential(3) * DAY
        people.until[one] = people.created_at[one] + chance.rng.exponential(200) * DAY + 15 * DAY
        trade.refer(one, chance.draw_one(tell))
        if chance.happens(0.35):
            tell.append(one)
        if chance.happens(0.5):
            homes.use(one, "ip", ip, people.created_at[one] + 60)
        if chance.happens(0.25):
            homes.go_without(one, "payment", "iban")
        if chance.happens(0.75):
            other = (
                chance.draw_one(tell)
                if chance.happens(0.5)
                else chance.draw_one(people.find_crowd(1, begins_at) or tell)
            )
            trade.deal(
                Deal(
                    one,
                    other,
                    people.created_at[one] + chance.rng.exponential(4) * DAY + 3600,
                    float(chance.draw_one([5, 5, 6, 8, 10])),
                    chance.draw_one([GAMES, BOOKS, FASHION]),
                    said=0.4,
                    rating=5,
                )
            )
    return members
