"""Rings after people were heard: who is named no more, which ring stays away, and which comes back, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, replace

from detection.casework.heard import Heard
from detection.evidence.judge import Assessment
from detection.policy import Policy
from detection.rings.build import build_rings
from detection.rings.ids import keep_ring_ids
from detection.scores import MemberVerdict, judge_members
from detection.search import search_without
from detection.tiers import ACTIONS, CONFIRMED_ACTION
from graph.casebook.events import Event
from graph.casebook.fold import say_decision
from graph.lineage import Rings
from graph.results import Ring
from graph.vocabulary import TIERS

_FREED = ("cleared", "dismissed")
"""No ring may name whom these were said of, until new evidence overtakes it."""


@dataclass(frozen=True)
class SettledRings:
    """The rings that are told, and what to note of those that are not, or that are back."""

    rings: tuple[Ring, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToldRings:
    """The rings that are told.

    ``alone`` are the verdicts on their members as evidence alone has them, where people said something of accounts;
    ``heard`` is what was heard, without verdicts that new evidence has overtaken.
    """

    rings: tuple[Ring, ...]
    notes: tuple[str, ...]
    heard: Heard
    alone: Mapping[str, MemberVerdict]


def tell_rings(assessment: Assessment, heard: Heard, earlier: Rings) -> ToldRings:
    """The rings that stand, with the ids that they had, after people were heard.

    Parameters
    ----------
    assessment
        Of the groups whose evidence stands.
    heard
        What people said.
    earlier
        What ties the members of each ring of the run before, by ring id.
    """
    policy = assessment.market.policy
    found = keep_decided_ids(build_rings(assessment), earlier, heard)
    if not heard.event_ids:
        return ToldRings(found, (), heard, {})
    back = find_overtaken(found, heard, policy)
    kept = {account_id: event for account_id, event in heard.accounts.items() if account_id not in back}
    freed = frozenset(account_id for account_id, event in kept.items() if event.word in _FREED)
    named = {member.account_id for ring in found for member in ring.members}
    narrow = keep_decided_ids(_leave_out(assessment, freed & named), earlier, heard) if freed & named else found
    settled = settle_rings(narrow, heard, policy)
    notes = (*note_heard(heard), *settled.notes)
    return ToldRings(settled.rings, notes, replace(heard, accounts=kept), judge_members(found, policy))


def keep_decided_ids(rings: Sequence[Ring], earlier: Rings, heard: Heard) -> tuple[Ring, ...]:
    """Give each ring the id that it had in the run before, or else when somebody decided about it.

    Parameters
    ----------
    rings
        This run's, best first.
    earlier
        What ties the members of each ring of the run before, by ring id.
    heard
        For the rings that stayed away since they were dismissed, or were not found for a while.
    """
    kept = keep_ring_ids(rings, earlier)
    taken = {ring.ring_id for ring in kept}
    away = {ring_id: members for ring_id, members in list_earlier(heard).items() if ring_id not in taken}
    back = iter(keep_ring_ids([ring for ring in kept if ring.ring_id not in earlier], away))
    return tuple(ring if ring.ring_id in earlier else next(back) for ring in kept)


def _leave_out(assessment: Assessment, account_ids: frozenset[str]) -> tuple[Ring, ...]:
    """The rings that stand without some accounts."""
    ids = assessment.market.snapshot.account_id.tolist()
    rows = frozenset(row for row, account_id in enumerate(ids) if account_id in account_ids)
    return build_rings(search_without(assessment, rows), rows)


def list_earlier(heard: Heard) -> Rings:
    """The rings that were decided about, as they were then, so that one that stayed away keeps its id."""
    seen = {ring_id: event.seen.members for ring_id, event in heard.rings.items() if event.seen}
    return {ring_id: {each.account_id: each.bits for each in members} for ring_id, members in seen.items()}


def find_overtaken(rings: Iterable[Ring], heard: Heard, policy: Policy) -> frozenset[str]:
    """The accounts that were dismissed, and are tied to others by ``reopening_bits`` more than they were then."""
    tie: dict[str, float] = {}
    for ring in rings:
        for member in ring.members:
            tie[member.account_id] = max(tie.get(member.account_id, 0.0), member.bits)
    return frozenset(
        account_id
        for account_id, event in heard.accounts.items()
        if event.word == "dismissed"
        and tie.get(account_id, 0.0) - find_seen_tie(event, account_id) >= policy.reopening_bits
    )


def find_seen_tie(event: Event, account_id: str) -> float:
    """By how many bits an account was tied to others when something was said of it; 0 where it was in no ring."""
    members = event.seen.members if event.seen else ()
    return max((each.bits for each in members if each.account_id == account_id), default=0.0)


def settle_rings(rings: Sequence[Ring], heard: Heard, policy: Policy) -> SettledRings:
    """Leave out the rings that were dismissed and show nothing new, and lower those that are only to be watched.

    Parameters
    ----------
    rings
        With the ids that they keep, without the accounts that none may name.
    heard
        What people said.
    policy
        For ``reopening_bits``.
    """
    told: list[Ring] = []
    notes: list[str] = []
    for ring in rings:
        dismissals = list(_list_dismissals(ring, heard))
        new = measure_new_bits(ring, dismissals)
        if dismissals and new < policy.reopening_bits:
            notes.append(_say_away(ring, dismissals[0], new, policy))
            continue
        if dismissals:
            notes.append(f"ring {ring.ring_id} is back, {new:.0f} bits beyond what was {say_decision(dismissals[0])}")
        told.append(_heed(ring, heard.rings.get(ring.ring_id)))
    # What a person lowered is told among what is watched.
    return SettledRings(tuple(sorted(told, key=lambda ring: -TIERS.index(ring.tier))), tuple(notes))


def measure_new_bits(ring: Ring, dismissals: Iterable[Event]) -> float:
    """The evidence of a ring beyond what there was when it, or parts of it, were dismissed, in bits.

    Channel by channel, so that what went away does not hide what came; less what more is taken off for innocent
    explanations and for the search.
    """
    before: dict[str, float] = {}
    taken_before = 0.0
    for event in dismissals:
        assert event.seen is not None  # see _list_dismissals
        shown = {each.channel: each.bits for each in event.seen.evidence}
        before = {name: before.get(name, 0.0) + shown.get(name, 0.0) for name in before.keys() | shown.keys()}
        taken_before += sum(shown.values()) - (event.seen.net_bits or 0.0)
    now = {each.channel: each.bits for each in ring.evidence}
    taken = sum(now.values()) - ring.net_bits
    grown = sum(max(0.0, bits - before.get(name, 0.0)) for name, bits in now.items())
    return grown - max(0.0, taken - taken_before)


def _list_dismissals(ring: Ring, heard: Heard) -> Iterator[Event]:
    """What was dismissed of a ring, the latest first: two members at the least, and half of the smaller of the two, or
    under the same id.

    Dismissals that are about the same people count once.
    """
    members = {member.account_id for member in ring.members}
    counted: set[str] = set()
    said = [event for event in heard.rings.values() if event.word == "dismissed" and event.seen]
    for event in sorted(said, key=lambda each: (each.turn, each.at, each.event_id), reverse=True):
        seen = _list_seen(event)
        common = members & seen
        is_same = ring.ring_id == event.subject_id or 2 * len(common) >= min(len(members), len(seen))
        if len(common) >= 2 and is_same and len(common & counted) < 2:
            counted |= common
            yield event


def _list_seen(event: Event) -> set[str]:
    return {each.account_id for each in event.seen.members} if event.seen else set()


def _say_away(ring: Ring, event: Event, new: float, policy: Policy) -> str:
    return (
        f"ring {ring.ring_id} of {len(ring.members)} accounts stays away, {say_decision(event)};"
        f" {max(new, 0.0):.0f} bits are new, {policy.reopening_bits:g} bring it back"
    )


def _heed(ring: Ring, said: Event | None) -> Ring:
    """A ring as it is told that a person has decided about, and not dismissed."""
    if said is not None and said.word == "confirmed":
        return replace(ring, action=CONFIRMED_ACTION)
    return _lower(ring) if said is not None and said.word == "watch" else ring


def _lower(ring: Ring) -> Ring:
    if TIERS.index(ring.tier) <= TIERS.index("watch"):
        return ring
    return replace(ring, tier="watch", action=ACTIONS["watch"])


def note_heard(heard: Heard) -> tuple[str, ...]:
    """How much a run heeded, in one line; nothing where it heard nothing."""
    parts: tuple[tuple[str, Sized], ...] = (
        ("account", heard.accounts),
        ("ring", heard.rings),
        ("review", heard.reviews),
        ("ignored thing", heard.things),
    )
    said = [f"{len(part):,} {name}{'s' if len(part) > 1 else ''}" for name, part in parts if part]
    return (f"people were heard: decisions on {', '.join(said)}",) if said else ()
