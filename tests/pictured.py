"""Rings for pages and pictures, made by hand: as many members as wanted, and texts that no page may stumble over."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from graph.pages.content import Grounds, PlantedReviews, RingFacts, list_people
from graph.pictures.network import Tie, draw_network
from graph.pictures.strip import draw_strip
from graph.pictures.waterfall import draw_waterfall
from graph.queries.answers import MemberRecord, RingRecord, RingSummary, RunSummary
from graph.queries.views import Burst, Exposure, Moment, MoneyLine, Timeline, Victim
from graph.results import Evidence, InnocentReading, Party, RingLink
from graph.statements.content import SharedFact

BEGAN = datetime(2024, 1, 1, 8)
SCRIPT = "<script>document.title='taken'</script>"
ENDS = "</script><img src=x onerror=alert(1)>"
QUOTES = "'\"><svg onload=alert(2)>`${1}`"
TURNED = "moc\u202egnp.exe\u2067x"
LONG = "lorem & <b>ipsum</b> " * 500
TEMPLATE = "{{ 7 * 7 }}{% raw %}\nnext"
HOSTILE = (SCRIPT, ENDS, QUOTES, TURNED, LONG, TEMPLATE)


def make_ring(members: Sequence[str], *, texts: Sequence[str] = ("phone 7",)) -> RingRecord:
    """A ring whose members share as many things as there are texts; each text stands everywhere a text can."""
    summary = RingSummary("R-1", "run-1", 1, "trade", 0.93, "automatic", len(members), 41.5, 12.0, texts[0], texts[0])
    evidence = [Evidence("device", 31.0, 3, 0.01, texts[0]), Evidence("trade", 30.5, 3, 0.2, texts[-1])]
    pairs = [(a, b, texts[place % len(texts)]) for place, (a, b) in enumerate(itertools.pairwise(members))]
    links = [RingLink(a, b, "device", 12.0, f"device {text}") for a, b, text in pairs]
    links.append(RingLink(members[-1], members[0], "trade", 4.0, texts[0]))
    return RingRecord(
        summary=summary,
        members=tuple(
            MemberRecord(each, "core" if place % 3 else "fringe", 22.0 - place, 0.9, "review", None)
            for place, each in enumerate(members)
        ),
        evidence=tuple(evidence),
        links=tuple(links),
        readings=(
            InnocentReading("household", 8.0, True, texts[0]),
            InnocentReading(texts[-1], 2.0, False, texts[-1]),
        ),
        parties=(Party(f"shop {texts[0]}", "target", texts[-1]),),
        decisions=tuple(texts),
    )


def make_timeline(members: Sequence[str], *, texts: Sequence[str] = ("signed up",)) -> Timeline:
    """Sign-ups an hour apart, which are a burst, and a review each two months later."""
    last = BEGAN + timedelta(hours=len(members) - 1)
    moments = [
        Moment(BEGAN + timedelta(hours=place), "sign-up", each, None, texts[place % len(texts)], 1)
        for place, each in enumerate(members)
    ]
    moments += [
        Moment(BEGAN + timedelta(days=60 + place), "review", each, texts[0], texts[-1], None)
        for place, each in enumerate(members)
    ]
    bursts = (Burst(1, "sign-up", len(members), len(members), BEGAN, last),)
    return Timeline("R-1", tuple(members), tuple(moments), bursts, len(moments), 0)


def make_ties(ring: RingRecord) -> list[Tie]:
    """The ties of such a ring, each a day after the one before."""
    ties = []
    for place, link in enumerate(ring.links):
        at = BEGAN + timedelta(days=place)
        if link.channel == "trade":
            ties.append(Tie(link.account_a, link.channel, link.via, link.bits, at, link.account_b))
        else:
            ties += [
                Tie(each, link.channel, link.via, link.bits, at)
                for each in dict.fromkeys((link.account_a, link.account_b))
            ]
    return ties


def make_facts(
    members: Sequence[str] = ("ann", "bob", "cyd", "dan"), *, texts: Sequence[str] = ("phone 7",)
) -> RingFacts:
    """Everything for the page of such a ring."""
    ring, timeline = make_ring(members, texts=texts), make_timeline(members, texts=texts)
    ties = make_ties(ring)
    held = {each: tuple(texts) for each in members}
    things = tuple(SharedFact("device", each, 2, -12.0) for each in texts)
    grounds = Grounds({"device": -31.0, "trade": -50.0}, things, held, {"household": {"device": 8.0}}, tuple(ties))
    return RingFacts(
        ring=ring,
        run=RunSummary("run-1", 1, BEGAN, BEGAN, "0.1.0", BEGAN, 9, 1, 1, (), "{}"),
        network=draw_network(list_people(ring, timeline), ties),
        strip=draw_strip(timeline),
        waterfall=draw_waterfall(ring),
        timeline=timeline,
        exposure=Exposure(
            "R-1",
            "trade",
            "review",
            (MoneyLine("sold to others", "open", texts[0], 3, 120.5),),
            (Victim(f"buyer {texts[-1]}", "buyer", "open", "EUR", 1, 40.0),),
        ),
        grounds=grounds,
        case=None,
        is_masked=True,
        targets=tuple(
            PlantedReviews(each, "product", 1_120, 84, 61, 1_007, BEGAN.date(), BEGAN.date() + timedelta(9), 57)
            for each in texts
        ),
    )


def make_hostile_facts() -> RingFacts:
    """The same where every id and every text is one that a page might obey."""
    facts = make_facts(HOSTILE, texts=HOSTILE)
    return replace(facts, run=replace(facts.run, run_id=ENDS, version=SCRIPT))
