"""Of which tier a flag would be under other thresholds, as far as what a run has kept can say.

A run keeps scores and probabilities, and not what else a tier rests on: whether an automatic flag was earned, and what
a ring would score without the trades among its members.  So a tier that falls is sure, and one that rises may not be.
"""

from __future__ import annotations

from dataclasses import dataclass

from detection.policy import Policy
from graph.queries.flagged import Flagged

THRESHOLDS = ("automatic_score", "review_score", "review_probability")
"""The rules of detection under which a kept flag can be judged again."""


@dataclass(frozen=True)
class Retiered:
    """A tier, and whether another run would surely give it."""

    tier: str
    is_sure: bool = True


def find_other_rules(now: Policy, then: Policy) -> list[str]:
    """The rules that differ, and of which a kept flag cannot say what they would move."""
    names = [name for name in Policy.__struct_fields__ if name not in THRESHOLDS]
    return [name for name in names if getattr(now, name) != getattr(then, name)]


def retier(flag: Flagged, now: Policy, then: Policy) -> Retiered:
    """The tier that a flag would have.

    Parameters
    ----------
    flag
        As a run left it.
    now, then
        The thresholds of that run, and others.
    """
    if all(getattr(now, name) == getattr(then, name) for name in THRESHOLDS):
        return Retiered(flag.tier)
    if flag.tier == "automatic":
        return _lower(flag, now, then)
    was_probable, is_probable = (_is_probable(flag, each) for each in (now, then))
    if flag.tier == "watch":
        rises = flag.score < now.review_score and flag.score >= then.review_score
        return Retiered("review", is_probable) if rises or (is_probable and not was_probable) else Retiered("watch")
    if flag.tier != "review" or not (flag.score >= now.review_score or was_probable):
        return Retiered(flag.tier)  # no score has made it, but who it is near to, or a person
    if flag.score < then.review_score and not is_probable:
        return Retiered("watch")
    may_rise = then.automatic_score < now.automatic_score and flag.score >= then.automatic_score
    return Retiered("review", not may_rise and (is_probable or then.review_score <= now.review_score))


def _lower(flag: Flagged, now: Policy, then: Policy) -> Retiered:
    """What becomes of an automatic flag: its score reached the threshold also without the trades among members."""
    if flag.score < now.automatic_score:
        return Retiered("automatic")  # a person has decided so
    if flag.score >= then.automatic_score:
        return Retiered("automatic", then.automatic_score <= now.automatic_score)
    if flag.score >= then.review_score or _is_probable(flag, then):
        return Retiered("review", then.review_score <= now.automatic_score or _is_probable(flag, then))
    return Retiered("watch")


def _is_probable(flag: Flagged, policy: Policy) -> bool:
    return flag.probability is not None and flag.probability >= policy.review_probability
