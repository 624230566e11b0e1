"""Two models side by side, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.draw_parts import draw_section, make_table, show_text

if TYPE_CHECKING:
    from detection.job.promotion import Trial

_ADVICE = {
    "promote": "Everything speaks for a switch: ringfence model promote --reason …",
    "wait": "Wait: what is missing comes with runs, and with decisions.",
    "look": "Look first: something speaks against a switch.",
}


def draw_trial(trial: Trial, rows: Sequence[dict[str, Any]], advice: str) -> RenderableType:
    """Run by run what both said, what speaks for a switch and against it, and what to do."""
    figures = ("accounts", "rings", "later", "AUC", "average precision", "expected", "drift")
    table = make_table("run", "when", *figures, right={*figures})
    for row in rows:
        table.add_row(show_text(row["run_id"]), _show_time(row["finished_at"]), *_show_figures(row))
    checks = make_table("check", "", "says")
    for each in trial.checks:
        state = Text("holds", style="green") if each.passed else Text("fails", style="bold red")
        checks.add_row(each.name, state, show_text(each.words))
    champion = trial.champion[:12] or "no model"
    head = Text(f"The model {champion} acts, and {trial.challenger[:12]} is tried beside it.", style="bold")
    parts: list[RenderableType] = [head]
    parts += draw_section("Side by side: the model > the challenger", [table] if rows else [])
    parts += draw_section("What is asked of the challenger", [checks])
    return Group(*parts, Text(f"\n{_ADVICE[advice]}"))


def _show_figures(row: dict[str, Any]) -> list[str]:
    later = "" if row["fraud"] is None else f"{row['fraud']:,} + {row['legit']:,}"
    pairs = [(f"champion_{name}", f"challenger_{name}") for name in ("auc", "average_precision", "expected", "drift")]
    places = (3, 3, 1, 2)
    figures = [f"{_show(row[one], n)} > {_show(row[two], n)}" for (one, two), n in zip(pairs, places, strict=True)]
    return [f"{row['accounts_moved']:,}", f"{row['rings_moved']:,}", later, *figures]


def _show(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def _show_time(at: Any) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
