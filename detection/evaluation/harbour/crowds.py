"""Honest crowds: strangers who do the same thing at the same time, and whoever they do it for."""

from __future__ import annotations

from detection.evaluation.harbour.clock import DAY, END_AT
from detection.evaluation.harbour.goods import BOOKS, FASHION, GAMES, HOME, KIDS, PHONES
from detection.evaluation.harbour.town import Members, Town
from detection.evaluation.harbour.trade import SOMEBODY, Deal


def form_launch_fans(town: Town) -> Members:
    """A new console or a band's record: sixty buy the same thing of the same shop within the hour it goes on sale, and
    are happy.
    """
    chance, clock, people, trade = town.chance, town.clock, town.people, town.trade
    begins_at = clock.draw_moment(20 * DAY, END_AT - 20 * DAY)
    shop = trade.pick_shop(begins_at)
    members = people.find_crowd(chance.draw_between(20, 80), begins_at, shop)
    price = float(chance.draw_between(25, 90))
    product = trade.list_item(shop, begins_at - 3 * DAY, price, GAMES, "Special edition, numbered")
    for one in members:
        at, rating = begins_at + chance.rng.exponential(2400), 5 if chance.happens(0.92) else chance.draw_between(3, 4)
        status = "completed" if chance.happens(0.96) else None
        trade.deal(Deal(one, shop, at, price, product=product, said=0.5, rating=rating, status=status))
    return members


def form_recall_customers(town: Town) -> Members:
    """Buyers of a heater that is recalled: one star each within the week, and most of them refunded."""
    chance, clock, people, trade = town.chance, town.clock, town.people, town.trade
    recalled_at = clock.draw_moment(150 * DAY, END_AT - 20 * DAY)
    shop = trade.pick_shop(recalled_at - 140 * DAY)
    people.until[shop] = END_AT
    members = people.find_crowd(chance.draw_between(15, 50), recalled_at - 120 * DAY, shop)
    price = float(chance.draw_between(30, 140))
    product = trade.list_item(shop, recalled_at - 139 * DAY, price, HOME, "Fan heater")
    for one in members:
        at = clock.draw_moment(recalled_at - 118 * DAY, recalled_at - 5 * DAY)
        status = "refunded" if chance.happens(0.7) else "completed"
        trade.deal(Deal(one, shop, at, price, product=product, status=status, said=0))
        if chance.happens(0.75):
            rating = 1 if chance.happens(0.85) else 2
            trade.review(one, product, recalled_at + chance.rng.exponential(2) * DAY, rating)
    return members


def form_scam_victims(town: Town) -> Members:
    """Strangers whom the same lone swindler took money from in one week: disputes and one star, and nothing else in
    common.
    """
    chance, clock, people = town.chance, town.clock, town.people
    goods, trade = town.goods, town.trade
    swindler = people.pick(1)[0]
    begins_at = clock.draw_moment(60 * DAY, END_AT - 30 * DAY)
    people.be_there(swindler, begins_at - 20 * DAY, begins_at)
    people.until[swindler] = begins_at + 20 * DAY
    people.lone.add(swindler)
    members = people.find_crowd(chance.draw_between(8, 40), begins_at, swindler)
    for one in members:
        at, price = begins_at + chance.rng.exponential(5) * DAY, goods.round_price(chance.draw_real(80, 420))
        status = "disputed" if chance.happens(0.7) else "refunded"
        product = trade.deal(Deal(one, swindler, at, price, PHONES, status=status, said=0))
        if chance.happens(0.55) and product is not None:
            trade.review(one, product, at + chance.draw_real(6, 25) * DAY, 1)
    return members


def form_influencer_drop(town: Town) -> Members:
    """A girl with followers empties her wardrobe on a Sunday evening; half the buyers signed up that hour with her
    code.
    """
    chance, clock, people, trade = town.chance, town.clock, town.people, town.trade
    seller = people.pick(1)[0]
    drops = sorted(clock.draw_moment(20 * DAY, END_AT - 10 * DAY) for _ in range(chance.draw_between(1, 3)))
    people.be_there(seller, drops[0], END_AT)
    fans = people.pick(chance.draw_between(14, 45), "student" if chance.happens(0.5) else None)
    old = people.find_crowd(chance.draw_between(12, 40), drops[0], seller)
    for one in fans:
        people.created_at[one] = chance.draw_one(drops) - chance.rng.exponential(4000)
        people.until[one] = people.created_at[one] + chance.rng.exponential(250) * DAY + 20 * DAY
        if chance.happens(0.7):
            trade.refer(one, seller)
    for dropped_at in drops:
        for one in fans + old:
            if people.created_at[one] < dropped_at and chance.happens(0.7):
                for _ in range(chance.draw_between(1, 2)):
                    _buy_from_wardrobe(town, one, seller, dropped_at)
    return [seller] + fans + old


def _buy_from_wardrobe(town: Town, buyer: int, seller: int, dropped_at: float) -> None:
    chance = town.chance
    at, price = dropped_at + chance.rng.exponential(2500), town.goods.draw_price(FASHION, 1.3)
    rating = 5 if chance.happens(0.93) else chance.draw_between(2, 4)
    status, listed_at = "completed" if chance.happens(0.95) else None, dropped_at - 3600
    deal = Deal(buyer, seller, at, price, FASHION, status=status, said=0.65, rating=rating, listed_at=listed_at)
    town.trade.deal(deal)


def form_regulars_of_a_seller(town: Town) -> Members:
    """The same twenty people who come back each month to the woman with the vintage dresses, and always say so."""
    chance, people, goods, trade = town.chance, town.people, town.goods, town.trade
    seller = people.pick(1)[0]
    people.be_there(seller, 20 * DAY, END_AT)
    people.selling[seller] = chance.draw_real(5, 20)
    members = people.find_crowd(chance.draw_between(10, 30), 200 * DAY, seller)
    for one in members:
        for _ in range(2 + int(chance.rng.pareto(1.3) * 1.5) % 14):
            at = people.draw_together(one, seller, until=min(people.until[one], END_AT))
            price, rating = goods.draw_price(FASHION), 5 if chance.happens(0.95) else 4
            trade.deal(Deal(one, seller, at, price, FASHION, said=0.75, rating=rating))
    return [seller] + members


def form_save_the_bookshop(town: Town) -> Members:
    """A small shop asks its town for help: in ten days sixty people buy something and leave five stars, many with new
    accounts.
    """
    chance, clock, people = town.chance, town.clock, town.people
    goods, trade = town.goods, town.trade
    shop = people.pick(1)[0]
    begins_at = clock.draw_moment(90 * DAY, END_AT - 30 * DAY)
    people.be_there(shop, begins_at - 80 * DAY, END_AT)
    people.selling[shop], people.likes[shop] = chance.draw_real(3, 10), chance.draw_one([BOOKS, HOME, KIDS])
    new = people.pick(chance.draw_between(5, 22))
    old = people.find_crowd(chance.draw_between(15, 45), begins_at, shop)
    for one in new:
        people.created_at[one] = begins_at + chance.rng.exponential(3) * DAY
        people.until[one] = people.created_at[one] + chance.rng.exponential(200) * DAY + 10 * DAY
        if chance.happens(0.25):
            trade.refer(one, shop)
    for one in new + old:
        for _ in range(2 if chance.happens(0.2) else 1):
            at = max(begins_at, people.created_at[one] + 900) + chance.rng.exponential(3) * DAY
            price = goods.draw_price(int(people.likes[shop]))
            trade.deal(Deal(one, shop, at, price, said=0.75, rating=5, status="completed"))
    return [shop] + new + old


def form_courier_strike(town: Town) -> Members:
    """The depot of one parcel firm stands still: a score of sellers have refunds, disputes and angry stars in the same
    fortnight, and none before.
    """
    chance, clock, people = town.chance, town.clock, town.people
    goods, trade = town.goods, town.trade
    members = people.pick(chance.draw_between(8, 24))
    begins_at = clock.draw_moment(100 * DAY, END_AT - 40 * DAY)
    for one in members:
        people.be_there(one, begins_at - 60 * DAY, begins_at + 40 * DAY)
        people.selling[one] = chance.draw_real(2, 14)
        for _ in range(chance.draw_between(2, 9)):
            at, price = begins_at + chance.draw_real(-3, 9) * DAY, goods.draw_price(int(people.likes[one]))
            status = chance.draw_one(["refunded", "refunded", "disputed", "completed"])
            rating = chance.draw_one([1, 1, 2, 3])
            trade.deal(Deal(SOMEBODY, one, at, price, status=status, said=0.45, rating=rating))
    return members
