"""A policy before it is in force: what is wrong with it, whom it would move, which thresholds decisions speak for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from detection.measures.changes import Wanted
from detection.measures.fairness import read_segments
from detection.measures.policy import MeasurePolicy, MeasureRule
from detection.measures.retier import THRESHOLDS, Retiered, retier
from detection.measures.wanted import list_once_cleared, want_measures
from detection.policy import DEFAULT_POLICY, Policy
from graph.casebook.events import read_events
from graph.casebook.fold import State, fold
from graph.casework.calibration import find_interval
from graph.measures.events import Measure
from graph.queries.flagged import Flagged, list_flagged
from graph.queries.rings import list_rings
from graph.queries.runs import find_stored_run
from graph.settings import CaseworkSettings

if TYPE_CHECKING:
    from graph.stores.protocol import GraphStore

_LEAST = ("min_score", "min_probability", "min_net_bits", "min_channels", "min_exposure")


def find_problems(policy: MeasurePolicy) -> list[str]:
    """What in a policy cannot be meant: rules that nothing reaches, measures that end before they are renewed."""
    return [*_find_unreachable(policy.rules), *_find_short(policy)]


def _find_unreachable(rules: Sequence[MeasureRule]) -> Iterable[str]:
    for number, rule in enumerate(rules, start=1):
        before = next((place for place, each in enumerate(rules[: number - 1], start=1) if _covers(each, rule)), None)
        if before is not None:
            name = f"rule {number} ({rule.measure} for {rule.tier})"
            yield f"{name} is never reached: rule {before} fits all that it fits"


def _covers(earlier: MeasureRule, later: MeasureRule) -> bool:
    """Whether the earlier rule fits every flag that the later one fits."""
    is_wider = not earlier.segments or (bool(later.segments) and set(later.segments) <= set(earlier.segments))
    same = (earlier.subject, earlier.tier) == (later.subject, later.tier)
    is_wider = is_wider and earlier.max_false_discovery >= later.max_false_discovery
    return same and is_wider and all(getattr(earlier, name) <= getattr(later, name) for name in _LEAST)


def _find_short(policy: MeasurePolicy) -> Iterable[str]:
    for measure in dict.fromkeys(rule.measure for rule in policy.rules):
        days = policy.find_terms(measure).days
        if days <= policy.renew_days:
            yield f"{measure} holds for {days:g} days, no longer than renew_days: it would be renewed every night"


@dataclass(frozen=True)
class Move:
    """Whom another policy would treat otherwise: a run's flag, what is recommended now, and what would be.

    ``now_waits`` and ``then_waits`` say why no run does it by itself; empty where one may.  ``then_tier`` is the tier
    under other thresholds; where that rises, ``is_sure`` says whether another run would surely give it.
    """

    run_id: str
    subject: str
    subject_id: str
    tier: str
    score: float
    now: Measure | None
    then: Measure | None
    now_waits: str
    then_waits: str
    then_tier: str
    is_sure: bool


@dataclass(frozen=True)
class Policies:
    """What follows from flags, and what makes their tiers."""

    measures: MeasurePolicy
    detect: Policy = DEFAULT_POLICY


def replay(store: GraphStore, run_ids: Iterable[str], now: Policies, then: Policies, *, at: datetime) -> list[Move]:
    """Whom changed policies would have moved in some runs, run by run, in the order of their flags."""
    state = fold(read_events(store.casebook.read()))
    cleared, segments = list_once_cleared(state), read_segments(store, state)
    moves: list[Move] = []
    for run_id in run_ids:
        flags, was = list_flagged(store, run_id), _read_thresholds(store, run_id, now.detect)
        tiers = [retier(flag, was, then.detect) for flag in flags]
        others = [replace(flag, tier=found.tier) for flag, found in zip(flags, tiers, strict=True)]
        before, after = (
            want_measures(each, policy.measures, at=at, cleared=cleared, segments=segments)
            for each, policy in ((flags, now), (others, then))
        )
        compared = (
            _compare(run_id, flag, found, (before.get(flag.key), after.get(flag.key)))
            for flag, found in zip(flags, tiers, strict=True)
        )
        moves += [move for move in compared if move is not None]
    return moves


def _read_thresholds(store: GraphStore, run_id: str, otherwise: Policy) -> Policy:
    """The thresholds by which a run made its tiers, as it has recorded them."""
    settings = json.loads(find_stored_run(store, run_id).settings or "{}")
    recorded = settings.get("policy", {}) if isinstance(settings, dict) else {}
    kept = {name: float(recorded[name]) for name in THRESHOLDS if name in recorded}
    return msgspec.structs.replace(otherwise, **kept)


def _compare(run_id: str, flag: Flagged, found: Retiered, wanted: tuple[Wanted | None, Wanted | None]) -> Move | None:
    old, new = (each.measure if each else None for each in wanted)
    waits, would_wait = (each.needs_person if each else "" for each in wanted)
    if (flag.tier, old, bool(waits)) == (found.tier, new, bool(would_wait)) and found.is_sure:
        return None
    return Move(
        run_id, *flag.key, flag.tier, flag.score, old, new, waits, would_wait, then_tier=found.tier,
        is_sure=found.is_sure,
    )  # fmt: skip


@dataclass(frozen=True)
class Threshold:
    """What follows from a threshold on the score of rings.

    Attributes
    ----------
    score
        From here on.
    rings, minutes
        How many rings of the latest run there are, and what looking at them takes.
    decided, confirmed
        How many rings of such a score people decided about, and how many they confirmed.
    share, low, high
        The share of confirmed ones, and where it lies in 95 of 100; None where nobody decided.
    """

    score: float
    rings: int
    minutes: float
    decided: int
    confirmed: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Tuning:
    """Thresholds, and which two are proposed; None where no decision, or no budget, speaks for one."""

    thresholds: tuple[Threshold, ...]
    automatic_score: float | None
    review_score: float | None


STEPS = tuple(round(0.3 + 0.05 * number, 2) for number in range(14))


def tune(store: GraphStore, casework: CaseworkSettings, *, budget_minutes: float, least_share: float) -> Tuning:
    """Propose thresholds: the lowest that is surely right often enough, and the lowest that can be looked at.

    Parameters
    ----------
    store
        With a run, and decisions on rings.
    casework
        What looking at a case takes.
    budget_minutes
        How much time there is for one run's rings.
    least_share
        The lower end of the interval has to reach this for a score to be automatic.
    """
    rings = [(ring.score, casework.case_minutes + casework.member_minutes * ring.size) for ring in list_rings(store)]
    decided = list_decided(fold(read_events(store.casebook.read())))
    found = tuple(_measure(score, rings, decided) for score in STEPS)
    sure = [each.score for each in found if each.low is not None and each.low >= least_share]
    feasible = [each.score for each in found if each.minutes <= budget_minutes]
    return Tuning(found, min(sure, default=None), min(feasible, default=None))


def list_decided(state: State) -> list[tuple[float, bool]]:
    """The scores of rings when people decided about all of each, and whether they confirmed it."""
    return [
        (event.seen.score, event.word == "confirmed")
        for event in state.rings.values()
        if event.seen is not None and event.seen.score is not None and event.word != "watch"
    ]


def _measure(score: float, rings: Sequence[tuple[float, float]], decided: Sequence[tuple[float, bool]]) -> Threshold:
    minutes = [took for found, took in rings if found >= score]
    hits = [is_hit for found, is_hit in decided if found >= score]
    low, high = find_interval(sum(hits), len(hits)) if hits else (None, None)
    share = sum(hits) / len(hits) if hits else None
    return Threshold(score, len(minutes), round(sum(minutes), 1), len(hits), sum(hits), share, low, high)
