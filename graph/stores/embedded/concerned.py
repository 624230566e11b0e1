"""What a graph holds of the things that a small load names: all that its plan looks at, and little else.

Whether a row is new, another state or nothing new is decided by what the store has under its key; whether a use or a
referral is, by the facts of its account.  How spellings are joined over the market is worked out when the graph is
read.  So a few rows need no more than a few lookups, and the plan is the one that all facts would have given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_distinct, make_table, read_ints, read_texts, take_or_null
from graph.contract.repeats import find_removed
from graph.contract.schema import CONTRACT
from graph.stores.embedded import bulk
from graph.stores.history import EARLIER, SCHEMA
from graph.stores.known_facts import KNOW_NOTHING, KnownFacts
from graph.stores.new_facts import list_told_identifiers, list_told_objects

if TYPE_CHECKING:
    from graph.arrow import Chunks
    from graph.contract.tables import CheckedTable
    from graph.stores.protocol import LoadTerms

FEW_ROWS = 2_000
"""So many rows are looked up one by one, a millisecond or less for each; more are compared with all facts."""
_FEW_ORDERS = 20
"""LadybugDB compares each order with each of a list; a longer one it joins, which takes as long as twenty."""

_GIVEN = "UNWIND $ids AS given MATCH"
_EARLIER_SETS = "e.account_id = given AND e.of_table IN ['USES', 'REFERRED', 'DID']"


def _say_nodes(label: str, which: str, told: str) -> str:
    variable = which[0]
    return f"{_GIVEN} ({variable}:`{label}`) WHERE {which} RETURN offset(id({variable})) AS place, {told}"


def _say_way(near: tuple[str, str], way: str, told: str) -> str:
    """What nodes of some keys (``n``) have to do with others (``f``)."""
    label, key = near
    source = way[1]
    # An optional way starts at the nodes that were found; any other reads all of them: see wording.say_question.
    found = f"{_GIVEN} (n:{label}) WHERE n.{key} = given OPTIONAL MATCH {way} WITH * WHERE f IS NOT NULL"
    return f"{found} RETURN offset(id({source})) AS place, offset(id(w)) AS way_place, {told}"


_ACCOUNTS = _say_nodes("Account", "a.account_id = given", bulk.TOLD_OF_ACCOUNTS)
_LISTINGS = _say_nodes("Listing", "p.product_id = given", bulk.TOLD_OF_LISTINGS)
_REVIEWS = _say_nodes("Review", "r.review_id = given", bulk.TOLD_OF_REVIEWS)
_IDENTIFIERS = _say_nodes("Identifier", "i.identifier_key = given", "i.identifier_key AS identifier_key")
_OBJECTS = _say_nodes("Object", "o.object_key = given", "o.object_key AS object_key")
_EARLIER = [_say_nodes(EARLIER, each, bulk.TOLD_OF_EARLIER) for each in ("e.row_id = given", _EARLIER_SETS)]

_OF_ACCOUNT, _OF_REVIEW = ("Account", "account_id"), ("Review", "review_id")
_USES = _say_way(
    _OF_ACCOUNT,
    "(n)-[w:USES]->(f:Identifier)",
    "given AS account, f.identifier_key AS identifier, w.role AS role, w.seen_at AS seen_at",
)
_DID = _say_way(
    _OF_ACCOUNT,
    "(n)-[w:DID]->(f:`Object`)",
    "given AS account, f.object_key AS object, w.action AS action, w.happened_at AS happened_at",
)
_REFERRED = _say_way(_OF_ACCOUNT, "(f:Account)-[w:REFERRED]->(n)", "f.account_id AS by, given AS account")
_LABELLED = _say_way(
    _OF_ACCOUNT,
    "(n)-[w:LABELLED]->(f:Label)",
    "given AS account_id, f.label AS label, w.decided_at AS decided_at, w.source AS source, w.updated_at AS updated_at",
)
_LISTED = _say_way(("Listing", "product_id"), "(f:Account)-[w:LISTED]->(n)", "given AS near, f.account_id AS far")
_WROTE = _say_way(_OF_REVIEW, "(f:Account)-[w:WROTE]->(n)", "given AS near, f.account_id AS far")
_ABOUT_LISTING = _say_way(_OF_REVIEW, "(n)-[w:ABOUT]->(f:Listing)", "given AS near, f.product_id AS far")
_ABOUT_ACCOUNT = _say_way(_OF_REVIEW, "(n)-[w:ABOUT]->(f:Account)", "given AS near, f.account_id AS far")
_TOLD_OF_ORDERS = bulk.TOLD_OF_ORDERS.replace("o.", "w.")
_ORDERS = {
    "Account": f"w.order_id AS order_id, given AS buyer_id, f.account_id AS seller_id, {_TOLD_OF_ORDERS}",
    "Shop": f"w.order_id AS order_id, given AS buyer_id, CAST(NULL AS STRING) AS seller_id, {_TOLD_OF_ORDERS}",
}
_PAID = f"given AS payer_id, f.account_id AS payee_id, {bulk.TOLD_OF_TRANSFERS.replace('p.', 'w.')}"


_OF_USES = tuple(name for name, table in CONTRACT.items() if table.use)


class Ask(Protocol):
    """Asks a graph a question with parameters, and returns its rows as columns."""

    def __call__(self, cypher: str, **parameters: Any) -> pa.Table:
        """Ask it."""


def _read(ask: Ask, question: str, keys: Iterable[str]) -> pa.Table:
    """What is found by keys, in the order in which it lies in the graph, as all of it would be read."""
    found = ask(question, ids=list(keys))
    places: list[str] = [name for name in found.column_names if name.endswith("place")]
    return found.take(pc.sort_indices(found, [(name, "ascending") for name in places])).drop_columns(places)


def is_small(tables: Mapping[str, CheckedTable], terms: LoadTerms) -> bool:
    """Whether a load can be planned from what it names alone, and that is quicker.

    It cannot where a table is replaced, for what the load does not name is gone then; nor where an account or a
    listing is taken away, for it stays as a name as long as any fact, of anybody, names it.
    """
    if terms.replaced & tables.keys() or sum(table.rows.num_rows for table in tables.values()) > FEW_ROWS:
        return False
    return not any(CONTRACT[name].is_thing and find_removed(table.rows).any() for name, table in tables.items())


def read_facts(ask: Ask, tables: Mapping[str, CheckedTable], terms: LoadTerms) -> KnownFacts:
    """What a load is compared with: all facts of a graph, or those that it names where that is the same."""
    return read_concerned_facts(ask, tables) if is_small(tables, terms) else bulk.read_known_facts(ask)


def read_concerned_facts(ask: Ask, tables: Mapping[str, CheckedTable]) -> KnownFacts:
    """The facts of a graph that a small load is compared with.

    Parameters
    ----------
    ask
        Asks the graph.
    tables
        Checked tables by contract name, of which :func:`is_small` holds.
    """
    rows = {name: table.rows for name, table in tables.items()}
    accounts = _read(ask, _ACCOUNTS, _list_mentioned(rows, "account"))
    there = accounts["account_id"]
    found: dict[str, Any] = {"accounts": accounts, "earlier": _read_earlier(ask, rows)}
    if products := _list_mentioned(rows, "product"):
        listings = _read(ask, _LISTINGS, products)
        seller_id = _find_far(ask, _LISTED, listings["product_id"])
        found["listings"] = listings.add_column(1, "seller_id", seller_id)
    if "orders" in rows:
        ids = _list_keys(rows, "orders")
        parts = [_read_dealings(ask, ("ORDERED", label, "order_id"), told, ids) for label, told in _ORDERS.items()]
        found["orders"] = pa.concat_tables([parts[0], parts[1].cast(parts[0].schema)])
    if "transfers" in rows and bulk.has_table(ask, "PAID"):
        paid = _read_dealings(ask, ("PAID", "Account", "transfer_id"), _PAID, _list_keys(rows, "transfers"))
        found["transfers"] = paid.select(list(CONTRACT["transfers"].kept)).cast(KNOW_NOTHING.transfers.schema)
    if "reviews" in rows:
        found["reviews"] = _read_reviews(ask, _list_keys(rows, "reviews"))
    if "referrals" in rows:
        found["referrals"] = _read_referrals(ask, rows, there)
    if "labels" in rows:
        found["labels"] = _read(ask, _LABELLED, _list_keys(rows, "labels"))
    if users := _list_told(rows, *_OF_USES):
        told = list_told_identifiers(rows)
        found |= _read_set(ask, (_USES, users), (_IDENTIFIERS, told), ("identifier_key", "uses"), there)
    if "events" in rows and bulk.has_table(ask, "Object"):
        told = list_told_objects(rows["events"])
        users = _list_told(rows, "events")
        found |= _read_set(ask, (_DID, users), (_OBJECTS, told), ("object_key", "did"), there)
    return replace(KNOW_NOTHING, **found)


def _list_mentioned(rows: Mapping[str, pa.Table], thing: Any) -> list[str]:
    return _list_distinct([table[name] for key, table in rows.items() for name in CONTRACT[key].find_mentions(thing)])


def _list_told(rows: Mapping[str, pa.Table], *names: str) -> list[str]:
    """The accounts of the rows of some tables."""
    return _list_distinct([rows[name]["account_id"] for name in names if name in rows])


def _list_keys(rows: Mapping[str, pa.Table], name: str) -> list[str]:
    return _list_distinct([rows[name][str(CONTRACT[name].key)]] if name in rows else [])


def _list_distinct(columns: list[Chunks]) -> list[str]:
    chunks = [chunk for column in columns for chunk in column.chunks]
    return read_texts(find_distinct(pa.chunked_array(chunks, pa.string())).drop_null())


def _read_set(
    ask: Ask, facts: tuple[str, list[str]], things: tuple[str, Chunks], names: tuple[str, str], there: Chunks
) -> dict[str, Any]:
    """The facts of some accounts and the keys of what they, or the rows of the load, name."""
    key, name = names
    found = _read(ask, *facts)
    thing = found.column_names[1]
    told = _read(ask, things[0], _list_distinct([things[1]]))[key]
    keys = find_distinct(pa.chunked_array([*told.chunks, *found[thing].chunks], pa.string()))
    return {key: keys, name: _place(_place(found, "account", there), thing, pa.chunked_array([keys]))}


def _place(edges: pa.Table, column: str, keys: Chunks) -> pa.Table:
    """Relationships with the place of a key among others in its stead."""
    place = pc.index_in(edges[column], value_set=keys.combine_chunks()).cast(pa.int64())
    return edges.set_column(edges.column_names.index(column), column, place)


def _read_referrals(ask: Ask, rows: Mapping[str, pa.Table], there: Chunks) -> pa.Table:
    """The referrals of accounts that the load has one of; by whom it does not name is no referral of the load."""
    found = _read(ask, _REFERRED, _list_told(rows, "referrals"))
    found = found.filter(pc.is_in(found["by"], value_set=there.combine_chunks()))
    return _place(_place(found, "by", there), "account", there)


def _find_far(ask: Ask, question: str, keys: Chunks) -> Chunks:
    """For each key the key of the node that a relationship leads to; null where there is none."""
    found = _read(ask, question, read_texts(keys))
    place = pc.index_in(keys, value_set=found["near"].combine_chunks())
    return take_or_null(found["far"], read_ints(place, missing=-1))


def _read_dealings(ask: Ask, kind: tuple[str, str, str], told: str, ids: list[str]) -> pa.Table:
    """The orders, or transfers, of some ids: LadybugDB has no index of them, so it is asked whose they are first.

    ``kind`` is what the relationship is called, the label that it leads to, and the property that holds its id.
    """
    name, label, key = kind
    way = f"(n:Account)-[w:{name}]->(:{label})"
    which = f"{_GIVEN} {way} WHERE w.{key} = given"
    if len(ids) <= _FEW_ORDERS:
        which = f"MATCH {way} WHERE w.{key} IN $ids"
    whose = f"{which} RETURN n.account_id AS near"
    near = _list_distinct([ask(whose, ids=ids)["near"]] if ids else [])
    found = _read(ask, _say_way(_OF_ACCOUNT, f"(n)-[w:{name}]->(f:{label})", told), near)
    return found.filter(pc.is_in(found[key], value_set=pa.array(ids, pa.string())))


def _read_reviews(ask: Ask, review_ids: list[str]) -> pa.Table:
    reviews = _read(ask, _REVIEWS, review_ids)
    key = reviews["review_id"]
    ends = {"account_id": _WROTE, "product_id": _ABOUT_LISTING, "seller_id": _ABOUT_ACCOUNT}
    return make_table(
        {
            "review_id": key,
            **{name: _find_far(ask, question, key) for name, question in ends.items()},
            **{name: reviews[name] for name in ("rating", "reviewed_at", "text", "updated_at")},
        }
    )


def _read_earlier(ask: Ask, rows: Mapping[str, pa.Table]) -> pa.Table:
    """The former states of what the load has rows of."""
    if not bulk.has_table(ask, EARLIER):  # an older store
        return SCHEMA.empty_table()
    keys = [key for name, table in CONTRACT.items() if table.key for key in _list_keys(rows, name)]
    whose = _list_told(rows, "referrals", "events", *_OF_USES)
    parts = [_read(ask, question, ids) for question, ids in zip(_EARLIER, (sorted(set(keys)), whose), strict=True)]
    found = pa.concat_tables([part.cast(SCHEMA) for part in parts])
    place = find_distinct(found["earlier_key"])
    first = pc.index_in(place, value_set=found["earlier_key"].combine_chunks())
    return found.take(first)
