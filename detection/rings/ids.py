"""Names of rings that outlive runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from graph.results import Ring

SAME_RING_JACCARD = 0.3


def name_ring(account_ids: Sequence[str]) -> str:
    """A ring's own id, from its members'."""
    text = "\x00".join(sorted(account_ids))
    return "R" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def keep_ring_ids(rings: Sequence[Ring], earlier: Mapping[str, frozenset[str]]) -> tuple[Ring, ...]:
    """Give each ring the id that the most similar earlier ring had, so that ids outlive runs.

    Parameters
    ----------
    rings
        This run's, best first.
    earlier
        Members by ring id of the run before.
    """
    rings_of: dict[str, list[str]] = {}
    for ring_id, before in sorted(earlier.items()):
        for account_id in before:
            rings_of.setdefault(account_id, []).append(ring_id)
    matches = []
    for place, ring in enumerate(rings):
        n = len(ring.members)
        common = Counter(ring_id for member in ring.members for ring_id in rings_of.get(member.account_id, ()))
        for ring_id, n_common in common.items():
            jaccard = n_common / (n + len(earlier[ring_id]) - n_common)
            if jaccard >= SAME_RING_JACCARD:
                matches.append((-jaccard, ring_id, place))
    named: dict[int, str] = {}
    taken: set[str] = set()
    # The most alike first, each id once: a ring that split leaves its id to the part that is most like it.
    for _, ring_id, place in sorted(matches):
        if place not in named and ring_id not in taken:
            named[place] = ring_id
            taken.add(ring_id)
    return tuple(replace(ring, ring_id=named.get(place, _free_id(ring, taken))) for place, ring in enumerate(rings))


def leave_heirs(gone: Mapping[str, frozenset[str]], members: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The rings that are gone and of which no other ring is so alike that it is the same ring by another name.

    Parameters
    ----------
    gone, members
        Members by ring id, of rings that are gone and of those that are not.
    """
    rings_of: dict[str, list[str]] = {}
    for ring_id, ids in members.items():
        for account_id in ids:
            rings_of.setdefault(account_id, []).append(ring_id)
    return {
        ring_id: ids
        for ring_id, ids in gone.items()
        if not any(
            len(ids & members[other]) >= SAME_RING_JACCARD * len(ids | members[other])
            for other in sorted({other for account_id in ids for other in rings_of.get(account_id, ())})
        )
    }


def _free_id(ring: Ring, taken: set[str]) -> str:
    """The ring's own id, unless an heir of an earlier ring of that id has it."""
    if ring.ring_id not in taken:
        return ring.ring_id
    return name_ring([ring.ring_id, *(member.account_id for member in ring.members)])
