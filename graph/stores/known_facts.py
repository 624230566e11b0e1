"""What a store holds already, as a load is compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from graph.arrow import Cells


@dataclass(frozen=True)
class KnownFacts:
    """What the store holds, as Arrow tables.

    ``accounts``, ``listings`` and ``orders`` have the contract's columns, ``reviews`` all but the text;
    ``identifier_key`` are the keys of the ``Identifier`` nodes.  ``uses`` (account, identifier,
    role, seen_at), ``referrals`` (by, account) and ``labels`` (account, label, decided_at, source)
    name accounts and identifiers by their row in ``accounts`` and ``identifier_key``.
    """

    accounts: pa.Table
    listings: pa.Table
    orders: pa.Table
    reviews: pa.Table
    identifier_key: Cells
    uses: pa.Table
    referrals: pa.Table
    labels: pa.Table
