"""What people said of cases: who holds one, what was noted, and which became one or several.

A case has the id of its ring, which outlives runs, so that it follows the ring through growth and shrinking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from graph.casebook.events import Event
from graph.casebook.fold import State


@dataclass(frozen=True)
class CaseFile:
    """All that was said of one case.

    Attributes
    ----------
    case_id
        Of the ring, or of members that were split off.
    claim
        The last claim that was not given back, be it lapsed.
    notes, skips
        In the order in which they were made.
    merged
        The event that made it part of another case.
    parts
        Ids of the cases that were merged into it.
    reopened
        The last time that it was opened again.
    split_off
        Members who are a case of their own now, with the id of that case.
    source, verdict
        Of such a case: the event that made it, and the one that decided about all of its members.
    """

    case_id: str
    claim: Event | None = None
    notes: tuple[Event, ...] = ()
    skips: tuple[Event, ...] = ()
    merged: Event | None = None
    parts: tuple[str, ...] = ()
    reopened: Event | None = None
    split_off: tuple[tuple[str, str], ...] = ()
    source: Event | None = None
    verdict: Event | None = None

    def find_holder(self, at: datetime) -> Event | None:
        """The claim that stands at an instant (UTC)."""
        claim = self.claim
        return claim if claim is not None and claim.until is not None and claim.until > at else None


def name_part(event: Event) -> str:
    """The id of the case that a splitting made."""
    return f"C{event.event_id[1:11]}"


def fold_cases(state: State) -> dict[str, CaseFile]:
    """Every case of which something was said, by id."""
    files: dict[str, CaseFile] = {}
    for event in state.said:
        if event.event_id not in state.undone and event.subject == "ring":
            file = files.get(event.subject_id, CaseFile(event.subject_id))
            files[event.subject_id] = _apply(event, file)
            _apply_elsewhere(event, files)
    return files


def _apply(event: Event, file: CaseFile) -> CaseFile:
    apart = tuple((each, name_part(event)) for each in event.accounts)
    changes: dict[str, dict[str, Any]] = {
        "claimed": {"claim": event},
        "released": {"claim": None},
        "noted": {"notes": (*file.notes, event)},
        "skipped": {"skips": (*file.skips, event), "claim": None},
        "merged": {"merged": event, "claim": None},
        "split": {"split_off": (*file.split_off, *apart)},
        "reopened": {"reopened": event, "merged": None},
        "decided": {"claim": None, "reopened": None, "skips": ()} if event.is_whole else {},
    }
    return replace(file, **changes.get(event.kind, {}))


def _apply_elsewhere(event: Event, files: dict[str, CaseFile]) -> None:
    """What an event does to another case than that which it is about."""
    if event.kind == "merged" and event.into is not None:
        into = files.get(event.into, CaseFile(event.into))
        files[event.into] = replace(into, parts=_without(into.parts, event.subject_id) + (event.subject_id,))
    elif event.kind == "reopened":
        for case_id, file in list(files.items()):
            if event.subject_id in file.parts:
                files[case_id] = replace(file, parts=_without(file.parts, event.subject_id))
    elif event.kind == "split":
        files[name_part(event)] = CaseFile(name_part(event), source=event)
    elif event.kind == "decided" and not event.is_whole:
        for case_id, file in list(files.items()):
            if file.source is not None and set(file.source.accounts) <= set(event.accounts):
                files[case_id] = replace(file, verdict=event, claim=None, reopened=None)


def _without(parts: Iterable[str], case_id: str) -> tuple[str, ...]:
    return tuple(each for each in parts if each != case_id)
