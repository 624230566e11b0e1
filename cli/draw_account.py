"""An account for people: the verdict first, then what it is, shares, buys, sells, says and does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import (
    TIER_STYLES,
    count_things,
    draw_decisions,
    draw_list,
    draw_section,
    make_grid,
    make_table,
    say_more,
    show_id,
    show_number,
    show_text,
    show_tier,
    show_time,
)

if TYPE_CHECKING:
    from graph.queries.answers import (
        AccountRecord,
        EventsSummary,
        OrdersSummary,
        Tally,
    )

MOST_IDENTIFIERS = 15
MOST_FORMER = 10
MOST_SORTS = 5
"""So many sorts of events are told of an account."""


def draw_account(account: AccountRecord, run_id: str | None = None) -> RenderableType:
    """Know before you deal: the verdict, of a run that was named or the latest, then what it rests on."""
    seen_by = f"  as run {show_text(run_id)} saw it" if run_id else ""
    verdict = Text(show_text(account.verdict), style=TIER_STYLES.get(account.tier or "", "bold"))
    parts: list[RenderableType] = [Text(f"Account {show_text(account.account_id)}{seen_by}", style="bold")]
    parts += [*draw_decisions(account.decisions), verdict]
    parts += draw_section("Known of it", [_draw_facts(_list_facts(account))])
    reasons = [reason for flag in account.flags if flag.run_id == account.run_id for reason in flag.reasons]
    parts += draw_section("Why", [draw_list(reasons)] if reasons else [])
    parts += draw_section("Rings", _draw_account_rings(account))
    parts += draw_section("What it uses, and how many others do", _draw_identifiers(account))
    parts += draw_section("Latest orders", _draw_orders(account))
    parts += draw_section("Latest reviews", _draw_reviews(account))
    parts += draw_section("What was said before", _draw_former(account))
    return Group(*parts)


def _list_facts(account: AccountRecord) -> list[tuple[str, str]]:
    words = [account.role, account.segment, account.status]
    reviews = account.reviews
    written = f"{reviews.written} written{_say_mean(reviews.mean_rating)}, {reviews.flagged} flagged"
    facts = [
        ("created", show_time(account.created_at)),
        ("role, segment, status", ", ".join(word for word in words if word)),
        (
            "labels",
            ", ".join(f"{each.label} {show_time(each.decided_at)} {each.source or ''}" for each in account.labels),
        ),
        ("bought", _say_dealings(account.bought, "seller")),
        ("sold", _say_dealings(account.sold, "buyer")),
        *(
            (name, _say_dealings(side, partner, "transfer"))
            for name, side, partner in (("paid", account.paid, "payee"), ("was paid", account.received, "payer"))
            if side.orders
        ),
        ("reviews", f"{written}; {reviews.received} received{_say_mean(reviews.mean_received)}"),
        *([("did", _say_events(account.events))] if account.events else []),
        ("listings", str(account.listings)),
        ("referrals", _say_referrals(account)),
        ("flags", _say_flags(account)),
    ]
    return [(name, value.strip() or ("none" if name == "labels" else "not known")) for name, value in facts]


def _say_dealings(side: OrdersSummary, partner: str, what: str = "order") -> str:
    if not side.orders:
        return "nothing"
    span = f", {_say_span(side.first_at, side.last_at)}" if side.first_at else ""
    amounts = ", ".join(f"{each.total:,.2f} {each.name}".strip() for each in side.amounts)
    statuses = ", ".join(_say_tally(each) for each in side.statuses)
    counts = f"{count_things(side.orders, what)}, {count_things(side.counterparties, partner)}"
    return f"{counts}{f', {amounts}' if amounts else ''} ({statuses}){span}"


def _say_events(events: Sequence[EventsSummary]) -> str:
    told = [
        f"{each.action or 'something'} {each.events:,} times, {count_things(each.objects, 'thing')}"
        + (f", {_say_span(each.first_at, each.last_at)}" if each.first_at else "")
        for each in events[:MOST_SORTS]
    ]
    more = events[MOST_SORTS:]
    told += [f"{count_things(len(more), 'sort')} more, {sum(each.events for each in more):,} times"] if more else []
    return "; ".join(told)


def _say_tally(tally: Tally) -> str:
    return f"{int(tally.total)} {tally.name or 'of unknown status'}"


def _say_mean(mean: float | None) -> str:
    return "" if mean is None else f" (mean {mean:.1f})"


def _say_referrals(account: AccountRecord) -> str:
    came = f"brought in by {', '.join(account.referred_by)}; " if account.referred_by else ""
    return f"{came}brought in {account.referred}"


def _say_flags(account: AccountRecord) -> str:
    earlier = sum(flag.run_id != account.run_id for flag in account.flags)
    return f"{len(account.flags) - earlier} in this run, {earlier} in others"


def _draw_facts(facts: Iterable[tuple[str, str]]) -> RenderableType:
    table = make_grid()
    for name, value in facts:
        table.add_row(name, show_text(value))
    return table


def _draw_account_rings(account: AccountRecord) -> list[RenderableType]:
    table = make_table("ring", "kind", "score", "tier", "size", "part", "bits", right={"score", "size", "bits"})
    for ring in account.rings:
        score, bits = show_number(ring.score), show_number(ring.bits, 1)
        table.add_row(show_id(ring.ring_id), ring.kind, score, show_tier(ring.tier), str(ring.size), ring.role, bits)
    return [table] if account.rings else []


def _draw_identifiers(account: AccountRecord) -> list[RenderableType]:
    table = make_table("kind", "value", "others", "used as", "seen", right={"others"})
    for use in account.identifiers[:MOST_IDENTIFIERS]:
        table.add_row(
            show_text(use.kind), show_id(use.value), f"{use.others:,}", show_text(use.role),
            _say_span(use.first_seen_at, use.last_seen_at),
        )  # fmt: skip
    return [table, *say_more(len(account.identifiers) - MOST_IDENTIFIERS, "things")] if account.identifiers else []


def _say_span(first: datetime | None, last: datetime | None) -> str:
    days = dict.fromkeys(show_time(each)[:10] for each in (first, last) if each)
    return " to ".join(days)


def _draw_orders(account: AccountRecord) -> list[RenderableType]:
    sides = {
        "bought from": account.bought,
        "sold to": account.sold,
        "paid": account.paid,
        "was paid by": account.received,
    }
    lines = [(what, each) for what, side in sides.items() for each in side.latest]
    lines.sort(key=lambda line: (line[1].ordered_at or datetime.min, line[1].order_id), reverse=True)
    table = make_table("when", "", "account", "product", "amount", "status", right={"amount"})
    for what, order in lines[:6]:
        amount = f"{show_number(order.amount)} {order.currency or ''}".strip()
        table.add_row(
            show_time(order.ordered_at), what, show_id(order.other_id or "the market"), show_id(order.product_id),
            amount, show_text(order.status),
        )  # fmt: skip
    return [table] if lines else []


def _draw_reviews(account: AccountRecord) -> list[RenderableType]:
    table = make_table("when", "review", "of", "rating", "suspicion", right={"rating", "suspicion"})
    for review in account.reviews.latest:
        rating, suspicion = show_number(review.rating, 0), show_number(review.suspicion)
        table.add_row(
            show_time(review.reviewed_at), show_id(review.review_id), show_id(review.target_id), rating, suspicion
        )
    return [table] if account.reviews.latest else []


def _draw_former(account: AccountRecord) -> list[RenderableType]:
    table = make_table("until", "of", "which", "it was", "then it was")
    for state in account.former[-MOST_FORMER:]:
        table.add_row(
            show_time(state.valid_until), show_text(state.what), show_id(state.id), show_text(state.said),
            show_text(state.ended_as),
        )  # fmt: skip
    return [table, *say_more(len(account.former) - MOST_FORMER, "former states")] if account.former else []
