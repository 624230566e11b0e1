"""Trades among the members of each group: who buys and sells inside, for how long, and what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import TRADE
from detection.channels.incidence import ANYTHING
from detection.channels.windows import MICROS_PER_DAY
from detection.evidence.clock import find_spans
from detection.evidence.market import Market
from detection.evidence.measure import SharedWithin
from detection.groups import Groups, are_among, find_distinct
from detection.likelihood import score_confined
from graph.model import Floats, Ints, Times


@dataclass(frozen=True)
class InnerTrades:
    """Trades among the members of each group.

    ``confined_bits`` (G,) that they lie closer together in time than the market's orders do; ``is_trader`` (M,) tells
    which memberships trade, and ``counts`` (M,) which sell inside, or buy from two who do, and deal with others like
    that; ``sale_share`` (G,) of them name a product, and are no mere payments; ``buyer`` and ``seller`` (T,)
    memberships of each.
    """

    confined_bits: Floats
    is_trader: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    sale_share: Floats
    buyer: Ints
    seller: Ints

    def list_pairs(self) -> tuple[Ints, Ints]:
        """The distinct pairs of memberships that trade (P,), whichever way."""
        n = int(max(self.buyer.max(initial=0), self.seller.max(initial=0))) + 1
        low, high = np.minimum(self.buyer, self.seller), np.maximum(self.buyer, self.seller)
        return np.divmod(find_distinct(low * n + high), n)


def count_traders(groups: Groups, market: Market) -> dict[str, NDArray[np.bool_]]:
    """Trades count among those who sell inside the group, or buy from two who do: the others are customers."""
    return {TRADE: measure_inner_trades(groups, market).counts}


def measure_inner_trades(groups: Groups, market: Market) -> InnerTrades:
    """Look at the orders whose two ends are members of one group, O(orders of the members)."""
    trades, n = market.trades, market.n_accounts
    bought = groups.find_facts(trades.by_buyer)
    membership, order = bought.membership, bought.row
    code = groups.code(n)
    wanted = groups.group[membership] * n + trades.seller[order]
    place = np.minimum(np.searchsorted(code, wanted), max(len(code) - 1, 0))
    inside = code[place] == wanted
    source, target, order = membership[inside], place[inside], order[inside]
    buys, sells = (np.bincount(end, minlength=len(groups.account)) > 0 for end in (source, target))
    # Who buys of one seller is a customer, of whom a shop has many; of two inner sellers, one of their circle.
    counted = sells | (_count_partners(source, target, len(groups.account)) >= 2)
    # Whoever deals with customers only says nothing of a circle.
    circle = counted[source] & counted[target]
    counted = np.bincount(np.concatenate([source[circle], target[circle]]), minlength=len(counted)) > 0
    group = groups.group[source]
    return InnerTrades(
        _confine(groups, group, trades.ordered_at[order], buys | sells, market),
        buys | sells,
        counted,
        _share(groups, group, trades.names_product[order]),
        source,
        target,
    )


def join_trades(parts: Sequence[InnerTrades], memberships: Ints) -> InnerTrades:
    """The trades inside the groups of several parts; each part's memberships come after so many of others."""
    columns = ("confined_bits", "is_trader", "counts", "sale_share")
    ends = [
        np.concatenate([getattr(each, end) + n for each, n in zip(parts, memberships, strict=True)])
        for end in ("buyer", "seller")
    ]
    return InnerTrades(*(np.concatenate([getattr(each, name) for each in parts]) for name in columns), *ends)


def leave_own_payments(within: Mapping[str, SharedWithin], groups: Groups, market: Market) -> dict[str, SharedWithin]:
    """What members share, less whom they were paid by, or paid, if that one is a member too: their trades say it."""
    left, code = dict(within), groups.code(market.n_accounts)
    for name, found in within.items():
        channel = market.things[name]
        if channel.record.is_payment:
            subject = channel.subject[found.thing]
            # What is shared in time only names nobody.
            other = np.where(subject == ANYTHING, -1, -1 - subject)
            left[name] = found.keep((other < 0) | ~are_among(found.group * market.n_accounts + other, code))
    return left


def _count_partners(source: Ints, target: Ints, n: int) -> Ints:
    """From how many inner sellers each membership buys (M,)."""
    return np.bincount(find_distinct(source * n + target) // n, minlength=n)


def _confine(groups: Groups, group: Ints, at: Times, is_trader: NDArray[np.bool_], market: Market) -> Floats:
    """Bits that the trades lie closer together in time than the market's orders do (G,); none for what is undated."""
    dated = ~np.isnat(at)
    days = at[dated].astype(np.int64) / MICROS_PER_DAY
    first, last = find_spans(group[dated], days, days, len(groups))
    # Friends meet, and trade then: that one more of them was there is what is independent, not each trade.
    traders = np.bincount(groups.group[is_trader], minlength=len(groups))
    return score_confined(traders, market.order_clock.share(first, last))


def _share(groups: Groups, group: Ints, holds: NDArray[np.bool_]) -> Floats:
    """The share of each group's trades of which something holds (G,); 0 where there are none."""
    trades = np.bincount(group, minlength=len(groups))
    return np.bincount(group, weights=holds, minlength=len(groups)) / np.maximum(trades, 1)
