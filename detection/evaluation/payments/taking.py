"""Rings that take: of accounts they enter, of cards they stole, of those who pay for nothing, of the app."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Span
from detection.evaluation.payments.campaign import Ring, pass_things_on
from detection.evaluation.payments.clock import WEEK
from detection.evaluation.payments.country import Country
from detection.evaluation.simulation.ledger import COMPLETED, DISPUTED
from detection.evaluation.simulation.rhythm import IntArray


def run_takeover_crew(country: Country, ring: Ring, members: IntArray) -> None:
    """They enter accounts of strangers, mostly from telephones of theirs, and empty them to their own."""
    rng, books = country.rng, country.books
    drops = members
    victims = ring.find_victims(max(3, ring.draw_count(0.8, 2.5)))
    entered_at = ring.draw_moments(len(victims))
    devices = books.ledger.issue("device", max(1, len(members) // 3))
    seen = rng.random(len(victims)) < (0.35 if country.is_hard else 0.75)
    books.use(
        victims[seen],
        "device",
        rng.choice(devices, int(seen.sum())),
        entered_at[seen] - rng.uniform(60, 900, int(seen.sum())),
    )
    if ring.sharing in ("all", "most"):
        country.share(country.draw_some(members, 0.4), "device", ring.span, thing=int(devices[0]))
    row = np.repeat(np.arange(len(victims)), rng.integers(1, 4, len(victims)))
    at = entered_at[row] + rng.exponential((20 if country.is_hard else 2) * HOUR, len(row))
    amounts = books.draw_sums(len(row), 90, 0.8)
    payee = rng.choice(drops, len(row))
    books.pay(victims[row], payee, at, amounts, books.end(len(row), refunded=0.08, disputed=0.3))
    ring.pass_on(payee, members[: max(1, len(members) // 5)], at, amounts)


def run_card_testing(country: Country, ring: Ring, members: IntArray) -> None:
    """Many stolen cards, a euro each, to a few payees of theirs, at any hour."""
    rng, books = country.rng, country.books
    payees, testers = ring.deal_roles({"payee": 0.25, "tester": 0.75})
    count = ring.draw_count(3, 9, testers)
    tester, at = rng.choice(testers, count), ring.span.begins_at + rng.uniform(0, ring.span.seconds, count)
    cards = books.ledger.issue("payment", count)
    books.use(tester, "payment", cards, at - rng.uniform(20, 300, count))
    amounts = np.where(rng.random(count) < 0.8, rng.choice([0.5, 1, 1, 1.5, 2], count), books.draw_sums(count, 40))
    status = rng.choice([COMPLETED, 3, 1, DISPUTED], count, p=(0.72, 0.14, 0.04, 0.1))
    outside = country.people.find_strangers(max(3, count // 5), ring.span.begins_at)  # some test on anybody
    payee = np.where(rng.random(count) < 0.75, rng.choice(payees, count), rng.choice(outside, count))
    books.pay(tester, payee, at, amounts, status)
    again = np.flatnonzero(rng.random(count) < 0.12)  # the same card in another hand
    books.use(rng.choice(testers, len(again)), "payment", cards[again], at[again] + DAY)


def run_fake_payees(country: Country, ring: Ring, members: IntArray) -> None:
    """Burners with stolen cards pay payees who sold nothing, and those an organiser; banks claim some of it back."""
    rng, books = country.rng, country.books
    organisers, payees, burners = ring.deal_roles({"organiser": 0.1, "payee": 0.35, "burner": 0.55})
    burner = np.repeat(burners, rng.integers(2, 6, len(burners)))
    count = len(burner)
    at, payee = ring.draw_moments(count), rng.choice(payees, count)
    amounts = books.draw_sums(count, 70 if country.is_hard else 110, 0.5)
    books.use(burner, "payment", books.ledger.issue("payment", count), at - rng.uniform(30, 600, count))
    books.pay(burner, payee, at, amounts, books.end(count, refunded=0.04, disputed=0.22))
    ring.pass_on(payee, organisers, at, amounts, kept=0.25)


def run_fake_seller(country: Country, ring: Ring, members: IntArray) -> None:
    """Tickets and flats that do not exist: strangers pay the collectors, who pay one of them."""
    rng = country.rng
    heads, collectors = ring.deal_roles({"head": 0.2, "collector": 0.8})
    count = ring.draw_count(2, 5, collectors)
    victims = ring.find_victims(count)
    at, payee = ring.draw_moments(len(victims)), rng.choice(collectors, len(victims))
    amounts = country.books.draw_sums(len(victims), country.draw_sum(25, 45, 80, 160), 0.3)
    country.books.pay(victims, payee, at, amounts, country.books.end(len(victims), refunded=0.05, disputed=0.28))
    ring.pass_on(payee, heads, at, amounts, kept=0.15)
    sent = country.draw_some(collectors, 0.6)  # something was sent at first
    happy = country.people.find_strangers(len(sent), ring.span.begins_at)
    country.books.pay(happy, sent[: len(happy)], ring.draw_moments(len(happy), ends=0.3), 15.0, COMPLETED)


def run_friendly_fraud(country: Country, ring: Ring, members: IntArray) -> None:
    """They pay one another and tell the bank that it was not they; the payee has the money, the app pays."""
    rng, books = country.rng, country.books
    books_before = ring.draw_count(1, 4)
    country.go_round(members, books_before, Span(ring.span.begins_at - 8 * WEEK, ring.span.begins_at), 14)
    count = ring.draw_count(2, 5)
    amounts = books.draw_sums(count, 70, 0.7)
    status = books.end(count, refunded=0.06, disputed=0.4 if country.is_hard else 0.6)
    books.pay(rng.choice(members, count), rng.choice(members, count), ring.draw_moments(count), amounts, status)


def run_bust_out(country: Country, ring: Ring, members: IntArray) -> None:
    """Months as good borrowers; then all limits are drawn within a fortnight, to a few, and never paid."""
    rng, books = country.rng, country.books
    takers, borrowers = ring.deal_roles({"taker": 0.2, "borrower": 0.8})
    quiet = Span(ring.span.begins_at, ring.span.find(0.85))
    country.go_round(members, ring.draw_count(1, 4), quiet, 16)
    strangers = country.people.find_strangers(ring.draw_count(1, 3), quiet.begins_at)
    at = country.clock.draw_moments(*quiet, len(strangers))
    books.pay(rng.choice(members, len(strangers)), strangers, at, books.draw_sums(len(strangers), 15))
    borrower = np.repeat(borrowers, rng.integers(1, 5, len(borrowers)))
    count = len(borrower)
    drawn_at = max(ring.span.find(0.86), ring.span.ends_at - (40 if country.is_hard else 14) * DAY)
    at = country.clock.draw_moments(drawn_at, ring.span.ends_at, count)
    payee = rng.choice(takers, count)
    if country.is_hard:  # half is spent on what others sell
        others = country.people.find_strangers(max(2, count // 2), drawn_at)
        payee = np.where(rng.random(count) < 0.5, payee, rng.choice(others, count))
    books.pay(borrower, payee, at, books.draw_sums(count, 170, 0.6), books.end(count, refunded=0.01, disputed=0.1))


def run_synthetic_people(country: Country, ring: Ring, members: IntArray) -> None:
    """Persons who do not exist, on a few telephones, feed one another small sums; then each takes a large one."""
    rng, books = country.rng, country.books
    if ring.sharing != "none":
        for kind in ("device", "phone"):
            pass_things_on(ring, kind, country.draw_some(members, 0.4 if country.is_hard else 0.7))
    feeders, persons = ring.deal_roles({"feeder": 0.15, "person": 0.85})
    for feeder in np.array_split(persons, len(feeders)):
        fed = np.repeat(feeder, rng.integers(1, 5, len(feeder)))
        payer = rng.choice(feeders, len(fed))
        books.pay(payer, fed, ring.draw_moments(len(fed), ends=0.8), books.draw_sums(len(fed), 25))
    country.go_round(persons, ring.draw_count(0.5, 3, persons), Span(ring.span.begins_at, ring.span.find(0.8)), 12)
    out = country.draw_some(persons, 0.8)
    books.pay(
        out, rng.choice(feeders, len(out)), ring.draw_moments(len(out), begins=0.8), books.draw_sums(len(out), 140, 0.6)
    )


def run_bonus_farm(country: Country, ring: Ring, members: IntArray) -> None:
    """Newcomers who bring newcomers: the one payment that it takes, and the bonus passed up."""
    rng, people, books = country.rng, country.people, country.books
    members, count = members[np.argsort(people.created_at[members], kind="stable")], len(members)
    organiser, others = int(members[0]), members[1:]
    ring.roles[organiser] = "organiser"
    if not country.is_hard:
        gaps = rng.exponential(ring.span.seconds / count / 1.3, count)
        people.created_at[members] = ring.span.begins_at + np.cumsum(gaps).clip(max=ring.span.seconds - DAY)
    before = np.maximum(0, np.arange(count - 1) - rng.exponential(2.5, count - 1).astype(np.int64))
    referrers = np.where(rng.random(count - 1) < 0.5, members[before], organiser)
    brought = rng.random(count - 1) < (0.6 if country.is_hard else 0.9)
    books.refer(others[brought], referrers[brought])
    since = np.maximum(people.created_at[others], ring.span.begins_at)
    at = since + rng.exponential((20 if country.is_hard else 2) * DAY, count - 1) + 900
    strangers = people.find_strangers(max(3, count // 3), ring.span.begins_at)
    payees = np.where(rng.random(count - 1) < 0.65, referrers, rng.choice(strangers, count - 1))
    books.pay(others, payees, at, country.draw_sum(1, 5, 5, 10))
    bonus, passes = country.draw_sum(5, 10, 10, 15), rng.random(count - 1) < 0.7
    books.pay(others[passes], organiser, at[passes] + rng.exponential(6 * DAY, int(passes.sum())) + HOUR, bonus)


def swindle_alone(country: Country) -> None:
    """One account that takes strangers' money, or disputes what it paid friends."""
    rng = country.rng
    crook = country.people.enlist(1, is_real=country.happens(0.6))
    span = country.clock.draw_span(5, 90)
    country.people.be_there(crook, *span, since_days=90)
    if country.happens(0.6):
        victims = country.swindle(crook, rng.integers(2, 10), span, rng.uniform(20, 200))
        country.people.is_party[victims] = True
        return
    paid = country.people.find_strangers(rng.integers(2, 7), span.begins_at)
    status = country.books.end(len(paid), refunded=0.1, disputed=0.7)
    country.books.pay(
        crook, paid, country.clock.draw_moments(*span, len(paid)), country.books.draw_sums(len(paid), 70), status
    )
