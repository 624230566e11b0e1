"""From integer-coded rows to the tables of the data contract, and the truth beside them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from detection.evaluation.simulation.addresses import N_SPELLINGS, PlaceBook, spell_addresses
from detection.evaluation.simulation.honest import NO_PRODUCT
from detection.evaluation.simulation.ledger import (
    ADDRESS_KINDS,
    EMAIL,
    IDENTIFIER_KINDS,
    IP,
    ORDER_STATUSES,
    PAYMENT,
    PHONE,
    BoolArray,
    Ledger,
    World,
)
from detection.evaluation.simulation.lookalikes import LookalikeGroup
from detection.evaluation.simulation.review_text import write_reviews
from detection.evaluation.simulation.rhythm import DAY_SECONDS, END_AT, IntArray
from detection.evaluation.simulation.rings import RingPlan

MISSING = -1
_SEGMENTS = ("local", "newcomer", "student", "business")
_ROLES = ("buyer", "seller", "both")
_CURRENCIES = ("EUR", "USD", "GBP")
_VALUE_FORMATS = {PAYMENT: ("card-", 9), PHONE: ("+", 11), EMAIL: ("mail-", 9), IP: ("", 9)}


def draw_names(rng: np.random.Generator, prefix: str, count: int, digits: int = 8) -> Any:
    """Draw distinct opaque names in no order, as a pandas string array."""
    low, high = 10 ** (digits - 1), 10**digits
    codes = np.zeros(0, dtype=np.int64)
    while len(codes) < count:
        codes = np.unique(np.concatenate([codes, rng.integers(low, high, count + count // 8 + 8)]))
    chosen = rng.permutation(codes)[:count]
    return pd.array([f"{prefix}{code}" for code in chosen.tolist()], dtype="str")


def draw_ip_names(rng: np.random.Generator, count: int) -> Any:
    """Draw distinct IPv4 addresses that the internet sees."""
    codes = np.zeros(0, dtype=np.int64)
    while len(codes) < count:
        codes = np.unique(np.concatenate([codes, rng.integers(11 << 24, 223 << 24, count + count // 8 + 8)]))
    chosen = _move_out(rng.permutation(codes)[:count]).tolist()
    return pd.array([f"{c >> 24}.{c >> 16 & 255}.{c >> 8 & 255}.{c & 255}" for c in chosen], dtype="str")


_RESERVED = ("100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
"""Networks of nobody in particular; what is drawn in one of them is moved to a range in which nothing is drawn."""


def _move_out(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    moved = codes.copy()
    for number, network in enumerate(map(ipaddress.IPv4Network, _RESERVED), start=5):
        inside = (codes >= int(network.network_address)) & (codes <= int(network.broadcast_address))
        moved[inside] = number << 24 | codes[inside] & 0xFFFFFF
    return moved


def take_names(names: Any, index: npt.NDArray[Any]) -> Any:
    """The names at `index`; missing where the index is -1."""
    return names.take(index, allow_fill=True)


def format_times(rng: np.random.Generator, moments: IntArray, *, missing_share: float) -> Any:
    """Times as ISO 8601 strings, a share of them missing."""
    texts = np.datetime_as_string(moments.astype("datetime64[s]"), unit="s", timezone="UTC")
    column = pd.array(texts, dtype="str")
    return hide(rng, column, missing_share)


def hide(rng: np.random.Generator, column: Any, share: float) -> Any:
    """Blank a share of a column."""
    column[rng.random(len(column)) < share] = None
    return column


def order_rows(rng: np.random.Generator, moments: IntArray) -> IntArray:
    """Rows by time; rows of one second in random order, so that nothing tells who wrote them together."""
    shuffled = rng.permutation(len(moments))
    return shuffled[np.argsort(moments[shuffled], kind="stable")]


@dataclass(frozen=True)
class Scribe:
    """Writes ledgers out as tables.

    Attributes
    ----------
    rng : numpy.random.Generator
    world : World
    accounts, products : pandas string arrays
        The opaque name of each account and product.
    """

    rng: np.random.Generator
    world: World
    accounts: Any
    products: Any

    @property
    def ledger(self) -> Ledger:
        """The rows."""
        return self.world.ledger

    def name_accounts(self, index: IntArray) -> Any:
        """Names of accounts."""
        return take_names(self.accounts, index)

    def write_accounts(self, suspended: BoolArray) -> pd.DataFrame:
        """The `accounts` table, in no order."""
        rng, world, n = self.rng, self.world, self.world.settings.n_accounts
        rows = rng.permutation(n)
        sold = np.bincount(self.ledger.read("orders", "seller"), minlength=n) > 0
        bought = np.bincount(self.ledger.read("orders", "buyer"), minlength=n) > 0
        role = np.where(world.sells & ~bought, 1, np.where(world.sells | (sold & bought), 2, 0))
        status = np.where(suspended, 2, (rng.random(n) < 0.03).astype(np.int64))
        return pd.DataFrame(
            {
                "account_id": self.name_accounts(rows),
                "created_at": format_times(rng, world.created_at[rows], missing_share=0.015),
                "role": hide(rng, _choose(_ROLES, role[rows]), 0.02),
                "segment": hide(rng, _choose(_SEGMENTS, world.segment[rows]), 0.08),
                "status": _choose(("active", "closed", "suspended"), status[rows]),
            }
        )

    def write_orders(self) -> pd.DataFrame:
        """The `orders` table, by time."""
        rng, ledger = self.rng, self.ledger
        at = ledger.read("orders", "at")
        rows = order_rows(rng, at)
        product, seller = ledger.read("orders", "product")[rows], ledger.read("orders", "seller")[rows]
        amount = ledger.read("orders", "amount")[rows].astype(np.float64)
        amount[rng.random(len(rows)) < 0.005] = np.nan
        nameless = (product != NO_PRODUCT) & (rng.random(len(rows)) < 0.03)
        currency = np.where(seller % 10 < 7, 0, np.where(seller % 10 < 9, 1, 2))
        return pd.DataFrame(
            {
                "order_id": draw_names(rng, "O", len(rows), 9),
                "buyer_id": self.name_accounts(ledger.read("orders", "buyer")[rows]),
                "seller_id": self.name_accounts(np.where(nameless, MISSING, seller)),
                "product_id": take_names(self.products, product),
                "amount": amount,
                "currency": hide(rng, _choose(_CURRENCIES, currency), 0.02),
                "ordered_at": format_times(rng, at[rows], missing_share=0.016),
                "status": hide(rng, _choose(ORDER_STATUSES, ledger.read("orders", "status")[rows]), 0.015),
            }
        )

    def write_devices(self) -> pd.DataFrame:
        """The `devices` table, by time."""
        rng, ledger = self.rng, self.ledger
        at = ledger.read("devices", "at")
        rows = order_rows(rng, at)
        names = draw_names(rng, "D", ledger.count_issued("device"), 9)
        return pd.DataFrame(
            {
                "account_id": self.name_accounts(ledger.read("devices", "account")[rows]),
                "device_id": take_names(names, ledger.read("devices", "device")[rows]),
                "seen_at": format_times(rng, at[rows], missing_share=0.05),
            }
        )

    def write_identifiers(self) -> pd.DataFrame:
        """The `identifiers` table, by time."""
        rng, ledger = self.rng, self.ledger
        at = ledger.read("identifiers", "at")
        rows = order_rows(rng, at)
        kind, value = ledger.read("identifiers", "kind")[rows], ledger.read("identifiers", "value")[rows]
        texts = np.empty(len(rows), dtype=object)
        for code, (prefix, digits) in _VALUE_FORMATS.items():
            count = ledger.count_issued(f"identifier{code}")
            names = draw_ip_names(rng, count) if code == IP else draw_names(rng, prefix, count, digits)
            texts[kind == code] = take_names(names, value[kind == code])
        texts[kind == EMAIL] += "@example.org"
        return pd.DataFrame(
            {
                "account_id": self.name_accounts(ledger.read("identifiers", "account")[rows]),
                "kind": _choose(IDENTIFIER_KINDS, kind),
                "value": pd.array(texts, dtype="str"),
                "seen_at": format_times(rng, at[rows], missing_share=0.05),
            }
        )

    def write_listings(self) -> pd.DataFrame:
        """The `listings` table, in no order."""
        rng, ledger = self.rng, self.ledger
        rows = rng.permutation(len(ledger.read("listings", "product")))
        return pd.DataFrame(
            {
                "product_id": take_names(self.products, ledger.read("listings", "product")[rows]),
                "seller_id": self.name_accounts(ledger.read("listings", "seller")[rows]),
                "listed_at": format_times(rng, ledger.read("listings", "at")[rows], missing_share=0.02),
                "price": ledger.read("listings", "price")[rows],
            }
        )

    def write_referrals(self) -> pd.DataFrame:
        """The `referrals` table, in no order."""
        rows = self.rng.permutation(len(self.ledger.read("referrals", "account")))
        return pd.DataFrame(
            {
                "account_id": self.name_accounts(self.ledger.read("referrals", "account")[rows]),
                "referred_by": self.name_accounts(self.ledger.read("referrals", "referrer")[rows]),
            }
        )


def _choose(words: tuple[str, ...], index: npt.NDArray[Any]) -> Any:
    return pd.array(list(words), dtype="str").take(index)


@dataclass(frozen=True)
class TableWithTruth:
    """A table, and what is true of its rows."""

    table: pd.DataFrame
    truth: pd.DataFrame


def write_review_tables(scribe: Scribe) -> TableWithTruth:
    """The `reviews` table, by time, and which of them are fake."""
    rng, ledger = scribe.rng, scribe.ledger
    at = ledger.read("reviews", "at")
    rows = order_rows(rng, at)
    product, rating = ledger.read("reviews", "product")[rows], ledger.read("reviews", "rating")[rows]
    review_id = draw_names(rng, "R", len(rows), 9)
    seller = ledger.read("listings", "seller")[product]
    tells_seller = rng.random(len(rows)) < 0.30
    no_product = tells_seller & (rng.random(len(rows)) < 0.15)
    texts = pd.array(write_reviews(rng, rating, ledger.read("reviews", "script")[rows]), dtype="str")
    table = pd.DataFrame(
        {
            "review_id": review_id,
            "account_id": scribe.name_accounts(ledger.read("reviews", "account")[rows]),
            "product_id": take_names(scribe.products, np.where(no_product, MISSING, product)),
            "seller_id": scribe.name_accounts(np.where(tells_seller, seller, MISSING)),
            "rating": rating,
            "reviewed_at": format_times(rng, at[rows], missing_share=0.005),
            "text": hide(rng, texts, 0.15),
        }
    )
    is_fake = ledger.read("reviews", "is_fake")[rows].astype(bool)
    return TableWithTruth(table, pd.DataFrame({"review_id": review_id, "is_fake": is_fake}))


def write_address_tables(scribe: Scribe, places: PlaceBook) -> TableWithTruth:
    """The `addresses` table, by time, and the place that each spelling means."""
    rng, ledger, n = scribe.rng, scribe.ledger, scribe.world.settings.n_accounts
    at = ledger.read("addresses", "at")
    rows = order_rows(rng, at)
    account, place, careless = (ledger.read("addresses", name)[rows] for name in ("account", "place", "careless"))
    everywhere = places.read()
    manner = rng.choice(N_SPELLINGS, n, p=[0.24, 0.18, 0.08, 0.12, 0.12, 0.10, 0.06, 0.10])[account]
    fickle = rng.random(len(rows)) < np.where(careless == 1, 0.6, 0.12)
    manner = np.where(fickle, rng.integers(0, N_SPELLINGS, len(rows)), manner)
    manner = np.where(careless == -1, 0, manner)
    texts = pd.array(spell_addresses(rng, everywhere[place], manner, careless), dtype="str")
    _, unit_code = np.unique(everywhere, axis=0, return_inverse=True)
    _, building_code = np.unique(everywhere[:, :3], axis=0, return_inverse=True)
    place_names = draw_names(rng, "L", int(unit_code.max(initial=-1)) + 1)
    building_names = draw_names(rng, "B", int(building_code.max(initial=-1)) + 1)
    kinds = _choose(ADDRESS_KINDS, ledger.read("addresses", "kind")[rows])
    seen_at = format_times(rng, at[rows], missing_share=0.05)
    truth = pd.DataFrame(
        {
            "address": texts,
            "place_id": take_names(place_names, unit_code[place]),
            "building_id": take_names(building_names, building_code[place]),
        }
    )
    table = pd.DataFrame(
        {"account_id": scribe.name_accounts(account), "address": texts, "kind": kinds, "seen_at": seen_at}
    )
    return TableWithTruth(table, truth.drop_duplicates(ignore_index=True))


def write_group_truth(scribe: Scribe, plans: list[RingPlan], groups: list[LookalikeGroup]) -> dict[str, pd.DataFrame]:
    """The truth of accounts, rings and look-alikes; a look-alike group lists its honest members only."""
    world = scribe.world
    n = world.settings.n_accounts
    ring_names = draw_names(scribe.rng, "ring-", len(plans), 6)
    sizes = [len(plan.members) for plan in plans]
    rings = pd.DataFrame(
        {
            "ring_id": np.repeat(np.array(ring_names, dtype=object), sizes),
            "kind": np.repeat([plan.kind for plan in plans], sizes),
            "account_id": scribe.name_accounts(np.concatenate([plan.members for plan in plans])),
            "role": [role for plan in plans for role in plan.roles],
            "sharing": np.repeat([plan.sharing for plan in plans], sizes),
        }
    )
    honest = [group.members[~world.is_fraud[group.members]] for group in groups]
    group_names = draw_names(scribe.rng, "group-", len(groups), 7)
    sizes = [len(members) for members in honest]
    lookalikes = pd.DataFrame(
        {
            "group_id": np.repeat(np.array(group_names, dtype=object), sizes),
            "kind": np.repeat(np.array([group.kind for group in groups], dtype=object), sizes),
            "account_id": scribe.name_accounts(np.concatenate([*honest, np.zeros(0, dtype=np.int64)])),
        }
    )
    accounts = pd.DataFrame({"account_id": scribe.name_accounts(np.arange(n)), "is_fraud": world.is_fraud})
    accounts = accounts.sort_values("account_id", ignore_index=True)
    return {"rings": rings, "lookalikes": lookalikes, "accounts": accounts}


class ToldRing(NamedTuple):
    """A ring as it is told: ``roles`` says by account what a member does, and then which party somebody is."""

    kind: str
    method: str
    sharing: str
    roles: Mapping[int, str]


def tell_rings(rings: Iterable[ToldRing], name: Callable[[Any], Any]) -> pd.DataFrame:
    """Rings with their parties, in order; ``name`` gives the names of accounts."""
    rows = [
        (f"ring-{number:03d}", ring.kind, account, role, ring.sharing, ring.method)
        for number, ring in enumerate(rings)
        for account, role in ring.roles.items()
    ]
    table = pd.DataFrame(rows, columns=["ring_id", "kind", "account_id", "role", "sharing", "method"])
    return table.assign(account_id=name(table["account_id"]))


def tell_groups(groups: Iterable[tuple[str, Sequence[int]]], name: Callable[[Any], Any]) -> pd.DataFrame:
    """Honest groups of two or more by kind and members, in order."""
    kept = [(kind, members) for kind, members in groups if len(members) > 1]
    rows = [
        (f"group-{number:05d}", kind, account) for number, (kind, members) in enumerate(kept) for account in members
    ]
    table = pd.DataFrame(rows, columns=["group_id", "kind", "account_id"])
    return table.assign(account_id=name(table["account_id"]))


@dataclass(frozen=True)
class KnownCases:
    """What the marketplace knows by the end; shapes (n_known,)."""

    account: IntArray
    is_fraud: BoolArray
    decided_at: IntArray


def draw_known_cases(rng: np.random.Generator, world: World) -> KnownCases:
    """Draw the accounts that were investigated: few, weeks late, and now and then wrongly."""
    n = world.settings.n_accounts
    share = np.where(world.is_fraud, world.settings.label_share, 0.01)
    account = np.flatnonzero(rng.random(n) < share)
    wrong = rng.random(len(account)) < 0.02
    delay = rng.lognormal(np.log(35 * DAY_SECONDS), 0.9, len(account)).astype(np.int64)
    decided_at = world.leaves_at[account] + delay
    in_time = decided_at < END_AT
    # Cases that come after the end are unknown, save those that were opened early.
    early = ~in_time & (rng.random(len(account)) < 0.4)
    span = np.maximum(END_AT - 1 - world.created_at[account], 1)
    decided_at = np.where(early, END_AT - 1 - (rng.random(len(account)) * span * 0.3).astype(np.int64), decided_at)
    known = in_time | early
    return KnownCases(account[known], (world.is_fraud[account] ^ wrong)[known], decided_at[known])


def write_labels(scribe: Scribe, cases: KnownCases) -> pd.DataFrame:
    """The `labels` table, by time."""
    rows = order_rows(scribe.rng, cases.decided_at)
    fraud = cases.is_fraud[rows]
    source = scribe.rng.choice(3, len(rows), p=[0.5, 0.35, 0.15])
    return pd.DataFrame(
        {
            "account_id": scribe.name_accounts(cases.account[rows]),
            "label": _choose(("legit", "fraud"), fraud.astype(np.int64)),
            "decided_at": format_times(scribe.rng, cases.decided_at[rows], missing_share=0.01),
            "source": _choose(("charge_back", "manual_review", "complaint"), np.where(fraud, source, 1)),
        }
    )
