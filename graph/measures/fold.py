"""What is in force after all that was done: one pure function from events to a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from graph.measures.events import Key, MeasureEvent


@dataclass(frozen=True)
class Measures:
    """What holds.

    Attributes
    ----------
    latest
        The last event of each account and review that was not undone; one that was removed has no measure.
    plans
        Every plan that was applied, by its id.
    undone
        The event by which a plan was undone, by the plan's id.
    stopped
        Of each account and review whose last plan was undone: the event that undid it.
    head
        The id of the last event; empty where there is none.
    """

    latest: Mapping[Key, MeasureEvent] = field(default_factory=dict)
    plans: Mapping[str, MeasureEvent] = field(default_factory=dict)
    undone: Mapping[str, MeasureEvent] = field(default_factory=dict)
    stopped: Mapping[Key, MeasureEvent] = field(default_factory=dict)
    head: str = ""

    def list_in_force(self, at: datetime) -> dict[Key, MeasureEvent]:
        """What is in force at an instant (UTC): what has not ended by itself, nor was removed."""
        return {
            key: event
            for key, event in self.latest.items()
            if event.measure is not None and event.until is not None and event.until > at
        }


def fold_measures(events: Iterable[MeasureEvent]) -> Measures:
    """What holds after some events, in the order of their turns.

    >>> fold_measures([]).head
    ''
    """
    said = sorted(events, key=lambda event: (event.turn, event.at, event.event_id))
    undone = {event.subject_id: event for event in said if event.kind == "undone"}
    latest: dict[Key, MeasureEvent] = {}
    stopped: dict[Key, MeasureEvent] = {}
    for event in said:
        if event.subject == "plan":
            continue
        if event.batch in undone:
            stopped[event.key] = undone[event.batch]
        else:
            latest[event.key] = event
            stopped.pop(event.key, None)
    return Measures(
        latest=latest,
        plans={event.subject_id: event for event in said if event.kind == "applied"},
        undone=undone,
        stopped=stopped,
        head=said[-1].event_id if said else "",
    )
