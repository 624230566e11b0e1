"""What a load would add: new facts only, worked out before anything is written.

Facts form a set.  A row whose key is in the store and whose cells agree is already there; one that
fills a blank of an account or a listing is added to it; one that contradicts the store is a reject.
Knows no database: each store hands in :class:`~graph.stores.known_facts.KnownFacts` and writes out a
:class:`LoadPlan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import equals, find_distinct, is_true, make_table, read_ints
from graph.contract.schema import CONTRACT, Thing
from graph.contract.tables import CheckedTable
from graph.stores.known_facts import KnownFacts
from graph.stores.new_facts import find_new_labels, find_new_referrals, find_new_uses, list_keys, make_identifiers
from graph.stores.protocol import TableReport
from graph.vocabulary import SHOP_ID

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks
    from graph.model import Ints


@dataclass(frozen=True)
class LoadPlan:
    """New rows for each node label and (relationship, from, to); ``fills`` complete known nodes.

    The first column of a node table is its key; the first two of a relationship table are ``from``
    and ``to`` keys.  ``tables`` are the input with the contradicting rows moved to the rejects.
    """

    nodes: dict[str, pa.Table]
    fills: dict[str, pa.Table]
    relationships: dict[tuple[str, str, str], pa.Table]
    reports: tuple[TableReport, ...]
    tables: dict[str, CheckedTable]

    @property
    def n_rows(self) -> int:
        """How many rows there are to write."""
        parts = (*self.nodes.values(), *self.fills.values(), *self.relationships.values())
        return sum(part.num_rows for part in parts)


@dataclass(frozen=True)
class _Split:
    """One keyed table against the store: rows that are new, that fill blanks, that contradict (K,), and how."""

    new: pa.Table
    fills: pa.Table
    bad: Ints
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Additions:
    """What a load adds: keyed rows by table, and the rows of the tables without a key."""

    splits: dict[str, _Split]
    uses: pa.Table
    referrals: pa.Table
    labels: pa.Table

    def count(self) -> dict[str, int]:
        """How many rows of each table the store lacked.  A table that is not counted has no place in the graph."""
        added = {name: split.new.num_rows + split.fills.num_rows for name, split in self.splits.items()}
        of_table = {name: is_true(equals(self.uses["table"], name)) for name, table in CONTRACT.items() if table.use}
        added |= {name: int(mask.sum()) for name, mask in of_table.items()}
        return added | {"referrals": self.referrals.num_rows, "labels": self.labels.num_rows}


def plan_load(tables: Mapping[str, CheckedTable], known: KnownFacts) -> LoadPlan:
    """Work out what ``tables`` add to ``known``.

    Parameters
    ----------
    tables
        Checked tables by contract name; rows within one are already free of repeats.
    known
        The store's facts.
    """
    rows = {
        name: tables[name].rows if name in tables else table.row_schema.empty_table()
        for name, table in CONTRACT.items()
    }
    splits = _split_tables(rows, known)
    # Who is named only by a row that contradicts the store stays unknown.
    checked = {name: _set_aside(table, splits.get(name)) for name, table in tables.items()}
    accounts = list_keys(known.accounts["account_id"], _mentions(checked, "account"))
    products = list_keys(known.listings["product_id"], _mentions(checked, "product"))
    additions = _Additions(
        splits,
        uses=find_new_uses(rows, known, accounts),
        referrals=find_new_referrals(rows["referrals"], known, accounts),
        labels=find_new_labels(rows["labels"], known, accounts),
    )
    relationships = _plan_relationships(additions, known)
    nodes = _plan_nodes(
        additions, known, accounts.slice(known.accounts.num_rows), products.slice(known.listings.num_rows)
    )
    if relationships["ORDERED", "Account", "Shop"].num_rows:
        nodes["Shop"] = pa.table({"shop_id": pa.array([SHOP_ID])})
    fills = {"Account": _select_details("accounts", splits), "Listing": _select_details("listings", splits)}
    added = additions.count()
    return LoadPlan(
        nodes={label: part for label, part in nodes.items() if part.num_rows},
        fills={label: part for label, part in fills.items() if part.num_rows},
        relationships={kind: part for kind, part in relationships.items() if part.num_rows},
        reports=tuple(_report(table, added[name]) for name, table in checked.items()),
        tables=checked,
    )


def _report(table: CheckedTable, added: int) -> TableReport:
    rejected = len(table.rejects)
    return TableReport(table.name, table.n_read, added, table.n_read - rejected - added, rejected)


def _mentions(tables: Mapping[str, CheckedTable], thing: Thing) -> list[Chunks]:
    return [table.rows[column] for name, table in tables.items() for column in CONTRACT[name].find_mentions(thing)]


# ── tables with a key against the store ───────────────────────────────────────────────────────────


def _split_tables(rows: Mapping[str, pa.Table], known: KnownFacts) -> dict[str, _Split]:
    facts = {"accounts": known.accounts, "listings": known.listings, "orders": known.orders, "reviews": known.reviews}
    return {name: _split_keyed(rows[name], there, may_fill=CONTRACT[name].is_thing) for name, there in facts.items()}


def _set_aside(table: CheckedTable, split: _Split | None) -> CheckedTable:
    return table.reject(split.bad, split.reasons) if split and split.reasons else table


def _split_keyed(rows: pa.Table, known: pa.Table, *, may_fill: bool) -> _Split:
    """Part a table's rows into new ones, ones that fill blanks, and ones that contradict the store."""
    key = known.column_names[0]
    place = pc.index_in(rows[key], value_set=known[key].combine_chunks())
    is_new = is_true(pc.is_null(place))
    old_rows = np.flatnonzero(~is_new)
    if not len(old_rows):
        return _Split(rows, rows.slice(0, 0), old_rows, ())
    old = rows.take(old_rows)
    there = known.take(place.drop_null())
    fills = np.zeros(len(old_rows), dtype=bool)
    reason: dict[int, str] = {}
    for column in known.column_names[1:]:
        given, kept = old[column], there[column]
        contradicts = is_true(pc.not_equal(given, kept))
        completes = is_true(pc.and_(pc.is_valid(given), pc.is_null(kept)))
        fills |= completes & may_fill
        for row in np.flatnonzero(contradicts | (completes & (not may_fill))).tolist():
            reason.setdefault(row, _contradiction(key, column, old[key][row].as_py(), kept[row].as_py()))
    bad = np.array(sorted(reason), dtype=np.int64)
    fills[bad] = False
    return _Split(rows.filter(is_new), old.filter(fills), old_rows[bad], tuple(reason[row] for row in bad.tolist()))


def _contradiction(key: str, column: str, id_: Any, kept: Any) -> str:
    there = "nothing" if kept is None else "other values" if column == "attributes" else repr(kept)
    return f"{key} {id_!r} is already in the store with {there[:80]} as its {column}"


# ── nodes and relationships ───────────────────────────────────────────────────────────────────────


def _plan_nodes(additions: _Additions, known: KnownFacts, accounts: Cells, products: Cells) -> dict[str, pa.Table]:
    """New nodes by label, given the keys of the accounts and listings that are new."""
    splits = additions.splits
    return {
        "Account": _complete(accounts, splits["accounts"].new, CONTRACT["accounts"].details),
        "Listing": _complete(products, splits["listings"].new, CONTRACT["listings"].details),
        "Review": splits["reviews"].new.select(CONTRACT["reviews"].details),
        "Label": _make_labels(additions.labels, known),
        "Identifier": make_identifiers(additions.uses, known),
    }


def _complete(keys: Cells, rows: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """One row per key, with what the key's own table says of it: nothing where only another table names it."""
    place = pc.index_in(keys, value_set=rows[columns[0]].combine_chunks())
    filled: dict[str, Cells] = {columns[0]: keys}
    filled |= {column: rows[column].combine_chunks().take(place) for column in columns[1:]}
    return make_table(filled)


def _select_details(name: str, splits: Mapping[str, _Split]) -> pa.Table:
    return splits[name].fills.select(CONTRACT[name].details)


def _make_labels(labels: pa.Table, known: KnownFacts) -> pa.Table:
    words = find_distinct(labels["label"]).drop_null()
    there = find_distinct(known.labels["label"]).cast(pa.string())
    return make_table({"label": words.filter(pc.invert(pc.is_in(words, value_set=there)))})


def _plan_relationships(additions: _Additions, known: KnownFacts) -> dict[tuple[str, str, str], pa.Table]:
    splits = additions.splits
    return {
        **_plan_orders(splits["orders"].new),
        ("LISTED", "Account", "Listing"): _plan_listings(splits["listings"], known),
        **_plan_reviews(splits["reviews"].new),
        ("USES", "Account", "Identifier"): additions.uses.select(["account_id", "identifier_key", "role", "seen_at"]),
        ("REFERRED", "Account", "Account"): additions.referrals,
        ("LABELLED", "Account", "Label"): additions.labels,
    }


def _plan_orders(rows: pa.Table) -> dict[tuple[str, str, str], pa.Table]:
    """Orders by whom they are from: a market without sellers has one shop, which is no account."""
    details = [each.name for each in CONTRACT["orders"].columns if each.mentions != "account"]
    to_seller = rows.filter(pc.is_valid(rows["seller_id"])).select(["buyer_id", "seller_id", *details])
    to_shop = rows.filter(pc.is_null(rows["seller_id"])).select(["buyer_id", *details])
    shop = pa.repeat(SHOP_ID, to_shop.num_rows)
    return {
        ("ORDERED", "Account", "Account"): to_seller,
        ("ORDERED", "Account", "Shop"): to_shop.add_column(1, "shop_id", shop),
    }


def _plan_listings(split: _Split, known: KnownFacts) -> pa.Table:
    # A fill may complete only a price: its seller is new only where the store named none.
    place = pc.index_in(split.fills["product_id"], value_set=known.listings["product_id"].combine_chunks())
    sellerless = pc.is_null(known.listings["seller_id"].take(read_ints(place, missing=-1)))
    rows = pa.concat_tables([split.new, split.fills.filter(sellerless)])
    return rows.select(["seller_id", "product_id"])


def _plan_reviews(rows: pa.Table) -> dict[tuple[str, str, str], pa.Table]:
    of_product = rows.filter(pc.is_valid(rows["product_id"]))
    of_seller = rows.filter(pc.is_valid(rows["seller_id"]))
    return {
        ("WROTE", "Account", "Review"): rows.select(["account_id", "review_id"]),
        ("ABOUT", "Review", "Listing"): of_product.select(["review_id", "product_id"]),
        ("ABOUT", "Review", "Account"): of_seller.select(["review_id", "seller_id"]),
    }
