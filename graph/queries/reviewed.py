"""Whom the members of a ring reviewed together: plain facts, found at once.

How many reviews of a target were planted takes a look at all reviews of the market, and seconds: ``ringfence targets``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from graph.queries.answers import RingRecord
from graph.queries.asking import Row, about_accounts
from graph.stores.protocol import GraphStore, Question

Kind = Literal["product", "seller"]

MOST_SAID = 5
"""Of so many targets `why` has a sentence."""
REVIEWING = ("review", "attack")
"""The kinds of rings that are about reviews."""
_FEWEST = 2
"""One member's opinion is its own; two of a ring's on one target are the ring's deed."""

_WROTE = "a.account_id AS account_id, r.review_id AS review_id, r.rating AS rating, r.reviewed_at AS at"
_COUNTED = "count(DISTINCT r.review_id) AS n, count(r.rating) AS rated, sum(r.rating) AS total"
_ABOUT: dict[Kind, tuple[str, str]] = {
    "product": ("(t:Listing)", "t.product_id"),
    "seller": ("(t:Account)", "t.account_id"),
}


@dataclass(frozen=True)
class Reviewed:
    """A product, or a seller, that two members of a ring or more reviewed.

    ``by_members`` of its ``reviews`` were written by ``members`` of the ring, from ``first_at`` to ``last_at`` (UTC;
    None where no time is known).  ``rating_by_members`` and ``rating_by_others`` are means, None where nobody rated it.
    A review of a product is none of its seller's.
    """

    target_id: str
    kind: Kind
    reviews: int
    by_members: int
    members: int
    rating_by_members: float | None
    rating_by_others: float | None
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class ReviewingRing(RingRecord):
    """A ring, and whom it reviewed: those that most members' reviews are about come first."""

    reviewed: tuple[Reviewed, ...] = ()


def find_reviewed(store: GraphStore, ring: RingRecord) -> ReviewingRing:
    """Add to a ring of fake reviews whom its members reviewed together; of other rings nothing is asked."""
    found = list_reviewed(store, ring) if ring.summary.kind in REVIEWING else ()
    return ReviewingRing(**vars(ring), reviewed=found)


def list_reviewed(store: GraphStore, ring: RingRecord) -> tuple[Reviewed, ...]:
    """Whom the members of a ring reviewed together."""
    members = [each.account_id for each in ring.members]
    asked = [
        about_accounts(f"(a)-[:WROTE]->(r:Review)-[:ABOUT]->{node}", f"{_WROTE}, {key} AS id", members)
        for node, key in _ABOUT.values()
    ]
    wrote = dict(zip(_ABOUT, store.query_many(asked), strict=True))
    of_products = {row["review_id"] for row in wrote["product"]}
    wrote["seller"] = [row for row in wrote["seller"] if row["review_id"] not in of_products]
    mine = {kind: _gather(rows) for kind, rows in wrote.items()}
    counted = _count_all(store, mine)
    found = [
        _describe(target_id, kind, rows, counted[kind, target_id])
        for kind, targets in mine.items()
        for target_id, rows in targets.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.by_members, each.kind, each.target_id)))


def say_reviewed(reviewed: Sequence[Reviewed]) -> Iterator[str]:
    """A sentence for each of the first few targets, and one on how many more there are."""
    for each in reviewed[:MOST_SAID]:
        count = f"{each.members} members wrote {each.by_members:,} of the {each.reviews:,} reviews of {each.target_id}"
        days = f", from {each.first_at:%Y-%m-%d} to {each.last_at:%Y-%m-%d}" if each.first_at and each.last_at else ""
        yield f"{count}{days}{_say_ratings(each)}."
    if len(reviewed) > MOST_SAID:
        yield f"They reviewed {len(reviewed) - MOST_SAID:,} more targets together."


def _say_ratings(each: Reviewed) -> str:
    if each.rating_by_members is None:
        return ""
    others = "" if each.rating_by_others is None else f" where others give {each.rating_by_others:.1f}"
    return f", and rate it {each.rating_by_members:.1f}{others}"


def _gather(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The members' reviews by target, of those that two members or more reviewed."""
    by_target: dict[str, list[Row]] = {}
    for row in rows:
        by_target.setdefault(row["id"], []).append(row)
    return {name: each for name, each in by_target.items() if len({row["account_id"] for row in each}) >= _FEWEST}


@dataclass(frozen=True)
class _Counted:
    """All reviews of a target, how many of them rated it, and the sum of their ratings."""

    reviews: int
    rated: int
    total: float


def _count_all(store: GraphStore, mine: dict[Kind, dict[str, list[Row]]]) -> dict[tuple[Kind, str], _Counted]:
    """All reviews of each target; those of a seller's products are not the seller's."""
    product, seller = _ABOUT["product"], _ABOUT["seller"]
    about = "(t)<-[:ABOUT]-(r:Review)"
    asked = {
        "product": Question(*product, f"{product[1]} AS id, {_COUNTED}", sorted(mine["product"]), about),
        "seller": Question(*seller, f"{seller[1]} AS id, {_COUNTED}", sorted(mine["seller"]), about),
    }
    asked["its products"] = replace(asked["seller"], way=f"{about}-[:ABOUT]->(p:Listing)")
    found = dict(zip(asked, store.query_many([*asked.values()]), strict=True))
    counts = {(kind, row["id"]): _read_count(row) for kind in _ABOUT for row in found[kind]}
    for row in found["its products"]:
        whole, part = counts["seller", row["id"]], _read_count(row)
        left = _Counted(whole.reviews - part.reviews, whole.rated - part.rated, whole.total - part.total)
        counts["seller", row["id"]] = left
    return counts


def _read_count(row: Row) -> _Counted:
    return _Counted(row["n"], row["rated"], row["total"] or 0.0)


def _describe(target_id: str, kind: Kind, rows: Sequence[Row], everybody: _Counted) -> Reviewed:
    ratings = [row["rating"] for row in rows if row["rating"] is not None]
    times = [row["at"] for row in rows if row["at"] is not None]
    others = everybody.rated - len(ratings)
    return Reviewed(
        target_id,
        kind,
        everybody.reviews,
        len({row["review_id"] for row in rows}),
        len({row["account_id"] for row in rows}),
        sum(ratings) / len(ratings) if ratings else None,
        (everybody.total - sum(ratings)) / others if others else None,
        min(times, default=None),
        max(times, default=None),
    )
