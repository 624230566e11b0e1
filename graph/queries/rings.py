"""Rings: those of a run, and all that is kept of one."""

from __future__ import annotations

import json
from collections.abc import Sequence

from graph.casebook.fold import say_decision
from graph.errors import UnknownIdError
from graph.queries.answers import MemberRecord, RingRecord, RingSummary
from graph.queries.asking import VERDICT, Row, about_accounts, ask, leave_out, list_fields
from graph.queries.decided import SHORT, read_decided
from graph.queries.ids import find_nearest_id, pick_nearest, say_unknown
from graph.queries.runs import find_stored_run
from graph.queries.verdicts import find_verdicts
from graph.results import Evidence, InnocentReading, Party, RingLink
from graph.stores.protocol import GraphStore
from graph.stores.shape import NODES, RELATIONSHIPS, read_fields, say_returns

_INVOLVES = RELATIONSHIPS["INVOLVES"]

_RING = say_returns("g", NODES["Ring"], (each for each in list_fields(RingSummary) if each != "decided"))
_RING_FILTERS = {
    "ring_id": "g.ring_id = $ring_id",
    "kind": "g.kind = $kind",
    "tiers": "g.tier IN $tiers",
    "min_size": "g.size >= $min_size",
    "max_size": "g.size <= $max_size",
}
RING_RUNS = f"""MATCH (r:Run)-[:FOUND]->(g:Ring) WHERE g.ring_id = $ring_id
RETURN {_RING}, g.ring_key AS ring_key, r.sequence AS sequence, r.finished_at AS finished_at
ORDER BY sequence DESC, finished_at DESC, run_id"""
_MEMBERS = f"""MATCH (g:Ring {{ring_key: $ring_key}})<-[m:MEMBER_OF]-(a:Account)
RETURN {say_returns("a", NODES["Account"], ("account_id", *VERDICT))},
{say_returns("m", RELATIONSHIPS["MEMBER_OF"], ("role", "bits"))} ORDER BY role, bits DESC, account_id"""
_EVIDENCE = f"""MATCH (g:Ring {{ring_key: $ring_key}})-[:SHOWS]->(e:Evidence)
RETURN {say_returns("e", NODES["Evidence"], list_fields(Evidence))} ORDER BY bits DESC, channel"""
_LINKS = f"""MATCH (g:Ring {{ring_key: $ring_key}})<-[:MEMBER_OF]-(a:Account)-[l:LINKED]->(b:Account)
WHERE l.ring_key = $ring_key
RETURN DISTINCT a.account_id AS account_a, b.account_id AS account_b,
{say_returns("l", RELATIONSHIPS["LINKED"], read_fields(RingLink, but=("account_a", "account_b")))}
ORDER BY bits DESC, account_a, account_b, channel, via"""
_READINGS = f"""MATCH (g:Ring {{ring_key: $ring_key}})-[:HEARD]->(h:Reading)
RETURN {say_returns("h", NODES["Reading"], list_fields(InnocentReading))} ORDER BY bits DESC, name"""
_PARTIES = f"""MATCH (g:Ring {{ring_key: $ring_key}})-[p:INVOLVES]->(a:Account)
RETURN a.account_id AS account_id, {say_returns("p", _INVOLVES, _INVOLVES.properties)}
ORDER BY role, account_id"""


def list_rings(
    store: GraphStore, *, run_id: str | None = None, **filters: str | int | Sequence[str] | None
) -> list[RingSummary]:
    """The rings of a run (the latest by default), ranked.

    Parameters
    ----------
    filters
        Any of ``ring_id``, ``kind``, ``tiers``, ``min_size`` and ``max_size``; None means any.
    """
    wanted = {name: value for name, value in filters.items() if value is not None}
    where = "".join(f" AND {_RING_FILTERS[name]}" for name in wanted)
    cypher = f"MATCH (g:Ring) WHERE g.run_id = $run_id{where} RETURN {_RING} ORDER BY rank, ring_id"
    rows = ask(store, cypher, run_id=find_stored_run(store, run_id).run_id, **wanted)
    decided = read_decided(store).state.rings
    said = {ring_id: say_decision(event, longest=SHORT) for ring_id, event in decided.items()}
    return [RingSummary(**row, decided=said.get(row["ring_id"], "")) for row in rows]


def find_ring(store: GraphStore, ring_id: str, *, run_id: str | None = None) -> RingRecord:
    """A ring with members, evidence, links, innocent explanations and parties.

    A ring keeps its id from run to run; the latest run that found it answers unless one is named.

    Raises
    ------
    UnknownIdError
        If no such run found a ring of this id.
    """
    row = _find_row(store, ring_id, run_id)
    key, decided = {"ring_key": row["ring_key"]}, read_decided(store)
    members = _judge_members(store, ask(store, _MEMBERS, **key), run_id)
    said = decided.find("ring", ring_id)
    return RingRecord(
        summary=RingSummary(
            **leave_out(row, "ring_key", "sequence", "finished_at"),
            decided=say_decision(said, longest=SHORT) if said else "",
        ),
        members=members,
        evidence=tuple(Evidence(**each) for each in ask(store, _EVIDENCE, **key)),
        links=tuple(RingLink(**each) for each in ask(store, _LINKS, **key)),
        readings=tuple(InnocentReading(**each) for each in ask(store, _READINGS, **key)),
        parties=tuple(Party(**each) for each in ask(store, _PARTIES, **key)),
        decisions=(*decided.say("ring", ring_id), *decided.say_members(ring_id, (each.account_id for each in members))),
        place=_read_place(store, row["run_id"], ring_id),
    )


def _read_place(store: GraphStore, run_id: str, ring_id: str) -> str:
    """How a ring came to its rank in a run; nothing where its bits alone gave it."""
    settings = find_stored_run(store, run_id).settings
    return str(json.loads(settings or "{}").get("places", {}).get(ring_id, ""))


def list_members_of(store: GraphStore, ring_id: str, *, run_id: str | None = None) -> list[str]:
    """The members of a ring, in the order of their ids, and nothing else of it; see :func:`find_ring`."""
    row = _find_row(store, ring_id, run_id)
    cypher = "MATCH (g:Ring {ring_key: $ring_key})<-[:MEMBER_OF]-(a:Account) RETURN a.account_id AS id ORDER BY id"
    return [each["id"] for each in ask(store, cypher, ring_key=row["ring_key"])]


def find_accounts_of(store: GraphStore, subject_id: str, *, run_id: str | None = None) -> list[str]:
    """An account by itself, or the members of a ring as a run found it; as the latest run that did otherwise.

    Raises
    ------
    UnknownIdError
        If it is the id of neither, or there is no such run.
    """
    if run_id is not None:
        find_stored_run(store, run_id)
    (rows,) = store.query_many([about_accounts("", "a.account_id AS account_id", [subject_id])])
    if rows:
        return [subject_id]
    if ask(store, RING_RUNS, ring_id=subject_id):
        return list_members_of(store, subject_id, run_id=run_id)
    nearest = [find_nearest_id(store, kind, subject_id) for kind in ("account", "ring")]
    known = [each for each in nearest if each is not None]
    raise UnknownIdError(say_unknown("account or ring", subject_id, pick_nearest(subject_id, known)))


def _find_row(store: GraphStore, ring_id: str, run_id: str | None) -> Row:
    """A ring as a run found it; the latest that did, unless one is named."""
    run = find_stored_run(store, run_id)
    rows = ask(store, RING_RUNS, ring_id=ring_id)
    row = next((row for row in rows if run_id in (None, row["run_id"])), None)
    if row is None:
        elsewhere = f" in run {run.run_id!r}" if rows else ""
        raise UnknownIdError(say_unknown("ring", ring_id, find_nearest_id(store, "ring", ring_id), elsewhere))
    return row


def _judge_members(store: GraphStore, rows: list[Row], run_id: str | None) -> tuple[MemberRecord, ...]:
    """Members with the verdicts of the run that was named, or else of the latest."""
    if run_id is not None:
        verdicts = find_verdicts(store, (row["account_id"] for row in rows), run_id=run_id)
        rows = [row | vars(verdicts[row["account_id"]]) for row in rows]
    return tuple(MemberRecord(**row) for row in rows)
