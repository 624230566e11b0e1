"""Who could live together: the households of a group, and what each would share anyway.

A household is a set of up to ``household_size`` members who are joined by things of a household's scale.  Where
more hang together, their things are sorted into households, each into one: those who live together share the same
few things among the same few people.  Somebody may belong to two households, the one at home and the colleagues
say; that takes a name for every household beyond the first.  A ring whose things overlap every way is no
set of households, because nearly everybody would have to be named again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.channels.incidence import SharedThings
from detection.evidence.market import Market
from detection.evidence.measure import SharedWithin
from detection.groups import Groups
from detection.policy import Policy
from graph.components import find_components
from graph.model import Floats, Ints


@dataclass(frozen=True)
class HouseholdPartition:
    """The households of some groups.

    By channel, ``household_scale`` tells which of the things that a group shares one household could share (K,),
    and ``explained`` how many bits of each its households account for (K,).  ``household`` (M,) is the first
    household of each membership; naming those who belong to further ones takes ``again_bits`` (G,).
    """

    household_scale: Mapping[str, NDArray[np.bool_]]
    explained: Mapping[str, Floats]
    household: Ints
    again_bits: Floats


@dataclass(frozen=True)
class _Uses:
    """Uses of things of a household's scale: ``member`` and ``thing`` (U,), memberships and things over all channels.

    ``bits`` (K, household_size + 1) of each thing, if so many of the members shared it.
    """

    member: Ints
    thing: Ints
    bits: Floats


@dataclass(frozen=True)
class _Crowds:
    """Whoever hangs together, where more do than can live together; crowds are numbered from 0.

    Things (T,), crowd by crowd and those that say most first: the ``crowd`` of each, its ``row`` in the uses, how many
    its users are and who, as a bit mask (T, W) of their places in the crowd, lowest word first.  Uses (V,): the
    ``member`` and the ``thing`` of each, the latter numbered as here.
    """

    crowd: Ints
    row: Ints
    n_users: Ints
    users: NDArray[np.uint64]
    member: Ints
    thing: Ints


@dataclass(frozen=True)
class _Homes:
    """The households of all crowds (H,), those of a crowd in the order in which they are believed.

    The ``crowd`` and the ``size`` of each, the bits that it ``shares``, and the household of each thing (T,).
    """

    crowd: Ints
    size: Ints
    shares: Floats
    of_thing: Ints


@dataclass(frozen=True)
class _Parted:
    """All crowds in households: the bits ``explained`` of some ``things``; some ``people``, memberships all, and the
    ``first`` of the household of each; how many names are said ``again`` in the crowd of each ``member``.
    """

    things: Ints
    explained: Floats
    people: Ints
    first: Ints
    member: Ints
    again: Floats


def partition_households(groups: Groups, within: Mapping[str, SharedWithin], market: Market) -> HouseholdPartition:
    """Split every group into households, O(uses of the members · log, and in crowds · their households).

    In a crowd the things that say most choose their household first, and of equals those of the last
    accounts, so that the names of things do not matter.

    Parameters
    ----------
    groups, within
        The groups, and what their members share, by channel.
    market
        For how large a household is, and which channels' things are shared at home.
    """
    policy, n_accounts = market.policy, market.n_accounts
    shared = {name: found for name, found in within.items() if market.things[name].record.is_shared_at_home}
    household_scale = {name: _is_household_scale(found, market.things[name], policy) for name, found in shared.items()}
    uses = _gather_uses(shared, household_scale, policy.household_size)
    n, n_things = len(groups.account), len(uses.bits)
    # A bipartite graph of memberships and things: its components are whoever hangs together at all.
    component = find_components(np.column_stack([uses.member, n + uses.thing]), n + n_things)[:n]
    crowded = np.bincount(component)[component] > policy.household_size
    household = np.where(crowded, n + n_things + np.arange(n), component)
    users = np.minimum(np.bincount(uses.thing, minlength=n_things), policy.household_size)
    # A thing of a whole household is explained in full; what reaches across households is parted below.
    explained = uses.bits[np.arange(n_things), users]
    name_bits = float(np.log2(max(n_accounts / policy.household_size, 2.0)))
    # Most groups fall into households at once.  Only where more hang together than can live together, one thing at a
    # time is put to a household.
    found = _part_crowds(uses, _gather_crowds(uses, component, crowded), policy, name_bits=name_bits)
    explained[found.things], household[found.people] = found.explained, household[found.first]
    again = np.bincount(groups.group[found.member], found.again, minlength=len(groups)).astype(float) * name_bits
    ends = np.cumsum([len(within.group) for within in shared.values()])
    parts = dict(zip(shared, np.split(explained, ends[:-1]), strict=True)) if shared else {}
    return HouseholdPartition(household_scale, parts, np.unique(household, return_inverse=True)[1], again)


def _is_household_scale(within: SharedWithin, channel: SharedThings, policy: Policy) -> NDArray[np.bool_]:
    """Things that one household could share (K,): few members of the group use them, and for a place few others do."""
    few = within.members <= policy.household_size
    if channel.record.is_place:
        few &= channel.crowd[within.thing] <= policy.household_size
    return few


def _gather_uses(
    shared: Mapping[str, SharedWithin], household_scale: Mapping[str, NDArray[np.bool_]], largest: int
) -> _Uses:
    members, things = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    bits, first = [np.empty((0, largest + 1))], 0
    for name, within in shared.items():
        used = household_scale[name][within.row]
        members.append(within.membership[used])
        things.append(first + within.row[used])
        first += len(within.group)
        beyond = np.maximum(np.arange(largest + 1) - 1.0, 0.0)
        of_counts = np.column_stack([within.score(np.full(len(within.group), count)) for count in beyond])
        bits.append(np.where(household_scale[name][:, None], of_counts, 0.0))
    return _Uses(np.concatenate(members), np.concatenate(things), np.concatenate(bits))


def _gather_crowds(uses: _Uses, component: Ints, crowded: NDArray[np.bool_]) -> _Crowds:
    """Everybody in a crowd, and the things of each crowd: those that say most first, of equals those of the last
    accounts.
    """
    some = np.flatnonzero(crowded[uses.member])
    member = uses.member[some]
    of = np.unique(component[member], return_inverse=True)[1]
    order = np.lexsort((member, uses.thing[some], of))
    member, of, row = member[order], of[order], uses.thing[some[order]]
    is_first = np.diff(row, prepend=-1) != 0
    thing, begin = np.cumsum(is_first) - 1, np.flatnonzero(is_first)
    users = _mask_users(_number_places(member, of), begin)
    n_users, of, row = np.bincount(thing, minlength=len(begin)), of[begin], row[begin]
    by_bits = np.lexsort((*(~users.T), -uses.bits[row, n_users], of))
    place = np.empty_like(by_bits)
    place[by_bits] = np.arange(len(by_bits))
    return _Crowds(of[by_bits], row[by_bits], n_users[by_bits], users[by_bits], member, place[thing])


def _number_places(member: Ints, crowd: Ints) -> Ints:
    """The place of each member (V,) among the distinct members of its crowd."""
    people, first = np.unique(member, return_index=True)
    by_crowd = np.argsort(crowd[first], kind="stable")
    ordered = crowd[first][by_crowd]
    place = np.empty(len(people), dtype=np.int64)
    place[by_crowd] = np.arange(len(people)) - np.searchsorted(ordered, ordered)
    return place[np.searchsorted(people, member)]


def _mask_users(place: Ints, begin: Ints) -> NDArray[np.uint64]:
    """Of each thing, whose users (V,) begin where told (T,), who they are: a bit mask of their places (T, W)."""
    word, bit = np.divmod(place, 64)
    bits = np.left_shift(np.uint64(1), bit.astype(np.uint64))
    words = [np.where(word == nth, bits, np.uint64(0)) for nth in range(int(word.max(initial=0)) + 1)]
    return np.bitwise_or.reduceat(np.column_stack(words), begin, axis=0) if len(begin) else np.column_stack(words)


def _part_crowds(uses: _Uses, crowds: _Crowds, policy: Policy, *, name_bits: float) -> _Parted:
    """Households in the order of what they share; a later one has those who are in none yet, or pays for the others."""
    n, n_things = int(crowds.member.max(initial=-1)) + 1, len(crowds.row)
    all_bits = uses.bits[crowds.row, crowds.n_users]
    homes = _order_homes(crowds, _cluster_things(crowds, policy), all_bits)
    home, n_homes = homes.of_thing[crowds.thing], len(homes.crowd)
    # Everybody lives in the first household of theirs that is believed.
    lives = np.full(n, n_homes)
    np.minimum.at(lives, crowds.member, home)
    fresh = np.bincount(crowds.thing, lives[crowds.member] == home, minlength=n_things).astype(np.int64)
    bits = uses.bits[crowds.row, fresh]
    people = np.flatnonzero(lives < n_homes)
    known = homes.size - np.bincount(lives[people], minlength=n_homes)
    # Somebody of two households is named again if that explains more than it costs; nobody is torn from either.
    named = homes.shares - name_bits * known > np.bincount(homes.of_thing, bits, minlength=n_homes)
    first = np.full(n_homes, n)
    np.minimum.at(first, lives[people], people)
    someone = np.zeros(int(homes.crowd.max(initial=-1)) + 1, dtype=np.int64)
    someone[crowds.crowd[crowds.thing]] = crowds.member
    return _Parted(
        crowds.row,
        np.where(named[homes.of_thing], all_bits, bits),
        people,
        first[lives[people]],
        someone[homes.crowd],
        np.where(named, known, 0.0),
    )


def _order_homes(crowds: _Crowds, number: Ints, all_bits: Floats) -> _Homes:
    """The households of all crowds from the number that each thing's has in its crowd (T,).

    The household that shares most is believed first: it leaves least to be explained by chance.
    """
    by_home = np.lexsort((number, crowds.crowd))
    is_first = np.ones(len(by_home), dtype=bool)
    is_first[1:] = (np.diff(number[by_home]) != 0) | (np.diff(crowds.crowd[by_home]) != 0)
    home = np.empty_like(by_home)
    home[by_home] = np.cumsum(is_first) - 1
    begin = np.flatnonzero(is_first)
    people = np.bitwise_or.reduceat(crowds.users[by_home], begin, axis=0) if len(begin) else crowds.users
    crowd = crowds.crowd[by_home[begin]]
    shares = np.bincount(home, all_bits, minlength=len(begin)).astype(float)
    order = np.lexsort((*(~people.T), -shares, crowd))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return _Homes(crowd[order], _count_bits(people[order]), shares[order], rank[home])


def _cluster_things(crowds: _Crowds, policy: Policy) -> Ints:
    """Put each thing, those that say most first, to the household that most of its users are in: its number (T,).

    One thing of every crowd at a time: O(things of the largest crowd) steps.
    """
    count = np.bincount(crowds.crowd)
    order = np.argsort(-count, kind="stable")  # crowds with things left are the first ones
    begin = (np.cumsum(count) - count)[order]
    number, known = np.empty_like(crowds.crowd), np.zeros(len(count), dtype=np.int64)
    homes = np.zeros((len(count), 1, crowds.users.shape[1]), dtype=np.uint64)
    left = len(count) - np.searchsorted(np.sort(count), np.arange(count.max(initial=0)), side="right")
    for nth, n_left in enumerate(left.tolist()):
        things, rows = begin[:n_left] + nth, np.arange(n_left)
        if known[:n_left].max() == homes.shape[1]:
            homes = np.concatenate([homes[:n_left], np.zeros_like(homes[:n_left])], axis=1)
        at = _find_homes(crowds.users[things], homes[:n_left, : known[:n_left].max()], policy)
        is_new = at < 0
        at[is_new] = known[:n_left][is_new]
        known[:n_left] += is_new
        homes[rows, at] |= crowds.users[things]
        number[things] = at
    return number


def _find_homes(users: NDArray[np.uint64], homes: NDArray[np.uint64], policy: Policy) -> Ints:
    """For some users (C, W) which household (C, H, W) is most like them, the first of several, or -1 (C,).

    Only where enough of the fewer are in both, and all together are a household.
    """
    if not homes.shape[1]:
        return np.full(len(users), -1)
    n, size, common = (_count_bits(masks) for masks in (users[:, None], homes, homes & users[:, None]))
    together = size + n - common
    fits = (common > 0) & (together <= policy.household_size)
    fits &= common >= policy.household_overlap * np.minimum(size, n)
    likeness = np.where(fits, common / together, 0.0)
    best = likeness.argmax(axis=1)
    return np.where(fits[np.arange(len(best)), best], best, -1)


def _count_bits(masks: NDArray[np.uint64]) -> Ints:
    """How many are in each bit mask (..., W)."""
    n: Ints = np.bitwise_count(masks).sum(axis=-1, dtype=np.int64)
    return n
