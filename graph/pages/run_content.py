"""What a run's page shows, read from a store once; of the night that it was part of, what is kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graph.lineage import RingChange
from graph.pictures.flow import Flow, count_changes, draw_flow
from graph.pictures.masks import Masks, list_identifiers
from graph.pictures.tiles import Tile, draw_tile
from graph.queries.activity import ActiveRing, find_activity
from graph.queries.answers import RingSummary, RunSummary
from graph.queries.asking import ask
from graph.queries.decided import read_decided
from graph.queries.lineage import RunDiff, diff_runs, list_live_runs
from graph.queries.overview import Overview, look_over
from graph.queries.rings import find_ring, list_rings
from graph.queries.runs import find_latest_run, find_stored_run
from graph.stores.protocol import GraphStore

MOST_TILES = 60
"""So many rings are drawn, the strongest; the others are a line each."""
MOST_RUNS = 12
_DISCOVERY, _PLACEHOLDERS = "rewired copies of the market", "placeholders link nobody"

_USED_IN = """MATCH (g:Ring)<-[:MEMBER_OF]-(a:Account)-[:USES]->(i:Identifier) WHERE g.ring_id IN $ring_ids
RETURN DISTINCT i.kind AS kind, i.canonical AS canonical, i.value AS value"""


@dataclass(frozen=True)
class RingTile:
    """A ring of the list: its figures, when it was at work, and its small picture, if it has one."""

    ring: ActiveRing
    tile: Tile | None
    happened: str


@dataclass(frozen=True)
class TableRecord:
    """What became of the rows of a table that a night loaded."""

    name: str
    read: int
    added: int
    changed: int
    unchanged: int
    removed: int
    rejected: int


@dataclass(frozen=True)
class RejectRecord:
    """Why rows of a table were rejected, without what was in them, and how many."""

    table: str
    reason: str
    rows: int


@dataclass(frozen=True)
class StepRecord:
    """A step of a night, and how long it took; ``is_skipped`` where there was nothing to do."""

    name: str
    seconds: float
    is_skipped: bool


@dataclass(frozen=True)
class CheckRecord:
    """A check of a night: what was measured, in words, and whether it held."""

    name: str
    words: str
    has_passed: bool


@dataclass(frozen=True)
class NightRecord:
    """The night that a run was part of: what it loaded, refused and checked, and what each step took."""

    number: int
    state: str
    tables: tuple[TableRecord, ...]
    steps: tuple[StepRecord, ...]
    checks: tuple[CheckRecord, ...]
    rejects: tuple[RejectRecord, ...] = ()


@dataclass(frozen=True)
class RunFacts:
    """All that is known of a run for its page; ``before`` is None for the first run, and one of the past."""

    run: RunSummary
    before: RunSummary | None
    is_latest: bool
    rings: tuple[RingTile, ...]
    changes: tuple[RingChange, ...]
    flow: Flow | None
    overview: Overview
    history: tuple[RunSummary, ...]
    silent: tuple[str, ...]
    notes: tuple[str, ...]
    discovery: str
    night: NightRecord | None
    is_masked: bool

    @property
    def happened(self) -> Mapping[str, int]:
        """How many rings each thing happened to since the run before."""
        return count_changes(self.changes)

    @property
    def drawn(self) -> Sequence[RingTile]:
        """The rings that have a picture."""
        return [each for each in self.rings if each.tile is not None]


@dataclass(frozen=True)
class RunAsked:
    """How the page of a run is wanted.

    Attributes
    ----------
    channels
        The channels that the run looked at: those that show in no ring are silent.
    night
        What is kept of its night; None where it was part of none.
    is_masked
        Whether identifiers are hidden.
    """

    channels: Sequence[str] = ()
    night: NightRecord | None = None
    is_masked: bool = True


def read_run(store: GraphStore, run_id: str | None, asked: RunAsked) -> RunFacts:
    """Everything for the page of a run, the latest if none is named.

    Raises
    ------
    UnknownIdError
        If there is no such run.
    """
    run, latest = find_stored_run(store, run_id), find_latest_run(store)
    is_latest = latest is not None and latest.run_id == run.run_id
    listed = list_rings(store, run_id=run.run_id)
    masks = find_masks(store, run, listed) if asked.is_masked else Masks()
    history = _list_history(store, run)
    diff = diff_runs(store, history[-2].run_id, run.run_id) if len(history) > 1 else _NOTHING
    overview = look_over(store, run, listed, is_latest=is_latest)
    rings = find_activity(store, [replace(each, decided=masks.hide(each.decided)) for each in listed])
    return RunFacts(
        run=run,
        before=history[-2] if diff.before else None,
        is_latest=is_latest,
        rings=tuple(_draw_rings(store, rings, diff.changes)),
        changes=diff.changes,
        flow=draw_flow(diff.changes, diff.overlaps) if diff.before else None,
        overview=overview,
        history=history,
        silent=_list_silent(asked.channels, overview),
        notes=tuple(_list_notes(run, masks, is_masked=asked.is_masked)),
        discovery=next((each for each in run.notes if each.startswith(_DISCOVERY)), ""),
        night=asked.night,
        is_masked=asked.is_masked,
    )


_NOTHING = RunDiff("", "", (), (), ())
"""Of a run that none was before."""


def _list_history(store: GraphStore, run: RunSummary) -> tuple[RunSummary, ...]:
    """The runs before it and itself at the end; alone, where it looked at the past."""
    live = list_live_runs(store, 10_000)
    place = next((at for at, each in enumerate(live) if each.run_id == run.run_id), None)
    return (run,) if place is None else tuple(live[max(0, place + 1 - MOST_RUNS) : place + 1])


def _list_silent(channels: Sequence[str], overview: Overview) -> tuple[str, ...]:
    shown = {each.channel for each in overview.channels}
    return tuple(each for each in channels if each not in shown)


def _list_notes(run: RunSummary, masks: Masks, *, is_masked: bool) -> Iterator[str]:
    for each in run.notes:
        if not each.startswith(_DISCOVERY):
            yield _hide(each, masks) if is_masked else each


def _draw_rings(store: GraphStore, rings: Sequence[ActiveRing], changes: Sequence[RingChange]) -> Sequence[RingTile]:
    happened = {each.ring_id: each.happened for each in changes}
    return [
        RingTile(
            ring,
            draw_tile(find_ring(store, ring.ring_id, run_id=ring.run_id)) if place < MOST_TILES else None,
            happened.get(ring.ring_id, ""),
        )
        for place, ring in enumerate(rings)
    ]


def find_masks(store: GraphStore, run: RunSummary, rings: Sequence[RingSummary]) -> Masks:
    """What hides the identifiers of those about whom people have said something that the page repeats."""
    said = [each.ring_id for each in rings if each.decided]
    said += [each for each in read_decided(store).state.rings if any(each in note for note in run.notes)]
    rows = ask(store, _USED_IN, ring_ids=sorted(set(said))) if said else []
    return Masks(list_identifiers((row["kind"], row["canonical"] or "", row["value"] or "") for row in rows))


def _hide(note: str, masks: Masks) -> str:
    """A note without identifiers: what is said of placeholders names them."""
    return note.partition(":")[0] if note.startswith(_PLACEHOLDERS) else masks.hide(note)
