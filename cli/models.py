"""The command ``model``: its card, two models side by side, and the switch from one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.decide import by_option, reason_option
from cli.output import Answer, Format, format_option, say, write_answer
from cli.work import choose_settings
from graph.errors import ConfigError, RingfenceError

if TYPE_CHECKING:
    from detection.beside import Side
    from detection.job.promotion import Switch, Trial
    from detection.settings import DetectSettings
    from graph.queries.answers import RunSummary

ROUND_COLUMNS = (
    "run_id", "finished_at", "accounts_moved", "rings_moved", "in_common", "fraud", "legit", "champion_auc",
    "challenger_auc", "champion_average_precision", "challenger_average_precision", "gained", "gained_low",
    "gained_high", "champion_expected", "challenger_expected", "champion_drift", "challenger_drift",
)  # fmt: skip


@click.group(short_help="Look at a model, try another beside it, and switch.")
def model() -> None:
    """Look at a model, try another one beside it, and switch.

    `model` under [detect] in ringfence.toml names the one that acts, `challenger` the one that every run
    tries beside it, and that acts on nothing.
    """


@model.command(short_help="Write what a model is, and must not be used for.")
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--output", "-o", "out", type=click.Path(path_type=Path, dir_okay=False), help="A file to write.")
@pass_workplace
def card(workplace: Workplace, path: Path | None, out: Path | None) -> None:
    """Write the card of the model FILE, or else of the one that acts, as Markdown.

    What it was learnt from, how well it tells accounts apart, what its chances mean, how far the market
    has moved since, as the latest run with it tells, and what it must not be used for.
    """
    from detection.risk.file import read_model
    from detection.training.card import write_card
    from graph.files import replace_file

    named = path or _name_model(_choose(workplace))
    kept = read_model(named)
    found = _find_side(workplace, kept.sha256)
    text = write_card(kept, named.name, *found)
    if out is None:
        say(text.rstrip("\n"))
    else:
        replace_file(out, text.encode())


def _name_model(settings: DetectSettings) -> Path:
    if not settings.model:
        raise ConfigError("[detect] in the settings names no model; name a file: ringfence model card FILE")
    return Path(settings.model)


def _find_side(workplace: Workplace, sha256: str) -> tuple[Side | None, str]:
    """How a model was in the latest run that had it; a card takes no store."""
    from detection.job.promotion import read_beside

    try:
        runs = _list_runs(workplace)
    except RingfenceError:
        runs = []
    for run in runs:
        beside = read_beside(run)
        for side in (beside.champion, beside.challenger) if beside is not None else ():
            if side is not None and side.sha256 == sha256:
                return side, run.run_id
    return None, ""


@model.command(short_help="Show two models side by side, run by run.")
@click.option("--runs", "n", type=click.IntRange(min=1), default=10, show_default=True, help="So many latest ones.")
@format_option
@pass_workplace
def compare(workplace: Workplace, n: int, form: Format) -> None:
    """Show the model that acts and the challenger side by side, in the runs that had both.

    Run by run: whose tier would be another, how both tell apart who was decided about since both were
    trained, how many frauds they expect among these, and drift; then what speaks for a switch, and what
    against it. Changes nothing.
    """
    import msgspec

    trial = _find_trial(workplace)
    rows = [list_round(each) for each in trial.rounds[:n]]
    document = {
        "champion": trial.champion,
        "challenger": trial.challenger,
        "advice": advise(trial),
        "checks": msgspec.to_builtins(trial.checks),
        "rounds": rows,
    }
    write_answer(Answer(document, ROUND_COLUMNS, rows, lambda: _draw(trial, rows)), form)


def advise(trial: Trial) -> str:
    """What to do about a challenger, in a word: `promote`, `wait` for runs or decisions, or `look`."""
    if trial.passed:
        return "promote"
    failed = {each.name for each in trial.checks if not each.passed}
    return "wait" if failed <= {"least_runs", "least_labels"} else "look"


def list_round(found: Any) -> dict[str, Any]:
    """One run as a row."""
    beside = found.beside
    difference = beside.difference
    row = dict.fromkeys(ROUND_COLUMNS) | {"run_id": found.run_id, "finished_at": found.finished_at}
    row |= {
        "accounts_moved": sum(difference.moved.values()),
        "rings_moved": sum(difference.rings_moved.values()),
        "in_common": difference.in_common,
    }
    for name in ("champion", "challenger"):
        side, later = getattr(beside, name), getattr(difference, name)
        row[f"{name}_drift"] = None if side is None else side.score_drift
        if later is not None:
            row |= {"fraud": later.fraud, "legit": later.legit, f"{name}_expected": later.expected}
            for measure in ("auc", "average_precision"):
                figure = getattr(later, measure)
                row[f"{name}_{measure}"] = None if figure is None else figure.value
    if difference.gained is not None:
        gained = difference.gained
        row |= {"gained": gained.value, "gained_low": gained.low, "gained_high": gained.high}
    return row


def _draw(trial: Trial, rows: list[dict[str, Any]]) -> Any:
    from cli.draw_models import draw_trial

    return draw_trial(trial, rows, advise(trial))


@model.command(short_help="Let the challenger act.")
@click.option("--despite", multiple=True, metavar="CHECK", help="Switch although this check fails.  Repeatable.")
@reason_option
@by_option
@pass_workplace
def promote(workplace: Workplace, despite: tuple[str, ...], reason: str, by: str) -> None:
    """Let the challenger act in the place of the model, whose file is kept.

    Refused until it was side by side with it in as many runs as [run.models] asks for, and where anything
    else speaks against it that --despite does not name. What was switched, by whom, why and after which
    runs is written down. The next run acts by it; `ringfence model revert` takes it back.
    """
    from detection.job import promotion
    from detection.job.record import JobsFolder

    trial = _find_trial(workplace)
    unknown = {*despite} - {each.name for each in trial.checks}
    if unknown:
        known = ", ".join(each.name for each in trial.checks)
        raise ConfigError(f"--despite {sorted(unknown)[0]!r} is no check; they are {known}")
    asker, jobs = promotion.Asker(by, reason), JobsFolder(workplace.place_jobs())
    switch = promotion.promote(jobs, _choose(workplace), trial, asker, despite=despite)
    _say_switch(switch, "ringfence model revert takes it back")


@model.command(short_help="Go back to the model that acted before.")
@reason_option
@by_option
@pass_workplace
def revert(workplace: Workplace, reason: str, by: str) -> None:
    """Go back to the model that acted before the last switch. The next run acts by it."""
    from detection.job import promotion
    from detection.job.record import JobsFolder

    asker = promotion.Asker(by, reason)
    switch = promotion.revert(JobsFolder(workplace.place_jobs()), _choose(workplace), asker)
    _say_switch(switch, "the challenger is tried beside it as before")


def _say_switch(switch: Switch, then: str) -> None:
    say(f"The model {switch.after[:12]} acts from the next run on, in the place of {switch.before[:12]}; {then}.")


def _choose(workplace: Workplace) -> DetectSettings:
    return choose_settings(workplace, seed=None, encoder=None, model=None)


def _find_trial(workplace: Workplace) -> Trial:
    from detection.job.promotion import find_trial
    from detection.job.settings import read_job_settings

    rules = read_job_settings(workplace.read_settings().run).models
    return find_trial(_list_runs(workplace), _choose(workplace), rules)


def _list_runs(workplace: Workplace) -> list[RunSummary]:
    from graph.queries.runs import list_runs

    with workplace.open_store() as store:
        return list_runs(store)


COMMANDS: dict[str, click.Command] = {"model": model}
