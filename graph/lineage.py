"""What became of rings from one run to another: how they overlap, which is which, and what happened to each.

Knows no store.  Overlaps are weighted by what ties each member to its ring, so that a fringe that comes and goes moves
little; the best counterparts are those of the assignment with the largest overlap in all (Kuhn 1955, as in SciPy).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from graph.components import find_components

Ties = Mapping[str, float]
"""What ties each member of a ring to the others, in bits, by account."""
Rings = Mapping[str, Ties]

Happened = Literal["same", "grew", "shrank", "changed", "born", "came back", "split", "merged", "faded"]
LEAST_PART = 0.3
"""So much of a ring has to be in another one, by ties, for that to have come from it, or to have taken it in."""


@dataclass(frozen=True)
class Overlap:
    """Two rings of two runs that have members in common.

    Attributes
    ----------
    before, after
        Their ids.
    members
        How many they have in common.
    share
        Of all that ties the members of both, how much they have in common, 0 to 1: the weighted Jaccard index.
    of_before, of_after
        How much of what ties each is in common, 0 to 1.
    is_match
        Whether each is the other's counterpart in the best assignment.
    """

    before: str
    after: str
    members: int
    share: float
    of_before: float
    of_after: float
    is_match: bool = False


@dataclass(frozen=True)
class RingChange:
    """What became of one ring.

    Attributes
    ----------
    ring_id
        Of the ring; of one that is gone, the id that it had.
    happened
        In a word: ``split`` of a part that goes on by itself, ``merged`` of a ring that is in another one now.
    before, after
        How many members it had, and has; 0 where it was not there.
    joined, left
        Members who came, and who went.
    others
        The rings that it came from, or went into.
    """

    ring_id: str
    happened: Happened
    before: int
    after: int
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def find_overlaps(before: Rings, after: Rings) -> tuple[Overlap, ...]:
    """All pairs of rings of two runs that have members in common, by their ids.

    >>> find_overlaps({"R1": {"ann": 2.0, "bob": 2.0}}, {"R2": {"bob": 2.0, "cyd": 4.0}})[0].share
    0.25
    """
    found = _measure_pairs(before, after)
    matched = _assign(found)
    return tuple(replace(each, is_match=matched.get(each.after) == each.before) for each in found)


def match_rings(before: Rings, after: Rings, *, least: float) -> dict[str, str]:
    """Which ring of the earlier run each of the later run goes on, by the id of the later one; each once.

    The pairs are those that have most in common in all, by what ties the members, so that it matters neither in which
    order rings come, nor what the others on either side did that have no member in common with them.

    Parameters
    ----------
    before, after
        Rings of two runs.
    least
        So much of the members of both, 0 to 1, has to be in either, whatever ties them.

    >>> match_rings({"R1": {"ann": 2.0, "bob": 2.0}}, {"R2": {"bob": 2.0, "cyd": 4.0}}, least=0.3)
    {'R2': 'R1'}
    """
    found = _measure_pairs(before, after)
    return _assign([each for each in found if _find_jaccard(each, before, after) >= least])


def _find_jaccard(each: Overlap, before: Rings, after: Rings) -> float:
    return each.members / (len(before[each.before]) + len(after[each.after]) - each.members)


def _measure_pairs(before: Rings, after: Rings) -> list[Overlap]:
    rings_of: dict[str, list[str]] = defaultdict(list)
    for ring_id, ties in before.items():
        for account in ties:
            rings_of[account].append(ring_id)
    pairs = sorted({(old, new) for new, ties in after.items() for account in ties for old in rings_of[account]})
    return [_measure(old, new, before[old], after[new]) for old, new in pairs]


def _measure(old: str, new: str, before: Ties, after: Ties) -> Overlap:
    common = before.keys() & after.keys()
    # A member without ties is still one.
    least = math.fsum(_weigh(min(before[each], after[each])) for each in common)
    most = math.fsum(_weigh(max(before.get(each, 0.0), after.get(each, 0.0))) for each in before.keys() | after.keys())
    of_before, of_after = (
        math.fsum(_weigh(ties[each]) for each in common) / math.fsum(map(_weigh, ties.values()))
        for ties in (before, after)
    )
    return Overlap(old, new, len(common), round(least / most, 6), round(of_before, 6), round(of_after, 6))


def _weigh(bits: float) -> float:
    return max(bits, 1.0)


def _assign(overlaps: Sequence[Overlap]) -> dict[str, str]:
    """The earlier ring of each later one, so that together they have the largest overlap, each ring once at most.

    Rings that are joined by no chain of overlaps are assigned apart: some thousands at once would take minutes.
    """
    before, after = (_number(getattr(each, side) for each in overlaps) for side in ("before", "after"))
    ends = [(before[each.before], len(before) + after[each.after]) for each in overlaps]
    part = find_components(np.array(ends), len(before) + len(after)).tolist()
    parts: dict[int, list[Overlap]] = defaultdict(list)
    for each, (end, _) in zip(overlaps, ends, strict=True):
        parts[part[end]].append(each)
    return {new: old for found in parts.values() for new, old in _assign_part(found)}


def _number(ring_ids: Iterable[str]) -> dict[str, int]:
    return {each: place for place, each in enumerate(sorted(set(ring_ids)))}


def _assign_part(overlaps: Sequence[Overlap]) -> list[tuple[str, str]]:
    before, after = (_number(getattr(each, side) for each in overlaps) for side in ("before", "after"))
    if min(len(before), len(after)) == 1:
        best = max(overlaps, key=lambda each: (each.share, -before[each.before], -after[each.after]))
        return [(best.after, best.before)] if best.share > 0.0 else []
    # Only where several rings of either run overlap: it takes longer to import than a small run to find its rings.
    from scipy.optimize import linear_sum_assignment

    share = np.zeros((len(before), len(after)))
    for each in overlaps:
        share[before[each.before], after[each.after]] = each.share
    olds, news = list(before), list(after)
    pairs = zip(*linear_sum_assignment(share, maximize=True), strict=True)
    return [(news[column], olds[row]) for row, column in pairs if share[row, column] > 0.0]


def tell_changes(before: Rings, after: Rings, *, known: Set[str] = frozenset()) -> tuple[RingChange, ...]:
    """What became of each ring of two runs, by its id, which outlives runs.

    Parameters
    ----------
    before, after
        Rings of the earlier and of the later run.
    known
        The ids of rings of runs before those.
    """
    overlaps = find_overlaps(before, after)
    into, out_of = defaultdict(list), defaultdict(list)
    for each in overlaps:
        if each.before != each.after and each.of_before >= LEAST_PART:
            into[each.before].append(each.after)
        if each.before != each.after and each.of_after >= LEAST_PART:
            out_of[each.after].append(each.before)
    kept = [_tell_kept(each, before[each], after[each]) for each in before.keys() & after.keys()]
    new = [_tell_new(each, after[each], out_of[each], known) for each in after.keys() - before.keys()]
    gone = [_tell_gone(each, before[each], into[each]) for each in before.keys() - after.keys()]
    return tuple(sorted((*kept, *new, *gone), key=lambda change: change.ring_id))


def _tell_kept(ring_id: str, before: Ties, after: Ties) -> RingChange:
    joined, left = (tuple(sorted(each)) for each in (after.keys() - before.keys(), before.keys() - after.keys()))
    happened: Happened = "changed" if joined and left else "grew" if joined else "shrank" if left else "same"
    return RingChange(ring_id, happened, len(before), len(after), joined, left)


def _tell_new(ring_id: str, after: Ties, parents: list[str], known: Set[str]) -> RingChange:
    happened: Happened = "came back" if ring_id in known else "split" if parents else "born"
    return RingChange(ring_id, happened, 0, len(after), tuple(sorted(after)), (), tuple(parents))


def _tell_gone(ring_id: str, before: Ties, heirs: list[str]) -> RingChange:
    return RingChange(ring_id, "merged" if heirs else "faded", len(before), 0, (), tuple(sorted(before)), tuple(heirs))
