"""What a run's flags ask for, and for which of them no run acts by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from detection.measures.changes import Wanted
from detection.measures.fairness import Segments, find_unfair
from detection.measures.policy import HARMLESS, MeasurePolicy
from graph.casebook.fold import State
from graph.measures.events import Key
from graph.queries.flagged import Flagged


def want_measures(
    flags: Iterable[Flagged],
    policy: MeasurePolicy,
    *,
    at: datetime,
    cleared: Collection[str],
    segments: Segments,
) -> dict[Key, Wanted]:
    """What the policy recommends for each flag.

    Parameters
    ----------
    flags
        Of one run.
    policy
        Which flag asks for what.
    at
        From when on (UTC).
    cleared
        Accounts that a person has cleared at any time.
    segments
        What is known of the segments of the market.
    """
    chosen = [(flag, measure) for flag in flags if (measure := policy.choose(flag)) is not None]
    unfair = find_unfair(chosen, segments, policy)
    return {
        flag.key: Wanted(
            measure=measure,
            until=at + timedelta(days=policy.find_terms(measure).days),
            tier=flag.tier,
            why=flag.reason,
            rings=flag.rings,
            needs_person="" if measure in HARMLESS else say_bar(flag, policy, cleared=cleared, unfair=unfair),
        )
        for flag, measure in chosen
    }


def list_once_cleared(state: State) -> frozenset[str]:
    """Accounts that a person has cleared at any time, whatever was said of them since."""
    events = [event for event in state.said if event.word == "cleared"]
    return frozenset(
        account for event in events for account in (event.accounts if event.subject == "ring" else (event.subject_id,))
    )


def say_bar(flag: Flagged, policy: MeasurePolicy, *, cleared: Collection[str], unfair: Mapping[str | None, str]) -> str:
    """Why no run acts on a flag by itself; empty where one may."""
    if policy.once_cleared and flag.subject == "account" and flag.subject_id in cleared:
        return "a person has cleared it before"
    if flag.segment in unfair:
        return unfair[flag.segment]
    if flag.strength < policy.interdict_score:
        return f"its score of {flag.strength:.2f} is below interdict_score, {policy.interdict_score:g}"
    return _say_weak_ring(flag, policy)


def _say_weak_ring(flag: Flagged, policy: MeasurePolicy) -> str:
    """What the ring of a flag lacks; a review may be by nobody in a ring."""
    if flag.net_bits is None or flag.channels is None:
        return "it is in no ring" if flag.subject == "account" else ""
    if flag.channels < policy.least_channels:
        return f"its ring shows evidence in {flag.channels} of {policy.least_channels} channels"
    if flag.net_bits < policy.least_net_bits:
        return f"an innocent explanation lacks {flag.net_bits:.1f} bits of {policy.least_net_bits:g}"
    if flag.tie_bits is not None and flag.tie_bits < policy.weakest_tie_bits:
        return f"one weak link: it is tied by {flag.tie_bits:.1f} bits of {policy.weakest_tie_bits:g}"
    return ""
