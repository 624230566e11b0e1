"""One case on one page: its ring, what changed since somebody looked, what was noted, which others it is related to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from graph.casebook.events import Event
from graph.casebook.fold import State, say_decision
from graph.casework.appeals import OpenAppeal, list_appeals
from graph.casework.cases import Case
from graph.casework.seen import Sight, say_changes, see_ring
from graph.queries.answers import RingRecord
from graph.queries.asking import about_accounts, ask
from graph.queries.reviewed import ReviewingRing, find_reviewed
from graph.queries.rings import RING_RUNS, find_ring, list_members_of
from graph.queries.runs import find_latest_run
from graph.stores.protocol import GraphStore, Question

MOST_RINGS_OF_A_THING = 5
"""What members of more rings use says nothing of any two of them."""

_USES = "(a)-[:USES]->(t:Identifier)"
_OWN_THINGS = "DISTINCT t.kind AS kind, t.canonical AS name"
_RINGS = "DISTINCT a.account_id AS account_id, g.ring_id AS ring_id, g.run_id AS run_id"
_USERS = "DISTINCT t.kind AS kind, t.canonical AS name, g.ring_id AS ring_id, g.run_id AS run_id"


@dataclass(frozen=True)
class Note:
    """What somebody noted; ``is_public`` notes may be told to those whom the case is about."""

    at: datetime
    by: str
    text: str
    is_public: bool


@dataclass(frozen=True)
class Related:
    """Another ring with members or things in common, and what was decided of it."""

    case_id: str
    members: tuple[str, ...]
    things: tuple[str, ...]
    decided: str


@dataclass(frozen=True)
class CasePage:
    """A case on one page.

    ``changed`` says what is different since the last decision or claim, or else since the run before, or where the
    members of a ring are that is found no more; ``fresh`` who came since the decision.  ``proposes`` is what the
    program recommends, ``surer`` what it would need to be surer.  ``appeals`` of its members wait for an answer.
    """

    case_id: str
    status: str
    holder: str
    until: datetime | None
    decided: str
    changed: str
    fresh: tuple[str, ...]
    members: tuple[str, ...]
    money: float
    currency: str
    parts: tuple[str, ...]
    skipped: int
    notes: tuple[Note, ...]
    appeals: tuple[OpenAppeal, ...]
    related: tuple[Related, ...]
    proposes: str
    surer: str
    ring: ReviewingRing


def make_page(store: GraphStore, state: State, case: Case, *, surer: str, now: datetime) -> CasePage:
    """All about a case.

    Parameters
    ----------
    store, state
        What was found, and what was said.
    case
        Of the latest run, or of an earlier one.
    surer
        What the program would need to be surer, in words.
    now
        The instant, UTC.
    """
    assert case.ring is not None  # a case of the latest run
    ring, holder = find_reviewed(store, find_ring(store, case.ring.ring_id)), case.file.find_holder(now)
    latest = _name_latest(store)
    return CasePage(
        case_id=case.case_id,
        status=case.status,
        holder=holder.by if holder else "",
        until=_plain(holder.until) if holder and holder.until else None,
        decided=say_decision(case.decided) if case.decided else "",
        changed=_say_gone(store, case, latest) if case.status == "gone" else _say_changed(store, case, ring),
        fresh=case.fresh,
        members=tuple(each.account_id for each in case.members),
        money=case.money,
        currency=case.currency,
        parts=case.file.parts,
        skipped=len(case.file.skips),
        notes=tuple(Note(_plain(each.at), each.by, each.reason, each.is_public) for each in case.file.notes),
        appeals=tuple(each for each in list_appeals(state, now) if each.account_id in case.list_accounts()),
        related=tuple(_find_related(store, state, case, latest)),
        proposes="" if case.status == "gone" else case.ring.action,
        surer=surer,
        ring=ring,
    )


def _plain(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def _name_latest(store: GraphStore) -> str:
    run = find_latest_run(store)
    return run.run_id if run else ""


def _list_rings(store: GraphStore, account_ids: Iterable[str], run_id: str) -> dict[str, set[str]]:
    """Which of some accounts are in each ring of a run."""
    (rows,) = store.query_many([about_accounts("(a)-[:MEMBER_OF]->(g:Ring)", _RINGS, account_ids)])
    members: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["run_id"] == run_id:
            members[row["ring_id"]].add(row["account_id"])
    return members


def _say_gone(store: GraphStore, case: Case, run_id: str) -> str:
    """Where the members of a ring are that the latest run does not find."""
    mine = [each.account_id for each in case.members]
    found = sorted((-len(ids), ring_id) for ring_id, ids in _list_rings(store, mine, run_id).items())
    where = [f"{-n} of its {len(mine)} members are in ring {ring_id} now" for n, ring_id in found]
    return f"the latest run finds no such ring; {', '.join(where) or 'its members are in no ring'}"


def _say_changed(store: GraphStore, case: Case, ring: RingRecord) -> str:
    """What is different since somebody last decided about the ring, or claimed it; or else since the run before."""
    said = [event for event in (case.decided, case.file.claim) if event is not None and event.seen is not None]
    if not said:
        return _say_changed_since_run(store, ring)
    last = max(said, key=lambda event: (event.turn, event.at))
    changes = say_changes(_see(last), see_ring(ring))
    return f"since {last.kind} by {last.by} on {last.at:%Y-%m-%d}: {changes or 'nothing'}"


def _say_changed_since_run(store: GraphStore, ring: RingRecord) -> str:
    runs = [row["run_id"] for row in ask(store, RING_RUNS, ring_id=ring.summary.ring_id)]
    before = runs[runs.index(ring.summary.run_id) + 1 :]
    if not before:
        return ""
    changes = say_changes(see_ring(find_ring(store, ring.summary.ring_id, run_id=before[0])), see_ring(ring))
    return f"since {before[0]}: {changes or 'nothing'}"


def _see(event: Event) -> Sight:
    assert event.seen is not None  # looked at before
    return Sight("ring", event.subject_id, event.seen, tuple(each.account_id for each in event.seen.members))


def _find_related(store: GraphStore, state: State, case: Case, run_id: str) -> Iterator[Related]:
    """Rings of the latest run, and rings that were decided about, with members or things in common."""
    assert case.ring is not None  # a case that a run found
    own = case.ring.ring_id
    mine = {each.account_id for each in case.members} | {*list_members_of(store, own, run_id=case.ring.run_id)}
    members = _list_rings(store, mine, run_id)
    (things,) = store.query_many([about_accounts(_USES, _OWN_THINGS, mine)])
    for ring_id, event in state.rings.items():
        if event.seen:
            members[ring_id] |= {each.account_id for each in event.seen.members} & mine
    shared = _share_things(store, run_id, own, {(row["kind"], row["name"]) for row in things})
    for ring_id in sorted((members.keys() | shared.keys()) - {own}):
        common = tuple(sorted(members[ring_id]))
        if common or shared.get(ring_id):
            said = state.rings.get(ring_id)
            yield Related(ring_id, common, shared.get(ring_id, ()), say_decision(said, longest=40) if said else "")


def _share_things(
    store: GraphStore, run_id: str, own: str, things: set[tuple[str, str]]
) -> Mapping[str, tuple[str, ...]]:
    """By ring, what its members and those of one's own use, and members of few other rings."""
    names, way = sorted({name for _, name in things}), "(t)<-[:USES]-(:Account)-[:MEMBER_OF]->(g:Ring)"
    (rows,) = store.query_many([Question("(t:Identifier)", "t.canonical", _USERS, names, way)])
    rings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["run_id"] == run_id and (row["kind"], row["name"]) in things:
            rings[row["kind"], row["name"]].add(row["ring_id"])
    shared: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for (kind, name), users in sorted(rings.items()):
        if len(users) <= MOST_RINGS_OF_A_THING:
            for ring_id in users - {own}:
                shared[ring_id] += (f"{kind} {name}",)
    return shared
