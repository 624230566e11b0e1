"""Items that are sold on: which come back to who had sold them, and through whose hands they went."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.model import Floats, Ints, Orders


def find_sales(orders: Orders) -> NDArray[np.bool_]:
    """Which orders (O,) sell a known item at a known time, by a known seller."""
    return (orders.product >= 0) & (orders.seller >= 0) & ~np.isnat(orders.ordered_at)


def count_earlier_sales(orders: Orders) -> Ints:
    """How often the buyer of each order (O,) had sold the same item before: 1 or more where it comes back."""
    known = find_sales(orders)
    width = max(int(orders.seller.max(initial=0)), int(orders.buyer.max(initial=0))) + 1
    by_seller = np.unique(orders.product[known] * width + orders.seller[known]) // width
    # Most items are sold by one account only, and come back to nobody.
    resold = by_seller[1:][by_seller[1:] == by_seller[:-1]]
    rows = np.flatnonzero(known & np.isin(orders.product, resold))
    product, at = orders.product[rows] * width, orders.ordered_at[rows]
    code = np.unique(np.append(product + orders.seller[rows], product + orders.buyer[rows]), return_inverse=True)[1]
    instants, when = np.unique(at, return_inverse=True)
    sold, bought = (part * len(instants) + when for part in np.split(code, 2))
    sold_in_order = np.sort(sold)
    earlier = np.searchsorted(sold_in_order, bought) - np.searchsorted(sold_in_order, bought - when)
    counts = np.zeros(len(orders.product), dtype=np.int64)
    counts[rows] = earlier
    return counts


def find_laps(orders: Orders) -> tuple[Ints, Ints]:
    """The laps of items that go round: from a sale until the seller has the item again.

    Returns
    -------
    tuple
        The orders of each lap (L,), as rows, and the number of their lap (L,); one lap's orders lie side by side.
        The buyers of a lap's orders are all through whose hands the item went.  No order is of two laps of one item.
    """
    goes_round = np.unique(orders.product[count_earlier_sales(orders) > 0])
    rows = np.flatnonzero(find_sales(orders) & np.isin(orders.product, goes_round))
    rows = rows[np.lexsort((rows, orders.ordered_at[rows], orders.product[rows]))]
    found: list[list[int]] = []
    # Of a thing that a shop sells many times, each buyer holds one: the chain of sales that brought it there.
    held: dict[tuple[int, int], list[int]] = {}
    sales = (rows, orders.product[rows], orders.seller[rows], orders.buyer[rows])
    for row, product, seller, buyer in zip(*(part.tolist() for part in sales), strict=True):
        chain = [*held.pop((product, seller), []), row]
        hands = [int(orders.seller[chain[0]]), *orders.buyer[chain].tolist()]
        if buyer in hands[:-1]:
            found.append(chain[hands.index(buyer) :])
            chain = []
        held[product, buyer] = chain
    lap = np.repeat(np.arange(len(found)), [len(chain) for chain in found])
    return np.array([row for chain in found for row in chain], dtype=np.int64), lap


def find_falling(orders: Orders) -> Floats:
    """Of the sales of each lap (L,), but for the first, the share that fetched less than the one before, in [0, 1].

    What is sold for nobody knows how much, or once only, fetched no less.  Of an item that goes round again and again,
    whoever once had it did not grow out of it: each lap has the less of that, the more there are.
    """
    order, lap = find_laps(orders)
    n_laps = int(lap.max(initial=-1)) + 1
    again = np.flatnonzero(lap[1:] == lap[:-1]) + 1
    # Comparisons with what is not known are false.
    fell = orders.amount[order[again]] < orders.amount[order[again - 1]]
    sales = np.bincount(lap[again], minlength=n_laps)
    item = orders.product[order[np.flatnonzero(np.diff(lap, prepend=-1))]]
    _, of_item, laps = np.unique(item, return_inverse=True, return_counts=True)
    share: Floats = np.bincount(lap[again], fell, minlength=n_laps) / np.maximum(sales, 1) / laps[of_item]
    return share
