"""Whole runs, row by row, for other programs."""

from __future__ import annotations

from graph.errors import QueryError
from graph.queries.asking import VERDICT, Row, ask
from graph.stores.protocol import GraphStore
from graph.stores.shape import NODES, RELATIONSHIPS, VECTOR, say_returns

_ACCOUNT, _RING, _MEMBER, _LINK = NODES["Account"], NODES["Ring"], RELATIONSHIPS["MEMBER_OF"], RELATIONSHIPS["LINKED"]

_ALL_MEMBERS = f"""MATCH (g:Ring)<-[m:MEMBER_OF]-(a:Account) WHERE g.run_id = $run_id
RETURN {say_returns("g", _RING, _RING.properties)}, {say_returns("m", _MEMBER, _MEMBER.properties)},
{say_returns("a", _ACCOUNT, ("account_id", "risk_score"))} ORDER BY rank, ring_id, role, bits DESC, account_id"""
_ALL_LINKS = f"""MATCH (g:Ring)<-[:MEMBER_OF]-(a:Account)-[l:LINKED]->(b:Account)
WHERE g.run_id = $run_id AND l.ring_key = g.ring_key
RETURN DISTINCT g.ring_id AS ring_id, a.account_id AS account_a, b.account_id AS account_b,
{say_returns("l", _LINK, ("channel", "bits", "via"))} ORDER BY ring_id, account_a, account_b, channel, via"""
_JUDGED = say_returns("f", NODES["Flag"], ("tier", "probability"))
_ALL_ACCOUNTS = (
    f"""MATCH (a:Account) RETURN {say_returns("a", _ACCOUNT, ("account_id", *VERDICT))} ORDER BY account_id"""
)
_ALL_REVIEWS = f"""MATCH (a:Account)-[:WROTE]->(r:Review)
RETURN {say_returns("r", NODES["Review"], ("review_id", "suspicion", "tier"))}, a.account_id AS account_id
ORDER BY review_id, account_id"""
_FLAGGED = {
    "accounts": f"""MATCH (f:Flag)-[:`ON`]->(a:Account) WHERE f.run_id = $run_id
RETURN a.account_id AS account_id, f.score AS risk_score, {_JUDGED} ORDER BY account_id""",
    "reviews": f"""MATCH (f:Flag)-[:`ON`]->(r:Review)<-[:WROTE]-(a:Account) WHERE f.run_id = $run_id
RETURN r.review_id AS review_id, a.account_id AS account_id, f.score AS suspicion, {_JUDGED}
ORDER BY review_id, account_id""",
}
_ALL_VECTORS = f"MATCH (v:Vector) RETURN {say_returns('v', VECTOR, VECTOR.properties)} ORDER BY account_id"


def list_members(store: GraphStore, run_id: str, *, is_latest: bool = True) -> list[Row]:
    """One row per ring and member of a run, by rank and then in the ring's order."""
    rows = ask(store, _ALL_MEMBERS, run_id=run_id)
    if is_latest:
        return rows
    scores = {row["account_id"]: row["risk_score"] for row in list_flagged(store, "accounts", run_id)}
    return [row | {"risk_score": scores.get(row["account_id"])} for row in rows]


def list_links(store: GraphStore, run_id: str) -> list[Row]:
    """One row per link inside a run's rings."""
    return ask(store, _ALL_LINKS, run_id=run_id)


def list_accounts(store: GraphStore) -> list[Row]:
    """One row per account with the latest run's verdict, by id."""
    return store.query(_ALL_ACCOUNTS)


def list_reviews(store: GraphStore) -> list[Row]:
    """One row per review with the latest run's verdict, by id."""
    return store.query(_ALL_REVIEWS)


def list_flagged(store: GraphStore, subject: str, run_id: str) -> list[Row]:
    """One row per account or review that a run flagged, with that run's verdict, by id."""
    return ask(store, _FLAGGED[subject], run_id=run_id)


def list_vectors(store: GraphStore) -> list[Row]:
    """One row per account that the encoder has seen: ``account_id`` and ``vector``; none before it ran."""
    try:
        return store.query(_ALL_VECTORS)
    except QueryError:  # a store without vectors need not know what a Vector is
        return []
