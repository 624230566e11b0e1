"""The page of a run."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from graph.pages.rendering import Site, render_page
from graph.pages.ring import Command, speak
from graph.pages.run_content import RunFacts
from graph.pages.wording import Words
from graph.pictures.flow import Band, Flow
from graph.pictures.shares import Interval, find_interval
from graph.pictures.tiles import HEIGHT, WIDTH
from graph.queries.overview import Bin, SegmentRecord
from graph.statements.telling import Language

ASSETS = ("page.css", "run.css", "table.js")
FLOW_WIDE, FLOW_LEFT, FLOW_RIGHT, BLOCK = 760.0, 190.0, 570.0, 12.0
BAR_HIGH, BAR_WIDE = 120.0, 34.0
SIZES = SimpleNamespace(
    wide=FLOW_WIDE,
    left=FLOW_LEFT,
    right=FLOW_RIGHT,
    block=BLOCK,
    bar_high=BAR_HIGH,
    bar_wide=BAR_WIDE,
    tile_wide=WIDTH,
    tile_high=HEIGHT,
)
LEAST_SEGMENT = 100
"""Of fewer accounts a share says nothing."""


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram: from which score on, how many accounts, and how high it is, 0 to 1."""

    low: float
    accounts: int
    height: float


@dataclass(frozen=True)
class Labelled:
    """The labelled accounts of a stretch of scores, and what share of them is fraud, with what chance allows."""

    low: float
    high: float
    labelled: int
    fraud: int
    share: Interval


@dataclass(frozen=True)
class SegmentShare:
    """A segment with the share of it that is flagged; None where it has too few accounts to say."""

    record: SegmentRecord
    share: Interval | None


@dataclass(frozen=True)
class Ribbon:
    """A band of the flow as a path to draw, and how many members it stands for."""

    path: str
    members: int


def write_run(
    facts: RunFacts,
    language: Language,
    *,
    places: Mapping[str, str] = {},
    site: Site | None = None,
) -> str:
    """The page of a run, whole: the same facts give the same bytes.

    Parameters
    ----------
    facts, language
        What it shows, and in which language.
    places
        Where the pages of rings lie, by id; of a page by itself there are none.
    site
        Where it is one page of many.
    """
    words = Words(language)
    return render_page(
        "run.html.j2",
        language,
        assets=ASSETS,
        facts=facts,
        links=SimpleNamespace(rings=places),
        site=site,
        words=speak(words),
        happened=lambda word: say_happened(word, words),
        step=lambda name: say_step(name, words),
        bars=draw_bars(facts.overview.bins),
        labelled=list_labelled(facts.overview.bins),
        chances=draw_bars(facts.overview.chances),
        taught=list_labelled(facts.overview.chances),
        segments=list_segments(facts.overview.segments),
        ribbons=list_ribbons(facts.flow) if facts.flow else (),
        sizes=SIZES,
        least_segment=LEAST_SEGMENT,
        commands=list_commands(facts, words),
    )


def say_happened(word: str, words: Words) -> str:
    """What became of a ring, in words."""
    _ = words
    told = {
        "same": _("as it was"),
        "grew": _("grew"),
        "shrank": _("shrank"),
        "changed": _("changed"),
        "born": _("new"),
        "came back": _("came back"),
        "split": _("split off"),
        "merged": _("went into another"),
        "faded": _("gone"),
    }
    return told.get(word, word)


def say_step(name: str, words: Words) -> str:
    """A step of a night, in words."""
    _ = words
    told = {
        "stage": _("make room"),
        "load": _("load"),
        "detect": _("detect"),
        "check": _("check"),
        "publish": _("publish"),
        "plan": _("plan"),
        "apply": _("apply"),
    }
    return told.get(name, name)


def draw_bars(bins: Sequence[Bin]) -> list[Bar]:
    """A histogram: heights go with the digits of a number, or the many who are clear would hide the others."""
    most = max((len_of(each.accounts) for each in bins), default=0.0)
    return [Bar(each.low, each.accounts, round(len_of(each.accounts) / most, 4) if most else 0.0) for each in bins]


def len_of(n: int) -> float:
    """How long a number is: its logarithm, and nothing for nothing.

    >>> len_of(0), len_of(1) > 0, len_of(1000) < 2 * len_of(100)
    (0.0, True, True)
    """
    return math.log10(n) + 0.5 if n else 0.0


def list_labelled(bins: Sequence[Bin]) -> list[Labelled]:
    """What share of the labelled accounts is fraud, in steps of a fifth of the score."""
    step = max(1, len(bins) // 5)
    found = []
    for place in range(0, len(bins), step):
        some = bins[place : place + step]
        fraud, legit = sum(each.fraud for each in some), sum(each.legit for each in some)
        if fraud + legit:
            high = some[-1].low + 1 / len(bins)
            found.append(Labelled(some[0].low, high, fraud + legit, fraud, find_interval(fraud, fraud + legit)))
    return found


def list_segments(records: Sequence[SegmentRecord]) -> list[SegmentShare]:
    """The segments, the largest first, with the share that is flagged where there are enough accounts."""
    return [
        SegmentShare(each, find_interval(each.flagged, each.accounts) if each.accounts >= LEAST_SEGMENT else None)
        for each in records
    ]


def list_ribbons(flow: Flow) -> Iterator[Ribbon]:
    """The bands as paths, from the right side of one column to the left side of the other."""
    start, end = FLOW_LEFT + BLOCK, FLOW_RIGHT
    middle = (start + end) / 2
    for band in flow.bands:
        yield Ribbon(_trace(band, start, middle, end), band.members)


def _trace(band: Band, start: float, middle: float, end: float) -> str:
    top, bottom = band.y_before, band.y_before + band.height_before
    far_top, far_bottom = band.y_after, band.y_after + band.height_after
    return (
        f"M{start:g} {top:g}C{middle:g} {top:g} {middle:g} {far_top:g} {end:g} {far_top:g}"
        f"L{end:g} {far_bottom:g}C{middle:g} {far_bottom:g} {middle:g} {bottom:g} {start:g} {bottom:g}Z"
    )


def list_commands(facts: RunFacts, words: Words) -> Sequence[Command]:
    """What one does next with a run."""
    _, named = words, shlex.quote(facts.run.run_id)
    found = [Command(f"ringfence rings --run {named} --sparklines", _("the list in the terminal"))]
    if facts.rings:
        ring = shlex.quote(facts.rings[0].ring.ring_id)
        found.append(Command(f"ringfence report {ring} -o ring.html", _("the strongest ring as a page")))
    if facts.before is not None:
        before = shlex.quote(facts.before.run_id)
        found.append(Command(f"ringfence diff {before} {named}", _("what changed, with the links that did it")))
    found.append(Command("ringfence queue", _("what to look at first")))
    return found
