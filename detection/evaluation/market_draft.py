"""The rows of new facts while they are being made, and the copy of a market that they are put into.

The snapshot that is handed in is not changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from graph.model import Floats, Ints, Orders, Reviews, Snapshot, Strings, Times, Uses
from graph.vocabulary import RingKind

NOWHEN = int(np.iinfo(np.int64).min)
"""NaT as an integer."""


HonestKind = Literal["household", "club", "fans", "class"]
"""Groups that look like rings at first sight: at home, in trade, in praise, by when they came."""


@dataclass(frozen=True)
class PlantPlan:
    """One ring, or one honest group, to plant.

    Attributes
    ----------
    kind, size
        What it does, with how many new accounts.
    sharing
        A kind of identifier that a few members at a time share, or ``none``.
    camouflage
        Ordinary dealings for each fraudulent one.
    """

    kind: RingKind | HonestKind
    size: int
    sharing: str = "device"
    camouflage: float = 0.0


@dataclass
class MarketDraft:
    """Rows of new facts while they are being made; times in microseconds, ``NOWHEN`` where unknown."""

    snapshot: Snapshot
    rng: np.random.Generator
    created: list[Ints] = field(default_factory=list)
    uses: list[Ints] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    orders: list[Ints] = field(default_factory=list)
    amounts: list[Floats] = field(default_factory=list)
    reviews: list[Ints] = field(default_factory=list)
    ratings: list[Floats] = field(default_factory=list)
    referrals: list[Ints] = field(default_factory=list)
    sellers: list[int] = field(default_factory=list)

    @cached_property
    def sales(self) -> Ints:
        """Rows of orders with a known seller and time."""
        return pick_sales(self.snapshot.orders)

    @cached_property
    def verdicts(self) -> Ints:
        """Rows of reviews with a target, a rating and a time."""
        return pick_verdicts(self.snapshot.reviews)

    @cached_property
    def times(self) -> Ints:
        """When anything happened in the market, sorted."""
        snapshot = self.snapshot
        times = np.concatenate([snapshot.orders.ordered_at, snapshot.reviews.reviewed_at, snapshot.uses.seen_at])
        return np.sort(times[~np.isnat(times)].astype(np.int64))

    @cached_property
    def ages(self) -> Ints:
        """How old the market's accounts were whenever they did something."""
        snapshot = self.snapshot
        who = np.concatenate([snapshot.orders.buyer, snapshot.reviews.author, snapshot.uses.account])
        at = np.concatenate([snapshot.orders.ordered_at, snapshot.reviews.reviewed_at, snapshot.uses.seen_at])
        known = ~(np.isnat(at) | np.isnat(snapshot.created_at[who]))
        ages: Ints = at[known].astype(np.int64) - snapshot.created_at[who[known]].astype(np.int64)
        return ages[ages >= 0]

    @cached_property
    def things_per_account(self) -> dict[str, Ints]:
        """How many identifiers of each kind each account has, by kind (N,)."""
        return {kind: _count_per_account(self.snapshot, kind) for kind in self.snapshot.identifier_kinds}

    @property
    def made(self) -> Ints:
        """When each account was made, the new ones included."""
        return np.concatenate([self.snapshot.created_at.astype(np.int64), *self.created])

    def find_made(self, ring: RingDraft, accounts: Ints, otherwise: int) -> Ints:
        """When members of a ring were made; another instant where unknown."""
        made = ring.created[accounts - ring.members[0]]
        return np.where(made == NOWHEN, otherwise, made)

    def issue(self, kind: str, count: int) -> Ints:
        """Rows of new identifiers."""
        first = self.snapshot.n_identifiers + len(self.kinds)
        self.kinds += [kind] * count
        return np.arange(first, first + count)

    def list_product(self, seller: int) -> int:
        """The row of a new listing."""
        self.sellers.append(seller)
        return self.snapshot.n_products + len(self.sellers) - 1

    def order(self, buyer: Ints, seller: Ints, product: Ints, at: Ints, status: Ints, amount: Floats) -> None:
        """Add orders."""
        self.orders.append(np.stack(np.broadcast_arrays(buyer, seller, product, at, status)))
        self.amounts.append(amount)

    def review(self, author: Ints, product: Ints, seller: Ints, at: Ints, rating: Floats) -> None:
        """Add reviews."""
        self.reviews.append(np.stack(np.broadcast_arrays(author, product, seller, at)))
        self.ratings.append(rating)


@dataclass(frozen=True)
class RingDraft:
    """A plan's accounts (rows), when they were made, and when they act; microseconds."""

    plan: PlantPlan
    members: Ints
    created: Ints
    begins: int
    ends: int


def pick_sales(orders: Orders) -> Ints:
    """Rows of orders with a known seller and time."""
    return np.flatnonzero((orders.seller >= 0) & ~np.isnat(orders.ordered_at))


def pick_verdicts(reviews: Reviews) -> Ints:
    """Rows of reviews with a target, a rating and a time."""
    has_target = (reviews.product >= 0) | (reviews.seller >= 0)
    return np.flatnonzero(has_target & ~np.isnan(reviews.rating) & ~np.isnat(reviews.reviewed_at))


def _count_per_account(snapshot: Snapshot, kind: str) -> Ints:
    """How many identifiers of a kind each account of the market has (N,)."""
    rows = snapshot.identifier_kind[snapshot.uses.identifier] == kind
    pairs = np.unique(np.stack([snapshot.uses.account[rows], snapshot.uses.identifier[rows]]), axis=1)
    return np.bincount(pairs[0], minlength=snapshot.n_accounts)


def extend_market(draft: MarketDraft) -> Snapshot:
    """The snapshot with the new rows: new accounts after the market's, the rest sorted as every snapshot is."""
    snapshot = draft.snapshot
    n_new = sum(map(len, draft.created))
    things = [f"{kind} {number:07d}" for number, kind in enumerate(draft.kinds)]
    referrals = np.concatenate([np.stack([snapshot.referral_account, snapshot.referral_by]), *draft.referrals], axis=1)
    referrals = referrals[:, np.lexsort(referrals[::-1])]
    return replace(
        snapshot,
        account_id=np.concatenate([snapshot.account_id, _name_after(snapshot.account_id, n_new)]),
        created_at=_as_times(draft.made),
        account_status=np.concatenate([snapshot.account_status, np.full(n_new, -1)]),
        identifier_kind=np.concatenate([snapshot.identifier_kind, np.array(draft.kinds, dtype=object)]),
        identifier_value=np.concatenate([snapshot.identifier_value, np.array(things, dtype=object)]),
        uses=_extend_uses(draft),
        product_id=np.concatenate([snapshot.product_id, _name_after(snapshot.product_id, len(draft.sellers))]),
        product_price=np.concatenate([snapshot.product_price, np.full(len(draft.sellers), np.nan)]),
        product_seller=np.concatenate([snapshot.product_seller, np.array(draft.sellers, dtype=np.int64)]),
        orders=_extend_orders(draft),
        reviews=_extend_reviews(draft),
        referral_account=referrals[0],
        referral_by=referrals[1],
    )


def _name_after(names: Strings, count: int) -> Strings:
    """New ids that sort after all known ones, so that those keep their rows."""
    last = max(names, default="")
    return np.array([f"{last}~planted-{number:06d}" for number in range(count)], dtype=object)


def _as_times(micros: Ints) -> Times:
    return micros.astype("datetime64[us]")


def _extend_uses(draft: MarketDraft) -> Uses:
    uses = draft.snapshot.uses
    rows = np.concatenate(
        [np.stack([uses.account, uses.identifier, uses.seen_at.astype(np.int64)]), *draft.uses], axis=1
    )
    account, identifier, seen_at = rows[0], rows[1], _as_times(rows[2])
    order = np.lexsort((seen_at, identifier, account))
    return Uses(account[order], identifier[order], seen_at[order])


def _extend_orders(draft: MarketDraft) -> Orders:
    old = draft.snapshot.orders
    first = np.stack([old.buyer, old.seller, old.product, old.ordered_at.astype(np.int64), old.status])
    rows, amount = np.concatenate([first, *draft.orders], axis=1), np.concatenate([old.amount, *draft.amounts])
    buyer, seller, product, at, status = rows[0], rows[1], rows[2], _as_times(rows[3]), rows[4]
    order = np.lexsort((amount, status, product, at, seller, buyer))
    return Orders(
        buyer[order], seller[order], product[order], amount[order], at[order], status[order], old.status_names
    )  # fmt: skip


def _extend_reviews(draft: MarketDraft) -> Reviews:
    old = draft.snapshot.reviews
    first = np.stack([old.author, old.product, old.seller, old.reviewed_at.astype(np.int64)])
    rows = np.concatenate([first, *draft.reviews], axis=1)
    names = np.concatenate([old.review_id, _name_after(old.review_id, rows.shape[1] - len(old.author))])
    rating = np.concatenate([old.rating, *draft.ratings])
    text = np.concatenate([old.text, np.full(len(names) - len(old.text), None)])
    return Reviews(names, rows[0], rows[1], rows[2], rating, _as_times(rows[3]), text)
