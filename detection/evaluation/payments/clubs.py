"""Honest groups with a treasurer or a till: teams, choirs, classes, parishes, cooperatives, courses."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, MONTH, Span
from detection.evaluation.payments.clock import SATURDAY, SUNDAY, WEEK
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.people import ADULT, EVERYBODY, SENIOR, STUDENT, YOUNG
from detection.evaluation.simulation.ledger import REFUNDED
from detection.evaluation.simulation.rhythm import IntArray


def form_football_team(country: Country) -> IntArray:
    """The same fee to the treasurer each month, beer after each match, and the club's card with two or three."""
    rng = country.rng
    members, span = country.gather((12, 24), (200, 540), (STUDENT, YOUNG, ADULT), spread=4)
    treasurer, others = int(members[0]), members[1:]
    country.collect(others, treasurer, country.clock.list_firsts(span), country.draw_sum(10, 15, 20), days=5)
    matches = country.clock.list_weekdays(span, SATURDAY)
    matches = matches[rng.random(len(matches)) < 0.35] + 17 * HOUR
    country.split_bills(members, matches, rng.uniform(3, 9), come=0.45, evenness=0.8, days=0.5)
    if country.happens(0.6):
        country.share(members[:3], "payment", span, most=2)
    return members


def form_choir(country: Country) -> IntArray:
    """Dues each quarter, scores, a weekend away; the treasurer pays the conductor."""
    rng = country.rng
    members, span = country.gather((18, 51), (250, 540), (YOUNG, ADULT, ADULT, SENIOR), spread=4)
    treasurer, conductor, others = int(members[0]), int(members[1]), members[2:]
    quarters = span.list_steps(3 * MONTH, after=5 * DAY)
    country.collect(others, treasurer, quarters, country.draw_sum(20, 25, 30, 40), share=0.9, days=12)
    country.hand_out(treasurer, np.array([conductor]), country.clock.list_firsts(span), rng.integers(3, 9) * 50.0)
    away = country.clock.draw_moments(*span, 1)
    country.collect(others, treasurer, away, rng.integers(6, 14) * 10.0, share=0.7, days=6)
    if country.happens(0.4):
        country.share(members[:2], "device", span, most=2)
    return members


def form_class_trip(country: Country) -> IntArray:
    """Parents pay the teacher the same on the same days, and the class's till gets what is left."""
    rng = country.rng
    members, span = country.gather((14, 29), (120, 330), (ADULT,), spread=2)
    dues = np.sort(country.clock.draw_moments(*span, int(rng.integers(2, 6))))
    for due in dues.tolist():
        asked = country.draw_sum(4, 6.5, 12, 15, 25, 80, 120)
        country.collect(members[1:], int(members[0]), np.array([due]), asked, share=0.93, days=2.5)
    back = country.draw_some(members[1:], 0.25)
    at = span.ends_at + rng.uniform(0, 4 * DAY, len(back))
    country.books.pay(int(members[0]), back, at, np.round(rng.uniform(1, 9), 2))
    country.go_round(members, rng.uniform(0, 1) * len(members), span, 8)
    return members


def form_church(country: Country) -> IntArray:
    """The plate on Sundays: small sums to one account; the old have the app on the sexton's tablet."""
    rng, people = country.rng, country.people
    members, span = country.gather((15, 61), (250, 545), EVERYBODY, spread=3)
    priest, others = int(members[0]), members[1:]
    sundays = country.clock.list_weekdays(span, SUNDAY)
    due, giver = np.nonzero(rng.random((len(sundays), len(others))) < rng.beta(1, 4, len(others)))
    at = sundays[due] + rng.uniform(9.8, 11.5, len(due)) * HOUR
    country.books.pay(others[giver], priest, at, rng.choice([1, 2, 2, 5, 5, 10, 20], len(due)))
    old = others[(people.stage[others] == SENIOR) & people.is_free[others]]
    if len(old):
        country.share(np.append(old, priest), "device", span, 0.8, most=2)
        people.go_without("device", old, 0.6)
    return members


def form_food_coop(country: Country) -> IntArray:
    """Boxes of vegetables paid each week to one account, which three of them keep on one telephone and card."""
    rng, clock = country.rng, country.clock
    members, span = country.gather((14, 41), (200, 540), (YOUNG, ADULT), spread=4)
    keepers = members[:3]
    weeks = clock.list_weekdays(span, int(rng.integers(0, 5)))
    country.collect(members[1:], int(members[0]), weeks, rng.choice([12, 18, 18, 25], len(members) - 1), share=0.75)
    farm = int(country.people.invite(1, (ADULT,), spread=40)[0])
    country.hand_out(int(members[0]), np.array([farm]), weeks, rng.integers(10, 40) * 10.0)
    country.share(keepers, "device", span)
    country.share(keepers, "payment", span, 0.8)
    return members


def form_course_bonus(country: Country) -> IntArray:
    """One student brings a whole course for the bonus on one evening, in one hall; they pay one another a euro."""
    rng, people = country.rng, country.people
    members = people.settle(rng.integers(10, 46), (STUDENT,))
    span = country.clock.draw_span(90, 250)
    inviter, others = int(members[0]), members[1:]
    people.be_there(members[:1], *span)
    evening = np.floor(span.begins_at / DAY) * DAY + rng.uniform(16, 20) * HOUR
    brought = others[rng.random(len(others)) < 0.85]
    people.sign_up(brought, evening + rng.uniform(0, 1.5 * HOUR, len(brought)))
    people.be_there(others[~np.isin(others, brought)], *span)
    passed_on = rng.random(len(brought)) < 0.3
    country.books.refer(brought, np.where(passed_on, rng.choice(brought, len(brought)), inviter))
    at = evening + 1.6 * HOUR + rng.exponential(0.7 * HOUR, len(brought))
    payees = np.where(rng.random(len(brought)) < 0.5, inviter, rng.choice(members, len(brought)))
    country.books.pay(brought, payees, at, country.draw_sum(1, 1, 2, 5))
    country.share(members, "ip", Span(evening, evening + 3 * HOUR), 0.8, most=1)
    country.go_round(members, rng.uniform(1, 4) * len(members), span, 6)
    return members


def form_crowdfunding(country: Country) -> IntArray:
    """Friends and strangers give to somebody whose house burnt down, most within days."""
    rng = country.rng
    members, span = country.gather((20, 81), (10, 40), EVERYBODY, spread=12)
    givers = members[1:]
    at = span.begins_at + rng.exponential(4 * DAY, len(givers))
    country.books.pay(givers, int(members[0]), at, rng.choice([5, 10, 10, 20, 20, 50, 100], len(givers)))
    return members


def form_cancelled_event(country: Country) -> IntArray:
    """A concert that does not take place: all paid the same to one, and get it back or ask for it back."""
    books = country.books
    members, span = country.gather((15, 61), (20, 70), (STUDENT, YOUNG, ADULT), spread=8)
    others, price = members[1:], country.draw_sum(12, 18, 25, 40)
    status = books.end(len(others), refunded=0.65, disputed=0.14)
    books.pay(others, int(members[0]), country.clock.draw_moments(*span, len(others)), price, status)
    return members


def form_scam_victims(country: Country) -> IntArray:
    """Strangers whom one crook sold tickets that do not exist; they dispute, and nobody of them did anything."""
    rng = country.rng
    crook = country.people.enlist(1, is_real=country.happens(0.5))
    span = country.clock.draw_span(10, 60)
    country.people.be_there(crook, *span, since_days=60)
    victims = country.swindle(crook, rng.integers(6, 26), span, rng.uniform(30, 120), 0.6)
    country.people.be_there(victims, *span)
    country.people.is_party[victims] = True
    for week in span.list_steps(WEEK)[: int(rng.integers(0, 3))]:  # a few got something
        happy = country.people.find_strangers(2, week)
        country.books.pay(happy, int(crook[0]), week + HOUR, 10.0, np.array([REFUNDED, 0])[: len(happy)])
    return victims
