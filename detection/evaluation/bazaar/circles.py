"""Honest people who know one another.  Sizes and rhythms are by judgement where nothing else is said."""

from __future__ import annotations

import numpy as np

from detection.evaluation.bazaar.bazaar import Bazaar
from detection.evaluation.bazaar.commerce import buy_honestly
from detection.evaluation.bazaar.seasons import AUTUMN_AT, DAY, END_AT, START_AT, spread
from detection.evaluation.simulation.rhythm import IntArray


def form_household(bazaar: Bazaar) -> None:
    """Two to six people with one address, an Internet connection, perhaps a card and a tablet."""
    members, start = bazaar.pick(bazaar.draw_size(2, 6), END_AT - 60 * DAY), bazaar.draw_start()
    bazaar.home[members] = bazaar.home[members[0]]
    bazaar.share("ip", members, start, 300)
    for kind in ("payment", "device"):
        if bazaar.rng.random() < 0.5:
            bazaar.share(kind, members, start, 300)
    bazaar.gather("household", members)


def form_extended_family(bazaar: Bazaar) -> None:
    """Several homes, one old card, money sent to and fro."""
    start = bazaar.draw_start(60, 300)
    members = bazaar.pick(bazaar.draw_size(5, 12), start)
    bazaar.home[members] = bazaar.home[members[np.arange(len(members)) // 3 * 3]]
    bazaar.share("payment", members[: len(members) // 2], start, 200)
    bazaar.exchange(members, start, 240, 2 * len(members), back=0.3)
    bazaar.gather("extended_family", members)


def form_friends(bazaar: Bazaar) -> None:
    """Friends who lay out money for one another and get it back."""
    start = bazaar.draw_start(60, 300)
    members = bazaar.pick(bazaar.draw_size(3, 8), start)
    bazaar.exchange(members, start, 220, 4 * len(members), back=0.85)
    bazaar.gather("friends", members)


def form_savings_circle(bazaar: Bazaar) -> None:
    """Everybody pays the same sum each month, and each month another one gets it all."""
    start = bazaar.draw_start(20, 120)
    members, amount = bazaar.pick(bazaar.draw_size(6, 12), start), float(bazaar.rng.choice([20, 50, 100]))
    for month, payee in enumerate(members.tolist()):
        payers = members[members != payee]
        at = spread(bazaar.rng, len(payers), start + month * 30 * DAY, 4)
        bazaar.pay(payers, np.full(len(payers), payee), at, np.full(len(payers), amount))
    bazaar.gather("savings_circle", members)


def _circulate(bazaar: Bazaar, members: IntArray, start: int, days: float, per_member: int) -> None:
    """Let members sell their own things to one another, by listings."""
    rng = bazaar.rng
    seller = np.repeat(np.arange(len(members)), per_member)
    buyer = (seller + rng.integers(1, len(members), len(seller))) % len(members)
    at = spread(rng, len(seller), start, days)
    products = bazaar.offer(members[seller], rng.lognormal(2.7, 0.7, len(seller)), at - DAY)
    buy_honestly(bazaar, members[buyer], products, at, 1.0)


def form_swap_circle(bazaar: Bazaar) -> None:
    """Parents who pass on children's clothes and toys."""
    start = bazaar.draw_start(60, 300)
    members = bazaar.pick(bazaar.draw_size(5, 16), start)
    _circulate(bazaar, members, start, 230, 4)
    bazaar.gather("swap_circle", members)


def form_hobby_season(bazaar: Bazaar) -> None:
    """Collectors who trade feverishly for two months and lose interest."""
    start = bazaar.draw_start(60, 450)
    members = bazaar.pick(bazaar.draw_size(6, 20), start)
    _circulate(bazaar, members, start, 60, 5)
    bazaar.gather("hobby_season", members)


def form_hobby_years(bazaar: Bazaar) -> None:
    """A club that has traded all through the records, among old accounts."""
    members = bazaar.pick(bazaar.draw_size(8, 25), START_AT + 20 * DAY)
    _circulate(bazaar, members, START_AT + 22 * DAY, 500, 7)
    bazaar.exchange(members, START_AT + 22 * DAY, 500, 2 * len(members), back=0.4)
    bazaar.gather("hobby_years", members)


def form_meet_up(bazaar: Bazaar) -> None:
    """A fair: one network and a day of deals between visitors."""
    start = bazaar.draw_start(60, 480)
    members = bazaar.pick(bazaar.draw_size(12, 50), start)
    bazaar.share("ip", members, start, 0.4)
    _circulate(bazaar, members, start, 0.5, 2)
    bazaar.gather("meet_up", members)


def form_school_class(bazaar: Bazaar) -> None:
    """Pupils who join in one lesson, on the school's network and few tablets, and order the same book."""
    start = bazaar.draw_start(30, 420)
    members = bazaar.pick_newcomers(bazaar.draw_size(15, 30))
    bazaar.created_at[members] = start + bazaar.rng.integers(0, 2_700, len(members))
    bazaar.share("ip", members, start + 3_000, 30)
    bazaar.share("device", members, start + 3_000, 30, 8)
    book = bazaar.rng.choice(bazaar.find_goods(int(bazaar.pick_keepers(1, start - 30 * DAY)[0])))
    at = spread(bazaar.rng, len(members), start + DAY, 6)
    buy_honestly(bazaar, members, np.full(len(members), book), at, 1.0)
    bazaar.gather("school_class", members)


def form_student_flat(bazaar: Bazaar) -> None:
    """Rooms of one address over the years: each autumn or half-year somebody moves out and another one in."""
    start, rooms = START_AT + 5 * DAY, int(bazaar.rng.integers(2, 5))
    members = bazaar.pick(rooms + int(bazaar.rng.integers(3, 7)), AUTUMN_AT - 60 * DAY)
    place = bazaar.found_places(1, int(bazaar.town[members[0]]))
    turns = np.sort(spread(bazaar.rng, len(members) - rooms, AUTUMN_AT - 20 * DAY, 330))
    comes = np.concatenate([np.full(rooms, start + 60 * DAY), turns])
    leaves = np.concatenate([turns, np.full(rooms, END_AT - DAY)])
    for share in (0.05, 0.5, 0.95):
        at = comes + ((leaves - comes) * share).astype(np.int64)
        bazaar.use("address", members, place[0], at)
    bazaar.gather("student_flat", members)


def form_sports_team(bazaar: Bazaar) -> None:
    """A team that orders kits from one shop at the start of two seasons, and pays its captain."""
    start = bazaar.draw_start(120, 300)
    members = bazaar.pick(bazaar.draw_size(9, 20), start)
    kit = bazaar.rng.choice(bazaar.find_goods(int(bazaar.pick_keepers(1, start - 30 * DAY)[0])))
    for season in (0, 180):
        at = spread(bazaar.rng, len(members), start + season * DAY, 5)
        buy_honestly(bazaar, members, np.full(len(members), kit), at, 0.9)
    at = spread(bazaar.rng, len(members) - 1, start, 40)
    bazaar.pay(members[1:], np.full(len(members) - 1, members[0]), at, np.full(len(members) - 1, 30.0))
    bazaar.gather("sports_team", members)


def form_second_hand(bazaar: Bazaar) -> None:
    """A telephone that is sold on, from hand to hand: never two owners at once."""
    start = bazaar.draw_start(10, 60)
    members = bazaar.pick(int(bazaar.rng.integers(2, 5)), start)
    device, step = bazaar.ledger.issue("device", 1)[0], 480 // len(members)
    for turn, owner in enumerate(members.tolist()):
        at = start + (turn * step + bazaar.rng.integers(5, step - 5, 3)) * DAY
        bazaar.use("device", np.full(3, owner), device, at)
        if turn:
            price = bazaar.rng.lognormal(4.5, 0.4, 1)
            bazaar.pay(members[turn : turn + 1], members[turn - 1 : turn], np.array([start + turn * step * DAY]), price)
    bazaar.gather("second_hand", members)
