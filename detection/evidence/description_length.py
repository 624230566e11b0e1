"""What naming a group costs: the bits that a ring pays for having been searched for.

One group of s among N accounts takes log2 C(N, s) bits to name.  But a group that stands by its bad
reviews was found among the few accounts that ever wrote one.  Such a *pool* of n accounts may be
named first, then the k members in it and those outside: log2 C(n, k) + log2 C(N - n, s - k), beside the
choice of the pool and of k.  Every group is named in the way that takes fewest bits.

Whoever a pool names has been said to have done the deed once, and conduct must not say so again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from detection.candidates.trade_cycles import find_dealers
from detection.channels.catalogue import BLAME, REFUND, SIGN_UP, TRADE
from detection.channels.conduct import COMPLAINTS, REFUNDS, Conduct
from detection.channels.incidence import Dealings, SharedThings
from detection.groups import Groups
from graph.model import Floats, Ints

TOLD_BY = {BLAME: COMPLAINTS, REFUND: REFUNDS}
"""The conduct of which a pool tells the first time."""


@dataclass(frozen=True)
class Pools:
    """Whom a search by one channel can find at all.

    ``inside`` (N, P) 1 for an account of the pool, else 0; ``told_bits`` (N, P) of its conduct are said
    already where the pool names it.
    """

    inside: Floats
    told_bits: Floats


NO_POOLS = Pools(np.empty((0, 0)), np.empty((0, 0)))


@dataclass(frozen=True)
class Naming:
    """How each group is named.

    Of ``total`` accounts a pool of ``pool_size`` (G,) holds ``n_inside`` (G,) of the ``size`` (G,) members;
    ``choice_bits`` (G,) go to choosing it, none for a pool of everybody; ``told_bits`` (G,) of the members' conduct
    are said by it.  ``member_bits`` (M,) is what each
    member's name takes.
    """

    total: int
    size: Ints
    pool_size: Floats
    n_inside: Floats
    choice_bits: Floats
    told_bits: Floats
    member_bits: Floats

    def name(self, count: Ints) -> Floats:
        """Bits to name so many members of each group (G,), the pool's in proportion."""
        inside = self.n_inside * (count / np.maximum(self.size, 1))
        names = _log2_choose(self.pool_size, inside) + _log2_choose(self.total - self.pool_size, count - inside)
        return names + self.choice_bits

    @cached_property
    def charge(self) -> Floats:
        """Bits that a ring pays (G,): all names, and what they say of its conduct."""
        return self.name(self.size) + self.told_bits


def charge_search(size: Ints, n_accounts: int) -> Floats:
    """Bits to name one group of each size among all accounts: log2 C(N, s)."""
    return _log2_choose(float(n_accounts), size)


def find_pools(
    things: Mapping[str, SharedThings], dealings: Mapping[str, Dealings], conduct: tuple[Conduct, ...], n_accounts: int
) -> Pools:
    """The accounts that each channel knows something of; of trades, those that both buy and sell.

    Signing up makes no pool, since everybody did.
    """
    told = {signal.name: signal.told_bits for signal in conduct}
    inside, told_bits = [], []
    for name, channel in things.items():
        if name != SIGN_UP:
            inside.append(_is_one_of(channel.account, n_accounts))
            told_bits.append(told.get(TOLD_BY.get(name, ""), np.zeros(n_accounts)))
    for name, dealing in dealings.items():
        ends = np.concatenate([dealing.source, dealing.target])
        inside.append(find_dealers(dealing, n_accounts) if name == TRADE else _is_one_of(ends, n_accounts))
        told_bits.append(np.zeros(n_accounts))
    if not inside:
        return Pools(np.empty((n_accounts, 0)), np.empty((n_accounts, 0)))
    is_inside = np.column_stack(inside)
    return Pools(is_inside.astype(float), np.where(is_inside, np.column_stack(told_bits), 0.0))


def _is_one_of(account: Ints, n_accounts: int) -> NDArray[np.bool_]:
    return np.bincount(account, minlength=n_accounts) > 0


def name_groups(groups: Groups, pools: Pools, n_accounts: int) -> Naming:
    """Name each group in the cheapest way, O(memberships · pools)."""
    if not len(groups) or not pools.inside.size:
        return name_plainly(groups.size, n_accounts)
    everybody, n_ways = np.ones((len(groups.account), 1)), pools.inside.shape[1] + 1
    inside = np.column_stack([everybody, pools.inside[groups.account]])
    told = np.column_stack([0.0 * everybody, pools.told_bits[groups.account]])
    counts, told_bits = (np.add.reduceat(part, groups.start[:-1], axis=0) for part in (inside, told))
    pool_size, size = np.concatenate([[n_accounts], pools.inside.sum(axis=0)]), groups.size[:, None]
    choice = np.where(np.arange(n_ways) > 0, np.log2(n_ways) + np.log2(size + 1.0), 0.0)
    names = _log2_choose(pool_size, counts) + _log2_choose(n_accounts - pool_size, size - counts)
    way = (names + choice + told_bits).argmin(axis=1)
    rows, members, theirs = np.arange(len(groups)), np.arange(len(groups.account)), way[groups.group]
    chosen = Naming(
        n_accounts, groups.size, pool_size[way], counts[rows, way], choice[rows, way], told_bits[rows, way], np.empty(0)
    )
    each = _charge_members(chosen, groups.group, inside[members, theirs] > 0) + told[members, theirs]
    return replace(chosen, member_bits=each)


def _charge_members(naming: Naming, group: Ints, is_inside: NDArray[np.bool_]) -> Floats:
    """Bits that one name more takes, of those in the pool and of those outside (M,)."""
    outside = naming.total - naming.pool_size, naming.size - naming.n_inside
    known = np.where(is_inside, naming.pool_size[group], outside[0][group])
    named = np.where(is_inside, naming.n_inside[group], outside[1][group])
    bits: Floats = np.log2(np.maximum(known - named, 1.0) / np.maximum(named, 1.0))
    return bits


def name_plainly(size: Ints, n_accounts: int) -> Naming:
    """Name groups among all accounts."""
    everybody, none = np.full(len(size), float(n_accounts)), np.zeros(len(size))
    plain = Naming(n_accounts, size, everybody, size.astype(float), none, none, np.empty(0))
    group = np.repeat(np.arange(len(size)), size)
    return replace(plain, member_bits=_charge_members(plain, group, np.ones(len(group), dtype=bool)))


def _log2_choose(n: Floats | float, k: Floats | Ints) -> Floats:
    """log2 C(n, k), for k up to n."""
    bits: Floats = (gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(np.maximum(n - k, 0.0) + 1.0)) / np.log(2.0)
    return bits
