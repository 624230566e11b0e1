"""Checked accounts on a screen: what each has in common with known ones, and what is known of those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.draw_answers import draw_similar
from cli.draw_parts import show_number, show_text, show_tier

if TYPE_CHECKING:
    from cli.checked import CheckedAccount, KnownAccount, SharedRecord, TouchedRing

MOST_THINGS = 15


def draw_checked(accounts: Sequence[CheckedAccount]) -> RenderableType:
    """One account after the other."""
    parts: list[RenderableType] = []
    for account in accounts:
        parts += [Text(""), *_draw_account(account)] if parts else _draw_account(account)
    return Group(*parts)


def _draw_account(account: CheckedAccount) -> list[RenderableType]:
    as_of = f"as of run {account.run_id}" if account.run_id else "no run yet; type: ringfence detect"
    head = Text.assemble((f"Account {show_text(account.account_id)}", "bold"), f"  not in the store, {as_of}")
    parts: list[RenderableType] = [head, Text(show_text(account.summary))]
    if account.risk is not None:
        usual = f"where accounts in general have {account.base_rate:.2g}"
        parts.append(Text(f"Learned risk {account.risk:.2f}, {usual}."))
        parts += [Text(f"- {show_text(reason)}") for reason in account.reasons]
    if account.shared:
        parts += _section("In common with known accounts", _draw_shared(account.shared))
    if account.rings:
        parts += _section("Rings of the latest run among them", _draw_rings(account.rings))
    if account.alike:
        parts += _section("Most alike", draw_similar(account.alike))
    return parts


def _draw_shared(shared: Sequence[SharedRecord]) -> RenderableType:
    table = _table("what", "accounts", "tiers", "gravest first")
    for each in shared[:MOST_THINGS]:
        tiers = ", ".join(f"{number} {tier}" for tier, number in each.tiers.items())
        names = ", ".join(_name(known) for known in each.known) or "too many to name"
        table.add_row(show_text(f"{each.kind} {each.value}".strip()), f"{each.accounts:,}", tiers, names)
    n_more = len(shared) - MOST_THINGS
    more = [Text(f"and {n_more:,} more; see --format json", style="dim")] if n_more > 0 else []
    return Group(table, *more)


def _name(known: KnownAccount) -> str:
    risk = f" {show_number(known.risk_score)}" if known.risk_score is not None else ""
    return f"{show_text(known.account_id)}{risk}"


def _draw_rings(rings: Sequence[TouchedRing]) -> RenderableType:
    table = _table("ring", "kind", "score", "tier", "members", "of them")
    for each in rings:
        tier, numbers = show_tier(each.tier), (f"{each.size:,}", f"{each.members:,}")
        table.add_row(show_text(each.ring_id), each.kind, show_number(each.score), tier, *numbers)
    return table


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for name in names:
        number = name in ("accounts", "score", "members", "of them")
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    return table


def _section(title: str, content: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), Padding(content, (0, 0, 0, 2))]
