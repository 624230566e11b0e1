"""The questions that look around: ``search`` for any text, ``compare`` accounts, ``expand`` from one on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.options import run_option
from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, write_answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from graph.queries.views import Branch

MOST_COMPARED = 8
"""More than these do not fit beside one another on a screen."""


@click.command(short_help="Find any id or identifier, or part of one.")
@click.argument("text", metavar="TEXT", type=parse_id)
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="Only the best so many.")
@run_option
@format_option
@pass_workplace
def search(workplace: Workplace, text: str, limit: int, run_id: str | None, form: Format) -> None:
    """Find TEXT in ids of accounts, rings, runs, reviews, products and orders, in products' names, and in identifiers.

    Capitals do not matter, and addresses, e-mail addresses, telephones, cards and networks are found
    in any spelling.  What TEXT is exactly comes first, then what it is in another spelling, what
    begins with it, and what contains it.
    """
    from graph.queries.search import search as find
    from graph.queries.views import Hit

    with workplace.open_store() as store:
        found = find(store, text, most=limit, run_id=run_id)
    write_answer(Answer(found, list_columns(Hit), as_rows(found.hits), lambda: _render().draw_found(found)), form)


@click.command(short_help="Set accounts side by side.")
@click.argument("account_ids", metavar="A B [C …]", nargs=-1, required=True, type=parse_id)
@run_option
@format_option
@pass_workplace
def compare(workplace: Workplace, account_ids: tuple[str, ...], run_id: str | None, form: Format) -> None:
    """Set accounts side by side: what they have in common, their habits, and what tells them apart.

    With each thing in common it says how many accounts of the market have it: what two share with
    thousands is nothing.  CSV gives one row for each thing in common.
    """
    from graph.queries.comparison import compare_accounts
    from graph.queries.views import InCommon

    if not 2 <= len(set(account_ids)) <= MOST_COMPARED:
        raise click.UsageError(f"name two accounts or more to compare, {MOST_COMPARED} at most")
    with workplace.open_store() as store:
        found = compare_accounts(store, account_ids, run_id=run_id)
    rows = as_rows(found.in_common)
    write_answer(Answer(found, list_columns(InCommon), rows, lambda: _render().draw_comparison(found)), form)


@click.command(short_help="Look around an account or a ring, hop by hop.")
@click.argument("any_id", metavar="ACCOUNT|RING", type=parse_id)
@click.option("--hops", type=click.IntRange(1, 5), default=1, show_default=True, help="How far.")
@click.option("--channel", "channels", multiple=True, metavar="NAME", type=parse_id, help="Only over this one.")
@click.option("--max-hub", type=click.IntRange(min=2), default=50, show_default=True, help="Fold what more share.")
@click.option(
    "--limit", "-n", "most", type=click.IntRange(min=1), default=10, show_default=True, help="Beside one another."
)
@run_option
@format_option
@pass_workplace
def expand(workplace: Workplace, /, any_id: str, channels: tuple[str, ...], form: Format, **bounds: Any) -> None:
    """Look around an account, or around a ring's members: who shares something with them, hop by hop.

    Each account stands once, under the one with which it shares most.  Things that very many share
    are folded: they are named at the end, and not followed.  --channel may be given several times: a
    kind of identifier, or trade, transfer, referral, reviewed product, reviewed seller.  CSV gives one row
    for each account and thing shared.
    """
    from graph.queries.expansion import Bounds
    from graph.queries.expansion import expand as look_around

    with workplace.open_store() as store:
        found = look_around(store, any_id, Bounds(channels=frozenset(channels), **bounds))
    columns = ("hop", "parent", "account_id", "tier", "channel", "name", "accounts")
    rows = [row for each in found.branches for row in _list_branches(each)]
    write_answer(Answer(found, columns, rows, lambda: _render().draw_expansion(found)), form)


def _list_branches(branch: Branch, hop: int = 1) -> Iterator[dict[str, Any]]:
    for each in branch.branches:
        head = {"hop": hop, "parent": branch.account_id, "account_id": each.account_id, "tier": each.tier}
        yield from ({**head, **row} for row in as_rows(each.shares))
        yield from _list_branches(each, hop + 1)


def _render() -> ModuleType:
    from cli import draw_searching

    return draw_searching


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (search, compare, expand)}
