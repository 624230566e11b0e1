"""What joins the casebook's nodes to the graph, for people who look at it: ``SAID_OF``, to whatever an event is about.

No question of Ringfence's follows these relationships, and none makes them.  They are made after something was said,
and after a load, for accounts that an event is about may come later, or go and come back.
"""

from __future__ import annotations

import json
from typing import Any

from graph.stores.server.bolt import Transaction

MOST_AT_ONCE = 200
"""Events that are joined in one transaction, which is to be a short one."""

_FIND_ANY = "MATCH (e:CaseEvent) RETURN e.event_id AS event_id LIMIT 1"
_FIND_BARE = """MATCH (e:CaseEvent) WHERE e.about IS NULL
RETURN e.event_id AS event_id, e.line AS line ORDER BY e.place DESC LIMIT $most"""
_FIND_MEMBERS = """UNWIND $ring_ids AS ring_id MATCH (u:Run)-[:FOUND]->(g:Ring {ring_id: ring_id})
WITH ring_id, g ORDER BY u.sequence DESC WITH ring_id, collect(g)[0] AS g
MATCH (g)<-[:MEMBER_OF]-(a:Account) RETURN ring_id, collect(a.account_id) AS members"""
_SET_ABOUT = "UNWIND $found AS each MATCH (e:CaseEvent {event_id: each.event_id}) SET e.about = each.about"

_NAMED = "UNWIND $ids AS event_id MATCH (e:CaseEvent {event_id: event_id}) WHERE true"
_LOOSE = "MATCH (e:CaseEvent) WHERE COUNT { (e)-[:SAID_OF]->() } < CASE e.about WHEN [] THEN 1 ELSE size(e.about) END"
_JOIN = tuple(
    f" AND e.subject {found} MERGE (e)-[:SAID_OF]->(of)"
    for found in (
        "IN ['account', 'ring'] UNWIND e.about AS id MATCH (of:Account {account_id: id})",
        "= 'review' MATCH (of:Review {review_id: e.subject_id})",
        "= 'thing' MATCH (of:Identifier {canonical: e.subject_id}) WHERE of.kind = e.thing_kind",
        "= 'event' MATCH (of:CaseEvent) WHERE e.subject_id IN [of.event_id, of.batch]",
    )
)


def join_new(transaction: Transaction) -> int:
    """Join the latest events that were not joined yet to what they are about; returns how many, no more than a few."""
    bare = transaction.run(_FIND_BARE, most=MOST_AT_ONCE).data()
    found = _find_about(transaction, bare) if bare else []
    if found:
        transaction.run(_SET_ABOUT, found=found).consume()
        for statement in _JOIN:
            transaction.run(f"{_NAMED}{statement}", ids=[each["event_id"] for each in found]).consume()
    return len(found)


def join_all(transaction: Transaction) -> None:
    """Join all events to the accounts, reviews, things and events that they are about, as far as they are there.

    How many relationships a node has is known without going over them: events that are joined already cost little.
    """
    if not transaction.run(_FIND_ANY).data():  # most stores, at most loads: a server plans what it is asked first
        return
    while join_new(transaction) == MOST_AT_ONCE:
        pass
    for statement in _JOIN:
        transaction.run(f"{_LOOSE}{statement}").consume()


def _find_about(transaction: Transaction, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The accounts of each event; a ring of which nobody knows any member yet is left for later."""
    said = {row["event_id"]: _read(row["line"]) for row in rows}
    unseen = sorted({each["subject_id"] for each in said.values() if _is_unseen(each)})
    found = transaction.run(_FIND_MEMBERS, ring_ids=unseen).data() if unseen else []
    members = {row["ring_id"]: row["members"] for row in found}
    about = {
        event_id: members.get(each["subject_id"]) if _is_unseen(each) else list_accounts(each)
        for event_id, each in said.items()
    }
    return [{"event_id": each, "about": sorted(set(ids))} for each, ids in about.items() if ids is not None]


def list_accounts(said: dict[str, Any]) -> list[str]:
    """The accounts that an event is about, by what it says: those that it names, or else the ring's as they were seen.

    >>> list_accounts({"subject": "account", "subject_id": "A12", "not_same_as": ["A17"]})
    ['A12', 'A17']
    """
    if said.get("subject") == "account":
        return [said["subject_id"], *said.get("not_same_as", ())]
    if said.get("subject") != "ring":
        return []
    seen = (said.get("seen") or {}).get("members", ())
    return list(said.get("accounts") or ()) or [each["account_id"] for each in seen]


def _is_unseen(said: dict[str, Any]) -> bool:
    return said.get("subject") == "ring" and not list_accounts(said)


def _read(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (TypeError, ValueError):  # somebody has changed it, which whoever reads the casebook is told
        return {}
    return found if isinstance(found, dict) else {}
