"""Pairs of accounts weighted in bits: what the searches for candidates walk on.

A pair that shares a thing is as surprising as the thing is rare and the two accounts are idle: with
one sharing observed and E expected under the same degrees, the weight is log2(1/E) - (1 - E)/ln 2.
Crowds are never squared: in a thing that more than ``largest_crowd`` accounts share, each is linked to
the few that came next only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

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
    # Grains are views of the same deeds: the strongest one speaks for all, as in the evidence.
    return _list_links(reduce(lambda one, other: one.maximum(other), parts))


def _link_grain(channel: SharedThings, uses: Ints, n_accounts: int, policy: Policy) -> sparse.csr_array:
    """The bits of each pair that a grain links, the lower row first (N, N)."""
    popularity, degree = channel.popularity, np.bincount(channel.account[uses], minlength=n_accounts)
    # What one account alone has links nobody, and is most of what accounts do.
    shared = uses[popularity[channel.thing[uses]] > 1]
    order = shared[np.lexsort((channel.account[shared], channel.first_at[shared], channel.thing[shared]))]
    account, thing = channel.account[order], channel.thing[order]
    # All pairs of a few, but of a crowd only those who came next to one another: accounts made together do.
    reach = np.where(popularity > policy.largest_crowd, policy.crowd_neighbours, popularity - 1)[thing]
    begins = np.flatnonzero(np.diff(thing, prepend=-1))
    size = popularity[thing]
    place = np.arange(len(thing)) - np.repeat(begins, size[begins])
    reach = np.minimum(reach, size - 1 - place)
    rows, firsts, seconds = np.arange(len(thing)), [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for step in range(1, int(reach.max(initial=0)) + 1):
        rows = rows[reach[rows] >= step]
        firsts.append(rows)
        seconds.append(rows + step)
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    # A busy account shares with everybody: what it shares surprises less.
    a, b = account[first], account[second]
    # What one account alone has, or sent, is counted beside: without it a market's only spam would surprise nobody.
    others = channel.unshared if channel.record.is_of_objects or channel.record.is_identifier else 0
    expected = 0.5 * (degree[a] + degree[b]) * (size[first] - 1) / max(len(uses) + others, 1)
    linked = _positive(a, b, score_surprise(np.ones(len(a)), expected))
    return _sum_pairs(linked.a, linked.b, linked.bits, n_accounts=n_accounts)


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
    return _list_links(_sum_pairs(a, b, bits, n_accounts=n_accounts))


def _sum_pairs(a: Ints, b: Ints, bits: Floats, *, n_accounts: int) -> sparse.csr_array:
    """The sum of the bits of each pair (N, N)."""
    matrix: sparse.csr_array = sparse.coo_array((bits, (a, b)), shape=(n_accounts, n_accounts)).tocsr()
    matrix.sum_duplicates()
    return matrix


def _list_links(matrix: sparse.csr_array) -> Links:
    """The pairs of a matrix of bits, sorted."""
    pairs = matrix.tocoo()
    return Links(pairs.row.astype(np.int64), pairs.col.astype(np.int64), pairs.data)


def weigh_links(links: Links, n_accounts: int) -> sparse.csr_array:
    """Bits between any two accounts, both ways."""
    weights = sparse.coo_array((links.bits, (links.a, links.b)), shape=(n_accounts, n_accounts)).tocsr()
    both: sparse.csr_array = weights + weights.T
    return both
