"""Each channel's finder on a handful of rows: whose deeds it takes, and of whom they are.

There are a hundred accounts and three products; the first account and the first product have the number 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from slow_twins import find_record

from detection.channels.catalogue import BLAME, ITEM, PRAISE, PURCHASE, REFERRED, REFUND, SIGN_UP, TRADE
from detection.channels.find import (
    find_identifiers,
    find_items_back,
    find_praise_or_blame,
    find_purchases,
    find_referrers,
    find_refund_claims,
    find_sign_ups,
    find_trades,
)
from detection.channels.incidence import ANYTHING, SharedThings
from detection.policy import DEFAULT_POLICY, Policy
from graph.model import Times

MICROS_PER_DAY = 86_400_000_000


def read_days(days: Sequence[float | None]) -> Times:
    """Days of 1970."""
    return np.array(["NaT" if day is None else int(day * MICROS_PER_DAY) for day in days], dtype="datetime64[us]")


def split(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def tell(
    *,
    reviews: Sequence[tuple[int, int, int, float]] = (),
    orders: Sequence[tuple[int, int, int, int]] = (),
    referrals: Sequence[tuple[int, int]] = (),
    joined: Sequence[float | None] = (),
) -> Any:
    """Reviews (author, product, seller, rating), orders (buyer, seller, product, 1 where refunded), all of one day."""
    author, product, seller, rating = split(reviews, 4)
    buyer, sold_by, bought, refunded = split(orders, 4)
    account, by = split(referrals, 2)
    ints = lambda values: np.array(values, dtype=np.int64)  # noqa: E731
    return SimpleNamespace(
        n_products=3,
        n_accounts=100,
        reviews=SimpleNamespace(
            author=ints(author),
            product=ints(product),
            seller=ints(seller),
            rating=np.array(rating, dtype=float),
            reviewed_at=read_days([1.0] * len(reviews)),
        ),
        orders=SimpleNamespace(
            buyer=ints(buyer),
            seller=ints(sold_by),
            product=ints(bought),
            status=ints(refunded),
            status_names=("completed", "refunded"),
            ordered_at=read_days([1.0] * len(orders)),
        ),
        referral_account=ints(account),
        referral_by=ints(by),
        created_at=read_days(joined),
    )


def list_deeds(channel: SharedThings) -> list[set[tuple[int, int]]]:
    """Who did something to whom (account, subject), by level: of three windows each, of which the first is told."""
    levels = []
    for grain in range(0, channel.n_grains, 3):
        is_meant = (channel.grain == grain) & (channel.subject != ANYTHING)
        uses = is_meant[channel.thing]
        levels.append(
            set(zip(channel.account[uses].tolist(), channel.subject[channel.thing[uses]].tolist(), strict=True))
        )
    return levels


REVIEWS = [
    (10, 0, 0, 4.0),  # of the first product, which the first account sells
    (11, 2, -1, 5.0),  # of a product that nobody known sells
    (12, -1, 0, 5.0),
    (13, -1, 5, 4.0),
    (14, -1, -1, 5.0),  # of nothing
    (15, 1, 5, 3.9),
    (16, 1, 5, 2.0),
    (17, 1, 5, 2.1),
    (18, 1, 5, float("nan")),
    (19, 0, -1, 5.0),
]


def test_praise_is_of_a_product_or_a_seller_and_of_whatever_a_seller_offers() -> None:
    channel = find_praise_or_blame(tell(reviews=REVIEWS), find_record(PRAISE), DEFAULT_POLICY)
    assert list_deeds(channel) == [
        {(10, 0), (11, 2), (12, -1), (13, -6), (19, 0)},
        {(10, -1), (11, 2), (12, -1), (13, -6), (19, 0)},
    ]
    blame = find_praise_or_blame(tell(reviews=REVIEWS), find_record(BLAME), DEFAULT_POLICY)
    assert list_deeds(blame) == [{(16, 1)}, {(16, -6)}]


@pytest.mark.parametrize(("product", "levels"), [(-1, 1), (0, 2)])
def test_where_no_product_is_praised_sellers_alone_are_looked_at(product: int, levels: int) -> None:
    snapshot = tell(reviews=[(12, product, 0, 5.0), (13, -1, 5, 4.0)])
    assert len(list_deeds(find_praise_or_blame(snapshot, find_record(PRAISE), DEFAULT_POLICY))) == levels


ORDERS = [
    (10, 0, 0, 1),
    (11, 5, 2, 1),
    (12, 0, -1, 1),
    (13, -1, 1, 1),  # nobody known was asked
    (14, 5, 1, 0),
]


def test_refunds_are_asked_of_a_seller_for_a_product_or_whatever_it_offers() -> None:
    channel = find_refund_claims(tell(orders=ORDERS), find_record(REFUND), DEFAULT_POLICY)
    assert list_deeds(channel) == [
        {(10, 0), (11, 2), (12, -1)},
        {(10, -1), (11, -6), (12, -1)},
    ]
    policy = Policy(refund_statuses=("completed",))
    assert list_deeds(find_refund_claims(tell(orders=ORDERS), find_record(REFUND), policy)) == [{(14, 1)}, {(14, -6)}]


@pytest.mark.parametrize(("product", "levels"), [(-1, 1), (0, 2)])
def test_where_refunds_name_no_product_sellers_alone_are_looked_at(product: int, levels: int) -> None:
    snapshot = tell(orders=[(10, 0, product, 1), (11, 5, -1, 1)])
    assert len(list_deeds(find_refund_claims(snapshot, find_record(REFUND), DEFAULT_POLICY))) == levels


def test_a_purchase_counts_that_no_refund_and_no_review_of_the_buyer_speaks_of() -> None:
    orders = [(10, 0, 0, 0), (11, 5, 2, 0), (12, 5, 2, 1), (13, 5, -1, 0), (14, 5, 1, 0), (14, 5, 2, 0), (15, -1, 1, 0)]
    orders.append((20, 5, 2, 0))
    reviews = [(21, 0, 5, 3.0), (11, 2, 5, 3.0), (14, 1, -1, 5.0), (10, 2, 5, 1.0), (12, 0, 5, 1.0), (15, 2, 5, 1.0)]
    channel = find_purchases(tell(orders=orders, reviews=reviews), find_record(PURCHASE), DEFAULT_POLICY)
    assert list_deeds(channel) == [{(10, 0), (14, 2), (15, 1), (20, 2)}]


def test_who_referred_and_who_was_referred_share_the_referrer() -> None:
    channel = find_referrers(tell(referrals=[(11, 0), (12, 0), (13, 5), (5, 5)]), find_record(REFERRED), DEFAULT_POLICY)
    found = sorted(zip(channel.account.tolist(), channel.subject[channel.thing].tolist(), strict=True))
    assert found == [(0, -1), (5, -6), (11, -1), (12, -1), (13, -6)]
    assert np.isnat(channel.first_at).all()
    assert channel.name == REFERRED


def test_trades_go_from_a_buyer_to_another_account_that_is_known_and_kept_the_money() -> None:
    orders = [(10, 0, 0, 0), (0, 10, 1, 0), (10, 3, 1, 1), (11, -1, 0, 0), (12, 12, 0, 0)]
    dealings = find_trades(tell(orders=orders), find_record(TRADE), DEFAULT_POLICY)
    assert list(zip(dealings.source.tolist(), dealings.target.tolist(), strict=True)) == [(10, 0), (0, 10)]


def test_moments_of_signing_up_overlap_by_half() -> None:
    """Within each window of time two ways of cutting it, of which one holds whoever came less than half of it apart."""
    record = find_record(SIGN_UP)
    days = max(record.windows_days)
    snapshot = tell(joined=[0.0, 0.9 * days, 1.1 * days, 1.6 * days, None, 3.0 * days])
    channel = find_sign_ups(snapshot, record, DEFAULT_POLICY)
    assert set(channel.subject.tolist()) == {ANYTHING}
    assert channel.n_grains == 2 * len(record.windows_days)
    together = [
        [channel.account[channel.thing == thing].tolist() for thing in np.flatnonzero(channel.grain == grain)]
        for grain in range(channel.n_grains)
    ]
    place = record.windows_days.index(days)
    assert together[2 * place : 2 * place + 2] == [[[0, 1], [2, 3], [5]], [[0], [1, 2], [3], [5]]]
    for first in range(0, channel.n_grains, 2):
        assert together[first][0][0] == together[first + 1][0][0] == 0


def test_identifiers_of_the_kind_are_shared_but_for_what_stands_for_nothing() -> None:
    uses = [(1, 0), (2, 0), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)]
    account, identifier = np.array(uses).T
    kinds, values = ("phone", "phone", "card", "card"), ("unknown", "+49123", "unknown", "c")
    snapshot: Any = SimpleNamespace(
        uses=SimpleNamespace(account=account, identifier=identifier, seen_at=read_days([1.0] * 8)),
        n_identifiers=4,
        identifier_kind=np.array(kinds),
        identifier_value=np.array(values, dtype=object),
    )
    for policy, things in ((DEFAULT_POLICY, {1: [1, 2]}), (Policy(ignore_placeholders=False), {0: [1, 2], 1: [1, 2]})):
        channel = find_identifiers(snapshot, find_record("phone"), policy)
        assert channel.name == "phone"
        found = {
            int(channel.subject[thing]): channel.account[channel.thing == thing].tolist()
            for thing in range(channel.n_things)
        }
        assert found == things


def test_an_address_on_the_network_is_another_after_a_quarter_of_silence() -> None:
    snapshot: Any = SimpleNamespace(
        uses=SimpleNamespace(
            account=np.array([1, 2, 3, 4]),
            identifier=np.array([0, 0, 0, 1]),
            seen_at=read_days([1.0, 200.0, 80.0, 1.0]),
        ),
        n_identifiers=2,
        identifier_kind=np.array(["ip", "ip"]),
        identifier_value=np.array(["81.2.69.142", "81.2.69.143"], dtype=object),
    )
    channel = find_identifiers(snapshot, find_record("ip"), DEFAULT_POLICY)
    users = [channel.account[channel.thing == thing].tolist() for thing in range(channel.n_things)]
    assert sorted(zip(channel.subject.tolist(), users, strict=True)) == [(0, [1, 3]), (0, [2]), (1, [4])]


def test_an_item_that_comes_back_is_shared_lap_by_lap_and_is_no_purchase() -> None:
    """One item goes between two accounts four times, two others between two others each three times."""
    deals = [(2, 1, 0, 1.0), (1, 2, 0, 2.0), (2, 1, 0, 3.0), (1, 0, 2, 6.0), (1, 2, 0, 4.0)]
    deals += [(4, 3, 3, 1.0), (3, 4, 3, 2.0), (4, 3, 3, 3.0), (9, 8, 2, 5.0), (3, 8, 2, 6.0)]
    deals += [(6, 5, 1, 1.0), (5, 6, 1, 2.0), (6, 5, 1, 3.0)]
    unknown = [(1, -1, 1, 1.0), (1, 5, -1, 1.0), (2, 5, 2, None)]
    days = [day for *_, day in (*deals, *unknown)]
    snapshot = tell(orders=[(buyer, seller, product, 0) for buyer, seller, product, _ in (*deals, *unknown)])
    snapshot.n_products, snapshot.orders.ordered_at = 4, read_days(days)
    channel = find_items_back(snapshot, find_record(ITEM), DEFAULT_POLICY)
    users = [channel.account[channel.thing == thing].tolist() for thing in range(channel.n_things)]
    assert sorted(zip(channel.subject.tolist(), users, strict=True)) == [
        (0, [1, 2]), (0, [1, 2]), (1, [5, 6]), (1, [6]), (2, [1]), (2, [3]), (3, [3, 4]), (3, [4]),
    ]  # fmt: skip
    assert (channel.unshared, channel.name) == (1, ITEM)
    bought = find_purchases(snapshot, find_record(PURCHASE), DEFAULT_POLICY)
    assert set(bought.subject.tolist()) - {ANYTHING} == {2}
    assert find_items_back(tell(), find_record(ITEM), DEFAULT_POLICY).is_silent
