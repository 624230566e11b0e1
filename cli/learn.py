"""The command that learns: train."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.options import parse_time
from cli.output import Answer, Format, as_rows, format_option, list_columns, say, write_answer
from cli.progress import show_progress
from cli.work import as_instant, choose_settings

if TYPE_CHECKING:
    import numpy as np

    from detection.settings import DetectSettings
    from detection.training.encoder import EncoderTraining
    from detection.training.order import OrderTraining
    from detection.training.risk import Training
    from graph.stores.location import Location

DEFAULT_MODEL, DEFAULT_ENCODER, DEFAULT_ORDER = Path("risk.model"), Path("accounts.encoder"), Path("rings.json")
MEASURE_COLUMNS = ("section", "name", "measure", "value", "low", "high")


@click.command(short_help="Learn account risk from labels.")
@click.option(
    "--output",
    "-o",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write, replaced when the new one is complete."
    f"  [default: {DEFAULT_MODEL}, {DEFAULT_ENCODER} or {DEFAULT_ORDER}]",
)
@click.option("--encoder", "is_encoder", is_flag=True, help="Train what `similar` compares by; needs no labels.")
@click.option("--rings", "is_order", is_flag=True, help="Train what rings are ordered by; needs no labels.")
@click.option("--as-of", type=parse_time, metavar="TIME", help="Use only facts and labels known at this time (UTC).")
@click.option("--seed", type=click.IntRange(min=0), help="Start of all random choices; from the settings otherwise.")
@format_option
@pass_workplace
def train(
    workplace: Workplace,
    path: Path | None,
    is_encoder: bool,
    is_order: bool,
    as_of: datetime | None,
    seed: int | None,
    form: Format,
) -> None:
    """Learn account risk from the store's labels, for `ringfence detect --model`.

    At least five accounts must be labelled fraud and five legit; twenty of each are a beginning, a
    few hundred are good.  Prints how well accounts that were held out are told apart, with 95 %
    intervals, what the chances mean, and what they rest on.  The store is only read.  The same
    store, settings and seed give the same file, to the byte.

    With --encoder, learns from the market's own structure what accounts look like, and from labels
    where there are as many: for `ringfence similar --encoder FILE`.  A training that was killed goes
    on where it was.

    With --rings, learns in which order rings are told: from simulated markets, and from rings and
    honest groups planted in a copy of this one; no label and no decision has a part in it.  Takes
    some minutes.  For rerank and rerank_file under [detect].
    """
    if is_encoder and is_order:
        raise click.UsageError("--encoder and --rings are two trainings; run one after the other")
    settings, asked = choose_settings(workplace, seed=seed, encoder=False, model=""), as_instant(as_of)
    if is_order:
        _train_order(workplace.find_location(), path or DEFAULT_ORDER, settings, asked, form)
    elif is_encoder:
        _train_encoder(workplace.find_location(), path or DEFAULT_ENCODER, settings, asked, form)
    else:
        _train_model(workplace.find_location(), path or DEFAULT_MODEL, settings, asked, form)


def _train_model(
    location: Location, path: Path, settings: DetectSettings, as_of: np.datetime64 | None, form: Format
) -> None:
    from detection.training.risk import train as train_model

    with show_progress() as progress:
        training = train_model(location, path, settings, as_of=as_of, progress=progress)
    write_answer(Answer(training, MEASURE_COLUMNS, list_measures(training), lambda: _draw(training)), form)
    if form == "table":
        say(f"\nNext: ringfence detect --model {path}")


def _train_encoder(
    location: Location, path: Path, settings: DetectSettings, as_of: np.datetime64 | None, form: Format
) -> None:
    from detection.training.encoder import train_encoder

    with show_progress() as progress:
        training = train_encoder(location, path, settings, as_of=as_of, progress=progress)
    rows = as_rows([training])
    write_answer(Answer(training, list_columns(type(training)), rows, lambda: _draw_encoder(training)), form)
    if form == "table":
        say(f"\nNext: ringfence similar --encoder {path} ID")


def _train_order(
    location: Location, path: Path, settings: DetectSettings, as_of: np.datetime64 | None, form: Format
) -> None:
    from detection.training.order import train_order

    with show_progress() as progress:
        training = train_order(location, path, settings, as_of=as_of, progress=progress)
    rows = [
        {"market": name, "rings": n, "planted": training.planted[name]} for name, n in sorted(training.rings.items())
    ]
    write_answer(Answer(training, ("market", "rings", "planted"), rows, lambda: _draw_order(training)), form)
    if form == "table":
        say(f'\nNext: rerank = true and rerank_file = "{path}" under [detect] in ringfence.toml')


def list_measures(training: Training) -> Iterator[dict[str, Any]]:
    """Every figure of a training as one row."""
    foretold = () if training.foretold is None else (training.foretold,)
    for part in (training.learned, training.unlearned, *foretold):
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


def _draw_encoder(training: EncoderTraining) -> str:
    labels = (
        f"{training.labelled:,} labelled ones, {training.fraud:,} of them fraud" if training.labelled else "no labels"
    )
    return (
        f"Learnt from {training.accounts:,} accounts and {labels}, in {training.steps:,} steps."
        f"  Loss without labels: {training.first_loss:.2f} at first, {training.last_loss:.2f} at last."
    )


def _draw_order(training: OrderTraining) -> str:
    told = (f"{n:,} of {name} ({training.planted[name]:,} planted)" for name, n in sorted(training.rings.items()))
    return f"Learnt from listed rings: {', '.join(told)}.  Markets need {', '.join(training.needs) or 'nothing'}."


def _draw(training: Training) -> Any:
    from cli.draw_measures import draw_training

    return draw_training(training)


COMMANDS: dict[str, click.Command] = {"train": train}
