"""When rings were at work: what their members did, counted over equal stretches of one time for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.queries.answers import RingSummary
from graph.queries.asking import Row, about_accounts, ask
from graph.stores.protocol import GraphStore

STRETCHES = 16

_MEMBERS = """MATCH (g:Ring)<-[:MEMBER_OF]-(a:Account) WHERE g.run_id = $run_id AND g.ring_id IN $ring_ids
RETURN g.ring_id AS ring_id, a.account_id AS account_id"""
_DEEDS = {
    "": "a.account_id AS account_id, a.account_id AS deed, a.created_at AS at",
    "(a)-[o:ORDERED]->(b)": "DISTINCT a.account_id AS account_id, o.order_id AS deed, o.ordered_at AS at",
    "(a)<-[o:ORDERED]-(b)": "DISTINCT a.account_id AS account_id, o.order_id AS deed, o.ordered_at AS at",
    "(a)-[o:PAID]->(b)": "DISTINCT a.account_id AS account_id, o.transfer_id AS deed, o.paid_at AS at",
    "(a)<-[o:PAID]-(b)": "DISTINCT a.account_id AS account_id, o.transfer_id AS deed, o.paid_at AS at",
    "(a)-[:WROTE]->(r:Review)": "a.account_id AS account_id, r.review_id AS deed, r.reviewed_at AS at",
}
"""The ways from a member to what it did: it signed up, bought, sold, paid, was paid, and wrote reviews."""


@dataclass(frozen=True)
class ActiveRing(RingSummary):
    """A ring of the list, and how much its members did in each of :data:`STRETCHES` equal stretches of time.

    ``active_from`` and ``active_to`` (UTC) are the same for all rings of a list, so that these can be compared; None
    where nothing is dated.  An order between two members counts once.
    """

    activity: tuple[int, ...] = ()
    active_from: datetime | None = None
    active_to: datetime | None = None


def find_activity(store: GraphStore, rings: Sequence[RingSummary]) -> list[ActiveRing]:
    """Add to rings of one run, in their order, when their members were at work."""
    times = _list_times(store, rings)
    dated = [at for each in times.values() for at in each]
    if not dated:
        return [ActiveRing(**vars(ring)) for ring in rings]
    first, last = min(dated), max(dated)
    return [
        ActiveRing(
            **vars(ring),
            activity=count_stretches(times.get(ring.ring_id, ()), first, last),
            active_from=first,
            active_to=last,
        )
        for ring in rings
    ]


def count_stretches(
    times: Iterable[datetime], first: datetime, last: datetime, stretches: int = STRETCHES
) -> tuple[int, ...]:
    """How many of some times lie in each of so many equal stretches from the first to the last one, both included.

    >>> count_stretches([datetime(2024, 1, day) for day in (1, 1, 3, 5)], datetime(2024, 1, 1), datetime(2024, 1, 5), 2)
    (2, 2)
    """
    counts, span = [0] * stretches, last - first
    for at in times:
        place = int((at - first) / span * stretches) if span else 0
        counts[min(place, stretches - 1)] += 1
    return tuple(counts)


def _list_times(store: GraphStore, rings: Sequence[RingSummary]) -> Mapping[str, list[datetime]]:
    """The times of what the members of each ring did, by its id."""
    if not rings:
        return {}
    asked = {"run_id": rings[0].run_id, "ring_ids": [each.ring_id for each in rings]}
    rings_of: dict[str, list[str]] = defaultdict(list)
    for row in ask(store, _MEMBERS, **asked):
        rings_of[row["account_id"]].append(row["ring_id"])
    pages = store.query_many([about_accounts(way, returns, rings_of) for way, returns in _DEEDS.items()])
    deeds: dict[str, dict[tuple[str, str], datetime]] = defaultdict(dict)
    for sort, rows in zip(_DEEDS.values(), pages, strict=True):
        for row in (row for row in rows if row["at"] is not None):
            for ring_id in rings_of[row["account_id"]]:
                deeds[ring_id][sort, row["deed"]] = _as_time(row)
    return {ring_id: list(each.values()) for ring_id, each in deeds.items()}


def _as_time(row: Row) -> datetime:
    at = row["at"]
    native: datetime = at.to_native() if hasattr(at, "to_native") else at
    return native.replace(tzinfo=None)
