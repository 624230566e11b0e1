"""A whole evaluation: Ringfence through the leak gate, beside the usual recipes, and without each channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from detection.evaluation.baselines import RankedGroups, run_baselines
from detection.evaluation.leak_gate import LeakCheck, check_dates, check_leaks
from detection.evaluation.measures import (
    Measured,
    RankingScore,
    match_groups,
    measure_run,
    restrict_truth,
    score_ranking,
)
from detection.evaluation.truth import Truth
from detection.evidence.market import make_market
from detection.run import find_run
from detection.settings import DetectSettings
from detection.statistics import Resampling, Separation, separate_scores
from graph.casework.calibration import Chance
from graph.model import Snapshot
from graph.progress import Progress, no_progress
from graph.results import RunResult


@dataclass(frozen=True)
class MethodScore:
    """What one method reaches; None where the truth, or the method, says nothing."""

    name: str
    rings: RankingScore | None
    accounts: Separation | None
    reviews: Separation | None


@dataclass(frozen=True)
class Evaluation:
    """Everything that is printed.

    ``methods`` are Ringfence and the recipes; ``ablated`` Ringfence without one channel each; ``decided`` says how
    often people confirmed rings of each tier.
    """

    accounts: int
    as_of: np.datetime64 | None
    leaks: tuple[LeakCheck, ...]
    measured: Measured
    methods: tuple[MethodScore, ...]
    ablated: tuple[MethodScore, ...]
    notes: tuple[str, ...]
    decided: tuple[Chance, ...] = ()


@dataclass(frozen=True)
class EvaluationPlan:
    """What to do beside measuring the run itself."""

    baselines: bool = True
    ablate: bool = False
    resampling: Resampling = field(default_factory=Resampling)


def evaluate_market(
    snapshot: Snapshot,
    truth: Truth,
    settings: DetectSettings,
    *,
    plan: EvaluationPlan | None = None,
    past: Snapshot | None = None,
    progress: Progress = no_progress,
) -> Evaluation:
    """Detect, pass the leak gate, and measure.

    Parameters
    ----------
    snapshot, truth, settings
        The market, what is true of it, and what to look for.
    plan, progress
        What else to run (the recipes and nothing else by default), and who is told of each step.
    past
        For the gate: the same market made without any later fact.

    Raises
    ------
    LeakError
        If a score rests on the future or on labels.
    DataError
        If the truth is that of another market.
    """
    plan = plan or EvaluationPlan()
    known = restrict_truth(truth, snapshot)
    settings = settings.without_decisions()
    check_dates(snapshot)  # before anything long
    run = find_run(snapshot, settings)
    progress("detecting", 1, 1)
    leaks = check_leaks(snapshot, run, settings, past=past)
    progress("passing the leak gate", 1, 1)
    measured = measure_run(run, snapshot, known, plan.resampling)
    recipes = tuple(_run_recipes(snapshot, known, settings, plan, progress)) if plan.baselines else ()
    ablated = tuple(_ablate(snapshot, known, settings, plan, progress)) if plan.ablate else ()
    methods, notes = (_summarise("Ringfence", measured), *recipes), (*_note_gaps(truth, known), *run.notes)
    return Evaluation(snapshot.n_accounts, snapshot.as_of, leaks, measured, methods, ablated, notes)


def measure_method(run: RunResult, snapshot: Snapshot, truth: Truth, *, name: str, resampling: Resampling) -> (
    MethodScore
):  # fmt: skip
    """The summary of one run."""
    return _summarise(name, measure_run(run, snapshot, truth, resampling))


def _summarise(name: str, measured: Measured) -> MethodScore:
    accounts, reviews = (next(iter(parts), None) for parts in (measured.accounts, measured.reviews))
    return MethodScore(name, measured.rings, accounts, reviews)


def _run_recipes(
    snapshot: Snapshot, truth: Truth, settings: DetectSettings, plan: EvaluationPlan, progress: Progress
) -> Iterator[MethodScore]:
    for number, found in enumerate(run_baselines(make_market(snapshot, settings), seed=settings.seed), start=1):
        progress("running the usual recipes", number, number)
        yield _score_recipe(found, snapshot, truth, plan.resampling)


def _score_recipe(found: RankedGroups, snapshot: Snapshot, truth: Truth, resampling: Resampling) -> MethodScore:
    rings = accounts = None
    if truth.rings:
        groups = [frozenset(snapshot.account_id[rows].tolist()) for rows in found.members]
        rings = score_ranking(match_groups(groups, truth.rings), len(truth.rings), resampling)
    if truth.accounts:
        row = {name: place for place, name in enumerate(snapshot.account_id.tolist())}
        rows = np.array([row[name] for name in truth.accounts.subject.tolist()], dtype=np.int64)
        scores = found.account_score[rows]
        accounts = separate_scores("account", "all", scores, truth.accounts.is_bad, resampling)
    return MethodScore(found.name, rings, accounts, None)


def _ablate(
    snapshot: Snapshot, truth: Truth, settings: DetectSettings, plan: EvaluationPlan, progress: Progress
) -> Iterator[MethodScore]:
    """Run without one channel after the other."""
    names = list(make_market(snapshot, settings).channels)
    for number, name in enumerate(names, start=1):
        without = msgspec.structs.replace(settings, exclude_channels=(*settings.exclude_channels, name))
        run = find_run(snapshot, without)
        progress("running without each channel", number, len(names))
        yield measure_method(run, snapshot, truth, name=f"without {name}", resampling=plan.resampling)


def _note_gaps(truth: Truth, known: Truth) -> Iterator[str]:
    """What of the truth could not be used."""
    for name, before, after in (
        ("rings", truth.rings, known.rings),
        ("look-alike groups", truth.lookalikes, known.lookalikes),
    ):
        if len(before) > len(after):
            yield f"{len(before) - len(after)} of {len(before)} {name} have fewer than two members in the market"
    for name, told, used in (
        ("accounts", truth.accounts, known.accounts),
        ("reviews", truth.reviews, known.reviews),
    ):
        n_told, n_used = (0 if part is None else len(part.subject) for part in (told, used))
        if n_told > n_used:
            yield f"{n_told - n_used:,} of {n_told:,} {name} of the truth are not in the market"
    if truth.accounts is None and known.accounts is not None:
        yield "the truth has no accounts table: members of its rings count as bad, and everybody else as good"
