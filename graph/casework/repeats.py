"""What is said again word for word, as after a command that was killed before it could say that it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from graph.casebook.events import Event, make_event
from graph.casebook.fold import State

_SAYS = (
    *("kind", "subject", "subject_id", "by", "reason", "word", "accounts", "is_whole", "thing_kind", "into", "ruling"),
    *("things", "not_same_as", "is_public", "despite", "seen"),
)
"""What makes two events one that was said twice.  Times are none of it, but for that until which a thing is ignored."""


def find_repeats(state: State, drafts: Sequence[Mapping[str, Any]]) -> tuple[Event, ...]:
    """The events that say all of this already, if they are the last that was said of each subject, and stand.

    Parameters
    ----------
    state
        What stands.
    drafts
        What somebody is about to say at once: the fields of events.

    Returns
    -------
    tuple of Event
        One for each draft; none at all where anything would be new.
    """
    now = datetime.now(UTC)
    found = [_find_repeat(state, make_event(turn=0, at=now, **draft)) for draft in drafts]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(drafts) else ()


def _find_repeat(state: State, wanted: Event) -> Event | None:
    if wanted.kind == "claimed":  # who claims again has the case for longer
        return None
    said = (each for each in reversed(state.said) if each.event_id not in state.undone and _is_about(each, wanted))
    last = next(said, None)
    return last if last is not None and _says(last, wanted) and _stands(state, last) else None


def _is_about(event: Event, wanted: Event) -> bool:
    """Whether it is about the same subject; a note of one's own comes after nothing but one's own notes."""
    if (event.kind == "noted") != (wanted.kind == "noted") or (event.kind == "noted" and event.by != wanted.by):
        return False
    subjects = [(each.subject, each.subject_id, each.thing_kind) for each in (event, wanted)]
    return subjects[0] == subjects[1]


def _says(event: Event, wanted: Event) -> bool:
    names = (*_SAYS, "until") if wanted.kind == "ignored" else _SAYS
    return all(getattr(event, name) == getattr(wanted, name) for name in names)


def _stands(state: State, event: Event) -> bool:
    """Whether nothing that was said of something else has taken its place."""
    if event.word is None:
        return True
    standing = {"ring": state.rings, "account": state.accounts, "review": state.reviews}.get(event.subject, {})
    if event.subject == "ring" and event.word not in ("confirmed", "cleared") and event.is_whole:
        return standing.get(event.subject_id) == event
    accounts = all(state.accounts.get(each) == event for each in event.accounts)
    return accounts and (standing.get(event.subject_id) == event or (event.subject == "ring" and not event.is_whole))
