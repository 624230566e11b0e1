"""The commands that do long work: simulate, detect; and the completion script."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.options import parse_time
from cli.output import print_table, say
from cli.progress import show_progress
from detection.evaluation.worlds import SIMULATED
from graph.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from detection.settings import DetectSettings
    from graph.progress import Progress
    from graph.queries.answers import RingSummary
    from graph.stores.protocol import GraphStore

logger = logging.getLogger("ringfence.cli")

MOST_RINGS = 10


@click.command(short_help="Find rings and score every account and review.")
@click.option("--seed", type=click.IntRange(min=0), help="Start of all random choices; from the settings otherwise.")
@click.option("--as-of", type=parse_time, metavar="TIME", help="Use only what was known at this time (UTC).")
@click.option(
    "--encoder/--no-encoder", default=None, help="Also fit the encoder, for `similar`; takes ten seconds or more."
)
@click.option("--model", type=click.Path(path_type=Path, dir_okay=False), help="Learned risk, from `train`.")
@pass_workplace
def detect(
    workplace: Workplace, seed: int | None, as_of: datetime | None, encoder: bool | None, model: Path | None
) -> None:
    """Find rings and score every account and review.

    With a model, account scores are calibrated chances of fraud, and an account in no ring may come
    up for review.  The same store, settings, model and seed give the same result.

    A run as of the past is kept for --run to ask; the latest stays the one that knew most, and the
    verdicts on accounts and reviews stay its own.
    """
    from detection.run import WRITING
    from detection.run import detect as run_detection

    named = None if model is None else str(model)
    settings = choose_settings(workplace, seed=seed, encoder=encoder, model=named)
    location = workplace.find_location()
    with show_progress() as shown, _preparing_to_show(shown, WRITING) as progress:
        run_id = run_detection(location, settings, as_of=as_instant(as_of), progress=progress).run_id
    with workplace.open_store() as store:
        _show_rings(store, run_id)


def choose_settings(
    workplace: Workplace, *, seed: int | None, encoder: bool | None, model: str | None = ""
) -> DetectSettings:
    """The settings of detection: what the flags say, or else ringfence.toml; no model unless one is asked for."""
    from detection.settings import read_detect_settings

    settings = workplace.read_settings()
    flags = {"seed": seed, "encoder": encoder, "model": model}
    chosen = {name: value for name, value in flags.items() if value is not None}
    if model == "":
        chosen["challenger"] = ""  # what tries nothing beside nothing
    found = workplace.place_models(settings.detect)
    return read_detect_settings({"seed": settings.seed, **settings.detect, **found, **chosen})


def as_instant(as_of: datetime | None) -> np.datetime64 | None:
    """A time as arrays have it."""
    import numpy as np

    return None if as_of is None else np.datetime64(as_of, "us")


@contextmanager
def _preparing_to_show(progress: Progress, stage: str) -> Iterator[Progress]:
    """Progress that has what draws the rings imported when a stage begins that wants little of the interpreter."""
    beside = threading.Thread(target=_import_drawing)

    def report(now: str, rows_done: int, rows_total: int) -> None:
        progress(now, rows_done, rows_total)
        if now == stage and beside.ident is None:
            beside.start()

    try:
        yield report
    finally:
        if beside.ident is not None:
            beside.join()


def _import_drawing() -> None:
    import cli.draw_answers  # noqa: F401
    import graph.queries.rings
    import graph.queries.runs  # noqa: F401


def _show_rings(store: GraphStore, run_id: str) -> None:
    from cli.draw_answers import draw_rings
    from graph.queries.rings import list_rings
    from graph.queries.runs import find_latest_run, find_stored_run

    rings, run, latest = list_rings(store, run_id=run_id), find_stored_run(store, run_id), find_latest_run(store)
    say(f"Run {run.run_id}: {run.rings:,} rings, {run.flags:,} flags, {run.accounts:,} accounts scored.\n")
    print_table(draw_rings(rings[:MOST_RINGS]))
    for note in run.notes:
        logger.info("%s", note)
    if latest is not None and latest.run_id != run_id:
        say(f"\nThis run looked at the past: the verdicts stay those of run {latest.run_id}.")
        _say_next(rings, f" --run {run_id}")
    else:
        _say_next(rings, "")
        say("      ringfence export accounts -o scores.csv")


def _say_next(rings: list[RingSummary], which: str) -> None:
    say(f"\nNext: ringfence ring {rings[0].ring_id}{which}" if rings else "\nNext: ringfence runs")


@click.command(short_help="Make a market with planted rings to try things on.")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--accounts", type=click.IntRange(min=300), default=20_000, show_default=True, help="How many accounts.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another market.")
@click.option("--difficulty", type=click.Choice(["ordinary", "hard"]), default="ordinary", show_default=True)
@click.option(
    "--world", type=click.Choice(list(SIMULATED)), default="market", show_default=True, help="Who lives there."
)
@click.option("--events", is_flag=True, help="What accounts do besides, and rings that show in nothing else.")
@click.option("--tables", type=click.Choice(["csv", "csv.gz", "parquet"]), default="csv", show_default=True)
def simulate(out: Path, accounts: int, tables: Any, events: bool, **asked: Any) -> None:
    """Make a market with planted rings and honest look-alikes in the folder OUT.

    The truth lies in OUT/truth, for measuring only.  The same options give the same files.
    """
    from detection.evaluation.simulation.market import write_market
    from detection.evaluation.worlds import simulate_world

    with show_progress() as progress:
        progress("simulate", 0, accounts)
        market = simulate_world(asked["world"], accounts, asked["seed"], asked["difficulty"], with_events=events)
        progress("simulate", accounts, accounts)
        try:
            write_market(market, out, tables)
        except OSError as error:
            raise ConfigError(str(error)) from error
    say(f"{accounts:,} accounts in {out}, the truth in {out / 'truth'}")
    say(f"Next: ringfence load {out}")


_INSTALL = {
    "bash": "ringfence completion bash > ~/.local/share/bash-completion/completions/ringfence",
    "zsh": "ringfence completion zsh > a folder of your $fpath, under the name _ringfence",
    "fish": "ringfence completion fish > ~/.config/fish/completions/ringfence.fish",
}


@click.command(short_help="Print the script that completes commands in a shell.")
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell; its last line says how to install it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise ConfigError(f"no completion for {shell}")
    script = kind(context.find_root().command, {}, "ringfence", "_RINGFENCE_COMPLETE").source().strip()
    # zsh reads the first line of a completion file, so the line how to install it comes last.
    say(f"{script}\n\n# install: {_INSTALL[shell]}")


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (detect, simulate, completion)}
