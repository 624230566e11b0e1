"""Obvious, slow ways to work out what the product works out on arrays, and small inputs for both."""

from __future__ import annotations

from math import log, log2

from detection_market import Facts, make_snapshot
from hypothesis import strategies as st
from scipy.special import rel_entr

from detection.channels.catalogue import BEHAVIOURS, KINDS, TRADE
from detection.channels.incidence import Dealings, SharedThings
from detection.channels.record import Channel
from detection.evidence.market import make_market
from graph.model import Ints

USES = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=30)


PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1]), min_size=1)


def make_channel(uses: set[tuple[int, int]]) -> SharedThings:
    facts = Facts(dict.fromkeys(f"a{number}" for number in range(10)))
    facts.uses = [(f"a{account}", "device", f"d{thing}", 1.0) for account, thing in sorted(uses)]
    return make_market(make_snapshot(facts)).things["device"]


def find_record(name: str) -> Channel:
    """The record of a channel in the catalogue."""
    return next(record for record in (*KINDS, *BEHAVIOURS) if record.name == name)


def make_trades(source: Ints, target: Ints) -> Dealings:
    return Dealings(find_record(TRADE), source, target)


def surprise(observed: float, expected: float) -> float:
    if observed <= expected:
        return 0.0
    return observed * log2(observed / expected) - (observed - expected) / log(2)


def share_surprise(observed: float, trials: float, chance: float) -> float:
    """Bits by which so many successes exceed chance, from the text of ``score_share``."""
    share, chance = observed / trials, min(chance, 1.0)
    if share <= chance:
        return 0.0
    return trials * float(rel_entr(share, chance) + rel_entr(1 - share, 1 - chance)) / log(2)
