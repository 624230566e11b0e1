"""What accounts do with the same objects: at the same time, whatever it is; and words that many send, at any time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.alike import join_alike
from detection.channels.incidence import SharedThings, gather_things, stack_grains
from detection.channels.record import Channel
from detection.channels.windows import MICROS_PER_DAY
from detection.policy import Policy
from graph.model import Events, Ints, Snapshot, Times
from graph.placeholders import find_placeholders


def find_events(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """What was done with one object in one window of time, of each action by itself (Pacheco et al., ICWSM 2021).

    Windows overlap by half, so that none cuts a burst in two.  Chance deals out what was done within a longer stretch
    of time among the objects and the windows of that stretch: who is busy is busy, and what everybody runs to is
    popular.
    """
    events = snapshot.events
    meant = ~np.isnat(events.happened_at) & ~_find_messages(events, policy)
    rows = _leave_placeholders(events, np.flatnonzero(meant), policy)
    target = (events.action[rows] + 1) * events.n_objects + events.object[rows]
    acts = _Acts(events.account[rows], target, events.action[rows] + 1, events.object[rows], events.happened_at[rows])
    widths = [round(days * MICROS_PER_DAY) for days in record.windows_days]
    return stack_grains(
        [_share_in_windows(record, acts, (width, shift), policy) for width in widths for shift in (0, width // 2)]
    )


@dataclass(frozen=True)
class _Acts:
    """Who did what with which object, and when; one row each (A,).  The ``target`` is action and object."""

    account: Ints
    target: Ints
    action: Ints
    object: Ints
    at: Times


def _share_in_windows(record: Channel, acts: _Acts, windows: tuple[int, int], policy: Policy) -> SharedThings:
    width, shift = windows
    window = (acts.at.astype(np.int64) + shift) // width
    stretch = window // policy.stretch_windows
    code = _pair(acts.target, window)
    found = gather_things(record, acts.account, code, acts.at, acts.object)
    first = np.unique(code, return_index=True)[1]
    return replace(found, stratum=_pair(acts.action, stretch)[first])


def _pair(one: Ints, other: Ints) -> Ints:
    """One number, from 0, for each pair of numbers (A,)."""
    spread = other - other.min(initial=0)
    return np.unique(one * (int(spread.max(initial=0)) + 1) + spread, return_inverse=True)[1].astype(np.int64)


def find_messages(snapshot: Snapshot, record: Channel, policy: Policy) -> SharedThings:
    """Words that several accounts sent, to whomever and whenever, and sent again; texts that nearly agree are the same.

    Who sends a text to two, four, eight shares a thing more each time with whoever did so too.
    """
    events = snapshot.events
    rows = _leave_placeholders(events, np.flatnonzero(_find_messages(events, policy)), policy)
    said, place = np.unique(events.object[rows], return_inverse=True)
    alike = _join_texts(events, said)[place]
    account, at = events.account[rows], events.happened_at[rows]
    order = np.lexsort((at, alike, account))
    account, alike, at = account[order], alike[order], at[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (np.diff(account) != 0) | (np.diff(alike) != 0)
    nth = np.arange(len(order)) - np.flatnonzero(begins)[np.cumsum(begins) - 1] + 1
    counts = np.flatnonzero(((nth & (nth - 1)) == 0) & (nth <= policy.message_repeats))
    code = alike[counts] * 64 + np.log2(nth[counts]).astype(np.int64)
    found = gather_things(record, account[counts], code, at[counts], said[alike[counts]])
    return _leave_unshared(found)


def _leave_unshared(channel: SharedThings) -> SharedThings:
    """The same without what one account alone did: nobody is found by that."""
    things = channel.popularity >= 2
    shared = things[channel.thing]
    return replace(
        channel,
        account=channel.account[shared],
        thing=(np.cumsum(things) - 1)[channel.thing[shared]],
        first_at=channel.first_at[shared],
        last_at=channel.last_at[shared],
        subject=channel.subject[things],
        grain=channel.grain[things],
        stratum=channel.stratum[things],
        unshared=int((~shared).sum()),
    )


def _join_texts(events: Events, objects: Ints) -> Ints:
    """The place among some objects (K,) of the first that says the same, for each."""
    alike = np.arange(len(objects))
    texts = np.flatnonzero(events.is_text[objects])
    if len(texts):
        same = join_alike([str(text) for text in events.object_name[objects[texts]]])
        alike[texts] = texts[np.unique(same, return_index=True)[1][same]]
    return alike


def _find_messages(events: Events, policy: Policy) -> NDArray[np.bool_]:
    """Which events (D,) are words that were sent."""
    codes = [code for code, name in enumerate(events.action_names) if name in policy.message_actions]
    return np.isin(events.action, codes)


def _leave_placeholders(events: Events, rows: Ints, policy: Policy) -> Ints:
    """The rows of events (D,) without those of objects that stand for nothing."""
    if not policy.ignore_placeholders:
        return rows
    used = np.bincount(events.object[rows], minlength=events.n_objects) > 0
    objects = np.flatnonzero(used & ~events.is_text)
    named = np.ones(events.n_objects, dtype=bool)
    named[objects] = ~find_placeholders(events.object_name[objects])
    return rows[named[events.object[rows]]]


def count_words(snapshot: Snapshot, objects: Ints) -> Ints:
    """How many words some objects (K,) are; 0 of one of which the words are not known."""
    events = snapshot.events
    return np.array(
        [len(str(events.object_name[each]).split()) if events.is_text[each] else 0 for each in objects.tolist()],
        dtype=np.int64,
    )
