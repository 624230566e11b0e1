"""From the village's deeds to the tables of the data contract, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detection.evaluation.simulation.ledger import ADDRESS_KINDS, ORDER_STATUSES, BoolArray
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
from detection.evaluation.village.ring_deeds import Ring
from detection.evaluation.village.seasons import DAY, END_AT
from detection.evaluation.village.spelling import N_MANNERS, read_places, spell_places
from detection.evaluation.village.texts import write_texts
from detection.evaluation.village.village import NO_PRODUCT, HonestGroup, Village

_PREFIXES = {"payment": "pay-", "phone": "+49", "email": "m", "network": ""}


@dataclass(frozen=True)
class Clerk:
    """Writes a village down; ``accounts`` and ``products`` are the opaque name of each."""

    village: Village
    accounts: Any
    products: Any

    @property
    def rng(self) -> np.random.Generator:
        """The village's randomness."""
        return self.village.rng

    def read(self, table: str, column: str) -> Any:
        """One column of a ledger."""
        return self.village.ledger.read(table, column)

    def name(self, accounts: IntArray) -> Any:
        """Names of accounts; none where it is -1."""
        return take_names(self.accounts, accounts)

    def write_tables(self) -> dict[str, pd.DataFrame]:
        """All tables but labels, and addresses and reviews, which come with their truth."""
        return {
            "accounts": self._write_accounts(),
            "orders": self._write_orders(),
            "devices": self._write_devices(),
            "identifiers": self._write_identifiers(),
            "listings": self._write_listings(),
            "referrals": self._write_referrals(),
        }

    def _write_accounts(self) -> pd.DataFrame:
        rng, people = self.rng, self.village.people
        rows = rng.permutation(len(people))
        n = len(people)
        sells = np.bincount(self.read("listings", "seller"), minlength=n) > 0
        buys = np.bincount(self.read("orders", "buyer"), minlength=n) > 0
        role = np.where(sells & ~buys, "seller", np.where(sells, "both", "buyer"))
        segment = np.where(people.age < 26, "young", np.where(people.age < 60, "grown-up", "pensioner"))
        caught = people.is_fraud & (rng.random(n) < 0.06)
        status = np.where(caught, "suspended", np.where(rng.random(n) < 0.02, "closed", "active"))
        return pd.DataFrame(
            {
                "account_id": self.name(rows),
                "created_at": format_times(rng, people.joined_at[rows], missing_share=0.01),
                "role": hide(rng, pd.array(role[rows], dtype="str"), 0.02),
                "segment": hide(rng, pd.array(segment[rows], dtype="str"), 0.05),
                "status": pd.array(status[rows], dtype="str"),
            }
        )

    def _write_orders(self) -> pd.DataFrame:
        rng, at = self.rng, self.read("orders", "at")
        rows = order_rows(rng, at)
        product, seller = self.read("orders", "product")[rows], self.read("orders", "seller")[rows]
        nameless = (product != NO_PRODUCT) & (rng.random(len(rows)) < 0.02)
        return pd.DataFrame(
            {
                "order_id": draw_names(rng, "B", len(rows), 9),
                "buyer_id": self.name(self.read("orders", "buyer")[rows]),
                "seller_id": self.name(np.where(nameless, MISSING, seller)),
                "product_id": take_names(self.products, product),
                "amount": self.read("orders", "amount")[rows],
                "currency": pd.array(["EUR"] * len(rows), dtype="str"),
                "ordered_at": format_times(rng, at[rows], missing_share=0.01),
                "status": hide(rng, _choose(ORDER_STATUSES, self.read("orders", "status")[rows]), 0.01),
            }
        )

    def _write_devices(self) -> pd.DataFrame:
        rng, at = self.rng, self.read("use_device", "at")
        rows = order_rows(rng, at)
        names = draw_names(rng, "V", self.village.ledger.count_issued("device"), 9)
        return pd.DataFrame(
            {
                "account_id": self.name(self.read("use_device", "account")[rows]),
                "device_id": take_names(names, self.read("use_device", "thing")[rows]),
                "seen_at": format_times(rng, at[rows], missing_share=0.02),
            }
        ).drop_duplicates(ignore_index=True)

    def _write_identifiers(self) -> pd.DataFrame:
        pieces = [self._list_uses(kind) for kind in _PREFIXES]
        table = pd.concat(pieces, ignore_index=True)
        rows = order_rows(self.rng, table["at"].to_numpy())
        table = table.iloc[rows].reset_index(drop=True)
        seen_at = format_times(self.rng, table["at"].to_numpy(), missing_share=0.02)
        table["seen_at"] = seen_at
        return table.drop(columns="at").drop_duplicates(ignore_index=True)

    def _list_uses(self, kind: str) -> pd.DataFrame:
        """Uses of one kind of identifier; networks are named by address and span."""
        rng, thing = self.rng, self.read(f"use_{kind}", "thing")
        values, code = np.unique(thing, return_inverse=True)
        if kind == "network":
            names = draw_ip_names(rng, len(values))
        else:
            names = draw_names(rng, _PREFIXES[kind], len(values), 9)
        texts = take_names(names, code)
        return pd.DataFrame(
            {
                "account_id": self.name(self.read(f"use_{kind}", "account")),
                "kind": "ip" if kind == "network" else kind,
                "value": texts + "@post.example" if kind == "email" else texts,
                "at": self.read(f"use_{kind}", "at"),
            }
        )

    def _write_listings(self) -> pd.DataFrame:
        rows = self.rng.permutation(len(self.read("listings", "product")))
        return pd.DataFrame(
            {
                "product_id": take_names(self.products, self.read("listings", "product")[rows]),
                "seller_id": self.name(self.read("listings", "seller")[rows]),
                "listed_at": format_times(self.rng, self.read("listings", "at")[rows], missing_share=0.01),
                "price": self.read("listings", "price")[rows],
            }
        )

    def _write_referrals(self) -> pd.DataFrame:
        rows = self.rng.permutation(len(self.read("referrals", "account")))
        return pd.DataFrame(
            {
                "account_id": self.name(self.read("referrals", "account")[rows]),
                "referred_by": self.name(self.read("referrals", "referrer")[rows]),
            }
        ).drop_duplicates(ignore_index=True)

    def write_addresses(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The `addresses` table, and which flat and house each spelling means."""
        rng, at = self.rng, self.read("use_place", "at")
        rows = order_rows(rng, at)
        account, place = self.read("use_place", "account")[rows], self.read("use_place", "thing")[rows]
        parts = read_places({name: self.read("places", name) for name in ("town", "street", "number", "flat")})
        manner = rng.integers(0, N_MANNERS, len(self.village.people))[account]
        manner = np.where(rng.random(len(rows)) < 0.1, rng.integers(0, N_MANNERS, len(rows)), manner)
        address = spell_places(rng, parts[place], manner)
        table = pd.DataFrame(
            {
                "account_id": self.name(account),
                "address": address,
                "kind": _choose(ADDRESS_KINDS, self.read("use_place", "kind")[rows]),
                "seen_at": format_times(rng, at[rows], missing_share=0.02),
            }
        )
        _, house = np.unique(parts[:, :3], axis=0, return_inverse=True)
        flats, houses = draw_names(rng, "L", len(parts)), draw_names(rng, "H", int(house.max()) + 1)
        truth = pd.DataFrame(
            {
                "address": address,
                "place_id": take_names(flats, place),
                "building_id": take_names(houses, house.ravel()[place]),
            }
        )
        return table.drop_duplicates(ignore_index=True), truth.drop_duplicates(ignore_index=True)

    def write_reviews(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The `reviews` table, and which of them are fake."""
        rng, at = self.rng, self.read("reviews", "at")
        rows = order_rows(rng, at)
        product, rating = self.read("reviews", "product")[rows], self.read("reviews", "rating")[rows]
        seller = self.read("listings", "seller")[product]
        review_id = draw_names(rng, "Z", len(rows), 9)
        texts = write_texts(rng, rating, self.read("reviews", "script")[rows])
        table = pd.DataFrame(
            {
                "review_id": review_id,
                "account_id": self.name(self.read("reviews", "account")[rows]),
                "product_id": take_names(self.products, product),
                "seller_id": self.name(np.where(rng.random(len(rows)) < 0.5, seller, MISSING)),
                "rating": rating,
                "reviewed_at": format_times(rng, at[rows], missing_share=0.005),
                "text": hide(rng, pd.array(texts, dtype="str"), 0.3),
            }
        )
        is_fake = self.read("reviews", "is_fake")[rows].astype(bool)
        return table, pd.DataFrame({"review_id": review_id, "is_fake": is_fake})

    def write_labels(self) -> pd.DataFrame:
        """What the market knows by the end: one fraudster in seven, some honest people, and few mistakes."""
        rng, people = self.rng, self.village.people
        known = np.flatnonzero(rng.random(len(people)) < np.where(people.is_fraud, 0.15, 0.008))
        decided_at = people.quits_at[known] + rng.exponential(30 * DAY, len(known)).astype(np.int64)
        in_time = decided_at < END_AT
        known, decided_at = known[in_time], decided_at[in_time]
        verdict = people.is_fraud[known] ^ (rng.random(len(known)) < 0.03)
        rows = order_rows(rng, decided_at)
        return pd.DataFrame(
            {
                "account_id": self.name(known[rows]),
                "label": pd.array(np.where(verdict[rows], "fraud", "legit"), dtype="str"),
                "decided_at": format_times(rng, decided_at[rows], missing_share=0.0),
                "source": pd.array(["manual_review"] * len(rows), dtype="str"),
            }
        )

    def write_truth(self, rings: list[Ring], groups: list[HonestGroup]) -> dict[str, pd.DataFrame]:
        """Rings with their parties, honest groups (honest members only), and who is bad."""
        people = self.village.people
        accounts = pd.DataFrame({"account_id": self.name(np.arange(len(people))), "is_fraud": people.is_fraud})
        return {
            "rings": self._list_rings(rings),
            "lookalikes": self._list_groups(groups, people.is_fraud),
            "accounts": accounts.sort_values("account_id", ignore_index=True),
        }

    def _list_rings(self, rings: list[Ring]) -> pd.DataFrame:
        names = draw_names(self.rng, "ring-", len(rings), 6)
        pieces = []
        for name, ring in zip(names, rings, strict=True):
            roles = ["organiser"] * ring.n_organisers + ["member"] * (len(ring.members) - ring.n_organisers)
            pieces.append(
                pd.DataFrame(
                    {
                        "ring_id": name,
                        "kind": ring.plan.kind,
                        "account_id": self.name(np.r_[ring.members, ring.parties]),
                        "role": roles + [ring.party_role] * len(ring.parties),
                        "sharing": ring.plan.sharing,
                        "method": ring.plan.method,
                    }
                )
            )
        return pd.concat(pieces, ignore_index=True)

    def _list_groups(self, groups: list[HonestGroup], is_fraud: BoolArray) -> pd.DataFrame:
        names = draw_names(self.rng, "group-", len(groups), 7)
        honest = [group.members[~is_fraud[group.members]] for group in groups]
        sizes = [len(members) if len(members) > 1 else 0 for members in honest]
        kept = [members for members in honest if len(members) > 1]
        return pd.DataFrame(
            {
                "group_id": pd.array(np.repeat(np.array(names, dtype=object), sizes), dtype="str"),
                "kind": pd.array(
                    np.repeat(np.array([group.kind for group in groups], dtype=object), sizes), dtype="str"
                ),
                "account_id": self.name(np.concatenate(kept)),
            }
        )


def _choose(words: tuple[str, ...], index: Any) -> Any:
    return pd.array(list(words), dtype="str").take(index)
