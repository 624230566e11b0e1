"""From what the town did to the tables of the data contract, and the truth beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detection.evaluation.harbour.campaign import Ring
from detection.evaluation.harbour.clock import DAY, END_AT, FIRST_DAY
from detection.evaluation.harbour.homes import Use
from detection.evaluation.harbour.town import Town
from detection.evaluation.harbour.trade import Bid, Item, Order, Review, Transfer
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.simulation.tables import ToldRing, tell_groups, tell_rings

_ADDRESS = "address:"
_LISTED_FOR = 60.0
"""For how many seconds a thing is listed, at the least, before it is sold."""


def _format(at: Any) -> Any:
    """Times of the calendar as ISO 8601 strings."""
    moments = FIRST_DAY + np.round(np.asarray(at, dtype=np.float64)).astype("timedelta64[s]")
    return _as_text(np.datetime_as_string(moments, unit="s", timezone="UTC"))


def _as_text(values: Any) -> Any:
    return pd.array(values, dtype="str")


def _number(prefix: str, count: int, digits: int) -> Any:
    return _as_text([f"{prefix}{number:0{digits}d}" for number in range(count)])


@dataclass(frozen=True)
class Clerk:
    """Writes a town down, once everything has happened.

    Attributes
    ----------
    orders, reviews, items
        What is kept of those, in the order in which they happened; listings by number.
    products
        By number of a listing, its name, which tells when it was listed.
    """

    town: Town
    orders: pd.DataFrame
    reviews: pd.DataFrame
    items: pd.DataFrame
    products: Any

    def name(self, accounts: Any) -> Any:
        """Names of accounts."""
        return _as_text(self.town.people.names[np.asarray(accounts, dtype=np.int64)])

    def name_products(self, products: Any) -> Any:
        """Names of listings."""
        return self.products.take(np.asarray(products, dtype=np.int64))

    def write_tables(self) -> dict[str, pd.DataFrame]:
        """All tables."""
        return {
            "accounts": self._write_accounts(),
            "orders": self._write_orders(),
            **self._write_uses(),
            "listings": self._write_listings(),
            "reviews": self._write_reviews(),
            "referrals": self._write_referrals(),
            "transfers": self._write_transfers(),
            "events": self._write_bids(),
        }

    # ── tables ────────────────────────────────────────────────────────────────────────────────────
    def _write_accounts(self) -> pd.DataFrame:
        people, n = self.town.people, len(self.town.people)
        sells = np.bincount(self.items["seller"], minlength=n) > 0
        buys = np.bincount(self.orders["buyer"], minlength=n) > 0
        role = np.where(sells & buys, "both", np.where(sells, "seller", "buyer"))
        table = pd.DataFrame(
            {
                "account_id": self.name(np.arange(n)),
                "created_at": _format(np.minimum(people.created_at, END_AT)),
                "role": _as_text(role),
                "segment": _as_text(people.segment),
                "status": _as_text(self._draw_statuses()),
            }
        )
        return table.sort_values(["created_at", "account_id"], ignore_index=True)

    def _draw_statuses(self) -> Any:
        """Few of the bad are caught; some of those who stopped have closed their accounts."""
        town, rng, people = self.town, self.town.chance.rng, self.town.people
        is_bad = np.isin(np.arange(len(people)), sorted(people.in_ring | people.lone))
        caught = rng.random(len(people)) < np.where(is_bad, 0.025 if town.is_hard else 0.07, 0.003)
        closes = (people.until < END_AT - 200 * DAY) & (rng.random(len(people)) < 0.08)
        return np.where(caught, "suspended", np.where(closes, "closed", "active"))

    def _write_orders(self) -> pd.DataFrame:
        orders = self.orders
        return pd.DataFrame(
            {
                "order_id": _number("O", len(orders), 8),
                "buyer_id": self.name(orders["buyer"]),
                "seller_id": self.name(orders["seller"]),
                "product_id": self.name_products(orders["product"]),
                "amount": orders["amount"].to_numpy(),
                "currency": _as_text(["EUR"] * len(orders)),
                "ordered_at": _format(orders["at"]),
                "status": _as_text(orders["status"]),
            }
        )

    def _write_uses(self) -> dict[str, pd.DataFrame]:
        """Devices, addresses and identifiers, as they were seen."""
        uses = pd.DataFrame(self.town.homes.uses, columns=list(Use._fields))
        uses["at"] = np.clip(uses["at"], self.town.people.created_at[uses["account"]], END_AT)
        uses = uses.sort_values(["at", "account"], kind="stable")
        uses = uses.assign(account_id=self.name(uses["account"]), seen_at=_format(uses["at"]))
        is_device, is_address = uses["kind"] == "device", uses["kind"].str.startswith(_ADDRESS)
        addresses = uses[is_address].assign(kind=uses.loc[is_address, "kind"].str.removeprefix(_ADDRESS))
        found = {
            "devices": uses[is_device].rename(columns={"value": "device_id"})[["account_id", "device_id", "seen_at"]],
            "addresses": addresses.rename(columns={"value": "address"})[["account_id", "address", "kind", "seen_at"]],
            "identifiers": uses[~(is_device | is_address)][["account_id", "kind", "value", "seen_at"]],
        }
        return {name: table.drop_duplicates(ignore_index=True) for name, table in found.items()}

    def _write_listings(self) -> pd.DataFrame:
        items = self.items
        table = pd.DataFrame(
            {
                "product_id": self.products,
                "seller_id": self.name(items["seller"]),
                "listed_at": _format(items["at"]),
                "price": items["price"].round(2).to_numpy(),
                "title": _as_text(items["title"]),
            }
        )
        return table.sort_values("product_id", ignore_index=True)

    def _write_reviews(self) -> pd.DataFrame:
        reviews = self.reviews
        text = _as_text(reviews["text"])
        text[(reviews["text"] == "").to_numpy()] = None
        return pd.DataFrame(
            {
                "review_id": _number("R", len(reviews), 8),
                "account_id": self.name(reviews["author"]),
                "product_id": self.name_products(reviews["product"]),
                "seller_id": self.name(reviews["seller"]),
                "rating": reviews["rating"].to_numpy(),
                "reviewed_at": _format(reviews["at"]),
                "text": text,
            }
        )

    def _write_referrals(self) -> pd.DataFrame:
        """Whoever is brought by two was brought by the first."""
        made = pd.DataFrame(self.town.trade.referrals, columns=["account", "referrer"])
        made = made.drop_duplicates("account")
        made = made[made["account"] != made["referrer"]]
        table = pd.DataFrame({"account_id": self.name(made["account"]), "referred_by": self.name(made["referrer"])})
        return table.sort_values("account_id", ignore_index=True)

    def _write_transfers(self) -> pd.DataFrame:
        made = pd.DataFrame(self.town.trade.transfers, columns=list(Transfer._fields)).sort_values("at", kind="stable")
        return pd.DataFrame(
            {
                "transfer_id": _number("T", len(made), 7),
                "payer_id": self.name(made["payer"]),
                "payee_id": self.name(made["payee"]),
                "amount": made["amount"].to_numpy(),
                "currency": _as_text(["EUR"] * len(made)),
                "paid_at": _format(made["at"]),
                "status": _as_text(["completed"] * len(made)),
            }
        )

    def _write_bids(self) -> pd.DataFrame:
        bids = pd.DataFrame(self.town.trade.bids, columns=list(Bid._fields))
        bids = bids[(bids["at"] > 0) & (bids["at"] <= END_AT)].sort_values("at", kind="stable")
        table = pd.DataFrame(
            {
                "account_id": self.name(bids["account"]),
                "action": _as_text(["bid"] * len(bids)),
                "object": self.name_products(bids["product"]),
                "happened_at": _format(bids["at"]),
            }
        )
        return table.drop_duplicates(ignore_index=True)

    # ── truth ─────────────────────────────────────────────────────────────────────────────────────
    def write_truth(self, rings: Sequence[Ring]) -> dict[str, pd.DataFrame]:
        """Rings with their parties, honest groups, who is bad, and which reviews were made up."""
        return {
            "rings": tell_rings(map(_tell, rings), self.name),
            "lookalikes": tell_groups(((group.kind, group.members) for group in self.town.groups), self.name),
            "accounts": self._list_verdicts(rings),
            "reviews": pd.DataFrame(
                {
                    "review_id": _number("R", len(self.reviews), 8),
                    "is_fake": self.reviews["is_fake"].to_numpy(dtype=bool),
                }
            ),
        }

    def _list_verdicts(self, rings: Sequence[Ring]) -> pd.DataFrame:
        """Who is bad; nobody knows of those who pay for praise."""
        people = self.town.people
        clients = {party for ring in rings for party, role in ring.parties.items() if role == "beneficiary"}
        verdicts = [
            True if people.is_bad(account) else None if account in clients else False for account in range(len(people))
        ]
        table = pd.DataFrame({"account_id": self.name(np.arange(len(people))), "is_fraud": verdicts})
        table["is_fraud"] = table["is_fraud"].astype("boolean")
        return table.sort_values("account_id", ignore_index=True)


def _tell(ring: Ring) -> ToldRing:
    roles = {one: ring.roles.get(one, "member") for one in ring.members}
    return ToldRing(ring.way.kind, ring.method, "+".join(ring.sharing) or "none", roles | ring.parties)


def employ_clerk(town: Town) -> Clerk:
    """A clerk who has left out what somebody did before signing up, and knows when things were listed."""
    trade, created_at = town.trade, town.people.created_at
    orders = pd.DataFrame(trade.orders, columns=list(Order._fields))
    reviews = pd.DataFrame(trade.reviews, columns=list(Review._fields))
    items = pd.DataFrame(trade.items, columns=list(Item._fields))
    orders = _keep(orders, np.maximum(created_at[orders["buyer"]], created_at[orders["seller"]]))
    reviews = _keep(reviews, np.maximum(created_at[reviews["author"]], created_at[reviews["seller"]]))
    first_sold_at = orders.groupby("product")["at"].min().reindex(items.index).fillna(np.inf)
    items["at"] = np.maximum(np.minimum(items["at"], first_sold_at - _LISTED_FOR), created_at[items["seller"]])
    rank: IntArray = np.empty(len(items), dtype=np.int64)
    rank[np.argsort(items["at"].to_numpy(), kind="stable")] = np.arange(len(items))
    return Clerk(town, orders, reviews, items, _number("L", len(items), 7).take(rank))


def _keep(rows: pd.DataFrame, since: Any) -> pd.DataFrame:
    """Rows within the calendar and a little after an instant each, by time."""
    kept = (rows["at"] >= 0) & (rows["at"] <= END_AT) & (rows["at"] > since + _LISTED_FOR)
    found: pd.DataFrame = rows[kept].sort_values("at", kind="stable", ignore_index=True)
    return found
