"""Which of the things that people said a run hears: what stands, as of an instant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from graph.casebook.events import Event
from graph.casebook.fold import State, Thing, fold


@dataclass(frozen=True)
class Heard:
    """The verdicts that stand on accounts, rings and reviews, by id; things that link nobody, or not one account."""

    accounts: Mapping[str, Event] = field(default_factory=dict)
    rings: Mapping[str, Event] = field(default_factory=dict)
    reviews: Mapping[str, Event] = field(default_factory=dict)
    things: Mapping[Thing, Event] = field(default_factory=dict)
    parted: tuple[Event, ...] = ()

    @property
    def event_ids(self) -> tuple[str, ...]:
        """Of all that stands, each once, sorted."""
        parts = (self.accounts, self.rings, self.reviews, self.things)
        said = {event.event_id for part in parts for event in part.values()}
        return tuple(sorted(said | {event.event_id for event in self.parted}))

    def record(self) -> dict[str, object]:
        """What a run keeps of it: how many events, and a checksum by which the same ones are known again."""
        ids = self.event_ids
        return {"events": len(ids), "sha256": hashlib.sha256("\n".join(ids).encode()).hexdigest()}


NOTHING_HEARD = Heard()
"""Where nobody has said anything that stands: a run is as if there were no casebook."""


def hear(events: Iterable[Event], as_of: np.datetime64 | None = None) -> Heard:
    """What stands of some events.

    Parameters
    ----------
    events
        Of the casebook.
    as_of
        Only what was said until then counts, as with all facts; now, if None, and then also what another machine's
        clock has put into the future.
    """
    at = datetime.now(UTC) if as_of is None else as_of.astype("datetime64[us]").item().replace(tzinfo=UTC)
    known = [event for event in events if as_of is None or event.at <= at]
    return choose_heard(fold(known), at)


def choose_heard(state: State, at: datetime) -> Heard:
    """What a run heeds of a state, at an instant (UTC)."""
    return Heard(state.accounts, state.rings, state.reviews, state.list_ignored(at), state.parted)
