"""People whom a place brings together: a class, an office, a dormitory, a shelter, a library.

Sizes are those of such places; how often people shop from there is a judgement.
"""

from __future__ import annotations

import numpy as np

from detection.evaluation.simulation.ledger import SHIPPING
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.village.living import order_and_review
from detection.evaluation.village.seasons import DAY, draw_about, draw_moments
from detection.evaluation.village.shops import choose_from_stock, choose_shops
from detection.evaluation.village.village import Village

HOUR = 3_600


def form_school_classes(village: Village) -> None:
    """A class signs up in one lesson, from the school's network, and buys the same book."""
    for _ in range(village.settings.count_groups("school_class")):
        people, rng = village.people, village.rng
        lesson_at = village.draw_window(1, 1).begins_at // DAY * DAY + int(rng.integers(8, 14)) * HOUR
        members = village.pick(village.draw_size(15, 30), people.age <= 24)
        people.joined_at[members] = lesson_at + rng.integers(0, 45 * 60, len(members))
        people.quits_at[members] = np.maximum(people.quits_at[members], lesson_at + 120 * DAY)
        village.meet_elsewhere(members, 0.3)
        village.use_network(members, people.other_ip[members[0]], people.joined_at[members], moves=False)
        book = _find_known_product(village, lesson_at)
        buys = members[rng.random(len(members)) < 0.85]
        at = people.joined_at[buys] + rng.integers(300, 3 * DAY, len(buys))
        order_and_review(village, buys, np.full(len(buys), book), at)
        village.form("school_class", members)


def _find_known_product(village: Village, at: int) -> int:
    """A product of some shop that was listed by an instant."""
    products = choose_from_stock(village, choose_shops(village, 60))
    known = products[village.is_listed(products, at)]
    return int(known[0]) if len(known) else int(np.argmin(village.ledger.read("listings", "at")))


def form_offices(village: Village) -> None:
    """Colleagues on one network, who have parcels sent to work."""
    for _ in range(village.settings.count_groups("office")):
        people, rng = village.people, village.rng
        members = village.pick(village.draw_size(8, 45), (people.age >= 20) & (people.age <= 65))
        village.meet_elsewhere(members, 0.45, n_devices=2 if rng.random() < 0.3 else 0)
        _send_parcels(village, members, village.found_place(int(members[0])), 0.7)
        village.form("office", members)


def _send_parcels(village: Village, members: IntArray, place: int, share: float) -> None:
    people, rng = village.people, village.rng
    sends = members[rng.random(len(members)) < share]
    sends = np.repeat(sends, 1 + rng.poisson(0.8, len(sends)))
    at = draw_moments(rng, people.joined_at[sends], people.quits_at[sends])
    village.send_to(sends, place, at, SHIPPING)


def form_dormitories(village: Village) -> None:
    """Students in one building, half of whom sign up in the first weeks of a term."""
    for _ in range(village.settings.count_groups("dormitory")):
        people, rng = village.people, village.rng
        members = village.pick(village.draw_size(20, 70), (people.age >= 17) & (people.age <= 30))
        term_at = village.draw_window(200, 200).begins_at
        fresh = members[rng.random(len(members)) < 0.5]
        people.joined_at[fresh] = draw_about(rng, term_at, 8 * DAY, len(fresh))
        people.quits_at[fresh] = np.maximum(people.quits_at[fresh], term_at + 150 * DAY)
        village.meet_elsewhere(members, 0.75)
        people.parcels_to[members] = village.found_place(int(members[0]))
        village.form("dormitory", members)


def form_shared_tablets(village: Village) -> None:
    """A shelter or community centre: three tablets for everybody, and its address for most."""
    for _ in range(village.settings.count_groups("shared_tablets")):
        people, rng = village.people, village.rng
        members = village.pick(village.draw_size(12, 45))
        opens_at = village.draw_window(400, 400).begins_at
        people.joined_at[members] = opens_at + (rng.random(len(members)) * 300 * DAY).astype(np.int64)
        stays_for = ((14 + rng.exponential(120, len(members))) * DAY).astype(np.int64)
        people.quits_at[members] = people.joined_at[members] + stays_for
        people.appetite[members] = np.minimum(people.appetite[members], 2.0) + 0.4
        village.meet_elsewhere(members, 0.85, n_devices=3)
        stays = members[rng.random(len(members)) < 0.8]
        people.parcels_to[stays] = village.found_place(int(members[0]))
        village.form("shared_tablets", members)


def form_libraries(village: Village) -> None:
    """Six computers that strangers use now and then."""
    for _ in range(village.settings.count_groups("library")):
        members = village.pick(village.draw_size(15, 60))
        village.meet_elsewhere(members, 0.4, n_devices=6)
        _sit_down(village, members)
        village.form("library", members)


def _sit_down(village: Village, members: IntArray) -> None:
    people, rng = village.people, village.rng
    computers = people.other_device[members] + rng.integers(0, 6, len(members))
    at = draw_moments(rng, people.joined_at[members], people.quits_at[members])
    village.use("device", members, computers, at)
