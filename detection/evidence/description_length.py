"""What naming a group costs: the bits that a ring pays for having been searched for.

One group of s among N accounts takes log2 C(N, s) bits to name.  But a group that stands by its bad
reviews was found among the few accounts that ever wrote one.  Such a *pool* of n accounts may be
named first, then the k members in it and those outside: log2 C(n, k) + log2 C(N - n, s - k), beside the
choice of the pool and of k.  Every group is named in the way that takes fewest bits.

Whoever a pool names has been said to have done the deed once, and conduct must not say so again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detection.candidates.trade_cycles import find_dealers
from detection.channels.conduct import Conduct
from detection.channels.incidence import Dealings, SharedThings
from detection.groups import Groups
from detection.likelihood import log2_choose
from graph.model import Floats, Ints


@dataclass(frozen=True)
class Pools:
    """Whom a search by one channel can find at all.

    ``inside`` (N, P) 1 for an account of the pool, else 0; ``implied_bits`` (N, P) of its conduct are said
    already where the pool names it.
    """

    inside: Floats
    implied_bits: Floats


NO_POOLS = Pools(np.empty((0, 0)), np.empty((0, 0)))


@dataclass(frozen=True)
class DescriptionLength:
    """How each group is named.

    Of ``total`` accounts a pool of ``pool_size`` (G,) holds ``n_inside`` (G,) of the ``size`` (G,) members;
    ``choice_bits`` (G,) go to choosing it, none for a pool of everybody; ``implied_bits`` (G,) of the members' conduct
    are said by it.  ``member_bits`` (M,) is what each
    member's name takes.
    """

    total: int
    size: Ints
    pool_size: Floats
    n_inside: Floats
    choice_bits: Floats
    implied_bits: Floats
    member_bits: Floats

    def bits_for(self, count: Ints) -> Floats:
        """Bits to name so many members of each group (G,), the pool's in proportion."""
        inside = self.n_inside * (count / np.maximum(self.size, 1))
        names = log2_choose(self.pool_size, inside) + log2_choose(self.total - self.pool_size, count - inside)
        return names + self.choice_bits

    def take(self, rows: Ints) -> DescriptionLength:
        """How some of the groups are named, without what each member's name takes."""
        return DescriptionLength(
            self.total,
            self.size[rows],
            self.pool_size[rows],
            self.n_inside[rows],
            self.choice_bits[rows],
            self.implied_bits[rows],
            np.empty(0),
        )

    @cached_property
    def charge(self) -> Floats:
        """Bits that a ring pays (G,): all names, and what they say of its conduct."""
        return self.bits_for(self.size) + self.implied_bits


def join_lengths(parts: Sequence[DescriptionLength]) -> DescriptionLength:
    """How the groups of several parts of one market are named, in turn."""
    columns = [field.name for field in fields(DescriptionLength) if field.name != "total"]
    return DescriptionLength(
        parts[0].total, *(np.concatenate([getattr(each, name) for each in parts]) for name in columns)
    )


def charge_search(size: Ints, n_accounts: int) -> Floats:
    """Bits to name one group of each size among all accounts: log2 C(N, s)."""
    return log2_choose(float(n_accounts), size)


def find_pools(
    things: Mapping[str, SharedThings], dealings: Mapping[str, Dealings], conduct: tuple[Conduct, ...], n_accounts: int
) -> Pools:
    """The accounts that each channel knows something of; of dealings, those that deal both ways.

    What everybody did, as signing up, makes no pool.
    """
    implied = {signal.name: signal.implied_bits for signal in conduct}
    inside, implied_bits = [], []
    for channel in things.values():
        if channel.record.has_pool:
            inside.append(_is_one_of(channel.account, n_accounts))
            implied_bits.append(implied.get(channel.record.implies, np.zeros(n_accounts)))
    for dealing in dealings.values():
        inside.append(find_dealers(dealing, n_accounts))
        implied_bits.append(np.zeros(n_accounts))
    if not inside:
        return Pools(np.empty((n_accounts, 0)), np.empty((n_accounts, 0)))
    is_inside = np.column_stack(inside)
    return Pools(is_inside.astype(float), np.where(is_inside, np.column_stack(implied_bits), 0.0))


def _is_one_of(account: Ints, n_accounts: int) -> NDArray[np.bool_]:
    return np.bincount(account, minlength=n_accounts) > 0


def measure_lengths(groups: Groups, pools: Pools, n_accounts: int) -> DescriptionLength:
    """Name each group in the cheapest way, O(memberships · pools)."""
    if not len(groups) or not pools.inside.size:
        return measure_plainly(groups.size, n_accounts)
    # Way 0 is to name the members among all accounts; each pool is another way, and choosing a way costs its bits.
    everybody, n_ways = np.ones((len(groups.account), 1)), pools.inside.shape[1] + 1
    inside = np.column_stack([everybody, pools.inside[groups.account]])
    implied = np.column_stack([0.0 * everybody, pools.implied_bits[groups.account]])
    counts, implied_bits = (np.add.reduceat(part, groups.start[:-1], axis=0) for part in (inside, implied))
    pool_size, size = np.concatenate([[n_accounts], pools.inside.sum(axis=0)]), groups.size[:, None]
    choice = np.where(np.arange(n_ways) > 0, np.log2(n_ways) + np.log2(size + 1.0), 0.0)
    names = log2_choose(pool_size, counts) + log2_choose(n_accounts - pool_size, size - counts)
    # Conduct that a pool implies is paid for with the pool: else complaining would be charged once and count twice.
    way = (names + choice + implied_bits).argmin(axis=1)
    rows, members, theirs = np.arange(len(groups)), np.arange(len(groups.account)), way[groups.group]
    chosen = DescriptionLength(
        n_accounts,
        groups.size,
        pool_size[way],
        counts[rows, way],
        choice[rows, way],
        implied_bits[rows, way],
        np.empty(0),
    )
    each = _charge_members(chosen, groups.group, inside[members, theirs] > 0) + implied[members, theirs]
    return replace(chosen, member_bits=each)


def _charge_members(length: DescriptionLength, group: Ints, is_inside: NDArray[np.bool_]) -> Floats:
    """Bits that one name more takes, of those in the pool and of those outside (M,)."""
    outside = length.total - length.pool_size, length.size - length.n_inside
    known = np.where(is_inside, length.pool_size[group], outside[0][group])
    named = np.where(is_inside, length.n_inside[group], outside[1][group])
    # The difference of log2 C(n, k + 1) and log2 C(n, k), to first order: what one name more takes.
    bits: Floats = np.log2(np.maximum(known - named, 1.0) / np.maximum(named, 1.0))
    return bits


def measure_plainly(size: Ints, n_accounts: int) -> DescriptionLength:
    """Name groups among all accounts."""
    everybody, none = np.full(len(size), float(n_accounts)), np.zeros(len(size))
    plain = DescriptionLength(n_accounts, size, everybody, size.astype(float), none, none, np.empty(0))
    group = np.repeat(np.arange(len(size)), size)
    return replace(plain, member_bits=_charge_members(plain, group, np.ones(len(group), dtype=bool)))
