"""What would follow if a person said something: the market judged without it and with it, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from detection.casework.heard import choose_heard
from detection.run import find_run, read_latest_rings
from detection.settings import DetectSettings
from graph.casebook.events import Event, find_next_turn, make_event
from graph.casebook.fold import State, fold
from graph.results import Ring, RunResult
from graph.stores.protocol import GraphStore
from graph.vocabulary import TIERS, Tier

Outcome = Literal["released", "lowered", "kept", "raised"]


@dataclass(frozen=True)
class MemberChange:
    """What becomes of an account: ``released`` from all rings, or its tier ``lowered``, ``kept`` or ``raised``."""

    account_id: str
    outcome: Outcome
    before: Tier
    after: Tier
    rings: tuple[str, ...]


def rejudge(store: GraphStore, settings: DetectSettings, state: State, event: Event) -> tuple[MemberChange, ...]:
    """What an event about an account would change for it, and for those who are in rings with it.

    Both markets are judged anew from the facts as they are, so that nothing else is in the difference.

    Parameters
    ----------
    store
        Whose facts are judged; it is only read.
    settings
        Of detection; no encoder is fitted.
    state
        What stands without the event.
    event
        What would be said.
    """
    quick = msgspec.structs.replace(settings, encoder=False, rewired_copies=0, challenger="")
    snapshot, earlier, now = store.snapshot(), read_latest_rings(store), datetime.now(UTC)
    states = (state, fold([*state.said, event]))
    before, after = (find_run(snapshot, quick, earlier=earlier, heard=choose_heard(each, now)) for each in states)
    concerned = {
        member.account_id for ring in before.rings if _names(ring, event.subject_id) for member in ring.members
    }
    row_of = {account_id: row for row, account_id in enumerate(snapshot.account_id.tolist())}
    found = sorted((concerned | {event.subject_id}) & row_of.keys(), key=lambda each: (each != event.subject_id, each))
    return tuple(_compare(account_id, row_of[account_id], before, after) for account_id in found)


def _names(ring: Ring, account_id: str) -> bool:
    return any(member.account_id == account_id for member in ring.members)


def _compare(account_id: str, row: int, before: RunResult, after: RunResult) -> MemberChange:
    was, becomes = int(before.account_tier[row]), int(after.account_tier[row])
    rings = tuple(ring.ring_id for ring in after.rings if _names(ring, account_id))
    outcome: Outcome = "kept"
    if was and not becomes:
        outcome = "released"
    elif was != becomes:
        outcome = "lowered" if becomes < was else "raised"
    return MemberChange(account_id, outcome, TIERS[was], TIERS[becomes], rings)


def imagine(fields: dict[str, object], state: State) -> Event:
    """An event as it would be if it were said now."""
    return make_event(turn=find_next_turn(state.said), at=datetime.now(UTC), **fields)
