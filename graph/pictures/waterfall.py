"""Evidence as a waterfall: what each channel brings, what innocence and the search take, what stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from graph.queries.answers import RingRecord

StepKind = Literal["evidence", "innocent", "search", "net"]
LEAST_BITS = 0.05
"""Less is nothing, rounded to one decimal."""


@dataclass(frozen=True)
class Step:
    """One bar from ``low`` to ``high``, in bits; ``change`` is what it adds, below 0 where it takes off."""

    kind: StepKind
    name: str
    sentence: str
    change: float
    low: float
    high: float


@dataclass(frozen=True)
class Waterfall:
    """The bars in their order; ``lowest`` and ``highest`` are the ends of the scale, in bits."""

    steps: tuple[Step, ...]
    lowest: float
    highest: float

    def find_x(self, bits: float) -> float:
        """Where some bits stand on the scale, 0 to 1."""
        return round((bits - self.lowest) / (self.highest - self.lowest), 4)


def draw_waterfall(ring: RingRecord) -> Waterfall:
    """The bars of a ring, which add up: evidence, less what innocence accounts for, less the charge, is what stands."""
    shown, charge, net = ring.evidence, ring.summary.charge_bits, ring.summary.net_bits
    innocent = sum(each.bits for each in shown) - charge - net
    believed = ", ".join(each.name for each in ring.readings if each.won)
    changes: list[tuple[StepKind, str, str, float]] = [
        ("evidence", each.channel, each.sentence, each.bits) for each in shown
    ]
    if abs(innocent) >= LEAST_BITS:
        changes.append(("innocent", believed, "", -innocent))
    changes.append(("search", "", "", -charge))
    steps = [*_stack(changes), Step("net", "", "", net, min(net, 0.0), max(net, 0.0))]
    lowest, highest = min(each.low for each in steps), max(each.high for each in steps)
    return Waterfall(tuple(steps), lowest, highest if highest > lowest else lowest + 1.0)


def _stack(changes: Iterable[tuple[StepKind, str, str, float]]) -> Iterable[Step]:
    level = 0.0
    for kind, name, sentence, change in changes:
        yield Step(kind, name, sentence, change, min(level, level + change), max(level, level + change))
        level += change
