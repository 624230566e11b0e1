"""Trades among the members of each group: who buys and sells inside, for how long, and what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.channels.catalogue import TRADE
from detection.channels.windows import MICROS_PER_DAY
from detection.evidence.market import Market
from detection.groups import Groups
from graph.model import Floats, Ints, Times


@dataclass(frozen=True)
class InnerTrades:
    """Trades among the members of each group.

    ``days`` (G,) from the first to the last, endless where none is dated; ``is_trader`` (M,) tells which
    memberships trade, and ``is_circular`` (M,) which both buy and sell; ``sale_share`` (G,) of them name a
    product, and are no mere payments.
    """

    days: Floats
    is_trader: NDArray[np.bool_]
    is_circular: NDArray[np.bool_]
    sale_share: Floats


def count_traders(groups: Groups, market: Market) -> dict[str, NDArray[np.bool_]]:
    """Trades count among those who both buy and sell inside the group: the others are customers."""
    return {TRADE: measure_inner_trades(groups, market).is_circular}


def measure_inner_trades(groups: Groups, market: Market) -> InnerTrades:
    """Look at the orders whose two ends are members of one group, O(orders of the members)."""
    trades, n = market.trades, market.n_accounts
    bought = groups.find_facts(trades.by_buyer)
    membership, order = bought.membership, bought.row
    code = groups.group * n + groups.account  # sorted: groups in order, accounts sorted within each
    wanted = groups.group[membership] * n + trades.seller[order]
    place = np.minimum(np.searchsorted(code, wanted), max(len(code) - 1, 0))
    inside = code[place] == wanted if len(code) else np.zeros(0, dtype=bool)
    source, target, order = membership[inside], place[inside], order[inside]
    buys, sells = (np.bincount(end, minlength=len(groups.account)) > 0 for end in (source, target))
    both = buys & sells
    group = groups.group[source]
    return InnerTrades(
        _span_days(groups, group, trades.ordered_at[order]),
        buys | sells,
        both,
        _share(groups, group, trades.names_product[order]),
    )


def _span_days(groups: Groups, group: Ints, at: Times) -> Floats:
    dated = ~np.isnat(at)
    first, last = np.full(len(groups), np.inf), np.full(len(groups), -np.inf)
    days = at[dated].astype(np.int64) / MICROS_PER_DAY
    np.minimum.at(first, group[dated], days)
    np.maximum.at(last, group[dated], days)
    span: Floats = np.where(last >= first, last - first, np.inf)
    return span


def _share(groups: Groups, group: Ints, holds: NDArray[np.bool_]) -> Floats:
    """The share of each group's trades of which something holds (G,); 0 where there are none."""
    trades = np.bincount(group, minlength=len(groups))
    return np.bincount(group, weights=holds, minlength=len(groups)) / np.maximum(trades, 1)
