"""The page of a ring."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from graph.pages.content import RingFacts
from graph.pages.rendering import Site, make_environment, render_page, show_text
from graph.pages.scripted import STRIP_LEFT, STRIP_WIDE, list_data
from graph.pages.wording import (
    Words,
    say_channel,
    say_deed,
    say_explanation,
    say_kind,
    say_role,
    say_tier,
    see_nodes,
)
from graph.pictures.network import Network
from graph.pictures.strip import LANES, Strip
from graph.pictures.waterfall import LEAST_BITS, Step
from graph.queries.views import Exposure
from graph.results import InnocentReading
from graph.statements.telling import Language

MOST_TARGETS = 30
"""Of so many targets a page says how many reviews were planted."""
_NAMED = 3
"""So many connections are named for and against an innocent explanation."""


@dataclass(frozen=True)
class Heard:
    """An innocent explanation: what it says, and in words what speaks for it and against it."""

    says: str
    is_believed: bool
    pro: str
    con: str


@dataclass(frozen=True)
class Without:
    """What becomes of the net bits without something, and how many would be left."""

    name: str
    change: float
    left: float


@dataclass(frozen=True)
class Command:
    """A line to type, and what it does."""

    line: str
    says: str


def write_ring(facts: RingFacts, language: Language, site: Site | None = None) -> str:
    """The page of a ring, whole: the same facts give the same bytes; ``site`` where it is one page of many."""
    words = Words(language)
    return render_page(
        "ring.html.j2",
        language,
        site=site,
        facts=facts,
        lead=_say_lead(facts, words),
        at_risk=say_at_risk(facts.exposure, language),
        evidence={each.channel: each for each in facts.ring.evidence},
        bursts=len(facts.timeline.bursts),
        steps=[_name_step(step, words) for step in facts.waterfall.steps],
        places=find_places(facts.network),
        heard=[_hear(each, facts, words) for each in facts.ring.readings],
        without=list(_list_without(facts, words)),
        most_targets=MOST_TARGETS,
        commands=list_commands(facts.ring.summary.ring_id, facts.case.case_id if facts.case else "", words),
        **frame_picture(facts.network, facts.strip, words),
    )


def frame_picture(network: Network, strip: Strip | None, words: Words, *, is_weighed: bool = True) -> dict[str, Any]:
    """What a page with a picture and a strip shows of them; ``is_weighed`` where the widths of lines are bits."""
    _, seen = words, see_nodes(network, words, is_weighed=is_weighed)
    return {
        "data": list_data(network, seen, strip, words, is_weighed=is_weighed),
        "seen": seen,
        "words": speak(words),
        "picture_name": _("The picture as a graph; arrow keys go from mark to mark, Enter picks one"),
        "deeds": {what: say_deed(what, words) for what in LANES},
        "left": STRIP_LEFT,
        "wide": STRIP_WIDE,
    }


def speak(words: Words) -> SimpleNamespace:
    """The words of a template: kinds, roles, tiers, channels and deeds in its language."""
    told = {"kind": say_kind, "role": say_role, "tier": say_tier, "channel": say_channel, "deed": say_deed}
    return SimpleNamespace(**{name: lambda text, say=say: say(text, words) for name, say in told.items()})


def find_places(network: Network) -> dict[str, int]:
    """By account, the place of the node that stands for it."""
    marks = ((place, node) for place, node in enumerate(network.nodes) if node.kind in ("account", "crowd", "party"))
    return {account_id: place for place, node in marks for account_id in node.account_ids}


def _say_lead(facts: RingFacts, words: Words) -> str:
    """What an investigator has to know first."""
    _, summary = words, facts.ring.summary
    strongest = [say_channel(each.channel, words) for each in facts.ring.evidence[:_NAMED]]
    told = _(
        "%(n)s accounts that act together, mostly by: %(channels)s. %(bits)s bits stand after innocent explanations.",
        n=summary.size,
        channels=", ".join(strongest),
        bits=words.say_figure(summary.net_bits),
    )
    others = _("Others involved: %(n)s.", n=len(facts.ring.parties))
    return f"{told} {others}" if facts.ring.parties else told


def say_at_risk(exposure: Exposure, language: Language) -> str:
    """The money that is open or was taken back, by currency, the largest first."""
    sums: dict[str, float] = defaultdict(float)
    for line in exposure.money:
        if line.state != "done":
            sums[line.currency] += line.amount
    money, seen = (make_environment(language).filters[name] for name in ("money", "seen"))
    largest = sorted(sums.items(), key=lambda each: (-each[1], each[0]))[:2]
    return ", ".join(f"{money(amount)} {seen(currency)}".strip() for currency, amount in largest)


def _name_step(step: Step, words: Words) -> str:
    _ = words
    match step.kind:
        case "evidence":
            return say_channel(step.name, words)
        case "innocent":
            return _("innocent explanations")
        case "search":
            return _("naming the group")
        case _:
            return words("what stands")


def _hear(reading: InnocentReading, facts: RingFacts, words: Words) -> Heard:
    _, total = words, sum(each.bits for each in facts.ring.evidence)
    claims = facts.grounds.claims.get(reading.name, {}) if facts.grounds else {}
    shown = {each.channel: each.bits for each in facts.ring.evidence}
    left = {name: bits - claims.get(name, 0.0) for name, bits in shown.items()} if claims else {}
    pro = _(
        "it accounts for %(bits)s of %(all)s bits", bits=words.say_figure(reading.bits), all=words.say_figure(total)
    )
    con = _("it leaves %(bits)s bits", bits=words.say_figure(total - reading.bits))
    return Heard(
        say_explanation(reading.name, words), reading.won, pro + _name(claims, words), con + _name(left, words)
    )


def _name(bits: Mapping[str, float], words: Words) -> str:
    """The channels with most bits, in brackets."""
    most = sorted(((-each, name) for name, each in bits.items() if each >= LEAST_BITS))[:_NAMED]
    told = [f"{say_channel(name, words)} {words.say_figure(-each)}" for each, name in most]
    return f" ({', '.join(told)})" if told else ""


def _list_without(facts: RingFacts, words: Words) -> Iterator[Without]:
    """What carries it: channels, then things, each by what its absence changes."""
    if facts.grounds is None:
        return
    net = facts.ring.summary.net_bits
    channels = [(say_channel(name, words), change) for name, change in facts.grounds.change_bits.items()]
    things = [(each.what, each.change_bits) for each in facts.grounds.things]
    for found in (channels, things[:20]):
        for name, change in sorted(found, key=lambda each: (each[1], each[0])):
            if abs(change) >= LEAST_BITS:
                yield Without(show_text(name), change, net + change)


def list_commands(ring_id: str, case_id: str, words: Words) -> Sequence[Command]:
    """What an investigator does next with a ring, and with its case, which may be a part of it."""
    _, named, case = words, shlex.quote(ring_id), shlex.quote(case_id or ring_id)
    return (
        Command(f"ringfence case {case}", _("what changed, notes, related cases")),
        Command(f"ringfence timeline {named}", _("every moment, in one stream")),
        Command(f"ringfence expand {named}", _("who else is around it")),
        Command(f"ringfence exposure {named}", _("who lost money, or may")),
        Command(f"ringfence decide {case} confirmed --reason '…'", _("if it is a ring")),
        Command(f"ringfence decide {case} dismissed --reason '…'", _("if it is none")),
        Command(f"ringfence statement {case} -o reasons", _("the reasons, once it is decided")),
    )
