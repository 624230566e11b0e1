"""The figures of `evaluate`, `redteam` and `train` as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.draw_parts import show_text
from detection.risk.model import USUAL_LABELS

if TYPE_CHECKING:
    from detection.evaluation.evaluate import Evaluation, MethodScore
    from detection.evaluation.measures import Measured, ScoreBin
    from detection.evaluation.red_team import CatchRate, RedTeamReport
    from detection.statistics import Estimate, Separation
    from detection.training.risk import Training

_ZERO = "·"
SHOWN_TOPICS = 10


def show_share(value: float) -> str:
    """A share to three places; a dash where it has no meaning.

    >>> show_share(0.25), show_share(float("nan"))
    ('0.250', '–')
    """
    return "–" if math.isnan(value) else f"{value:.3f}"


def show_estimate(estimate: Estimate) -> str:
    """A figure with its interval."""
    if math.isnan(estimate.low):
        return show_share(estimate.value)
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def draw_evaluation(found: Evaluation) -> RenderableType:
    """One section for each question."""
    as_of = "" if found.as_of is None else f", as of {str(found.as_of)[:19]}"
    head = Text(f"{found.accounts:,} accounts{as_of}.  Intervals are 95 %.", style="bold")
    leaks = [Text(f"{check.name}: {check.sentence}") for check in found.leaks]
    parts = [head, *_section("Leak gate: passed", leaks)]
    parts += _section("Planted rings, as each method ranks its groups", _draw_methods(found.methods))
    parts += _section("What was found, and at which tier", _draw_found(found.measured))
    parts += _section("Honest look-alike groups, and those accused", _draw_lookalikes(found.measured))
    parts += _section("Accounts and reviews: bad against good", _draw_separations(found))
    parts += _section("Flagged accounts", _draw_tiers(found.measured))
    parts += _section("Rings that people decided about, by the tier they had then", _draw_decided(found))
    parts += _section("What account scores mean", _draw_calibration(found.measured))
    parts += _section("Ringfence without one channel", _draw_ablated(found))
    return Group(*parts)


def _draw_methods(methods: Sequence[MethodScore]) -> list[RenderableType]:
    scored = [(method.name, method.rings) for method in methods if method.rings is not None]
    if not scored:
        return []
    places = tuple(scored[0][1].precision_at)
    names = ("listed", "hit", "average precision", "recall", "sure", *(f"p@{place}" for place in places))
    table = _table("method", *names)
    for name, rings in scored:
        at = [f"{rings.precision_at[place]:.2f}" for place in places]
        table.add_row(
            name, f"{rings.listed:,}", f"{rings.hits}/{rings.planted}", show_estimate(rings.average_precision),
            show_share(rings.recall.value), show_share(rings.recall_when_sure), *at,
        )  # fmt: skip
    words = (
        "hit: Jaccard index of 0.5 or more; sure: recall while precision is 0.95 or more; p@k: precision of the first k"
    )
    return [table, Text(words, style="dim")]


def _draw_found(measured: Measured) -> list[RenderableType]:
    table = _table("by", "part", "planted", "found", "for review", "automatic", left=2)
    for share in measured.found:
        counts = (share.planted, share.found, share.review, share.automatic)
        table.add_row(share.by, show_text(share.part), *map(str, counts))
    return [table] if measured.found else []


def _draw_lookalikes(measured: Measured) -> list[RenderableType]:
    table = _table("kind", "groups", "for review", "automatic")
    for group in measured.lookalikes:
        table.add_row(show_text(group.kind), *map(str, (group.groups, group.review, group.automatic)))
    return [table] if measured.lookalikes else []


def _draw_separations(found: Evaluation) -> list[RenderableType]:
    table = _table("scores of", "against", "rows", "bad", "AUC", "average precision", left=2)
    own = [("Ringfence", part) for part in (*found.measured.accounts, *found.measured.reviews)]
    others = [(method.name, method.accounts) for method in found.methods[1:] if method.accounts is not None]
    for name, part in [*own, *others]:
        table.add_row(name, *_show_separation(part))
    return [table] if own else []


def _show_separation(part: Separation) -> Iterator[str]:
    yield f"{part.subject}s: {show_text(part.part)}"
    yield f"{part.rows:,}"
    yield f"{part.bad:,}"
    yield show_estimate(part.auc)
    yield show_estimate(part.average_precision)


def _draw_tiers(measured: Measured) -> list[RenderableType]:
    table = _table("tier or above", "flagged", "bad", "honest", "precision", "of all honest")
    for tier in measured.tiers:
        counts = (f"{count:,}" for count in (tier.flagged, tier.bad, tier.honest))
        table.add_row(tier.tier, *counts, show_estimate(tier.precision), f"{tier.honest_share:.2%}")
    return [table] if measured.tiers else []


def _draw_decided(found: Evaluation) -> list[RenderableType]:
    table = _table("tier", "decided", "confirmed", "precision")
    for each in found.decided:
        share = f"{each.share:.3f} [{each.low:.3f}, {each.high:.3f}]"
        table.add_row(each.tier, f"{each.decided:,}", f"{each.hits:,}", share)
    return [table] if found.decided else []


def _draw_calibration(measured: Measured) -> list[RenderableType]:
    return [_draw_bins(measured.calibration)] if measured.calibration else []


def _draw_ablated(found: Evaluation) -> list[RenderableType]:
    table = _table("run", "rings hit", "ring AP", "account AUC", "account AP", "review AUC")
    for method in (found.methods[0], *found.ablated):
        rings, accounts, reviews = method.rings, method.accounts, method.reviews
        table.add_row(
            method.name,
            f"{rings.hits}/{rings.planted}" if rings else "–",
            show_share(rings.average_precision.value) if rings else "–",
            *((show_share(accounts.auc.value), show_share(accounts.average_precision.value)) if accounts else "––"),
            show_share(reviews.auc.value) if reviews else "–",
        )
    return [table] if found.ablated else []


def draw_red_team(report: RedTeamReport) -> RenderableType:
    """The smallest ring of each sort that would be caught, and how many of each size were."""
    sizes = sorted({rate.size for rate in report.rates})
    planted = sum(rate.planted for rate in report.rates)
    head = f"{planted:,} rings planted in {report.copies:,} copies of a market of {report.accounts:,} accounts."
    table = _table(
        "kind", "sharing", "camouflage", "for review", "automatic", *(f"of {size}" for size in sizes), left=2
    )
    rate_of = {(rate.kind, rate.sharing, rate.camouflage, rate.size): rate for rate in report.rates}
    for row in report.smallest:
        key = (row.kind, row.sharing, row.camouflage)
        smallest = (str(size) if size else "none" for size in (row.review, row.automatic))
        rates = (_show_rate(rate_of.get((*key, size))) for size in sizes)
        table.add_row(row.kind, show_text(row.sharing), f"{row.camouflage:g}", *smallest, *rates)
    words = (
        "for review, automatic: the smallest size of which half or more were caught at that tier or above\n"
        "of N: caught for review or above, and of these automatically, out of the planted rings of N accounts"
    )
    return Group(Text(head, style="bold"), Text(), table, Text(words, style="dim"))


def draw_training(training: Training) -> RenderableType:
    """What was learnt, how well held-out accounts are told apart, what chances mean, and what they rest on."""
    head = (
        f"Learnt from {training.fraud:,} accounts labelled fraud and {training.legit:,} labelled legit, of"
        f" {training.accounts:,}, by {training.columns:,} columns.  Intervals are 95 %."
    )
    told = _table("scores of the labelled accounts", "AUC", "average precision")
    named = {"learned, held out": training.learned, "unsupervised": training.unlearned}
    if training.foretold is not None:
        named[f"{training.foretold.part}, by a model of those before"] = training.foretold
    for name, part in named.items():
        told.add_row(name, show_estimate(part.auc), show_estimate(part.average_precision))
    parts = ", ".join(f"{name} {weight:.2f}" for name, weight in training.parts.items())
    market = Text(
        f"The market is taken to have {training.base_rate:.2%} fraud; among labelled accounts it is"
        f" {training.fraud / (training.fraud + training.legit):.2%}.  Weights: {parts}."
    )
    if training.fraud + training.legit < USUAL_LABELS:
        market.append(f"\nBy fewer than {USUAL_LABELS} labels chances are an order of accounts, not shares.")
    topics = _table("what moves the score most", "log-odds")
    for name, weight in training.topics[:SHOWN_TOPICS]:
        topics.add_row(show_text(name), f"{weight:.2f}")
    sections = [Text(head, style="bold"), *_section("Told apart", [told]), Text(), market]
    sections += _section("What a held-out chance means", [_draw_bins(training.calibration)])
    sections += _section("What it rests on", [topics])
    leaks = [Text(f"{check.name}: {check.sentence}") for check in training.leaks]
    return Group(*sections, *_section("Leak gate: passed", leaks))


def _draw_bins(bins: Sequence[ScoreBin]) -> Table:
    table = _table("score", "accounts", "mean score", "share bad")
    for each in bins:
        bounds = f"{each.low:.1f} to {each.high:.1f}"
        table.add_row(bounds, f"{each.rows:,}", show_share(each.mean_score), show_estimate(each.bad_share))
    return table


def _show_rate(rate: CatchRate | None) -> str:
    return _ZERO if rate is None else f"{rate.review}+{rate.automatic}/{rate.planted}"


def _table(*names: str, left: int = 1) -> Table:
    """A table whose first columns are words and whose others are figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for number, name in enumerate(names):
        table.add_column(name, justify="left" if number < left else "right", overflow="fold")
    return table


def _section(title: str, content: Sequence[RenderableType]) -> list[RenderableType]:
    if not content:
        return []
    return [Text(f"\n{title}", style="bold"), *(Padding(each, (0, 0, 0, 2)) for each in content)]
