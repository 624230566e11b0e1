"""Honest groups of people who work together, or for one another."""

from __future__ import annotations

from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.goods import COLLECT, FASHION, HOME, KIDS, N_CATEGORIES, PHONES
from detection.evaluation.harbour.town import Members, Town
from detection.evaluation.harbour.trade import SOMEBODY, Deal


def form_shop_staff(town: Town) -> Members:
    """A shop whose staff keep accounts of their own on the counter computer; they buy from the shop with a discount."""
    chance, people, things = town.chance, town.people, town.things
    homes, trade = town.homes, town.trade
    shop = trade.pick_shop()
    members = people.pick(chance.draw_between(2, 8))
    device, router = things.make_device(), homes.make_line()
    address = things.make_address(house=True)
    if shop not in homes.stays:
        homes.live([shop], address, router)
    ip = homes.find_leases(router)[0].ip
    homes.share([shop] + members, "device", device, 0.9, often=3)
    homes.share(members, "ip", ip, 0.9, often=3)
    homes.share(members, "address:shipping", homes.stays[shop][0].address, 0.6)
    for one in members:
        for _ in range(chance.draw_between(0, 6)):
            at = people.draw_together(one, shop)
            trade.buy_in_shop(Deal(one, shop, at, said=0.1))
    return [shop] + members


def form_company_brands(town: Town) -> Members:
    """One firm, three to six brands: a shop account each, with the firm's bank account, warehouse, office network and
    phone.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    members = people.pick(chance.draw_between(3, 6), "business")
    begins_at = chance.draw_real(-900, 300) * DAY
    for place, one in enumerate(members):
        people.traders.add(one)
        people.created_at[one] = begins_at + place * chance.draw_real(5, 160) * DAY
        people.until[one] = END_AT
        people.selling[one] = chance.draw_real(4, 25)
        people.buying[one] = 0.02
    router = homes.make_line()
    homes.live(members, things.make_address(house=True), router)
    homes.share_only(members, "iban", things.make_iban())
    homes.share_only(members, "phone", things.make_phone(), 0.9)
    for _ in range(chance.draw_between(1, 3)):
        homes.share(members, "device", things.make_device(), 0.8, often=3)
    return members


def form_bookkeeper(town: Town) -> Members:
    """Small sellers whose bookkeeper collects their pay-outs on one trust account and signs in from her office to
    print the month.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    members = people.pick(chance.draw_between(8, 28))
    iban, ip, computer = things.make_iban(), things.draw_ip(195, 20), things.make_device()
    for one in members:
        people.selling[one] = chance.draw_real(1, 14)
        homes.use(one, "iban", iban)
        homes.go_without(one, "iban")
        for _ in range(chance.draw_between(0, 4)):
            homes.use(one, "ip", ip)
        if chance.happens(0.35):
            homes.use(one, "device", computer)
    return members


def form_wholesale_resellers(town: Town) -> Members:
    """Resellers who buy lots from the same two or three wholesalers, list the same things at the same prices, and buy
    the odd lot of one another.
    """
    chance, clock, people = town.chance, town.clock, town.people
    goods, trade = town.goods, town.trade
    wholesalers = [trade.pick_shop() for _ in range(chance.draw_between(2, 3))]
    members = people.pick(chance.draw_between(7, 20))
    category = chance.draw_between(0, N_CATEGORIES - 1)
    titles = [goods.draw_title(category) for _ in range(chance.draw_between(3, 7))]
    base = [goods.draw_price(category, 1.2) for _ in titles]
    for one in members:
        people.likes[one] = category
        begins_at = max(people.created_at[one], 0)
        for _ in range(chance.draw_between(3, 12)):
            at = people.draw_active(one)
            trade.buy_in_shop(Deal(one, chance.draw_one(wholesalers), at, said=0.25))
        for _ in range(chance.draw_between(4, 25)):
            at, kind = clock.draw_moment(begins_at, END_AT), chance.draw_between(0, len(titles) - 1)
            people.be_there(one, begins_at, at)
            price = round(base[kind] * chance.draw_one([1, 1, 1, 0.95, 1.1]), 2)
            trade.deal(Deal(SOMEBODY, one, at, price, category, titles[kind]))
    for _ in range(len(members)):
        one, other = chance.draw_some(members, 2)
        trade.deal(Deal(one, other, people.draw_together(one, other), goods.draw_price(category, 4), category))
    return members


def form_market_stalls(town: Town) -> Members:
    """Stall-holders of the covered market: the hall's network, a borrowed card reader, change and stock bought of each
    other.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(6, 14), "business")
    ip, card_reader = things.draw_ip(188, 40), things.make_device()
    for one in members:
        people.selling[one] = chance.draw_real(1, 9)
        for _ in range(chance.draw_between(1, 4)):
            homes.use(one, "ip", ip)
        if chance.happens(0.4):
            homes.use(one, "device", card_reader)
    for _ in range(int(len(members) * chance.draw_real(1, 3))):
        one, other = chance.draw_some(members, 2)
        at, price = people.draw_together(one, other), goods.draw_price(int(people.likes[other]))
        trade.deal(Deal(one, other, at, price, said=0.6, rating=chance.draw_one([5, 5, 5, 4])))
    return members


def form_craft_guild(town: Town) -> Members:
    """Makers who buy wool, beads and glaze of one another, praise each other's work, and send customers on."""
    chance, people, goods, trade = town.chance, town.people, town.goods, town.trade
    members = people.pick(chance.draw_between(7, 16))
    for one in members:
        people.selling[one] = chance.draw_real(2, 12)
        people.likes[one] = chance.draw_one([FASHION, HOME, COLLECT])
        people.be_there(one, chance.draw_real(20, 200) * DAY, END_AT)
    regular = people.find_crowd(chance.draw_between(15, 40))
    for _ in range(int(len(members) * chance.draw_real(2, 5))):
        one, other = chance.draw_some(members, 2)
        at, price = people.draw_together(one, other), goods.draw_price(int(people.likes[other]))
        trade.deal(Deal(one, other, at, price, said=0.8, rating=chance.draw_one([5, 5, 5, 5, 4])))
    for buyer in regular:
        for other in chance.draw_some(members, chance.draw_between(1, 4)):
            at, price = people.draw_together(buyer, other), goods.draw_price(int(people.likes[other]))
            trade.deal(Deal(buyer, other, at, price, said=0.7))
    return members


def form_ship_crew(town: Town) -> Members:
    """A crew of twenty that buys in port each six weeks, all on the ship's satellite line, parcels to the agent's
    office.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(10, 24), "newcomer")
    ip, address = things.draw_ip(5, 180), things.make_address(house=True)
    at = chance.draw_real(0, 120) * DAY
    while at < END_AT:
        for one in members:
            if people.created_at[one] < at and chance.happens(0.45):
                homes.use(one, "ip", ip, at + chance.draw_real(-5, 1) * DAY)
                homes.use(one, "address:shipping", address, at - chance.draw_real(0, 2) * DAY)
                bought_at = at + chance.draw_real(-0.5, 1.5) * DAY
                if chance.happens(0.5):
                    trade.buy_in_shop(Deal(one, trade.pick_shop(bought_at), bought_at, said=0.15))
                else:
                    seller = chance.draw_one(people.find_crowd(1, bought_at) or trade.shops)
                    trade.deal(Deal(one, seller, bought_at, goods.draw_price(PHONES, 0.7), PHONES))
        at += chance.draw_real(38, 50) * DAY
    for one in members:
        people.selling[one] = 0
    return members


def form_office_mates(town: Town) -> Members:
    """Colleagues who have parcels sent to the office and look at the market at lunch, on the firm's line; a pushchair
    goes from desk to desk.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(4, 18))
    ip, address = things.draw_ip(212, 12), things.make_address(house=True)
    begins_at = chance.draw_real(-100, 300) * DAY
    for one in members:
        if chance.happens(0.6):
            homes.use(one, "address:shipping", things.spell(address), span=(begins_at, None))
        for _ in range(chance.draw_between(1, 3)):
            homes.use(one, "ip", ip, span=(begins_at, None))
        if chance.happens(0.2):
            other = chance.draw_one(members)
            trade.deal(Deal(one, other, people.draw_together(one, other), goods.draw_price(KIDS, 2), said=0.3))
    return members


def form_handed_over(town: Town) -> Members:
    """A stall that changes hands: mother stops, daughter opens her own account on the same computer, with the same
    stock and regular customers.
    """
    chance, clock, people, things = town.chance, town.clock, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    one, other = members = people.pick(2)
    at = chance.draw_real(150, 700) * DAY
    people.be_there(one, at - 140 * DAY, at)
    people.until[one] = at + 10 * DAY
    people.selling[one] = people.selling[other] = chance.draw_real(4, 15)
    people.also_likes[other] = people.likes[other] = people.likes[one]
    people.be_born(other, at - 5 * DAY, at + 5 * DAY)
    people.until[other] = END_AT
    homes.share(members, "device", things.make_device(), often=3)
    homes.share(members, "iban", things.make_iban(), 0.7)
    homes.share_only(members, "phone", things.make_phone(), 0.6)
    for regular in people.find_crowd(chance.draw_between(5, 20), at - 100 * DAY, one):
        before = clock.draw_moment(max(people.created_at[one], at - 130 * DAY, 0), at)
        after = clock.draw_moment(at + 6 * DAY, min(END_AT, at + 160 * DAY))
        for seller, bought_at in ((one, before), (other, after)):
            trade.deal(Deal(regular, seller, bought_at, goods.draw_price(int(people.likes[one])), said=0.6))
    return members
