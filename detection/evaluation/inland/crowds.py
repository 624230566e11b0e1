"""Honest groups of strangers who have one seller, one product or one mishap in common."""

from __future__ import annotations

import numpy as np

from detection.evaluation.countries import DAY, HOUR, Span
from detection.evaluation.inland.books import Terms
from detection.evaluation.inland.country import Country
from detection.evaluation.inland.goods import BIKES, CLOTHES, COMPUTERS, GAMES, KITCHEN, PHONES, PRICES
from detection.evaluation.inland.people import PRIVATE
from detection.evaluation.inland.words import CLAIMS
from detection.evaluation.simulation.ledger import COMPLETED
from detection.evaluation.simulation.rhythm import IntArray

LOST = "where is my parcel?"


def form_fans(country: Country) -> IntArray:
    """They come back to one seller for months, and praise her."""
    rng, people = country.rng, country.people
    span = country.clock.draw_span(250, 700)
    seller = people.find_seller(span.begins_at)
    members = _draw_customers(country, 10, 34, seller, span)
    count = int(rng.integers(3, 9)) * len(members)
    weight = rng.pareto(1.3, len(members)) + 0.4
    buyers = rng.choice(members, count, p=weight / weight.sum())
    at = country.clock.draw_moments(*span, count)
    terms = Terms(status=COMPLETED, said=rng.uniform(0.25, 0.7), stars=(5, 5, 5, 5, 4))
    country.books.order(buyers, seller, at, country.draw_prices(int(people.taste[seller]), count), terms)
    return members


def _draw_customers(country: Country, least: int, most: int, seller: int, span: Span) -> IntArray:
    """Customers of a seller, who stays there as long as they do."""
    people = country.people
    people.stay_until(seller, span.ends_at)
    members = people.take(country.rng.integers(least, most))
    members = np.setdiff1d(members, [seller])
    people.be_there(members, *span)
    return members


def form_review_drive(country: Country) -> IntArray:
    """A card in the parcel asks how it was; customers of that month say it, each in their own words."""
    rng, people = country.rng, country.people
    span = country.clock.draw_span(15, 50)
    seller = people.find_seller(span.begins_at)
    members = _draw_customers(country, 12, 36, seller, span)
    at = country.clock.draw_moments(*span, len(members))
    prices = country.draw_prices(int(people.taste[seller]), len(members))
    terms = Terms(status=COMPLETED, said=rng.uniform(0.6, 0.95), stars=(5, 5, 5, 5, 4, 4, 3))
    country.books.order(members, seller, at, prices, terms)
    return members


def form_launch(country: Country) -> IntArray:
    """One new product, bought by many within an hour."""
    rng, people, books = country.rng, country.people, country.books
    begins_at = float(np.floor(rng.uniform(40, 690))) * DAY + float(rng.choice([9, 10, 18, 20])) * HOUR
    seller = people.find_seller(begins_at)
    category = int(people.taste[seller])
    price = float(np.round(PRICES[category] * rng.uniform(0.8, 2))) - 0.1
    members = _draw_customers(country, 20, 52, seller, Span(begins_at, begins_at + 20 * DAY))
    product = books.list_one(seller, begins_at, price, category)
    terms = Terms(
        category=category, product=product, said=rng.uniform(0.3, 0.7), stars=(5, 5, 5, 4, 4, 3), of_product=True
    )
    books.order(members, seller, begins_at + rng.exponential(2400, len(members)) + 20, price, terms)
    lookers = country.draw_some(members, 0.7)
    books.look(lookers, product, begins_at + rng.exponential(1200, len(lookers)))
    return members


def form_recall(country: Country) -> IntArray:
    """A faulty batch: four in five send it back."""
    rng, people, books = country.rng, country.people, country.books
    span = country.clock.draw_span(30, 90)
    seller = people.find_seller(span.begins_at)
    category = int(people.taste[seller])
    price = float(np.round(PRICES[category] * rng.uniform(1, 2)))
    members = _draw_customers(country, 12, 42, seller, Span(span.begins_at, span.ends_at + 20 * DAY))
    product = books.list_one(seller, span.begins_at - 3 * DAY, price, category)
    status = books.end_orders(len(members), refunded=0.82, disputed=0.09, cancelled=0)
    terms = Terms(category=category, product=product, status=status, said=0.35, stars=(1, 1, 2, 3, 5), of_product=True)
    books.order(members, seller, country.clock.draw_moments(*span, len(members)), price, terms)
    return members


def form_seller_victims(country: Country) -> IntArray:
    """A lone crook who never sends anything, and those whom he took in; he is none of them."""
    rng, people, books = country.rng, country.people, country.books
    span = country.clock.draw_span(10, 45)
    crook = people.take(1, alone=True, bad=True)
    lead = rng.uniform(1, 90) * DAY if span.begins_at > 95 * DAY else DAY
    people.sign_up(crook, max(span.begins_at - lead, 0))
    people.until[crook] = span.ends_at
    people.sells_as[crook] = PRIVATE
    people.selling_life[crook] = 0.1
    category = country.draw_category([PHONES, COMPUTERS, BIKES, GAMES])
    people.taste[crook] = category
    members = people.take(rng.integers(8, 29))
    count = len(members)
    people.be_there(members, span.begins_at, span.ends_at + 20 * DAY)
    status = books.end_orders(count, refunded=0.15, disputed=0.6, cancelled=0)
    terms = Terms(category=category, status=status, said=0.65, stars=(1, 1, 1, 1, 2), listed_days=2)
    prices = np.round(PRICES[category] * rng.uniform(0.6, 1.4, count))
    books.order(members, crook[0], country.clock.draw_moments(*span, count), prices, terms)
    asking = country.draw_some(members, 0.5)
    asked_at = country.clock.draw_moments(span.begins_at + 5 * DAY, span.ends_at + 15 * DAY, len(asking))
    books.write(asking, LOST, asked_at)
    return members


def form_followers(country: Country) -> IntArray:
    """Somebody with a channel speaks of it; that night they sign up by the link, and buy at her stall."""
    rng, people, books = country.rng, country.people, country.books
    begins_at = float(np.floor(rng.uniform(30, 690))) * DAY + 19 * HOUR
    members = people.take(rng.integers(20, 56), sells=False)
    seller = people.take(1, sells=True)
    people.be_there(seller, begins_at, begins_at + 60 * DAY)
    is_new = rng.random(len(members)) < rng.uniform(0.4, 0.9)
    new = members[is_new]
    people.be_there(members[~is_new], begins_at, begins_at + 9 * DAY)
    people.sign_up(new, begins_at + rng.exponential(9 * HOUR, len(new)) + 60)
    books.refer(country.draw_some(new, 0.8), seller[0])
    coupon = f"HELLO-{country.things.draw_code(4).upper()}"
    books.redeem(new, coupon, people.created_at[new] + rng.exponential(2 * HOUR, len(new)) + 60)
    at = np.maximum(people.created_at[members], begins_at) + rng.exponential(1.5 * DAY, len(members)) + 300
    terms = Terms(category=CLOTHES, said=rng.uniform(0.2, 0.5), stars=(5, 5, 4, 5, 3, 1))
    books.order(members, seller[0], at, country.draw_prices(CLOTHES, len(members), 0.9), terms)
    return members


def form_courier_strike(country: Country) -> IntArray:
    """The couriers of one town stop; what was on its way goes back, at many sellers."""
    rng, people, books = country.rng, country.people, country.books
    begins_at = rng.uniform(60, 690) * DAY
    members = people.take(rng.integers(12, 38), people.draw_town())
    people.be_there(members, begins_at, begins_at + 20 * DAY)
    count = len(members) + int(rng.integers(0, len(members)))
    buyers = np.concatenate([members, rng.choice(members, count - len(members))])
    sellers = people.find_strangers(max(4, count // 2), begins_at, sells_as=PRIVATE, by_sales=True)
    at = country.clock.draw_moments(begins_at - 9 * DAY, begins_at + 4 * DAY, count)
    status = books.end_orders(count, refunded=0.6, disputed=0.05, cancelled=0.2)
    prices = country.draw_prices(KITCHEN, count)
    books.order(buyers, rng.choice(sellers, count), at, prices, Terms(status=status, said=0.2, stars=(1, 2, 3, 5)))
    asking = country.draw_some(members, 0.5)
    words = [LOST, CLAIMS[2], CLAIMS[7]]
    asked_at = country.clock.draw_moments(begins_at, begins_at + 15 * DAY, len(asking))
    books.write(asking, rng.choice(words, len(asking)), asked_at)
    return members
