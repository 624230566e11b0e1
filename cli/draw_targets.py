"""How many reviews of whom were planted, as people read it: a table, and a target day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import draw_bar, draw_section, make_table, say_more, show_id, show_number, show_text

if TYPE_CHECKING:
    from detection.reviews.targets import TargetCluster, TargetDay, TargetVerdict

MOST_ROWS = 30
"""So many stretches of days are shown of a target at most."""
STRETCHES_DAYS = (1, 7, 28, 91, 364)
MOST_CLUSTERS = 3


def draw_targets(found: Sequence[TargetVerdict], *, n_more: int, asked: str | None) -> RenderableType:
    """A row for each target."""
    if not found:
        about = "of any target" if asked is None else f"of {show_text(asked)}, as a target or a cluster"
        return Text(f"There is nothing to say {about}: fewer than one planted review is expected.")
    table = make_table(
        "target", "reviews", "planted", "90 %", "most from", "to", "rating", "without", "clusters",
        right={"reviews", "planted", "90 %", "rating", "without"},
    )  # fmt: skip
    for each in found:
        days = (_show_day(each.first_day), _show_day(each.last_day))
        ratings = (show_number(each.rating), show_number(each.rating_without))
        interval = f"{each.planted_low:,} to {each.planted_high:,}"
        counts = (f"{each.reviews:,}", f"{each.planted:,}", interval)
        table.add_row(show_id(each.target_id), *counts, *days, *ratings, _list_clusters(each.clusters))
    return Group(table, *say_more(n_more, "targets"))


def _list_clusters(clusters: Sequence[TargetCluster]) -> Text:
    more = ["…"] if len(clusters) > MOST_CLUSTERS else []
    return Text(" ".join([*(show_text(each.cluster_id) for each in clusters[:MOST_CLUSTERS]), *more]), overflow="fold")


def draw_target(found: TargetVerdict) -> RenderableType:
    """One target: the verdict, its clusters, and how many came when."""
    head = (
        f"{show_text(found.target_id)}: {found.planted:,} of {found.reviews:,} reviews planted, from"
        f" {found.planted_low:,} to {found.planted_high:,} with a probability of 90 %"
    )
    lines = [Text(head, style="bold")]
    if found.first_day is not None:
        lines.append(Text(f"Half of them came from {_show_day(found.first_day)} to {_show_day(found.last_day)}."))
    if found.rating is not None:
        without = show_number(found.rating_without) or "nothing"
        lines.append(Text(f"Rating {show_number(found.rating)}, without them {without}."))
    parts = [*draw_section("Clusters that wrote them", _draw_clusters(found.clusters))]
    return Group(*lines, *parts, *draw_section("Reviews, and planted ones among them", _draw_days(found.days)))


def _draw_clusters(clusters: Sequence[TargetCluster]) -> list[RenderableType]:
    if not clusters:
        return []
    table = make_table(
        "cluster", "tone", "chance", "reviews", "in all", "accounts", "from", "to", "rings",
        right={"chance", "reviews", "in all", "accounts"},
    )  # fmt: skip
    for each in clusters:
        counts = (f"{each.reviews:,}", f"{each.all_reviews:,}", f"{each.accounts:,}")
        days = (_show_day(each.first_day), _show_day(each.last_day))
        rings = Text(" ".join(map(show_text, each.ring_ids)), overflow="fold")
        table.add_row(show_id(each.cluster_id), each.tone, show_number(each.chance), *counts, *days, rings)
    return [table]


@dataclass(frozen=True)
class Stretch:
    """Some days on end: the first of them, all reviews, and those expected to be planted."""

    first_day: date
    reviews: int
    planted: float


def _draw_days(days: Sequence[TargetDay]) -> list[RenderableType]:
    """A bar for each stretch of days, as short as fit on a screen; stretches without a review take no row."""
    if not days:
        return []
    stretches = list(gather_stretches(days))
    most = max(each.planted for each in stretches)
    table = make_table("from", "reviews", "planted", "per stretch", right={"reviews", "planted"})
    for each in stretches:
        counts = (f"{each.reviews:,}", show_number(each.planted, 1))
        table.add_row(_show_day(each.first_day), *counts, draw_bar(each.planted, most))
    return [table]


def gather_stretches(days: Sequence[TargetDay]) -> Iterable[Stretch]:
    """The days in stretches as short as leave no more than ``MOST_ROWS`` with a review, or the longest."""
    begin = days[0].day
    for length in STRETCHES_DAYS:
        counted: dict[int, tuple[int, float]] = {}
        for each in days:
            place = (each.day - begin).days // length
            reviews, planted = counted.get(place, (0, 0.0))
            counted[place] = (reviews + each.reviews, planted + each.planted)
        if len(counted) <= MOST_ROWS:
            break
    return [Stretch(begin + timedelta(days=place * length), *counts) for place, counts in sorted(counted.items())]


def _show_day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
