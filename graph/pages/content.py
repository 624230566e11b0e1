"""What a ring's page shows, read from a store once; identifiers are hidden in all of it unless they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from typing import Any, Literal, TypeVar

from graph.casework.page import CasePage
from graph.pages.ties import Uses, name_plainly, read_ties, read_uses, tie_parties
from graph.pictures.masks import Masks
from graph.pictures.network import Network, Person, Tie, draw_network
from graph.pictures.strip import LANES, Strip, draw_strip
from graph.pictures.waterfall import Waterfall, draw_waterfall
from graph.queries.answers import RingRecord, RunSummary
from graph.queries.exposure import find_exposure
from graph.queries.rings import find_ring
from graph.queries.runs import find_stored_run
from graph.queries.timeline import Wanted, find_timeline
from graph.queries.views import Exposure, Moment, Timeline
from graph.statements.content import SharedFact
from graph.stores.protocol import GraphStore

MOST_MOMENTS = 120
"""So many moments are listed one by one; the strip has all of them."""

Told = TypeVar("Told")
_FREE = frozenset({"sentence", "via", "what", "detail", "reason", "reasons", "decisions", "text", "held_by", "notes"})
_FREE |= {"changed", "surer", "proposes", "things", "decided", "verdict", "value", "name", "actions", "action"}
"""Fields that hold sentences, or things in words; what else there is are ids of accounts, kinds and figures."""


@dataclass(frozen=True)
class Grounds:
    """What judging a ring again says of it; none where facts came since that touch it.

    Attributes
    ----------
    change_bits
        By channel, what becomes of the net bits without it.
    things
        What members share, and what becomes of the net bits without each thing.
    held_by
        By account, the fewest links without which it would not be named, strongest first.
    claims
        By innocent explanation and channel, the bits that it accounts for.
    ties
        All ties of the ring, weighed.
    """

    change_bits: Mapping[str, float] = field(default_factory=dict)
    things: tuple[SharedFact, ...] = ()
    held_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    claims: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()


@dataclass(frozen=True)
class PlantedReviews:
    """What is said of one target of a ring of fake reviews, a product or a seller.

    ``planted`` of its ``reviews`` were planted, by whomever, and from ``low`` to ``high`` with a probability of 0.9;
    half of them came from ``first_day`` to ``last_day``.  The ring's campaign wrote ``by_campaign`` of its reviews.
    """

    target_id: str
    kind: Literal["product", "seller"]
    reviews: int
    planted: int
    low: int
    high: int
    first_day: date | None
    last_day: date | None
    by_campaign: int


@dataclass(frozen=True)
class RingFacts:
    """All that is known of a ring for its page.

    ``moments`` are the first so many of the timeline; ``grounds`` and ``case`` are None where nobody asked for them, or
    nobody can say.  ``targets`` are those of a ring of fake reviews, the surest first.
    """

    ring: RingRecord
    run: RunSummary
    network: Network
    strip: Strip | None
    waterfall: Waterfall
    timeline: Timeline
    exposure: Exposure
    grounds: Grounds | None
    case: CasePage | None
    is_masked: bool
    targets: tuple[PlantedReviews, ...] = ()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """Those that are listed one by one."""
        return self.timeline.moments[:MOST_MOMENTS]


@dataclass(frozen=True)
class Judged:
    """What judging a market again says of one ring: what carries it, and what is said of whom it reviewed."""

    grounds: Grounds | None = None
    targets: tuple[PlantedReviews, ...] = ()


NOT_JUDGED = Judged()


@dataclass(frozen=True)
class Asked:
    """How a page is wanted: of which run, which statuses are money that went back, identifiers hidden or not."""

    run_id: str | None = None
    refunded: Collection[str] = ()
    is_masked: bool = True


def read_ring(
    store: GraphStore, ring_id: str, asked: Asked, *, judged: Judged = NOT_JUDGED, case: CasePage | None = None
) -> RingFacts:
    """Everything for the page of a ring.

    Parameters
    ----------
    store, ring_id
        Where it is, and which.
    asked
        How it is wanted.
    judged, case
        What judging it again says, and its case.

    Raises
    ------
    UnknownIdError
        If no such run found such a ring.
    """
    ring, grounds = find_ring(store, ring_id, run_id=asked.run_id), judged.grounds
    run_id = ring.summary.run_id
    uses = read_uses(store, [each.account_id for each in ring.members])
    timeline = find_timeline(store, ring_id, Wanted(run_id=run_id, what=LANES))
    ties = [*(grounds.ties if grounds and grounds.ties else read_ties(ring, uses)), *tie_parties(ring, uses)]
    found = RingFacts(
        ring=ring,
        run=find_stored_run(store, run_id),
        network=draw_network(list_people(ring, timeline), [add_users(tie, uses) for tie in ties]),
        strip=draw_strip(timeline),
        waterfall=draw_waterfall(ring),
        timeline=replace(timeline, moments=timeline.moments[:MOST_MOMENTS]),
        exposure=find_exposure(store, ring_id, run_id=run_id, refunded=asked.refunded),
        grounds=grounds,
        case=case,
        is_masked=asked.is_masked,
        targets=judged.targets,
    )
    return hide_all(found, Masks(uses.identifiers)) if asked.is_masked else found


def add_users(tie: Tie, uses: Uses) -> Tie:
    """A tie with how many accounts of the market use the thing, where that is known."""
    users = uses.users.get(name_plainly(tie.what), tie.users)
    return replace(tie, users=max(users, tie.users))


def list_people(ring: RingRecord, timeline: Timeline) -> list[Person]:
    """The members, then the parties, with the day on which each signed up."""
    since = {each.account_id: each.at for each in timeline.moments if each.what == "sign-up"}
    members = [
        Person(each.account_id, each.role, each.tier or "", each.bits, since.get(each.account_id))
        for each in ring.members
    ]
    inside = {each.account_id for each in ring.members}
    outside = [each for each in ring.parties if each.account_id not in inside]
    return members + [Person(each.account_id, each.role, is_outside=True) for each in outside]


def hide_all(told: Told, masks: Masks) -> Told:
    """The same without identifiers, in every text of it, however deep."""
    found: Told = _hide(told, masks, "")
    return found


def _hide(value: Any, masks: Masks, name: str) -> Any:
    if isinstance(value, str):
        return masks.hide(value) if name in _FREE else value
    if is_dataclass(value) and not isinstance(value, type):
        changes = {each.name: _hide(getattr(value, each.name), masks, each.name) for each in fields(value) if each.init}
        return replace(value, **changes)
    if isinstance(value, Mapping):
        return {key: _hide(each, masks, name) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_hide(each, masks, name) for each in value)
    return value
