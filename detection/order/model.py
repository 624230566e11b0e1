"""The learned judge of rings: for each figure of a ring a flight of steps, which only rises or only falls; their sum.

It is a file of plain numbers that a person can read.  What a step adds or takes away does not hang on the other
figures, so that what moved a ring can be said exactly.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from detection.order.features import FEATURES, RingFeatures
from graph.errors import ConfigError
from graph.model import Floats

SCHEMA = 1
SHIPPED = "shipped.json"


class Steps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one figure adds to the log-odds.

    ``adds`` (K + 1,) belongs to the values up to each of the ``bounds`` (K,), and beyond the last; between ``low`` and
    ``high`` lies what was seen while learning.
    """

    low: float
    high: float
    bounds: tuple[float, ...]
    adds: tuple[float, ...]

    def add(self, values: Floats) -> Floats:
        """The part of some values in the log-odds (R,)."""
        return np.array(self.adds)[np.searchsorted(np.array(self.bounds), values, side="left")]


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file: what was learnt, of which rings, and in markets with which channels.

    ``needs`` are the roles and doings that every market had that it was learnt in.
    """

    schema: int
    needs: tuple[str, ...]
    learnt_from: dict[str, int]
    constant: float
    steps: dict[str, Steps]


@dataclass(frozen=True)
class OrderModel:
    """A learned judge, with the checksum of its file."""

    written: Written
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        """The figures that it looks at."""
        return tuple(self.written.steps)

    @cached_property
    def _steps(self) -> tuple[Steps, ...]:
        return tuple(self.written.steps.values())

    def split(self, features: RingFeatures) -> Floats:
        """What each figure adds to the log-odds of each ring (R, F)."""
        values = features.pick(self.names)
        return np.column_stack([each.add(values[:, place]) for place, each in enumerate(self._steps)])

    def know(self, features: RingFeatures) -> NDArray[np.bool_]:
        """Which figures of each ring are such as were seen while learning (R, F)."""
        values = features.pick(self.names)
        low, high = (np.array([getattr(each, end) for each in self._steps]) for end in ("low", "high"))
        known: NDArray[np.bool_] = (values >= low) & (values <= high)
        return known


def read_order_model(path: Path | None = None) -> OrderModel:
    """Read a judge from its file; the one that is shipped if none is given.

    Raises
    ------
    ConfigError
        If there is no such file, or it is not one that `ringfence train --rings` wrote.
    """
    name = path or files("detection.order") / SHIPPED
    try:
        text = name.read_bytes()
    except OSError as error:
        raise ConfigError(f"rerank_file in the settings: {path} cannot be read: {error.strerror}") from error
    try:
        written = msgspec.json.decode(text, type=Written)
        check_written(written)
    except (msgspec.DecodeError, ValueError) as error:
        hint = "write one with `ringfence train --rings`"
        raise ConfigError(f"rerank_file in the settings: {path} is no judge of rings: {error}; {hint}") from error
    return OrderModel(written, hashlib.sha256(text).hexdigest())


def check_written(written: Written) -> None:
    """Refuse what was not learnt under the rules.

    Raises
    ------
    ValueError
        If a figure is not known, steps are not in order, or go against the direction in which the figure may speak.
    """
    if written.schema != SCHEMA:
        raise ValueError(f"schema {written.schema} where {SCHEMA} is known")
    for name, steps in written.steps.items():
        if name not in FEATURES:
            raise ValueError(f"it asks for {name!r}, which is not described here")
        numbers = np.array([*steps.bounds, *steps.adds, steps.low, steps.high, written.constant])
        if len(steps.adds) != len(steps.bounds) + 1 or not np.isfinite(numbers).all():
            raise ValueError(f"the steps of {name}")
        if (np.diff(steps.bounds) <= 0).any() or (FEATURES[name].direction * np.diff(steps.adds) < 0).any():
            raise ValueError(f"the steps of {name} do not go one way")


def write_order_model(written: Written) -> bytes:
    """The file's bytes: the same for the same judge."""
    return msgspec.json.format(msgspec.json.encode(written), indent=1) + b"\n"
