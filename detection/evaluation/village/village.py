"""The village while it lives: its people, its listings, and the deeds that everybody adds to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from detection.evaluation.simulation.ledger import COMPLETED, BoolArray, Ledger
from detection.evaluation.simulation.rhythm import FloatArray, IntArray
from detection.evaluation.village.people import People
from detection.evaluation.village.seasons import DAY, END_AT, N_DAYS, START_AT
from detection.evaluation.village.settings import VillageSettings

NO_PRODUCT = -1
NETWORK_DAYS = 300
EPOCHS = 16
"""A home keeps its network address for a span of 300 days; a code is a network's number times this, and the span."""
PLAIN = -1
"""A review that is written on nobody's brief."""


@dataclass(frozen=True)
class HonestGroup:
    """People who have something to do with one another, and nothing to hide."""

    kind: str
    members: IntArray


@dataclass(frozen=True)
class Window:
    """An interval, in Unix seconds."""

    begins_at: int
    ends_at: int

    def spread(self, count: int) -> list[IntArray]:
        """The interval's beginning and end, so many times."""
        return [np.full(count, self.begins_at), np.full(count, self.ends_at)]


@dataclass
class Village:
    """State that everybody shares.

    Attributes
    ----------
    shop_owners, shop_weights
        Accounts that sell for a living, and how much is bought from them.
    stock_first, stock_count
        The first product of each shop, and how many it has; products of a shop follow one another.
    return_share, quality
        By product: share of orders that come back, and mean of its ratings' leaning.
    """

    rng: np.random.Generator
    settings: VillageSettings
    people: People
    ledger: Ledger
    shop_owners: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    shop_weights: FloatArray = field(default_factory=lambda: np.zeros(0))
    stock_first: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    stock_count: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    groups: list[HonestGroup] = field(default_factory=list)

    # ── who ───────────────────────────────────────────────────────────────────────────────────────
    def pick(self, size: int, among: BoolArray | None = None, *, town: bool = True) -> IntArray:
        """Free people who from now on belong to some group, of one town where it has as many; sorted."""
        free = ~self.people.is_taken if among is None else ~self.people.is_taken & among
        members = self.choose(size, free, town=town)
        self.people.is_taken[members] = True
        return members

    def choose(self, size: int, among: BoolArray, *, town: bool = False) -> IntArray:
        """Up to `size` people among some, who stay free for anything else; sorted."""
        found = np.flatnonzero(among & ~self.people.is_puppet)
        if town and len(found):
            home = self.people.town[found[self.rng.integers(len(found))]]
            here = found[self.people.town[found] == home]
            found = here if len(here) >= size else found
        return np.sort(self.rng.choice(found, min(size, len(found)), replace=False))

    def are_there(self, window: Window) -> BoolArray:
        """Who had joined by the beginning of a window."""
        return np.asarray(self.people.joined_at < window.begins_at)

    def draw_size(self, low: int, high: int) -> int:
        """A size within bounds, small ones more often; in a small market not more than a sixtieth of it."""
        high = max(low, min(high, self.settings.n_accounts // 60))
        return round(float(low * (high / low) ** self.rng.random()))

    def draw_window(self, low_days: float, high_days: float) -> Window:
        """Some days of the records, not of their first or last month."""
        days = min(self.rng.uniform(low_days, high_days), N_DAYS - 62)
        begins = START_AT + int(self.rng.uniform(31, N_DAYS - 31 - days) * DAY)
        return Window(begins, min(begins + int(days * DAY), END_AT - 1))

    def keep(self, members: IntArray, until: int) -> None:
        """Let members stay active until an instant."""
        self.people.quits_at[members] = np.maximum(self.people.quits_at[members], min(until, END_AT - 1))

    def form(self, kind: str, members: IntArray) -> None:
        """Remember an honest group."""
        self.groups.append(HonestGroup(kind, members))

    def meet_elsewhere(self, members: IntArray, share: float, n_devices: int = 0) -> None:
        """Give members a second place with a network, and perhaps computers, where a share of their visits is made."""
        people = self.people
        people.other_ip[members] = self.ledger.issue("ip", 1)[0]
        people.other_share[members] = share
        if n_devices:
            people.other_device[members] = self.ledger.issue("device", n_devices)[0]
            people.n_other_devices[members] = n_devices

    # ── what ──────────────────────────────────────────────────────────────────────────────────────
    def list_items(self, sellers: IntArray, at: IntArray, price: FloatArray, *, quality: float = 0.0) -> IntArray:
        """New listings; returns products."""
        products = self.ledger.issue("product", len(sellers))
        returned = np.full(len(sellers), 0.03)
        self.ledger.add(
            "listings", product=products, seller=sellers, at=np.maximum(at, START_AT - 900 * DAY),
            price=np.round(np.maximum(price, 0.5), 2), returned=returned, quality=np.full(len(sellers), quality),
        )  # fmt: skip
        return products

    def is_listed(self, products: IntArray, at: IntArray | int) -> BoolArray:
        """Which products can be bought by then."""
        return np.asarray(self.ledger.read("listings", "at")[products] < at)

    def buy(
        self, buyers: IntArray, products: IntArray, at: IntArray, *, status: IntArray | int = COMPLETED,
        factor: float = 1.0,
    ) -> None:  # fmt: skip
        """Orders at the listed price times a factor; nobody buys from themselves."""
        seller = self.ledger.read("listings", "seller")[products]
        amount = self.ledger.read("listings", "price")[products] * factor
        status = np.broadcast_to(np.asarray(status), buyers.shape)
        keep = seller != buyers
        self.ledger.add(
            "orders", buyer=buyers[keep], seller=seller[keep], product=products[keep],
            amount=np.round(amount[keep], 2), at=np.clip(at[keep], START_AT, END_AT - 1), status=status[keep],
        )  # fmt: skip

    def pay(self, payers: IntArray, payees: IntArray, at: IntArray, amount: FloatArray) -> None:
        """Payments without a product."""
        keep = payers != payees
        self.ledger.add(
            "orders", buyer=payers[keep], seller=payees[keep], product=NO_PRODUCT,
            amount=np.round(np.maximum(amount[keep], 0.5), 2), at=np.clip(at[keep], START_AT, END_AT - 1),
            status=COMPLETED,
        )  # fmt: skip

    def rate(
        self, authors: IntArray, products: IntArray, at: IntArray, rating: IntArray, *, script: int = PLAIN,
        is_fake: bool = False,
    ) -> None:  # fmt: skip
        """Reviews; what would come after the end of the records is never written, nor praise of oneself."""
        seller = self.ledger.read("listings", "seller")[products]
        keep = (at < END_AT) & (seller != authors)
        self.ledger.add(
            "reviews", account=authors[keep], product=products[keep], at=at[keep], rating=rating[keep],
            script=script, is_fake=is_fake,
        )  # fmt: skip

    def refer(self, accounts: IntArray, by: IntArray) -> None:
        """Referrals: who brought in whom."""
        self.ledger.add("referrals", account=accounts, referrer=by)

    def use(self, table: str, accounts: IntArray, thing: IntArray | int, at: IntArray) -> None:
        """Accounts using a thing (``device``, ``payment``, ``phone``, ``email``) beside what is their own."""
        self.ledger.add(f"use_{table}", account=accounts, thing=thing, at=np.clip(at, START_AT - 900 * DAY, END_AT - 1))

    def use_network(
        self, accounts: IntArray, network: IntArray | int, at: IntArray, *, moves: BoolArray | bool
    ) -> None:
        """Accounts coming from a network; those that move (at home) change their address from time to time."""
        network = np.broadcast_to(np.asarray(network), accounts.shape)
        days = np.maximum(at - START_AT, 0) // DAY
        span = np.where(moves, (days + network * 7_919 % NETWORK_DAYS) // NETWORK_DAYS, 0)
        self.ledger.add("use_network", account=accounts, thing=network * EPOCHS + span, at=np.minimum(at, END_AT - 1))

    def found_place(self, member: int) -> int:
        """A new place in the town of somebody: a whole house."""
        town = self.people.town[[member]]
        street, number = self.rng.integers(0, 120, 1), self.rng.integers(181, 240, 1)
        place = self.ledger.issue("place", 1)
        self.ledger.add("places", town=town, street=street, number=number, flat=np.zeros(1, dtype=np.int64))
        return int(place[0])

    def send_to(self, accounts: IntArray, place: IntArray | int, at: IntArray, kind: int) -> None:
        """Accounts using an address beside their own."""
        self.ledger.add("use_place", account=accounts, thing=place, at=np.clip(at, START_AT, END_AT - 1), kind=kind)
