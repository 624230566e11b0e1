"""People who deal with one another because they like to: families, friends, circles, clubs, fairs.

Savings circles have some 5 to 15 members who all pay the same sum each month to the one whose turn it is, as surveys of
rotating savings describe them.  Sizes and lengths of the others are a judgement.
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.ledger import SHIPPING
from detection.evaluation.simulation.rhythm import FloatArray, IntArray
from detection.evaluation.village.living import draw_round_sums, draw_stars, pay_back_and_forth
from detection.evaluation.village.people import NONE
from detection.evaluation.village.seasons import DAY, draw_about, draw_delays, draw_moments
from detection.evaluation.village.village import Village, Window

HOUR = 3_600


def form_extended_families(village: Village) -> None:
    """Two to four households of one town: a grandmother's tablet, presents sent to one another, money lent."""
    for _ in range(village.settings.count_groups("extended_family")):
        heads = village.pick(village.draw_size(2, 4))
        members = np.flatnonzero(np.isin(village.people.household, village.people.household[heads]))
        members = members[~village.people.is_puppet[members]]
        village.people.is_taken[members] = True
        _visit_one_another(village, heads, members)
        one, other = pair_up(village.rng, members, 2 * len(members))
        pay_back_and_forth(village, one, other, village.rng.geometric(0.5, len(one)))
        village.form("extended_family", members)


def _visit_one_another(village: Village, heads: IntArray, members: IntArray) -> None:
    rng, people = village.rng, village.people
    tablet = people.family_device[heads[0]]
    tablet = people.phone[heads[0]] if tablet == NONE else tablet
    guests = np.repeat(members, 1 + rng.poisson(1.0, len(members)))
    begins = np.maximum(people.joined_at[guests], people.joined_at[heads[0]])
    at = draw_moments(rng, begins, np.maximum(people.quits_at[guests], begins))
    village.use("device", guests, tablet, at)
    village.use_network(guests, people.home_ip[heads[0]], at, moves=True)
    presents = rng.random(len(guests)) < 0.5
    village.send_to(guests[presents], people.home[heads[0]], at[presents], SHIPPING)


def form_friends(village: Village) -> None:
    """Four to ten friends who pay one another back for years: dinners, trips, tickets."""
    for _ in range(village.settings.count_groups("friends")):
        window = village.draw_window(250, 800)
        members = village.pick(village.draw_size(4, 10), _same_age(village) & village.are_there(window))
        village.keep(members, window.ends_at)
        one, other = pair_up(village.rng, members, 2 * len(members))
        pay_back_and_forth(village, one, other, village.rng.geometric(0.18, len(one)), fairness=4.0)
        village.form("friends", members)


def _same_age(village: Village) -> np.typing.NDArray[np.bool_]:
    age = village.rng.integers(18, 60)
    return np.asarray(np.abs(village.people.age - age) <= 6)


def pair_up(rng: np.random.Generator, members: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """So many pairs of different members, some of them more than once."""
    one = rng.integers(0, len(members), count)
    other = (one + rng.integers(1, max(len(members), 2), count)) % len(members)
    return members[one], members[other]


def form_savings_circles(village: Village) -> None:
    """Every month all pay the same sum to one member, in turn; some circles go round twice."""
    for _ in range(village.settings.count_groups("savings_circle")):
        size = village.draw_size(5, 15)
        months = size * (2 if size <= 12 and village.rng.random() < 0.4 else 1)
        window = village.draw_window(30.4 * months, 30.4 * months)
        members = village.rng.permutation(village.pick(size, village.are_there(window)))
        village.keep(members, window.ends_at)
        _go_round(village, members, window, months)
        village.form("savings_circle", np.sort(members))


def _go_round(village: Village, members: IntArray, window: Window, months: int) -> None:
    rng, size = village.rng, len(members)
    turn = np.repeat(np.arange(months), size)
    payer, payee = np.tile(members, months), members[turn % size]
    due = window.begins_at + (turn * 30.4 * DAY).astype(np.int64)
    at = draw_moments(rng, due, due + 4 * DAY)
    village.pay(payer, payee, at, np.full(len(payer), float(rng.choice([25, 50, 100, 150]))))


def form_swap_circles(village: Village) -> None:
    """Eight to twenty neighbours barter clothes, toys and books for months."""
    for _ in range(village.settings.count_groups("swap_circle")):
        window = village.draw_window(90, 300)
        members = village.pick(village.draw_size(8, 20), village.are_there(window))
        village.keep(members, window.ends_at)
        prices = village.rng.lognormal(2.0, 0.5, 8 * len(members))
        trade_inside(village, members, window, prices, praise=0.35)
        village.form("swap_circle", members)


def form_hobby_seasons(village: Village) -> None:
    """A club of two months: everybody builds the same thing, sells what is left over, and praises it."""
    for _ in range(village.settings.count_groups("hobby_season")):
        window = village.draw_window(45, 70)
        members = village.pick(village.draw_size(6, 25), village.are_there(window), town=village.rng.random() < 0.5)
        village.keep(members, window.ends_at)
        trade_inside(village, members, window, village.rng.lognormal(2.8, 0.7, 5 * len(members)), praise=0.5)
        village.form("hobby_season", members)


def form_hobby_years(village: Village) -> None:
    """A club of years: cards or figures change hands between members, who praise one another."""
    for _ in range(village.settings.count_groups("hobby_years")):
        window = village.draw_window(500, 900)
        members = village.pick(village.draw_size(5, 18), village.are_there(window), town=False)
        village.keep(members, window.ends_at)
        per_member = village.rng.integers(6, 25)
        trade_inside(village, members, window, village.rng.lognormal(2.4, 1.0, per_member * len(members)), praise=0.6)
        village.form("hobby_years", members)


def trade_inside(village: Village, members: IntArray, window: Window, price: FloatArray, *, praise: float) -> None:
    """Items, one for each price, that members list and other members buy some days later."""
    rng = village.rng
    # Some of a club are there every week, others twice a year.
    busy = rng.lognormal(0, 0.7, len(members))
    seller = rng.choice(len(members), len(price), p=busy / busy.sum())
    buyer = (seller + rng.integers(1, len(members), len(price))) % len(members)
    listed_at = draw_moments(rng, *window.spread(len(price)))
    products = village.list_items(members[seller], listed_at, price, quality=1.2)
    at = np.minimum(listed_at + draw_delays(rng, 2.0, len(price)), window.ends_at)
    village.buy(members[buyer], products, at)
    praises = rng.random(len(price)) < praise
    later = draw_delays(rng, 4.0, int(praises.sum()))
    stars = draw_stars(rng, np.full(int(praises.sum()), 2.0))
    village.rate(members[buyer][praises], products[praises], at[praises] + later, stars)


def form_meet_ups(village: Village) -> None:
    """Thirty people sign up at the gate of a fair and trade with one another before evening."""
    for _ in range(village.settings.count_groups("meet_up")):
        opens_at = village.draw_window(1, 1).begins_at // DAY * DAY + 9 * HOUR
        members = village.pick(village.draw_size(20, 36), village.people.joined_at > opens_at - 400 * DAY)
        people, rng = village.people, village.rng
        people.joined_at[members] = draw_about(rng, opens_at, 1.2 * HOUR, len(members))
        people.quits_at[members] = np.maximum(people.quits_at[members], opens_at + DAY)
        wifi = village.ledger.issue("ip", 1)[0]
        signed_up_at = people.joined_at[members]
        village.use_network(members, wifi, signed_up_at + rng.integers(1, 900, len(members)), moves=False)
        _trade_at_fair(village, members, opens_at)
        village.form("meet_up", members)


def _trade_at_fair(village: Village, members: IntArray, opens_at: int) -> None:
    rng = village.rng
    seller, buyer = pair_up(rng, members, 2 * len(members))
    later = np.maximum(village.people.joined_at[seller], village.people.joined_at[buyer])
    listed_at = later + rng.integers(120, HOUR, len(seller))
    products = village.list_items(seller, listed_at, rng.lognormal(2.2, 0.8, len(seller)), quality=0.8)
    at = np.minimum(listed_at + rng.integers(60, 2 * HOUR, len(seller)), opens_at + 11 * HOUR)
    village.buy(buyer, products, np.maximum(at, listed_at))
    some = rng.random(len(seller)) < 0.25
    stars = draw_stars(rng, np.full(int(some.sum()), 1.0))
    village.rate(buyer[some], products[some], at[some] + draw_delays(rng, 1.0, int(some.sum())), stars)
    paid = rng.random(len(seller)) < 0.2
    village.pay(buyer[paid], seller[paid], at[paid] + 300, draw_round_sums(rng, int(paid.sum())))
