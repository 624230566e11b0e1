"""The facts as people want them looked at: without the things that link nobody, and with the verdicts they gave."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from detection.casework.heard import Heard, hear
from graph.arrow import is_true
from graph.casebook.events import Event, read_events
from graph.casebook.fold import Thing
from graph.model import Snapshot, Uses

if TYPE_CHECKING:
    from graph.arrow import Cells
    from graph.stores.protocol import GraphStore

LABELS = {"confirmed": True, "cleared": False}
"""The decisions that say of an account whether it is fraud."""


def heed_facts(snapshot: Snapshot, heard: Heard) -> Snapshot:
    """The snapshot as a run judges it; the very same one where nothing was heard of its facts.

    Who was confirmed or cleared is labelled so, as of the day of the decision, so that whoever cuts the past off cuts
    that off too.  A label says nothing about its own account: it is no evidence.
    """
    return _add_labels(_part(_ignore_things(snapshot, heard.things.keys()), heard.parted), heard)


def read_heard(store: GraphStore, as_of: np.datetime64 | None = None) -> Heard:
    """What people said that stands in a store, as of an instant."""
    return hear(read_events(store.casebook.read()), as_of)


def find_things(snapshot: Snapshot, things: Collection[Thing]) -> NDArray[np.bool_]:
    """Which identifiers (V,) are among some things, by any of the values that were found to be the same one."""
    found = np.zeros(snapshot.n_identifiers, dtype=bool)
    values = pa.array(sorted({value for _, value in things}), pa.string())
    for row in np.flatnonzero(_is_in(snapshot.identifier_value, values)).tolist():
        found[row] = (snapshot.identifier_kind[row], snapshot.identifier_value[row]) in things
    for place in np.flatnonzero(_is_in(snapshot.joined_value, values)).tolist():
        row = int(snapshot.joined_identifier[place])
        found[row] |= (snapshot.identifier_kind[row], snapshot.joined_value[place]) in things
    return found


def _is_in(texts: NDArray[np.object_], values: Cells) -> NDArray[np.bool_]:
    return is_true(pc.is_in(pa.chunked_array([pa.array(texts, pa.string())]), value_set=values))


def _ignore_things(snapshot: Snapshot, things: Collection[Thing]) -> Snapshot:
    if not things:
        return snapshot
    kept = ~find_things(snapshot, things)[snapshot.uses.identifier]
    uses = snapshot.uses
    return replace(snapshot, uses=Uses(uses.account[kept], uses.identifier[kept], uses.seen_at[kept]))


def _part(snapshot: Snapshot, parted: Iterable[Event]) -> Snapshot:
    """Without the uses by which accounts were linked that are not to be: of a ring's things, or of another's."""
    uses, dropped = snapshot.uses, np.zeros(len(snapshot.uses.account), dtype=bool)
    row_of = {account_id: row for row, account_id in enumerate(snapshot.account_id.tolist())} if parted else {}
    for event in parted:
        if event.subject_id not in row_of:
            continue
        own = uses.account == row_of[event.subject_id]
        unlinked = find_things(snapshot, set(event.things))
        others = [row_of[each] for each in event.not_same_as if each in row_of]
        unlinked[uses.identifier[np.isin(uses.account, others)]] = True
        dropped |= own & unlinked[uses.identifier]
    if not dropped.any():
        return snapshot
    return replace(snapshot, uses=Uses(uses.account[~dropped], uses.identifier[~dropped], uses.seen_at[~dropped]))


def _add_labels(snapshot: Snapshot, heard: Heard) -> Snapshot:
    said = {account_id: event for account_id, event in heard.accounts.items() if event.word in LABELS}
    if not said:
        return snapshot
    row_of = {account_id: row for row, account_id in enumerate(snapshot.account_id.tolist())}
    known = sorted((row_of[account_id], event) for account_id, event in said.items() if account_id in row_of)
    row = np.array([row for row, _ in known], dtype=np.int64)
    is_fraud = np.array([LABELS[event.word or ""] for _, event in known], dtype=bool)
    at = np.array([event.at.replace(tzinfo=None) for _, event in known], dtype="datetime64[us]")
    return replace(
        snapshot,
        label_account=np.append(snapshot.label_account, row),
        label_is_fraud=np.append(snapshot.label_is_fraud, is_fraud),
        label_decided_at=np.append(snapshot.label_decided_at, at),
    )
