"""The tables of the contract, said once: columns, keys, times, and whom or what a column names.

What is done with a table follows from its record here: how its cells are read and checked, which rows repeat or
contradict one another, what an instant cuts away (:mod:`graph.contract.as_of`), who becomes known through it, which
identifiers it shows in use (:mod:`graph.stores.load_plan`), and what it looks like where it is absent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import pyarrow as pa

Kind = Literal["id", "code", "text", "number", "rating", "time", "attributes", "flag"]
Thing = Literal["account", "product"]

INSTANT = pa.timestamp("us")  # in UTC
_ARROW_TYPES: dict[str, pa.DataType] = {
    "number": pa.float64(),
    "rating": pa.float64(),
    "time": INSTANT,
    "flag": pa.bool_(),
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        What it is called once it is read, whatever the file calls it.
    kind
        An ``id`` is kept exactly as written; a ``code`` is a word of a small vocabulary, kept in lower case;
        ``attributes`` is no column of the file but those that the settings name, packed into one; a ``flag`` says yes
        or no, and is read only where the settings name it.
    required
        Whether the file must have the column, and each row a value in it.
    choices
        The words that a ``code`` may be; empty where any word will do.
    mentions
        What its ids name.  Who is named is known from then on, whether or not a table of its own lists it.
    fixed
        Whether it says which row this is, as the key does: a row that says otherwise is another one under the same key,
        and never a later state of it.
    remark
        Whether it says where a fact is from, and is no fact: rows that differ in nothing else repeat one another.
    """

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    mentions: Thing | None = None
    fixed: bool = False
    remark: bool = False

    @property
    def arrow_type(self) -> pa.DataType:
        """The type of the column once it is checked."""
        return _ARROW_TYPES.get(self.kind, pa.string())


@dataclass(frozen=True)
class Either:
    """Two columns of which the file must have one, and each row at least one.

    With ``told_by`` the two become one, called ``one``, and the bool column ``told_by`` is true where it was ``other``.
    """

    one: str
    other: str
    told_by: str | None = None


@dataclass(frozen=True)
class Apart:
    """Two columns that must differ, and what a row would be in which they do not."""

    one: str
    other: str
    why: str


@dataclass(frozen=True)
class Use:
    """Each row is an account (``account_id``) using an identifier, at the time of the table.

    Attributes
    ----------
    value
        The column that holds the identifier.
    kind
        What sort of thing it is, such as ``device``; where each row says so, ``None``.
    kind_column, role_column
        The columns that say, row by row, what sort of thing it is and what it is used as.
    """

    value: str
    kind: str | None = None
    kind_column: str | None = None
    role_column: str | None = None


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    Attributes
    ----------
    name
        What its file is called, without the suffix.
    columns
        Its columns, in the order in which they are kept.
    key
        The column whose value names a row: rows with the same one repeat one another, are states of it one after the
        other, or contradict one another.  Without a key only rows that are equal in every column repeat one another.
    ordered_by
        The columns that say which state of a row is the later one; of several that are known, the first counts.
    time
        When the fact of a row came about.  An instant leaves only the facts that are dated up to it.
    is_thing
        Whether a row is something that lasts, not something that happened: no instant takes it away, and what is known
        of it may be completed by later loads.
    either, apart
        Rules between columns.
    use
        How to read a row as an account's use of an identifier.
    named_by
        The columns that together name a row whose key the file does not have.
    """

    name: str
    columns: tuple[Column, ...]
    key: str | None = None
    ordered_by: tuple[str, ...] = ()
    time: str | None = None
    is_thing: bool = False
    either: Either | None = None
    apart: Apart | None = None
    use: Use | None = None
    named_by: tuple[str, ...] = ()

    @property
    def has_attributes(self) -> bool:
        """Whether further columns are kept, if the settings name them."""
        return any(column.kind == "attributes" for column in self.columns)

    @cached_property
    def row_schema(self) -> pa.Schema:
        """Names and types of the columns of checked rows, which an absent table has too."""
        fields = [(each.name, each.arrow_type) for each in self.columns]
        if self.either and self.either.told_by:
            fields = [(name, kind) for name, kind in fields if name != self.either.other]
            fields.append((self.either.told_by, pa.bool_()))
        return pa.schema(fields)

    @cached_property
    def details(self) -> tuple[str, ...]:
        """The key and what is said of the row itself: the columns that name no other row of the contract's tables."""
        own = (each for each in self.columns if each.kind != "flag")
        return tuple(each.name for each in own if each.mentions is None or each.name == self.key)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The columns in which two states of a row can differ."""
        return tuple(
            each.name
            for each in self.columns
            if each.name not in (self.key, *self.ordered_by) and each.kind != "flag" and not each.remark
        )

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The columns of a state that a store keeps: all but the flag that says that there is none any more."""
        return tuple(each.name for each in self.columns if each.kind != "flag")

    def make_empty(self) -> pa.Table:
        """No row of what a store keeps."""
        return self.row_schema.empty_table().select(list(self.kept))

    @cached_property
    def fixed(self) -> tuple[str, ...]:
        """The columns that no later state of a row changes."""
        return tuple(each.name for each in self.columns if each.fixed)

    def find_mentions(self, thing: Thing) -> tuple[str, ...]:
        """The columns that name accounts, or products."""
        return tuple(each.name for each in self.columns if each.mentions == thing)


_ACCOUNT = Column("account_id", "id", required=True, mentions="account")
_SELLER = Column("seller_id", "id", mentions="account")
_PRODUCT = Column("product_id", "id", mentions="product")
_SEEN_AT = Column("seen_at", "time")
_UPDATED_AT = Column("updated_at", "time")
_REMOVED = Column("removed", "flag")

_TABLES = (
    Table(
        "accounts",
        (
            _ACCOUNT,
            Column("created_at", "time"),
            Column("role", "code", choices=("buyer", "seller", "both")),
            Column("segment", "text"),
            Column("status", "code"),
            Column("attributes", "attributes"),
            _UPDATED_AT,
            _REMOVED,
        ),
        key="account_id",
        ordered_by=("updated_at",),
        is_thing=True,
    ),
    Table(
        "orders",
        (
            Column("order_id", "id", required=True),
            Column("buyer_id", "id", required=True, mentions="account", fixed=True),
            _SELLER,
            _PRODUCT,
            Column("amount", "number"),
            Column("currency", "text"),
            Column("ordered_at", "time"),
            Column("status", "code"),
            _UPDATED_AT,
            Column("fee", "number"),  # after all that older stores have: they take new columns at the end
            Column("guarantee", "number"),
            _REMOVED,
        ),
        key="order_id",
        ordered_by=("updated_at",),
        time="ordered_at",
        apart=Apart("buyer_id", "seller_id", "an order to oneself"),
    ),
    Table(
        "devices",
        (_ACCOUNT, Column("device_id", "id", required=True), _SEEN_AT, _REMOVED),
        time="seen_at",
        use=Use("device_id", kind="device"),
    ),
    Table(
        "addresses",
        (_ACCOUNT, Column("address", "id"), Column("address_id", "id"), Column("kind", "code"), _SEEN_AT, _REMOVED),
        time="seen_at",
        # An address's spelling is read; that of an id, which says where without saying it, must not be touched.
        either=Either("address", "address_id", told_by="is_id"),
        use=Use("address", kind="address", role_column="kind"),
    ),
    Table(
        "identifiers",
        (_ACCOUNT, Column("kind", "code", required=True), Column("value", "id", required=True), _SEEN_AT, _REMOVED),
        time="seen_at",
        use=Use("value", kind_column="kind"),
    ),
    Table(
        "listings",
        (
            Column("product_id", "id", required=True, mentions="product"),
            Column("seller_id", "id", required=True, mentions="account"),
            Column("listed_at", "time"),
            Column("price", "number"),
            _UPDATED_AT,
            Column("title", "text"),
            _REMOVED,
        ),
        key="product_id",
        ordered_by=("updated_at",),
        is_thing=True,
    ),
    Table(
        "reviews",
        (
            Column("review_id", "id", required=True),
            replace(_ACCOUNT, fixed=True),
            replace(_PRODUCT, fixed=True),
            replace(_SELLER, fixed=True),
            Column("rating", "rating"),
            Column("reviewed_at", "time"),
            Column("text", "text"),
            _UPDATED_AT,
            _REMOVED,
        ),
        key="review_id",
        ordered_by=("updated_at",),
        time="reviewed_at",
        either=Either("product_id", "seller_id"),
    ),
    Table(
        "referrals",
        (_ACCOUNT, Column("referred_by", "id", required=True, mentions="account"), _REMOVED),
        apart=Apart("account_id", "referred_by", "a referral of oneself"),
    ),
    Table(
        "events",
        (
            _ACCOUNT,
            Column("object", "id"),
            Column("text", "text"),
            Column("action", "code"),
            Column("happened_at", "time"),
            _REMOVED,
        ),
        time="happened_at",
        # What many were sent has no id but its words.
        either=Either("object", "text", told_by="is_text"),
    ),
    Table(
        "transfers",
        (
            Column("transfer_id", "id"),
            Column("payer_id", "id", required=True, mentions="account", fixed=True),
            Column("payee_id", "id", required=True, mentions="account", fixed=True),
            Column("amount", "number"),
            Column("currency", "text"),
            Column("paid_at", "time"),
            Column("status", "code"),
            _UPDATED_AT,
            _REMOVED,
        ),
        key="transfer_id",
        ordered_by=("updated_at",),
        time="paid_at",
        apart=Apart("payer_id", "payee_id", "a payment to oneself"),
        named_by=("payer_id", "payee_id", "paid_at", "amount", "currency"),
    ),
    Table(
        "labels",
        (
            _ACCOUNT,
            Column("label", "code", required=True, choices=("fraud", "legit")),
            Column("decided_at", "time"),
            Column("source", "text", remark=True),
            _UPDATED_AT,
            _REMOVED,
        ),
        key="account_id",
        # What is decided last holds; an undated decision is as late as the load that brings it.
        ordered_by=("decided_at", "updated_at"),
        time="decided_at",
    ),
)

CONTRACT = {table.name: table for table in _TABLES}
"""What Ringfence reads, table by table; ``accounts`` comes first, for no folder is without it."""
