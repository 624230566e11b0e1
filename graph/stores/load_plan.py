"""What a load would add: new facts only, worked out before anything is written.

Facts form a set.  A row whose key is in the store and whose cells agree is already there; one that
fills a blank of an account or a listing is added to it; one that contradicts the store is a reject.
Knows no database: each store hands in :class:`KnownFacts` and writes out a :class:`LoadPlan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.contract.tables import CheckedTable
from graph.identity.canonical import canonical_values
from graph.stores.protocol import TableReport
from graph.vocabulary import SHOP_ID

ACCOUNT_COLUMNS = ("account_id", "created_at", "role", "segment", "status", "attributes")
ORDER_COLUMNS = (
    "order_id", "buyer_id", "seller_id", "product_id", "amount", "currency", "ordered_at", "status",
)  # fmt: skip
LISTING_COLUMNS = ("product_id", "seller_id", "listed_at", "price")
REVIEW_COLUMNS = ("review_id", "account_id", "product_id", "seller_id", "rating", "reviewed_at")

ACCOUNT_MENTIONS = {
    "accounts": ("account_id",),
    "orders": ("buyer_id", "seller_id"),
    "devices": ("account_id",),
    "addresses": ("account_id",),
    "identifiers": ("account_id",),
    "listings": ("seller_id",),
    "reviews": ("account_id", "seller_id"),
    "referrals": ("account_id", "referred_by"),
    "labels": ("account_id",),
}
PRODUCT_MENTIONS = ("listings", "orders", "reviews")

_MAX_CANONICAL_BYTES = 4096
"""Neo4j indexes no text of more than 8 KiB; an id as written has at most one."""


@dataclass(frozen=True)
class KnownFacts:
    """What the store holds, as Arrow tables.

    ``accounts``, ``listings``, ``orders`` and ``reviews`` have the columns of the constants above;
    ``identifier_key`` are the keys of the ``Identifier`` nodes.  ``uses`` (account, identifier,
    role, seen_at), ``referrals`` (by, account) and ``labels`` (account, label, decided_at, source)
    name accounts and identifiers by their row in ``accounts`` and ``identifier_key``.
    """

    accounts: pa.Table
    listings: pa.Table
    orders: pa.Table
    reviews: pa.Table
    identifier_key: pa.Array
    uses: pa.Table
    referrals: pa.Table
    labels: pa.Table


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
    """One keyed table against the store: rows that are new, that fill blanks, that contradict."""

    new: pa.Table
    fills: pa.Table
    table: CheckedTable


def plan_load(tables: Mapping[str, CheckedTable], known: KnownFacts) -> LoadPlan:
    """Work out what ``tables`` add to ``known``.

    Parameters
    ----------
    tables
        Checked tables by contract name; rows within one are already free of repeats.
    known
        The store's facts.
    """
    checked = dict(tables)
    splits = {}
    for name, facts, may_fill in (
        ("accounts", known.accounts, True),
        ("listings", known.listings, True),
        ("orders", known.orders, False),
        ("reviews", known.reviews, False),
    ):
        if name in checked:
            splits[name] = _split_keyed(checked[name], facts, may_fill=may_fill)
            checked[name] = splits[name].table
    accounts = _all_keys(known.accounts["account_id"], _mentions(checked, ACCOUNT_MENTIONS))
    products = dict.fromkeys(PRODUCT_MENTIONS, ("product_id",))
    listings = _all_keys(known.listings["product_id"], _mentions(checked, products))
    uses = _new_uses(checked, known, accounts)
    referrals = _new_referrals(checked, known, accounts)
    labels = _new_labels(checked, known, accounts)
    nodes = _plan_nodes(splits, known, accounts, listings) | _label_nodes(labels, known)
    nodes["Identifier"] = _new_identifiers(uses, known)
    relationships = _plan_orders(splits) | _plan_listings(splits, known) | _plan_reviews(splits)
    relationships |= {
        ("USES", "Account", "Identifier"): uses.select(["account_id", "identifier_key", "role", "seen_at"]),
        ("REFERRED", "Account", "Account"): referrals,
        ("LABELLED", "Account", "Label"): labels,
    }
    fills = {"Account": _fills(splits, "accounts"), "Listing": _fills(splits, "listings")}
    if ("ORDERED", "Account", "Shop") in relationships:
        nodes["Shop"] = pa.table({"shop_id": pa.array([SHOP_ID])})
    added = _count_added(splits, uses, referrals, labels)
    return LoadPlan(
        nodes={label: rows for label, rows in nodes.items() if rows.num_rows},
        fills={label: rows for label, rows in fills.items() if rows.num_rows},
        relationships={kind: rows for kind, rows in relationships.items() if rows.num_rows},
        reports=tuple(_report(table, added.get(name, 0)) for name, table in checked.items()),
        tables=checked,
    )


def _report(table: CheckedTable, added: int) -> TableReport:
    rejected = len(table.rejects)
    return TableReport(table.name, table.n_read, added, table.n_read - rejected - added, rejected)


def _count_added(splits: Mapping[str, _Split], uses: pa.Table, referrals: pa.Table, labels: pa.Table) -> dict[str, int]:
    added = {name: split.new.num_rows + split.fills.num_rows for name, split in splits.items()}
    for name in ("devices", "addresses", "identifiers"):
        added[name] = pc.sum(pc.equal(uses["table"], name)).as_py() or 0
    return added | {"referrals": referrals.num_rows, "labels": labels.num_rows}


def _split_keyed(table: CheckedTable, known: pa.Table, *, may_fill: bool) -> _Split:
    """Part a table's rows into new ones, ones that fill blanks, and ones that contradict the store."""
    key = known.column_names[0]
    place = pc.index_in(table.rows[key], value_set=known[key].combine_chunks())
    is_new = pc.is_null(place)
    new = table.rows.filter(is_new)
    if new.num_rows == table.rows.num_rows:
        return _Split(new, table.rows.slice(0, 0), table)
    old_rows = np.flatnonzero(~is_new.to_numpy(zero_copy_only=False))
    old = table.rows.take(pa.array(old_rows))
    there = known.take(place.drop_null())
    fills = np.zeros(len(old_rows), dtype=bool)
    reasons = np.full(len(old_rows), None, dtype=object)
    for column in known.column_names[1:]:
        given, kept = old[column], there[column]
        contradicts = _true(pc.not_equal(given, kept))
        completes = _true(pc.and_(pc.is_valid(given), pc.is_null(kept)))
        fills |= completes & may_fill
        for row in np.flatnonzero((contradicts | (completes & (not may_fill))) & (reasons == None)):  # noqa: E711 (an array of objects)
            reasons[row] = _contradiction(key, column, old[key][int(row)], kept[int(row)])
    bad = reasons != None  # noqa: E711 (an array of objects)
    kept_table = table.reject(old_rows[bad], [str(reason) for reason in reasons[bad]]) if bad.any() else table
    return _Split(new, old.filter(pa.array(fills & ~bad)), kept_table)


def _contradiction(key: str, column: str, id_: pa.Scalar, kept: pa.Scalar) -> str:
    value = kept.as_py()
    there = "nothing" if value is None else "other values" if column == "attributes" else repr(value)
    return f"{key} {id_.as_py()!r} is already in the store with {there[:80]} as its {column}"


def _true(mask: pa.ChunkedArray) -> NDArray[np.bool_]:
    """A nullable mask with unknown read as False."""
    result: NDArray[np.bool_] = pc.fill_null(mask, False).to_numpy()
    return result.astype(bool)


def _mentions(tables: Mapping[str, CheckedTable], columns: Mapping[str, tuple[str, ...]]) -> list[pa.ChunkedArray]:
    return [tables[name].rows[column] for name, wanted in columns.items() if name in tables for column in wanted]


def _all_keys(known: pa.ChunkedArray, mentions: list[pa.ChunkedArray]) -> pa.Array:
    """Known keys in their order, then the new ones that any table mentions, sorted."""
    chunks = [chunk for column in mentions for chunk in column.chunks]
    seen = pc.unique(pa.chunked_array(chunks, type=pa.string())).drop_null()
    known_keys = known.combine_chunks()
    new = seen.filter(pc.invert(pc.is_in(seen, value_set=known_keys)))
    return pa.concat_arrays([known_keys, new.take(pc.sort_indices(new))])


def _plan_nodes(
    splits: Mapping[str, _Split], known: KnownFacts, accounts: pa.Array, listings: pa.Array
) -> dict[str, pa.Table]:
    new_accounts = accounts.slice(known.accounts.num_rows)
    new_listings = listings.slice(known.listings.num_rows)
    nodes = {
        "Account": _complete(new_accounts, splits.get("accounts"), ACCOUNT_COLUMNS),
        "Listing": _complete(new_listings, splits.get("listings"), ("product_id", "listed_at", "price")),
    }
    if "reviews" in splits:
        nodes["Review"] = splits["reviews"].new.select(["review_id", "rating", "reviewed_at", "text"])
    return nodes


_TYPES = {"created_at": pa.timestamp("us"), "listed_at": pa.timestamp("us"), "price": pa.float64()}


def _complete(keys: pa.Array, split: _Split | None, columns: tuple[str, ...]) -> pa.Table:
    """One row per key, with what the key's own table says of it."""
    filled = {columns[0]: keys}
    rows = None if split is None else split.new
    place = None if rows is None else pc.index_in(keys, value_set=rows[columns[0]].combine_chunks())
    for column in columns[1:]:
        if rows is None:
            filled[column] = pa.nulls(len(keys), _TYPES.get(column, pa.string()))
        else:
            filled[column] = rows[column].combine_chunks().take(place)
    return pa.table(filled)


def _fills(splits: Mapping[str, _Split], name: str) -> pa.Table:
    columns = {"accounts": ACCOUNT_COLUMNS, "listings": ("product_id", "listed_at", "price")}[name]
    return (
        splits[name].fills.select(list(columns))
        if name in splits
        else pa.table({columns[0]: pa.array([], pa.string())})
    )


def _plan_orders(splits: Mapping[str, _Split]) -> dict[tuple[str, str, str], pa.Table]:
    if "orders" not in splits:
        return {}
    rows = splits["orders"].new
    details = ["order_id", "product_id", "amount", "currency", "ordered_at", "status"]
    to_seller = rows.filter(pc.is_valid(rows["seller_id"])).select(["buyer_id", "seller_id", *details])
    to_shop = rows.filter(pc.is_null(rows["seller_id"])).select(["buyer_id", *details])
    shop = pa.repeat(SHOP_ID, to_shop.num_rows)
    planned = {("ORDERED", "Account", "Account"): to_seller}
    if to_shop.num_rows:
        planned["ORDERED", "Account", "Shop"] = to_shop.add_column(1, "shop_id", shop)
    return planned


def _plan_listings(splits: Mapping[str, _Split], known: KnownFacts) -> dict[tuple[str, str, str], pa.Table]:
    if "listings" not in splits:
        return {}
    split = splits["listings"]
    # A fill may complete only a price: its seller is new only where the store named none.
    place = pc.index_in(split.fills["product_id"], value_set=known.listings["product_id"].combine_chunks())
    sellerless = pc.is_null(known.listings["seller_id"].combine_chunks().take(place.combine_chunks()))
    rows = pa.concat_tables([split.new, split.fills.filter(sellerless)])
    return {("LISTED", "Account", "Listing"): rows.select(["seller_id", "product_id"])}


def _plan_reviews(splits: Mapping[str, _Split]) -> dict[tuple[str, str, str], pa.Table]:
    if "reviews" not in splits:
        return {}
    rows = splits["reviews"].new
    of_product = rows.filter(pc.is_valid(rows["product_id"]))
    of_seller = rows.filter(pc.is_valid(rows["seller_id"]))
    return {
        ("WROTE", "Account", "Review"): rows.select(["account_id", "review_id"]),
        ("ABOUT", "Review", "Listing"): of_product.select(["review_id", "product_id"]),
        ("ABOUT", "Review", "Account"): of_seller.select(["review_id", "seller_id"]),
    }


def _new_uses(tables: Mapping[str, CheckedTable], known: KnownFacts, accounts: pa.Array) -> pa.Table:
    """Distinct new uses: account_id, identifier_key, role, seen_at, and kind, value, table."""
    parts = [_uses_of(name, tables[name].rows) for name in ("devices", "addresses", "identifiers") if name in tables]
    schema = pa.schema(
        [(name, pa.string()) for name in ("account_id", "kind", "value", "role")]
        + [
            ("seen_at", pa.timestamp("us")),
            ("table", pa.string()),
            ("is_id", pa.bool_()),
            ("identifier_key", pa.string()),
        ]
    )
    rows = pa.concat_tables([part.cast(schema) for part in parts]) if parts else schema.empty_table()
    keys = _all_keys(pa.chunked_array([known.identifier_key]), [rows["identifier_key"]])
    roles = pc.unique(pa.chunked_array([*rows["role"].chunks, *known.uses["role"].chunks], type=pa.string()))
    given = (
        _codes(rows["account_id"], accounts),
        _codes(rows["identifier_key"], keys),
        _codes(rows["role"], roles),
        _instants(rows["seen_at"]),
    )
    there = (
        known.uses["account"].to_numpy(),
        known.uses["identifier"].to_numpy(),
        _codes(known.uses["role"], roles),
        _instants(known.uses["seen_at"]),
    )
    return rows.filter(pa.array(_is_new(given, there)))


def _uses_of(name: str, rows: pa.Table) -> pa.Table:
    none = pa.nulls(rows.num_rows, pa.string())
    is_id = rows["is_id"] if name == "addresses" else pa.repeat(False, rows.num_rows)
    if name == "devices":
        kind: pa.Array | pa.ChunkedArray = pa.repeat("device", rows.num_rows)
        value, role = rows["device_id"], none
    elif name == "addresses":
        kind, value, role = pa.repeat("address", rows.num_rows), rows["address"], rows["kind"]
    else:
        kind, value, role = rows["kind"], rows["value"], none
    return pa.table(
        {
            "account_id": rows["account_id"],
            "kind": kind,
            "value": value,
            "role": role,
            "seen_at": rows["seen_at"],
            "table": pa.repeat(name, rows.num_rows),
            "is_id": is_id,
            "identifier_key": _identifier_keys(kind, value),
        }
    )


def _identifier_keys(kind: pa.Array | pa.ChunkedArray, value: pa.ChunkedArray) -> pa.ChunkedArray:
    """``kind:value``; a colon inside a kind is written out, or kind a:b, value c would be kind a, value b:c."""
    plain = pc.replace_substring(pc.replace_substring(kind, "%", "%25"), ":", "%3A")
    return pc.binary_join_element_wise(plain, value, ":")


def _new_identifiers(uses: pa.Table, known: KnownFacts) -> pa.Table:
    is_new = pc.invert(pc.is_in(uses["identifier_key"], value_set=known.identifier_key))
    rows = uses.filter(is_new).group_by(["identifier_key", "kind", "value"])
    nodes = rows.aggregate([("is_id", "max")]).sort_by("identifier_key").combine_chunks()
    # An address given as an id is exact: only free text has spellings.
    how = pc.if_else(
        nodes["is_id_max"], pc.binary_join_element_wise(nodes["kind"], "id", "_"), nodes["kind"]
    ).to_numpy()
    canonical = np.full(nodes.num_rows, None, dtype=object)
    for kind in sorted(set(how)):
        mask = how == kind
        values = nodes["value"].filter(pa.array(mask)).combine_chunks()
        canonical[mask] = _shorten(canonical_values(kind, values)).to_numpy(zero_copy_only=False)
    return nodes.select(["identifier_key", "kind", "value"]).append_column(
        "canonical", pa.array(canonical, pa.string())
    )


def _shorten(canonical: pa.Array) -> pa.Array:
    """Put a digest in the place of what no index takes: a ligature can have ten times its length in plain letters."""
    if (pc.max(pc.binary_length(canonical)).as_py() or 0) <= _MAX_CANONICAL_BYTES:
        return canonical
    texts = canonical.to_pylist()
    long = [text is not None and len(text.encode()) > _MAX_CANONICAL_BYTES for text in texts]
    digests = [
        f"sha256:{sha256(text.encode()).hexdigest()}" if cut else text for text, cut in zip(texts, long, strict=True)
    ]
    return pa.array(digests, pa.string())


def _new_referrals(tables: Mapping[str, CheckedTable], known: KnownFacts, accounts: pa.Array) -> pa.Table:
    if "referrals" not in tables:
        return pa.table({"referred_by": pa.array([], pa.string()), "account_id": pa.array([], pa.string())})
    rows = tables["referrals"].rows.select(["referred_by", "account_id"])
    given = (_codes(rows["referred_by"], accounts), _codes(rows["account_id"], accounts))
    there = (known.referrals["by"].to_numpy(), known.referrals["account"].to_numpy())
    return rows.filter(pa.array(_is_new(given, there)))


def _new_labels(tables: Mapping[str, CheckedTable], known: KnownFacts, accounts: pa.Array) -> pa.Table:
    columns = ["account_id", "label", "decided_at", "source"]
    if "labels" not in tables:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    rows = tables["labels"].rows.select(columns)
    texts = [
        *rows["label"].chunks,
        *rows["source"].chunks,
        *known.labels["label"].chunks,
        *known.labels["source"].chunks,
    ]
    words = pc.unique(pa.chunked_array(texts, type=pa.string()))
    given, there = (
        (account, _codes(part["label"], words), _instants(part["decided_at"]), _codes(part["source"], words))
        for part, account in (
            (rows, _codes(rows["account_id"], accounts)),
            (known.labels, known.labels["account"].to_numpy()),
        )
    )
    return rows.filter(pa.array(_is_new(given, there)))


def _label_nodes(labels: pa.Table, known: KnownFacts) -> dict[str, pa.Table]:
    words = pc.unique(labels["label"]).drop_null()
    there = pc.unique(known.labels["label"]).cast(pa.string())
    return {"Label": pa.table({"label": words.filter(pc.invert(pc.is_in(words, value_set=there)))})}


def _codes(values: pa.ChunkedArray, words: pa.Array) -> NDArray[np.int64]:
    """Each value's place among ``words``; -1 for a null."""
    place = pc.index_in(values, value_set=words.drop_null() if words.null_count else words)
    codes: NDArray[np.int64] = pc.fill_null(place, -1).to_numpy().astype(np.int64)
    return codes


def _instants(values: pa.ChunkedArray) -> NDArray[np.int64]:
    micros = pc.fill_null(values.cast(pa.timestamp("us")).cast(pa.int64()), np.iinfo(np.int64).min)
    instants: NDArray[np.int64] = micros.to_numpy()
    return instants


def _is_new(given: tuple[NDArray[np.int64], ...], there: tuple[NDArray[np.int64], ...]) -> NDArray[np.bool_]:
    """Which given rows are neither there already nor repeats of an earlier given row."""
    columns = {str(i): np.concatenate([old, new]) for i, (old, new) in enumerate(zip(there, given, strict=True))}
    repeated = pd.DataFrame(columns).duplicated().to_numpy()
    mask: NDArray[np.bool_] = ~repeated[len(there[0]) :]
    return mask
