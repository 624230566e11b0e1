"""The card of a model: what it was learnt from, how good it is, and what it must not be used for, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

import msgspec

from detection.beside import Figure, Side
from detection.risk.drift import MOVED
from detection.risk.file import KeptModel
from detection.risk.model import USUAL_LABELS

TEMPLATE, WORLDS = "card.md.j2", "worlds.json"


def write_card(kept: KeptModel, name: str, side: Side | None = None, run_id: str = "") -> str:
    """The card of a model.

    Parameters
    ----------
    kept
        The model.
    name
        Of its file.
    side
        How it was in a run, if there is one.
    run_id
        Of that run.
    """
    from jinja2 import Environment, StrictUndefined

    page = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    page.filters |= {"count": _say_count, "day": _say_day, "figure": _say_figure, "percent": _say_percent}
    told = {"sources": {}, "quarters": {}, "unlearned": None, "foretold": None, "leaks": []} | dict(kept.learnt)
    told["calibration"] = [each for each in told["calibration"] if each["rows"]]
    place = files("detection.training")
    worlds = json.loads(place.joinpath(WORLDS).read_text(encoding="utf-8"))
    return page.from_string(place.joinpath(TEMPLATE).read_text(encoding="utf-8")).render(
        kept=kept, told=told, name=name, side=side, run_id=run_id, worlds=worlds, moved=MOVED, usual_labels=USUAL_LABELS
    )


def _say_count(value: int) -> str:
    return f"{value:,}"


def _say_percent(value: float) -> str:
    return f"{value:.2%}"


def _say_day(instant: str | None) -> str:
    return instant[:10] if instant else "unknown"


def _say_figure(found: Figure | Mapping[str, float]) -> str:
    told = msgspec.structs.asdict(found) if isinstance(found, Figure) else found
    return f"{told['value']:.3f} [{told['low']:.3f}, {told['high']:.3f}]"
