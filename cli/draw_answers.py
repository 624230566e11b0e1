"""Answers for people: one screen each, the verdict first, plain text that survives a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import (
    count_things,
    draw_bar,
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
from cli.draw_picture import draw_activity, say_activity

if TYPE_CHECKING:
    from graph.queries.answers import (
        FoundPath,
        Hop,
        LikeAccount,
        MemberRecord,
        Reasons,
        RingRecord,
        RingSummary,
        RunSummary,
        Share,
    )
    from graph.queries.reviewed import ReviewingRing

MOST_LINKS = 8
MOST_MEMBERS = 25
MOST_HUBS = 5
MOST_TARGETS = 12


def draw_rings(rings: Sequence[RingSummary]) -> RenderableType:
    """The list of rings."""
    if not rings:
        return Text("No rings.")
    decided = ("decided",) if any(ring.decided for ring in rings) else ()
    lines = draw_activity(rings)
    active = ("activity",) if lines else ()
    rated = ("q",) if any(ring.false_discovery is not None for ring in rings) else ()
    numbers = {"#", "score", "q", "size", "bits"}
    columns = ("#", "ring", "kind", "score", *rated, "tier", "size", "bits", *active, "action", *decided)
    table = make_table(*columns, right=numbers)
    for ring in rings:
        score, bits = show_number(ring.score), show_number(ring.net_bits, 1)
        rate = (_show_rate(ring.false_discovery),) if rated else ()
        table.add_row(
            str(ring.rank), show_id(ring.ring_id), ring.kind, score, *rate, show_tier(ring.tier), str(ring.size), bits,
            *(lines[ring.ring_id] for _ in active), show_text(ring.action), *(show_text(ring.decided) for _ in decided),
        )  # fmt: skip
    return Group(table, *say_activity(rings))


def _show_rate(rate: float | None) -> str:
    """A share that is never said to be nothing."""
    return "<0.01" if rate is not None and rate < 0.01 else show_number(rate)


def draw_ring(ring: ReviewingRing) -> RenderableType:
    """One ring on one screen."""
    head = ring.summary
    lines = [
        Text.assemble(("Ring ", "bold"), (show_text(head.ring_id), "bold"), f"  {head.kind}, rank {head.rank}"),
        Text.assemble(
            f"score {head.score:.2f}  ",
            show_tier(head.tier),
            "" if head.false_discovery is None else f"  q {_show_rate(head.false_discovery)}",
            f"  {head.size} accounts  run {head.run_id}",
        ),
        Text.assemble(("Action: ", "bold"), show_text(head.action) or "none"),
        *([Text.assemble(("Order: ", "bold"), show_text(ring.place))] if ring.place else []),
        *draw_decisions(ring.decisions),
    ]
    parts = [*lines, *draw_section(f"Members ({len(ring.members)})", _draw_members(ring))]
    parts += draw_section("Evidence, in bits beyond chance", _draw_evidence(ring))
    parts += draw_section("Strongest links", _draw_links(ring))
    parts += draw_section("Innocent explanations heard", _draw_readings(ring))
    parts += draw_section("Others involved", _draw_parties(ring))
    parts += draw_section("Reviewed together", _draw_reviewed(ring))
    return Group(*parts, Text("\nWhat a word means: ringfence explain bits", style="dim"))


def _draw_members(ring: RingRecord) -> list[RenderableType]:
    chance = _name_chance(ring.members)
    table = make_table("account", "role", "bits", "risk", *chance, "tier", right={"bits", "risk", *chance})
    for member in ring.members[:MOST_MEMBERS]:
        numbers = (show_number(member.bits, 1), show_number(member.risk_score), *_show_chance(member, chance))
        table.add_row(show_id(member.account_id), member.role, *numbers, show_tier(member.tier))
    return [table, *say_more(len(ring.members) - MOST_MEMBERS, "members")]


def _draw_evidence(ring: RingRecord) -> list[RenderableType]:
    most = max((each.bits for each in ring.evidence), default=0.0)
    table = make_grid("left", "left", "right", "left")
    for each in ring.evidence:
        bits = f"{each.bits:,.1f}"
        table.add_row(show_text(each.channel), draw_bar(each.bits, most), bits, show_text(each.sentence))
    charge, net = ring.summary.charge_bits, ring.summary.net_bits
    innocent = sum(each.bits for each in ring.evidence) - charge - net
    if innocent >= 0.05:
        table.add_row("innocent", "", f"-{innocent:,.1f}", "taken off for the innocent explanations heard")
    table.add_row("search", "", f"-{charge:,.1f}", "charged for having looked at so many groups")
    table.add_row(Text("net", style="bold"), draw_bar(net, most), f"{net:,.1f}", "what stands in the end")
    return [table]


def _draw_links(ring: RingRecord) -> list[RenderableType]:
    table = make_grid("left", "left", "right", "left")
    for link in ring.links[:MOST_LINKS]:
        what = link.via if link.via.startswith(link.channel) else f"{link.channel} {link.via}"
        table.add_row(show_id(link.account_a), show_id(link.account_b), f"{link.bits:,.1f}", show_text(what))
    return [table, *say_more(len(ring.links) - MOST_LINKS, "links")] if ring.links else []


def _draw_readings(ring: RingRecord) -> list[RenderableType]:
    table = make_grid("left", "left", "right", "left")
    for each in ring.readings:
        won = Text("believed", style="green") if each.won else Text("not enough")
        table.add_row(show_text(each.name), won, f"{each.bits:,.1f}", show_text(each.sentence))
    if not ring.readings:
        return []
    stands = f"{ring.summary.net_bits:,.1f} bits stand all the same" if any(each.won for each in ring.readings) else ""
    return [table, *([Text(f"What is believed was taken off the evidence; {stands}.", style="dim")] if stands else [])]


def _draw_parties(ring: RingRecord) -> list[RenderableType]:
    table = make_grid()
    for party in ring.parties:
        table.add_row(show_id(party.account_id), party.role, show_text(party.sentence))
    return [table] if ring.parties else []


def _draw_reviewed(ring: ReviewingRing) -> list[RenderableType]:
    """Whom the members reviewed together, and where to ask how much of it was planted."""
    if not ring.reviewed:
        return []
    table = make_table(
        "target", "reviews", "by members", "accounts", "from", "to", "rating", "by others",
        right={"reviews", "by members", "accounts", "rating", "by others"},
    )  # fmt: skip
    for each in ring.reviewed[:MOST_TARGETS]:
        counts = (f"{each.reviews:,}", f"{each.by_members:,}", f"{each.members:,}")
        days = ("" if at is None else f"{at:%Y-%m-%d}" for at in (each.first_at, each.last_at))
        ratings = (show_number(each.rating_by_members, 1), show_number(each.rating_by_others, 1))
        table.add_row(show_id(each.target_id), *counts, *days, *ratings)
    hint = f"How many were planted, with an interval: ringfence targets {show_text(ring.summary.ring_id)}"
    return [table, *say_more(len(ring.reviewed) - MOST_TARGETS, "targets"), Text(hint, style="dim")]


def draw_reasons(answers: Sequence[Reasons]) -> RenderableType:
    """Sentences, as stored when the score was made."""
    return Group(*(line for answer in answers for line in _list_sentences(answer)))


def _list_sentences(answer: Reasons) -> Iterable[RenderableType]:
    score = "not scored" if answer.score is None else f"score {answer.score:.2f}"
    score += "" if answer.probability is None else f"  probability {answer.probability:.2f}"
    run = f"  run {answer.run_id}" if answer.run_id else ""
    title = f"{answer.subject.capitalize()} {show_text(answer.subject_id)}"
    yield Text.assemble((title, "bold"), f"  {score}  ", show_tier(answer.tier), run)
    yield draw_list(answer.sentences)
    if answer.action:
        yield Text.assemble(("Action: ", "bold"), show_text(answer.action))


def draw_path(path: FoundPath) -> RenderableType:
    """The accounts one under the other, and between them what they share."""
    if not path.found:
        parts: list[RenderableType] = [Text("No path over what few share.")]
    else:
        parts = [Text(count_things(len(path.hops), "hop"), style="bold"), *_draw_way(path.account_a, path.hops)]
        for number, hops in enumerate(path.others, start=2):
            parts += [Text(f"\nway {number}", style="bold"), *_draw_way(path.account_a, hops)]
        if path.ways > 1:
            told = f"{1 + len(path.others)} of {path.ways:,} ways that are as short"
            parts.append(Text(f"\n{told}{'' if path.others else '; see --all'}", style="dim"))
    hubs = [Text(_say_share(each)) for each in path.left_out[:MOST_HUBS]]
    more = say_more(len(path.left_out) - MOST_HUBS, "hubs")
    return Group(*parts, *draw_section("Left out, because too many share them (see --max-hub)", [*hubs, *more]))


def _draw_way(start: str, hops: Sequence[Hop]) -> list[RenderableType]:
    return [Text(show_text(start)), *(_draw_hop(hop) for hop in hops)]


def _draw_hop(hop: Hop) -> RenderableType:
    shares = "\n".join(f"  │ {_say_share(each)}" for each in hop.shares)
    return Text(f"{shares}\n{show_text(hop.account_b)}")


def _say_share(share: Share) -> str:
    name = f"{share.channel}: {show_text(share.name)}"
    return (
        name
        if share.accounts == 2 and share.channel in ("trade", "transfer", "referral")
        else f"{name} ({share.accounts:,} accounts)"
    )


def draw_similar(alike: Sequence[LikeAccount]) -> RenderableType:
    """The accounts most alike, and in what."""
    chance = _name_chance(alike)
    numbers = ("similarity", "risk", *chance)
    table = make_table("account", *numbers, "tier", "alike in", right=set(numbers))
    for each in alike:
        risks, why = (show_number(each.risk_score), *_show_chance(each, chance)), "; ".join(each.reasons)
        table.add_row(
            show_id(each.account_id), f"{each.similarity:.3f}", *risks, show_tier(each.tier), Text(show_text(why))
        )
    return table


def _name_chance(accounts: Sequence[LikeAccount | MemberRecord]) -> tuple[str, ...]:
    """The column of what a model says, where one was used."""
    return () if all(each.probability is None for each in accounts) else ("probability",)


def _show_chance(account: LikeAccount | MemberRecord, column: tuple[str, ...]) -> tuple[str, ...]:
    return (show_number(account.probability),) if column else ()


def draw_runs(runs: Sequence[RunSummary]) -> RenderableType:
    """The list of runs."""
    if not runs:
        return Text("No run yet.")
    numbers = {"#", "accounts", "rings", "flags"}
    table = make_table("#", "run", "finished", "as of", "accounts", "rings", "flags", "version", right=numbers)
    for run in runs:
        counts = (f"{run.accounts:,}", f"{run.rings:,}", f"{run.flags:,}")
        times = (show_time(run.finished_at), show_time(run.as_of) or "all")
        table.add_row(str(run.sequence or "past"), show_id(run.run_id), *times, *counts, show_text(run.version))
    return table


def draw_rows(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Rows of a free query."""
    if not rows:
        return Text("No rows.")
    table = make_table(*columns)
    for row in rows:
        table.add_row(*(show_id(row[name]) for name in columns))
    return table
