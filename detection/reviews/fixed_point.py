"""Reach the fixed point of a map that creeps towards it, as expectation maximisation does, in fewer steps.

Squared extrapolation (Varadhan & Roland, Simple and globally convergent methods for accelerating the convergence of
any EM algorithm, Scandinavian Journal of Statistics 35, 2008, their step length S3): from two steps of the map follows
how fast it is slowing down, and from that where it is going.  One more step from there mends what was overdone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from graph.model import Floats

_FIRST_REACH = 4.0
"""How many steps of the map the first extrapolation may stand for; it may go further by this factor each time."""
_CALLS = 3
"""How often the map is called for one leap."""
_WORSE = 2.0
"""An extrapolation after which the map still moves by so much more than before was a mistake."""


def find_fixed_point(
    step: Callable[[Floats], Floats], start: Floats, *, watched: slice, enough: float, rounds: int
) -> Floats:
    """Apply ``step`` until it moves nothing that is watched by more than ``enough``.

    Parameters
    ----------
    step
        From (N,) to (N,); what it is given may lie outside of what it returns, so it has to bring that back.
    start, watched
        (N,) where to begin, and which of the numbers say how far there is to go.
    enough, rounds
        In the units of the watched numbers; and how often ``step`` is called, at most (two more at the end).

    Examples
    --------
    Each step takes off a hundredth of what is missing; thirty steps by themselves would leave three quarters of it.

    >>> import numpy as np
    >>> creep = lambda place: place + 0.01 * (np.array([3.0, -2.0]) - place)
    >>> find_fixed_point(creep, np.zeros(2), watched=slice(None), enough=1e-9, rounds=30).round(6).tolist()
    [3.0, -2.0]
    """
    place, reach = start, _FIRST_REACH
    for _ in range(0, rounds, _CALLS):
        once = step(place)
        twice = step(once)
        first, second = (once - place)[watched], (twice - once)[watched]
        if np.abs(second).max(initial=0.0) < enough:
            return twice
        length = _find_length(first, second, reach)
        far = place + 2.0 * length * (once - place) + length**2 * (twice - 2.0 * once + place)
        mended = step(far)
        if np.abs((mended - far)[watched]).max() > _WORSE * np.abs(first).max():
            place, reach = twice, max(reach / _FIRST_REACH, 1.0)
        else:
            place, reach = mended, reach * _FIRST_REACH if length == reach else reach
    return place


def _find_length(first: Floats, second: Floats, reach: float) -> float:
    """How many steps to go at once, 1 to ``reach``."""
    bend = float(np.sum((second - first) ** 2))
    return float(np.clip(np.sqrt(np.sum(first**2) / bend), 1.0, reach)) if bend > 0.0 else reach
