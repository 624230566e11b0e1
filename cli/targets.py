"""The question what is planted among the reviews of whom: ``targets``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cli.context import Workplace, pass_workplace
from cli.options import limit_option, run_option
from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, write_answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from detection.casework.heard import Heard
    from detection.reviewed import FoundRing
    from detection.reviews.targets import TargetCluster, TargetVerdict
    from graph.model import Snapshot
    from graph.queries.asking import Row

LISTED = ("clusters", "days")
"""What a row of CSV has no cell for: of clusters it has the ids."""


@click.command(short_help="Say how many reviews of whom were planted.")
@click.argument("any_id", metavar="[TARGET|RING|CLUSTER]", required=False, type=parse_id)
@limit_option
@run_option
@format_option
@pass_workplace
def targets(workplace: Workplace, any_id: str | None, limit: int | None, run_id: str | None, form: Format) -> None:
    """Say how many reviews of each product, or seller, were planted.

    With an interval of 90 %, the days in which they came, the clusters that wrote them, and the
    rating with and without them; those that surely have most come first.  A product or a seller by
    its id is shown day by day; a ring or a cluster by its id, with all targets it wrote of.

    It looks at all reviews, which takes some seconds, and writes nothing.  CSV gives one row for each
    target, JSON all clusters and days.
    """
    facts = _read(workplace, run_id)
    found = _judge(workplace, facts)
    if any_id is not None:
        found = _choose(found, any_id, facts)
    shown = found[:limit]
    rows = [_as_row(each) for each in shown]
    write_answer(Answer(list(shown), _list_cells(), rows, lambda: _draw(found, shown, any_id)), form)


def _list_cells() -> tuple[str, ...]:
    """The columns of CSV."""
    from detection.reviews.targets import TargetVerdict

    return (*(name for name in list_columns(TargetVerdict) if name not in LISTED), "cluster_ids")


def _as_row(verdict: TargetVerdict) -> Row:
    (row,) = as_rows([verdict])
    kept = {name: value for name, value in row.items() if name not in LISTED}
    return kept | {"cluster_ids": [cluster.cluster_id for cluster in verdict.clusters]}


@dataclass(frozen=True)
class _Facts:
    """What a run saw, its rings, and what people say now."""

    snapshot: Snapshot
    rings: list[FoundRing]
    heard: Heard


def _read(workplace: Workplace, run_id: str | None) -> _Facts:
    from cli.work import as_instant
    from detection.casework.facts import heed_facts, read_heard
    from graph.queries.exports import list_members
    from graph.queries.runs import find_stored_run

    with workplace.open_store() as store:
        run, heard = find_stored_run(store, run_id), read_heard(store)
        snapshot = heed_facts(store.snapshot(as_of=as_instant(run.as_of)), heard)
        return _Facts(snapshot, gather_rings(list_members(store, run.run_id)), heard)


def _judge(workplace: Workplace, facts: _Facts) -> tuple[TargetVerdict, ...]:
    from cli.work import choose_settings
    from detection.evidence.market import make_market
    from detection.reviewed import judge_reviewed

    settings = choose_settings(workplace, seed=None, encoder=None)
    return judge_reviewed(make_market(facts.snapshot, settings), facts.rings, facts.heard)


def gather_rings(rows: list[Row]) -> list[FoundRing]:
    """The rings of a run from a row for each ring and member."""
    from detection.reviewed import FoundRing

    members: dict[tuple[str, str, float], set[str]] = {}
    for row in rows:
        members.setdefault((row["ring_id"], row["kind"], row["score"]), set()).add(row["account_id"])
    return [FoundRing(*ring, frozenset(ids)) for ring, ids in members.items()]


def _choose(found: tuple[TargetVerdict, ...], any_id: str, facts: _Facts) -> tuple[TargetVerdict, ...]:
    """One target, or those of which a cluster wrote; none where there is nothing to say of what is known."""
    from graph.errors import UnknownIdError
    from graph.queries.ids import pick_nearest, say_unknown

    mine = tuple(each for each in found if each.target_id == any_id)
    clusters = {name for each in found for part in each.clusters for name in (part.cluster_id, *part.ring_ids)}
    known = clusters | {ring.ring_id for ring in facts.rings}
    known |= {*facts.snapshot.product_id.tolist(), *facts.snapshot.account_id.tolist()}
    if any_id not in known:
        raise UnknownIdError(say_unknown("target, ring or cluster", any_id, pick_nearest(any_id, known)))
    return mine or tuple(each for each in found if any(_is_of(part, any_id) for part in each.clusters))


def _is_of(part: TargetCluster, any_id: str) -> bool:
    return any_id in (part.cluster_id, *part.ring_ids)


def _draw(found: tuple[TargetVerdict, ...], shown: tuple[TargetVerdict, ...], any_id: str | None) -> RenderableType:
    from cli import draw_targets

    if any_id is not None and len(shown) == 1 and shown[0].target_id == any_id:
        return draw_targets.draw_target(shown[0])
    return draw_targets.draw_targets(shown, n_more=len(found) - len(shown), asked=any_id)


COMMANDS: dict[str, click.Command] = {"targets": targets}
