"""What a search, a comparison and a look around look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from cli.draw_parts import (
    draw_list,
    draw_section,
    make_table,
    say_more,
    show_id,
    show_number,
    show_text,
    show_tier,
    show_time,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graph.queries.answers import Share
    from graph.queries.views import Branch, ComparedAccount, Comparison, Expansion, Found


def draw_found(found: Found) -> RenderableType:
    """The best hits, and how many there are."""
    if not found.hits:
        return Text("Nothing found.")
    table = make_table("kind", "what", "found", "tier", "accounts", "whose", right={"accounts"})
    for hit in found.hits:
        count = f"{hit.accounts:,}" if hit.accounts else ""
        whose = Text(", ".join(map(show_text, hit.account_ids)), overflow="fold")
        what = show_id(f"{hit.id} ({hit.title})" if hit.title else hit.id)
        table.add_row(show_text(hit.kind), what, hit.match, show_tier(hit.tier), count, whose)
    if found.total <= len(found.hits):
        return table
    more = f"{len(found.hits):,} of {found.total:,}{' or more' if found.is_more else ''}; see --limit"
    return Group(table, Text(f"\n{more}", style="dim"))


MOST_IN_COMMON = 25


def draw_comparison(found: Comparison) -> RenderableType:
    """Accounts as columns, what they have in common, and what tells them apart."""
    parts: list[RenderableType] = [_draw_side_by_side(found.accounts)]
    parts += draw_section("In common", _draw_in_common(found) or [Text("nothing")])
    parts += draw_section("What tells them apart", [draw_list(found.apart)] if found.apart else [])
    return Group(*parts)


def _draw_side_by_side(accounts: Sequence[ComparedAccount]) -> RenderableType:
    table = make_table("", *(each.account_id for each in accounts))
    deal = "order or transfer" if any(each.paid or each.was_paid for each in accounts) else "order"
    rows: dict[str, list[RenderableType]] = {
        "tier": [show_tier(each.tier) for each in accounts],
        "risk": [Text(show_number(each.risk_score)) for each in accounts],
        "rings": [Text(", ".join(map(show_text, each.rings)) or "none") for each in accounts],
        "labels": [Text(", ".join(map(show_text, each.labels)) or "none") for each in accounts],
        "created": [Text(show_time(each.created_at)) for each in accounts],
        "role": [Text(show_text(each.role)) for each in accounts],
        "segment": [Text(show_text(each.segment)) for each in accounts],
        "status": [Text(show_text(each.status)) for each in accounts],
        f"first {deal}": [Text(show_time(each.first_at)) for each in accounts],
        f"last {deal}": [Text(show_time(each.last_at)) for each in accounts],
        "usual hour": [Text("" if each.usual_hour is None else f"{each.usual_hour}:00") for each in accounts],
        "bought": [Text(_say_dealings(each.bought, each.sellers, "seller")) for each in accounts],
        "refunded": [Text("" if each.refund_share is None else f"{each.refund_share:.0%}") for each in accounts],
        "sold": [Text(_say_dealings(each.sold, each.buyers, "buyer")) for each in accounts],
        **_draw_transfers(accounts),
        "reviews": [Text(_say_reviews(each)) for each in accounts],
    }
    for name, cells in rows.items():
        if any(str(cell) for cell in cells):
            table.add_row(name, *cells)
    return table


def _draw_transfers(accounts: Sequence[ComparedAccount]) -> dict[str, list[RenderableType]]:
    """What was paid; no rows where nobody paid."""
    if not any(each.paid or each.was_paid for each in accounts):
        return {}
    return {
        "paid": [Text(_say_dealings(each.paid, each.payees, "payee")) for each in accounts],
        "was paid": [Text(_say_dealings(each.was_paid, each.payers, "payer")) for each in accounts],
    }


def _say_dealings(orders: int, partners: int, partner: str) -> str:
    return f"{orders:,} of {partners:,} {partner}{'' if partners == 1 else 's'}" if orders else "nothing"


def _say_reviews(account: ComparedAccount) -> str:
    mean = "" if account.mean_rating is None else f", mean {account.mean_rating:.1f}"
    return f"{account.reviews:,}{mean}"


def _draw_in_common(found: Comparison) -> list[RenderableType]:
    several = len(found.accounts) > 2
    table = make_table("what", "which", "accounts", *(("of these",) if several else ()), right={"accounts"})
    for each in found.in_common[:MOST_IN_COMMON]:
        count = "" if each.accounts is None else f"{each.accounts:,}"
        who = (Text(", ".join(map(show_text, each.account_ids)), overflow="fold"),) if several else ()
        table.add_row(show_text(each.channel), show_id(each.name), count, *who)
    more = say_more(len(found.in_common) - MOST_IN_COMMON, "things")
    return [table, *more] if found.in_common else []


MOST_FOLDED = 10


def draw_expansion(found: Expansion) -> RenderableType:
    """Trees of accounts, with what each shares with the one above it."""
    parts: list[RenderableType] = []
    for root in found.branches:
        if root.branches or len(found.branches) == 1:
            tree = Tree(_name_branch(root), guide_style="dim")
            _draw_branches(tree, root)
            parts.append(tree)
    silent = sum(not root.branches for root in found.branches) if len(found.branches) > 1 else 0
    if silent:
        parts.append(Text(f"{silent:,} members have nobody around them but one another", style="dim"))
    folded = [Text(f"{each.channel}: {show_text(each.name)} ({each.accounts:,} accounts)") for each in found.folded]
    more = say_more(len(folded) - MOST_FOLDED, "things")
    title = "Folded, because too many share them (see --max-hub)"
    return Group(*parts, *draw_section(title, [*folded[:MOST_FOLDED], *more] if folded else []))


def _name_branch(branch: Branch) -> Text:
    shares = ", ".join(_say_share(each) for each in branch.shares[:3])
    more = f" and {len(branch.shares) - 3} more" if len(branch.shares) > 3 else ""
    told = f"  {shares}{more}" if shares else ""
    return Text.assemble(show_text(branch.account_id), "  ", show_tier(branch.tier), told, overflow="fold")


def _say_share(share: Share) -> str:
    name = f"{share.channel} {show_text(share.name)}"
    return name if share.accounts == 2 else f"{name} ({share.accounts:,})"


def _draw_branches(tree: Tree, branch: Branch) -> None:
    for each in branch.branches:
        _draw_branches(tree.add(_name_branch(each)), each)
    if branch.around > len(branch.branches):
        tree.add(Text(f"{len(branch.branches):,} of {branch.around:,}; see --limit", style="dim"))
