"""What to look at next: what a case may cost, times the chance that it is fraud, for each minute that it takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.casebook.fold import State
from graph.casework.appeals import OpenAppeal, list_appeals
from graph.casework.calibration import Chance, calibrate
from graph.casework.cases import Case
from graph.settings import CaseworkSettings

LEAST_DECISIONS = 5
"""So many decided rings of a tier say how often rings of it are fraud; fewer say nothing."""
_AGE_DAYS = 30.0


@dataclass(frozen=True)
class QueueLine:
    """A case that waits; ``chance`` is that of its tier, None where too few were decided about.

    ``harm`` is in the unit of the amounts, ``priority`` in that unit for a minute; ``age_days`` counts from the first
    run that found the ring.
    """

    case_id: str
    kind: str
    tier: str
    score: float
    size: int
    harm: float
    chance: float | None
    minutes: float
    priority: float
    age_days: int
    status: str
    holder: str
    skipped: int


@dataclass(frozen=True)
class Queue:
    """The cases to look at, the most pressing first, of ``waiting`` in all.

    ``appeals`` wait for an answer, those that have to have it first at the top.  ``hits`` of the cases are expected to
    be fraud, between ``hits_low`` and ``hits_high``; None where nobody can say, and ``says`` why, or how it is known.
    """

    lines: tuple[QueueLine, ...]
    appeals: tuple[OpenAppeal, ...]
    waiting: int
    minutes: float
    hits: float | None
    hits_low: float | None
    hits_high: float | None
    says: str


def _find_chances(state: State) -> dict[str, Chance]:
    """How often rings of each tier were confirmed; tiers of too few decisions say nothing."""
    found = calibrate(state.rings.values())
    return {tier: chance for tier, chance in found.items() if chance.decided >= LEAST_DECISIONS}


def make_queue(
    cases: Iterable[Case],
    state: State,
    settings: CaseworkSettings,
    *,
    now: datetime,
    budget: int | None = None,
    limit: int | None = None,
) -> Queue:
    """The cases that wait for somebody, the most pressing first.

    What a case may cost (its members' orders, or ``member_harm`` for each), times the chance that it is fraud, over the
    minutes that it takes; by a thirtieth more for each day that it has waited, so that nothing waits for ever.
    Skipped cases come after all others.

    Parameters
    ----------
    cases, state
        What there is, and what was decided so far.
    settings
        What a case takes, and is worth.
    now
        The instant, UTC.
    budget
        How many can be looked at: so many of those that nobody has.
    limit
        Without a budget: how many to list, those that somebody has among them.
    """
    chances, appeals = _find_chances(state), tuple(list_appeals(state, now))
    lines = [_make_line(case, chances, settings, now) for case in cases if case.status in ("open", "held")]
    lines.sort(key=lambda line: (line.skipped > 0, -line.priority, -line.score, line.case_id))
    chosen = lines[:limit] if budget is None else [line for line in lines if line.status == "open"][:budget]
    minutes = math.fsum(line.minutes for line in chosen)
    known = [chances[line.tier] for line in chosen if line.tier in chances]
    if not chosen or len(known) < len(chosen):
        says = _say_unknown(chosen, chances, state)
        return Queue(tuple(chosen), appeals, len(lines), minutes, None, None, None, says)
    hits, low, high = (math.fsum(getattr(each, name) for each in known) for name in ("share", "low", "high"))
    rested = ", ".join(f"{each.hits} of {each.decided} of tier {each.tier}" for _, each in sorted(chances.items()))
    return Queue(tuple(chosen), appeals, len(lines), minutes, hits, low, high, f"confirmed so far: {rested}")


def _say_unknown(lines: Sequence[QueueLine], chances: Mapping[str, Chance], state: State) -> str:
    lacking = sorted({line.tier for line in lines} - chances.keys())
    return (
        f"how many are fraud nobody can say yet: fewer than {LEAST_DECISIONS} rings of tier {', '.join(lacking)} were"
        f" decided about ({len(state.rings):,} decisions on rings in all); the order goes by their scores"
        if lacking
        else "nothing waits"
    )


def _make_line(case: Case, chances: Mapping[str, Chance], settings: CaseworkSettings, now: datetime) -> QueueLine:
    assert case.ring is not None  # what is open has a ring
    size = case.size
    harm = max(case.money, settings.member_harm * size)
    chance = chances.get(case.ring.tier)
    minutes = settings.case_minutes + settings.member_minutes * size
    age = max(0.0, (now.replace(tzinfo=None) - case.first_at).total_seconds() / 86_400) if case.first_at else 0.0
    weight = case.ring.score if chance is None else chance.share
    holder = case.file.find_holder(now)
    return QueueLine(
        case_id=case.case_id,
        kind=case.ring.kind,
        tier=case.ring.tier,
        score=case.ring.score,
        size=size,
        harm=harm,
        chance=None if chance is None else chance.share,
        minutes=minutes,
        priority=harm * weight / minutes * (1.0 + age / _AGE_DAYS),
        age_days=int(age),
        status=case.status,
        holder=holder.by if holder else "",
        skipped=len(case.file.skips),
    )
