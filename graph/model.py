"""Frozen results that the houses hand to one another.

Accounts, identifiers, products and reviews are row numbers everywhere but here: a :class:`Snapshot`
is the only map between ids and row numbers.  Rows are sorted by id (by kind and canonical value for
identifiers), so that the same facts give the same arrays whatever order they were loaded in.
What a run found is in :mod:`graph.results`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]
Strings = NDArray[Any]  # numpy's object arrays of str; None where nothing is known


@dataclass(frozen=True)
class Uses:
    """Accounts using identifiers; one row per distinct (account, identifier, time).

    ``account`` (E,) row of the account; ``identifier`` (E,) row in ``Snapshot.identifier_*``;
    ``seen_at`` (E,) datetime64[us], NaT where unknown.
    """

    account: Ints
    identifier: Ints
    seen_at: Times


@dataclass(frozen=True)
class Orders:
    """Orders, sorted by buyer, seller, time, product, status and amount.

    ``buyer`` (O,); ``seller`` (O,) -1 where unknown; ``product`` (O,) -1 where unknown; ``amount``
    (O,) in the currency's unit, NaN where unknown; ``ordered_at`` (O,) datetime64[us], NaT where
    unknown; ``status`` (O,) code into ``status_names``, -1 where unknown.
    """

    buyer: Ints
    seller: Ints
    product: Ints
    amount: Floats
    ordered_at: Times
    status: Ints
    status_names: tuple[str, ...]


@dataclass(frozen=True)
class Reviews:
    """Reviews, sorted by review id.

    ``review_id`` (R,) str; ``author`` (R,); ``product`` (R,) -1 where the review is of a seller;
    ``seller`` (R,) the seller praised or blamed (of the product's listing where the review names a
    product), -1 where unknown; ``rating`` (R,) 1 to 5, NaN where unknown; ``reviewed_at`` (R,);
    ``text`` (R,) as written, None where there is none.
    """

    review_id: Strings
    author: Ints
    product: Ints
    seller: Ints
    rating: Floats
    reviewed_at: Times
    text: Strings


@dataclass(frozen=True)
class Events:
    """What accounts did with objects, sorted by account, object, action and time.

    ``account`` (D,); ``object`` (D,) row in ``object_name``; ``action`` (D,) code into ``action_names``, -1 where
    unknown; ``happened_at`` (D,) datetime64[us], NaT where unknown; ``object_name`` (K,) str, the id of an object or
    the words of a text; ``is_text`` (K,) which of the two.
    """

    account: Ints
    object: Ints
    action: Ints
    happened_at: Times
    action_names: tuple[str, ...]
    object_name: Strings
    is_text: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.account)

    @property
    def n_objects(self) -> int:
        """How many objects: K."""
        return len(self.object_name)


_MOST_SPELLINGS = 5
"""So many other spellings of a thing are shown; of addresses in one network there may be hundreds."""
_NONE = np.empty(0, dtype=np.int64)
NO_EVENTS = Events(
    _NONE, _NONE, _NONE, _NONE.astype("datetime64[us]"), (), np.empty(0, dtype=object), np.empty(0, dtype=bool)
)


@dataclass(frozen=True)
class Snapshot:
    """The graph as arrays, as of one instant.

    Attributes
    ----------
    account_id : (N,) str, in the order of joining, those of unknown date last
    created_at : (N,) datetime64[us], NaT where unknown
    identifier_kind : (V,) str (``device``, ``address``, ``payment``, ...)
    identifier_value : (V,) str, the canonical value that joins several spellings
    product_id : (P,) str, sorted
    product_seller : (P,) row of the seller, -1 where unknown; product_price : (P,) NaN where unknown
    referral_account, referral_by : (F,) rows of the account brought in and of who brought it
    joined_identifier, joined_value : (J,) row of an identifier, and a canonical value other than its own that the
        market showed to be the same thing
    label_account : (L,) rows; label_is_fraud : (L,) bool; label_decided_at : (L,)
    account_status : (N,) code into account_status_names, -1 where unknown
    """

    account_id: Strings
    created_at: Times
    identifier_kind: Strings
    identifier_value: Strings
    uses: Uses
    product_id: Strings
    product_seller: Ints
    product_price: Floats
    orders: Orders
    reviews: Reviews
    referral_account: Ints
    referral_by: Ints
    label_account: Ints
    label_is_fraud: NDArray[np.bool_]
    label_decided_at: Times
    account_status: Ints
    account_status_names: tuple[str, ...]
    joined_identifier: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    joined_value: Strings = field(default_factory=lambda: np.empty(0, dtype=object))
    as_of: np.datetime64 | None = None
    events: Events = NO_EVENTS

    @property
    def n_accounts(self) -> int:
        """How many accounts: N."""
        return len(self.account_id)

    @property
    def n_identifiers(self) -> int:
        """How many identifiers: V."""
        return len(self.identifier_kind)

    @property
    def n_products(self) -> int:
        """How many products: P."""
        return len(self.product_id)

    def name_identifier(self, row: int) -> str:
        """An identifier's canonical value, with the others that were joined to it: a link says what it rests on."""
        start, end = np.searchsorted(self.joined_identifier, [row, row + 1])
        others = ", ".join(f"“{value}”" for value in self.joined_value[start : min(end, start + _MOST_SPELLINGS)])
        others += f" and {end - start - _MOST_SPELLINGS:,} more" if end - start > _MOST_SPELLINGS else ""
        return f"{self.identifier_value[row]}{f' (also written {others})' if others else ''}"

    @cached_property
    def identifier_kinds(self) -> tuple[str, ...]:
        """The distinct kinds, sorted."""
        return tuple(sorted(set(self.identifier_kind.tolist())))
