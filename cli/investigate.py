"""Questions about what happened, what is at stake, and what is missing: ``timeline``, ``exposure``, ``why-not``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.options import parse_time, run_option
from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, write_answer

if TYPE_CHECKING:
    from types import ModuleType

    from graph.stores.protocol import GraphStore

WHAT = (
    *("sign-up", "use", "order", "sale", "transfer", "review", "event"),
    *("refund", "status", "label", "flag", "decision"),
)
"""What a moment of a timeline may be of."""


@click.command(short_help="Tell what happened, in one stream.")
@click.argument("any_id", metavar="RING|ACCOUNT", type=parse_id)
@click.option("--since", type=parse_time, metavar="TIME", help="Only from this time on (UTC).")
@click.option("--until", type=parse_time, metavar="TIME", help="Only up to this time (UTC).")
@click.option("--what", type=click.Choice(WHAT), multiple=True, help="Only this; may be given several times.")
@click.option(
    "--limit", "-n", "most", type=click.IntRange(min=1), default=100, show_default=True, help="The first so many."
)
@run_option
@format_option
@pass_workplace
def timeline(workplace: Workplace, /, any_id: str, form: Format, **wanted: Any) -> None:
    """Tell what became of an account, or of a ring's members, in one stream.

    Sign-ups, first uses of things that others use too, orders, sales, transfers, reviews, events, refunds
    and other changes of status, labels, flags, and what people decided.  Moments of one kind that are
    close together are marked as a burst; events are none, and where they are many, they are summed up.
    CSV gives one row for each moment.
    """
    from graph.queries.timeline import Wanted, find_timeline
    from graph.queries.views import Moment

    with workplace.open_store() as store:
        found = find_timeline(store, any_id, Wanted(**wanted))
    rows = as_rows(found.moments)
    write_answer(Answer(found, list_columns(Moment), rows, lambda: _render().draw_timeline(found)), form)


@click.command(short_help="Add up the money at risk, and who lost it.")
@click.argument("ring_id", metavar="[RING|all]", default="all", type=parse_id)
@run_option
@format_option
@pass_workplace
def exposure(workplace: Workplace, ring_id: str, run_id: str | None, form: Format) -> None:
    """Add up the money at risk with a ring, or with each ring of a run.

    Orders of its members by side, state and currency: what is open, taken back or done; and who
    outside of it lost money by it, or may.  An order was taken back where its status is one of the
    rule refund_statuses (see `ringfence policy`).  CSV gives one row for each side, state and currency.
    """
    from detection.settings import read_detect_settings
    from graph.queries.exposure import find_exposure, list_exposures
    from graph.queries.views import MoneyLine

    refunded = read_detect_settings(workplace.read_settings().detect).policy.refund_statuses
    with workplace.open_store() as store:
        if ring_id == "all":
            found = list_exposures(store, run_id=run_id, refunded=refunded)
        else:
            found = [find_exposure(store, ring_id, run_id=run_id, refunded=refunded)]
    rows = [{"ring_id": each.ring_id, **row} for each in found for row in as_rows(each.money)]
    columns = ("ring_id", *list_columns(MoneyLine))
    write_answer(Answer(found, columns, rows, lambda: _render().draw_exposures(found)), form)


@click.command("why-not", short_help="Say what accounts lack to be a ring.")
@click.argument("any_ids", metavar="A B [C …] | RING ACCOUNT", nargs=-1, required=True, type=parse_id)
@run_option
@format_option
@pass_workplace
def why_not(workplace: Workplace, any_ids: tuple[str, ...], run_id: str | None, form: Format) -> None:
    """Say why accounts are no ring, or why an account is no member of one.

    The group is judged as a run judges those that it finds, on what the store knows now: what joins
    the accounts, what naming them costs, which innocent explanations are believed, and how many bits
    are missing.  Nothing is written.  CSV gives one row for each step of the sum.
    """
    from cli.work import choose_settings
    from detection.casework.facts import heed_facts, read_heard
    from detection.inquiry import Step, inquire
    from detection.risk.heard import make_heard_market

    if len(set(any_ids)) < 2:
        raise click.UsageError("name two accounts or more, or a ring and an account")
    with workplace.open_store() as store:
        members, asked = _find_group(store, any_ids, run_id)
        snapshot = heed_facts(store.snapshot(), read_heard(store))
    found = inquire(
        make_heard_market(snapshot, choose_settings(workplace, seed=None, encoder=None, model=None)), members, asked
    )
    rows = as_rows(found.steps)
    write_answer(Answer(found, list_columns(Step), rows, lambda: _render().draw_inquiry(found)), form)


def _find_group(store: GraphStore, any_ids: tuple[str, ...], run_id: str | None) -> tuple[list[str], str | None]:
    """The accounts that are judged, and which of them might have joined the others, where a ring is named first."""
    from graph.queries.ids import check_accounts
    from graph.queries.rings import RING_RUNS, list_members_of

    ring_id, *others = dict.fromkeys(any_ids)
    if len(others) == 1 and store.query(RING_RUNS, ring_id=ring_id):
        members = list_members_of(store, ring_id, run_id=run_id)
        if others[0] in members:
            raise click.UsageError(f"{others[0]!r} is a member of {ring_id}; see: ringfence ring {ring_id}")
        check_accounts(store, others[0])
        return members, others[0]
    check_accounts(store, ring_id, *others)
    return [ring_id, *others], None


def _render() -> ModuleType:
    from cli import draw_investigate

    return draw_investigate


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (timeline, exposure, why_not)}
