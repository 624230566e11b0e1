"""Pairs of accounts weighted in bits: what the searches for candidates walk on.

A pair that shares a thing is as surprising as the thing is rare and the two accounts are idle: with
one sharing observed and E expected under the same degrees, the weight is log2(1/E) - (1 - E)/ln 2.
Crowds are never squared: in a thing that more than ``largest_crowd`` accounts share, each is linked to
the few that came next only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from detection.channels.incidence import ANYTHING, Dealings, SharedThings
from detection.likelihood import score_surprise
from detection.policy import Policy
from graph.model import Floats, Ints


@dataclass(frozen=True)
class Links:
    """Undirected links: ``a`` < ``b`` (L,) rows of accounts and ``bits`` (L,) above 0."""

    a: Ints
    b: Ints
    bits: Floats


NO_LINKS = Links(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))


def link_pairs(
    things: tuple[SharedThings, ...], dealings: tuple[Dealings, ...], n_accounts: int, policy: Policy
) -> Links:
    """Sum the links of all channels, O(E · largest_crowd) for E incidences.

    Parameters
    ----------
    things, dealings
        The channels.
    n_accounts
        Rows of accounts.
    policy
        What a crowd is, and how it is linked.
    """
    parts = [link_shared(channel, n_accounts, policy) for channel in things]
    parts += [link_dealings(channel, n_accounts) for channel in dealings]
    return add_links(parts, n_accounts)


def add_links(parts: Sequence[Links], n_accounts: int) -> Links:
    """All links of several, the bits of a pair added up."""
    if not parts:
        return NO_LINKS
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("a", "b", "bits")]
    return _sum_links(*columns, n_accounts=n_accounts)


def link_shared(channel: SharedThings, n_accounts: int, policy: Policy) -> Links:
    """Link the accounts that share a thing of one channel; over its grains, the strongest link counts."""
    grain = np.where(channel.subject == ANYTHING, -1, channel.grain)[channel.thing]
    parts = [_link_grain(channel, np.flatnonzero(grain == g), n_accounts, policy) for g in range(channel.n_grains)]
    if len(parts) == 1:
        return parts[0]
    a, b, bits = (np.concatenate([getattr(part, name) for part in parts]) for name in ("a", "b", "bits"))
    pair = a * n_accounts + b
    order = np.lexsort((-bits, pair))
    # Grains are views of the same deeds: the strongest one speaks for all, as in the evidence.
    best = order[np.diff(pair[order], prepend=-1) != 0]
    return Links(a[best], b[best], bits[best])


def _link_grain(channel: SharedThings, uses: Ints, n_accounts: int, policy: Policy) -> Links:
    order = uses[np.lexsort((channel.account[uses], channel.first_at[uses], channel.thing[uses]))]
    account, thing = channel.account[order], channel.thing[order]
    popularity = channel.popularity
    # All pairs of a few, but of a crowd only those who came next to one another: accounts made together do.
    reach = np.where(popularity > policy.largest_crowd, policy.crowd_neighbours, popularity - 1)[thing]
    place = np.arange(len(thing)) - np.searchsorted(thing, thing)
    last = popularity[thing] - 1
    rows, pairs = np.arange(len(thing)), []
    for step in range(1, int(reach.max(initial=0)) + 1):
        rows = rows[(reach[rows] >= step) & (place[rows] + step <= last[rows])]
        pairs.append((rows, rows + step))
    first = np.concatenate([near for near, _ in pairs]) if pairs else rows[:0]
    second = np.concatenate([far for _, far in pairs]) if pairs else rows[:0]
    # A busy account shares with everybody: what it shares surprises less.
    degree = np.bincount(account, minlength=n_accounts)
    a, b = account[first], account[second]
    expected = 0.5 * (degree[a] + degree[b]) * (popularity[thing[first]] - 1) / max(len(account), 1)
    linked = _positive(a, b, score_surprise(np.ones(len(a)), expected))
    return _sum_links(linked.a, linked.b, linked.bits, n_accounts=n_accounts)


def link_dealings(channel: Dealings, n_accounts: int) -> Links:
    """Link accounts that deal with one another, whichever way and however often."""
    low, high = channel.pairs.low, channel.pairs.high
    partners = np.bincount(low, minlength=n_accounts) + np.bincount(high, minlength=n_accounts)
    expected = partners[low] * partners[high] / max(2 * len(low), 1)
    return _positive(low, high, score_surprise(np.ones(len(low)), expected))


def _positive(a: Ints, b: Ints, bits: Floats) -> Links:
    kept = bits > 0
    return Links(np.minimum(a, b)[kept], np.maximum(a, b)[kept], bits[kept])


def _sum_links(a: Ints, b: Ints, bits: Floats, *, n_accounts: int) -> Links:
    """One link for each pair, with the sum of its bits."""
    matrix = sparse.coo_array((bits, (a, b)), shape=(n_accounts, n_accounts)).tocsr()
    matrix.sum_duplicates()
    summed = matrix.tocoo()
    return Links(summed.row.astype(np.int64), summed.col.astype(np.int64), summed.data)


def weigh_links(links: Links, n_accounts: int) -> sparse.csr_array:
    """Bits between any two accounts, both ways."""
    weights = sparse.coo_array((links.bits, (links.a, links.b)), shape=(n_accounts, n_accounts)).tocsr()
    both: sparse.csr_array = weights + weights.T
    return both
