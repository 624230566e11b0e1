"""From a bazaar's events to the tables of the data contract, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detection.evaluation.bazaar.bazaar import NO_PRODUCT, THINGS, Bazaar
from detection.evaluation.bazaar.seasons import DAY, END_AT
from detection.evaluation.bazaar.spelling import spell_places, write_texts
from detection.evaluation.simulation.ledger import ORDER_STATUSES, BoolArray
from detection.evaluation.simulation.rhythm import IntArray
from detection.evaluation.simulation.tables import (
    MISSING,
    draw_ip_names,
    draw_names,
    format_times,
    hide,
    order_rows,
    take_names,
)

_PREFIXES = {"payment": "iban-", "phone": "+31", "email": "u"}
_KNOWN_SHARE, _CHECKED_SHARE, _WRONG_SHARE = 0.12, 0.01, 0.03


@dataclass(frozen=True)
class Recorder:
    """Writes a bazaar down; ``accounts`` and ``products`` are the opaque name of each."""

    bazaar: Bazaar
    accounts: Any
    products: Any

    @property
    def rng(self) -> np.random.Generator:
        """The bazaar's randomness."""
        return self.bazaar.rng

    def name(self, accounts: IntArray) -> Any:
        """Names of accounts; none where it is -1."""
        return take_names(self.accounts, accounts)

    def write_tables(self) -> dict[str, pd.DataFrame]:
        """All tables but reviews, which come with their truth."""
        return {
            "accounts": self._write_accounts(),
            "orders": self._write_orders(),
            "devices": self._write_devices(),
            "addresses": self._write_addresses(),
            "identifiers": self._write_identifiers(),
            "listings": self._write_listings(),
            "referrals": self._write_referrals(),
            "labels": self._write_labels(),
        }

    def _read(self, table: str, *people: str) -> pd.DataFrame:
        """Rows within the records, by time, of accounts that had joined; rows of one second in random order."""
        ledger, at = self.bazaar.ledger, self.bazaar.ledger.read(table, "at")
        there = at < END_AT
        for column in people:
            there &= at >= self.bazaar.created_at[ledger.read(table, column)]
        names = {
            "orders": ("buyer", "seller", "product", "amount", "at", "status"),
            "reviews": ("account", "product", "at", "rating", "is_fake"),
        }.get(table, ("account", "thing", "at"))
        rows = order_rows(self.rng, at)
        return pd.DataFrame({name: ledger.read(table, name)[rows[there[rows]]] for name in names})

    def _date(self, at: Any) -> Any:
        """Times as text; some are missing, more of them in a hard bazaar."""
        return format_times(self.rng, np.asarray(at), missing_share=0.10 if self.bazaar.settings.is_hard else 0.015)

    def _write_accounts(self) -> pd.DataFrame:
        rng, bazaar, n = self.rng, self.bazaar, len(self.bazaar.created_at)
        rows = rng.permutation(n)
        sells = np.bincount(bazaar.goods.seller, minlength=n) > 0
        buys = np.bincount(bazaar.ledger.read("orders", "buyer"), minlength=n) > 0
        role = np.where(sells & ~buys, "seller", np.where(sells, "both", "buyer"))
        shut = rng.random(n) < np.where(bazaar.is_fraud, 0.08, 0.002)
        status = np.where(shut, "suspended", np.where(rng.random(n) < 0.03, "closed", "active"))
        return pd.DataFrame(
            {
                "account_id": self.name(rows),
                "created_at": self._date(bazaar.created_at[rows]),
                "role": hide(rng, pd.array(role[rows], dtype="str"), 0.02),
                "segment": _choose(("north", "south", "east", "west"), bazaar.town[rows] % 4),
                "status": pd.array(status[rows], dtype="str"),
            }
        )

    def _write_orders(self) -> pd.DataFrame:
        rng, rows = self.rng, self._read("orders", "buyer", "seller")
        product, seller = rows["product"].to_numpy(), rows["seller"].to_numpy()
        nameless = (product != NO_PRODUCT) & (rng.random(len(rows)) < 0.03)
        return pd.DataFrame(
            {
                "order_id": draw_names(rng, "T", len(rows), 9),
                "buyer_id": self.name(rows["buyer"].to_numpy()),
                "seller_id": self.name(np.where(nameless, MISSING, seller)),
                "product_id": take_names(self.products, product),
                "amount": rows["amount"],
                "currency": pd.array(["EUR"] * len(rows), dtype="str"),
                "ordered_at": self._date(rows["at"]),
                "status": hide(rng, _choose(ORDER_STATUSES, rows["status"].to_numpy()), 0.01),
            }
        )

    def _write_devices(self) -> pd.DataFrame:
        rows = self._read("use_device", "account")
        names = draw_names(self.rng, "H", self.bazaar.ledger.count_issued("device"), 9)
        table = pd.DataFrame(
            {
                "account_id": self.name(rows["account"].to_numpy()),
                "device_id": take_names(names, rows["thing"].to_numpy()),
            }
        )
        return table.assign(seen_at=self._date(rows["at"])).drop_duplicates(ignore_index=True)

    def _write_addresses(self) -> pd.DataFrame:
        rng, rows = self.rng, self._read("use_address", "account")
        towns = self.bazaar.ledger.read("places", "town")
        table = pd.DataFrame(
            {
                "account_id": self.name(rows["account"].to_numpy()),
                "address": spell_places(rng, towns, rows["thing"].to_numpy()),
                "kind": _choose(("shipping", "billing"), (rng.random(len(rows)) < 0.2).astype(np.int64)),
            }
        )
        return table.assign(seen_at=self._date(rows["at"])).drop_duplicates(ignore_index=True)

    def _write_identifiers(self) -> pd.DataFrame:
        table = pd.concat([self._list_uses(kind) for kind in THINGS if kind not in ("device", "address")])
        table = table.iloc[order_rows(self.rng, table["at"].to_numpy())].reset_index(drop=True)
        table["seen_at"] = self._date(table["at"])
        return table.drop(columns="at").drop_duplicates(ignore_index=True)

    def _list_uses(self, kind: str) -> pd.DataFrame:
        rows, count = self._read(f"use_{kind}", "account"), self.bazaar.ledger.count_issued(kind)
        names = draw_ip_names(self.rng, count) if kind == "ip" else draw_names(self.rng, _PREFIXES[kind], count, 9)
        if kind == "email":
            names = names + "@example.net"
        value = take_names(names, rows["thing"].to_numpy())
        account = self.name(rows["account"].to_numpy())
        return pd.DataFrame({"account_id": account, "kind": kind, "value": value, "at": rows["at"]})

    def _write_listings(self) -> pd.DataFrame:
        goods, orders = self.bazaar.goods, self._read("orders", "buyer", "seller")
        # Nothing is ordered before it is listed.
        sold_at = orders[orders["product"] != NO_PRODUCT].groupby("product")["at"].min()
        first = np.full(len(goods.seller), END_AT)
        first[sold_at.index.to_numpy()] = sold_at.to_numpy()
        at = np.maximum(np.minimum(goods.listed_at, first), self.bazaar.created_at[goods.seller])
        rows = self.rng.permutation(np.flatnonzero(at < END_AT))
        return pd.DataFrame(
            {
                "product_id": take_names(self.products, rows),
                "seller_id": self.name(goods.seller[rows]),
                "listed_at": self._date(at[rows]),
                "price": goods.price[rows],
            }
        )

    def _write_referrals(self) -> pd.DataFrame:
        account, referrer = (self.bazaar.ledger.read("referrals", name) for name in ("account", "referrer"))
        # The first referral counts; everybody is brought once.
        _, first = np.unique(account[::-1], return_index=True)
        rows = self.rng.permutation(len(account) - 1 - first)
        return pd.DataFrame({"account_id": self.name(account[rows]), "referred_by": self.name(referrer[rows])})

    def _write_labels(self) -> pd.DataFrame:
        """What came out: few, weeks late, now and then wrong."""
        rng, bazaar, n = self.rng, self.bazaar, len(self.bazaar.created_at)
        found = np.flatnonzero(rng.random(n) < np.where(bazaar.is_fraud, _KNOWN_SHARE, _CHECKED_SHARE))
        began = np.where(bazaar.is_fraud, np.maximum(bazaar.bad_since, bazaar.created_at), bazaar.created_at)[found]
        at = np.minimum(began + (rng.lognormal(np.log(50), 0.8, len(found)) * DAY).astype(np.int64), END_AT - 1)
        bad = bazaar.is_fraud[found] ^ (rng.random(len(found)) < _WRONG_SHARE)
        rows = order_rows(rng, at)
        return pd.DataFrame(
            {
                "account_id": self.name(found[rows]),
                "label": _choose(("legit", "fraud"), bad[rows].astype(np.int64)),
                "decided_at": self._date(at[rows]),
                "source": _choose(("charge_back", "manual_review"), (rng.random(len(rows)) < 0.5).astype(np.int64)),
            }
        )

    def write_reviews(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The reviews, and which of them are fake."""
        rng, rows = self.rng, self._read("reviews", "account")
        review_id, product = draw_names(rng, "V", len(rows), 9), rows["product"].to_numpy()
        rating, is_fake = rows["rating"].to_numpy(), rows["is_fake"].to_numpy().astype(bool)
        seller = np.where(rng.random(len(rows)) < 0.3, self.bazaar.goods.seller[product], MISSING)
        table = pd.DataFrame(
            {
                "review_id": review_id,
                "account_id": self.name(rows["account"].to_numpy()),
                "product_id": take_names(self.products, product),
                "seller_id": self.name(seller),
                "rating": rating,
                "reviewed_at": self._date(rows["at"]),
                "text": write_texts(rng, rating),
            }
        )
        return table, pd.DataFrame({"review_id": review_id, "is_fake": is_fake})


def _choose(words: tuple[str, ...], index: IntArray) -> Any:
    return pd.array(list(words), dtype="str").take(index)


def list_fraud(recorder: Recorder) -> pd.DataFrame:
    """Who is bad, by name."""
    bad: BoolArray = recorder.bazaar.is_fraud
    table = pd.DataFrame({"account_id": recorder.name(np.arange(len(bad))), "is_fraud": bad})
    return table.sort_values("account_id", ignore_index=True)
