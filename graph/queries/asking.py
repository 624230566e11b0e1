"""How any property graph is asked, in portable Cypher, and its rows as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from graph.stores.protocol import GraphStore, Question

Row = dict[str, Any]

VERDICT = ("risk_score", "tier", "probability")
"""What the latest run says of an account."""

USED = ("(a)-[:USES]->", "(t:Identifier)", "t.kind", "t.canonical", "(t)<-[:USES]-(b:Account)")
"""The way from an account, the thing, what sort it is, its name, and the way to all who share it."""


def list_fields(record: type) -> list[str]:
    """The names of an answer's fields."""
    return [each.name for each in fields(record)]


def about_account(way: str, returns: str, *, condition: str = "", order: str = "") -> Question:
    """What to return of the ways from one account ``a``, which is named when it is asked about."""
    return Question("(a:Account)", "a.account_id", returns, way=way and f"(a){way}", condition=condition, order=order)


def about_review(way: str, returns: str, *, order: str = "") -> Question:
    """What to return of the ways from one review ``r``, which is named when it is asked about."""
    return Question("(r:Review)", "r.review_id", returns, way=f"(r){way}", order=order)


def ask_page(store: GraphStore, page: Mapping[str, Question], subject_id: str) -> dict[str, list[Row]]:
    """The rows of each question about one subject."""
    asked = [replace(question, ids=(subject_id,)) for question in page.values()]
    return dict(zip(page, store.query_many(asked), strict=True))


def about_accounts(way: str, returns: str, account_ids: Iterable[str], **more: Any) -> Question:
    """What to return of the ways from each of these accounts ``a``."""
    return Question("(a:Account)", "a.account_id", returns, sorted(set(account_ids)), way, **more)


def count_users(shared: tuple[str, ...], names: Iterable[str], *, most: int = 0) -> Question:
    """How many accounts share what has these names, and which, unless they are more than ``most``."""
    _, thing, sort, name, way = shared
    returns, ids = f"{sort} AS channel, {name} AS name", sorted(set(names))
    return Question(thing, name, returns, ids, way, gather="b.account_id", most=most)


def ask(store: GraphStore, cypher: str, **parameters: Any) -> list[Row]:
    """Run one query; times are those of the standard library, UTC without a zone."""
    return [{name: _as_plain(value) for name, value in row.items()} for row in store.query(cypher, **parameters)]


def _as_plain(value: Any) -> Any:
    if hasattr(value, "to_native"):  # a driver's own time type
        value = value.to_native()
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def read_sentences(value: Any) -> tuple[str, ...]:
    """Sentences, however a store keeps a list of them."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("[") else value.splitlines()
    return tuple(str(each) for each in value)


def leave_out(row: Row, *names: str) -> Row:
    """A row without some of its values."""
    return {name: value for name, value in row.items() if name not in names}
