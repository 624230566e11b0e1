"""What somebody should hear of after a night: changes only, each once; and the file of what was told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from detection.job.checks import Check
from detection.job.record import Refused
from graph.errors import StoreDamagedError
from graph.files import replace_file
from graph.lineage import RingChange
from graph.measures.events import Instant, MeasureEvent
from graph.vocabulary import TIERS, Tier

ALERTS_FILE = "alerts.json"
MOST_KEPT = 20_000
"""So many of the latest alerts are known again; what was told before them would be told anew."""
Kind = Literal[
    "new ring", "ring grew", "ring rose", "cleared drifts back", "measure ends", "check failed", "export refused"
]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to hear of.

    Attributes
    ----------
    alert_id
        ``A`` and a checksum of what it is about: the same thing is told once.
    kind, subject_id, words
        What happened, to what, in a sentence.
    at
        When it was found (UTC).
    batch
        What is told at once; the id by which a receiver knows a repetition.
    """

    alert_id: str
    kind: Kind
    subject_id: str
    words: str
    at: Instant
    batch: str = ""


class Told(msgspec.Struct, kw_only=True):
    """All alerts, the first first, and by target the batches that it has not heard of yet."""

    alerts: list[Alert] = []
    waiting: dict[str, list[str]] = {}


def make_alert(kind: Kind, subject_id: str, words: str, *, at: datetime, about: str) -> Alert:
    """An alert; ``about`` is what makes it another one than the last of its kind on the same subject."""
    text = json.dumps([kind, subject_id, about])
    return Alert(
        alert_id=f"A{hashlib.sha256(text.encode()).hexdigest()[:20]}",
        kind=kind,
        subject_id=subject_id,
        words=words,
        at=at,
    )


def find_ring_alerts(
    changes: Iterable[RingChange], before: Mapping[str, Tier], after: Mapping[str, Tier], *, least: Tier, at: datetime
) -> list[Alert]:
    """Rings of a tier or above that are new, have grown, or are of a higher tier than before.

    Parameters
    ----------
    changes
        What became of each ring.
    before, after
        The tiers of rings, before and now.
    least
        The tier.
    at
        Now (UTC).
    """
    alerts = []
    for change in changes:
        tier = after.get(change.ring_id)
        if tier is None or TIERS.index(tier) < TIERS.index(least):
            continue
        was = before.get(change.ring_id)
        size = f"{change.after:,} members, {tier}"
        if was is None:
            words = f"ring {change.ring_id} ({size}) {'came back' if change.happened == 'came back' else 'is new'}"
            alerts.append(make_alert("new ring", change.ring_id, words, at=at, about=tier))
        elif TIERS.index(was) < TIERS.index(tier):
            words = f"ring {change.ring_id} ({size}) was {was}"
            alerts.append(make_alert("ring rose", change.ring_id, words, at=at, about=tier))
        elif change.joined and change.after > change.before:
            words = f"ring {change.ring_id} ({size}) had {change.before:,}"
            alerts.append(
                make_alert("ring grew", change.ring_id, words, at=at, about=f"{change.after} {change.joined}")
            )
    return alerts


def find_drifting(overruled: Iterable[Mapping[str, Any]], *, at: datetime) -> list[Alert]:
    """Accounts that a person cleared, and that evidence would flag again, for review or automatically."""
    return [
        make_alert(
            "cleared drifts back",
            each["subject_id"],
            f"account {each['subject_id']} was cleared, and evidence would make it {each['would_be']}",
            at=at,
            about=f"{each['event_id']} {each['would_be']}",
        )
        for each in overruled
        if each["subject"] == "account" and each["tier"] == "clear" and each["would_be"] in ("review", "automatic")
    ]


def find_ending(in_force: Iterable[MeasureEvent], *, at: datetime, days: float) -> list[Alert]:
    """Measures that restrict somebody and end soon."""
    soon = at + timedelta(days=days)
    return [
        make_alert(
            "measure ends",
            each.subject_id,
            f"{each.measure} on {each.subject} {each.subject_id} ends at {each.until:%Y-%m-%d %H:%M} UTC",
            at=at,
            about=f"{each.measure} {each.until}",
        )
        for each in in_force
        if each.measure != "watch" and each.until is not None and each.until <= soon
    ]


def find_failed(checks: Iterable[Check], *, at: datetime) -> list[Alert]:
    """Checks that failed; the same failure of the same night that is taken up again is told once."""
    return [
        make_alert("check failed", each.name, f"{each.words} ({each.name} is {each.bound:g})", at=at, about=each.words)
        for each in checks
        if not each.passed
    ]


def find_refused(refused: Iterable[Refused], *, night: int, at: datetime) -> list[Alert]:
    """Exports that a night has refused, and that are left out from then on."""
    return [
        make_alert("export refused", each.name, f"export {each.name} is left out: {each.why}", at=at, about=each.sha256)
        for each in refused
        if each.night == night
    ]


def read_told(folder: Path) -> Told:
    """What was told, and what waits.

    Raises
    ------
    StoreDamagedError
        If the file is not what was written.
    """
    path = folder / ALERTS_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Told)
    except FileNotFoundError:
        return Told()
    except msgspec.MsgspecError as error:
        raise StoreDamagedError(f"{path} is no list of alerts: {error}; move it away") from error


def write_told(folder: Path, told: Told) -> None:
    """Write it down, as a whole."""
    replace_file(folder / ALERTS_FILE, msgspec.json.format(msgspec.json.encode(told), indent=1))


def add_alerts(told: Told, found: Iterable[Alert], targets: Iterable[str]) -> list[Alert]:
    """Add what was not told before, as one batch that waits for each target; returns what was added."""
    known = {each.alert_id for each in told.alerts}
    new = [each for each in {alert.alert_id: alert for alert in found}.values() if each.alert_id not in known]
    if not new:
        return []
    text = "\n".join(sorted(each.alert_id for each in new))
    batch = f"msg_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    new = [msgspec.structs.replace(each, batch=batch) for each in new]
    told.alerts = [*told.alerts, *new][-MOST_KEPT:]
    for target in targets:
        told.waiting.setdefault(target, []).append(batch)
    return new
