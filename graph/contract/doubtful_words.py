"""Words that nobody has described: statuses of orders and accounts, kinds of identifiers; and tables that are empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import equals
from graph.contract.doubts import Doubt, Wrong, gather

_STATUSES = (
    *(
        "cancelled",
        "canceled",
        "chargeback",
        "charged_back",
        "complete",
        "completed",
        "delivered",
        "disputed",
        "failed",
    ),
    *("open", "paid", "pending", "processing", "refunded", "returned", "shipped", "created", "authorized", "captured"),
    *("cleared", "executed", "settled", "succeeded"),
)
_ACCOUNT_STATUSES = (
    *("active", "banned", "blocked", "closed", "deleted", "dormant", "inactive", "new", "open", "pending"),
    *("restricted", "suspended", "terminated", "unverified", "verified"),
)
_KINDS = (
    *(
        "address",
        "asn",
        "bank",
        "bank_account",
        "browser",
        "card",
        "cookie",
        "device",
        "email",
        "email_address",
        "iban",
        "ip",
        "ip_address",
        "ipv4",
        "ipv6",
        "mobile",
        "telephone",
    ),
    *(
        "company",
        "listing-text",
        "name",
        "national_id",
        "payment",
        "payout",
        "payout_account",
        "phone",
        "photo",
        "postcode",
        "user_agent",
        "wallet",
        "wifi",
    ),
)


def find_unknown_words(tables: Mapping[str, pa.Table]) -> tuple[Doubt, ...]:
    """Doubt words that mean nothing to what reads them.

    Parameters
    ----------
    tables
        Checked rows by the contract's table.
    """
    return gather(_look_at(tables)) + tuple(_find_empty(tables))


def _look_at(tables: Mapping[str, pa.Table]) -> Iterator[tuple[str, str, Wrong]]:
    for name, what in (("orders", "sale"), ("transfers", "payment")):
        if name in tables:
            says = f"have a status that nobody has described: it counts as a {what}"
            mend = "[detect.policy] refund_statuses has those that are none"
            yield name, "status", Wrong("status", _leave(tables[name]["status"], _STATUSES), says, mend)
    if "accounts" in tables:
        says = "have a status that nobody has described: it bars nobody"
        mend = "[tables.accounts.values.status] says what it means, [detect.policy] barred_statuses which bar"
        yield "accounts", "status", Wrong("status", _leave(tables["accounts"]["status"], _ACCOUNT_STATUSES), says, mend)
    if "identifiers" in tables:
        says = "are of a kind that nobody has described: it is neutral"
        mend = "[detect.channels.KIND] describes it; see ringfence policy"
        yield "identifiers", "kind", Wrong("kind", _leave(tables["identifiers"]["kind"], _KINDS), says, mend)


def _leave(values: pa.ChunkedArray[pa.StringScalar], known: tuple[str, ...]) -> pa.ChunkedArray[pa.StringScalar]:
    words = values.drop_null()
    return words.filter(pc.invert(pc.is_in(words, value_set=pa.array(known))))


def _find_empty(tables: Mapping[str, pa.Table]) -> Iterator[Doubt]:
    for name, rows in tables.items():
        if not rows.num_rows and name != "accounts":
            says, mend = "has a header and not one row that can be used: its channel is silent", "look at its export"
            yield Doubt("empty", name, rows.column_names[0], 0, (), says, mend)
    if (
        "labels" in tables
        and (labels := tables["labels"]).num_rows
        and not pc.any(equals(labels["label"], "fraud")).as_py()
    ):
        says, mend = "and none of them is fraud, so that nothing can be learnt", "look at its export"
        yield Doubt("empty", "labels", "label", labels.num_rows, ("legit",), says, mend)
