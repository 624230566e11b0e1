"""Honest groups of work and business: stalls, tutors, landlords, cleaners, shops, companies, the harvest."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Span
from detection.evaluation.payments.clock import FRIDAY, OFFICE_HOURS, SATURDAY
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.people import ADULT, EVERYBODY, SENIOR, STUDENT, TEEN, YOUNG
from detection.evaluation.simulation.rhythm import IntArray


def form_office_lunch(country: Country) -> IntArray:
    """Colleagues of whom one pays at the till, and the others at once; all in the office's network."""
    rng = country.rng
    members, span = country.gather((4, 15), (120, 520), (YOUNG, ADULT), spread=5)
    noons = country.clock.list_workdays(span)
    noons = noons[rng.random(len(noons)) < rng.uniform(0.05, 0.3)] + 12.6 * HOUR
    country.split_bills(members, noons, rng.uniform(7, 14), come=0.5, evenness=rng.choice([0.4, 3]), days=0.1)
    country.share(members, "ip", span, 0.6, most=4)
    return members


def form_market_stall(country: Country) -> IntArray:
    """A family's stall: strangers pay one of them on Saturdays, and the day's takings are divided."""
    rng, people = country.rng, country.people
    members, span = country.settle((2, 5), (150, 540), (YOUNG, ADULT, TEEN))
    keeper, others = int(members[0]), members[1:]
    days = country.clock.list_weekdays(span, SATURDAY)
    days = days[rng.random(len(days)) < 0.8]
    visits = np.repeat(days, rng.poisson(rng.uniform(1, 5), len(days)))
    customers = rng.choice(people.find_strangers(150, span.find(0.5), int(people.town[keeper])), len(visits))
    at = visits + rng.uniform(8, 14.5, len(visits)) * HOUR
    country.books.pay(customers, keeper, at, country.books.draw_sums(len(visits), 9))
    country.hand_out(keeper, others, days + 6 * HOUR, country.draw_sum(20, 30, 40), share=0.6)
    country.share(members, "device", span, 0.8)
    if country.happens(0.5):
        country.share(members, "payment", span, 0.7)
    return members


def form_busker(country: Country) -> IntArray:
    """A band with a sign: coins from passers-by, shared after each evening."""
    rng, people = country.rng, country.people
    members, span = country.settle((2, 5), (60, 300), (STUDENT, YOUNG))
    evenings = country.clock.draw_evenings(span, rng.integers(8, 31))
    gigs = np.repeat(evenings, rng.poisson(5, len(evenings)))
    givers = rng.choice(people.find_strangers(200, span.find(0.5)), len(gigs))
    country.books.pay(
        givers, int(members[0]), gigs + rng.uniform(0, 2 * HOUR, len(gigs)), rng.choice([1, 2, 2, 5], len(gigs))
    )
    country.hand_out(int(members[0]), members[1:], evenings + 0.2 * DAY, country.draw_sum(5, 8, 10, 15), share=0.8)
    return members


def form_tutor(country: Country) -> IntArray:
    """Parents and pupils who pay the same for each lesson."""
    rng = country.rng
    members, span = country.gather((4, 14), (120, 420), (ADULT, STUDENT), spread=6)
    price = country.draw_sum(15, 20, 25, 30)
    for pupil in members[1:].tolist():
        lessons = country.clock.list_weekdays(span, int(rng.integers(0, 6)))
        country.collect(np.array([pupil]), int(members[0]), lessons + 8 * HOUR, price, share=0.7, days=0.3)
    return members


def form_landlord(country: Country) -> IntArray:
    """Tenants who pay rent on the first of the month, year in, year out; the caretaker gets a part."""
    rng = country.rng
    members, span = country.gather((4, 16), (250, 545), (YOUNG, ADULT, SENIOR), spread=6)
    landlord, caretaker, tenants = int(members[0]), int(members[1]), members[2:]
    firsts = country.clock.list_firsts(span)
    country.collect(tenants, landlord, firsts, rng.integers(9, 30, len(tenants)) * 25.0, share=0.97)
    country.hand_out(landlord, np.array([caretaker]), firsts + 3 * DAY, country.draw_sum(80, 120, 150, 200))
    return members


def form_cleaner(country: Country) -> IntArray:
    """Homes that pay for each week, and two sisters who share the work and one telephone number."""
    rng, people = country.rng, country.people
    sisters = people.settle(2, (YOUNG, ADULT))
    homes = people.invite(rng.integers(4, 13), (ADULT, SENIOR), spread=8)
    members, span = country.meet(np.unique(np.concatenate([sisters, homes])), (150, 540))
    price = country.draw_sum(30, 40, 45, 60)
    for home in homes.tolist():
        weeks = country.clock.list_weekdays(span, int(rng.integers(0, 5)))
        country.collect(np.array([home]), int(sisters[0]), weeks[:: int(rng.integers(1, 4))] + 8 * HOUR, price)
    country.hand_out(int(sisters[0]), sisters[1:], country.clock.list_weekdays(span, FRIDAY), 2 * price, share=0.7)
    country.share(sisters, "phone", span)
    country.share(sisters, "ip", span, 0.8)
    return members


def form_two_hats(country: Country) -> IntArray:
    """One person's private and business account: one telephone, one card, customers, and money between the two."""
    rng, people = country.rng, country.people
    members, span = country.settle((2, 3), (200, 545), (YOUNG, ADULT))
    business = int(members[0])
    for kind in ("device", "ip"):
        country.share(members, kind, span, most=4)
    country.share(members, "payment", span, 0.8)
    people.go_without("device", members)
    if country.happens(0.7):
        country.share(members, "phone", span)
        people.go_without("phone", members)
    town = int(people.town[business])
    customers = people.find_strangers(rng.integers(5, 60), span.find(0.3), town)
    at = country.clock.draw_moments(*span, len(customers), OFFICE_HOURS)
    country.books.pay(customers, business, at, country.books.draw_sums(len(customers), rng.uniform(10, 60)))
    draws = country.clock.list_firsts(span, int(rng.integers(1, 28)))
    country.hand_out(business, members[1:], draws, country.books.draw_sums(1, 250)[0], share=0.8)
    country.go_round(members, rng.integers(0, 8), span, 40)
    return members


def form_family_business(country: Country) -> IntArray:
    """A café: the till's telephone goes from hand to hand, tips are shared evenly each week."""
    rng, people = country.rng, country.people
    members, span = country.settle((3, 9), (200, 545), (STUDENT, YOUNG, ADULT))
    owner, staff = int(members[0]), members[1:]
    country.share(members, "device", span, 0.85, most=4)
    country.share(members, "ip", span, 0.9, most=4)
    guests = people.find_strangers(rng.integers(20, 120), span.find(0.4), int(people.town[owner]))
    guests = rng.choice(guests, int(1.5 * len(guests)))
    country.books.pay(
        guests, owner, country.clock.draw_moments(*span, len(guests)), country.books.draw_sums(len(guests), 8)
    )
    country.hand_out(
        owner, staff, country.clock.list_weekdays(span, SATURDAY) + 4 * HOUR, country.draw_sum(15, 20, 30), share=0.7
    )
    country.hand_out(owner, staff, country.clock.list_firsts(span), rng.integers(8, 40, len(staff)) * 25.0)
    return members


def form_company_phones(country: Country) -> IntArray:
    """Colleagues with the company's card, and telephones that are handed from shift to shift."""
    rng, people = country.rng, country.people
    members, span = country.settle((4, 15), (200, 540), (YOUNG, ADULT))
    for _ in range(rng.integers(1, 4)):
        country.share(members, "device", span, 0.6)
    country.share(members, "payment", span, 0.8)
    people.go_without("device", members, 0.4)
    people.go_without("payment", members, 0.6)
    country.share(members, "ip", span, 0.8)
    country.hand_out(
        int(members[0]), members[1:], country.clock.list_firsts(span, 15), country.draw_sum(20, 35, 50), share=0.6
    )
    country.go_round(members, rng.uniform(1, 4) * len(members), span, 9, hours=OFFICE_HOURS)
    return members


def form_gig_payday(country: Country) -> IntArray:
    """A courier firm that pays its riders each Friday, other sums each week; riders lend one another."""
    rng = country.rng
    members, span = country.gather((14, 51), (150, 500), (STUDENT, YOUNG), spread=6)
    firm, riders = int(members[0]), members[1:]
    for friday in country.clock.list_weekdays(span, FRIDAY).tolist():
        paid = country.draw_some(riders, 0.55)
        at = friday + rng.uniform(11, 19) * HOUR + rng.uniform(0, 900, len(paid))
        country.books.pay(firm, paid, at, np.round(rng.lognormal(np.log(140), 0.5, len(paid)), 2))
    country.go_round(riders, rng.uniform(0.2, 1.5) * len(riders), span, 15)
    return members


def form_seasonal_workers(country: Country) -> IntArray:
    """A gang signed up on one telephone in a morning; wages each week, most given to two who take them home."""
    rng, people = country.rng, country.people
    members = people.settle(rng.integers(8, 23), (YOUNG, ADULT))
    span = country.clock.draw_span(50, 150)
    foreman, workers = int(members[0]), members[1:]
    people.be_there(members[:1], *span)
    morning = np.floor(span.begins_at / DAY) * DAY + 8 * HOUR
    people.sign_up(workers, morning + rng.uniform(0, 4 * HOUR, len(workers)))
    people.go_without("device", workers, 0.4)
    people.go_without("payment", workers, 0.5)
    country.share(members, "device", Span(morning, morning + 5 * HOUR), 0.9, most=1)
    country.share(members, "ip", span, 0.9, most=4)
    takers = people.invite(2, (YOUNG, ADULT), spread=30)
    people.be_there(takers, *span)
    for friday in country.clock.list_weekdays(Span(span.begins_at + 2 * DAY, span.ends_at), FRIDAY):
        paid = country.draw_some(workers, 0.95)
        at = friday + 16 * HOUR + rng.uniform(0, 1800, len(paid))
        wages = np.round(rng.normal(320, 40, len(paid)).clip(150) / 5) * 5
        country.books.pay(foreman, paid, at, wages)
        sends = rng.random(len(paid)) < 0.75
        sent_at = at[sends] + rng.exponential(9 * HOUR, int(sends.sum())) + HOUR
        country.books.pay(
            paid[sends], rng.choice(takers, int(sends.sum())), sent_at, np.round(0.8 * wages[sends] / 10) * 10
        )
    return np.concatenate([members, takers[~np.isin(takers, members)]])


def form_second_account(country: Country) -> IntArray:
    """Somebody who lost a password: all money goes from the old account to the new one, on one telephone."""
    rng, people = country.rng, country.people
    members = people.settle(2, EVERYBODY)
    span = country.clock.draw_span(3, 40)
    old, new = members.tolist()
    people.be_there(members[:1], *span)
    people.sign_up(members[1:], span.begins_at + HOUR)
    people.life[old] = 0.4
    at = span.begins_at + 2 * HOUR + rng.exponential(DAY, int(rng.integers(1, 4)))
    country.books.pay(old, new, at, country.books.draw_sums(len(at), 60))
    for kind, share in (("device", 1.0), ("phone", 0.6), ("payment", 0.9)):
        country.share(members, kind, Span(span.begins_at, span.ends_at + 60 * DAY), share)
    people.go_without("device", members, 0.7)
    return members
