"""Honest groups of people who live together."""

from __future__ import annotations

from detection.evaluation.harbour.clock import DAY, END_AT, N_DAYS, find_day
from detection.evaluation.harbour.goods import BIKES, BOOKS, COLLECT, FASHION, HOME, KIDS, PHONES, SHOES, TOOLS
from detection.evaluation.harbour.town import Members, Town
from detection.evaluation.harbour.trade import SOMEBODY, Deal


def form_family_tablet(town: Town) -> Members:
    """Parents and teenagers use one tablet in the kitchen; one parent's card pays, the children sell what they
    outgrew.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, trade = town.homes, town.trade
    members = people.pick(chance.draw_between(3, 6), "family")
    homes.live(members, things.make_address())
    tablet, card, iban = things.make_device(), things.make_card(), things.make_iban()
    homes.share(members, "device", tablet, 0.95, often=4)
    homes.share(members, "payment", card, 0.9)
    homes.share_only(members[1:], "iban", iban, 0.8)
    for one in members[2:]:
        homes.go_without(one, "payment", "iban")
        if people.created_at[members[0]] < END_AT - 90 * DAY:
            people.be_born(one, people.created_at[members[0]], END_AT - 60 * DAY)
        if chance.happens(0.5):
            trade.refer(one, members[0])
    return members


def form_grandchild_runs(town: Town) -> Members:
    """One to three old people whose grandchild made the account, gets the codes on his phone and lists the attic for
    them.
    """
    chance, clock, people, things = town.chance, town.clock, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(2, 4))
    grandchild, olds = members[0], members[1:]
    for one in olds:
        people.segment[one] = "senior"
        if people.created_at[grandchild] < END_AT - 60 * DAY:
            people.be_born(one, max(people.created_at[grandchild], 0), END_AT - 40 * DAY)
        homes.go_without(one, "device", "phone")
        people.buying[one] *= 0.2
        people.selling[one] = chance.draw_real(0.5, 5)
    homes.live(olds, things.make_address(house=True))
    homes.share_only(members, "device", things.make_device(), often=3)
    homes.share_only(members, "phone", things.make_phone())
    if chance.happens(0.5):
        homes.share_only(members, "iban", things.make_iban())
    begins_at = clock.draw_moment(max(people.created_at[members].max(), 0), END_AT)
    for one in olds:  # an attic is cleared on one week-end
        for _ in range(chance.draw_between(2, 9)):
            at = begins_at + chance.draw_real(0, 40) * DAY
            trade.deal(Deal(SOMEBODY, one, at, goods.draw_price(HOME), HOME, listed_at=begins_at))
        if chance.happens(0.5):
            trade.deal(Deal(grandchild, one, clock.draw_later(begins_at, 20), goods.draw_price(COLLECT), COLLECT))
    return members


def form_student_dorm(town: Town) -> Members:
    """A hall of residence: fifty move in each October and out in July, behind one network, and hand books and desks
    down to the next.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, trade = town.homes, town.trade
    address, router = things.make_address(house=True), homes.make_line()
    terms = [
        (find_day(2022, 10, 1), find_day(2023, 7, 10)),
        (find_day(2023, 10, 1), find_day(2024, 7, 10)),
        (find_day(2024, 10, 1), find_day(2025, 7, 10)),
    ]
    size, everybody, last = chance.draw_between(14, 34), list[int](), list[int]()
    laundry = things.make_device()  # the computer in the common room
    for begins_at, ends_at in terms:
        stay = [one for one in last if chance.happens(0.25)]
        new = people.pick(size - len(stay), "student")
        for one in new:
            if chance.happens(0.5):
                people.be_born(one, begins_at - 20 * DAY, begins_at + 30 * DAY)
            else:
                people.be_there(one, max(begins_at, 0), min(ends_at, END_AT))
            people.buying[one] = chance.rng.lognormal(0.4, 0.8)
        move_in = homes.live_in_flats if chance.happens(0.5) else homes.live
        move_in(stay + new, address, router, span=(begins_at, ends_at))
        homes.share(new, "device", laundry, 0.12, span=(begins_at, ends_at))
        for one in last:
            if one not in stay and chance.happens(0.55):
                _hand_down(town, one, new, begins_at)
        for one in new:
            if chance.happens(0.15):
                trade.refer(one, chance.draw_one(everybody + new))
        everybody += new
        last = stay + new
    return everybody


def _hand_down(town: Town, leaver: int, newcomers: Members, term_at: float) -> None:
    """Sell some things to those who come, in autumn or already in summer."""
    chance, people = town.chance, town.people
    for _ in range(chance.draw_between(1, 4)):
        buyer, category = chance.draw_one(newcomers), chance.draw_one([BOOKS, HOME, BIKES, BOOKS])
        days = chance.draw_real(-12, 25) if chance.happens(0.6) else -chance.draw_real(80, 100)
        at, price = term_at + days * DAY, town.goods.round_price(town.goods.draw_price(category) * 0.7)
        if people.created_at[buyer] < at < END_AT:
            people.until[leaver] = max(people.until[leaver], at + DAY)
            town.trade.deal(Deal(buyer, leaver, at, price, category, said=0.3))


def form_seasonal_flat(town: Town) -> Members:
    """Fish plant or strawberry fields: a dozen workers in one flat for a season, paid out to the foreman's account,
    gone in autumn.
    """
    chance, clock, people, things = town.chance, town.clock, town.people, town.things
    homes, trade = town.homes, town.trade
    year = chance.draw_between(2023, 2025)
    begins_at = find_day(year, 4, chance.draw_between(1, 28))
    ends_at = min(begins_at + chance.draw_real(90, 190) * DAY, END_AT)
    members = people.pick(chance.draw_between(6, 16), "newcomer")
    boss = members[0]
    for one in members[1:]:
        people.be_born(one, begins_at - 2 * DAY, begins_at + 12 * DAY)
        people.until[one] = ends_at + chance.draw_real(-20, 10) * DAY if chance.happens(0.8) else END_AT
        homes.go_without(one, "iban")
        people.selling[one] = 0
    people.be_there(boss, begins_at, ends_at)
    router = homes.make_line()
    homes.live(members, things.make_address(), router, span=(begins_at - 3 * DAY, ends_at))
    homes.share(members, "iban", things.make_iban(), 0.8, span=(begins_at, ends_at))
    homes.share_only(members, "payment", things.make_card(), 0.6, span=(begins_at, ends_at))
    homes.share(members, "device", things.make_device(), 0.3, span=(begins_at, ends_at))
    for one in members[1:]:
        if chance.happens(0.7):
            trade.refer(one, boss if chance.happens(0.7) else chance.draw_one(members[:3]))
        _buy_for_season(town, one, boss, begins_at, ends_at)
    for _ in range(chance.draw_between(3, 12)):
        at = clock.draw_moment(begins_at + 15 * DAY, ends_at)
        trade.pay(chance.draw_one(members[1:]), boss, at, chance.draw_between(20, 150))
    return members


def _buy_for_season(town: Town, worker: int, boss: int, begins_at: float, ends_at: float) -> None:
    """A bicycle, rubber boots, a phone; sold again before the bus home, often to the foreman."""
    chance, people, goods, trade = town.chance, town.people, town.goods, town.trade
    for _ in range(chance.draw_between(1, 4)):
        at = town.clock.draw_moment(max(begins_at, people.created_at[worker] + DAY), ends_at)
        category = chance.draw_one([BIKES, SHOES, PHONES, FASHION])
        for seller in people.find_crowd(1, at):
            trade.deal(Deal(worker, seller, at, goods.draw_price(category, 0.6), category))
    if chance.happens(0.5):
        at = ends_at - chance.draw_real(1, 14) * DAY
        buyer = boss if chance.happens(0.4) else SOMEBODY
        trade.deal(Deal(buyer, worker, at, goods.draw_price(BIKES, 0.4), BIKES))


def form_flatshare(town: Town) -> Members:
    """Three to five flatmates, unrelated, of whom one moves out each year; one router, a shared pan, now and then a
    borrowed laptop.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(3, 6), "student" if chance.happens(0.5) else None)
    address, router = things.make_address(), homes.make_router()
    at = chance.draw_real(-300, 100) * DAY
    for place, one in enumerate(members):
        homes.live(
            [one],
            address,
            router,
            span=(at + place * chance.draw_real(20, 120) * DAY, at + chance.draw_real(400, 1100) * DAY),
        )
    if chance.happens(0.3):
        homes.share(members, "device", things.make_device(), 0.6)
    if chance.happens(0.3):
        one, other = chance.draw_some(members, 2)
        trade.deal(Deal(one, other, people.draw_together(one, other), goods.draw_price(HOME), HOME))
    return members


def form_twins(town: Town) -> Members:
    """Twins with accounts of the same afternoon, one wardrobe, one laptop; they sell each other a thing when a
    birthday voucher is left.
    """
    chance, clock, people, things = town.chance, town.clock, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    one, other = members = people.pick(2)
    people.be_born(one, -300 * DAY, END_AT - 100 * DAY)
    people.created_at[other] = people.created_at[one] + chance.draw_real(300, 7200)
    people.until[other] = people.until[one] = max(people.until[one], people.created_at[one] + 99 * DAY)
    people.surname[other] = people.surname[one]
    homes.live(members, things.make_address())
    homes.share(members, "device", things.make_device(), often=3)
    if chance.happens(0.5):
        homes.share(members, "payment", things.make_card())
    for turn in range(chance.draw_between(0, 4)):
        at = clock.draw_moment(max(people.created_at[other], 0), min(people.until[one], END_AT))
        buyer, seller = (one, other) if turn % 2 else (other, one)
        trade.deal(Deal(buyer, seller, at, goods.draw_price(FASHION, 0.6), FASHION))
    return members


def form_split_couple(town: Town) -> Members:
    """A couple shares flat, tablet and card until a day; then one moves out, and the other sells what stayed behind."""
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    one, other = members = people.pick(2)
    at = chance.draw_real(90, N_DAYS - 60) * DAY
    for each in members:
        people.be_there(each, min(at - 80 * DAY, at), at + 60 * DAY)
    router = homes.make_router()
    address = things.make_address()
    homes.live([one], address, router, span=(people.created_at[one], END_AT))
    homes.live([other], address, router, span=(people.created_at[other], at))
    homes.live([other], things.make_address(), span=(at, END_AT))
    homes.share(members, "device", things.make_device(), often=3, span=(None, at))
    homes.share(members, "payment", things.make_card(), span=(None, at))
    homes.share(members, "iban", things.make_iban(), 0.8, span=(None, at))
    for _ in range(chance.draw_between(3, 15)):
        sold_at = at + chance.draw_real(2, 50) * DAY
        trade.deal(Deal(SOMEBODY, one, sold_at, goods.draw_price(HOME, 0.7), HOME))
    return members


def form_shelter(town: Town) -> Members:
    """A shelter or refugee house: one address, the office's phone for codes, two shared computers, people who come and
    go within months.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    address, router = things.make_address(house=True), homes.make_line()
    members = people.pick(chance.draw_between(14, 40), "newcomer")
    phones, computers = [things.make_phone(), things.make_phone()], [things.make_device(), things.make_device()]
    for one in members:
        at = chance.draw_real(0, N_DAYS - 60) * DAY
        people.be_born(one, at, at + 10 * DAY)
        homes.live([one], address, router, span=(at, at + chance.draw_real(40, 260) * DAY))
        homes.use(one, "device", chance.draw_one(computers), span=(at, at + 60 * DAY))
        if chance.happens(0.4):
            homes.use(one, "phone", chance.draw_one(phones), span=(at, at + 3 * DAY))
            homes.go_without(one, "phone")
        if chance.happens(0.5):
            homes.go_without(one, "payment")
        people.selling[one] *= 0.3
        people.buying[one] *= 0.7
    return members


def form_prison(town: Town) -> Members:
    """A prison's education wing: mail and computer of the wing, the prison's address; men buy books and sell carved
    ships.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    address, router = things.make_address(house=True), homes.make_line()
    members = people.pick(chance.draw_between(10, 22))
    computers, iban = [things.make_device(), things.make_device()], things.make_iban()
    for one in members:
        begins_at = chance.draw_real(0, N_DAYS - 100) * DAY
        people.be_born(one, begins_at, begins_at + 20 * DAY)
        homes.live([one], address, router, span=(begins_at, END_AT))
        homes.use(one, "device", chance.draw_one(computers), span=(begins_at, None))
        homes.use(one, "iban", iban, span=(begins_at, None))
        homes.go_without(one, "device", "phone", "payment", "iban")
        people.selling[one] = chance.draw_real(0, 2)
        people.likes[one] = COLLECT
    return members


def form_care_home(town: Town) -> Members:
    """A home for the old: a carer's tablet and the home's address on a dozen accounts that sell china and buy
    slippers.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    address, router, tablets = (
        things.make_address(house=True),
        homes.make_line(),
        [things.make_device(), things.make_device()],
    )
    members = people.pick(chance.draw_between(7, 18), "senior")
    phone = things.make_phone()
    for one in members:
        begins_at = chance.draw_real(-100, N_DAYS - 120) * DAY
        people.be_born(one, begins_at, begins_at + 60 * DAY)
        homes.live([one], address, router)
        homes.use(one, "device", chance.draw_one(tablets))
        homes.use(one, "device", chance.draw_one(tablets))
        if chance.happens(0.6):
            homes.go_without(one, "device", "phone")
            homes.use(one, "phone", phone)
    return members


def form_housing_coop(town: Town) -> Members:
    """A housing co-operative: one stairwell's address, a give-and-sell board, a shared order of heating pellets in
    autumn.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(6, 22))
    address = things.make_address(house=True)
    for one in members:
        homes.live_in_flats([one], address, homes.make_router())
    for _ in range(int(len(members) * chance.draw_real(0.6, 2))):
        one, other = chance.draw_some(members, 2)
        at = people.draw_together(one, other)
        trade.deal(Deal(one, other, at, goods.draw_price(chance.draw_one([KIDS, HOME, TOOLS, BOOKS]), 0.6), said=0.25))
    year = chance.draw_between(2023, 2024)
    begins_at, organiser = find_day(year, 10, chance.draw_between(1, 20)), members[0]
    people.be_there(organiser, begins_at)
    for one in members[1:]:
        if people.created_at[one] < begins_at and chance.happens(0.6):
            trade.pay(one, organiser, begins_at + chance.draw_real(0, 6) * DAY, 180)
    return members
