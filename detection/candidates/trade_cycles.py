"""Trades in cycles: what a search for trade rings follows.

Customers of a shop hardly ever trade with one another, and most trades of a market are theirs.  Those who
trade in cycles, now one way, now another, leave triangles: three accounts of which each has dealt with
both others.  Links that close none are left out, so that what remains is small and shows rings whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.candidates.links import Links, link_dealings
from detection.channels.incidence import Dealings
from graph.model import Ints


def link_cycles(channel: Dealings, n_accounts: int) -> Links:
    """The links among accounts that both buy and sell which close a triangle with two others."""
    links = link_dealings(channel, n_accounts)
    deals = find_dealers(channel, n_accounts)
    # A customer who only buys closes no cycle; without this, hubs of shops would join everybody.
    among = take_links(links, deals[links.a] & deals[links.b])
    return take_links(among, close_triangles(among.a, among.b, n_accounts))


def find_dealers(channel: Dealings, n_accounts: int) -> NDArray[np.bool_]:
    """Who both buys and sells (N,)."""
    bought, sold = (np.bincount(end, minlength=n_accounts) for end in (channel.source, channel.target))
    return (bought > 0) & (sold > 0)


def take_links(links: Links, kept: NDArray[np.bool_]) -> Links:
    """Some of the links (L,)."""
    return Links(links.a[kept], links.b[kept], links.bits[kept])


def close_triangles(a: Ints, b: Ints, n_accounts: int) -> NDArray[np.bool_]:
    """Which links are a side of a triangle (L,).

    Each link belongs to the end that has fewer; only pairs of one account's own links are tried (Chiba &
    Nishizeki, Arboricity and subgraph listing algorithms, SIAM J. Comput. 1985), O(L · √L) whatever the hubs.

    Parameters
    ----------
    a, b
        (L,) rows of accounts, ``a`` < ``b``, each pair once.

    >>> close_triangles(np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4]), 5)
    array([ True,  True,  True, False])
    """
    degree = np.bincount(a, minlength=n_accounts) + np.bincount(b, minlength=n_accounts)
    fewer = (degree[a] < degree[b]) | ((degree[a] == degree[b]) & (a < b))
    owner, other = np.where(fewer, a, b), np.where(fewer, b, a)
    order = np.argsort(owner, kind="stable")
    last = np.searchsorted(owner[order], owner[order], side="right")
    place = np.arange(len(order))
    first = np.repeat(place, last - place - 1)
    second = first + 1 + np.arange(len(first)) - np.searchsorted(first, first)
    ends = np.sort(np.stack([other[order[first]], other[order[second]]]), axis=0)
    code, by_code = a * n_accounts + b, np.argsort(a * n_accounts + b)
    wanted = ends[0] * n_accounts + ends[1]
    spot = np.minimum(np.searchsorted(code[by_code], wanted), max(len(code) - 1, 0))
    found = code[by_code][spot] == wanted if len(code) else np.zeros(0, dtype=bool)
    closed = np.zeros(len(a), dtype=bool)
    for sides in (order[first], order[second], by_code[spot]):
        closed[sides[found]] = True
    return closed
