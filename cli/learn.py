"""The command that learns: train."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import Answer, Format, format_option, write_answer
from cli.progress import show_progress
from cli.work import as_instant, choose_settings, parse_time
from cli.workplace import Workplace, pass_workplace

if TYPE_CHECKING:
    from detection.learn import Training

DEFAULT_MODEL = Path("risk.model")
MEASURE_COLUMNS = ("section", "name", "measure", "value", "low", "high")


@click.command(short_help="Learn account risk from labels.")
@click.option(
    "--output",
    "-o",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_MODEL,
    show_default=True,
    help="The model's file; replaced when the new one is complete.",
)
@click.option("--as-of", type=parse_time, metavar="TIME", help="Use only facts and labels known at this time (UTC).")
@click.option("--seed", type=click.IntRange(min=0), help="Start of all random choices; from the settings otherwise.")
@format_option
@pass_workplace
def train(workplace: Workplace, path: Path, as_of: datetime | None, seed: int | None, form: Format) -> None:
    """Learn account risk from the store's labels, for `ringfence detect --model`.

    At least five accounts must be labelled fraud and five legit; twenty of each are a beginning, a
    few hundred are good.  Prints how well accounts that were held out are told apart, with 95 %
    intervals, what the chances mean, and what they rest on.  The store is only read.  The same
    store, settings and seed give the same file, to the byte.
    """
    from detection.learn import train as train_model

    settings, location = choose_settings(workplace, seed=seed, encoder=False, model=""), workplace.find_location()
    with show_progress() as progress:
        training = train_model(location, path, settings, as_of=as_instant(as_of), progress=progress)
    write_answer(Answer(training, MEASURE_COLUMNS, list_measures(training), lambda: _draw(training)), form)
    if form == "table":
        click.echo(f"\nNext: ringfence detect --model {path}")


def list_measures(training: Training) -> Iterator[dict[str, Any]]:
    """Every figure of a training as one row."""
    for part in (training.learned, training.unlearned):
        for measure in ("auc", "average_precision"):
            found = getattr(part, measure)
            yield _row("known accounts", part.part, measure, found.value, found.low, found.high)
    for each in training.calibration:
        name = f"{each.low:.1f}-{each.high:.1f}"
        yield _row("calibration", name, "share of fraud", each.bad_share.value, each.bad_share.low, each.bad_share.high)
    for name, weight in training.parts.items():
        yield _row("parts", name, "weight", weight)
    for name, weight in training.topics:
        yield _row("topics", name, "mean change of log-odds", weight)


def _row(section: str, name: str, measure: str, value: float, low: float | None = None, high: float | None = None) -> (
    dict[str, Any]
):  # fmt: skip
    return {"section": section, "name": name, "measure": measure, "value": value, "low": low, "high": high}


def _draw(training: Training) -> Any:
    from cli.figures import draw_training

    return draw_training(training)


COMMANDS: dict[str, click.Command] = {"train": train}
