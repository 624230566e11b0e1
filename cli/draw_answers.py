"""Answers for people: one screen each, the verdict first, plain text that survives a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from graph.queries.questions import (
        AccountRecord,
        Dealings,
        FoundPath,
        Hop,
        LikeAccount,
        Reasons,
        RingRecord,
        RingSummary,
        RunSummary,
        Share,
        Tally,
    )
    from graph.stores.protocol import LoadReport

BAR_WIDTH = 16
MOST_LINKS = 8
MOST_MEMBERS = 25
MOST_IDENTIFIERS = 15
MOST_HUBS = 5

_TIER_STYLES = {"automatic": "bold red", "review": "yellow", "watch": "cyan", "clear": "green"}


def show_text(value: object) -> str:
    r"""Text as it can be printed safely: control characters are written out, not obeyed.

    >>> print(show_text("two\nlines"))
    two\nlines
    """
    text = "" if value is None else str(value)
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def show_time(value: datetime | None) -> str:
    """A UTC time to the minute.

    >>> show_time(datetime(2024, 1, 2, 3, 4, 5))
    '2024-01-02 03:04'
    """
    return value.strftime("%Y-%m-%d %H:%M") if value else ""


def show_number(value: float | None, digits: int = 2) -> str:
    """A number, or nothing where nothing is known."""
    return "" if value is None else f"{value:,.{digits}f}"


def show_tier(tier: str | None) -> Text:
    """A tier in its colour."""
    return Text(show_text(tier), style=_TIER_STYLES.get(tier or "", ""))


def draw_bar(part: float, whole: float) -> str:
    """A bar as long as the part.

    >>> draw_bar(1, 2)
    '████████        '
    """
    filled = round(BAR_WIDTH * max(0.0, min(1.0, part / whole))) if whole > 0 else 0
    return ("█" * filled).ljust(BAR_WIDTH)


def draw_rings(rings: Sequence[RingSummary]) -> RenderableType:
    """The list of rings."""
    if not rings:
        return Text("No rings.")
    table = make_table(
        "#", "ring", "kind", "score", "tier", "size", "bits", "action", right={"#", "score", "size", "bits"}
    )
    for ring in rings:
        score, bits = show_number(ring.score), show_number(ring.net_bits, 1)
        table.add_row(
            str(ring.rank), _id(ring.ring_id), ring.kind, score, show_tier(ring.tier), str(ring.size), bits,
            show_text(ring.action),
        )  # fmt: skip
    return table


def draw_ring(ring: RingRecord) -> RenderableType:
    """One ring on one screen."""
    head = ring.summary
    lines = [
        Text.assemble(("Ring ", "bold"), (show_text(head.ring_id), "bold"), f"  {head.kind}, rank {head.rank}"),
        Text.assemble(f"score {head.score:.2f}  ", show_tier(head.tier), f"  {head.size} accounts  run {head.run_id}"),
        Text.assemble(("Action: ", "bold"), show_text(head.action) or "none"),
    ]
    parts = [*lines, *_section(f"Members ({len(ring.members)})", _draw_members(ring))]
    parts += _section("Evidence, in bits beyond chance", _draw_evidence(ring))
    parts += _section("Strongest links", _draw_links(ring))
    parts += _section("Innocent readings heard", _draw_readings(ring))
    parts += _section("Others involved", _draw_parties(ring))
    return Group(*parts)


def _draw_members(ring: RingRecord) -> list[RenderableType]:
    table = make_table("account", "role", "bits", "risk", "tier", right={"bits", "risk"})
    for member in ring.members[:MOST_MEMBERS]:
        bits, risk = show_number(member.bits, 1), show_number(member.risk_score)
        table.add_row(_id(member.account_id), member.role, bits, risk, show_tier(member.tier))
    return [table, *_say_more(len(ring.members) - MOST_MEMBERS, "members")]


def _draw_evidence(ring: RingRecord) -> list[RenderableType]:
    most = max((each.bits for each in ring.evidence), default=0.0)
    table = _grid("left", "left", "right", "left")
    for each in ring.evidence:
        bits = f"{each.bits:,.1f}"
        table.add_row(show_text(each.channel), draw_bar(each.bits, most), bits, show_text(each.sentence))
    charge, net = ring.summary.charge_bits, ring.summary.net_bits
    innocent = sum(each.bits for each in ring.evidence) - charge - net
    if innocent >= 0.05:
        table.add_row("innocent", "", f"-{innocent:,.1f}", "taken off for the innocent readings heard")
    table.add_row("search", "", f"-{charge:,.1f}", "charged for having looked at so many groups")
    table.add_row(Text("net", style="bold"), draw_bar(net, most), f"{net:,.1f}", "what stands in the end")
    return [table]


def _draw_links(ring: RingRecord) -> list[RenderableType]:
    table = _grid("left", "left", "right", "left")
    for link in ring.links[:MOST_LINKS]:
        what = link.via if link.via.startswith(link.channel) else f"{link.channel} {link.via}"
        table.add_row(_id(link.account_a), _id(link.account_b), f"{link.bits:,.1f}", show_text(what))
    return [table, *_say_more(len(ring.links) - MOST_LINKS, "links")] if ring.links else []


def _draw_readings(ring: RingRecord) -> list[RenderableType]:
    table = _grid("left", "left", "right", "left")
    for each in ring.readings:
        won = Text("won", style="green") if each.won else Text("lost")
        table.add_row(show_text(each.name), won, f"{each.bits:,.1f}", show_text(each.sentence))
    return [table] if ring.readings else []


def _draw_parties(ring: RingRecord) -> list[RenderableType]:
    table = _grid()
    for party in ring.parties:
        table.add_row(_id(party.account_id), party.role, show_text(party.sentence))
    return [table] if ring.parties else []


def draw_account(account: AccountRecord) -> RenderableType:
    """Know before you deal: the verdict, then what it rests on."""
    verdict = Text(show_text(account.verdict), style=_TIER_STYLES.get(account.tier or "", "bold"))
    parts: list[RenderableType] = [Text(f"Account {show_text(account.account_id)}", style="bold"), verdict]
    parts += _section("Known of it", [_draw_facts(_list_facts(account))])
    reasons = [reason for flag in account.flags if flag.run_id == account.run_id for reason in flag.reasons]
    parts += _section("Why", [_draw_list(reasons)] if reasons else [])
    parts += _section("Rings", _draw_account_rings(account))
    parts += _section("What it uses, and how many others do", _draw_identifiers(account))
    parts += _section("Latest orders", _draw_orders(account))
    parts += _section("Latest reviews", _draw_reviews(account))
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
        ("reviews", f"{written}; {reviews.received} received{_say_mean(reviews.mean_received)}"),
        ("listings", str(account.listings)),
        ("referrals", _say_referrals(account)),
        ("flags", _say_flags(account)),
    ]
    return [(name, value.strip() or ("none" if name == "labels" else "not known")) for name, value in facts]


def _say_dealings(side: Dealings, partner: str) -> str:
    if not side.orders:
        return "nothing"
    span = f", {_say_span(side.first_at, side.last_at)}" if side.first_at else ""
    amounts = ", ".join(f"{each.total:,.2f} {each.name}".strip() for each in side.amounts)
    statuses = ", ".join(_say_tally(each) for each in side.statuses)
    counts = f"{_count(side.orders, 'order')}, {_count(side.counterparties, partner)}"
    return f"{counts}{f', {amounts}' if amounts else ''} ({statuses}){span}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _say_tally(tally: Tally) -> str:
    return f"{int(tally.total)} {tally.name or 'of unknown status'}"


def _say_mean(mean: float | None) -> str:
    return "" if mean is None else f" (mean {mean:.1f})"


def _say_referrals(account: AccountRecord) -> str:
    came = f"brought in by {', '.join(account.referred_by)}; " if account.referred_by else ""
    return f"{came}brought in {account.referred}"


def _say_flags(account: AccountRecord) -> str:
    earlier = sum(flag.run_id != account.run_id for flag in account.flags)
    return f"{len(account.flags) - earlier} in the latest run, {earlier} in earlier ones"


def _draw_facts(facts: Iterable[tuple[str, str]]) -> RenderableType:
    table = _grid()
    for name, value in facts:
        table.add_row(name, show_text(value))
    return table


def _draw_account_rings(account: AccountRecord) -> list[RenderableType]:
    table = make_table("ring", "kind", "score", "tier", "size", "part", "bits", right={"score", "size", "bits"})
    for ring in account.rings:
        score, bits = show_number(ring.score), show_number(ring.bits, 1)
        table.add_row(_id(ring.ring_id), ring.kind, score, show_tier(ring.tier), str(ring.size), ring.role, bits)
    return [table] if account.rings else []


def _draw_identifiers(account: AccountRecord) -> list[RenderableType]:
    table = make_table("kind", "value", "others", "used as", "seen", right={"others"})
    for use in account.identifiers[:MOST_IDENTIFIERS]:
        table.add_row(
            show_text(use.kind), _id(use.value), f"{use.others:,}", show_text(use.role),
            _say_span(use.first_seen_at, use.last_seen_at),
        )  # fmt: skip
    return [table, *_say_more(len(account.identifiers) - MOST_IDENTIFIERS, "things")] if account.identifiers else []


def _say_span(first: datetime | None, last: datetime | None) -> str:
    days = dict.fromkeys(show_time(each)[:10] for each in (first, last) if each)
    return " to ".join(days)


def _draw_orders(account: AccountRecord) -> list[RenderableType]:
    lines = [("bought from", each) for each in account.bought.latest] + [
        ("sold to", each) for each in account.sold.latest
    ]
    lines.sort(key=lambda line: (line[1].ordered_at or datetime.min, line[1].order_id), reverse=True)
    table = make_table("when", "", "account", "product", "amount", "status", right={"amount"})
    for what, order in lines[:6]:
        amount = f"{show_number(order.amount)} {order.currency or ''}".strip()
        table.add_row(
            show_time(order.ordered_at), what, _id(order.other_id or "the market"), _id(order.product_id), amount,
            show_text(order.status),
        )  # fmt: skip
    return [table] if lines else []


def _draw_reviews(account: AccountRecord) -> list[RenderableType]:
    table = make_table("when", "review", "of", "rating", "suspicion", right={"rating", "suspicion"})
    for review in account.reviews.latest:
        rating, suspicion = show_number(review.rating, 0), show_number(review.suspicion)
        table.add_row(show_time(review.reviewed_at), _id(review.review_id), _id(review.target_id), rating, suspicion)
    return [table] if account.reviews.latest else []


def draw_reasons(answers: Sequence[Reasons]) -> RenderableType:
    """Sentences, as stored when the score was made."""
    return Group(*(line for answer in answers for line in _list_sentences(answer)))


def _list_sentences(answer: Reasons) -> Iterable[RenderableType]:
    score = "not scored" if answer.score is None else f"score {answer.score:.2f}"
    run = f"  run {answer.run_id}" if answer.run_id else ""
    title = f"{answer.subject.capitalize()} {show_text(answer.subject_id)}"
    yield Text.assemble((title, "bold"), f"  {score}  ", show_tier(answer.tier), run)
    yield _draw_list(answer.sentences)
    if answer.action:
        yield Text.assemble(("Action: ", "bold"), show_text(answer.action))


def draw_path(path: FoundPath) -> RenderableType:
    """The accounts one under the other, and between them what they share."""
    if not path.found:
        parts: list[RenderableType] = [Text("No path over what few share.")]
    else:
        title = Text(_count(len(path.hops), "hop"), style="bold")
        parts = [title, Text(show_text(path.account_a)), *(_draw_hop(hop) for hop in path.hops)]
    hubs = [Text(_say_share(each)) for each in path.left_out[:MOST_HUBS]]
    more = _say_more(len(path.left_out) - MOST_HUBS, "hubs")
    return Group(*parts, *_section("Left out, because too many share them (see --max-hub)", [*hubs, *more]))


def _draw_hop(hop: Hop) -> RenderableType:
    shares = "\n".join(f"  │ {_say_share(each)}" for each in hop.shares)
    return Text(f"{shares}\n{show_text(hop.account_b)}")


def _say_share(share: Share) -> str:
    name = f"{share.channel}: {show_text(share.name)}"
    return (
        name
        if share.accounts == 2 and share.channel in ("trade", "referral")
        else f"{name} ({share.accounts:,} accounts)"
    )


def draw_similar(alike: Sequence[LikeAccount]) -> RenderableType:
    """The accounts most alike, and in what."""
    table = make_table("account", "similarity", "risk", "tier", "alike in", right={"similarity", "risk"})
    for each in alike:
        risk, why = show_number(each.risk_score), Text(show_text("; ".join(each.reasons)))
        table.add_row(_id(each.account_id), f"{each.similarity:.3f}", risk, show_tier(each.tier), why)
    return table


def draw_runs(runs: Sequence[RunSummary]) -> RenderableType:
    """The list of runs."""
    if not runs:
        return Text("No run yet.")
    numbers = {"#", "accounts", "rings", "flags"}
    table = make_table("#", "run", "finished", "as of", "accounts", "rings", "flags", "version", right=numbers)
    for run in runs:
        counts = (f"{run.accounts:,}", f"{run.rings:,}", f"{run.flags:,}")
        times = (show_time(run.finished_at), show_time(run.as_of) or "all")
        table.add_row(str(run.sequence), _id(run.run_id), *times, *counts, show_text(run.version))
    return table


def draw_rows(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Rows of a free query."""
    if not rows:
        return Text("No rows.")
    table = make_table(*columns)
    for row in rows:
        table.add_row(*(_id(row[name]) for name in columns))
    return table


def draw_load(report: LoadReport) -> RenderableType:
    """What became of every table."""
    added = "would add" if report.dry_run else "added"
    numbers = ("rows", added, "already there", "rejected")
    table = make_table("table", *numbers, right=set(numbers))
    for each in report.tables:
        counts = (each.read, each.added, each.already_there, each.rejected)
        table.add_row(each.name, *(f"{count:,}" for count in counts))
    return table


def _id(value: object) -> Text:
    return Text(show_text(value), overflow="fold")


def make_table(*names: str, right: set[str] | None = None) -> Table:
    """An empty table; the columns in ``right`` are of numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for name in names:
        table.add_column(
            Text(show_text(name)), justify="right" if name in (right or set()) else "left", overflow="fold"
        )
    return table


def _grid(*sides: JustifyMethod) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for side in sides:
        table.add_column(justify=side, overflow="fold")
    return table


def _draw_list(sentences: Iterable[str]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for sentence in sentences:
        table.add_row("-", show_text(sentence))
    return table


def _section(title: str, content: Sequence[RenderableType]) -> list[RenderableType]:
    if not content:
        return []
    return [Text(f"\n{title}", style="bold"), *(Padding(each, (0, 0, 0, 2)) for each in content)]


def _say_more(n_more: int, what: str) -> list[RenderableType]:
    return [Text(f"and {n_more:,} more {what}; see --format json", style="dim")] if n_more > 0 else []
