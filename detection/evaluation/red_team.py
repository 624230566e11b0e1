"""The smallest ring that would be caught: rings planted in a copy of a market, and looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detection.evaluation.market_draft import PlantPlan
from detection.evaluation.measures import HIT_JACCARD, find_jaccard, list_members
from detection.evaluation.planting import NO_SHARING, find_plantable, plant_rings
from detection.run import find_run
from detection.settings import DetectSettings
from graph.errors import ConfigError
from graph.model import Snapshot
from graph.progress import Progress, no_progress
from graph.results import Ring
from graph.vocabulary import RING_KINDS, TIERS, RingKind, Tier

MOST_PLANTED = 0.03
"""The share of a market's accounts that one copy may gain; more would make it another market."""


@dataclass(frozen=True)
class RedTeamPlan:
    """Which rings to plant: every combination, each so often."""

    kinds: tuple[RingKind, ...] = RING_KINDS
    sizes: tuple[int, ...] = (3, 5, 8, 12, 20)
    sharing: tuple[str, ...] = ("device", NO_SHARING)
    camouflage: tuple[float, ...] = (0.0, 1.0, 3.0)
    repeats: int = 4
    seed: int = 0


@dataclass(frozen=True)
class CatchRate:
    """Rings of one kind, sharing, camouflage and size: how many were planted and caught."""

    kind: str
    sharing: str
    camouflage: float
    size: int
    planted: int
    review: int
    automatic: int


@dataclass(frozen=True)
class SmallestCaught:
    """The smallest size of which half or more were caught, at review or above and automatic; None where none."""

    kind: str
    sharing: str
    camouflage: float
    review: int | None
    automatic: int | None


@dataclass(frozen=True)
class RedTeamReport:
    """What was planted and caught in how many copies; ``notes`` say what could not be planted."""

    accounts: int
    copies: int
    smallest: tuple[SmallestCaught, ...]
    rates: tuple[CatchRate, ...]
    notes: tuple[str, ...]


def attack_market(
    snapshot: Snapshot, plan: RedTeamPlan, settings: DetectSettings, *, progress: Progress = no_progress
) -> RedTeamReport:
    """Plant rings in copies of a market, detect, and count what was caught.

    A ring is caught at a tier when a found ring of that tier or above has a Jaccard index of 0.5 or
    more with its members.

    Parameters
    ----------
    snapshot
        The market; it is not changed.
    plan, settings
        What to plant, and how to look for it.
    progress
        Told of each ring.

    Raises
    ------
    ConfigError
        If nothing of the plan can be planted in this market.
    """
    notes = tuple(_note_unplantable(snapshot, plan))
    plans = list_plans(snapshot, plan)
    if not plans:
        raise ConfigError(f"nothing to plant in this market: {'; '.join(notes)}")
    rng, settings = np.random.default_rng(plan.seed), settings.without_decisions()
    # Copies hold a mixture of rings, whatever the order of the options.
    shuffled = [plans[place] for place in rng.permutation(len(plans)).tolist()]
    tiers: list[tuple[PlantPlan, Tier]] = []
    copies = list(_fill_copies(shuffled, snapshot.n_accounts))
    for part in copies:
        tiers += _attack_once(snapshot, part, settings, rng)
        progress("planting and looking for rings", len(tiers), len(plans))
    rates = _count_rates(tiers)
    return RedTeamReport(snapshot.n_accounts, len(copies), _find_smallest(rates), rates, notes)


def list_plans(snapshot: Snapshot, plan: RedTeamPlan) -> list[PlantPlan]:
    """Every ring to plant, in the order of the options; those that the market has no facts for are left out."""
    why_not = find_plantable(snapshot)
    known = {*snapshot.identifier_kinds, NO_SHARING}
    return [
        PlantPlan(kind, size, sharing, camouflage)
        for kind in plan.kinds
        if not why_not[kind]
        for sharing in plan.sharing
        if sharing in known and not (kind == "shared-identity" and sharing == NO_SHARING)
        # Whoever deals with nobody has nothing to hide behind.
        for camouflage in (plan.camouflage[:1] if kind == "shared-identity" else plan.camouflage)
        for size in plan.sizes
        for _ in range(plan.repeats)
    ]


def _note_unplantable(snapshot: Snapshot, plan: RedTeamPlan) -> Iterator[str]:
    why_not = find_plantable(snapshot)
    for kind in plan.kinds:
        if why_not[kind]:
            yield f"no {kind} rings: {why_not[kind]}"
    for sharing in plan.sharing:
        if sharing not in {*snapshot.identifier_kinds, NO_SHARING}:
            known = ", ".join(snapshot.identifier_kinds) or "none"
            yield f"no rings that share a {sharing}: the market's identifiers are {known}"


def _fill_copies(plans: Sequence[PlantPlan], n_accounts: int) -> Iterator[list[PlantPlan]]:
    """Share rings out among as few copies as may hold them; each copy gets one at least."""
    part: list[PlantPlan] = []
    for plan in plans:
        if part and sum(each.size for each in part) + plan.size > MOST_PLANTED * n_accounts:
            yield part
            part = []
        part.append(plan)
    yield part


def _attack_once(
    snapshot: Snapshot, plans: Sequence[PlantPlan], settings: DetectSettings, rng: np.random.Generator
) -> list[tuple[PlantPlan, Tier]]:
    planted = plant_rings(snapshot, plans, rng)
    rings = find_run(planted.snapshot, settings).rings
    return list(zip(plans, _grade_catches(planted.members, rings), strict=True))


def _grade_catches(planted: Sequence[frozenset[str]], rings: Sequence[Ring]) -> list[Tier]:
    """The gravest tier of a ring that catches each planted one; ``clear`` where none does."""
    ring_of: dict[str, list[int]] = {}
    found = list_members(rings)
    for place, members in enumerate(found):
        for account in members:
            ring_of.setdefault(account, []).append(place)
    tiers: list[Tier] = []
    for members in planted:
        near = {place for account in members for place in ring_of.get(account, ())}
        caught = [rings[place].tier for place in near if find_jaccard(found[place], members) >= HIT_JACCARD]
        tiers.append(max(caught, key=TIERS.index, default="clear"))
    return tiers


def _count_rates(tiers: Sequence[tuple[PlantPlan, Tier]]) -> tuple[CatchRate, ...]:
    counted: dict[tuple[str, str, float, int], list[int]] = {}
    for plan, tier in tiers:
        key = (plan.kind, plan.sharing, plan.camouflage, plan.size)
        counted.setdefault(key, []).append(TIERS.index(tier))
    review, automatic = (TIERS.index(tier) for tier in ("review", "automatic"))
    return tuple(
        CatchRate(*key, len(ranks), sum(rank >= review for rank in ranks), sum(rank >= automatic for rank in ranks))
        for key, ranks in sorted(counted.items())
    )


def _find_smallest(rates: Sequence[CatchRate]) -> tuple[SmallestCaught, ...]:
    groups: dict[tuple[str, str, float], list[CatchRate]] = {}
    for rate in rates:
        groups.setdefault((rate.kind, rate.sharing, rate.camouflage), []).append(rate)
    return tuple(
        SmallestCaught(
            *key,
            min((rate.size for rate in group if 2 * rate.review >= rate.planted), default=None),
            min((rate.size for rate in group if 2 * rate.automatic >= rate.planted), default=None),
        )
        for key, group in groups.items()
    )
