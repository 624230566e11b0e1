"""The facts as they were at an instant: former states take the place of those that came after.

Of each row that has a history the state holds that began last before the instant and had not ended.  Of one that is
only known from later on, the first state is told, but not its status: that may be of any time since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import blank_where, find_distinct, is_true, make_table, null_below_zero, read_ints
from graph.contract.repeats import read_instants
from graph.contract.schema import CONTRACT, INSTANT
from graph.stores.history import BEFORE_ALL, select_earlier
from graph.stores.raw_graph import RawGraph

if TYPE_CHECKING:
    from graph.arrow import Chunks, Values
    from graph.model import Ints

_STILL = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class _Past:
    """A store's facts and history, and the instant (microseconds since 1970) to go back to."""

    raw: RawGraph
    earlier: pa.Table
    at: int

    def choose(self, table: str, keys: Chunks, since: Chunks) -> tuple[pa.Table, Ints]:
        """The former states that held at the instant, and the current rows that did not.

        Parameters
        ----------
        table
            Of the contract, with a key.
        keys, since
            (N,) of the current rows; a null has held for as long as anybody knows.
        """
        former = select_earlier(self.earlier, table)
        key = str(CONTRACT[table].key)
        before = pd.DataFrame(
            {
                "key": former[key].to_pandas(),
                "since": _micros(former["valid_from"], BEFORE_ALL),
                "until": _micros(former["valid_until"], _STILL),
                "row": np.arange(former.num_rows),
                "now": False,
            }
        )
        now = pd.DataFrame({"key": keys.to_pandas(), "since": _micros(since, BEFORE_ALL), "until": _STILL, "now": True})
        now = now.assign(row=np.arange(len(now)))
        now = now[now["key"].isin(before["key"])]
        # What says of itself no since, and has a history, is what was left when that ended.
        ended = now["key"].map(before.groupby("key")["until"].max())
        now["since"] = now["since"].where(now["since"] != BEFORE_ALL, ended).astype(np.int64)
        states = pd.concat([before, now]).sort_values(["key", "since"], kind="stable")
        begun = states["since"] <= self.at
        held = states[begun & (states["until"] > self.at)].drop_duplicates("key", keep="last")
        first = states[~states["key"].isin(states["key"][begun])].drop_duplicates("key")
        chosen = pd.concat([held, first])
        stays = chosen["row"][chosen["now"]]
        gone = np.setdiff1d(now["row"], stays)
        return former.take(pa.array(chosen["row"][~chosen["now"]].to_numpy(), pa.int64())), gone.astype(np.int64)


def turn_back(raw: RawGraph, as_of: np.datetime64) -> RawGraph:
    """Facts with their history as they were at an instant; where they come without one, as they are."""
    if raw.earlier is None:
        return raw
    past = _Past(raw, raw.earlier, int(as_of.astype("datetime64[us]").astype(np.int64)))
    if raw.earlier.num_rows:
        past = replace(past, raw=_name_all(raw, raw.earlier))
        for step in (
            _turn_accounts,
            _turn_listings,
            _turn_orders,
            _turn_transfers,
            _turn_reviews,
            _turn_labels,
            _turn_sets,
        ):
            past = replace(past, raw=step(past))
    orders, paid = (_blank_later(rows, past.at) for rows in (past.raw.orders, past.raw.paid))
    return replace(past.raw, orders=orders, paid=paid)


def _blank_later(rows: pa.Table, at: int) -> pa.Table:
    """Rows without their status where it may be of after an instant."""
    later = is_true(pc.greater(rows["updated_at"].cast(INSTANT), pa.scalar(at, pa.int64()).cast(INSTANT)))
    status = blank_where(pa.chunked_array([pa.array(later)]), rows["status"])
    return rows.set_column(rows.column_names.index("status"), "status", status)


def _name_all(raw: RawGraph, earlier: pa.Table) -> RawGraph:
    """The same with every account and listing that history names; who has gone from the store is there by name."""
    named = [earlier[name] for name in ("account_id", "buyer_id", "seller_id", "referred_by", "payer_id", "payee_id")]
    return replace(
        raw,
        accounts=_add_keys(raw.accounts, "account_id", named),
        listings=_add_keys(raw.listings, "product_id", [earlier["product_id"]]),
    )


def _add_keys(rows: pa.Table, key: str, named: list[Chunks]) -> pa.Table:
    found = find_distinct(pa.chunked_array([chunk for each in named for chunk in each.chunks], pa.string()))
    further = found.filter(pc.invert(pc.is_in(found, value_set=rows[key].combine_chunks()))).drop_null()
    return pa.concat_tables([rows, _fit(make_table({key: further}), rows)])


def _fit(rows: pa.Table, like: pa.Table) -> pa.Table:
    """Rows with the columns of others; what they have not got is null."""
    columns = [
        rows[field.name] if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in like.schema
    ]
    return pa.table(columns, schema=None, names=like.column_names).cast(like.schema)


def _turn_accounts(past: _Past) -> RawGraph:
    accounts = past.raw.accounts
    then, _ = past.choose("accounts", accounts["account_id"], accounts["updated_at"])
    return replace(past.raw, accounts=_put(accounts, then, "account_id", ("created_at", "status", "updated_at")))


def _turn_listings(past: _Past) -> RawGraph:
    raw = past.raw
    then, gone = past.choose("listings", raw.listings["product_id"], raw.listings["updated_at"])
    place = _find(then["product_id"], raw.listings["product_id"])
    stale = np.union1d(gone, place)
    stays = ~np.isin(raw.listed["listing"].to_numpy(), stale)
    listed = pa.table(
        {"account": pa.array(_find(then["seller_id"], raw.accounts["account_id"])), "listing": pa.array(place)}
    )
    known = pc.is_valid(then["seller_id"])
    listings = _put(raw.listings, then, "product_id", ("price",))
    return replace(raw, listings=listings, listed=_add(raw.listed.filter(pa.array(stays)), listed.filter(known)))


def _turn_orders(past: _Past) -> RawGraph:
    return replace(past.raw, orders=_turn_dealings(past, "orders", past.raw.orders))


def _turn_transfers(past: _Past) -> RawGraph:
    return replace(past.raw, paid=_turn_dealings(past, "transfers", past.raw.paid))


def _turn_dealings(past: _Past, table: str, rows: pa.Table) -> pa.Table:
    """Orders, or transfers, whose first two columns are the accounts of both sides; a shop is null."""
    key, account_id = str(CONTRACT[table].key), past.raw.accounts["account_id"]
    then, gone = past.choose(table, rows[key], rows["updated_at"])
    near, far = rows.column_names[:2]
    ends: dict[str, Values] = {
        near: pa.array(_find(then[f"{near}_id"], account_id)),
        far: null_below_zero(_find(then[f"{far}_id"], account_id)),
    }
    details: dict[str, Values] = {name: then[name] for name in rows.column_names if name in then.column_names}
    stays = _leave(rows, np.union1d(gone, _find(then[key], rows[key])))
    return _add(stays, make_table({**ends, **details}))


def _turn_reviews(past: _Past) -> RawGraph:
    raw, reviews = past.raw, past.raw.reviews
    then, gone = past.choose("reviews", reviews["review_id"], reviews["updated_at"])
    stale = np.union1d(gone, _find(then["review_id"], reviews["review_id"]))
    n = reviews.num_rows
    review = pa.array(n + np.arange(then.num_rows))
    author = pa.array(_find(then["account_id"], raw.accounts["account_id"]))
    about = {
        name: make_table({"review": review, end: null_below_zero(_find(then[column], keys))}).filter(
            pc.is_valid(then[column])
        )
        for name, end, column, keys in (
            ("about_listing", "listing", "product_id", raw.listings["product_id"]),
            ("about_account", "account", "seller_id", raw.accounts["account_id"]),
        )
    }
    # The nodes stay in their places; without its author a review counts for nothing.
    wrote = raw.wrote.filter(pa.array(~np.isin(raw.wrote["review"].to_numpy(), stale)))
    return replace(
        raw,
        reviews=pa.concat_tables([reviews, _fit(then, reviews)]),
        wrote=_add(wrote, make_table({"account": author, "review": review})),
        about_listing=_add(raw.about_listing, about["about_listing"]),
        about_account=_add(raw.about_account, about["about_account"]),
    )


def _turn_labels(past: _Past) -> RawGraph:
    raw, labels = past.raw, past.raw.labelled
    account_id = raw.accounts["account_id"]
    keys = account_id.take(labels["account"])
    then, gone = past.choose("labels", keys, read_instants(CONTRACT["labels"], labels).cast(INSTANT))
    stale = np.union1d(gone, np.flatnonzero(is_true(pc.is_in(keys, value_set=then["account_id"].combine_chunks()))))
    before = then.append_column("account", pa.array(_find(then["account_id"], account_id)))
    return replace(raw, labelled=_add(_leave(labels, stale), before))


def _turn_sets(past: _Past) -> RawGraph:
    """Uses and events that have ended since; a referral bears no date, and none is known of any instant."""
    raw = past.raw
    ended = select_earlier(past.earlier, "USES")
    ended = ended.filter(pa.array(_micros(ended["valid_until"], _STILL) > past.at))
    ends: dict[str, Values] = {
        "account": pa.array(_find(ended["account_id"], raw.accounts["account_id"])),
        "identifier": pa.array(_find(ended["identifier_key"], raw.identifiers["identifier_key"])),
    }
    uses = _add(raw.uses, make_table({**ends, "role": ended["role"], "seen_at": ended["seen_at"]}))
    return replace(raw, uses=uses, did=_add(raw.did, _find_ended_events(past)))


def _find_ended_events(past: _Past) -> pa.Table:
    raw, ended = past.raw, select_earlier(past.earlier, "DID")
    ended = ended.filter(pa.array(_micros(ended["valid_until"], _STILL) > past.at))
    return make_table(
        {
            "account": pa.array(_find(ended["account_id"], raw.accounts["account_id"])),
            "object": pa.array(_find(ended["object_key"], raw.objects["object_key"])),
            "action": ended["action"],
            "happened_at": ended["happened_at"],
        }
    )


def _micros(times: Chunks, missing: int) -> Ints:
    return read_ints(times.cast(INSTANT).cast(pa.int64()), missing=missing)


def _find(keys: Chunks, among: Chunks) -> Ints:
    """The row of each key; -1 where there is none."""
    return read_ints(pc.index_in(keys, value_set=among.combine_chunks()), missing=-1)


def _put(rows: pa.Table, then: pa.Table, key: str, names: tuple[str, ...]) -> pa.Table:
    """Rows with some columns as they were, where there is a former state."""
    place = pc.index_in(rows[key], value_set=then[key].combine_chunks())
    has = is_true(pc.is_valid(place))
    for name in names:
        was = then[name].cast(rows[name].type).combine_chunks()
        filled = pc.if_else(pa.array(has), was.take(place), rows[name].combine_chunks())
        rows = rows.set_column(rows.column_names.index(name), name, filled)
    return rows


def _leave(rows: pa.Table, stale: Ints) -> pa.Table:
    stays = np.ones(rows.num_rows, dtype=bool)
    stays[stale[stale >= 0]] = False
    return rows.filter(pa.array(stays))


def _add(rows: pa.Table, further: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, _fit(further, rows)])
