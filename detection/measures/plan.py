"""A plan: what would change, what it touches, and what it is bound to; its file, and its being made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from detection.casework.heard import choose_heard
from detection.measures.changes import Change, find_changes
from detection.measures.fairness import read_segments
from detection.measures.policy import Bound as BoundName
from detection.measures.policy import MeasurePolicy
from detection.measures.wanted import list_once_cleared, want_measures
from detection.policy import Policy
from graph.casebook.events import read_events as read_casebook
from graph.casebook.fold import State, fold
from graph.errors import ConfigError
from graph.files import read_bounded
from graph.measures.events import Instant, MeasureEvent, read_events
from graph.measures.fold import Measures, fold_measures
from graph.queries.asking import ask
from graph.queries.flagged import count_touched, list_flagged
from graph.queries.runs import find_stored_run

if TYPE_CHECKING:
    from graph.casebook.book import Casebook
    from graph.stores.protocol import GraphStore

FORMAT = 1
"""Of the file of a plan."""
LARGEST_PLAN = 1 << 30
"""Bytes."""
_AUTHORS = "MATCH (a:Account)-[:WROTE]->(r:Review) WHERE r.review_id IN $ids RETURN DISTINCT a.account_id AS account_id"


class Bound(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan is bound to: where one of these has moved, it is not applied.

    Attributes
    ----------
    facts
        The mark of the facts.
    run_id
        The latest run.
    policy
        A checksum of the policy in force.
    decisions
        One of the decisions that stand.
    measures
        The last event of the book of measures.
    """

    facts: str
    run_id: str
    policy: str
    decisions: str
    measures: str


class Touches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan touches: accounts, of how many, reviews, orders of the accounts, and the money in these."""

    accounts: int
    of_accounts: int
    reviews: int
    orders: int
    money: dict[str, float]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would change.

    Attributes
    ----------
    plan_id
        ``P`` and a checksum of everything else.
    made_at
        When (UTC).
    bound
        What it rests on.
    changes
        What `apply` does, exactly.
    waiting
        What a run leaves to a person, and `apply` does not do either.
    stopped
        What a person has undone, and is left out until somebody asks for it: why, who and when, by account or review.
    touches
        What the changes touch.
    """

    plan_id: str
    made_at: Instant
    bound: Bound
    changes: tuple[Change, ...]
    waiting: tuple[Change, ...]
    stopped: tuple[str, ...]
    touches: Touches
    format: int = FORMAT


@dataclass(frozen=True)
class PlanTerms:
    """How a plan is to be made.

    Attributes
    ----------
    policy, detect
        The policy of measures, and the rules that make tiers.
    at
        Now (UTC).
    unseen
        Whether only to plan what a run may do by itself; the rest waits.
    again
        Whether to plan also what a person has undone.
    """

    policy: MeasurePolicy
    detect: Policy
    at: datetime
    unseen: bool = False
    again: bool = False


class Books(Protocol):
    """Where people decide, and where what is done is kept."""

    @property
    def casebook(self) -> Casebook:
        """Of decisions."""

    @property
    def measures(self) -> Casebook:
        """Of measures."""


def make_plan(store: GraphStore, terms: PlanTerms, *, books: Books | None = None) -> Plan:
    """Work out what would change.

    Parameters
    ----------
    store
        What the latest run found.
    terms
        How to plan.
    books
        Whose decisions and measures count; the store's own otherwise.

    Raises
    ------
    RingfenceError
        If there is no run yet.
    """
    kept = books or store
    state, measures = fold(read_casebook(kept.casebook.read())), fold_measures(read_events(kept.measures.read()))
    segments = read_segments(store, state)
    wanted = want_measures(
        list_flagged(store, find_stored_run(store).run_id),
        terms.policy,
        at=terms.at,
        cleared=list_once_cleared(state),
        segments=segments,
    )
    in_force = measures.list_in_force(terms.at)
    parts = _part(find_changes(in_force, wanted, at=terms.at, renew_days=terms.policy.renew_days), measures, terms)
    touches = _count(store, parts["changes"], sum(segments.sizes.values()))
    bound = find_bound(store, terms, state=state, measures=measures)
    said = parts | {"stopped": tuple(_say_stopped(each, measures.stopped[each.key]) for each in parts["stopped"])}
    return name_plan(Plan(plan_id="", made_at=terms.at, bound=bound, touches=touches, **said))


def _part(found: Iterable[Change], measures: Measures, terms: PlanTerms) -> dict[str, Any]:
    """What is done, what waits for a person, and what a person has stopped."""
    parts: dict[str, list[Change]] = {"changes": [], "waiting": [], "stopped": []}
    for change in found:
        is_stopped = change.key in measures.stopped and not terms.again
        waits = terms.unseen and bool(change.needs_person)
        parts["stopped" if is_stopped else "waiting" if waits else "changes"].append(change)
    return {name: tuple(changes) for name, changes in parts.items()}


def find_bound(store: GraphStore, terms: PlanTerms, *, state: State, measures: Measures) -> Bound:
    """What a plan that is made now would be bound to."""
    return Bound(
        facts=store.mark_facts(),
        run_id=find_stored_run(store).run_id,
        policy=terms.policy.digest(terms.detect),
        decisions=str(choose_heard(state, terms.at).record()["sha256"]),
        measures=measures.head,
    )


def _say_stopped(change: Change, undone: MeasureEvent) -> str:
    what = f"{change.subject} {change.subject_id}: {change.measure or 'nothing'}"
    return f"{what}; undone by {undone.by} on {undone.at:%Y-%m-%d}: {' '.join(undone.reason.split())[:200]}"


def _count(store: GraphStore, changes: tuple[Change, ...], of_accounts: int) -> Touches:
    accounts = {each.subject_id for each in changes if each.subject == "account"}
    reviews = sorted(each.subject_id for each in changes if each.subject == "review")
    if reviews:
        accounts |= {row["account_id"] for row in ask(store, _AUTHORS, ids=reviews)}
    found = count_touched(store, accounts)
    return Touches(
        accounts=found.accounts,
        of_accounts=of_accounts,
        reviews=len(reviews),
        orders=found.orders,
        money=dict(found.money),
    )


def find_exceeded(touches: Touches, policy: MeasurePolicy) -> dict[BoundName, str]:
    """Which bounds of the policy a plan goes beyond, each with what it touches."""
    share = touches.accounts / touches.of_accounts if touches.of_accounts else 0.0
    largest = max(touches.money.values(), default=0.0)
    exceeded: dict[BoundName, str] = {}
    if touches.accounts > policy.most_accounts:
        exceeded["most_accounts"] = f"{touches.accounts:,} accounts, more than {policy.most_accounts:,}"
    if share > policy.most_share and touches.accounts > 1:
        exceeded["most_share"] = f"{share:.1%} of all accounts, more than {policy.most_share:.1%}"
    if policy.most_money and largest > policy.most_money:
        exceeded["most_money"] = f"orders of {largest:,.2f}, more than {policy.most_money:,.2f}"
    return exceeded


def name_plan(plan: Plan) -> Plan:
    """The plan with its id."""
    fields = {name: value for name, value in msgspec.to_builtins(plan).items() if name != "plan_id"}
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True, allow_nan=False).encode()).hexdigest()
    return msgspec.structs.replace(plan, plan_id=f"P{digest[:20]}")


def write_plan(plan: Plan) -> bytes:
    """The file of a plan: JSON, in an order that does not change."""
    return (json.dumps(msgspec.to_builtins(plan), indent=1, sort_keys=True, allow_nan=False) + "\n").encode("ascii")


def read_plan(path: Path) -> Plan:
    """A plan from its file.

    Raises
    ------
    ConfigError
        If it cannot be read, is no plan, or was changed since it was made.
    """
    try:
        fields: dict[str, Any] = msgspec.json.decode(read_bounded(path, LARGEST_PLAN), type=dict)
        if fields.get("format") != FORMAT:
            raise ConfigError(f"{path} is no plan that this Ringfence can read; make it anew: ringfence plan -o {path}")
        plan = msgspec.convert(fields, Plan)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, ConfigError) else ConfigError(f"{path} is no plan: {error}") from error
    plan = msgspec.structs.replace(plan, made_at=plan.made_at.astimezone(UTC))
    if name_plan(plan).plan_id != plan.plan_id:
        raise ConfigError(f"{path} was changed since it was made; make it anew: ringfence plan -o {path}")
    return plan
