"""From what is in force and what is wanted to what changes: one pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from graph.measures.events import MEASURES, ChangeKind, Instant, Key, Measure, MeasureEvent, Subject

_ORDER: tuple[ChangeKind, ...] = ("added", "raised", "lowered", "removed", "renewed")


@dataclass(frozen=True)
class Wanted:
    """What a flag asks for.

    Attributes
    ----------
    measure, until
        What, and when it would end (UTC).
    tier, rings, why
        Of the flag; its first reason.
    needs_person
        Why no run does it by itself; empty where one may.
    """

    measure: Measure
    until: datetime
    tier: str
    why: str
    rings: tuple[str, ...] = ()
    needs_person: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What becomes of one account or review.

    Attributes
    ----------
    kind
        ``added``, ``raised``, ``lowered``, ``removed``, or ``renewed``: the same for longer.
    before, measure
        What is in force, and what is to be; None for nothing.
    until
        When it ends by itself (UTC).
    tier, rings, why
        Of the flag.
    needs_person
        Why no run does it by itself; empty where one may.
    """

    kind: ChangeKind
    subject: Subject
    subject_id: str
    why: str
    before: Measure | None = None
    measure: Measure | None = None
    until: Instant | None = None
    tier: str | None = None
    rings: tuple[str, ...] = ()
    needs_person: str = ""

    @property
    def key(self) -> Key:
        """Of what."""
        return self.subject, self.subject_id


def find_changes(
    in_force: Mapping[Key, MeasureEvent],
    wanted: Mapping[Key, Wanted],
    *,
    at: datetime,
    renew_days: float = 0.0,
) -> tuple[Change, ...]:
    """What changes so that what is wanted is in force, in an order of its own: what is new first, then by id.

    Parameters
    ----------
    in_force
        What is in force at ``at``.
    wanted
        What is to be.
    at
        Now (UTC).
    renew_days
        A measure that is wanted still is renewed so long before it ends.

    >>> find_changes({}, {}, at=datetime(2024, 1, 1))
    ()
    """
    changes = [
        change
        for key in in_force.keys() | wanted.keys()
        if (change := _find_change(key, in_force.get(key), wanted.get(key), at + timedelta(days=renew_days)))
    ]
    return tuple(sorted(changes, key=lambda each: (_ORDER.index(each.kind), each.subject, each.subject_id)))


def _find_change(
    key: Key, stands: MeasureEvent | None, wanted: Wanted | None, renewed_until: datetime
) -> Change | None:
    subject: Subject = "account" if key[0] == "account" else "review"
    before = stands.measure if stands else None
    if wanted is None:
        return Change(kind="removed", subject=subject, subject_id=key[1], before=before, why="its ground is gone")
    kind = _name_change(before, wanted.measure)
    if kind == "renewed" and stands and stands.until and stands.until > min(renewed_until, wanted.until):
        return None
    return Change(
        kind=kind,
        subject=subject,
        subject_id=key[1],
        before=before,
        measure=wanted.measure,
        until=wanted.until,
        tier=wanted.tier,
        rings=wanted.rings,
        why=wanted.why,
        needs_person=wanted.needs_person if kind in ("added", "raised") else "",
    )


def _name_change(before: Measure | None, after: Measure) -> ChangeKind:
    if before is None:
        return "added"
    was, becomes = MEASURES.index(before), MEASURES.index(after)
    return "renewed" if was == becomes else "raised" if becomes > was else "lowered"
