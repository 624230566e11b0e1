"""Who could live together: the families of a group, and what each would share anyway.

A family is a set of up to ``HOUSEHOLD_SIZE`` members whom homely things join.  Where more hang together,
their things are sorted into families, each into one: those who live together share the same few things
among the same few people.  Somebody may belong to two families, the one at home and the colleagues
say; that takes a name for every family beyond the first.  A ring whose things overlap every way is no
set of families, because nearly everybody would have to be named again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.channels.catalogue import BEHAVIOUR, REFERRED
from detection.channels.incidence import SharedThings
from detection.evidence.measure import SharedWithin
from detection.groups import Groups
from graph.model import Floats, Ints

HOUSEHOLD_SIZE = 8
PLACES = frozenset({"address", "ip"})


@dataclass(frozen=True)
class Homes:
    """The families of some groups.

    By channel, ``homely`` tells which of the things that a group shares one household could share (K,),
    and ``explained`` how many bits of each its families account for (K,).  ``family`` (M,) is the first
    family of each membership; naming those who belong to further ones takes ``again_bits`` (G,).
    """

    homely: Mapping[str, NDArray[np.bool_]]
    explained: Mapping[str, Floats]
    family: Ints
    again_bits: Floats


@dataclass(frozen=True)
class _Uses:
    """Uses of homely things: ``member`` and ``thing`` (U,), memberships and things numbered over all channels.

    ``bits`` (K, HOUSEHOLD_SIZE + 1) of each thing, if so many of the members shared it.
    """

    member: Ints
    thing: Ints
    bits: Floats


@dataclass(frozen=True)
class _Thing:
    """A thing in a crowd: its ``row``, its users as a bit mask, and its ``bits`` if so many had part in it."""

    row: int
    users: int
    bits: Sequence[float]

    @property
    def all_bits(self) -> float:
        """Its bits as it is."""
        return self.bits[self.users.bit_count()]


@dataclass(frozen=True)
class _Split:
    """The families of a crowd: disjoint masks, the bits ``explained`` of each thing, and how many ``names``
    the further families of some people take.
    """

    families: list[int]
    explained: list[float]
    names: int


def find_homes(
    groups: Groups, within: Mapping[str, SharedWithin], things: Mapping[str, SharedThings], n_accounts: int
) -> Homes:
    """Split every group into families, O(uses of the members · log, and in crowds · their families).

    In a crowd the things that say most choose their family first, and of equals those of the last
    accounts, so that the names of things do not matter.
    """
    shared = {name: found for name, found in within.items() if name not in BEHAVIOUR or name == REFERRED}
    homely = {name: _is_homely(found, things[name]) for name, found in shared.items()}
    uses = _gather_uses(shared, homely)
    n, n_things, group = len(groups.account), len(uses.bits), groups.group
    joined = sparse.coo_array((np.ones(len(uses.member)), (uses.member, n + uses.thing)), shape=(n + n_things,) * 2)
    component = connected_components(joined, directed=False)[1].astype(np.int64)[:n]
    crowded = np.bincount(component)[component] > HOUSEHOLD_SIZE
    family = np.where(crowded, n + n_things + np.arange(n), component)
    explained = uses.bits[np.arange(n_things), np.minimum(np.bincount(uses.thing, minlength=n_things), HOUSEHOLD_SIZE)]
    again, name_bits = np.zeros(len(groups)), float(np.log2(max(n_accounts / HOUSEHOLD_SIZE, 2.0)))
    for members, crowd in _list_crowds(uses, component, crowded):
        split = _sort_into_families(crowd, name_bits=name_bits)
        again[group[members[0]]] += name_bits * split.names
        explained[[thing.row for thing in crowd]] = split.explained
        for mask in split.families:
            inside = members[[place for place in range(len(members)) if mask >> place & 1]]
            family[inside] = family[inside[0]]
    ends = np.cumsum([len(found.group) for found in shared.values()])
    parts = dict(zip(shared, np.split(explained, ends[:-1]), strict=True)) if shared else {}
    return Homes(homely, parts, np.unique(family, return_inverse=True)[1], again)


def _is_homely(within: SharedWithin, channel: SharedThings) -> NDArray[np.bool_]:
    """Things that one household could share (K,): few members of the group use them, and for an
    address or a network few others do.
    """
    few = within.members <= HOUSEHOLD_SIZE
    if channel.name in PLACES:
        few &= channel.crowd[within.thing] <= HOUSEHOLD_SIZE
    return few


def _gather_uses(shared: Mapping[str, SharedWithin], homely: Mapping[str, NDArray[np.bool_]]) -> _Uses:
    members, things = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    bits, first = [np.empty((0, HOUSEHOLD_SIZE + 1))], 0
    for name, within in shared.items():
        used = homely[name][within.row]
        members.append(within.membership[used])
        things.append(first + within.row[used])
        first += len(within.group)
        beyond = np.maximum(np.arange(HOUSEHOLD_SIZE + 1) - 1.0, 0.0)
        of_counts = np.column_stack([within.score(np.full(len(within.group), count)) for count in beyond])
        bits.append(np.where(homely[name][:, None], of_counts, 0.0))
    return _Uses(np.concatenate(members), np.concatenate(things), np.concatenate(bits))


def _list_crowds(uses: _Uses, component: Ints, crowded: NDArray[np.bool_]) -> Iterator[tuple[Ints, list[_Thing]]]:
    """The memberships of each crowd, sorted, and its things."""
    some = np.flatnonzero(crowded[uses.member])
    order = some[np.lexsort((uses.member[some], uses.thing[some], component[uses.member[some]]))]
    ends = np.flatnonzero(np.diff(component[uses.member[order]])) + 1
    for rows in np.split(order, ends) if len(order) else ():
        members, place = np.unique(uses.member[rows], return_inverse=True)
        users: dict[int, int] = {}
        for thing, spot in zip(uses.thing[rows].tolist(), place.tolist(), strict=True):
            users[thing] = users.get(thing, 0) | 1 << spot
        bits = uses.bits[list(users)].tolist()
        yield members, [_Thing(row, mask, known) for (row, mask), known in zip(users.items(), bits, strict=True)]


def _sort_into_families(crowd: list[_Thing], *, name_bits: float) -> _Split:
    """Families in the order of what they share; a later one has those who are in none yet, or pays for the others."""
    families = _cluster_things(crowd)
    masks = [_join_users(crowd, family) for family in families]
    shared_bits = [sum(crowd[place].all_bits for place in family) for family in families]
    taken, names, disjoint, explained = 0, 0, [], [0.0] * len(crowd)
    for at in sorted(range(len(families)), key=lambda at: (-shared_bits[at], -masks[at])):
        fresh, known = masks[at] & ~taken, (masks[at] & taken).bit_count()
        bits = [crowd[place].bits[(crowd[place].users & fresh).bit_count()] for place in families[at]]
        if shared_bits[at] - name_bits * known > sum(bits):
            names, bits = names + known, [crowd[place].all_bits for place in families[at]]
        for place, each in zip(families[at], bits, strict=True):
            explained[place] = each
        disjoint += [fresh] if fresh else []
        taken |= fresh
    return _Split(disjoint, explained, names)


def _cluster_things(crowd: list[_Thing]) -> list[list[int]]:
    """Put each thing, those that say most first, to the family that most of its users are in."""
    families: list[list[int]] = []
    masks: list[int] = []
    for place in sorted(range(len(crowd)), key=lambda place: (-crowd[place].all_bits, -crowd[place].users)):
        at = _find_family(crowd[place].users, masks)
        if at is None:
            at = len(families)
            families.append([])
            masks.append(0)
        families[at].append(place)
        masks[at] |= crowd[place].users
    return families


def _find_family(users: int, families: list[int]) -> int | None:
    """The family most like some users, if half of the fewer are in both and all together are a household."""
    best, found = 0.0, None
    for at, family in enumerate(families):
        if not family & users:
            continue
        common, together = (family & users).bit_count(), (family | users).bit_count()
        if together > HOUSEHOLD_SIZE or 2 * common < min(family.bit_count(), users.bit_count()):
            continue
        if common / together > best:
            best, found = common / together, at
    return found


def _join_users(crowd: list[_Thing], places: list[int]) -> int:
    users = 0
    for place in places:
        users |= crowd[place].users
    return users
