"""The investigator's commands: parse, ask the store, print."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.ending import ending_late
from cli.options import limit_option, list_tiers, run_option, tier_option
from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, write_answer
from graph.vocabulary import RING_KINDS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graph.queries.answers import AccountRecord, RingRecord, RingSummary
    from graph.settings import QuerySettings
    from graph.stores.protocol import GraphStore

_SORTS: dict[str, Callable[[RingSummary], float]] = {
    "rank": lambda ring: ring.rank,
    "size": lambda ring: -ring.size,
    "bits": lambda ring: -ring.net_bits,
}
"""What the rings may be sorted by; of equals the one of the higher rank comes first."""


@click.command(short_help="List the rings of a run, the strongest first.")
@click.option("--kind", type=click.Choice(RING_KINDS), help="Only rings of this kind.")
@tier_option
@click.option("--min-size", type=click.IntRange(min=1), help="Only rings of so many accounts or more.")
@click.option("--max-size", type=click.IntRange(min=1), help="Only rings of so many accounts or fewer.")
@run_option
@click.option("--sort", type=click.Choice(list(_SORTS)), default="rank", show_default=True, help="What comes first.")
@limit_option
@click.option("--sparklines", is_flag=True, help="Also when each was at work, all over the same time.")
@format_option
@pass_workplace
def rings(
    workplace: Workplace,
    /,
    tiers: tuple[str, ...],
    sort: str,
    limit: int | None,
    sparklines: bool,
    form: Format,
    **filters: Any,
) -> None:
    """List the rings of a run, the strongest first."""
    from graph.queries.activity import ActiveRing, find_activity
    from graph.queries.answers import RingSummary
    from graph.queries.rings import list_rings

    with workplace.open_store() as store:
        found: list[Any] = list_rings(store, tiers=list_tiers(tiers), **filters)
        found = sorted(found, key=_SORTS[sort])[:limit]
        found = find_activity(store, found) if sparklines else found
    columns = list_columns(ActiveRing if sparklines else RingSummary)
    write_answer(Answer(found, columns, as_rows(found), lambda: _render().draw_rings(found)), form)


@click.command(short_help="Show one ring: members, evidence, innocent explanations.")
@click.argument("ring_id", metavar="ID", type=parse_id)
@click.option(
    "--run", "run_id", type=parse_id, metavar="RUN", help="A run's id; the latest run that found the ring otherwise."
)
@click.option("--history", is_flag=True, help="What happened to it, run by run.")
@click.option("--picture", is_flag=True, help="Draw it in characters: who is joined by what, and when.")
@format_option
@pass_workplace
def ring(workplace: Workplace, ring_id: str, run_id: str | None, history: bool, picture: bool, form: Format) -> None:
    """Show one ring on one screen.

    Its members with their roles, the evidence of each channel in bits beyond chance, the strongest
    links, the innocent explanations that were heard and who won, others that it acted on or for, and
    of a ring of fake reviews whom its members reviewed together.  CSV gives one row per member.
    --history tells what happened to it instead: born, grew, shrank, split, merged, faded, came back.
    --picture draws it in characters: each member is a line across, each thing or dealing a line down
    through those that it joins; and under that when it happened.  What has no room is counted.
    """
    from graph.queries.answers import MemberRecord
    from graph.queries.reviewed import find_reviewed
    from graph.queries.rings import find_ring

    if history:
        from cli.lineage import write_history

        write_history(workplace, ring_id, form)
        return
    with workplace.open_store() as store:
        found = find_reviewed(store, find_ring(store, ring_id, run_id=run_id))
        draw = _prepare_picture(store, found, run_id) if picture else lambda: _render().draw_ring(found)
    rows = [{"ring_id": ring_id, **row} for row in as_rows(found.members)]
    columns = ("ring_id", *list_columns(MemberRecord))
    write_answer(Answer(found, columns, rows, draw), form)


def _prepare_picture(store: GraphStore, found: RingRecord, run_id: str | None) -> Callable[[], RenderableType]:
    from cli.draw_picture import draw_ring_picture
    from graph.queries.timeline import Wanted, find_timeline

    timeline = find_timeline(store, found.summary.ring_id, Wanted(run_id=run_id))
    return lambda: draw_ring_picture(found, timeline)


@click.command(short_help="Know before you deal: all about one account.")
@click.argument("account_id", metavar="ID", type=parse_id)
@run_option
@format_option
@pass_workplace
def account(workplace: Workplace, account_id: str, run_id: str | None, form: Format) -> None:
    """Know before you deal: all about one account on one screen, the verdict first.

    CSV gives one row with everything; what is a list there is JSON.
    """
    from graph.queries.accounts import find_account
    from graph.queries.answers import AccountRecord

    with workplace.open_store() as store:
        found = find_account(store, account_id, run_id=run_id)
    columns, rows = list_columns(AccountRecord), as_rows([found])
    write_answer(Answer(found, columns, rows, lambda: _draw_account(found, run_id)), form)


@click.command(short_help="Say why an account, ring or review stands as it does.")
@click.argument("any_id", metavar="ID", type=parse_id)
@run_option
@format_option
@pass_workplace
def why(workplace: Workplace, any_id: str, run_id: str | None, form: Format) -> None:
    """Say why an account, ring or review stands as it does, in the words stored when it was scored."""
    from graph.queries.answers import Reasons
    from graph.queries.reasons import find_reasons

    with workplace.open_store() as store:
        found = find_reasons(store, any_id, run_id=run_id)
    write_answer(Answer(found, list_columns(Reasons), as_rows(found), lambda: _render().draw_reasons(found)), form)


@click.command(short_help="Show how two accounts are connected.")
@click.argument("account_a", metavar="A", type=parse_id)
@click.argument("account_b", metavar="B", type=parse_id)
@click.option(
    "--max-hub", type=click.IntRange(min=2), default=50, show_default=True, help="Leave out what more accounts share."
)
@click.option("--max-hops", type=click.IntRange(1, 12), default=6, show_default=True, help="Look no further than this.")
@click.option("--all", "is_all", is_flag=True, help="Every way that is as short, the best first.")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=10, show_default=True, help="With --all: so many.")
@format_option
@pass_workplace
def path(
    workplace: Workplace, /, account_a: str, account_b: str, is_all: bool, limit: int, form: Format, **bounds: int
) -> None:
    """Show the shortest way from account A to account B over what they share and how they deal.

    Of several that are as short it is the one over personal things, then the one over the rarest.
    Things that very many share (a parcel locker, a carrier's address) connect everybody and mean
    nothing; they are left out and named.  CSV gives one row per hop and thing shared.
    """
    from graph.queries.paths import find_path

    with workplace.open_store() as store:
        found = find_path(store, account_a, account_b, most=limit if is_all else 1, **bounds)
    rows = [
        {"hop": number, "account_a": hop.account_a, "account_b": hop.account_b, **row, "way": way}
        for way, hops in enumerate((found.hops, *found.others), start=1)
        for number, hop in enumerate(hops, start=1)
        for row in as_rows(hop.shares)
    ]
    columns = ("hop", "account_a", "account_b", "channel", "name", "accounts", "way")
    write_answer(Answer(found, columns, rows, lambda: _render().draw_path(found)), form)


@click.command(short_help="List the runs, the latest first.")
@limit_option
@format_option
@pass_workplace
def runs(workplace: Workplace, limit: int | None, form: Format) -> None:
    """List the runs, the latest first; those that looked at the past stand at the end."""
    from graph.queries.answers import RunSummary
    from graph.queries.runs import list_runs

    with workplace.open_store() as store:
        found = list_runs(store)[:limit]
    write_answer(Answer(found, list_columns(RunSummary), as_rows(found), lambda: _render().draw_runs(found)), form)


@click.command(short_help="Ask the store anything in Cypher, read-only.")
@click.argument("query", metavar="QUERY", type=parse_id)
@click.option("--param", "-p", "parameters", multiple=True, metavar="NAME=VALUE", type=parse_id, help="Text for $NAME.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=1_000_000),
    metavar="SECONDS",
    help="How long the question may take; 60 unless ringfence.toml says otherwise.",
)
@format_option
@pass_workplace
def cypher(workplace: Workplace, query: str, parameters: tuple[str, ...], timeout: float | None, form: Format) -> None:
    """Ask the store anything in Cypher, read-only.

    \b
    ringfence cypher 'MATCH (a:Account {account_id: $id}) RETURN a.tier AS tier' -p id=A12

    Questions to begin with are in the cookbook, docs/cookbook.md, and the shape of the graph is in
    docs/graph-model.md.
    """  # noqa: D301 - click knows a paragraph that is to stay as it is by this character
    from graph.stores.limits import say_late

    given, limits = dict(_split_parameter(each) for each in parameters), _find_limits(workplace, timeout)
    with workplace.open_store() as store, ending_late(limits.timeout_seconds, str(say_late(limits))):
        found = store.ask_within(limits, query, **given)
    columns = tuple(found[0]) if found else ()
    write_answer(Answer(found, columns, found, lambda: _render().draw_rows(columns, found)), form)


def _find_limits(workplace: Workplace, timeout: float | None) -> QuerySettings:
    import msgspec

    limits = workplace.read_settings().query
    return limits if timeout is None else msgspec.structs.replace(limits, timeout_seconds=timeout)


def _split_parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE", param_hint="--param")
    return name, value


def _draw_account(found: AccountRecord, run_id: str | None) -> RenderableType:
    from cli.draw_account import draw_account

    return draw_account(found, run_id)


def _render() -> Any:
    # rich is for tables only.
    from cli import draw_answers as render

    return render


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (rings, ring, account, why, path, runs, cypher)}
