"""The praise that members share: of whom it is, when it was given, and how much of it customers give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hand_made import GROUPS, N_ACCOUNTS, share, use

from detection.channels.catalogue import PRAISE
from detection.channels.incidence import SharedThings
from detection.evidence.measure import SharedWithin
from detection.evidence.praise import Praise, find_praise
from detection.groups import Groups

NOBODY = np.empty(0, dtype=np.int64)
ROWS = share((0, [0, 1, 3], 6.0, 4), (0, [1, 2], 4.0, 2), (1, [5, 6], 3.0, 2), things=[0, 2, 2])
SELLERS = [0, -1, 4, 6]
"""Of the things that are praised."""


def praise_on(uses: Sequence[tuple[int, int, float | None, float | None]]) -> SharedThings:
    """Each account praises a thing from a day to a day; None where nobody knows it."""
    channel = use(PRAISE, [(account, thing) for account, thing, *_ in uses])
    first, last = (
        np.array(
            ["NaT" if day is None else np.datetime64(int(day * 86_400), "s") for day in column], dtype="datetime64[us]"
        )
        for column in zip(*(days for _, _, *days in uses), strict=True)
    )
    return replace(channel, first_at=first, last_at=last)


USES = praise_on(
    [
        (2, 0, 5.0, 6.0),
        (3, 0, 4.5, 4.5),
        (7, 0, 5.0, 8.25),
        (9, 0, 0.0, 99.0),  # of no group
        (0, 0, 1.0, 50.0),  # of the second group, of which no other praises this
        (3, 2, 10.0, 12.0),
        (5, 2, 11.0, 11.0),
        (8, 2, None, None),
        (2, 1, 3.0, 3.0),
        (8, 3, 7.0, 7.0),
    ]
)


def praise(
    within: SharedWithin, orders: list[tuple[int, int]], *, sellers: list[int] = SELLERS, channel: SharedThings = USES
) -> Praise:
    """Praise where each of some accounts has bought of another, -1 of somebody unknown."""
    buyer, seller = np.array(orders, dtype=np.int64).reshape(-1, 2).T
    market: Any = SimpleNamespace(
        n_accounts=N_ACCOUNTS,
        things={PRAISE: channel},
        sellers={PRAISE: np.array(sellers)},
        snapshot=SimpleNamespace(orders=SimpleNamespace(buyer=buyer, seller=seller)),
    )
    return find_praise(GROUPS, {PRAISE: within}, market)


def test_customers_are_who_bought_of_the_seller_whom_they_praise() -> None:
    found = praise(ROWS, [(2, 0), (7, 0), (7, 0), (3, 4), (2, 4), (8, 4), (9, 0), (0, 3)])
    assert (found.group.tolist(), found.seller.tolist()) == ([0, 0, 1], [0, 4, 4])
    assert found.customers == pytest.approx([2 / 3, 1 / 2, 1.0])
    assert found.bits == pytest.approx([4.0, 2.0, 3.0])


def test_where_no_order_says_of_whom_it_is_everybody_may_be_a_customer() -> None:
    found = praise(ROWS, [(2, -1), (9, -1)])
    assert (found.customers.tolist(), found.bits.tolist()) == ([1.0, 1.0, 1.0], [6.0, 4.0, 3.0])
    assert praise(ROWS, []).bits.tolist() == [6.0, 4.0, 3.0]
    assert praise(ROWS, [(9, 5)]).bits.tolist() == [0.0, 0.0, 0.0]


def test_of_nobody_known_there_are_no_customers() -> None:
    """Not even those who bought of somebody unknown, nor those whose neighbour bought of the last account."""
    found = praise(ROWS, [(2, -1), (2, 9), (3, 9), (2, 1)], sellers=[-1, 1, -1])
    assert (found.seller.tolist(), found.customers.tolist()) == ([-1, -1, -1], [0.0, 0.0, 0.0])
    assert found.bits.tolist() == [0.0, 0.0, 0.0]
    anybody = praise(ROWS, [], sellers=[-1, 1, 4])
    assert (anybody.bits.tolist(), anybody.customers.tolist()) == ([0.0, 4.0, 3.0], [1.0, 1.0, 1.0])


def test_who_bought_of_the_first_account_is_no_customer_of_the_last() -> None:
    assert praise(ROWS, [(3, 0), (3, 1)], sellers=[9, -1, 4, 6]).customers.tolist() == [0.0, 0.0, 0.0]


def test_the_days_are_those_of_the_groups_own_members() -> None:
    found = praise(ROWS, [])
    assert found.first_day.tolist() == [4.5, 10.0, 10.0]
    assert found.last_day.tolist() == [8.25, 12.0, 12.0]
    one = praise(share((0, [0, 1, 3], 6.0, 4)), [])
    assert (one.first_day.tolist(), one.last_day.tolist()) == ([4.5], [8.25])


def test_a_day_that_nobody_knows_is_neither_first_nor_last() -> None:
    unknown = praise_on(
        [(3, 2, None, None), (8, 2, None, None), (2, 0, 7.0, None), (3, 0, None, 9.0), (7, 0, 8.0, 8.0)]
    )
    found = praise(ROWS, [], channel=unknown)
    assert found.first_day.tolist() == [7.0, np.inf, np.inf]
    assert found.last_day.tolist() == [9.0, -np.inf, -np.inf]


def test_nothing_is_praised_where_nobody_praises_and_by_nobody() -> None:
    market: Any = SimpleNamespace()
    for found in (find_praise(GROUPS, {}, market), praise(share(), [(2, 1)])):
        assert {len(each) for each in vars(found).values()} == {0}
        assert found.group.dtype == found.seller.dtype == np.int64
    nobody = Groups(NOBODY, np.array([0]))
    of_nobody: Any = SimpleNamespace(
        n_accounts=N_ACCOUNTS,
        things={PRAISE: USES},
        sellers={PRAISE: np.array(SELLERS)},
        snapshot=SimpleNamespace(orders=SimpleNamespace(buyer=np.array([2]), seller=np.array([1]))),
    )
    assert len(find_praise(nobody, {PRAISE: share()}, of_nobody).bits) == 0
