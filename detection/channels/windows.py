"""What accounts do at one time: windows, grains and strata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from detection.channels.incidence import ANYTHING, SharedThings, gather_things, join_parts, stack_grains
from detection.channels.record import Channel
from graph.model import Ints, Times

MICROS_PER_DAY = 86_400_000_000
MICROS_PER_HOUR = MICROS_PER_DAY // 24


def part_in_time(code: Ints, at: Times, idle_days: float) -> Ints:
    """Codes parted where nothing is heard of them for long: an address on the network goes from hand to hand."""
    order = np.lexsort((at, code))
    sorted_code, days = code[order], at[order].astype(np.int64) / MICROS_PER_DAY
    # Undated uses sort last and part nothing: nobody can say that they are late.
    idle = (np.diff(days, prepend=days[:1]) > idle_days) & ~np.isnat(at[order])
    begins = (np.diff(sorted_code, prepend=-1) != 0) | idle
    parted = np.empty_like(code)
    parted[order] = np.cumsum(begins)
    return parted


@dataclass(frozen=True)
class DatedActs:
    """Who did something to which target, and when; one row each (A,)."""

    account: Ints
    target: Ints
    at: Times


def share_in_time(record: Channel, levels: Iterable[DatedActs]) -> SharedThings:
    """What accounts do to one target within each of the channel's windows, and that they do it at that time at all.

    The two are apart so that being busy at the same time counts once, however much is done then.

    Parameters
    ----------
    record
        The channel, for its windows.
    levels
        The same acts, with their targets taken finely and coarsely: products, sellers.
    """
    grains = []
    for acts in levels:
        if np.isnat(acts.at).all():
            grains.append(gather_things(record, acts.account, acts.target, acts.at, acts.target))
        else:
            grains += [_share_in_windows(record, acts, days) for days in record.windows_days]
    return stack_grains(grains)


def _share_in_windows(record: Channel, acts: DatedActs, days: float) -> SharedThings:
    dated = np.flatnonzero(~np.isnat(acts.at))
    account, target, at = acts.account[dated], acts.target[dated], acts.at[dated]
    window = number_windows(at, days)
    when = gather_things(record, account, window, at, np.full(len(window), ANYTHING))
    what = gather_things(record, account, target * (int(window.max()) + 1) + window, at, target)
    # A choice is set against the other choices made in its window: a busy week is not held against each target again.
    stratum = np.empty(what.n_things, dtype=np.int64)
    stratum[what.thing] = number_windows(what.first_at, days)
    return join_parts([when, replace(what, stratum=stratum)])


def number_windows(at: Times, days: float) -> Ints:
    """The window of days in which each time lies, from 0."""
    window = at.astype(np.int64) // int(days * MICROS_PER_DAY)
    numbered: Ints = window - window.min(initial=np.iinfo(np.int64).max)
    return numbered
