"""The commands that measure: evaluate against a truth, and redteam against planted rings."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.options import parse_time
from cli.output import Answer, Format, format_option, write_answer
from cli.progress import show_progress
from cli.work import as_instant, choose_settings
from graph.vocabulary import RING_KINDS

if TYPE_CHECKING:
    import numpy as np

    from detection.casework.heard import Heard
    from detection.evaluation.evaluate import Evaluation, MethodScore
    from detection.evaluation.truth import Truth
    from graph.casework.calibration import Chance
    from graph.contract.tables import CheckedTable
    from graph.model import Snapshot
    from graph.progress import Progress

logger = logging.getLogger("ringfence.cli")

# As in detection.evaluation.planting, whose arrays a wrong option need not wait for.
MEASURE_COLUMNS = ("section", "name", "measure", "value", "low", "high")
_SEPARATION = ("rows", "bad", "auc", "average_precision")
RATE_COLUMNS = ("kind", "sharing", "camouflage", "size", "planted", "review", "automatic")


@click.command(short_help="Measure detection against what is known to be true.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--truth", type=click.Path(path_type=Path), help="The folder of truth tables; FOLDER/truth otherwise.")
@click.option("--as-of", type=parse_time, metavar="TIME", help="Use only what was known at this time (UTC).")
@click.option("--ablate", is_flag=True, help="Also measure without each channel; one more run for each.")
@click.option("--baselines/--no-baselines", default=True, help="Also measure the usual recipes.  [default: yes]")
@click.option(
    "--resamples", type=click.IntRange(min=1), default=500, show_default=True, help="Draws behind each interval."
)
@click.option("--seed", type=click.IntRange(min=0), help="Start of all random choices; from the settings otherwise.")
@format_option
@pass_workplace
def evaluate(
    workplace: Workplace,
    folder: Path | None,
    truth: Path | None,
    as_of: datetime | None,
    ablate: bool,
    baselines: bool,
    resamples: int,
    seed: int | None,
    form: Format,
) -> None:
    """Measure detection against what is known to be true, on the tables in FOLDER or on the store.

    Prints how well the planted rings are recovered, which honest look-alikes and accounts are
    flagged, and how well scores separate bad accounts and reviews from good ones, with 95 %
    intervals; beside it what the usual recipes reach on the same links.  Before that the leak gate:
    detection is run again without the labels, with other labels and, with --as-of, on tables from
    which all later facts were removed; if a score changes, the command fails and says which.
    On a store, labels and what people decided count as true where the truth says nothing, or where
    there is none. Nothing is written into the store.
    """
    from detection.evaluation.evaluate import EvaluationPlan, evaluate_market
    from detection.evaluation.truth import Truth, read_truth
    from detection.statistics import Resampling

    settings = choose_settings(workplace, seed=seed, encoder=False)
    place = truth if truth is not None or folder is None else folder / "truth"
    told = Truth() if place is None else read_truth(place)
    plan = EvaluationPlan(baselines, ablate, Resampling(resamples, settings.seed))
    with show_progress() as progress, _open_market(workplace, folder, as_instant(as_of), progress) as market:
        known = hear_market(market, told)
        found = evaluate_market(market.snapshot, known, settings, plan=plan, past=market.past, progress=progress)
    found = dataclasses.replace(found, decided=_list_decided(market))
    for note in found.notes:
        logger.info("%s", note)
    rows = list(list_measures(found))
    write_answer(Answer(found, MEASURE_COLUMNS, rows, lambda: _figures().draw_evaluation(found)), form)


def hear_market(market: OpenMarket, told: Truth) -> Truth:
    """What is true, with what people decided where nothing else is known."""
    from detection.evaluation.decided import hear_truth

    known = told if market.heard is None else hear_truth(told, market.snapshot, market.heard)
    if not (known.rings or known.lookalikes or known.accounts or known.reviews):
        raise click.UsageError(
            "--truth is missing, and this store has no label, and no decision in its casebook, to measure by;"
            " name the folder of truth tables"
        )
    return known


def _list_decided(market: OpenMarket) -> tuple[Chance, ...]:
    """How often people confirmed rings of each tier, the gravest first."""
    from graph.casework.calibration import calibrate
    from graph.vocabulary import TIERS

    chances = {} if market.heard is None else calibrate(market.heard.rings.values())
    return tuple(chances[tier] for tier in reversed(TIERS) if tier in chances)


@click.command(short_help="Plant rings in a copy of the market and see which are caught.")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--kind", "kinds", multiple=True, type=click.Choice(RING_KINDS), help="Only rings of this kind.")
@click.option("--sizes", default="3,5,8,12,20", show_default=True, metavar="N,N", help="Accounts in a ring.")
@click.option(
    "--sharing", default="device,none", show_default=True, metavar="KIND,KIND", help="What members share; none too."
)
@click.option(
    "--camouflage", default="0,1,3", show_default=True, metavar="X,X", help="Ordinary dealings for each fraudulent one."
)
@click.option("--repeats", type=click.IntRange(min=1), default=4, show_default=True, help="Rings of each sort.")
@click.option("--as-of", type=parse_time, metavar="TIME", help="Use only what was known at this time (UTC).")
@click.option("--seed", type=click.IntRange(min=0), help="Start of all random choices; from the settings otherwise.")
@format_option
@pass_workplace
def redteam(
    workplace: Workplace,
    folder: Path | None,
    kinds: tuple[Any, ...],
    sizes: str,
    sharing: str,
    camouflage: str,
    repeats: int,
    as_of: datetime | None,
    seed: int | None,
    form: Format,
) -> None:
    """Plant rings in a copy of the market in FOLDER, or in the store, and see which would be caught.

    The new accounts are as old, as busy and as well equipped as the market's own, and hide behind
    copies of its ordinary dealings.  Says for each kind of ring and camouflage the smallest size of
    which at least half were caught, and how many of each size.  The market itself stays as it is.
    """
    from detection.evaluation.red_team import RedTeamPlan, attack_market

    settings = choose_settings(workplace, seed=seed, encoder=False)
    plan = RedTeamPlan(
        kinds=kinds or RING_KINDS,
        sizes=tuple(_parse_list(sizes, int, "--sizes", least=2)),
        sharing=tuple(dict.fromkeys(word.strip() for word in sharing.split(",") if word.strip())),
        camouflage=tuple(_parse_list(camouflage, float, "--camouflage", least=0)),
        repeats=repeats,
        seed=settings.seed,
    )
    with show_progress() as progress, _open_market(workplace, folder, as_instant(as_of), progress) as market:
        report = attack_market(market.snapshot, plan, settings, progress=progress)
    for note in report.notes:
        logger.info("%s", note)
    rows = [dataclasses.asdict(rate) for rate in report.rates]
    write_answer(Answer(report, RATE_COLUMNS, rows, lambda: _figures().draw_red_team(report)), form)


def _parse_list(text: str, kind: type[Any], option: str, *, least: int) -> list[Any]:
    """Distinct numbers, the smallest first."""
    try:
        numbers = sorted({kind(word) for word in text.split(",")})
    except ValueError:
        raise click.BadParameter(f"{text!r} is no list of numbers such as 3,5,8", param_hint=option) from None
    if not all(least <= number <= 10_000 for number in numbers):
        raise click.BadParameter(f"{text!r} holds a number below {least} or above 10000", param_hint=option)
    return numbers


@dataclass(frozen=True)
class OpenMarket:
    """What is measured; ``past`` was made from tables without any fact later than the instant asked for.

    ``heard`` is what people said of the market of a store.
    """

    snapshot: Snapshot
    past: Snapshot | None = None
    heard: Heard | None = None


@contextmanager
def _open_market(
    workplace: Workplace, folder: Path | None, as_of: np.datetime64 | None, progress: Progress
) -> Iterator[OpenMarket]:
    """The market of a folder, in a store that is gone afterwards; or that of the store."""
    if folder is None:
        from detection.casework.facts import read_heard

        with workplace.open_store() as store:
            snapshot, heard = store.snapshot(as_of=as_of), read_heard(store, as_of)
        yield OpenMarket(snapshot, heard=heard)
        return
    from graph.contract.as_of import forget_later
    from graph.contract.tables import check_reject_share, read_folder

    settings = workplace.read_settings()
    tables = read_folder(folder, settings, progress=progress)
    check_reject_share(tables, settings)
    snapshot = _take_snapshot(tables, as_of)
    yield OpenMarket(snapshot, None if as_of is None else _take_snapshot(forget_later(tables, as_of), as_of))


def _take_snapshot(tables: dict[str, CheckedTable], as_of: np.datetime64 | None) -> Snapshot:
    """By the way that every market takes: through a store."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        Workplace(store=f"{scratch}/store").open_store(mode="write") as store,
    ):
        store.load(tables)
        return store.snapshot(as_of=as_of)


def list_measures(found: Evaluation) -> Iterator[dict[str, Any]]:
    """Every figure of an evaluation as a row."""
    for method in (*found.methods, *found.ablated):
        yield from _list_method(method)
    measured = found.measured
    counts = ("review", "automatic")
    for share in measured.found:
        yield from _list_fields("rings by " + share.by, share.part, share, ("planted", "found", *counts))
    for group in measured.lookalikes:
        yield from _list_fields("look-alikes", group.kind, group, ("groups", *counts))
    for part in (*measured.accounts, *measured.reviews):
        yield from _list_fields(f"{part.subject}s", part.part, part, _SEPARATION)
    for tier in measured.tiers:
        fields = ("flagged", "bad", "honest", "precision", "honest_share")
        yield from _list_fields("account flags", tier.tier, tier, fields)
    for chance in found.decided:
        interval = {"value": chance.share, "low": chance.low, "high": chance.high}
        yield from _list_fields("decided rings", chance.tier, chance, ("decided", "hits"))
        yield {"section": "decided rings", "name": chance.tier, "measure": "precision", **interval}
    for each in measured.calibration:
        bounds = f"{each.low:.1f}-{each.high:.1f}"
        yield from _list_fields("calibration", bounds, each, ("rows", "mean_score", "bad_share"))


def _list_method(method: MethodScore) -> Iterator[dict[str, Any]]:
    if method.rings is not None:
        fields = ("listed", "hits", "planted", "average_precision", "recall", "precision", "recall_when_sure")
        yield from _list_fields("rings", method.name, method.rings, fields)
        for place, value in method.rings.precision_at.items():
            yield _measure("rings", method.name, f"precision_at_{place}", value)
    for part in (method.accounts, method.reviews):
        if part is not None:
            yield from _list_fields(f"{part.subject}s by method", method.name, part, _SEPARATION)


def _list_fields(section: str, name: str, result: object, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    for field in fields:
        yield _measure(section, name, field, getattr(result, field))


def _measure(section: str, name: str, measure: str, value: Any) -> dict[str, Any]:
    interval = value if dataclasses.is_dataclass(value) and not isinstance(value, type) else None
    figures = {"value": value, "low": None, "high": None} if interval is None else dataclasses.asdict(interval)
    return {"section": section, "name": name, "measure": measure, **figures}


def _figures() -> Any:
    # rich is for tables only.
    from cli import draw_measures as figures

    return figures


COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (evaluate, redteam)}
