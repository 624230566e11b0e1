"""From the books of the country to the tables of the data contract, and the truth beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detection.evaluation.countries import DAY, CountryClerk, HonestGroup
from detection.evaluation.inland.clock import END_AT
from detection.evaluation.inland.country import Country
from detection.evaluation.inland.goods import draw_titles
from detection.evaluation.inland.people import BUYER, SHOP
from detection.evaluation.inland.things import KINDS, spell_phones
from detection.evaluation.inland.towns import REGIONS
from detection.evaluation.simulation.ledger import ADDRESS_KINDS, ORDER_STATUSES
from detection.evaluation.simulation.rhythm import FloatArray, IntArray
from detection.evaluation.simulation.tables import (
    MISSING,
    TableWithTruth,
    draw_names,
    hide,
    order_rows,
    take_names,
    tell_groups,
)

_COLUMNS = {
    "orders": ("buyer", "seller", "at", "amount", "product", "status"),
    "reviews": ("account", "seller", "product", "at", "stars", "text", "is_fake"),
    "transfers": ("payer", "payee", "at", "amount"),
    "events": ("account", "at", "action", "product", "thing", "text"),
    "listings": ("product", "seller", "at", "price", "category", "title"),
}
_DEEDS = (("orders", "buyer"), ("orders", "seller"), ("transfers", "payer"), ("transfers", "payee"))
"""What cannot be before somebody signed up, by table and column."""
_LEAST_HOUSEHOLD = 3


@dataclass(frozen=True)
class Clerk(CountryClerk[Country]):
    """Writes a country down, once everything has happened; ``accounts`` and ``products`` are the name of each."""

    products: Any

    def write_tables(self) -> dict[str, pd.DataFrame]:
        """All tables but reviews, which come with their truth."""
        return {
            "accounts": self._write_accounts(),
            "orders": self._write_orders(),
            **self._write_uses(),
            "listings": self._write_listings(),
            "referrals": self._write_referrals(),
            "transfers": self._write_transfers(),
            "events": self._write_events(),
        }

    def _read(self, table: str, names: Sequence[str] | None = None, *, moves: bool = True) -> pd.DataFrame:
        """Rows within the records, by time; what was before somebody signed up is moved to soon after it."""
        ledger, names = self.country.books.ledger, names or _COLUMNS[table]
        rows = pd.DataFrame({name: ledger.read(table, name) for name in names})
        if moves:
            since = self.country.people.created_at[rows["account"].to_numpy(np.int64)]
            at = rows["at"].to_numpy(np.float64)
            rows["at"] = np.where(at < since + 20, since + self.rng.uniform(20, 9000, len(rows)), at)
        return self.sort(rows)

    # ── tables ────────────────────────────────────────────────────────────────────────────────────
    def _write_accounts(self) -> pd.DataFrame:
        rng, people, n = self.rng, self.country.people, len(self.country.people)
        drawn = rng.random(n)
        both = np.where(people.sells_as == BUYER, drawn < 0.2, np.where(people.sells_as == SHOP, drawn < 0.4, True))
        role = np.where(both, "both", np.where(people.sells_as == BUYER, "buyer", "seller"))
        stopped = np.where(rng.random(n) < 0.3, "closed", "dormant")
        status = np.where(people.until < END_AT - 200 * DAY, stopped, "active")
        rows = rng.permutation(n)
        return pd.DataFrame(
            {
                "account_id": self.name(rows),
                "created_at": self.date(people.created_at[rows], missing_share=0.01),
                "role": hide(rng, _as_text(role[rows]), 0.04),
                "segment": _choose(REGIONS, people.towns.region[people.town[rows]]),
                "status": _as_text(status[rows]),
            }
        )

    def _write_orders(self) -> pd.DataFrame:
        rng, rows = self.rng, self._read("orders", moves=False)
        amount = rows["amount"].to_numpy(np.float64).copy()
        amount[rng.random(len(rows)) < 0.004] = np.nan
        return pd.DataFrame(
            {
                "order_id": draw_names(rng, "o", len(rows)),
                "buyer_id": self.name(rows["buyer"]),
                "seller_id": self.name(rows["seller"]),
                "product_id": hide(rng, take_names(self.products, rows["product"].to_numpy()), 0.02),
                "amount": amount,
                "currency": _repeat("EUR", len(rows)),
                "ordered_at": self.date(rows["at"], missing_share=0.02 if self.country.is_hard else 0.004),
                "status": _choose(ORDER_STATUSES, rows["status"].to_numpy()),
            }
        )

    def _write_uses(self) -> dict[str, pd.DataFrame]:
        """Devices, addresses and identifiers, as they were seen; when that was is not always known."""
        uses = {kind: self._list_uses(kind) for kind in KINDS}
        others = pd.concat([uses[kind].assign(kind=kind) for kind in KINDS if kind not in ("device", "address")])
        others = others.iloc[order_rows(self.rng, np.floor(others["at"].to_numpy(np.float64)).astype(np.int64))]
        addresses = uses["address"].assign(kind=_choose(ADDRESS_KINDS, uses["address"]["address_kind"].to_numpy()))
        return {
            "devices": self._date_uses(uses["device"].rename(columns={"value": "device_id"}), "device_id"),
            "addresses": self._date_uses(addresses.rename(columns={"value": "address"}), "address", "kind"),
            "identifiers": self._date_uses(others, "kind", "value"),
        }

    def _list_uses(self, kind: str) -> pd.DataFrame:
        rows = self._read(f"use_{kind}", ("account", "thing", "at", "address_kind", "is_own"))
        value = np.asarray(self.country.things.write(kind, rows["thing"].to_numpy(np.int64)), dtype=object)
        if kind == "phone":
            own = np.flatnonzero(rows["is_own"])
            value[own] = spell_phones(self.rng, value[own])
        return rows.assign(value=_as_text(value))

    def _date_uses(self, uses: pd.DataFrame, *names: str) -> pd.DataFrame:
        table = pd.DataFrame({"account_id": self.name(uses["account"])} | {name: uses[name].array for name in names})
        table["seen_at"] = self.date(uses["at"], missing_share=0.08 if self.country.is_hard else 0.03)
        return table.drop_duplicates(ignore_index=True)

    def _write_listings(self) -> pd.DataFrame:
        """Listings, none of them later than its first order, nor before its seller signed up."""
        ledger, people = self.country.books.ledger, self.country.people
        rows = pd.DataFrame({name: ledger.read("listings", name) for name in _COLUMNS["listings"]})
        since = people.created_at[rows["seller"].to_numpy()]
        first = np.full(len(rows), np.inf)
        np.minimum.at(first, ledger.read("orders", "product"), ledger.read("orders", "at"))
        at = np.maximum(rows["at"].to_numpy(np.float64), since + 30)
        rows["at"] = np.minimum(at, np.maximum(first[rows["product"].to_numpy()] - 30, since + 5))
        is_untitled = rows["title"].to_numpy() == ""
        titles = rows["title"].to_numpy(object).copy()
        titles[is_untitled] = draw_titles(self.rng, rows.loc[is_untitled, "category"].to_numpy())
        rows = rows.assign(title=titles)[rows["at"] < END_AT]
        rows = rows.iloc[self.rng.permutation(len(rows))]
        return pd.DataFrame(
            {
                "product_id": take_names(self.products, rows["product"].to_numpy()),
                "seller_id": self.name(rows["seller"]),
                "listed_at": self.date(rows["at"]),
                "price": rows["price"].round(2).to_numpy(),
                "title": _as_text(rows["title"]),
            }
        )

    def _write_referrals(self) -> pd.DataFrame:
        """Whoever is brought by two was brought by the first; nobody by somebody who came later."""
        ledger, created_at = self.country.books.ledger, self.country.people.created_at
        made = pd.DataFrame({name: ledger.read("referrals", name) for name in ("account", "referrer")})
        made = made.drop_duplicates("account")
        made = made[created_at[made["account"]] > created_at[made["referrer"]]]
        made = made.iloc[self.rng.permutation(len(made))]
        return pd.DataFrame({"account_id": self.name(made["account"]), "referred_by": self.name(made["referrer"])})

    def _write_transfers(self) -> pd.DataFrame:
        rows = self._read("transfers", moves=False)
        return pd.DataFrame(
            {
                "transfer_id": draw_names(self.rng, "t", len(rows)),
                "payer_id": self.name(rows["payer"]),
                "payee_id": self.name(rows["payee"]),
                "amount": rows["amount"].to_numpy(),
                "currency": _repeat("EUR", len(rows)),
                "paid_at": self.date(rows["at"]),
            }
        )

    def _write_events(self) -> pd.DataFrame:
        rows = self._read("events")
        products = np.asarray(take_names(self.products, rows["product"].to_numpy()), dtype=object)
        objects = np.where(rows["product"] == MISSING, rows["thing"].to_numpy(object), products)
        table = pd.DataFrame(
            {
                "account_id": self.name(rows["account"]),
                "action": _as_text(rows["action"]),
                "object": _leave_blank(objects),
                "text": _leave_blank(rows["text"]),
                "happened_at": self.date(rows["at"]),
            }
        )
        return table.drop_duplicates(ignore_index=True)

    def write_reviews(self) -> TableWithTruth:
        """The reviews, of a product or of its seller, and which of them are fake."""
        rows = self._read("reviews")
        rows = rows[rows["account"] != rows["seller"]]
        review_id = draw_names(self.rng, "r", len(rows))
        product = rows["product"].to_numpy()
        table = pd.DataFrame(
            {
                "review_id": review_id,
                "account_id": self.name(rows["account"]),
                "product_id": take_names(self.products, product),
                "seller_id": self.name(np.where(product == MISSING, rows["seller"], MISSING)),
                "rating": rows["stars"].to_numpy(),
                "reviewed_at": self.date(rows["at"]),
                "text": _leave_blank(rows["text"]),
            }
        )
        is_fake = pd.DataFrame({"review_id": review_id, "is_fake": rows["is_fake"].to_numpy(bool)})
        return TableWithTruth(table, is_fake)

    # ── truth ─────────────────────────────────────────────────────────────────────────────────────
    def list_groups(self) -> pd.DataFrame:
        """Honest groups and households, without whoever is not certain to be honest."""
        is_honest = self.country.people.is_honest
        groups = [*self.country.groups, *_find_households(self.country)]
        return tell_groups(((kind, members[is_honest[members]].tolist()) for kind, members in groups), self.name)

    def list_verdicts(self) -> pd.DataFrame:
        """Who is bad; nobody knows of those who pay for praise."""
        people = self.country.people
        verdicts = pd.array(people.is_bad, dtype="boolean")
        verdicts[people.is_unknown & ~people.is_bad] = None
        table = pd.DataFrame({"account_id": self.name(np.arange(len(people))), "is_fraud": verdicts})
        return table.sort_values("account_id", ignore_index=True)


def _find_households(country: Country) -> list[HonestGroup]:
    """Homes of three or more, all of whom are honest."""
    people = country.people
    by_home = np.split(np.arange(len(people)), np.cumsum(people.home_sizes)[:-1])  # accounts are numbered home by home
    large = [members for members in by_home if len(members) >= _LEAST_HOUSEHOLD]
    return [HonestGroup("household", members) for members in large if people.is_honest[members].all()]


def _as_text(values: Any) -> Any:
    return pd.array(values, dtype="str")


def _leave_blank(values: Any) -> Any:
    """Text, and nothing where there is none."""
    text = _as_text(values)
    text[text == ""] = None
    return text


def _repeat(word: str, count: int) -> Any:
    return _as_text([word] * count)


def _choose(words: tuple[str, ...], index: Any) -> Any:
    return _as_text(list(words)).take(np.asarray(index, dtype=np.int64))


def employ_clerk(country: Country) -> Clerk:
    """A clerk who knows that whoever bought, sold or paid had signed up before."""
    rng, people, ledger = country.rng, country.people, country.books.ledger
    first: FloatArray = np.full(len(people), np.inf)
    for table, column in _DEEDS:
        accounts: IntArray = ledger.read(table, column)
        np.minimum.at(first, accounts, ledger.read(table, "at"))
    late = first < people.created_at + 60
    people.created_at[late] = first[late] - rng.exponential(4 * DAY, int(late.sum())) - 900
    names = draw_names(rng, "u", len(people), 9)
    return Clerk(country, names, draw_names(rng, "p", ledger.count_issued("product"), 9))
