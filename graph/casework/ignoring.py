"""Things that link nobody from now on, because a person says so: a family's phone, a library's computer."""

from __future__ import annotations

from dataclasses import dataclass

from graph.casebook.events import Seen
from graph.casework.deciding import Fields, require_reason
from graph.errors import ConfigError, UnknownIdError
from graph.queries.asking import ask
from graph.queries.ids import pick_nearest, say_unknown
from graph.queries.runs import find_latest_run
from graph.settings import nearest_hint
from graph.stores.protocol import GraphStore

_THING = """MATCH (i:Identifier) WHERE i.kind = $kind AND (i.value = $value OR i.canonical = $value)
RETURN DISTINCT i.canonical AS canonical ORDER BY canonical"""
_USERS = """MATCH (a:Account)-[:USES]->(i:Identifier) WHERE i.kind = $kind AND i.canonical = $canonical
RETURN count(DISTINCT a) AS n"""
_RINGS = """MATCH (g:Ring)<-[:MEMBER_OF]-(a:Account)-[:USES]->(i:Identifier)
WHERE g.run_id = $run_id AND i.kind = $kind AND i.canonical = $canonical
RETURN g.ring_id AS ring_id, g.rank AS rank, count(DISTINCT a) AS n ORDER BY rank"""
_KINDS = "MATCH (i:Identifier) RETURN DISTINCT i.kind AS kind ORDER BY kind"
_NEAR = """MATCH (i:Identifier) WHERE i.kind = $kind AND i.value STARTS WITH $part
RETURN DISTINCT i.value AS value ORDER BY value LIMIT 300"""


@dataclass(frozen=True)
class SharedThing:
    """A thing, how many accounts use it, and the rings of the latest run of which two members or more do."""

    kind: str
    canonical: str
    accounts: int
    ring_ids: tuple[str, ...]
    run_id: str | None


def find_thing(store: GraphStore, kind: str, value: str) -> SharedThing:
    """A thing by its kind, and its value in any spelling that was loaded.

    Raises
    ------
    UnknownIdError
        If there is no such thing; the message names the nearest one.
    ConfigError
        If nothing is of this kind.
    """
    rows = ask(store, _THING, kind=kind, value=value)
    if not rows:
        _refuse(store, kind, value)
    named = {"kind": kind, "canonical": rows[0]["canonical"]}
    run = find_latest_run(store)
    rings = ask(store, _RINGS, run_id=run.run_id, **named) if run else []
    users = ask(store, _USERS, **named)[0]["n"]
    ring_ids = tuple(row["ring_id"] for row in rings if row["n"] > 1)
    return SharedThing(kind, rows[0]["canonical"], users, ring_ids, run.run_id if run else None)


def _refuse(store: GraphStore, kind: str, value: str) -> None:
    kinds = [row["kind"] for row in ask(store, _KINDS)]
    if kind not in kinds:
        there = ", ".join(kinds) or "no things at all"
        raise ConfigError(f"nothing is of the kind {kind!r}; there are {there}{nearest_hint(kind, kinds)}")
    near = [row["value"] for row in ask(store, _NEAR, kind=kind, part=value[: len(value) // 2])]
    raise UnknownIdError(say_unknown(kind, value, pick_nearest(value, near)))


def prepare_ignoring(thing: SharedThing, *, by: str, reason: str) -> Fields:
    """What says that a thing links nobody; or, with ``kind`` ``heeded``, that it links again."""
    require_reason(reason)
    seen = Seen(run_id=thing.run_id, ring_ids=thing.ring_ids)
    told = {"subject": "thing", "subject_id": thing.canonical, "thing_kind": thing.kind, "seen": seen}
    return {"kind": "ignored", **told, "by": by, "reason": reason}
