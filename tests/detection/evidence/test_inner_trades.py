"""Who buys and sells inside two groups, so few that who counts can be seen: four memberships, 0 to 3, and three."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hand_made import GROUPS, N_ACCOUNTS

from detection.channels.catalogue import TRADE
from detection.evidence.clock import Clock
from detection.evidence.inner_trades import InnerTrades, count_traders, measure_inner_trades
from detection.evidence.market import TradeIndex
from detection.groups import Groups, index_by_account
from detection.likelihood import score_confined

NOBODY = np.empty(0, dtype=np.int64)
CLOCK = Clock(np.arange(100.0))
"""A hundred days with a trade each."""
Order = tuple[int, int, float | None, bool]
"""Buyer, seller, day, and whether it names a product."""


def trade(orders: Sequence[Order]) -> Any:
    """A market in which these are traded."""
    buyer, seller, days, named = (list(column) for column in zip(*orders, strict=True)) if orders else ([], [], [], [])
    at = ["NaT" if day is None else np.datetime64(int(day * 86_400), "s") for day in days]
    index = TradeIndex(
        index_by_account(np.array(buyer, dtype=np.int64)),
        np.array(seller, dtype=np.int64),
        np.array(at, dtype="datetime64[us]"),
        np.array(named, dtype=bool),
        np.zeros(N_ACCOUNTS, dtype=np.int64),
    )
    return SimpleNamespace(n_accounts=N_ACCOUNTS, trades=index, order_clock=CLOCK)


def deal(*pairs: tuple[int, int]) -> InnerTrades:
    """What follows where accounts buy of one another, nobody knows when and what."""
    return measure_inner_trades(GROUPS, trade([(buyer, seller, None, False) for buyer, seller in pairs]))


def test_trades_are_those_whose_ends_are_of_one_group() -> None:
    # Account 3 is of both groups; 2 of the first alone, 8 of the second alone, 9 of none.
    inner = deal((2, 3), (8, 3), (3, 8), (2, 8), (2, 9), (9, 2), (7, 2), (3, 9), (0, 5))
    found = sorted(zip(inner.buyer.tolist(), inner.seller.tolist(), strict=True))
    assert found == [(0, 1), (3, 0), (5, 6), (6, 5)]
    assert np.flatnonzero(inner.is_trader).tolist() == [0, 1, 3, 5, 6]


def test_a_pair_is_one_whichever_way_and_however_often_it_trades() -> None:
    low, high = deal((2, 3), (3, 2), (2, 3), (7, 2), (8, 0), (7, 5)).list_pairs()
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == [(0, 1), (0, 3), (2, 3), (4, 6)]
    assert [each.tolist() for each in deal().list_pairs()] == [[], []]
    assert [each.tolist() for each in deal((8, 3)).list_pairs()] == [[5], [6]]


@pytest.mark.parametrize(
    ("pairs", "counted"),
    [
        ([(2, 3), (7, 3), (5, 3)], []),  # a shop and its customers
        ([(2, 3), (2, 3), (2, 3)], []),
        ([(2, 3), (2, 5)], [0, 1, 2]),  # who buys from two is of their circle
        ([(2, 3), (3, 5)], [1, 2]),
        ([(2, 3), (3, 2), (7, 3)], [0, 1]),
        ([(2, 3), (7, 5)], []),  # two shops that do not deal with one another
        ([(2, 3), (2, 5), (7, 5)], [0, 1, 2]),
        ([(3, 8), (3, 5), (0, 8)], []),  # of the two from whom it buys each is of another group
        ([(0, 3), (0, 8), (2, 3)], [4, 5, 6]),
    ],
)
def test_who_sells_or_buys_from_two_counts_where_it_deals_with_another_that_does(
    pairs: list[tuple[int, int]], counted: list[int]
) -> None:
    inner = deal(*pairs)
    assert inner.counts.tolist() == [membership in counted for membership in range(7)]


@pytest.mark.parametrize(
    ("days", "share"),
    [([10, 19], 0.1), ([19, 10], 0.1), ([10, 10], 0.01), ([None, 10], 0.01), ([None, None], 1.0)],
)
def test_that_so_many_trade_within_a_share_of_the_markets_time_is_worth_bits(
    days: list[float | None], share: float
) -> None:
    """Three of the first group trade twice; in the second group nobody does."""
    market = trade([(2, 3, days[0], True), (7, 3, days[1], True), (3, 9, 90.0, True)])
    inner = measure_inner_trades(GROUPS, market)
    three = float(score_confined(np.array([3.0]), np.array([share]))[0])
    assert inner.confined_bits == pytest.approx([three, 0.0], abs=1e-9)
    assert (three > 1) == (share < 1)


def test_each_group_has_its_own_time() -> None:
    orders: list[Order] = [(2, 3, 5.0, True), (3, 5, 24.0, True), (0, 8, 80.0, True), (8, 0, 80.0, True)]
    inner = measure_inner_trades(GROUPS, trade(orders))
    assert inner.confined_bits == pytest.approx(score_confined(np.array([3.0, 2.0]), np.array([0.2, 0.01])))


def test_so_many_of_the_trades_are_sales_as_name_a_product() -> None:
    named = [(2, 3, True), (2, 3, False), (3, 5, True), (5, 2, True), (2, 9, False), (9, 3, False)]
    orders: list[Order] = [(buyer, seller, 1.0, is_sale) for buyer, seller, is_sale in named]
    assert measure_inner_trades(GROUPS, trade(orders)).sale_share.tolist() == [0.75, 0.0]
    assert measure_inner_trades(GROUPS, trade([(0, 8, 1.0, True)])).sale_share.tolist() == [0.0, 1.0]


def test_trades_alone_are_counted_among_some() -> None:
    market = trade([(2, 3, 1.0, True), (3, 2, 1.0, True)])
    (name,) = counted = count_traders(GROUPS, market)
    assert name == TRADE
    assert np.flatnonzero(counted[name]).tolist() == [0, 1]


def test_where_nobody_trades_and_where_there_is_no_group_nothing_follows() -> None:
    inner = deal()
    assert (inner.is_trader.any(), inner.counts.any(), inner.confined_bits.tolist()) == (False, False, [0.0, 0.0])
    nobody = measure_inner_trades(Groups(NOBODY, np.array([0])), trade([(2, 3, 1.0, True)]))
    assert {len(each) for each in vars(nobody).values()} == {0}
    alone = measure_inner_trades(Groups(np.array([2]), np.array([0, 1])), trade([(2, 3, 1.0, True)]))
    assert (alone.is_trader.tolist(), len(alone.buyer)) == ([False], 0)
