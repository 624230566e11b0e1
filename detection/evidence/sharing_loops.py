"""Who of each group has part in what, in compiled loops, for large markets; what they find is found without them too.

Imported where it is used: numba takes a third of a second to come.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detection.compiled import compile_loop
from graph.model import Floats, Ints

Narrow: TypeAlias = NDArray[np.int32]


@compile_loop
def find_sharers(
    rows: Ints, starts: Ints, uses_begin: Narrow, uses: Narrow, n_things: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Things that two members or more of a group share.

    Parameters
    ----------
    rows
        Of each membership the row of its account's uses (M,).
    starts
        Where the memberships of each group begin, and where the last one's end (G + 1,).
    uses_begin, uses
        What each row has part in: things below ``n_things``, each once.

    Returns
    -------
    group, thing, members, membership
        One row for each group and thing (K,), sorted by both, and how many members share it; and of all rows in turn
        the memberships that have part in it (X,), sorted.
    """
    n_uses = 0
    for row in rows:
        n_uses += uses_begin[row + 1] - uses_begin[row]
    groups, membership = np.empty(n_uses // 2, np.int64), np.empty(n_uses, np.int64)
    things, members = np.empty_like(groups), np.empty_like(groups)
    n, free, tally, seen = 0, 0, np.zeros(n_things, np.int64), np.empty(n_things, np.int32)
    for group in range(len(starts) - 1):
        n_seen = _count_things(rows[starts[group] : starts[group + 1]], uses_begin, uses, tally, seen)
        n_shared = _leave_single(tally, seen, n_seen)
        seen[:n_shared].sort()
        for thing in seen[:n_shared]:
            groups[n], things[n], members[n] = group, thing, tally[thing]
            n += 1
            # From here on where its next membership goes, counted from 1.
            free, tally[thing] = free + tally[thing], free + 1
        for place in range(starts[group], starts[group + 1]):
            _list_membership(place, uses[uses_begin[rows[place]] : uses_begin[rows[place] + 1]], tally, membership)
        for thing in seen[:n_shared]:
            tally[thing] = 0
    return groups[:n], things[:n], members[:n], membership[:free]


@compile_loop
def _count_things(rows: Ints, uses_begin: Narrow, uses: Narrow, tally: Ints, seen: Narrow) -> int:
    """Count how many of some rows have part in each thing, and list those in which one has."""
    n_seen = 0
    for row in rows:
        for at in range(uses_begin[row], uses_begin[row + 1]):
            if tally[uses[at]] == 0:
                seen[n_seen] = uses[at]
                n_seen += 1
            tally[uses[at]] += 1
    return n_seen


@compile_loop
def _leave_single(tally: Ints, seen: Narrow, n_seen: int) -> int:
    """Forget the things in which only one has part; the others come first, so many."""
    n_shared = 0
    for place in range(n_seen):
        if tally[seen[place]] > 1:
            seen[n_shared] = seen[place]
            n_shared += 1
        else:
            tally[seen[place]] = 0
    return n_shared


@compile_loop
def _list_membership(place: int, used: Narrow, tally: Ints, membership: Ints) -> None:
    """Put a membership where those of the shared things go that its account has part in."""
    for thing in used:
        if tally[thing] > 0:
            membership[tally[thing] - 1] = place
            tally[thing] += 1


@compile_loop
def count_in_strata(
    rows: Ints, starts: Ints, known: tuple[Narrow, Narrow, Narrow], n_strata: int, group: Ints, stratum: Ints
) -> Ints:
    """The uses (K,) that the members of some groups, sorted, have in a stratum each.

    ``known`` says where the strata of each row begin, which they are, and how many uses it has in each; else as above.
    """
    begin, strata, counts = known
    own, tally, at = np.empty(len(group), np.int64), np.zeros(n_strata, np.int64), 0
    while at < len(group):
        number = group[at]
        of_group = rows[starts[number] : starts[number + 1]]
        for row in of_group:
            for use in range(begin[row], begin[row + 1]):
                tally[strata[use]] += counts[use]
        while at < len(group) and group[at] == number:
            own[at] = tally[stratum[at]]
            at += 1
        for row in of_group:
            for use in range(begin[row], begin[row + 1]):
                tally[strata[use]] = 0
    return own


@compile_loop
def count_partners(
    account: Ints, starts: Ints, begin: Narrow, partners: Narrow, counts: NDArray[np.bool_], n_accounts: int
) -> tuple[Floats, Floats, Floats]:
    """With how many members of its group each membership (M,) deals, and with how many accounts each group's do.

    Only memberships that count (M,) are looked at, and met; the last answer is how often each group's (G,) meet members
    that do not count.
    """
    own = np.zeros(len(account))
    met, apart = np.zeros(len(starts) - 1), np.zeros(len(starts) - 1)
    place_of = np.full(n_accounts, -1)
    for group in range(len(starts) - 1):
        for place in range(starts[group], starts[group + 1]):
            place_of[account[place]] = place
        for place in range(starts[group], starts[group + 1]):
            if not counts[place]:
                continue
            first, last = begin[account[place]], begin[account[place] + 1]
            met[group] += last - first
            for partner in partners[first:last]:
                there = place_of[partner]
                if there >= 0 and counts[there]:
                    own[there] += 1.0
                elif there >= 0:
                    apart[group] += 1.0
        for place in range(starts[group], starts[group + 1]):
            place_of[account[place]] = -1
    return own, met, apart
