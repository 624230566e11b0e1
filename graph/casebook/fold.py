"""What stands after all that was said: one pure function from events to a state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # questions of a store in which nobody has decided anything import no msgspec
    from graph.casebook.events import Event

Thing = tuple[str, str]
"""A kind of identifier, and a canonical value."""


@dataclass(frozen=True)
class State:
    """What stands of each subject: the event that said it last.

    Attributes
    ----------
    accounts, rings, reviews
        The latest verdict on each; of an account it may come with that on a ring it is in.
    things
        What links nobody, by kind and canonical value, whether or not its time is up.
    appeals
        Of each account the last appeal, as long as it is open.
    parted
        The answers to appeals by which an account is linked to something no more, in their order.
    said
        Every event in its order, those that were taken back among them.
    undone
        Ids of events that were taken back.
    """

    accounts: Mapping[str, Event] = field(default_factory=dict)
    rings: Mapping[str, Event] = field(default_factory=dict)
    reviews: Mapping[str, Event] = field(default_factory=dict)
    things: Mapping[Thing, Event] = field(default_factory=dict)
    appeals: Mapping[str, Event] = field(default_factory=dict)
    parted: tuple[Event, ...] = ()
    said: tuple[Event, ...] = ()
    undone: frozenset[str] = frozenset()

    def list_ignored(self, at: datetime) -> dict[Thing, Event]:
        """The things that link nobody at an instant (UTC)."""
        return {thing: event for thing, event in self.things.items() if event.until is None or event.until > at}


def fold(events: Iterable[Event]) -> State:
    """What stands after some events, in whatever order they come, and however often each.

    Later ones go before earlier ones.  Of two that did not know of one another the one with the later time is the later
    one, and of those at the same instant the one with the higher id, so that every copy of a casebook says the same.

    >>> fold([]).accounts
    {}
    """
    said = sort_events(events)
    undone = find_undone(said)
    standing = _Standing()
    for event in said:
        if event.event_id not in undone:
            standing.apply(event)
    kept = {name: found for name, found in vars(standing).items() if not name.startswith("_")}
    return State(**kept | {"parted": tuple(standing.parted)}, said=said, undone=undone)


def sort_events(events: Iterable[Event]) -> tuple[Event, ...]:
    """Each event once, in its order."""
    distinct = {event.event_id: event for event in events}
    return tuple(sorted(distinct.values(), key=lambda event: (event.turn, event.at, event.event_id)))


def find_undone(said: Iterable[Event]) -> frozenset[str]:
    """The ids of what was taken back; who takes back a taking back brings the first event again."""
    listed = list(said)
    places: dict[str, list[int]] = defaultdict(list)
    for place, event in enumerate(listed):
        for name in {event.event_id, event.batch} - {None}:
            places[str(name)].append(place)
    undone: set[str] = set()
    for place, event in reversed(list(enumerate(listed))):  # whether it counts is for later ones to say: known by now
        if event.kind == "undone" and event.event_id not in undone:
            undone |= {listed[each].event_id for each in places[event.subject_id] if each < place}
    return frozenset(undone)


@dataclass
class _Standing:
    """A state on its way."""

    accounts: dict[str, Event] = field(default_factory=dict)
    rings: dict[str, Event] = field(default_factory=dict)
    reviews: dict[str, Event] = field(default_factory=dict)
    things: dict[Thing, Event] = field(default_factory=dict)
    appeals: dict[str, Event] = field(default_factory=dict)
    parted: list[Event] = field(default_factory=list)
    _with_ring: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def apply(self, event: Event) -> None:
        thing = (event.thing_kind or "", event.subject_id)
        match event.kind, event.subject:
            case "ignored", _:
                self.things[thing] = event
            case "heeded", _:
                self.things.pop(thing, None)
            case "appealed", _:
                self.appeals[event.subject_id] = event
            case "ruled", _:
                self._apply_ruling(event)
            case "decided", "ring":
                self._apply_ring(event)
            case "decided", "account":
                self.accounts[event.subject_id] = event
            case "decided", "review":
                self.reviews[event.subject_id] = event

    def _apply_ruling(self, event: Event) -> None:
        self.appeals.pop(event.subject_id, None)
        if event.word is not None:
            self.accounts[event.subject_id] = event
        if event.things or event.not_same_as:
            self.parted.append(event)

    def _apply_ring(self, event: Event) -> None:
        if event.is_whole:
            self.rings[event.subject_id] = event
            # What was said of its members with an earlier verdict on the ring goes with that.
            for account_id in self._with_ring.pop(event.subject_id, ()):
                if account_id in self.accounts and _comes_with(self.accounts[account_id], event):
                    del self.accounts[account_id]
        if event.word in ("confirmed", "cleared") or not event.is_whole:
            self.accounts.update(dict.fromkeys(event.accounts, event))
            self._with_ring[event.subject_id].update(event.accounts)


def _comes_with(earlier: Event, event: Event) -> bool:
    return earlier.subject == "ring" and earlier.is_whole and earlier.subject_id == event.subject_id


def say_decision(event: Event, *, names_ring: bool = False, longest: int = 200) -> str:
    """One sentence: what was decided, by whom, on which day (UTC), and why.

    Parameters
    ----------
    event
        A verdict, or a thing that links nobody.
    names_ring
        Whether to name the ring with which it was decided: of a member, for instance.
    longest
        Characters of the reason that are shown.
    """
    said = {"watch": "only watched", None: "ignored"}.get(event.word, event.word)
    reason = " ".join(event.reason.split())
    shown = reason if len(reason) <= longest else reason[: longest - 1].rstrip() + "…"
    ring = f" with ring {event.subject_id}" if names_ring and event.subject == "ring" else ""
    on_appeal = " on appeal" if event.kind == "ruled" else ""
    return f"{said}{on_appeal} by {event.by} on {event.at:%Y-%m-%d}{ring}: {shown}"
