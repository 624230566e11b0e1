"""Honest groups of strangers who pass through one place, or have the same thing one after the other."""

from __future__ import annotations

from detection.evaluation.harbour.clock import DAY, END_AT, N_DAYS
from detection.evaluation.harbour.goods import PHONES
from detection.evaluation.harbour.town import Members, Town
from detection.evaluation.harbour.trade import Deal


def form_internet_cafe(town: Town) -> Members:
    """An internet café by the ferry: three machines and one line, strangers all of them."""
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    ip, computers = things.draw_ip(80, 90), [things.make_device() for _ in range(chance.draw_between(2, 6))]
    members = people.find_crowd(chance.draw_between(15, 50))
    for one in members:
        for _ in range(chance.draw_between(1, 3)):
            at = people.draw_active(one)
            homes.use(one, "device", chance.draw_one(computers), at)
            homes.use(one, "ip", ip, at)
    return members


def form_library(town: Town) -> Members:
    """The public library's computers, where people without one at home sign in for an hour a week."""
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    ip, computers = things.draw_ip(193, 25), [things.make_device() for _ in range(chance.draw_between(2, 5))]
    members = people.find_crowd(chance.draw_between(12, 30)) + people.pick(chance.draw_between(12, 30))
    for one in members:
        for _ in range(chance.draw_between(1, 5)):
            at = people.draw_active(one)
            homes.use(one, "device", chance.draw_one(computers), at)
            homes.use(one, "ip", ip, at)
        if chance.happens(0.25):
            homes.go_without(one, "device")
    return members


def form_parcel_shop(town: Town) -> Members:
    """A kiosk that takes parcels: its address stands on forty strangers' accounts."""
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    address = "Kiosk " + things.make_address(house=True)
    members = people.find_crowd(chance.draw_between(20, 80))
    for one in members:
        for _ in range(chance.draw_between(1, 3)):
            homes.use(one, "address:shipping", things.spell(address))
    return members


def form_forwarder(town: Town) -> Members:
    """People abroad who have their parcels sent to a forwarding firm's hall, with the hall's phone number as
    contact.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    address, phone = things.make_address(house=True), things.make_phone()
    members = people.pick(chance.draw_between(16, 40), "newcomer")
    for one in members:
        homes.use(one, "address:shipping", address)
        homes.use(one, "address:shipping", address)
        if chance.happens(0.25):
            homes.use(one, "phone", phone)
        if chance.happens(0.4):
            homes.go_without(one, "address")
        people.buying[one] *= 2
    return members


def form_mover_inherits(town: Town) -> Members:
    """A flat changes hands: the new tenant has the old one's address, and sometimes his router and a parcel or two."""
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    members = people.pick(chance.draw_between(2, 3))
    address, at = things.make_address(), chance.draw_real(100, 500) * DAY
    router = homes.make_router()
    homes.live([members[0]], address, router, span=(people.created_at[members[0]], at))
    homes.live([members[0]], things.make_address(), span=(at, END_AT))
    for one in members[1:]:
        leaves_at = min(at + chance.draw_real(200, 500) * DAY, END_AT)
        homes.live(
            [one], address, router if chance.happens(0.2) else homes.make_router(), span=(at + 2 * DAY, leaves_at)
        )
        at = leaves_at
    return members


def form_recycled_phone(town: Town) -> Members:
    """A number given up and handed out again by the carrier to a stranger, a year on."""
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    one, other = members = people.pick(2)
    phone, at = things.make_phone(), chance.draw_real(50, 400) * DAY
    people.be_there(one, max(at - 50 * DAY, 1 * DAY), at)
    homes.use(one, "phone", phone, span=(people.created_at[one], at))
    people.be_born(other, at + 150 * DAY, at + 400 * DAY)
    homes.use(other, "phone", phone, people.created_at[other] + 60)
    homes.go_without(other, "phone")
    return members


def form_device_sold_on(town: Town) -> Members:
    """A phone sold over the market itself: its id is seen with the seller until the parcel leaves, and with the buyer
    from then on.
    """
    chance, people, things = town.chance, town.people, town.things
    homes, goods, trade = town.homes, town.goods, town.trade
    members = people.pick(chance.draw_between(2, 4))
    device, at = things.make_device(), chance.draw_real(60, 250) * DAY
    for place, one in enumerate(members):
        people.be_there(one, max(at - 60 * DAY, DAY), at + 60 * DAY)
        homes.use(one, "device", device, at - chance.draw_real(3, 50) * DAY)
        homes.use(one, "device", device, at - chance.draw_real(0.2, 3) * DAY)
        if place + 1 < len(members) and chance.happens(0.75):
            people.be_there(members[place + 1], at)
            trade.deal(Deal(members[place + 1], one, at, goods.draw_price(PHONES), PHONES, status="completed"))
        at += chance.draw_real(90, 280) * DAY
        if at > END_AT - 70 * DAY:
            break
    homes.use(members[place], "device", device, min(at, END_AT - 5 * DAY))
    return members[: place + 1] if place else members


def form_phone_shop_help(town: Town) -> Members:
    """A phone shop that sets up the market's app for customers who ask, on its own network, numbers of one box of SIM
    cards.
    """
    chance, people, things, homes = town.chance, town.people, town.things, town.homes
    members = people.pick(chance.draw_between(12, 30), "newcomer" if chance.happens(0.7) else "senior")
    ip, device = things.draw_ip(37, 30), things.make_device()
    for one in members:
        at = chance.draw_real(0, N_DAYS - 30) * DAY
        people.be_born(one, at, at + DAY)
        homes.use(one, "ip", ip, people.created_at[one] + 60)
        if chance.happens(0.4):
            homes.use(one, "device", device, people.created_at[one] + 30)
    return members
