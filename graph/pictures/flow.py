"""How the rings of one run went over into those of the next: two columns, and bands between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graph.lineage import Overlap, RingChange

MOST_ROWS = 30
"""So many rings stand in a column; what changed comes before what stayed as it was."""
_LEAST, _TALLEST, _GAP = 5.0, 46.0, 7.0


@dataclass(frozen=True)
class Block:
    """A ring in a column: where it stands, and how high it is; ``happened`` is what became of it."""

    ring_id: str
    size: int
    happened: str
    y: float
    height: float


@dataclass(frozen=True)
class Band:
    """What a ring before and a ring after have in common; heights are shares of those of their blocks."""

    before: int
    after: int
    members: int
    y_before: float
    y_after: float
    height_before: float
    height_after: float


@dataclass(frozen=True)
class Flow:
    """The picture; ``folded`` rings of either column have no room in it."""

    before: tuple[Block, ...]
    after: tuple[Block, ...]
    bands: tuple[Band, ...]
    folded: int
    height: float


def draw_flow(changes: Sequence[RingChange], overlaps: Iterable[Overlap]) -> Flow:
    """The flow from one run to the next.

    Parameters
    ----------
    changes
        What became of each ring of both runs.
    overlaps
        How many members any two of them have in common.
    """
    calm = {"same"}
    ordered = sorted(changes, key=lambda each: (each.happened in calm, -max(each.before, each.after), each.ring_id))
    old, new = ([each for each in ordered if getattr(each, side)] for side in ("before", "after"))
    before, after = (
        _stack([(each.ring_id, getattr(each, side), each.happened) for each in column[:MOST_ROWS]])
        for side, column in (("before", old), ("after", new))
    )
    bands = tuple(_join(before, after, overlaps))
    height = max((block.y + block.height for block in (*before, *after)), default=0.0)
    return Flow(before, after, bands, max(0, len(old) - MOST_ROWS) + max(0, len(new) - MOST_ROWS), height)


def _stack(rings: Iterable[tuple[str, int, str]]) -> tuple[Block, ...]:
    blocks, y = list[Block](), 0.0
    for ring_id, size, happened in rings:
        height = round(min(_TALLEST, _LEAST + 2.0 * size**0.5 * 1.6), 1)
        blocks.append(Block(ring_id, size, happened, round(y, 1), height))
        y += height + _GAP
    return tuple(blocks)


def _join(before: Sequence[Block], after: Sequence[Block], overlaps: Iterable[Overlap]) -> Iterable[Band]:
    """Bands in the order of their blocks; each takes its share of both ends, one under the other."""
    left, right = ({block.ring_id: place for place, block in enumerate(column)} for column in (before, after))
    shown = [each for each in overlaps if each.before in left and each.after in right]
    shown.sort(key=lambda each: (left[each.before], right[each.after]))
    used: dict[tuple[str, str], float] = {}
    for each in shown:
        ends = (("before", before[left[each.before]]), ("after", after[right[each.after]]))
        tops, heights = list[float](), list[float]()
        for side, block in ends:
            height = round(block.height * min(1.0, each.members / block.size), 2)
            top = used.get((side, block.ring_id), block.y)
            used[(side, block.ring_id)] = top + height
            tops.append(round(min(top, block.y + block.height - height), 2))
            heights.append(height)
        yield Band(left[each.before], right[each.after], each.members, *tops, *heights)


def count_changes(changes: Iterable[RingChange]) -> Mapping[str, int]:
    """How many rings each thing happened to, the commonest first."""
    found: dict[str, int] = {}
    for each in changes:
        found[each.happened] = found.get(each.happened, 0) + 1
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
