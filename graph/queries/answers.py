"""Answers to the investigator's questions: what is known, and nothing of how it was asked.

A ``risk_score`` or ``score`` says how strong the evidence is; a ``probability`` is a learned model's chance of fraud,
None where no model was used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from graph.results import Evidence, InnocentReading, Party, RingLink

Subject = Literal["account", "ring", "review"]

# Names and order of all fields below are the keys and columns of --format json and csv: a new name for one breaks the
# scripts that read those.


@dataclass(frozen=True)
class RunSummary:
    """One batch; ``settings`` is the JSON text that it was run with."""

    run_id: str
    sequence: int
    started_at: datetime | None
    finished_at: datetime | None
    version: str | None
    as_of: datetime | None
    accounts: int
    rings: int
    flags: int
    notes: tuple[str, ...]
    # As text: a run of another version may have settings that this one does not know.
    settings: str | None


@dataclass(frozen=True)
class RingSummary:
    """One line of the list of rings; ``score`` lies in [0, 1], ``decided`` is what a person decided of it.

    ``false_discovery`` is the share of honest groups to be expected among the rings down to this one, in [0, 1]; None
    in a run that did not say.
    """

    ring_id: str
    run_id: str
    rank: int
    kind: str
    score: float
    tier: str
    size: int
    net_bits: float
    charge_bits: float
    action: str
    decided: str = ""
    false_discovery: float | None = None


@dataclass(frozen=True)
class MemberRecord:
    """A member, how strongly it is tied to the others, and its own verdict."""

    account_id: str
    role: str
    bits: float
    risk_score: float | None
    tier: str | None
    probability: float | None


@dataclass(frozen=True)
class RingRecord:
    """A ring as it was stored when it was scored; everything strongest first.

    ``decisions`` are what people decided of it, and of its members; ``place`` says how it came to its rank where more
    than its bits had a say.
    """

    summary: RingSummary
    members: tuple[MemberRecord, ...]
    evidence: tuple[Evidence, ...]
    links: tuple[RingLink, ...]
    readings: tuple[InnocentReading, ...]
    parties: tuple[Party, ...]
    decisions: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class IdentifierUse:
    """A thing an account uses; ``others`` counts the other accounts that use it in any spelling."""

    kind: str
    value: str
    role: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    others: int


@dataclass(frozen=True)
class Tally:
    """A name and a number: orders of a status, or the amount in a currency."""

    name: str
    total: float


@dataclass(frozen=True)
class OrderLine:
    """One order; ``other_id`` is the seller when bought, the buyer when sold, None for the market.

    Of transfers the same: ``order_id`` is the transfer's, and it names no product.
    """

    order_id: str
    other_id: str | None
    product_id: str | None
    amount: float | None
    currency: str | None
    ordered_at: datetime | None
    status: str | None


@dataclass(frozen=True)
class OrdersSummary:
    """One side of an account's orders, or of its transfers."""

    orders: int
    counterparties: int
    statuses: tuple[Tally, ...]
    amounts: tuple[Tally, ...]
    first_at: datetime | None
    last_at: datetime | None
    latest: tuple[OrderLine, ...]


NO_DEALINGS = OrdersSummary(0, 0, (), (), None, None, ())


@dataclass(frozen=True)
class ReviewLine:
    """One review written by the account."""

    review_id: str
    target_id: str | None
    rating: float | None
    reviewed_at: datetime | None
    suspicion: float | None
    tier: str | None


@dataclass(frozen=True)
class ReviewsSummary:
    """Reviews that an account wrote, and those it received as a seller."""

    written: int
    mean_rating: float | None
    flagged: int
    received: int
    mean_received: float | None
    latest: tuple[ReviewLine, ...]


@dataclass(frozen=True)
class EventsSummary:
    """How often an account did one sort of thing, with how many objects or texts."""

    action: str | None
    events: int
    objects: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class LabelRecord:
    """What was already known, when and from where."""

    label: str
    decided_at: datetime | None
    source: str | None


@dataclass(frozen=True)
class AccountRing:
    """A ring of the latest run that an account belongs to, or that acted on or for it."""

    ring_id: str
    kind: str
    score: float
    tier: str
    size: int
    role: str
    bits: float | None


@dataclass(frozen=True)
class FlagRecord:
    """A run's verdict on an account or review, with its reasons as stored when it was scored."""

    run_id: str
    subject: str
    subject_id: str
    score: float
    tier: str
    reasons: tuple[str, ...]
    action: str
    probability: float | None


@dataclass(frozen=True)
class FormerState:
    """What was said of a row of a table before it changed or was gone, and when that held.

    ``valid_from`` is None where it held for as long as anybody knows; ``ended_as`` is ``changed``, ``removed`` or
    ``replaced``.
    """

    what: str
    id: str
    said: str
    valid_from: datetime | None
    valid_until: datetime | None
    ended_as: str


@dataclass(frozen=True)
class AccountRecord:
    """Everything known of one account, beginning with the verdict in words.

    ``paid`` and ``received`` are transfers; ``events`` are what it did, sort by sort, the most frequent first;
    ``decisions`` are what a person decided, and what the run would have said
    without; ``former`` is what was said of it and of what it did before that changed.
    """

    account_id: str
    verdict: str
    risk_score: float | None
    tier: str | None
    run_id: str | None
    created_at: datetime | None
    role: str | None
    segment: str | None
    status: str | None
    labels: tuple[LabelRecord, ...]
    identifiers: tuple[IdentifierUse, ...]
    bought: OrdersSummary
    sold: OrdersSummary
    reviews: ReviewsSummary
    listings: int
    referred_by: tuple[str, ...]
    referred: int
    rings: tuple[AccountRing, ...]
    flags: tuple[FlagRecord, ...]
    probability: float | None
    decisions: tuple[str, ...] = ()
    former: tuple[FormerState, ...] = ()
    paid: OrdersSummary = NO_DEALINGS
    received: OrdersSummary = NO_DEALINGS
    events: tuple[EventsSummary, ...] = ()


@dataclass(frozen=True)
class Reasons:
    """Why an account, ring or review stands where it stands."""

    subject: Subject
    subject_id: str
    run_id: str | None
    score: float | None
    tier: str | None
    action: str
    sentences: tuple[str, ...]
    probability: float | None


@dataclass(frozen=True)
class Share:
    """What two accounts have in common; ``accounts`` share it in all (two, for dealings)."""

    channel: str
    name: str
    accounts: int


@dataclass(frozen=True)
class Neighbour:
    """An account and what it shares with the one asked about, rarest first."""

    account_id: str
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Hop:
    """One step of a path and everything that its two accounts share, rarest first."""

    account_a: str
    account_b: str
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class FoundPath:
    """The shortest path; ``hops`` is empty where ``found`` is False; ``left_out`` were hubs.

    ``ways`` is how many are as short; ``others`` those of them that were asked for besides.
    """

    account_a: str
    account_b: str
    found: bool
    hops: tuple[Hop, ...]
    left_out: tuple[Share, ...]
    ways: int
    others: tuple[tuple[Hop, ...], ...]


@dataclass(frozen=True)
class LikeAccount:
    """An account, how alike its behaviour is (cosine, 1 is the same) and in what."""

    account_id: str
    similarity: float
    risk_score: float | None
    tier: str | None
    reasons: tuple[str, ...]
    probability: float | None


@dataclass(frozen=True)
class Verdict:
    """The latest run's score, probability and tier of an account; None before it was scored."""

    risk_score: float | None
    tier: str | None
    probability: float | None
