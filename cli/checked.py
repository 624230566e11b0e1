"""What ``check`` says of accounts that are not in the store: records, and what makes them of a store's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graph.vocabulary import TIERS

if TYPE_CHECKING:
    from detection.newcomers import LearnedRisk, Likeness, SharedThing
    from graph.queries.answers import LikeAccount, Verdict
    from graph.stores.protocol import GraphStore

_RANKS: dict[str, int] = {tier: place for place, tier in enumerate(TIERS, start=1)}
MOST_SHOWN = 5
"""Known accounts that are named of those that share one thing, the gravest first."""


@dataclass(frozen=True)
class KnownAccount:
    """An account in the store, the latest run's verdict on it, and the rings that the run found it in."""

    account_id: str
    risk_score: float | None
    tier: str | None
    ring_ids: tuple[str, ...]


@dataclass(frozen=True)
class SharedRecord:
    """What a new account has in common with known ones.

    ``accounts`` are so many, ``tiers`` how many of them have each, ``known`` the gravest of them; of what more than
    ``--max-hub`` share, neither is told.
    """

    kind: str
    value: str
    accounts: int
    tiers: Mapping[str, int]
    known: tuple[KnownAccount, ...]


@dataclass(frozen=True)
class TouchedRing:
    """A ring of the latest run, and how many of its members a new account has something in common with."""

    ring_id: str
    kind: str
    tier: str
    score: float
    size: int
    members: int


@dataclass(frozen=True)
class CheckedAccount:
    """What is known of an account that is not in the store, as of a run; no verdict.

    ``risk`` and ``reasons`` are a model's, and ``base_rate`` what it says of accounts in general.
    """

    account_id: str
    run_id: str | None
    summary: str
    shared: tuple[SharedRecord, ...]
    rings: tuple[TouchedRing, ...]
    risk: float | None
    base_rate: float | None
    reasons: tuple[str, ...]
    alike: tuple[LikeAccount, ...]


@dataclass(frozen=True)
class KnownMarket:
    """What the latest run says of known accounts: verdicts and rings by account, and the rings themselves."""

    run_id: str | None
    verdicts: Mapping[str, Verdict]
    ring_ids: Mapping[str, tuple[str, ...]]
    rings: Mapping[str, TouchedRing]

    @classmethod
    def ask(cls, store: GraphStore, account_ids: Sequence[str]) -> KnownMarket:
        """Ask a store about some accounts."""
        from graph.queries.exports import list_members
        from graph.queries.rings import list_rings
        from graph.queries.runs import find_latest_run
        from graph.queries.verdicts import find_verdicts

        run, verdicts = find_latest_run(store), find_verdicts(store, account_ids)
        if run is None:
            return cls(None, verdicts, {}, {})
        ring_ids: dict[str, tuple[str, ...]] = {}
        for row in list_members(store, run.run_id):
            ring_ids[row["account_id"]] = (*ring_ids.get(row["account_id"], ()), row["ring_id"])
        rings = {
            each.ring_id: TouchedRing(each.ring_id, each.kind, each.tier, each.score, each.size, 0)
            for each in list_rings(store, run_id=run.run_id)
        }
        return cls(run.run_id, verdicts, ring_ids, rings)

    def check(
        self,
        account_id: str,
        things: Sequence[SharedThing],
        risk: LearnedRisk | None,
        alike: Sequence[Likeness],
        max_hub: int,
    ) -> CheckedAccount:
        """Put together what is known of one new account."""
        # Stable: of what equally grave accounts share, what fewer of them do still comes first.
        shared = sorted((self._look_up(thing, max_hub) for thing in things), key=_find_gravest)
        met = {each for thing in things if len(thing.account_ids) <= max_hub for each in thing.account_ids}
        rings = self._find_rings(met)
        return CheckedAccount(
            account_id=account_id,
            run_id=self.run_id,
            summary=say_known(shared, [self._tier(each) for each in met], len(rings)),
            shared=tuple(shared),
            rings=rings,
            risk=risk.chance if risk else None,
            base_rate=risk.base_rate if risk else None,
            reasons=risk.reasons if risk else (),
            alike=tuple(self._as_alike(each) for each in alike),
        )

    def _tier(self, account_id: str) -> str | None:
        return self.verdicts[account_id].tier

    def _look_up(self, thing: SharedThing, max_hub: int) -> SharedRecord:
        ids = thing.account_ids
        if len(ids) > max_hub:
            return SharedRecord(thing.kind, thing.value, len(ids), {}, ())
        known = [self._describe(each) for each in ids]
        known.sort(key=lambda each: (-(each.risk_score or 0.0), each.account_id))
        known.sort(key=lambda each: -_rank(each.tier))
        tiers = count_tiers(each.tier for each in known)
        return SharedRecord(thing.kind, thing.value, len(ids), tiers, tuple(known[:MOST_SHOWN]))

    def _describe(self, account_id: str) -> KnownAccount:
        verdict = self.verdicts[account_id]
        return KnownAccount(account_id, verdict.risk_score, verdict.tier, self.ring_ids.get(account_id, ()))

    def _find_rings(self, account_ids: Iterable[str]) -> tuple[TouchedRing, ...]:
        """The rings of some accounts, in the order of the run."""
        members = Counter(ring_id for each in account_ids for ring_id in self.ring_ids.get(each, ()))
        return tuple(replace(ring, members=members[name]) for name, ring in self.rings.items() if members[name])

    def _as_alike(self, likeness: Likeness) -> LikeAccount:
        from graph.queries.answers import LikeAccount

        verdict = self.verdicts[likeness.account_id]
        return LikeAccount(
            likeness.account_id,
            likeness.cosine,
            verdict.risk_score,
            verdict.tier,
            likeness.reasons,
            verdict.probability,
        )


def _find_gravest(shared: SharedRecord) -> int:
    return -max((_rank(each.tier) for each in shared.known), default=-1)


def _rank(tier: str | None) -> int:
    """The graver, the more; 0 before a run."""
    return _RANKS.get(tier or "", 0)


def count_tiers(tiers: Iterable[str | None]) -> dict[str, int]:
    """How many have each tier, the gravest first; nobody is counted before a run.

    >>> count_tiers(["clear", None, "automatic", "clear"])
    {'automatic': 1, 'clear': 2}
    """
    counts = Counter(tiers)
    return {tier: counts[tier] for tier in reversed(TIERS) if counts[tier]}


def say_known(shared: Sequence[SharedRecord], tiers: Sequence[str | None], n_rings: int) -> str:
    """What is known of a new account, in a sentence that is no verdict.

    >>> say_known([SharedRecord("device", "phone-7", 2, {}, (KnownAccount("ann", 0.9, "automatic", ()),))], [], 0)
    'Has 1 thing in common with 0 known accounts: no verdict on this one.'
    >>> say_known([SharedRecord("address", "café", 61, {}, ())], [], 0)
    'Has nothing in common but what very many use: no verdict on this one.'
    """
    if not shared:
        return "Has nothing in common with a known account: no verdict on this one."
    crowded = len([each for each in shared if not each.known])
    if crowded == len(shared):
        return "Has nothing in common but what very many use: no verdict on this one."
    counts = ", ".join(f"{number} {tier}" for tier, number in count_tiers(tiers).items())
    said = f"Has {_count(len(shared) - crowded, 'thing')} in common with {_count(len(tiers), 'known account')}"
    said += f" ({counts})" if counts else ""
    said += f", of whom some are in {_count(n_rings, 'ring')}" if n_rings else ""
    said += f", and {_count(crowded, 'thing')} with very many" if crowded else ""
    return f"{said}: no verdict on this one."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
