"""Answers of the questions that look around: a search, accounts side by side, a tree, a stream, money at risk.

Names and order of all fields are the keys and columns of ``--format json`` and ``csv``: a new name for one breaks the
scripts that read those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from graph.queries.answers import Share

Match = Literal["exactly", "in another spelling", "begins with", "contains"]


@dataclass(frozen=True)
class Hit:
    """Something that a text was found in.

    ``kind`` is what it is: an account, ring, run, review, product or order, or a kind of identifier.  ``accounts`` is
    how many use it, wrote it, belong to it; ``account_ids`` are those, unless they are many.  ``tier`` is the latest
    run's.  ``title`` is what a product is called, where that is what was found.
    """

    kind: str
    id: str
    match: Match
    tier: str | None
    accounts: int
    account_ids: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True)
class Found:
    """The best of what a text was found in; ``total`` is how much there was, ``is_more`` where nobody counted on."""

    hits: tuple[Hit, ...]
    total: int
    is_more: bool


@dataclass(frozen=True)
class ComparedAccount:
    """One of several accounts side by side.

    ``rings`` are ids with the account's part; ``first_at`` and ``last_at`` are of its orders and transfers on either
    side, and ``usual_hour`` (0 to 23, UTC) the middle one of their hours; ``refund_share`` of what it bought was
    refunded, returned or disputed.
    """

    account_id: str
    tier: str | None
    risk_score: float | None
    rings: tuple[str, ...]
    labels: tuple[str, ...]
    created_at: datetime | None
    role: str | None
    segment: str | None
    status: str | None
    first_at: datetime | None
    last_at: datetime | None
    usual_hour: int | None
    bought: int
    sellers: int
    refund_share: float | None
    sold: int
    buyers: int
    reviews: int
    mean_rating: float | None
    paid: int = 0
    payees: int = 0
    was_paid: int = 0
    payers: int = 0


@dataclass(frozen=True)
class InCommon:
    """What some of the accounts have in common, and how many accounts of the market have it; None if not counted."""

    channel: str
    name: str
    accounts: int | None
    account_ids: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Accounts side by side: what is personal and rare first; ``apart`` are sentences on what tells them apart."""

    accounts: tuple[ComparedAccount, ...]
    in_common: tuple[InCommon, ...]
    apart: tuple[str, ...]


@dataclass(frozen=True)
class Moment:
    """Something that happened at an instant (UTC); ``burst`` is the number of the burst that it is part of."""

    at: datetime | None
    what: str
    account_id: str
    other_id: str | None
    detail: str
    burst: int | None


@dataclass(frozen=True)
class Burst:
    """Moments of one kind so near to one another that they stand out."""

    burst: int
    what: str
    moments: int
    accounts: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class Timeline:
    """What became of an account or of a ring's members, in its order: ``total`` moments, and ``undated`` facts more."""

    subject_id: str
    account_ids: tuple[str, ...]
    moments: tuple[Moment, ...]
    bursts: tuple[Burst, ...]
    total: int
    undated: int


@dataclass(frozen=True)
class MoneyLine:
    """Orders of a ring's members on one side, in one state and currency, and what they add up to.

    ``fees`` and ``guarantees`` are what the platform earns by these orders, and what it stands in for; None where it is
    known of none.
    """

    side: str
    state: str
    currency: str
    orders: int
    amount: float
    fees: float | None = None
    guarantees: float | None = None


@dataclass(frozen=True)
class Victim:
    """Somebody outside of a ring: it took their money back or may, as buyer or payer; has it, as seller or payee."""

    account_id: str
    role: str
    state: str
    currency: str
    orders: int
    amount: float


@dataclass(frozen=True)
class Exposure:
    """What is at risk with a ring: the money of its members' orders, and who lost it, the largest amounts first."""

    ring_id: str
    kind: str | None
    tier: str | None
    money: tuple[MoneyLine, ...]
    victims: tuple[Victim, ...]


@dataclass(frozen=True)
class Branch:
    """An account of a tree, what it shares with the one above it, and the accounts below: the first of ``around``."""

    account_id: str
    tier: str | None
    shares: tuple[Share, ...]
    branches: tuple[Branch, ...]
    around: int


@dataclass(frozen=True)
class Expansion:
    """The accounts around one, or around a ring's members, as trees; ``found`` were met, ``folded`` were hubs."""

    subject_id: str
    branches: tuple[Branch, ...]
    found: int
    folded: tuple[Share, ...]
