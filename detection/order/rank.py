"""Rings in the order of the mean of two ranks: by their evidence, and by what the learned judge makes of them.

The guardrails, each a law of ``tests/detection/order``: no ring comes or goes; scores, bits, tiers, members and
sentences stay; each tier keeps the places that it has in the list, so that no watched ring passes one for review; a
ring of which a figure was not seen while learning keeps its place; a market that lacks what the judge was
learnt with keeps its order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from detection.channels.catalogue import PRAISE, TRADE
from detection.evidence.market import Market
from detection.order.features import FEATURES, RingFeatures, describe_rings
from detection.order.model import OrderModel
from detection.statistics import Bools
from graph.model import Floats, Ints
from graph.results import Ring
from graph.vocabulary import TIERS

MOST_NAMED = 2
"""Figures named as what moved a ring."""
PERSONAL, PLACE = "personal things", "places"
TRADES, PRAISES = "trades", "reviews"


@dataclass(frozen=True)
class OrderedRings:
    """The same rings, first told first; ``places`` say by ring id how each came to its place, ``notes`` what fell back.

    ``places`` are empty where nobody asked for anything but bits.
    """

    rings: tuple[Ring, ...]
    places: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def order_rings(rings: Sequence[Ring], market: Market, model: OrderModel) -> OrderedRings:
    """Order rings by the mean of both ranks.

    Parameters
    ----------
    rings
        By their bits, best first.
    market
        In which they were found.
    model
        The learned judge.
    """
    missing = [need for need in model.written.needs if need not in list_sides(market)]
    if missing:
        note = f"rings are told in the order of their evidence: this market has no {' and no '.join(missing)}"
        return OrderedRings(tuple(rings), {}, (f"{note}, and the learned judge was taught in markets that have",))
    return place_rings(rings, describe_rings(rings, market), model)


def list_sides(market: Market) -> frozenset[str]:
    """What a market has facts of, as far as judges ask for it."""
    roles = {found.record.role for found in market.things.values()}
    there = {
        PERSONAL: "personal" in roles,
        PLACE: "place" in roles,
        TRADES: TRADE in market.dealings,
        PRAISES: PRAISE in market.things,
    }
    return frozenset(name for name, is_there in there.items() if is_there)


def place_rings(rings: Sequence[Ring], features: RingFeatures, model: OrderModel) -> OrderedRings:
    """Order rings that are described; see :func:`order_rings`."""
    if not rings:
        return OrderedRings(())
    parts = model.split(features)
    known = model.know(features)
    is_known: Bools = np.all(known, axis=1)
    learned = rank_learned(parts.sum(axis=1), is_known)
    tiers = np.array([TIERS.index(ring.tier) for ring in rings])
    order = find_order(learned, fix_strange(tiers, is_known))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    places = {}
    for row, ring in enumerate(rings):
        why = _say_strange(features, model, row, known[row])
        if is_known[row]:
            pushed = parts[row] - parts[is_known].mean(axis=0)
            why = _say_moved(features, model, row, np.sign(row - place[row]) * pushed)
        by = f"{learned[row] + 1:g} by the learned judge, " if is_known[row] else ""
        places[ring.ring_id] = f"rank {row + 1} by its evidence, {by}together {place[row] + 1}{why}"
    strange = int((~is_known).sum())
    notes = (f"{strange} of {len(rings)} rings keep their place by evidence: the learned judge has not seen such",)
    return OrderedRings(tuple(rings[row] for row in order.tolist()), places, notes if strange else ())


def rank_learned(odds: Floats, is_known: Bools) -> Floats:
    """The learned ranks (R,), from 0: among the places of those that are known, equals sharing theirs.

    The others keep their own.

    >>> rank_learned(np.array([0.5, 9.0, 2.0, 0.5]), np.array([True, False, True, True])).tolist()
    [2.5, 1.0, 0.0, 2.5]
    """
    # Not above: every run imports this module, and hardly one needs what takes half a second to import.
    from scipy.stats import rankdata

    ranks = np.arange(len(odds), dtype=float)
    own = ranks[is_known]
    if len(own):
        ranks[is_known] = np.interp(rankdata(-odds[is_known], method="average") - 1, np.arange(len(own)), own)
    return ranks


def fix_strange(tiers: Ints, is_known: Bools) -> Ints:
    """Which rings may change places (R,): those of a tier that are known; the others each with nobody.

    >>> fix_strange(np.array([1, 1, 3, 1]), np.array([True, False, True, True])).tolist()
    [1, -2, 3, 1]
    """
    return np.where(is_known, tiers, -1 - np.arange(len(tiers)))


def find_order(learned: Floats, tiers: Ints) -> Ints:
    """Which ring comes in each place (R,): of each tier by the mean of both ranks, in the places that the tier has.

    Parameters
    ----------
    learned
        The learned ranks (R,); the own ones are 0, 1, 2, ...
    tiers
        Of each ring (R,); see :func:`fix_strange`.

    >>> find_order(np.array([3.0, 2.0, 0.0, 1.0]), np.array([2, 1, 1, 1])).tolist()
    [0, 2, 1, 3]
    """
    own = np.arange(len(learned))
    mean, order = (own + learned) / 2, np.arange(len(learned))
    for tier in np.unique(tiers):
        places = np.flatnonzero(tiers == tier)
        # Of equals the one with more bits comes first.
        order[places] = places[np.lexsort((places, mean[places]))]
    return order


def _say_moved(features: RingFeatures, model: OrderModel, row: int, pushed: Floats) -> str:
    """The figures that moved a ring most, in the direction in which it went."""
    named = [place for place in np.argsort(-pushed, kind="stable")[:MOST_NAMED].tolist() if pushed[place] > 0]
    return _say(features, row, [model.names[place] for place in named])


def _say_strange(features: RingFeatures, model: OrderModel, row: int, known: Bools) -> str:
    """Which figures nobody has seen yet."""
    said = _say(features, row, [model.names[place] for place in np.flatnonzero(~known)[:MOST_NAMED].tolist()])
    return f", for the learned judge has not seen such{said}"


def _say(features: RingFeatures, row: int, names: Sequence[str]) -> str:
    shown = [FEATURES[name].words.format(features.values[row, features.names.index(name)]) for name in names]
    return f": {'; '.join(shown)}" if shown else ""
