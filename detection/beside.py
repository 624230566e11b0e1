"""Two models beside one another in a run: what the challenger would have said where the champion acts.

Everything is a figure of that run, kept beside its settings; what follows from several runs is for whoever promotes.
Accounts that were decided about since are told apart by what they do alone, for rings know what people decided.
"""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np

from detection.decisions import choose_known, find_dates
from detection.judging import Judged
from detection.risk.drift import MOVED
from detection.risk.file import KeptModel
from detection.statistics import Bools, Estimate, Resampling, compare_scores, separate_scores
from graph.model import Floats, Ints, Snapshot
from graph.vocabulary import TIERS

RISKIEST = 100
"""Of so many accounts with the greatest chances it is counted how many both models name."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """How a model tells accounts apart that were decided about ``since`` (UTC) it was trained.

    ``fraud`` and ``legit`` are their numbers, ``expected`` how many frauds it expects among them; ``auc`` and
    ``average_precision`` are None where they are not of both kinds.
    """

    since: str
    fraud: int
    legit: int
    expected: float
    auc: Figure | None = None
    average_precision: Figure | None = None


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One model in a run: its file's ``sha256``, how far its scores, and how many of its inputs, have moved."""

    sha256: str
    score_drift: float
    inputs_moved: int
    inputs: int
    later: Later | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What the challenger would change.

    Attributes
    ----------
    accounts
        How many there are.
    moved
        How many of them would have another tier, by ``"before > after"``.
    rings, rings_moved
        How many rings are listed; how many would be gone, new, or of another tier, which takes rings that hear risk.
    riskiest, in_common
        Of so many accounts with the greatest chances, how many both name; 0 without a champion.
    champion, challenger
        On accounts that were decided about since both were trained.
    gained
        By how much the challenger's average precision on these is greater.
    """

    accounts: int
    moved: dict[str, int]
    rings: int
    rings_moved: dict[str, int]
    riskiest: int = 0
    in_common: int = 0
    champion: Later | None = None
    challenger: Later | None = None
    gained: Figure | None = None


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """The models of a run: the one that acted, the one that was tried, and what the second would have changed."""

    champion: Side | None = None
    challenger: Side | None = None
    difference: Difference | None = None


def set_beside(champion: Judged, challenger: Judged | None, *, seed: int) -> Beside | None:
    """The figures of a run's models; None where it had none.

    Parameters
    ----------
    champion
        What the run comes to.
    challenger
        What it would have come to by another model.
    seed
        For intervals.
    """
    if champion.kept is None and challenger is None:
        return None
    resampling = Resampling(seed=seed)
    return Beside(
        champion=_describe(champion, resampling),
        challenger=None if challenger is None else _describe(challenger, resampling),
        difference=None if challenger is None else compare(champion, challenger, resampling),
    )


def find_horizon(kept: KeptModel) -> np.datetime64 | None:
    """Up to when a model knows decisions; None where those bear no date."""
    known = kept.learnt.get("as_of") or kept.learnt.get("labels_until")
    return None if known is None else np.datetime64(known, "us")


def _describe(judged: Judged, resampling: Resampling) -> Side | None:
    kept, drift = judged.kept, judged.weighed.drift
    if kept is None or drift is None:
        return None
    return Side(
        sha256=kept.sha256,
        score_drift=_round(drift[-1]),
        inputs_moved=int((drift[:-1] >= MOVED).sum()),
        inputs=len(drift) - 1,
        later=measure_later(judged, find_horizon(kept), resampling),
    )


def measure_later(judged: Judged, since: np.datetime64 | None, resampling: Resampling) -> Later | None:
    """How a model tells apart whoever was decided about after an instant; None where that is not known."""
    if since is None or judged.opinion is None:
        return None
    later = _find_later(judged.market.snapshot, since)
    chance = judged.opinion.chance_alone[later.row]
    found = separate_scores("account", "decided later", chance, later.is_fraud, resampling)
    return Later(
        since=str(since),
        fraud=found.bad,
        legit=found.rows - found.bad,
        expected=_round(chance.sum()),
        auc=_keep(found.auc),
        average_precision=_keep(found.average_precision),
    )


class _Decided(msgspec.Struct, frozen=True):
    """Rows (L,) of accounts, and whether each is fraud (L,)."""

    row: Ints
    is_fraud: Bools


def _find_later(snapshot: Snapshot, since: np.datetime64) -> _Decided:
    known, decided_at = choose_known(snapshot), find_dates(snapshot)
    is_later = decided_at > since  # what bears no date is not later
    return _Decided(known.row[is_later], known.is_fraud[is_later])


def compare(champion: Judged, challenger: Judged, resampling: Resampling) -> Difference:
    """What the challenger would change; see :class:`Difference`."""
    tiers = [np.array(each.weighed.scores.account_tier) for each in (champion, challenger)]
    rows = np.flatnonzero(tiers[0] != tiers[1])
    moved = Counter(f"{TIERS[tiers[0][row]]} > {TIERS[tiers[1][row]]}" for row in rows.tolist())
    horizons = [None if each.kept is None else find_horizon(each.kept) for each in (champion, challenger)]
    known = [each for each in horizons if each is not None]
    since = max(known) if len(known) == 2 else None
    named = _name_riskiest(champion, challenger)
    return Difference(
        accounts=len(tiers[0]),
        moved=dict(sorted(moved.items())),
        rings=len(champion.rings),
        rings_moved=compare_rings(champion, challenger),
        riskiest=len(named[0]),
        in_common=len(named[0] & named[1]),
        champion=measure_later(champion, since, resampling),
        challenger=measure_later(challenger, since if since is not None else horizons[1], resampling),
        gained=_find_gain(champion, challenger, since, resampling),
    )


def _name_riskiest(champion: Judged, challenger: Judged) -> tuple[set[int], set[int]]:
    if champion.weighed.probability is None or challenger.weighed.probability is None:
        return set(), set()
    first, second = (_rank(each.weighed.probability)[:RISKIEST] for each in (champion, challenger))
    return set(first.tolist()), set(second.tolist())


def _rank(chance: Floats | None) -> Ints:
    return np.argsort(-np.asarray(chance), kind="stable")


def compare_rings(champion: Judged, challenger: Judged) -> dict[str, int]:
    """Rings that would be gone, new, or of another tier."""
    before, after = ({ring.ring_id: ring.tier for ring in each.rings} for each in (champion, challenger))
    counts = {"gone": len(before.keys() - after.keys()), "new": len(after.keys() - before.keys())}
    moved = Counter(
        f"{before[each]} > {after[each]}" for each in before.keys() & after.keys() if before[each] != after[each]
    )
    return {name: n for name, n in (*counts.items(), *sorted(moved.items())) if n}


def _find_gain(
    champion: Judged, challenger: Judged, since: np.datetime64 | None, resampling: Resampling
) -> Figure | None:
    if since is None or champion.opinion is None or challenger.opinion is None:
        return None
    later = _find_later(champion.market.snapshot, since)
    chances = [each.opinion.chance_alone[later.row] for each in (champion, challenger) if each.opinion is not None]
    return _keep(compare_scores(chances[0], chances[1], later.is_fraud, resampling))


def _keep(found: Estimate) -> Figure | None:
    if np.isnan([found.value, found.low, found.high]).any():
        return None
    return Figure(value=_round(found.value), low=_round(found.low), high=_round(found.high))


def _round(value: float) -> float:
    return round(float(value), 6)


def note_beside(beside: Beside | None) -> tuple[str, ...]:
    """What a challenger would change, in words."""
    if beside is None or beside.difference is None or beside.challenger is None:
        return ()
    found = beside.difference
    n, rings = sum(found.moved.values()), sum(found.rings_moved.values())
    words = (
        f"the challenger {beside.challenger.sha256[:12]} would give {n:,} of {found.accounts:,} accounts another tier"
    )
    if rings:
        words += f", and change {rings:,} of the rings"
    return (f"{words}; it acts on nothing",)
