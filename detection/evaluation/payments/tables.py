"""From the books of the country to the tables of the data contract, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detection.evaluation.countries import DAY, CountryClerk
from detection.evaluation.payments.clock import END_AT
from detection.evaluation.payments.country import Country
from detection.evaluation.payments.people import KINDS, REGIONS
from detection.evaluation.simulation.ledger import ORDER_STATUSES
from detection.evaluation.simulation.tables import (
    draw_ip_names,
    draw_names,
    hide,
    take_names,
    tell_groups,
)

_PREFIXES = {"device": "d-", "payment": "pm_", "phone": "+4177"}
_SIGNING_UP_SECONDS = 20
"""So long after signing up somebody can do something."""


@dataclass(frozen=True)
class Clerk(CountryClerk[Country]):
    """Writes a country down, once everything has happened; ``accounts`` is the name of each."""

    def write_tables(self) -> dict[str, pd.DataFrame]:
        """All tables that there are."""
        return {
            "accounts": self._write_accounts(),
            "orders": self._write_orders(),
            "devices": self._write_uses(("device",)).rename(columns={"value": "device_id"}).drop(columns="kind"),
            "identifiers": self._write_uses(KINDS[1:]),
            "referrals": self._write_referrals(),
        }

    def _read(self, table: str, names: tuple[str, ...]) -> pd.DataFrame:
        """Rows of a table, by number."""
        return pd.DataFrame({name: self.country.books.ledger.read(table, name) for name in names})

    def _write_accounts(self) -> pd.DataFrame:
        rng, people, n = self.rng, self.country.people, len(self.country.people)
        is_gone = people.until < END_AT - 150 * DAY
        status = np.where(is_gone, np.where(rng.random(n) < 0.3, "closed", "dormant"), "active")
        rows = rng.permutation(n)
        return pd.DataFrame(
            {
                "account_id": self.name(rows),
                "created_at": self.date(people.created_at[rows], 0.01),
                "segment": hide(rng, _choose(REGIONS, people.region[people.town[rows]]), 0.03),
                "status": pd.array(status[rows], dtype="str"),
            }
        )

    def _write_orders(self) -> pd.DataFrame:
        """Payments between two who have both signed up."""
        rows, since = self._read("orders", ("payer", "payee", "at", "amount", "status")), self.country.people.created_at
        both = np.maximum(since[rows["payer"].to_numpy()], since[rows["payee"].to_numpy()])
        rows = self.sort(rows[rows["at"].to_numpy() > both + _SIGNING_UP_SECONDS])
        return pd.DataFrame(
            {
                "order_id": draw_names(self.rng, "o", len(rows), 9),
                "buyer_id": self.name(rows["payer"]),
                "seller_id": self.name(rows["payee"]),
                "amount": rows["amount"].where(self.rng.random(len(rows)) > 0.006),
                "currency": pd.array(["EUR"] * len(rows), dtype="str"),
                "ordered_at": self.date(rows["at"], 0.02 if self.country.is_hard else 0.008),
                "status": hide(self.rng, _choose(ORDER_STATUSES, rows["status"].to_numpy()), 0.004),
            }
        )

    def _write_uses(self, kinds: tuple[str, ...]) -> pd.DataFrame:
        """Who was seen with what; before somebody signed up is soon after it, and when it was is not always known."""
        rows = pd.concat([self._list_uses(kind) for kind in kinds], ignore_index=True)
        since = self.country.people.created_at[rows["account"].to_numpy(np.int64)]
        at = rows["at"].to_numpy(np.float64)
        soon = since + self.rng.uniform(_SIGNING_UP_SECONDS, 9000, len(rows))
        rows = self.sort(rows.assign(at=np.where(at < since + _SIGNING_UP_SECONDS, soon, at)))
        table = pd.DataFrame({"account_id": self.name(rows["account"]), "kind": rows["kind"], "value": rows["value"]})
        table["seen_at"] = self.date(rows["at"], 0.07 if self.country.is_hard else 0.03)
        return table.drop_duplicates(ignore_index=True)

    def _list_uses(self, kind: str) -> pd.DataFrame:
        rows, count = (
            self._read(f"use_{kind}", ("account", "thing", "at")),
            self.country.books.ledger.count_issued(kind),
        )
        digits = 8 if kind == "phone" else 12
        names = draw_ip_names(self.rng, count) if kind == "ip" else draw_names(self.rng, _PREFIXES[kind], count, digits)
        value = take_names(names, rows["thing"].to_numpy(np.int64))
        return rows.assign(kind=pd.array([kind] * len(rows), dtype="str"), value=value)

    def _write_referrals(self) -> pd.DataFrame:
        """Whoever is brought by two was brought by the first; nobody by somebody who came later."""
        made, since = self._read("referrals", ("account", "referrer")), self.country.people.created_at
        made = made.drop_duplicates("account")
        made = made[since[made["account"]] > since[made["referrer"]] + _SIGNING_UP_SECONDS]
        made = made.iloc[self.rng.permutation(len(made))]
        return pd.DataFrame({"account_id": self.name(made["account"]), "referred_by": self.name(made["referrer"])})

    # ── truth ─────────────────────────────────────────────────────────────────────────────────────
    def list_groups(self) -> pd.DataFrame:
        """Honest groups, without those of them who cheat somewhere."""
        is_bad = self.country.people.is_bad
        return tell_groups(
            ((kind, members[~is_bad[members]].tolist()) for kind, members in self.country.groups), self.name
        )

    def list_verdicts(self) -> pd.DataFrame:
        """Who is bad."""
        people = self.country.people
        table = pd.DataFrame({"account_id": self.name(np.arange(len(people))), "is_fraud": people.is_bad})
        return table.sort_values("account_id", ignore_index=True)


def _choose(words: tuple[str, ...], index: Any) -> Any:
    return pd.array(list(words), dtype="str").take(np.asarray(index, dtype=np.int64))


def employ_clerk(country: Country) -> Clerk:
    """A clerk who gives everybody a name that tells nothing."""
    return Clerk(country, draw_names(country.rng, "u", len(country.people), 9))
