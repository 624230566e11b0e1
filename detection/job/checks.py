"""Whether a night is like what was published before: pure functions from figures to checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
from scipy.stats import wasserstein_distance

from detection.job.settings import CheckSettings
from graph.errors import ChecksFailedError
from graph.model import Floats

CHECKS_OF_TABLES = ("least_rows_share", "most_reject_share")
FEW_RINGS = 5
"""So many rings more or fewer are no jump."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: its name, what was measured, the bound, whether it holds, and that in words."""

    name: str
    value: float
    bound: float
    passed: bool
    words: str


@dataclass(frozen=True)
class Figures:
    """What a run is like.

    Attributes
    ----------
    scores
        Of accounts (N,), in [0, 1].
    rings
        How many are for review or automatic.
    automatic
        How many accounts have an automatic flag.
    confirmed, cleared
        Of the decided accounts that evidence would flag, how many were confirmed, and how many cleared.
    """

    scores: Floats = field(default_factory=lambda: np.zeros(0))
    rings: int = 0
    automatic: int = 0
    confirmed: int = 0
    cleared: int = 0


def check_rows(
    read: Mapping[str, int], before: Mapping[str, int], rejected: Mapping[str, int], bounds: CheckSettings
) -> list[Check]:
    """Rows and rejects of each table.

    Parameters
    ----------
    read, rejected
        Rows of each table now.
    before
        Rows of each table when it was loaded before.
    bounds
        How far they may differ.
    """
    checks = [_check_table(name, read[name], n, bounds) for name, n in sorted(before.items()) if n and name in read]
    return checks + [_check_rejects(name, rejected[name], n, bounds) for name, n in sorted(read.items()) if n]


def _check_table(table: str, n: int, before: int, bounds: CheckSettings) -> Check:
    words = f"{table} has {n:,} rows, and had {before:,}"
    return _check("least_rows_share", n / before, bounds.least_rows_share, words)


def _check_rejects(table: str, rejected: int, n: int, bounds: CheckSettings) -> Check:
    words = f"{rejected:,} of {n:,} rows of {table} are rejected"
    return _check("most_reject_share", rejected / n, bounds.most_reject_share, words)


def keep_table_checks(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Those of tables, which hold as long as these are loaded."""
    return tuple(each for each in checks if each.name in CHECKS_OF_TABLES)


def check_run(now: Figures, before: Figures | None, bounds: CheckSettings) -> list[Check]:
    """What a run found, beside the run before it; without one, what can be said of it alone."""
    checks = []
    if before is not None and len(before.scores) and len(now.scores):
        shift = float(wasserstein_distance(before.scores, now.scores))
        checks.append(_check("most_score_shift", shift, bounds.most_score_shift, f"scores moved by {shift:.4f}"))
    if before is not None:
        checks.append(_check_rings(now.rings, before.rings, bounds.most_rings_factor))
    share = now.automatic / len(now.scores) if len(now.scores) else 0.0
    words = f"{share:.1%} of the accounts are flagged automatically"
    checks.append(_check("most_flagged_share", share, bounds.most_flagged_share, words))
    decided = now.confirmed + now.cleared
    if decided >= bounds.least_decided:
        precision = now.confirmed / decided
        words = f"of {decided:,} decided accounts that evidence would flag {now.confirmed:,} were confirmed"
        checks.append(_check("least_precision", precision, bounds.least_precision, words))
    return checks


def _check_rings(now: int, before: int, factor: float) -> Check:
    found = max(now, before) / max(min(now, before), 1)
    few = abs(now - before) <= FEW_RINGS
    words = f"{now:,} rings for review or automatic, and {before:,} before"
    check = _check("most_rings_factor", found, factor, words)
    return msgspec.structs.replace(check, passed=check.passed or few)


def _check(name: str, value: float, bound: float, words: str) -> Check:
    holds = value >= bound if name.startswith("least") else value <= bound
    return Check(name=name, value=round(value, 6), bound=bound, passed=holds or not bound, words=words)


def require_passed(checks: Iterable[Check], despite: Collection[str]) -> None:
    """Make sure that every check holds, but those that somebody has named.

    Raises
    ------
    ChecksFailedError
        If one does not.
    """
    failed = [each for each in checks if not each.passed and each.name not in despite]
    if failed:
        said = "; ".join(f"{each.words} ({each.name} is {each.bound:g})" for each in failed)
        names = " ".join(f"--despite {name}" for name in dict.fromkeys(each.name for each in failed))
        raise ChecksFailedError(f"nothing was published: {said}. If that is meant: ringfence run --retry {names}")
