"""A plan is applied, exactly as it is, or refused; and undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from detection.measures.plan import Plan, PlanTerms, find_bound, find_exceeded
from detection.measures.policy import BOUNDS
from graph.casebook.events import LONGEST_REASON, read_events
from graph.casebook.fold import fold
from graph.errors import ConfigError, PlanMovedError, PlanTooLargeError, UnknownIdError
from graph.measures.events import MeasureEvent, add_events
from graph.measures.fold import Measures, fold_measures
from graph.queries.ids import pick_nearest, say_unknown

if TYPE_CHECKING:
    from graph.stores.protocol import GraphStore

_MOVED = {
    "facts": "facts were loaded",
    "run_id": "there is another run",
    "policy": "the policy is another one",
    "decisions": "people decided",
    "measures": "measures were applied or undone",
}
"""What a part of what a plan is bound to says when it has moved."""


@dataclass(frozen=True)
class Actor:
    """Who does something, and why."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        """Refuse a reason that is none, or longer than anybody reads."""
        if not self.reason.strip() or len(self.reason) > LONGEST_REASON:
            raise ConfigError(f"say why, in up to {LONGEST_REASON:,} characters: --reason 'the bank confirmed it'")


@dataclass(frozen=True)
class Applied:
    """What was done: the events; none, where it had been done before."""

    plan_id: str
    events: tuple[MeasureEvent, ...]
    was_before: bool = False


def apply_plan(
    store: GraphStore, plan: Plan, terms: PlanTerms, actor: Actor, *, despite: Collection[str] = ()
) -> Applied:
    """Do what a plan says, all of it or nothing.

    Parameters
    ----------
    store
        The store for which it was made, open for reading.
    plan, terms
        The plan, and the policy in force.
    actor
        Who does it.
    despite
        Which bounds of the policy it may go beyond.

    Raises
    ------
    PlanMovedError
        If something that it is bound to has moved, or it is too old.
    PlanTooLargeError
        If it touches more than the policy allows.
    """
    done: list[bool] = []

    def say(known: Sequence[MeasureEvent]) -> list[dict[str, Any]]:
        measures = fold_measures(known)
        done[:] = [_was_applied(measures, plan)]
        if done[0]:
            return []
        _require_still(store, plan, terms, measures)
        _require_bounded(plan, terms, despite)
        return _list_events(plan, actor) if plan.changes else []

    events = add_events(store.measures, say, at=terms.at)
    return Applied(plan.plan_id, events, was_before=done[-1])


def _was_applied(measures: Measures, plan: Plan) -> bool:
    if plan.plan_id in measures.undone:
        undone = measures.undone[plan.plan_id]
        raise PlanMovedError(
            f"plan {plan.plan_id} was undone by {undone.by} on {undone.at:%Y-%m-%d}; make another one:"
            " ringfence plan --again"
        )
    return plan.plan_id in measures.plans


def _require_still(store: GraphStore, plan: Plan, terms: PlanTerms, measures: Measures) -> None:
    state = fold(read_events(store.casebook.read()))
    now = find_bound(store, terms, state=state, measures=measures)
    hours = (terms.at - plan.made_at).total_seconds() / 3600
    if hours > terms.policy.plan_hours:
        raise PlanMovedError(
            f"plan {plan.plan_id} was made {hours:,.0f} hours ago, and holds for {terms.policy.plan_hours:g};"
            " nothing was changed: make it anew with `ringfence plan`"
        )
    moved = [words for name, words in _MOVED.items() if getattr(plan.bound, name) != getattr(now, name)]
    if moved:
        raise PlanMovedError(
            f"since plan {plan.plan_id} was made {', '.join(moved)}; nothing was changed: make it anew with"
            " `ringfence plan`"
        )


def _require_bounded(plan: Plan, terms: PlanTerms, despite: Collection[str]) -> None:
    for name in despite:
        if name not in BOUNDS:
            raise ConfigError(f"--despite {name!r} is no bound; they are {', '.join(BOUNDS)}")
    beyond = {name: said for name, said in find_exceeded(plan.touches, terms.policy).items() if name not in despite}
    if beyond:
        words = " ".join(f"--despite {name}" for name in beyond)
        raise PlanTooLargeError(
            f"plan {plan.plan_id} touches {'; '.join(beyond.values())}: nothing was changed. If that is meant: {words}"
        )


def _list_events(plan: Plan, actor: Actor) -> list[dict[str, Any]]:
    said = {"by": actor.by, "batch": plan.plan_id, "run_id": plan.bound.run_id}
    head = {"kind": "applied", "subject": "plan", "subject_id": plan.plan_id, "reason": actor.reason}
    head |= {"bound": msgspec.to_builtins(plan.bound)}
    changes = [
        {name: getattr(each, name) for name in ("kind", "subject", "subject_id", "measure", "until", "before", "tier")}
        | {"rings": each.rings, "reason": each.why, **said}
        for each in plan.changes
    ]
    return [head | said, *changes]


def undo_plan(store: GraphStore, wanted: str, terms: PlanTerms, actor: Actor) -> Applied:
    """Take back what a plan did: what held before holds again, as far as it has not ended.

    Parameters
    ----------
    store
        Where it was applied.
    wanted
        The plan, or a run: the last plan, of those that rest on it, that was not undone.
    terms
        For the time.
    actor
        Who takes it back.

    Raises
    ------
    UnknownIdError
        If no such plan was applied.
    ConfigError
        If it was undone before.
    """
    undone_ids: list[str] = []

    def say(known: Sequence[MeasureEvent]) -> list[dict[str, Any]]:
        measures = fold_measures(known)
        plan_id = _find_plan(measures, wanted)
        undone_ids[:] = [plan_id]
        if plan_id in measures.undone:
            undone = measures.undone[plan_id]
            raise ConfigError(f"plan {plan_id} was undone before, by {undone.by} on {undone.at:%Y-%m-%d}")
        head = {"kind": "undone", "subject": "plan", "subject_id": plan_id}
        return [head | {"by": actor.by, "reason": actor.reason, "batch": plan_id}]

    events = add_events(store.measures, say, at=terms.at)
    return Applied(undone_ids[-1], events)


def _find_plan(measures: Measures, wanted: str) -> str:
    """The plan of an id, or the last one of a run that was not undone."""
    if wanted in measures.plans:
        return wanted
    of_run = [plan_id for plan_id, event in measures.plans.items() if event.run_id == wanted]
    standing = [plan_id for plan_id in of_run if plan_id not in measures.undone]
    if of_run:
        return (standing or of_run)[-1]
    runs = {event.run_id for event in measures.plans.values() if event.run_id is not None}
    raise UnknownIdError(say_unknown("plan that was applied", wanted, pick_nearest(wanted, {*measures.plans, *runs})))
