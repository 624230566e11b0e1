"""What a load changes, laid out as nodes and relationships: new ones, changed ones, and those that are to go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_distinct, is_true, make_table, read_ints, read_texts, take_or_null
from graph.contract.schema import CONTRACT, INSTANT
from graph.stores.changed_rows import ChangedRows
from graph.stores.history import make_earlier
from graph.stores.known_facts import KnownFacts
from graph.stores.new_facts import SetChange, make_identifiers, make_objects
from graph.vocabulary import SHOP_ID

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks
    from graph.identity.canonical import AddressesAhead

Kind = tuple[str, str, str]
_USES, _REFERRED = ("USES", "Account", "Identifier"), ("REFERRED", "Account", "Account")
_DID = ("DID", "Account", "Object")
_LISTED, _LABELLED = ("LISTED", "Account", "Listing"), ("LABELLED", "Account", "Label")
_PAID = ("PAID", "Account", "Account")
_OF_SELLER, _OF_SHOP = ("ORDERED", "Account", "Account"), ("ORDERED", "Account", "Shop")


@dataclass(frozen=True)
class Changes:
    """What a load changes of the tables with a key, by name.

    ``at`` is the instant of the load, in microseconds since 1970; ``new_accounts`` and ``new_products`` are the keys
    that are in the store from now on.
    """

    at: int
    keyed: Mapping[str, ChangedRows]
    new_accounts: Cells
    new_products: Cells


@dataclass(frozen=True)
class SetChanges:
    """What a load changes of the facts without a key."""

    uses: SetChange
    referrals: SetChange
    events: SetChange


def lay_out_nodes(changes: Changes, known: KnownFacts) -> dict[str, pa.Table]:
    """New nodes by label that the tables with a key make, former states of their rows among them."""
    keyed = changes.keyed
    reviews = _leave(keyed["reviews"].holds, known.reviews["review_id"])
    nodes = {
        "Account": _complete(changes.new_accounts, keyed["accounts"].holds, CONTRACT["accounts"].details),
        "Listing": _complete(changes.new_products, keyed["listings"].holds, CONTRACT["listings"].details),
        "Review": reviews.select(list(CONTRACT["reviews"].details)),
        "Label": make_table({"label": find_distinct(keyed["labels"].holds["label"])}),
        "Earlier": _leave_known(_lay_out_history(changes), known),
    }
    if is_true(pc.is_null(keyed["orders"].holds["seller_id"])).any():
        nodes["Shop"] = pa.table({"shop_id": pa.array([SHOP_ID])})
    return nodes


def lay_out_set_nodes(
    sets: SetChanges, at: int, known: KnownFacts, ahead: AddressesAhead | None
) -> dict[str, pa.Table]:
    """New nodes by label that the tables without a key make, former facts among them.

    ``at`` is the instant of the load; ``ahead`` has addresses that another process reads meanwhile.
    """
    return {
        "Identifier": make_identifiers(sets.uses.new, known, ahead),
        "Object": make_objects(sets.events.new, known),
        "Earlier": _leave_known(_lay_out_former_facts(sets, at), known),
    }


def _lay_out_history(changes: Changes) -> pa.Table:
    return pa.concat_tables([make_earlier(name, rows.earlier) for name, rows in changes.keyed.items()])


def _lay_out_former_facts(sets: SetChanges, at: int) -> pa.Table:
    parts = []
    for kind, change in (("USES", sets.uses), ("REFERRED", sets.referrals), ("DID", sets.events)):
        n = change.ended.num_rows
        spans = change.ended.append_column("valid_from", pa.nulls(n, INSTANT))
        until = pa.array(np.full(n, at)).cast(INSTANT)
        parts.append(make_earlier(kind, spans.append_column("valid_until", until)))
    return pa.concat_tables(parts)


def _leave_known(earlier: pa.Table, known: KnownFacts) -> pa.Table:
    """Former states without those that are there already, as where a load was interrupted."""
    return _leave(earlier, known.earlier["earlier_key"])


def lay_out_changes(changes: Changes, known: KnownFacts) -> dict[str, pa.Table]:
    """Known nodes and all that is said of each from now on; of what is gone, nothing."""
    told = {}
    for label, name in (("Account", "accounts"), ("Listing", "listings"), ("Review", "reviews")):
        rows, table = changes.keyed[name], CONTRACT[name]
        details = list(table.details)
        there = getattr(known, name)[str(table.key)].combine_chunks()
        kept = rows.holds.filter(pc.is_in(rows.holds[str(table.key)], value_set=there)).select(details)
        if table.is_thing:
            kept = pa.concat_tables([kept, _blank(rows.gone.select(details))])
        told[label] = kept
    return told


def lay_out_relationships(changes: Changes, known: KnownFacts) -> dict[Kind, pa.Table]:
    """New relationships that the tables with a key make."""
    keyed = changes.keyed
    reviews = _leave(keyed["reviews"].holds, known.reviews["review_id"])
    listed = _find_moved(keyed["listings"].holds, keyed["listings"].ends)
    return {
        **_lay_out_orders(keyed["orders"].holds),
        _LISTED: listed.filter(pc.is_valid(listed["seller_id"])).select(["seller_id", "product_id"]),
        ("WROTE", "Account", "Review"): reviews.select(["account_id", "review_id"]),
        ("ABOUT", "Review", "Listing"): _about(reviews, "product_id"),
        ("ABOUT", "Review", "Account"): _about(reviews, "seller_id"),
        _PAID: _lay_out_transfers(keyed["transfers"].holds),
        _LABELLED: keyed["labels"].holds,
    }


def lay_out_set_relationships(sets: SetChanges) -> dict[Kind, pa.Table]:
    """New relationships that the tables without a key make."""
    return {
        _USES: sets.uses.new.select(["account_id", "identifier_key", "role", "seen_at"]),
        _REFERRED: sets.referrals.new,
        _DID: sets.events.new.drop_columns("value"),
    }


def lay_out_ends(changes: Changes, sets: SetChanges) -> dict[Kind, pa.Table]:
    """Relationships that are to go, those among them whose place another one takes."""
    keyed = changes.keyed
    orders = _lay_out_orders(keyed["orders"].ends)
    listed = _find_moved(keyed["listings"].ends, keyed["listings"].holds)
    return {
        **{kind: rows.select([*rows.column_names[:2], "order_id"]) for kind, rows in orders.items()},
        _LISTED: listed.filter(pc.is_valid(listed["seller_id"])).select(["seller_id", "product_id"]),
        _LABELLED: keyed["labels"].ends.select(["account_id", "label"]),
        _USES: sets.uses.ended.drop_columns("ended_as"),
        _REFERRED: sets.referrals.ended.drop_columns("ended_as"),
        _DID: sets.events.ended.drop_columns("ended_as"),
        _PAID: keyed["transfers"].ends.select(["payer_id", "payee_id", "transfer_id"]),
    }


def lay_out_gone(changes: Changes, sets: SetChanges, known: KnownFacts) -> dict[str, pa.Table]:
    """Nodes that are to go: reviews, and accounts and listings that no fact names any more."""
    keyed = changes.keyed
    gone = {"Review": keyed["reviews"].gone.select(["review_id"])}
    for label, name, thing in (("Account", "accounts", "account"), ("Listing", "listings", "product")):
        key = str(CONTRACT[name].key)
        lost = keyed[name].gone.select([key])
        if lost.num_rows:
            named = pa.chunked_array(
                [chunk for each in _list_named(changes, sets, known, thing) for chunk in each.chunks]
            )
            lost = lost.filter(pc.invert(pc.is_in(lost[key], value_set=find_distinct(named).drop_null())))
        gone[label] = lost
    return gone


def _list_named(changes: Changes, sets: SetChanges, known: KnownFacts, thing: str) -> list[Chunks]:
    """The keys of accounts, or products, that some fact names after the load, besides what is said of themselves."""
    named: list[Chunks] = []
    for name, rows in changes.keyed.items():
        key = str(CONTRACT[name].key)
        stay = _leave(getattr(known, name), rows.ends[key])
        for column in CONTRACT[name].find_mentions("account" if thing == "account" else "product"):
            if not (CONTRACT[name].is_thing and column == key):
                named += [stay[column], rows.holds[column]]
    if thing == "account":
        named += _list_users(sets, known)
    return [each.cast(pa.string()) for each in named]


def _list_users(sets: SetChanges, known: KnownFacts) -> list[Chunks]:
    account_id = known.accounts["account_id"]
    ended = sets.uses.ended, sets.referrals.ended
    used = _count_left(account_id.take(known.uses["account"]), [ended[0]["account_id"]])
    both = [account_id.take(known.referrals[end]) for end in ("by", "account")]
    return [
        used,
        _count_left(account_id.take(known.did["account"]), [sets.events.ended["account_id"]]),
        sets.events.new["account_id"],
        sets.uses.new["account_id"],
        *(_count_left(end, [ended[1][name]]) for end, name in zip(both, ("referred_by", "account_id"), strict=True)),
        sets.referrals.new["referred_by"],
        sets.referrals.new["account_id"],
    ]


def _count_left(named: Chunks, ended: list[Chunks]) -> Chunks:
    """The keys that come more often among all than among those that are to go."""
    counts: dict[str, int] = {}
    for column, sign in ((named, 1), *((each, -1) for each in ended)):
        found = pc.value_counts(column)
        for key, n in zip(read_texts(found.field(0)), found.field(1).to_pylist(), strict=True):
            counts[key] = counts.get(key, 0) + sign * int(n or 0)
    return pa.chunked_array([pa.array([key for key, n in counts.items() if n > 0], pa.string())])


def _complete(keys: Cells, rows: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """One row per key, with what the key's own table says of it: nothing where only another table names it."""
    place = pc.index_in(keys, value_set=rows[columns[0]].combine_chunks())
    filled: dict[str, Cells] = {columns[0]: keys}
    filled |= {column: rows[column].combine_chunks().take(place) for column in columns[1:]}
    return make_table(filled)


def _leave(rows: pa.Table, known: Chunks) -> pa.Table:
    """The rows whose key, the first column, is not among those known."""
    if not len(known):
        return rows
    return rows.filter(pc.invert(pc.is_in(rows.column(0), value_set=known.combine_chunks())))


def _blank(rows: pa.Table) -> pa.Table:
    """The same keys with nothing said of them."""
    nothing = {name: pa.nulls(rows.num_rows, rows.schema.field(name).type) for name in rows.column_names[1:]}
    return make_table({rows.column_names[0]: rows.column(0), **nothing})


def _find_moved(rows: pa.Table, others: pa.Table) -> pa.Table:
    """The listings that are not of the same seller among the others: a price alone moves nothing."""
    place = pc.index_in(rows["product_id"], value_set=others["product_id"].combine_chunks())
    there = take_or_null(others["seller_id"], read_ints(place, missing=-1))
    return rows.filter(pa.array(~is_true(pc.equal(rows["seller_id"], there))))


def _lay_out_orders(rows: pa.Table) -> dict[Kind, pa.Table]:
    """Orders by whom they are from: a market without sellers has one shop, which is no account."""
    details = [name for name in CONTRACT["orders"].kept if name not in ("buyer_id", "seller_id")]
    to_seller = rows.filter(pc.is_valid(rows["seller_id"])).select(["buyer_id", "seller_id", *details])
    to_shop = rows.filter(pc.is_null(rows["seller_id"])).select(["buyer_id", *details])
    shop = pa.repeat(SHOP_ID, to_shop.num_rows)
    return {_OF_SELLER: to_seller, _OF_SHOP: to_shop.add_column(1, "shop_id", shop)}


def _lay_out_transfers(rows: pa.Table) -> pa.Table:
    """The ends first."""
    details = [name for name in CONTRACT["transfers"].kept if name not in ("payer_id", "payee_id")]
    return rows.select(["payer_id", "payee_id", *details])


def _about(rows: pa.Table, column: str) -> pa.Table:
    return rows.filter(pc.is_valid(rows[column])).select(["review_id", column])
