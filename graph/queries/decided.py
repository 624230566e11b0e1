"""What people decided of what is asked about, in one plain sentence each, and what would be found without."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from graph.casebook.fold import State, fold, say_decision
from graph.queries.answers import RunSummary, Subject
from graph.queries.runs import find_latest_run
from graph.stores.protocol import GraphStore

if TYPE_CHECKING:
    from graph.casebook.events import Event

SHORT = 40
"""Characters of a reason in a list."""


@dataclass(frozen=True)
class Decided:
    """What stands, the latest run, and by subject and id what that run would have said of those decided about."""

    state: State
    run: RunSummary | None = None
    overruled: Mapping[tuple[str, str], Mapping[str, Any]] | None = None

    def say(self, subject: Subject, subject_id: str) -> tuple[str, ...]:
        """What was decided of a subject, and what evidence says of it; nothing where nobody has decided."""
        return (*self._say_standing(subject, subject_id), *self._say_appeal(subject, subject_id))

    def _say_appeal(self, subject: Subject, subject_id: str) -> tuple[str, ...]:
        event = self.state.appeals.get(subject_id) if subject == "account" else None
        if event is None or event.until is None:
            return ()
        return (f"appealed on {event.at:%Y-%m-%d}; the answer is due by {event.until:%Y-%m-%d}",)

    def _say_standing(self, subject: Subject, subject_id: str) -> tuple[str, ...]:
        event = self.find(subject, subject_id)
        if event is None:
            return ()
        said = say_decision(event, names_ring=subject != "ring")
        if not self._was_heard(event):
            return (f"{said} (the next `ringfence detect` hears it)",)
        told = (self.overruled or {}).get((subject, subject_id))
        return (said, f"would be: {told['would_be']} (evidence {told['score']:.2f})") if told else (said,)

    def _was_heard(self, event: Event) -> bool:
        started_at = self.run.started_at if self.run else None
        return started_at is not None and event.at.astimezone(UTC).replace(tzinfo=None) <= started_at

    def find(self, subject: Subject, subject_id: str) -> Event | None:
        """The decision that stands on a subject."""
        standing = {"account": self.state.accounts, "ring": self.state.rings, "review": self.state.reviews}
        return standing[subject].get(subject_id)

    def say_members(self, ring_id: str, account_ids: Iterable[str]) -> tuple[str, ...]:
        """What was decided of some members of a ring by themselves, each by its name."""
        said = ((each, self.state.accounts.get(each)) for each in account_ids)
        return tuple(
            f"{account_id}: {say_decision(event)}"
            for account_id, event in said
            if event is not None and not (event.is_whole and event.subject_id == ring_id)
        )


def read_decided(store: GraphStore) -> Decided:
    """What people decided, as far as the store knows; costs one question where nobody has said anything."""
    lines = store.casebook.read()
    if not lines:
        return Decided(fold(()))
    from graph.casebook.events import read_events

    run = find_latest_run(store)
    settings = json.loads(run.settings) if run and run.settings else {}
    told = settings.get("overruled", []) if isinstance(settings, dict) else []
    return Decided(fold(read_events(lines)), run, {(each["subject"], each["subject_id"]): each for each in told})
