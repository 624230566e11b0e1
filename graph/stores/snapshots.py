"""From a store's columns to a :class:`~graph.model.Snapshot`: sorted, cut at an instant, joined.

Knows no database: each store hands in :class:`~graph.stores.raw_graph.RawGraph`, whose relationships name nodes by
their place in the node tables, in whatever order the store gave them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import equals, find_distinct, is_true, read_floats, read_ints, read_texts
from graph.identity.match import MATCHED_KINDS, match_values
from graph.model import NO_EVENTS, Events, Floats, Ints, Orders, Reviews, Snapshot, Strings, Times, Uses
from graph.stores.raw_graph import RawGraph

if TYPE_CHECKING:
    from graph.arrow import Chunks, Values


def build_snapshot(raw: RawGraph, *, as_of: np.datetime64 | None = None) -> Snapshot:
    """Sort a store's facts into a snapshot.

    Parameters
    ----------
    raw
        The store's facts.
    as_of
        Keep only what is dated at or before this instant; what bears no date is left out too
        (accounts and listings excepted), for it might be later.  What has changed since is as it was.
    """
    if as_of is not None:
        from graph.stores.past import turn_back  # and pandas with it

        raw = turn_back(raw, as_of)
    account_row, account_id, created_at = _accounts(raw.accounts, as_of)
    identifiers = _identifiers(raw.identifiers.select(["kind", "canonical"]), _is_used(raw, account_row, as_of))
    product_row, product_id = _sorted_keys(raw.listings["product_id"])
    product_seller = _product_sellers(raw.listed, account_row, product_row)
    referrals = _referrals(raw.referred, account_row, as_of)
    return Snapshot(
        account_id=account_id,
        created_at=created_at,
        identifier_kind=identifiers.kind,
        identifier_value=identifiers.value,
        uses=_uses(raw.uses, account_row, identifiers.row, as_of),
        product_id=product_id,
        product_seller=product_seller,
        product_price=_product_prices(raw.listings, product_row),
        orders=_orders(_join_payments(raw), account_row, product_row, as_of),
        reviews=_reviews(raw, account_row, product_row, as_of, product_seller),
        referral_account=referrals[0],
        referral_by=referrals[1],
        **_labels(raw.labelled, account_row, as_of),
        **_statuses(raw.accounts, account_row, as_of),
        joined_identifier=identifiers.joined,
        joined_value=identifiers.joined_value,
        as_of=as_of,
        events=_events(raw, account_row, as_of),
    )


def digest_snapshot(snapshot: Snapshot) -> str:
    """A SHA-256 of every array, in hexadecimal: equal facts give equal digests."""
    digest = hashlib.sha256()
    _feed(digest, snapshot)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if is_dataclass(value):
        for field in fields(value):
            # What a market without events was called before there were any, it is still called.
            if field.name == "events" and not len(getattr(value, field.name)):
                continue
            digest.update(field.name.encode())
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, np.ndarray) and value.dtype == object:
        # An array of objects holds addresses, which differ from process to process; Arrow's buffers hold the text.
        text = pa.array(value, pa.large_string())
        for buffer in text.buffers():
            digest.update(b"-" if buffer is None else buffer)
    elif isinstance(value, np.ndarray):
        digest.update(np.ascontiguousarray(value).view(np.uint8))
    else:
        digest.update(repr(value).encode())


def _accounts(accounts: pa.Table, as_of: np.datetime64 | None) -> tuple[Ints, Strings, Times]:
    """The row of each stored account (-1 where it came later), and the ids and times in the order of joining.

    By ids only where they joined at once: what is found must not hang on how a shop names its customers.
    """
    created_at = _times(accounts["created_at"])
    known = accounts.select(["created_at", "account_id"])
    order = pc.sort_indices(known, sort_keys=[("created_at", "ascending"), ("account_id", "ascending")]).to_numpy()
    if as_of is not None:
        # Negated, so that an account without a date stays: it has to be somewhere for its dated facts to count.
        order = order[~(created_at[order] > as_of)]
    row = np.full(accounts.num_rows, -1, dtype=np.int64)
    row[order] = np.arange(len(order))
    return row, _strings(accounts["account_id"].take(pa.array(order))), created_at[order]


def _statuses(accounts: pa.Table, account_row: Ints, as_of: np.datetime64 | None) -> dict[str, Any]:
    """The status of each account (N,) as a code into the names; as of an instant only what is dated by then."""
    known = account_row >= 0
    if as_of is not None:
        has_dates = "updated_at" in accounts.column_names
        known &= _known_by(_times(accounts["updated_at"]), as_of) if has_dates else False
    told, row = accounts["status"].filter(pa.array(known)), account_row[known]
    names = tuple(sorted(read_texts(find_distinct(told).drop_null())))
    status = np.full(int((account_row >= 0).sum()), -1, dtype=np.int64)
    status[row] = read_ints(pc.index_in(told, value_set=pa.array(names, pa.string())), missing=-1)
    return {"account_status": status, "account_status_names": names}


def _sorted_keys(keys: Chunks) -> tuple[Ints, Strings]:
    order = pc.sort_indices(keys).to_numpy()
    row = np.empty(len(order), dtype=np.int64)
    row[order] = np.arange(len(order))
    return row, _strings(keys.take(pa.array(order)))


@dataclass(frozen=True)
class _Identifiers:
    """The row of each stored identifier, the rows' kinds and values, and what other forms were joined to which row."""

    row: Ints
    kind: Strings
    value: Strings
    joined: Ints
    joined_value: Strings


def _is_used(raw: RawGraph, account_row: Ints, as_of: np.datetime64 | None) -> NDArray[np.bool_]:
    """Which stored identifiers somebody used by the instant."""
    keep = (account_row[_ints(raw.uses["account"])] >= 0) & _known_by(_times(raw.uses["seen_at"]), as_of)
    is_used = np.zeros(raw.identifiers.num_rows, dtype=bool)
    is_used[_ints(raw.uses["identifier"])[keep]] = True
    return is_used


def _identifiers(identifiers: pa.Table, is_used: NDArray[np.bool_]) -> _Identifiers:
    """Join identifiers by kind and canonical value, then those that the market shows to be one."""
    if not identifiers.num_rows:
        none, nowhere = np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
        return _Identifiers(nowhere, none, none, nowhere, none)
    order = pc.sort_indices(identifiers, sort_keys=[("kind", "ascending"), ("canonical", "ascending")]).to_numpy()
    ordered = identifiers.take(pa.array(order))
    same = np.ones(len(order) - 1, dtype=bool)
    for column in ("kind", "canonical"):
        values = ordered[column].combine_chunks()
        same &= pc.equal(values.slice(1), values.slice(0, len(values) - 1)).to_numpy(zero_copy_only=False)
    first = np.concatenate([[True], ~same])
    row = np.empty(len(order), dtype=np.int64)
    row[order] = np.cumsum(first) - 1
    kept = ordered.filter(pa.array(first))
    into = _match_rows(kept, np.unique(row[is_used]))
    stays = into == np.arange(len(into))
    place = np.cumsum(stays) - 1
    left, others = kept.filter(stays), kept.filter(~stays)
    joined = place[into[~stays]]
    by_row = np.argsort(joined, kind="stable")
    return _Identifiers(
        place[into[row]],
        _strings(left["kind"]),
        _strings(left["canonical"]),
        joined[by_row],
        _strings(others["canonical"])[by_row],
    )


def _match_rows(identifiers: pa.Table, used: Ints) -> Ints:
    """The row that each row is one with; what nobody has used yet says nothing of others and stays by itself."""
    into = np.arange(identifiers.num_rows, dtype=np.int64)
    kinds = identifiers["kind"].take(used)
    for kind in MATCHED_KINDS:
        rows = used[is_true(equals(kinds, kind))]
        into[rows] = rows[match_values(kind, identifiers["canonical"].take(rows).combine_chunks())]
    return into


def _product_sellers(listed: pa.Table, account_row: Ints, product_row: Ints) -> Ints:
    seller = np.full(len(product_row), -1, dtype=np.int64)
    seller[product_row[_ints(listed["listing"])]] = account_row[_ints(listed["account"])]
    return seller


def _product_prices(listings: pa.Table, product_row: Ints) -> Floats:
    price = np.full(len(product_row), np.nan)
    price[product_row] = read_floats(listings["price"])
    return price


def _uses(uses: pa.Table, account_row: Ints, identifier_row: Ints, as_of: np.datetime64 | None) -> Uses:
    account = account_row[_ints(uses["account"])]
    identifier = identifier_row[_ints(uses["identifier"])]
    seen_at = _times(uses["seen_at"])
    keep = np.flatnonzero((account >= 0) & _known_by(seen_at, as_of))
    order = keep[np.lexsort((seen_at[keep], identifier[keep], account[keep]))]
    account, identifier, seen_at = account[order], identifier[order], seen_at[order]
    instants = seen_at.view(np.int64)
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (np.diff(account) == 0) & (np.diff(identifier) == 0) & (instants[1:] == instants[:-1])
    return Uses(account[~again], identifier[~again], seen_at[~again])


def _join_payments(raw: RawGraph) -> RawGraph:
    """The same with transfers among the orders: as those that name no product, they are payments and nothing else."""
    if not raw.paid.num_rows:
        return raw
    orders = raw.orders.select(["buyer", "seller", "product_id", "amount", "ordered_at", "status"])
    paid = raw.paid.select(["payer", "payee", "amount", "paid_at", "status"])
    paid = paid.add_column(2, "product_id", pa.nulls(paid.num_rows, pa.string()))
    return replace(raw, orders=pa.concat_tables([orders, paid.rename_columns(orders.column_names).cast(orders.schema)]))


def _orders(raw: RawGraph, account_row: Ints, product_row: Ints, as_of: np.datetime64 | None) -> Orders:
    rows = raw.orders
    place = pc.index_in(rows["product_id"], value_set=raw.listings["product_id"].combine_chunks())
    status_names = tuple(sorted(read_texts(find_distinct(rows["status"]).drop_null())))
    status = read_ints(pc.index_in(rows["status"], value_set=pa.array(status_names, pa.string())), missing=-1)
    buyer, seller = account_row[_ints(rows["buyer"])], _mapped(rows["seller"], account_row)
    product, ordered_at = _mapped(place, product_row), _times(rows["ordered_at"])
    amount = read_floats(rows["amount"])
    keep = np.flatnonzero((buyer >= 0) & _known_by(ordered_at, as_of))
    # By every column: rows come in any order, and equal facts must give equal bytes.
    keys = (amount, status, product, ordered_at, seller, buyer)
    order = keep[np.lexsort(tuple(key[keep] for key in keys))]
    return Orders(
        buyer[order], seller[order], product[order], amount[order], ordered_at[order], status[order], status_names
    )


def _reviews(
    raw: RawGraph, account_row: Ints, product_row: Ints, as_of: np.datetime64 | None, product_seller: Ints
) -> Reviews:
    n = raw.reviews.num_rows
    author, product, seller = (np.full(n, -1, dtype=np.int64) for _ in range(3))
    author[_ints(raw.wrote["review"])] = account_row[_ints(raw.wrote["account"])]
    product[_ints(raw.about_listing["review"])] = product_row[_ints(raw.about_listing["listing"])]
    seller[_ints(raw.about_account["review"])] = account_row[_ints(raw.about_account["account"])]
    listed_by = np.where(product >= 0, product_seller[product] if len(product_seller) else -1, -1)
    seller = np.where(seller >= 0, seller, listed_by)
    reviewed_at = _times(raw.reviews["reviewed_at"])
    order = pc.sort_indices(raw.reviews["review_id"]).to_numpy()
    order = order[(author[order] >= 0) & _known_by(reviewed_at[order], as_of)]
    return Reviews(
        review_id=_strings(raw.reviews["review_id"].take(pa.array(order))),
        author=author[order],
        product=product[order],
        seller=seller[order],
        rating=read_floats(raw.reviews["rating"])[order],
        reviewed_at=reviewed_at[order],
        text=_strings(raw.reviews["text"].take(pa.array(order))),
    )


def _events(raw: RawGraph, account_row: Ints, as_of: np.datetime64 | None) -> Events:
    rows = raw.did
    if not rows.num_rows:
        return NO_EVENTS
    account, happened_at = account_row[_ints(rows["account"])], _times(rows["happened_at"])
    keep = np.flatnonzero((account >= 0) & _known_by(happened_at, as_of))
    names = tuple(sorted(read_texts(find_distinct(rows["action"].take(keep)).drop_null())))
    action = read_ints(pc.index_in(rows["action"], value_set=pa.array(names, pa.string())), missing=-1)
    row, _ = _sorted_keys(raw.objects["object_key"])
    # Only objects with which something was done by then; sorted by key, so that a load in another order is the same.
    done, thing = np.unique(row[_ints(rows["object"])][keep], return_inverse=True)
    order = np.lexsort((happened_at[keep], action[keep], thing, account[keep]))
    objects = raw.objects.take(np.argsort(row)[done])
    keep = keep[order]
    return Events(
        account=account[keep],
        object=thing[order],
        action=action[keep],
        happened_at=happened_at[keep],
        action_names=names,
        object_name=_strings(objects["value"]),
        is_text=is_true(pc.starts_with(objects["object_key"], "text:")),
    )


def _referrals(referred: pa.Table, account_row: Ints, as_of: np.datetime64 | None) -> Ints:
    """Rows account, who brought it in (2, F), sorted."""
    referrals = np.stack([account_row[_ints(referred[c])] for c in ("account", "by")])
    # A referral bears no date, so that as of an instant none is known to have been made.
    referrals = referrals[:, (referrals >= 0).all(axis=0) & (as_of is None)]
    return referrals[:, np.lexsort(referrals[::-1])]


def _labels(labelled: pa.Table, account_row: Ints, as_of: np.datetime64 | None) -> dict[str, Any]:
    """The labels' columns (L,), sorted: of each account the last decision."""
    decided_at = _times(labelled["decided_at"])
    is_fraud = is_true(equals(labelled["label"], "fraud")).astype(np.int64)
    rows = np.stack([account_row[_ints(labelled["account"])], is_fraud, decided_at.astype(np.int64)])
    rows = rows[:, (rows[0] >= 0) & _known_by(decided_at, as_of)]
    # Older stores keep all decisions; one that bears no date is the first integer there is, and thus the earliest.
    last = np.full(len(account_row), np.iinfo(np.int64).min)
    np.maximum.at(last, rows[0], rows[2])
    rows = rows[:, rows[2] == last[rows[0]]]
    account, fraud, decided = rows[:, np.lexsort(rows[::-1])]
    at = decided.astype("datetime64[us]")
    return {"label_account": account, "label_is_fraud": fraud.astype(bool), "label_decided_at": at}


def _known_by(times: Times, as_of: np.datetime64 | None) -> NDArray[np.bool_]:
    return np.ones(len(times), dtype=bool) if as_of is None else times <= as_of


def _mapped(values: Values, row: Ints) -> Ints:
    """Places through ``row``; -1 for a null."""
    place = read_ints(values, missing=-1)
    return np.where(place >= 0, row[place], -1) if len(row) else np.full(len(place), -1, dtype=np.int64)


def _ints(values: Chunks) -> Ints:
    ints: Ints = values.cast(pa.int64()).to_numpy()
    return ints


def _times(values: Chunks) -> Times:
    times: Times = values.cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    return times


def _strings(values: Chunks) -> Strings:
    strings: Strings = values.to_numpy(zero_copy_only=False)
    return strings.astype(object)
