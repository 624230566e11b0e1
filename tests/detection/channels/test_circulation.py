"""Items that come back to who had sold them: how often, and through whose hands."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.channels.catalogue import ITEM
from detection.channels.circulation import count_earlier_sales, find_falling, find_laps
from detection.evidence.market import make_market
from graph.model import Orders


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.sampled_from(["a", "b", "c", "d", None]),
            st.sampled_from([1.0, 2.0, 2.5, 9.0, None]),
            st.just("completed"),
            st.sampled_from(["p", "q", None]),
        ).filter(lambda order: order[0] != order[1])
    )
)
def test_an_item_comes_back_as_often_as_its_buyer_has_sold_it_before(orders: list[tuple[Any, ...]]) -> None:
    facts = Facts(dict.fromkeys("abcd"), orders=list(orders), listings=dict.fromkeys("pq", "a"))
    found = make_snapshot(facts).orders
    slowly = [
        sum(
            found.product[earlier] == found.product[row]
            and found.seller[earlier] == found.buyer[row]
            and found.ordered_at[earlier] < found.ordered_at[row]
            for earlier in range(len(found.product))
        )
        if found.product[row] >= 0 and found.seller[row] >= 0
        else 0
        for row in range(len(found.product))
    ]
    assert count_earlier_sales(found).tolist() == slowly


def test_of_more_items_than_accounts_each_is_counted_by_itself() -> None:
    at = np.array(["2024-01-01", "2024-01-05", "2024-01-02", "2024-01-06"], dtype="datetime64[us]")
    orders: Any = SimpleNamespace(
        product=np.array([0, 0, 2, 2]), seller=np.array([1, 0, 1, 0]), buyer=np.array([0, 1, 0, 1]), ordered_at=at
    )
    found = count_earlier_sales(orders)
    assert (found.tolist(), found.dtype) == ([0, 1, 0, 1], np.int64)


def list_laps(orders: Orders) -> list[list[tuple[int, int]]]:
    """The sales of each lap, as seller and buyer."""
    row, lap = find_laps(orders)
    sales = zip(orders.seller[row].tolist(), orders.buyer[row].tolist(), strict=True)
    found: dict[int, list[tuple[int, int]]] = {}
    for number, sale in zip(lap.tolist(), sales, strict=True):
        found.setdefault(number, []).append(sale)
    return list(found.values())


def hand_on(*hands: str, items: str = "p") -> Orders:
    """Sales from hand to hand, one item for each, a day apart."""
    facts = Facts(dict.fromkeys("abcde"), listings=dict.fromkeys(items, "a"))
    for day, hand in enumerate(hands):
        facts.orders.append((hand[1], hand[0], float(day), "completed", hand[2:] or items))
    return make_snapshot(facts).orders


A, B, C, D = range(4)


@pytest.mark.parametrize(
    ("hands", "laps"),
    [
        (["ab", "bc", "cd"], []),
        (["ab", "bc", "ca"], [[(A, B), (B, C), (C, A)]]),
        # The way to who starts the lap is none of it.
        (["da", "ab", "ba"], [[(A, B), (B, A)]]),
        # No sale is of two laps: the second begins where the first ends.
        (["ab", "ba", "ab", "ba"], [[(A, B), (B, A)], [(A, B), (B, A)]]),
        (["ab", "bc", "cb", "ba"], [[(B, C), (C, B)]]),
        # Of what a shop sells twice each customer holds one.
        (["ab", "ac", "ba", "ca"], [[(A, B), (B, A)], [(A, C), (C, A)]]),
        # Another item is another one.
        (["abp", "baq", "bap"], [[(A, B), (B, A)]]),
    ],
)
def test_a_lap_is_all_sales_from_one_that_its_seller_made_until_that_one_has_it_again(
    hands: list[str], laps: list[list[tuple[int, int]]]
) -> None:
    assert list_laps(hand_on(*hands, items="pq" if len(hands[0]) > 2 else "p")) == laps


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")).filter(lambda sale: sale[0] != sale[1])))
def test_no_sale_is_of_two_laps_and_each_lap_ends_where_it_began(sales: list[tuple[str, str]]) -> None:
    orders = hand_on(*(seller + buyer for seller, buyer in sales))
    row, _ = find_laps(orders)
    assert len(set(row.tolist())) == len(row)
    for lap in list_laps(orders):
        assert lap[0][0] == lap[-1][1]
        assert all(before[1] == after[0] for before, after in itertools.pairwise(lap))
    assert (len(row) > 0) <= bool(count_earlier_sales(orders).any())


@pytest.mark.parametrize(
    ("prices", "falling"),
    [
        ((9.0, 8.0, 7.0), 1.0),
        ((9.0, 9.0, 7.0), 0.5),  # as much as before is not less
        ((7.0, 8.0, 9.0), 0.0),
        ((9.0, 7.0, 8.0), 0.5),
        ((9.0, np.nan, 7.0), 0.0),
        ((9.0, 8.0, np.nan), 0.5),
    ],
)
def test_a_lap_falls_as_far_as_each_sale_of_it_fetches_less_than_the_last(
    prices: tuple[float, ...], falling: float
) -> None:
    orders = replace(hand_on("ab", "bc", "ca"), amount=np.full(3, np.nan))
    orders.amount[np.argsort(orders.ordered_at)] = prices
    assert find_falling(orders).tolist() == [falling]


def test_what_goes_round_again_and_again_was_not_grown_out_of() -> None:
    hands = ["ab", "bc", "ca"]
    for laps in (1, 2, 3):
        orders = hand_on(*hands * laps)
        orders = replace(orders, amount=-orders.ordered_at.astype(np.int64).astype(float))
        assert find_falling(orders) == pytest.approx([1.0 / laps] * laps)


def test_what_is_sold_and_does_not_come_back_is_no_lap_and_falls_nowhere() -> None:
    facts = Facts(dict.fromkeys("abcde"), listings={"p": "a", "q": "d"})
    hands = [("a", "b", "p"), ("b", "a", "p"), ("d", "a", "q"), ("d", "b", "q")]
    facts.orders = [(buyer, seller, float(day), "completed", item) for day, (seller, buyer, item) in enumerate(hands)]
    snapshot = make_snapshot(facts)
    prices = np.argsort(np.argsort(-snapshot.orders.ordered_at.astype(np.int64))).astype(float)
    market = make_market(replace(snapshot, orders=replace(snapshot.orders, amount=prices)))
    laps = market.things[ITEM]
    shared = np.bincount(laps.thing, minlength=laps.n_things) > 1
    assert market.falling_laps.tolist() == shared.astype(float).tolist()
    assert shared.sum() == 1
