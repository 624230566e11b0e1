"""What became of rings from run to run, as a store knows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from graph.errors import UnknownIdError
from graph.lineage import Overlap, RingChange, Rings, find_overlaps, tell_changes
from graph.queries.answers import RunSummary
from graph.queries.asking import ask
from graph.queries.ids import find_nearest_id, say_unknown
from graph.queries.runs import find_stored_run, list_runs
from graph.stores.protocol import GraphStore

_TIES = """MATCH (g:Ring)<-[m:MEMBER_OF]-(a:Account) WHERE g.run_id = $run_id
RETURN g.ring_id AS ring_id, a.account_id AS account_id, m.bits AS bits"""
_LINKS = """MATCH (a:Account)-[l:LINKED]->(b:Account) WHERE l.ring_key IN $keys
RETURN l.ring_key AS ring_key, a.account_id AS one, b.account_id AS other, l.channel AS channel, l.bits AS bits,
l.via AS via ORDER BY bits DESC, one, other, channel, via"""
_EVERY_RUN_OF = "MATCH (g:Ring) WHERE g.ring_id = $ring_id RETURN g.run_id AS run_id"


@dataclass(frozen=True)
class Cause:
    """Who joined a ring, and the strongest link by which: another member, the channel, its bits, what they share."""

    ring_id: str
    account_id: str
    other_id: str
    channel: str
    bits: float
    via: str


@dataclass(frozen=True)
class RunDiff:
    """Two runs beside one another: what became of each ring, how all of them overlap, and what joined whom."""

    before: str
    after: str
    changes: tuple[RingChange, ...]
    overlaps: tuple[Overlap, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Chapter:
    """What happened to a ring in one run: when that finished, what happened, and of how many members it was then."""

    run_id: str
    finished_at: datetime | None
    happened: str
    size: int
    joined: tuple[str, ...]
    left: tuple[str, ...]
    others: tuple[str, ...]


def read_ties(store: GraphStore, run_id: str) -> Rings:
    """The rings of a run, and what ties each of their members."""
    rings: dict[str, dict[str, float]] = defaultdict(dict)
    for row in ask(store, _TIES, run_id=run_id):
        rings[row["ring_id"]][row["account_id"]] = row["bits"]
    return dict(rings)


def diff_runs(store: GraphStore, before_id: str, after_id: str) -> RunDiff:
    """What became of rings from one run to another.

    Raises
    ------
    UnknownIdError
        If there is no such run.
    """
    before_run, after_run = (find_stored_run(store, each) for each in (before_id, after_id))
    before, after = read_ties(store, before_run.run_id), read_ties(store, after_run.run_id)
    known = list_known_rings(store, before_run)
    changes = tell_changes(before, after, known=known)
    return RunDiff(
        before_run.run_id,
        after_run.run_id,
        changes,
        find_overlaps(before, after),
        tuple(_find_causes(store, after_run.run_id, changes)),
    )


def list_known_rings(store: GraphStore, run: RunSummary) -> frozenset[str]:
    """The ids of rings of runs before a run."""
    cypher = "MATCH (u:Run)-[:FOUND]->(g:Ring) WHERE u.sequence < $sequence RETURN DISTINCT g.ring_id AS ring_id"
    return frozenset(row["ring_id"] for row in ask(store, cypher, sequence=run.sequence))


def _find_causes(store: GraphStore, run_id: str, changes: Iterable[RingChange]) -> Iterable[Cause]:
    """By which link each new member of a ring that was there before came in; the strongest, if it has any."""
    joined = {f"{run_id}/{each.ring_id}": set(each.joined) for each in changes if each.before and each.joined}
    told: set[tuple[str, str]] = set()
    for row in ask(store, _LINKS, keys=sorted(joined)) if joined else ():
        for account, other in ((row["one"], row["other"]), (row["other"], row["one"])):
            place = (row["ring_key"], account)
            if account in joined[row["ring_key"]] and place not in told:
                told.add(place)
                ring_id = row["ring_key"].removeprefix(f"{run_id}/")
                yield Cause(ring_id, account, other, row["channel"], row["bits"], row["via"])


def list_live_runs(store: GraphStore, most: int) -> list[RunSummary]:
    """The latest runs, the first first; none that looked at the past."""
    return [each for each in reversed(list_runs(store)) if each.sequence][-most:]


def tell_history(store: GraphStore, ring_id: str) -> list[Chapter]:
    """What happened to a ring, run by run in which anything did, the latest first.

    Raises
    ------
    UnknownIdError
        If no run found such a ring.
    """
    if not ask(store, _EVERY_RUN_OF, ring_id=ring_id):
        raise UnknownIdError(say_unknown("ring", ring_id, find_nearest_id(store, "ring", ring_id)))
    chapters: list[Chapter] = []
    before: Rings = {}
    known: set[str] = set()
    for run in list_live_runs(store, 10_000):
        after = read_ties(store, run.run_id)
        told = [each for each in tell_changes(before, after, known=known) if ring_id in (each.ring_id, *each.others)]
        chapters += [_as_chapter(run, each, ring_id) for each in told if each.happened != "same"]
        known |= before.keys()
        before = after
    return chapters[::-1]


def _as_chapter(run: RunSummary, change: RingChange, ring_id: str) -> Chapter:
    """A change of the ring itself, or of another one that came from it or went into it."""
    is_own = change.ring_id == ring_id
    happened = change.happened if is_own else f"{change.ring_id} {change.happened}"
    others = change.others if is_own else ()
    return Chapter(run.run_id, run.finished_at, happened, change.after, change.joined, change.left, others)


@dataclass(frozen=True)
class LineageNode:
    """A ring in a run."""

    run_id: str
    ring_id: str
    size: int


@dataclass(frozen=True)
class LineageEdge:
    """Two rings of runs that follow one another, how many members they have in common, and how much that is."""

    run_id: str
    next_run_id: str
    before: str
    after: str
    members: int
    share: float


@dataclass(frozen=True)
class Lineage:
    """The rings of some runs, the first first, and how they go over into one another."""

    runs: tuple[str, ...]
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]


def trace_lineage(store: GraphStore, *, most: int, ring_id: str | None = None) -> Lineage:
    """How rings went over into one another in the latest runs; with ``ring_id`` only those that are joined to it."""
    runs = list_live_runs(store, most)
    rings = [(run.run_id, read_ties(store, run.run_id)) for run in runs]
    nodes = [LineageNode(run_id, each, len(ties[each])) for run_id, ties in rings for each in sorted(ties)]
    edges = [
        LineageEdge(run_id, next_id, each.before, each.after, each.members, each.share)
        for (run_id, before), (next_id, after) in pairwise(rings)
        for each in find_overlaps(before, after)
    ]
    if ring_id is not None:
        kept = _find_joined(edges, {(each.run_id, each.ring_id) for each in nodes if each.ring_id == ring_id})
        nodes = [each for each in nodes if (each.run_id, each.ring_id) in kept]
        edges = [each for each in edges if (each.run_id, each.before) in kept]
    return Lineage(tuple(run_id for run_id, _ in rings), tuple(nodes), tuple(edges))


def _find_joined(edges: Sequence[LineageEdge], kept: set[tuple[str, str]]) -> set[tuple[str, str]]:
    found = set(kept)
    while True:
        more = {
            end
            for each in edges
            for ends in [((each.run_id, each.before), (each.next_run_id, each.after))]
            if found & set(ends)
            for end in ends
        }
        if more <= found:
            return found
        found |= more
