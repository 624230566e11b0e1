"""A store's facts as it hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from graph.contract.schema import INSTANT

OBJECTS = pa.schema([("object_key", pa.string()), ("value", pa.string())])
_EVENT_COLUMNS: Mapping[str, pa.DataType] = {
    "account": pa.int64(),
    "object": pa.int64(),
    "action": pa.string(),
    "happened_at": INSTANT,
}
EVENTS = pa.schema(_EVENT_COLUMNS)
_TRANSFER_COLUMNS: Mapping[str, pa.DataType] = {
    "payer": pa.int64(),
    "payee": pa.int64(),
    "transfer_id": pa.string(),
    "amount": pa.float64(),
    "currency": pa.string(),
    "paid_at": INSTANT,
    "status": pa.string(),
    "updated_at": INSTANT,
}
TRANSFERS = pa.schema(_TRANSFER_COLUMNS)


@dataclass(frozen=True)
class RawGraph:
    """A store's facts as Arrow tables, in any order.

    Columns: ``accounts`` account_id, created_at, status; ``identifiers`` kind, canonical; ``listings``
    product_id, price; ``reviews`` review_id, rating, reviewed_at, text; ``uses`` account, identifier, seen_at;
    ``orders`` buyer, seller (null for the shop), product_id, amount, ordered_at, status; ``listed``
    account, listing; ``wrote`` account, review; ``about_listing`` review, listing; ``about_account``
    review, account; ``referred`` by, account; ``labelled`` account, label, decided_at; ``objects`` object_key, value;
    ``did`` account, object, action, happened_at; ``paid`` payer, payee, amount, paid_at, status.

    Where the past is asked for, ``earlier`` holds the former states (:mod:`graph.stores.history`), ``identifiers`` have
    identifier_key, ``orders`` order_id, ``paid`` transfer_id, and those with a history updated_at.
    """

    accounts: pa.Table
    identifiers: pa.Table
    listings: pa.Table
    reviews: pa.Table
    uses: pa.Table
    orders: pa.Table
    listed: pa.Table
    wrote: pa.Table
    about_listing: pa.Table
    about_account: pa.Table
    referred: pa.Table
    labelled: pa.Table
    objects: pa.Table = field(default_factory=OBJECTS.empty_table)
    did: pa.Table = field(default_factory=EVENTS.empty_table)
    paid: pa.Table = field(default_factory=TRANSFERS.empty_table)
    earlier: pa.Table | None = None
