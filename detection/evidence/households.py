"""Who could live together: the households of a group, and what each would share anyway.

A household is a set of up to ``household_size`` members who are joined by things of a household's scale.  Where
more hang together, their things are sorted into households, each into one: those who live together share the same
few things among the same few people.  Somebody may belong to two households, the one at home and the colleagues
say; that takes a name for every household beyond the first.  A ring whose things overlap every way is no
set of households, because nearly everybody would have to be named again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.channels.incidence import SharedThings
from detection.evidence.market import Market
from detection.evidence.measure import SharedWithin
from detection.groups import Groups
from detection.policy import Policy
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
class _Thing:
    """A thing in a crowd: its ``row``, its ``users`` as a bit mask and how many they are, ``bits`` if so many had part
    in it, and ``all_bits`` as it is.
    """

    row: int
    users: int
    n_users: int
    bits: Sequence[float]
    all_bits: float


@dataclass(frozen=True)
class _Split:
    """The households of a crowd: disjoint masks, the bits ``explained`` of each thing, and how many ``names``
    the further households of some people take.
    """

    households: list[int]
    explained: list[float]
    names: int


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
    joined = sparse.coo_array((np.ones(len(uses.member)), (uses.member, n + uses.thing)), shape=(n + n_things,) * 2)
    component = connected_components(joined, directed=False)[1].astype(np.int64)[:n]
    crowded = np.bincount(component)[component] > policy.household_size
    household = np.where(crowded, n + n_things + np.arange(n), component)
    users = np.minimum(np.bincount(uses.thing, minlength=n_things), policy.household_size)
    # A thing of a whole household is explained in full; what reaches across households is parted below.
    explained = uses.bits[np.arange(n_things), users]
    name_bits = float(np.log2(max(n_accounts / policy.household_size, 2.0)))
    # Most groups fall into households at once.  Only where more hang together than can live together, one thing at a
    # time is put to a household.
    found = _part_crowds(_list_crowds(uses, component, crowded), policy, name_bits=name_bits)
    explained[found.things], household[found.people] = found.bits, household[found.first]
    again = np.bincount(groups.group[found.again], minlength=len(groups)) * np.float64(name_bits)
    ends = np.cumsum([len(within.group) for within in shared.values()])
    parts = dict(zip(shared, np.split(explained, ends[:-1]), strict=True)) if shared else {}
    return HouseholdPartition(household_scale, parts, np.unique(household, return_inverse=True)[1], again)


@dataclass
class _Parted:
    """All crowds in households: the ``bits`` explained of some ``things``; the ``first`` of the household of some
    ``people``, memberships all; one of a group ``again`` for each name that is said once more.
    """

    things: list[int] = field(default_factory=list)
    bits: list[float] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)


def _part_crowds(crowds: Iterator[tuple[list[int], list[_Thing]]], policy: Policy, *, name_bits: float) -> _Parted:
    parted = _Parted()
    for members, crowd in crowds:
        split = _sort_into_households(crowd, policy, name_bits=name_bits)
        parted.things += [thing.row for thing in crowd]
        parted.bits += split.explained
        parted.again += [members[0]] * split.names
        for mask in split.households:
            inside = [member for place, member in enumerate(members) if mask >> place & 1]
            parted.people += inside
            parted.first += [inside[0]] * len(inside)
    return parted


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


def _list_crowds(uses: _Uses, component: Ints, crowded: NDArray[np.bool_]) -> Iterator[tuple[list[int], list[_Thing]]]:
    """The memberships of each crowd, sorted, and its things."""
    some = np.flatnonzero(crowded[uses.member])
    if not len(some):
        return
    crowd = component[uses.member[some]]
    order = some[np.lexsort((uses.member[some], uses.thing[some], crowd))]
    # All crowds at once: the people of each, numbered from 0, and the things of each with their users.
    members = np.unique(uses.member[some])
    members = members[np.lexsort((members, component[members]))]
    place = np.empty(len(component), dtype=np.int64)
    _, first, size = np.unique(component[members], return_index=True, return_counts=True)
    place[members] = np.arange(len(members)) - np.repeat(first, size)
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = np.diff(uses.thing[order]) != 0
    thing = uses.thing[order[is_first]]
    things = _make_things(uses, thing, place[uses.member[order]].tolist(), np.flatnonzero(is_first).tolist())
    owner = component[uses.member[order[is_first]]]
    _, begin, count = np.unique(owner, return_index=True, return_counts=True)
    for at, n, of, m in np.column_stack([first, size, begin, count]).tolist():
        yield members[at : at + n].tolist(), things[of : of + m]


def _make_things(uses: _Uses, thing: Ints, places: list[int], begin: list[int]) -> list[_Thing]:
    """Each thing, with the places of its users in its crowd, which begin where told."""
    made, ends = [], [*begin[1:], len(places)]
    for row, known, first, end in zip(thing.tolist(), uses.bits[thing].tolist(), begin, ends, strict=True):
        mask = sum([1 << place for place in places[first:end]])
        made.append(_Thing(row, mask, end - first, known, known[end - first]))
    return made


def _sort_into_households(crowd: list[_Thing], policy: Policy, *, name_bits: float) -> _Split:
    """Households in the order of what they share; a later one has those who are in none yet, or pays for the others."""
    households = _cluster_things(crowd, policy)
    masks = [_join_users(crowd, household) for household in households]
    shared_bits = [sum(crowd[place].all_bits for place in household) for household in households]
    taken, names, disjoint, explained = 0, 0, [], [0.0] * len(crowd)
    # The household that shares most is believed first: it leaves least to be explained by chance.
    for at in sorted(range(len(households)), key=lambda at: (-shared_bits[at], -masks[at])):
        fresh, known = masks[at] & ~taken, (masks[at] & taken).bit_count()
        bits = [crowd[place].bits[(crowd[place].users & fresh).bit_count()] for place in households[at]]
        # Somebody of two households is named again if that explains more than it costs; nobody is torn from either.
        if shared_bits[at] - name_bits * known > sum(bits):
            names, bits = names + known, [crowd[place].all_bits for place in households[at]]
        for place, each in zip(households[at], bits, strict=True):
            explained[place] = each
        disjoint += [fresh] if fresh else []
        taken |= fresh
    return _Split(disjoint, explained, names)


def _cluster_things(crowd: list[_Thing], policy: Policy) -> list[list[int]]:
    """Put each thing, those that say most first, to the household that most of its users are in."""
    households: list[list[int]] = []
    masks: list[int] = []
    for place in sorted(range(len(crowd)), key=lambda place: (-crowd[place].all_bits, -crowd[place].users)):
        at = _find_household(crowd[place].users, crowd[place].n_users, masks, policy)
        if at is None:
            at = len(households)
            households.append([])
            masks.append(0)
        households[at].append(place)
        masks[at] |= crowd[place].users
    return households


def _find_household(users: int, n_users: int, households: list[int], policy: Policy) -> int | None:
    """The household most like some users, if enough of the fewer are in both and all together are a household."""
    best, found = 0.0, None
    for at, household in enumerate(households):
        both = household & users
        if not both:
            continue
        common, n = both.bit_count(), household.bit_count()
        together = n + n_users - common
        if together > policy.household_size or common < policy.household_overlap * min(n, n_users):
            continue
        if common / together > best:
            best, found = common / together, at
    return found


def _join_users(crowd: list[_Thing], places: list[int]) -> int:
    users = 0
    for place in places:
        users |= crowd[place].users
    return users
