"""A snapshot as it would be if the facts of further accounts had been loaded: nothing is written, no store is asked.

The snapshot is taken apart into the columns that it was made of, what the tables add is worked out as for a load, and
both together are made into a snapshot again, so that spellings are joined by the same rules across old and new facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import is_true
from graph.contract.schema import CONTRACT
from graph.contract.tables import CheckedTable
from graph.errors import DataError
from graph.model import Ints, Snapshot, Strings
from graph.stores.known_facts import KNOW_NOTHING
from graph.stores.load_plan import LoadPlan, plan_load
from graph.stores.raw_graph import RawGraph
from graph.stores.snapshots import build_snapshot

if TYPE_CHECKING:
    from graph.arrow import Values

_ORDERED, _USES = ("ORDERED", "Account"), ("USES", "Account", "Identifier")


def join_newcomers(snapshot: Snapshot, tables: Mapping[str, CheckedTable]) -> Snapshot:
    """Put accounts that a snapshot does not know beside those that it does, with all facts that name one of them.

    Parameters
    ----------
    snapshot
        All that a store knows; not a look at the past.
    tables
        Checked tables by contract name.  Facts of known accounts among themselves are left out: a snapshot keeps no
        ids of orders, by which they could be told from those that are there.

    Raises
    ------
    DataError
        If a review of a new account has the id of one that is known.

    Notes
    -----
    O(E log E) for all facts, old and new.  Where a new spelling parts what the market had joined, old uses go with
    the form that the snapshot names.
    """
    raw = _take_apart(snapshot)
    plan = plan_load(_leave_known(tables, raw), KNOW_NOTHING)
    return build_snapshot(_add(raw, plan))


def _leave_known(tables: Mapping[str, CheckedTable], raw: RawGraph) -> dict[str, CheckedTable]:
    """The rows that name an account which is new; of listings, those of products that are."""
    left = {}
    for name, table in tables.items():
        keep = np.zeros(table.rows.num_rows, dtype=bool)
        for column in CONTRACT[name].find_mentions("account"):
            named = table.rows[column]
            keep |= is_true(pc.is_valid(named)) & ~_is_in(named, raw.accounts["account_id"])
        if name == "listings":
            keep &= ~_is_in(table.rows["product_id"], raw.listings["product_id"])
        # Rejects name places in the file that was read, which fewer rows no longer follow.
        left[name] = replace(table, rows=table.rows.filter(pa.array(keep)), _origin=None)
    _refuse_known_reviews(left, raw)
    return left


def _refuse_known_reviews(tables: Mapping[str, CheckedTable], raw: RawGraph) -> None:
    if "reviews" in tables:
        given = tables["reviews"].rows["review_id"]
        known = np.flatnonzero(_is_in(given, raw.reviews["review_id"]))
        if len(known):
            raise DataError(f"review_id {given[int(known[0])].as_py()!r} is already in the store, by another account")


def _is_in(values: Values, known: Values) -> Any:
    return is_true(pc.is_in(values, value_set=_join(known)))


def _join(values: Any) -> Any:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


# ── what a snapshot was made of ───────────────────────────────────────────────────────────────────


def _take_apart(snapshot: Snapshot) -> RawGraph:
    """The columns from which a store would make this snapshot."""
    reviews, seller = snapshot.reviews, snapshot.product_seller
    listed, of_product = np.flatnonzero(seller >= 0), np.flatnonzero(reviews.product >= 0)
    of_seller = np.flatnonzero(reviews.seller >= 0)
    verdict = np.array(["legit", "fraud"], dtype=object)[snapshot.label_is_fraud.astype(np.int64)]
    return RawGraph(
        accounts=_table(
            account_id=_texts(snapshot.account_id),
            created_at=snapshot.created_at,
            status=_texts(_name_codes(snapshot.account_status, snapshot.account_status_names)),
        ),
        identifiers=_take_identifiers(snapshot),
        listings=_table(product_id=_texts(snapshot.product_id), price=_numbers(snapshot.product_price)),
        reviews=_table(
            review_id=_texts(reviews.review_id),
            rating=_numbers(reviews.rating),
            reviewed_at=reviews.reviewed_at,
            text=_texts(reviews.text),
        ),
        uses=_take_uses(snapshot),
        orders=_take_orders(snapshot),
        listed=_table(account=seller[listed], listing=listed),
        wrote=_table(account=reviews.author, review=np.arange(len(reviews.author))),
        about_listing=_table(review=of_product, listing=reviews.product[of_product]),
        about_account=_table(review=of_seller, account=reviews.seller[of_seller]),
        referred=_table(by=snapshot.referral_by, account=snapshot.referral_account),
        labelled=_table(account=snapshot.label_account, label=_texts(verdict), decided_at=snapshot.label_decided_at),
    )


def _take_identifiers(snapshot: Snapshot) -> pa.Table:
    """The identifiers, and after them the spellings that were joined to one."""
    kind = np.concatenate([snapshot.identifier_kind, snapshot.identifier_kind[snapshot.joined_identifier]])
    return _table(kind=_texts(kind), canonical=_texts(np.append(snapshot.identifier_value, snapshot.joined_value)))


def _take_uses(snapshot: Snapshot) -> pa.Table:
    """All uses, and one more for each spelling that was joined: it was used, or it could not have been joined."""
    uses, joined = snapshot.uses, snapshot.joined_identifier
    used, first = np.unique(uses.identifier, return_index=True)
    again = first[np.searchsorted(used, joined)]
    spelling = snapshot.n_identifiers + np.arange(len(joined))
    return _table(
        account=np.append(uses.account, uses.account[again]),
        identifier=np.append(uses.identifier, spelling),
        seen_at=np.append(uses.seen_at, uses.seen_at[again]),
    )


def _take_orders(snapshot: Snapshot) -> pa.Table:
    orders = snapshot.orders
    # -1 is the last place, where nothing is known.
    product = np.append(snapshot.product_id, [None])[orders.product]
    status = _name_codes(orders.status, orders.status_names)
    return _table(
        buyer=orders.buyer,
        seller=pa.array(orders.seller, mask=orders.seller < 0),
        product_id=_texts(product),
        amount=_numbers(orders.amount),
        ordered_at=orders.ordered_at,
        status=_texts(status),
    )


def _name_codes(codes: Ints, names: Sequence[str]) -> Strings:
    """The word of each code; None for -1, the last place, where nothing is known."""
    named: Strings = np.array([*names, None], dtype=object)[codes]
    return named


def _table(**columns: Any) -> pa.Table:
    arrays = {name: pa.array(each) if isinstance(each, np.ndarray) else each for name, each in columns.items()}
    return pa.table(arrays)


def _texts(values: Any) -> Any:
    return pa.array(values, pa.string())


def _numbers(values: Any) -> Any:
    return pa.array(values, from_pandas=True)  # NaN is not known


# ── what the tables add ───────────────────────────────────────────────────────────────────────────


def _add(raw: RawGraph, plan: LoadPlan) -> RawGraph:
    """Both together: new nodes after those that are there, and relationships by the places of their ends."""
    accounts = _append_new(raw.accounts, plan.nodes.get("Account"), "account_id")
    listings = _append_new(raw.listings, plan.nodes.get("Listing"), "product_id")
    reviews = _append_new(raw.reviews, plan.nodes.get("Review"), "review_id")
    new_identifiers = plan.nodes.get("Identifier")
    keys = {
        "account": accounts["account_id"],
        "seller": accounts["account_id"],
        "buyer": accounts["account_id"],
        "by": accounts["account_id"],
        "listing": listings["product_id"],
        "review": reviews["review_id"],
        "identifier": _list_identifiers(raw, new_identifiers),
    }
    ways = {
        "uses": (_USES, {"account_id": "account", "identifier_key": "identifier"}),
        "listed": (("LISTED", "Account", "Listing"), {"seller_id": "account", "product_id": "listing"}),
        "wrote": (("WROTE", "Account", "Review"), {"account_id": "account", "review_id": "review"}),
        "about_listing": (("ABOUT", "Review", "Listing"), {"review_id": "review", "product_id": "listing"}),
        "about_account": (("ABOUT", "Review", "Account"), {"review_id": "review", "seller_id": "account"}),
        "referred": (("REFERRED", "Account", "Account"), {"referred_by": "by", "account_id": "account"}),
        "labelled": (("LABELLED", "Account", "Label"), {"account_id": "account"}),
    }
    added = {
        name: _append(getattr(raw, name), plan.relationships.get(way), ends, keys) for name, (way, ends) in ways.items()
    }
    orders = raw.orders
    for seller in ("Account", "Shop"):
        ends = {"buyer_id": "buyer", "seller_id": "seller"} if seller == "Account" else {"buyer_id": "buyer"}
        orders = _append(orders, plan.relationships.get((*_ORDERED, seller)), ends, keys)
    identifiers = _append_columns(raw.identifiers, new_identifiers)
    return replace(
        raw, accounts=accounts, identifiers=identifiers, listings=listings, reviews=reviews, orders=orders, **added
    )


def _list_identifiers(raw: RawGraph, new: pa.Table | None) -> Any:
    """The key of each identifier; those of the snapshot have none that a table could name."""
    none = pa.nulls(raw.identifiers.num_rows, pa.string())
    return none if new is None else pa.concat_arrays([none, _join(new["identifier_key"])])


def _append_new(known: pa.Table, new: pa.Table | None, key: str) -> pa.Table:
    """Nodes that are not there, after those that are."""
    if new is None:
        return known
    return _append_columns(known, new.filter(pa.array(~_is_in(new[key], known[key]))))


def _append(known: pa.Table, new: pa.Table | None, ends: Mapping[str, str], keys: Mapping[str, Any]) -> pa.Table:
    """Relationships after those that are there, the ids of their ends as places among the keys."""
    if new is None:
        return known
    columns: dict[str, Any] = {name: new[name] for name in new.column_names}
    for column, end in ends.items():
        columns[end] = pc.index_in(columns[column], value_set=_join(keys[end]), skip_nulls=True).cast(pa.int64())
    return _append_columns(known, pa.table(columns))


def _append_columns(known: pa.Table, new: pa.Table | None) -> pa.Table:
    """The columns of a table that is there, with more rows; what the new rows lack is null."""
    if new is None:
        return known
    lacking = [name for name in known.column_names if name not in new.column_names]
    for name in lacking:
        new = new.append_column(name, pa.nulls(new.num_rows, known.schema.field(name).type))
    return pa.concat_tables([known, new.select(known.column_names).cast(known.schema)])
