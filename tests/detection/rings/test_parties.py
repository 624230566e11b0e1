"""Whom a ring acts on and who may have gained by it, of so few acts that the words and figures follow by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log2
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hand_made import use
from slow_twins import surprise

from detection.channels.catalogue import PRAISE
from detection.channels.incidence import ANYTHING, SharedThings
from detection.policy import Policy
from detection.rings.parties import (
    ActsOnThings,
    Favours,
    describe_period,
    describe_targets,
    find_acts,
    find_favours,
    find_gainers,
)
from graph.results import Party

NOBODY = np.empty(0, dtype=np.int64)
SNAPSHOT: Any = SimpleNamespace(n_accounts=4, account_id=["ann", "bob", "cyd", "shop"], product_id=["p", "q", "r"])


def read_days(*days: str) -> np.ndarray:
    return np.array([f"2024-{day}" if day else "NaT" for day in days], dtype="datetime64[us]")


def act(*acts: tuple[int, int], first: Sequence[str] = (), last: Sequence[str] = ()) -> ActsOnThings:
    """Who did something to which thing, on the first of February where nothing else is said."""
    account, thing = np.array(acts, dtype=np.int64).reshape(-1, 2).T
    days = ["02-01"] * len(acts)
    return ActsOnThings(account, thing, read_days(*(first or days)), read_days(*(last or first or days)))


# ── acts ──────────────────────────────────────────────────────────────────────────────────────────


def test_acts_are_those_of_some_accounts_on_some_things() -> None:
    channel = use(PRAISE, [(3, 0), (1, 0), (1, 1), (2, 2), (0, 2), (1, 2)])
    first, last = (read_days(*(f"{month}-0{day}" for day in range(1, 7))) for month in ("02", "03"))
    acts = find_acts(replace(channel, first_at=first, last_at=last), np.array([0, 1, 7]), np.array([0, 2]))
    assert list(zip(acts.account.tolist(), acts.thing.tolist(), strict=True)) == [(0, 2), (1, 0), (1, 2)]
    assert acts.first_at.tolist() == read_days("02-05", "02-02", "02-06").tolist()
    assert acts.last_at.tolist() == read_days("03-05", "03-02", "03-06").tolist()


@pytest.mark.parametrize(("accounts", "things"), [([7, 4], [0]), ([1], [1]), ([], [0]), ([0], [])])
def test_whoever_did_nothing_of_the_kind_has_no_acts(accounts: list[int], things: list[int]) -> None:
    channel = use(PRAISE, [(3, 0), (1, 0), (0, 1)])
    acts = find_acts(channel, np.array(accounts, dtype=np.int64), np.array(things, dtype=np.int64))
    assert (len(acts.account), len(acts.thing), len(acts.first_at), len(acts.last_at)) == (0, 0, 0, 0)


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (["02-03", "02-01"], ["02-04", "03-28"], ", from 2024-02-01 to 2024-03-28"),
        (["02-03", "02-03"], ["02-03", "02-03"], ", on 2024-02-03"),
        (["02-03", ""], ["02-04", "05-01"], ", from 2024-02-03 to 2024-02-04"),
        (["02-03", "01-01"], ["02-04", ""], ", from 2024-02-03 to 2024-02-04"),
        (["", ""], ["", ""], ""),
        (["02-03", ""], ["", "02-04"], ""),
    ],
)
def test_a_period_is_from_the_first_known_day_to_the_last(first: list[str], last: list[str], said: str) -> None:
    assert describe_period(act((0, 0), (1, 0), first=first, last=last)) == said


def test_a_period_of_two_times_on_one_day_is_that_day() -> None:
    acts = replace(act((0, 0)), first_at=read_days("02-03T01"), last_at=read_days("02-03T23"))
    assert describe_period(acts) == ", on 2024-02-03"


def aim(*subjects: int) -> SharedThings:
    """Things of these subjects."""
    return replace(use(PRAISE, [(0, len(subjects) - 1)]), subject=np.array(subjects))


def test_targets_are_products_and_accounts_those_of_most_accounts_first_and_of_equals_by_number() -> None:
    # Things 0 and 4 are of one product; the second and third subject are accounts.
    channel = aim(1, -1, -4, ANYTHING, 1)
    acts = act((0, 0), (0, 1), (1, 1), (2, 2), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4))
    assert describe_targets(channel, acts, SNAPSHOT) == "; q, ann, shop, on 2024-02-01"
    assert describe_targets(channel, act((0, 2), (1, 1), (2, 0)), SNAPSHOT) == "; shop, ann, q, on 2024-02-01"


@pytest.mark.parametrize(
    ("n", "said"), [(3, "; p, q, r"), (4, "; shop, p, q and 1 more"), (5, "; shop, cyd, p and 2 more")]
)
def test_three_targets_are_named_and_the_others_counted(n: int, said: str) -> None:
    channel = aim(0, 1, 2, -4, -3)
    assert describe_targets(channel, act(*((0, thing) for thing in range(n))), SNAPSHOT) == f"{said}, on 2024-02-01"


def test_being_busy_at_one_time_has_no_target() -> None:
    assert describe_targets(aim(ANYTHING), act((0, 0), (1, 0)), SNAPSHOT) == ""
    assert describe_targets(aim(0), act(), SNAPSHOT) == ""


# ── favours ───────────────────────────────────────────────────────────────────────────────────────


def make_market(
    reviews: Sequence[tuple[int, int, int, float]], orders: Sequence[tuple[int, int]], product_seller: Sequence[int]
) -> Any:
    """Reviews (author, product, seller, rating) and orders (buyer, seller) of a hundred accounts."""
    author, product, seller, rating = np.array(reviews, dtype=float).reshape(-1, 4).T
    buyer, sold_by = np.array(orders, dtype=np.int64).reshape(-1, 2).T
    snapshot = SimpleNamespace(
        n_accounts=100,
        n_products=len(product_seller),
        product_seller=np.array(product_seller, dtype=np.int64),
        reviews=SimpleNamespace(
            author=author.astype(int), product=product.astype(int), seller=seller.astype(int), rating=rating
        ),
        orders=SimpleNamespace(buyer=buyer, seller=sold_by),
    )
    return SimpleNamespace(snapshot=snapshot, policy=Policy(good_rating=4.0), n_accounts=100)


def list_favours(market: Any) -> dict[str, list[tuple[int, int]]]:
    return {
        each.verb: list(zip(each.account.tolist(), each.seller.tolist(), strict=True)) for each in find_favours(market)
    }


def test_favours_are_good_reviews_of_a_seller_or_its_products_and_orders_each_pair_once() -> None:
    reviews = [
        (5, -1, 9, 4.0),
        (5, -1, 9, 5.0),
        (6, 1, -1, 5.0),  # of the product of the first account
        (7, 1, 9, 5.0),  # of a seller, whoever lists the product
        (6, 0, -1, 3.9),
        (8, -1, -1, 5.0),
        (8, 2, -1, 5.0),  # of a product that nobody known lists
        (4, -1, 0, 5.0),
        (2, 0, -1, 5.0),
    ]
    orders = [(3, 9), (3, 9), (2, 0), (5, -1)]
    found = list_favours(make_market(reviews, orders, [8, 0, -1]))
    assert found == {"praised by": [(2, 8), (4, 0), (5, 9), (6, 0), (7, 9)], "sold to": [(2, 0), (3, 9)]}


def test_where_no_product_is_known_sellers_are_praised() -> None:
    assert list_favours(make_market([(5, -1, 9, 4.0), (6, -1, -1, 5.0)], [], [])) == {
        "praised by": [(5, 9)],
        "sold to": [],
    }


# ── gainers ───────────────────────────────────────────────────────────────────────────────────────

MEMBERS, BLAMED = np.array([0, 1, 2, 3]), np.array([90])
IDS: Any = SimpleNamespace(n_accounts=100, account_id=[f"a{row:02d}" for row in range(100)])


def favour(pairs: Sequence[tuple[int, int]], verb: str = "praised by") -> Favours:
    """These, beside forty others who favour four sellers."""
    around = [(10 + place, 80 + place % 4) for place in range(40)]
    return Favours(verb, *np.array(sorted([*pairs, *around])).T)


def name_gainers(*favours: Favours) -> dict[str, str]:
    found = find_gainers(MEMBERS, BLAMED, favours, IDS)
    assert {party.role for party in found} <= {"beneficiary"}
    return {party.account_id: party.sentence for party in found}


def test_whom_the_members_favour_beyond_chance_may_have_gained() -> None:
    # Four of 44 pairs are with that seller, and four are the members': of these chance gives 4 · 4/44 to it.
    expected = 4 * 4 / 44
    assert surprise(4, expected) > log2(5)
    praised = favour([(member, 70) for member in MEMBERS.tolist()])
    assert find_gainers(MEMBERS, BLAMED, (praised,), IDS) == (
        Party("a70", "beneficiary", "may have gained: praised by 4 of 4 members, where chance gives 0.4"),
    )


@pytest.mark.parametrize(
    ("members", "others", "is_named"),
    [(2, 8, True), (2, 9, False), (3, 13, True), (3, 14, False), (4, 17, True), (4, 18, False), (1, 0, False)],
)
def test_it_takes_more_bits_than_a_name_and_two_members(members: int, others: int, *, is_named: bool) -> None:
    """The more others favour a seller, and the fewer members, the less it says; five sellers are favoured."""
    pairs = [(member, 70) for member in range(members)] + [(50 + other, 70) for other in range(others)]
    expected = members * (members + others) / (40 + members + others)
    assert (surprise(members, expected) > log2(5) and members > 1) == is_named
    assert ("a70" in name_gainers(favour(pairs))) == is_named


def test_the_more_sellers_there_are_the_more_it_takes_to_name_one() -> None:
    """Two members and eight others favour a seller; beside four that ten favour each there is one more."""
    pairs = [(0, 70), (1, 70), *((50 + other, 70) for other in range(8))]
    assert list(name_gainers(favour(pairs))) == ["a70"]
    assert log2(5) < surprise(2, 2 * 10 / 51) < log2(6)
    assert name_gainers(favour([*pairs, (60, 75)])) == {}


def test_several_who_gain_are_named_in_order_each_once_for_praise_before_trade() -> None:
    praised = favour([(member, seller) for seller in (71, 70) for member in range(4)])
    sold = favour([(member, seller) for seller in (71, 69) for member in range(4)], "sold to")
    said = {row: text.partition(",")[0] for row, text in name_gainers(praised, sold).items()}
    assert list(said) == ["a69", "a70", "a71"]
    assert said == {
        "a69": "may have gained: sold to 4 of 4 members",
        "a70": "may have gained: praised by 4 of 4 members",
        "a71": "may have gained: praised by 4 of 4 members",
    }


def test_neither_members_nor_the_blamed_are_outsiders_who_gain() -> None:
    pairs = [(member, seller) for seller in (0, 90, 70) for member in range(1, 4)]
    assert list(name_gainers(favour(pairs))) == ["a70"]


def test_without_favours_nobody_gains() -> None:
    assert name_gainers(favour([])) == name_gainers(Favours("praised by", NOBODY, NOBODY)) == name_gainers() == {}
