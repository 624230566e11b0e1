"""Honest groups of one home or one family, who share cards, devices and networks as such people do."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, MONTH, Span
from detection.evaluation.payments.clock import SUNDAY
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.people import ADULT, SENIOR, STUDENT, TEEN, YOUNG
from detection.evaluation.simulation.rhythm import IntArray


def _share_a_home(country: Country, members: IntArray, span: Span, tablet: float) -> None:
    """One router, and in a share of homes one tablet."""
    country.share(members, "ip", span, 0.75, most=4)
    if country.happens(tablet):
        country.share(members, "device", span, 0.8)


def form_couple(country: Country) -> IntArray:
    """Two who pay one another for everything; most have one card or account, some of them nothing else."""
    rng = country.rng
    members, span = country.settle((2, 3), (120, 540), (STUDENT, YOUNG, ADULT, ADULT, SENIOR))
    _share_a_home(country, members, span, 0.4)
    if country.happens(0.6):
        country.share(members, "payment", span, most=2)
        country.people.go_without("payment", members, 0.4)
    if country.happens(0.05):
        country.share(members, "phone", span)
        country.people.go_without("phone", members)
    country.go_round(members, min(rng.pareto(1.3) * 8 + 2, 220), span, 22)
    if country.happens(0.3):
        payer, payee = members[:1], int(members[-1])
        country.collect(payer, payee, country.clock.list_firsts(span), float(rng.integers(3, 16) * 50))
    return members


def form_family(country: Country) -> IntArray:
    """Parents and children; pocket money each week or month, and parents' cards in teenagers' telephones."""
    rng, people = country.rng, country.people
    town = people.draw_town()
    parents = people.settle(rng.integers(1, 3), (ADULT,), town)
    children = people.settle(rng.integers(1, 5), (TEEN, TEEN, STUDENT), town)
    members, span = country.meet(np.concatenate([parents, children]), (180, 545))
    _share_a_home(country, members, span, 0.65)
    card = country.share(parents, "payment", span)
    if country.happens(0.7):
        people.go_without("payment", children, 0.7)
        country.share(children, "payment", span, 0.8, card)
    if country.happens(0.3):
        country.share(children, "device", span)
    giver = int(parents[0])
    weekly = country.happens(0.5)
    dues = (
        country.clock.list_weekdays(span, int(rng.integers(0, SUNDAY + 1)))
        if weekly
        else country.clock.list_firsts(span)
    )
    for child in children.tolist():
        pocket_money = country.draw_sum(5, 8, 10, 15, 20) * (1 if weekly else 4)
        country.hand_out(giver, np.array([child]), dues, pocket_money, share=0.8)
    country.go_round(members, rng.uniform(1, 9) * len(members), span, 14)
    return members


def form_flatshare(country: Country) -> IntArray:
    """Rent on the first to whoever signed for the flat, bills in turn, and what is in the fridge."""
    rng, people = country.rng, country.people
    members, span = country.settle((3, 7), (120, 540), (STUDENT, YOUNG))
    _share_a_home(country, members, span, 0.15)
    firsts = country.clock.list_firsts(span)
    if country.happens(0.7):
        rents = np.round(rng.uniform(250, 620, len(members) - 1) / 5) * 5
        country.collect(members[1:], int(members[0]), firsts, rents)
    country.split_bills(members, firsts + 5 * DAY, rng.uniform(12, 40), come=0.95, days=3)
    groceries = country.clock.draw_evenings(span, rng.uniform(0.3, 2.5) * span.seconds / MONTH)
    country.split_bills(members, groceries, rng.uniform(4, 14), come=0.6, days=2)
    if country.happens(0.15):  # one household account for all
        country.share(members, "payment", span)
    people.be_there(members, *span)
    return members


def form_dormitory(country: Country) -> IntArray:
    """Students of one house: its network, the washing machine's card, beer; many sign up when term begins."""
    rng, people = country.rng, country.people
    members, span = country.settle((14, 41), (200, 320), (STUDENT,))
    is_new = rng.random(len(members)) < 0.5
    begins_at = span.begins_at - rng.exponential(10 * DAY, len(members)) - 3 * HOUR
    people.sign_up(members[is_new], begins_at[is_new])
    for _ in range(rng.integers(1, 4)):
        country.share(members, "ip", span, 0.7, most=4)
    if country.happens(0.6):
        country.collect(members[1:], int(members[0]), country.clock.list_firsts(span), country.draw_sum(5, 6, 10))
    country.go_round(members, rng.uniform(2, 7) * len(members), span, 7, evenness=0.8)
    return members


def form_student_abroad(country: Country) -> IntArray:
    """Parents who pay a child in another town each month, with a card of theirs in the child's telephone."""
    rng, people = country.rng, country.people
    parents, child = people.settle(rng.integers(1, 3), (ADULT,)), people.settle(1, (STUDENT,))
    members, span = country.meet(np.concatenate([parents, child]), (200, 545))
    country.collect(parents[:1], int(child[0]), country.clock.list_firsts(span), float(rng.integers(4, 19) * 50))
    country.go_round(members, rng.integers(2, 16), span, 30)
    if country.happens(0.6):
        country.share(members, "payment", span)
        people.go_without("payment", child, 0.4)
    if country.happens(0.35):  # the parents' old telephone
        country.share(members, "device", span, 0.9, most=2)
    return members


def form_separated_parents(country: Country) -> IntArray:
    """Two homes and a child between them: support each month, costs in halves, both parents' cards."""
    rng, people = country.rng, country.people
    parents, children = people.settle(2, (ADULT,)), people.settle(rng.integers(1, 3), (TEEN,))
    members, span = country.meet(np.concatenate([parents, children]), (200, 545))
    payer, payee = parents.tolist()
    country.collect(np.array([payer]), payee, country.clock.list_firsts(span, 3), float(rng.integers(5, 15) * 50))
    country.go_round(parents, rng.integers(4, 30), span, 25)
    for parent in parents.tolist():
        home = np.append(children, parent)
        country.share(home, "ip", span, 0.8)
        if country.happens(0.6):
            country.share(home, "payment", span, 0.8, most=2)
        country.go_round(home, rng.integers(2, 12), span, 10)
    people.go_without("payment", children, 0.6)
    return members


def form_au_pair(country: Country) -> IntArray:
    """A family and whom they pay each week, who has the family's tablet and card for shopping; a year, then another."""
    rng, people = country.rng, country.people
    town = people.draw_town()
    parents, helpers = people.settle(2, (ADULT,), town), people.settle(rng.integers(1, 3), (STUDENT, YOUNG), town)
    members, span = country.meet(np.concatenate([parents, helpers]), (300, 545))
    tablet, card = country.share(parents, "device", span), country.share(parents, "payment", span)
    for turn, helper in enumerate(np.array_split(helpers, len(helpers))):
        stay = Span(span.find(turn / len(helpers)), span.find((turn + 1) / len(helpers)))
        country.share(helper, "device", stay, thing=tablet)
        country.share(helper, "payment", stay, 0.7, card)
        country.share(np.append(parents, helper), "ip", stay, 0.9)
        weeks = country.clock.list_weekdays(stay, int(rng.integers(0, 7)))
        country.hand_out(int(parents[0]), helper, weeks, country.draw_sum(70, 80, 100, 110))
        country.go_round(np.append(parents, helper), rng.integers(4, 30), stay, 15)
    return members


def form_grandparents(country: Country) -> IntArray:
    """Old people whose account a grandchild made on its own telephone; presents on birthdays and at Christmas."""
    rng, people = country.rng, country.people
    town = people.draw_town()
    old, young = people.settle(rng.integers(1, 3), (SENIOR,), town), people.settle(rng.integers(1, 4), (TEEN, YOUNG))
    members, span = country.meet(np.concatenate([old, young]), (150, 545))
    country.share(np.append(old, young[0]), "device", span, 0.95, most=2)
    people.go_without("device", old, 0.6)
    for grandchild in young.tolist():
        days = country.clock.draw_moments(*span, int(rng.integers(1, 5)))
        country.books.pay(int(rng.choice(old)), grandchild, days, country.draw_sum(10, 20, 25, 50))
    if country.happens(0.4):
        country.share(old, "payment", span)
    country.go_round(members, rng.integers(0, 6), span, 12)
    return members


def form_remittance(country: Country) -> IntArray:
    """Whoever earns abroad pays relatives after payday; a cousin passes it on to those who share one telephone."""
    rng, people = country.rng, country.people
    earners = people.settle(rng.integers(1, 4), (YOUNG, ADULT))
    family = people.settle(rng.integers(3, 9), (TEEN, STUDENT, YOUNG, ADULT, SENIOR))
    members, span = country.meet(np.concatenate([earners, family]), (200, 545))
    village, cousin = family[1:], int(family[0])
    phone = country.share(village, "device", span, 0.7)
    people.go_without("device", village, 0.5)
    country.share(village[:2], "device", span, thing=phone)
    if country.happens(0.4):
        country.share(village, "phone", span, 0.6)
        people.go_without("phone", village, 0.6)
    dues = country.clock.list_firsts(span, int(rng.choice([2, 5, 26])))
    for earner in earners.tolist():
        sent, due = np.round(rng.uniform(80, 400) / 10) * 10, dues[rng.random(len(dues)) < 0.85]
        at = due + rng.uniform(8, 30, len(due)) * HOUR
        country.books.pay(earner, cousin, at, sent)
        for relative in village.tolist():
            passed = at + rng.exponential(1.5 * DAY, len(at)) + HOUR
            country.books.pay(cousin, relative, passed, np.round(0.9 * sent / len(village)))
    return members
