"""Honest groups around a device or a card that is somebody else's: carers, shelters, shops, kiosks, second hands."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Span
from detection.evaluation.payments.clock import END_AT, OFFICE_HOURS
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.people import ADULT, EVERYBODY, SENIOR, STUDENT, TEEN, YOUNG
from detection.evaluation.simulation.rhythm import IntArray


def form_shelter(country: Country) -> IntArray:
    """People with nothing: the house's telephones and network, money each week, a helper who signs them up."""
    rng, people = country.rng, country.people
    helper, guests = people.settle(1, (ADULT,)), people.settle(rng.integers(8, 25), (YOUNG, ADULT, TEEN))
    span = country.clock.draw_span(150, 500)
    people.be_there(helper, *span)
    weeks = np.floor(rng.uniform(*span, len(guests)) / DAY / 7) * 7 * DAY
    people.sign_up(guests, weeks + rng.choice([10, 11, 14], len(guests)) * HOUR + rng.uniform(0, HOUR, len(guests)))
    for kind, share in {"device": 0.75, "payment": 0.9, "phone": 0.5, "ip": 0.7}.items():
        people.go_without(kind, guests, share)
    members = np.concatenate([helper, guests])
    stay = Span(span.begins_at, span.ends_at + 40 * DAY)
    country.share(members, "ip", stay, 0.95, most=4)
    for _ in range(rng.integers(1, 4)):
        country.share(members, "device", stay, 0.6)
    if country.happens(0.6):
        country.share(guests, "payment", stay, 0.6)
    people.life[guests] = 0.5
    for guest in guests.tolist():
        since = float(people.created_at[guest])
        due = Span(since + 2 * DAY, min(since + rng.uniform(30, 150) * DAY, END_AT)).list_steps(7 * DAY)
        country.hand_out(int(helper[0]), np.array([guest]), np.floor(due / DAY) * DAY, country.draw_sum(20, 25, 30))
    country.go_round(guests, rng.uniform(0.5, 2) * len(guests), stay, 8)
    return members


def form_carer(country: Country) -> IntArray:
    """Old people who pay on a carer's telephone, and pay the carer back for the shopping."""
    rng, people = country.rng, country.people
    town = people.draw_town()
    carer, old = people.settle(1, (YOUNG, ADULT), town), people.settle(rng.integers(3, 10), (SENIOR,), town)
    members, span = country.meet(np.concatenate([carer, old]), (150, 540))
    country.share(members, "device", span, 0.9)
    people.go_without("device", old, 0.6)
    for one in old.tolist():
        visits = country.clock.list_weekdays(span, int(rng.integers(0, 6)))
        visits = visits[rng.random(len(visits)) < 0.6] + rng.uniform(9, 16) * HOUR
        country.books.pay(one, int(carer[0]), visits, country.books.draw_sums(len(visits), 28, 0.5))
    country.go_round(old, rng.integers(0, 4), span, 10)
    return members


def form_phone_shop(country: Country) -> IntArray:
    """Strangers whose account a shop set up on its own telephone, some with a prepaid card from its drawer."""
    rng, people = country.rng, country.people
    town = people.draw_town()
    members = people.settle(rng.integers(8, 36), (YOUNG, ADULT, SENIOR, TEEN), town)
    span = country.clock.draw_span(150, 500)
    people.sign_up(members, country.clock.draw_moments(*span, len(members), OFFICE_HOURS))
    at = people.created_at[members] + rng.uniform(60, 1500, len(members))
    n_devices = int(rng.integers(1, 3))
    devices, network = country.books.ledger.issue("device", n_devices), country.books.ledger.issue("ip", 1)
    country.books.use(members, "device", rng.choice(devices, len(members)), at)
    country.books.use(members, "ip", network, at + 5)
    invited = country.draw_some(members, 0.3)
    staff = int(people.find_strangers(1, span.begins_at, town)[0])
    if country.happens(0.5):
        country.books.refer(invited, staff)
    tried = country.draw_some(members, 0.4)  # to show how it works
    country.books.pay(tried, staff, people.created_at[tried] + 1800, 1.0)
    return members


def form_prepaid_kiosk(country: Country) -> IntArray:
    """Young people with prepaid cards from one kiosk, whose numbers come round again, and who pass cards on."""
    rng, people = country.rng, country.people
    members, span = country.settle((5, 14), (120, 500), (TEEN, STUDENT, YOUNG))
    people.go_without("payment", members, 0.7)
    for _ in range(max(1, len(members) // 3)):
        holders = rng.choice(members, int(rng.integers(2, 5)), replace=False)
        country.share(holders, "payment", span, most=2)
    country.go_round(members, rng.uniform(0.3, 3) * len(members), span, 9)
    return members


def form_device_chain(country: Country) -> IntArray:
    """A telephone that is sold again and again, to friends and to strangers, each paying who had it before."""
    rng, people = country.rng, country.people
    members = people.settle(rng.integers(2, 6), EVERYBODY)
    span = country.clock.draw_span(250, 540)
    people.be_there(members, *span)
    device, price = country.books.ledger.issue("device", 1), rng.uniform(80, 400)
    for turn, owner in enumerate(members.tolist()):
        at = np.sort(rng.uniform(span.find(turn / len(members)), span.find((turn + 0.95) / len(members)), 4))
        country.books.use(owner, "device", device, at)
        if turn and country.happens(0.7):
            country.books.pay(owner, int(members[turn - 1]), at[0] - HOUR, np.round(price * 0.7**turn / 5) * 5)
    if country.happens(0.4):
        country.go_round(members, rng.integers(1, 10), span, 12)
    return members
