"""Pictures in characters: who of a ring shares what with whom, and when it happened.

A graph is drawn as lines across and lines down (BioFabric, Longabaugh 2012): each account is a line across, each thing
or dealing a line down through the accounts that it joins.  Such lines never run over one another, whatever the graph.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells
from rich.console import Group
from rich.segment import Segment
from rich.text import Text

from cli.draw_parts import draw_section, make_grid, show_text
from cli.output import make_console
from graph.queries.activity import ActiveRing, count_stretches
from graph.queries.timeline import SAID

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.style import Style

    from graph.queries.answers import MemberRecord, RingRecord, RingSummary
    from graph.queries.views import Moment, Timeline
    from graph.results import RingLink

MOST_DRAWN = 25
"""Members of a ring that are drawn; the others are counted."""
MOST_TRACKS = 20
"""Things and dealings that are drawn, on a screen that has the room."""
LONGEST_ID = 28
"""What is longer is broken."""
_TRACK = 4


@dataclass(frozen=True)
class Strokes:
    """The characters that a picture is drawn with: ``levels`` are heights, from nothing to all."""

    core: str = "●"
    fringe: str = "○"
    across: str = "┈"
    down: str = "│"
    end: str = "●"
    burst: str = "▔"
    levels: str = " ▁▂▃▄▅▆▇█"


FINE = Strokes()
PLAIN = Strokes(core="#", fringe="o", across=".", down="|", end="O", burst="^", levels=" .:-=+*#@")
"""For a screen that shows nothing but ASCII."""


def choose_strokes(options: ConsoleOptions) -> Strokes:
    """What a screen can show."""
    return PLAIN if options.ascii_only else FINE


@dataclass(frozen=True)
class Track:
    """A line down: a thing that members share, or a dealing of one with another, and the bits of its links."""

    channel: str
    via: str
    bits: float
    account_ids: frozenset[str]


def list_tracks(links: Iterable[RingLink]) -> list[Track]:
    """What joins the members of a ring: first what weighs most in all."""
    ends: dict[tuple[str, str], set[str]] = defaultdict(set)
    bits: dict[tuple[str, str], float] = {}
    for link in links:
        ends[(link.channel, link.via)] |= {link.account_a, link.account_b}
        bits[(link.channel, link.via)] = link.bits
    tracks = [Track(*what, bits[what], frozenset(joined)) for what, joined in ends.items()]
    return sorted(tracks, key=lambda each: (-each.bits * (len(each.account_ids) - 1), each.channel, each.via))


@dataclass(frozen=True)
class Fabric:
    """A ring as lines across and down; what does not fit is counted under it."""

    members: Sequence[MemberRecord]
    tracks: Sequence[Track]

    @classmethod
    def weave(cls, ring: RingRecord) -> Fabric:
        """The fabric of a ring: whom the heaviest tracks join stand beside one another."""
        tracks, joined = list_tracks(ring.links), dict[str, None]()
        for track in tracks:
            joined |= dict.fromkeys(each.account_id for each in ring.members if each.account_id in track.account_ids)
        places = {account_id: place for place, account_id in enumerate(joined)}
        return cls(sorted(ring.members, key=lambda each: places.get(each.account_id, len(places))), tracks)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        strokes, members = choose_strokes(options), self.members[:MOST_DRAWN]
        tracks, wide = self._fit(options.max_width)
        head = "".join(f"{number:>{_TRACK}}" for number in range(1, len(tracks) + 1))
        yield _draw_line(" " * (wide + 3) + head, console.get_style("dim"))
        spans = [_find_span(members, track) for track in tracks]
        for row, member in enumerate(members):
            sign = strokes.core if member.role == "core" else strokes.fringe
            marks = [row in span.rows for span in spans], [span.first < row < span.last for span in spans]
            for number, part in enumerate(_break(member.account_id, wide)):
                lead = strokes.across if number == 0 else " "
                is_end = [number == 0 and each for each in marks[0]]
                passes = [  # the rest of a long id is under its line, where only what goes on further down goes on
                    inside or (number > 0 and end and row < span.last)
                    for inside, end, span in zip(marks[1], marks[0], spans, strict=True)
                ]
                line = "".join(_draw_cells(is_end, passes, strokes, lead))
                yield _draw_line(f"{sign if number == 0 else ' '} {_pad(part, wide)} {line}".rstrip())
        yield from console.render(self._draw_legend(tracks), options)

    def _fit(self, width: int) -> tuple[Sequence[Track], int]:
        """The tracks for which there is room, and how wide the ids may be."""
        ids = [show_text(each.account_id) for each in self.members[:MOST_DRAWN]]
        wide = max(1, min(max(map(cell_len, ids), default=0), LONGEST_ID, width - 3 - 2 * _TRACK))
        return self.tracks[: max(0, min(MOST_TRACKS, (width - wide - 3) // _TRACK))], wide

    def _draw_legend(self, drawn: Sequence[Track]) -> RenderableType:
        table = make_grid("right", "left")
        for number, track in enumerate(drawn, start=1):
            table.add_row(str(number), _say_track(track))
        return Group(Text(), table, *(Text(each, style="dim") for each in self._say_folded(len(drawn))))

    def _say_folded(self, n_drawn: int) -> Iterator[str]:
        if len(self.members) > MOST_DRAWN:
            yield f"folded: {len(self.members) - MOST_DRAWN:,} more members"
        if len(self.tracks) > n_drawn:
            kinds = Counter(each.channel for each in self.tracks[n_drawn:]).most_common()
            told = ", ".join(f"{show_text(channel)} {n:,}" for channel, n in kinds)
            yield f"folded: {len(self.tracks) - n_drawn:,} more that join them ({told})"


@dataclass(frozen=True)
class _Span:
    """The rows that a track joins, and from where to where it goes."""

    rows: frozenset[int]
    first: int
    last: int


def _find_span(members: Sequence[MemberRecord], track: Track) -> _Span:
    rows = [row for row, member in enumerate(members) if member.account_id in track.account_ids]
    return _Span(frozenset(rows), min(rows, default=0), max(rows, default=0))


def _draw_cells(is_end: Sequence[bool], passes: Sequence[bool], strokes: Strokes, lead: str) -> Iterator[str]:
    """A line across as far as its last end, and what goes down through it."""
    last = max((place for place, each in enumerate(is_end) if each), default=-1)
    for place, (end, inside) in enumerate(zip(is_end, passes, strict=True)):
        across = lead if place <= last else " "
        yield across * (_TRACK - 1) + (strokes.end if end else strokes.down if inside else across)


def _say_track(track: Track) -> str:
    via = show_text(track.via)
    name = via if track.via.startswith(track.channel) else f"{show_text(track.channel)}: {via}"
    n = len(track.account_ids)
    return f"{name} ({f'{n} accounts, ' if n > 2 else ''}{track.bits:,.1f} bits)"


def _break(account_id: str, wide: int) -> list[str]:
    return chop_cells(show_text(account_id), wide) or [""]


def _pad(text: str, wide: int) -> str:
    return text + " " * (wide - cell_len(text))


def _draw_line(text: str, style: Style | None = None) -> Segment:
    return Segment(text + "\n", style)


@dataclass(frozen=True)
class Stripes:
    """Moments as one stripe of heights for each kind; where they are a burst is marked under it."""

    moments: Sequence[Moment]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        strokes = choose_strokes(options)
        kinds: dict[str, list[Moment]] = defaultdict(list)
        for each in self.moments:
            kinds[each.what].append(each)
        wide, count = max(map(len, kinds)), max(len("burst"), *(len(f"{len(each):,}") for each in kinds.values()))
        room = max(8, min(72, options.max_width - wide - count - 4))
        first, last = (at for at in (self.moments[0].at, self.moments[-1].at) if at is not None)
        for what, moments in kinds.items():
            heights = count_stretches((each.at for each in moments if each.at), first, last, room)
            yield _draw_line(f"{what:<{wide}}  {draw_heights(heights, strokes)}  {len(moments):<{count},}")
            marked = count_stretches((each.at for each in moments if each.at and each.burst), first, last, room)
            if any(marked):
                marks = "".join(strokes.burst if each else " " for each in marked)
                yield _draw_line(f"{'':<{wide}}  {marks}  burst", console.get_style("bold"))
        begins, ends = (f"{at:%Y-%m-%d}" for at in (first, last))
        axis = begins if begins == ends or room < 22 else f"{begins}{ends:>{room - len(begins)}}"
        yield _draw_line(f"{'':<{wide}}  {axis}", console.get_style("dim"))


def draw_heights(counts: Sequence[int], strokes: Strokes) -> str:
    """Counts as heights, the largest of them full; whatever is more than nothing is seen.

    >>> draw_heights([0, 1, 2, 8], FINE)
    ' ▁▂█'
    """
    most, top = max(counts, default=0), len(strokes.levels) - 1
    return "".join(strokes.levels[-(-each * top // most) if most else 0] for each in counts)


def draw_activity(rings: Iterable[RingSummary]) -> dict[str, str]:
    """When each ring was at work, as a line of heights, in the characters that the screen has."""
    strokes = choose_strokes(make_console().options)
    return {each.ring_id: draw_heights(each.activity, strokes) for each in rings if isinstance(each, ActiveRing)}


def say_activity(rings: Sequence[RingSummary]) -> list[RenderableType]:
    """From when to when the heights of all rings go."""
    ring = next((each for each in rings if isinstance(each, ActiveRing)), None)
    if ring is None:
        return []
    if ring.active_from is None or ring.active_to is None:
        return [Text("\nNothing that a member did is dated.", style="dim")]
    span = f"{ring.active_from:%Y-%m-%d} to {ring.active_to:%Y-%m-%d}"
    return [Text(f"\nactivity: what members did from {span}, each ring by its own measure", style="dim")]


def draw_ring_picture(ring: RingRecord, timeline: Timeline) -> RenderableType:
    """A ring at one glance: its graph, and when what happened that its members did."""
    head = ring.summary
    title = Text.assemble((f"Ring {show_text(head.ring_id)}", "bold"), f"  {head.kind}, {head.size} accounts")
    parts: list[RenderableType] = [title]
    parts += draw_section("Who is joined by what", [Fabric.weave(ring)])
    deeds = [each for each in timeline.moments if each.what not in SAID]
    parts += draw_section("When", [Stripes(deeds)] if deeds else [Text("Nothing happened that is dated.")])
    if timeline.undated:
        parts.append(Text(f"\n{timeline.undated:,} more have no date", style="dim"))
    return Group(*parts)
