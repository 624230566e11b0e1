"""The praise that the members of a group share: of whom, when, and how much of it comes from customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detection.channels.catalogue import PRAISE
from detection.channels.incidence import SharedThings
from detection.channels.windows import MICROS_PER_DAY
from detection.evidence.market import Market
from detection.evidence.measure import SharedWithin
from detection.groups import Groups, are_among
from graph.model import Floats, Ints


@dataclass(frozen=True)
class Praise:
    """The praise that a group's members share, one row for each thing praised (K,).

    ``group``; ``seller`` (-1 where unknown); ``bits`` of it that come from customers of the seller, and their share,
    ``customers``; ``first_day`` and ``last_day``.
    """

    group: Ints
    seller: Ints
    bits: Floats
    customers: Floats
    first_day: Floats
    last_day: Floats


def find_praise(groups: Groups, shared: Mapping[str, SharedWithin], market: Market) -> Praise:
    """How much of the praise is by customers, of whom, and when."""
    if PRAISE not in shared:
        nobody, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        return Praise(nobody, nobody, nothing, nothing, nothing, nothing)
    width = market.n_accounts + 1
    within, channel, orders = shared[PRAISE], market.things[PRAISE], market.snapshot.orders
    seller = market.sellers[PRAISE][within.thing]
    author = groups.account[within.membership]
    customers = np.ones(len(seller))
    known = orders.seller >= 0
    if known.any():
        is_member = np.zeros(market.n_accounts, dtype=bool)
        is_member[groups.account] = True
        theirs = known & is_member[orders.buyer]
        deals = np.sort(orders.buyer[theirs] * width + orders.seller[theirs] + 1)
        # Of no known seller there are no customers: that has a place of its own, of which no deal is.
        bought = are_among(author * width + seller[within.row] + 1, deals)
        # Praise by those who never bought is no fan's: the customers' share of it can be explained.
        customers = np.bincount(within.row, bought) / within.members
    first, last = _find_days(groups, channel, within)
    return Praise(within.group, seller, within.bits * customers * (seller >= 0), customers, first, last)


def _find_days(groups: Groups, channel: SharedThings, within: SharedWithin) -> tuple[Floats, Floats]:
    """The days of the first and the last use of each shared thing by the group's own members (K,)."""
    uses = channel.find_uses(groups.account[within.membership], within.thing[within.row])
    first, last = np.full(len(within.group), np.inf), np.full(len(within.group), -np.inf)
    for days, at, best in ((first, channel.first_at, np.minimum), (last, channel.last_at, np.maximum)):
        when = at[uses]
        known = ~np.isnat(when)
        best.at(days, within.row[known], when[known].astype(np.int64) / MICROS_PER_DAY)
    return first, last
