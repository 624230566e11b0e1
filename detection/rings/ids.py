"""Names of rings that outlive runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from graph.lineage import Rings, match_rings
from graph.results import Ring

SAME_RING_JACCARD = 0.3


def name_ring(account_ids: Sequence[str]) -> str:
    """A ring's own id, from its members'."""
    text = "\x00".join(sorted(account_ids))
    return "R" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def keep_ring_ids(rings: Sequence[Ring], earlier: Rings) -> tuple[Ring, ...]:
    """Give each ring the id of the earlier ring that it goes on, so that ids outlive runs.

    Which one that is, is what `diff` says of two runs, see :func:`graph.lineage.match_rings`; a ring that split leaves
    its id to one of the parts.

    Parameters
    ----------
    rings
        This run's, best first.
    earlier
        What ties the members of each ring of the run before, by ring id.
    """
    # By their places: of two that are as alike to an earlier ring the better one has its id.
    now = {f"{place:09}": list_ties(ring) for place, ring in enumerate(rings)}
    named = match_rings(earlier, now, least=SAME_RING_JACCARD)
    taken = set(named.values())
    return tuple(
        replace(ring, ring_id=named.get(place) or _free_id(ring, taken)) for place, ring in zip(now, rings, strict=True)
    )


def list_ties(ring: Ring) -> dict[str, float]:
    """What ties each member of a ring to the others, in bits."""
    return {member.account_id: member.bits for member in ring.members}


def leave_heirs(gone: Rings, members: Rings) -> Rings:
    """The rings that are gone and of which no other ring is so alike that it is the same ring by another name.

    Parameters
    ----------
    gone, members
        What ties the members of each ring, by ring id, of rings that are gone and of those that are not.
    """
    rings_of: dict[str, list[str]] = {}
    for ring_id, ids in members.items():
        for account_id in ids:
            rings_of.setdefault(account_id, []).append(ring_id)
    return {
        ring_id: ids
        for ring_id, ids in gone.items()
        if not any(
            len(ids.keys() & members[other]) >= SAME_RING_JACCARD * len(ids.keys() | members[other])
            for other in sorted({other for account_id in ids for other in rings_of.get(account_id, ())})
        )
    }


def _free_id(ring: Ring, taken: set[str]) -> str:
    """The ring's own id, unless an heir of an earlier ring of that id has it."""
    if ring.ring_id not in taken:
        return ring.ring_id
    return name_ring([ring.ring_id, *(member.account_id for member in ring.members)])
