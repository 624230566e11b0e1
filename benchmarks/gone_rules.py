"""Three rules that detection once had, kept to be measured by `rules.py`: docs/policy.md says why they are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detection.channels.conduct import BetaLaw, Conduct, fit_spread, score_habit, score_once
from detection.evidence.market import Market
from detection.policy import Policy
from graph.model import Floats, Ints, Snapshot
from graph.results import RunResult
from graph.vocabulary import TIERS

HASTE, OFF_MARKET = "first orders in haste", "prices off the market"
HASTE_SECONDS = 60
MOST_PIECES, FAR_OCTAVES = 3, 0.4
"""An order may be of several pieces, and haggled down by a quarter."""
CONDUCT_BOUNDS_BITS = (-10.0, 2.0)
"""How far a member's own conduct may move what its ring says of it."""
UNLIKE_BITS = -2.0
"""A member so much rather like the market than like its ring is not flagged automatically."""
PSEUDO_OCCASIONS = 2.0
"""How many occasions of the conduct of all rings' members are counted with those of a ring's other members."""


def measure_gone(snapshot: Snapshot, policy: Policy) -> tuple[Conduct, ...]:
    """The two signals, as far as the snapshot has facts for them and they are unusual in it."""
    found = (_measure_haste(snapshot, policy), _measure_prices(snapshot, policy))
    return tuple(signal for signal in found if signal.bits.any())


def _measure_haste(snapshot: Snapshot, policy: Policy) -> Conduct:
    """Whether an account's first order came within a minute of its sign-up."""
    orders = snapshot.orders
    wait = (orders.ordered_at - snapshot.created_at[orders.buyer]).astype("timedelta64[s]").astype(float)
    known = np.flatnonzero(~np.isnan(wait) & (wait >= 0))
    order = known[np.lexsort((wait[known], orders.buyer[known]))]
    first = order[np.diff(orders.buyer[order], prepend=-1) != 0]
    times, occasions = count(orders.buyer[first], wait[first] < HASTE_SECONDS, snapshot.n_accounts)
    return weigh(HASTE, times, occasions, policy)


def _measure_prices(snapshot: Snapshot, policy: Policy) -> Conduct:
    """Orders at a price that is not the listing's, nor a few times it, for both who paid and who was paid."""
    orders = snapshot.orders
    rows = np.flatnonzero((orders.product >= 0) & (orders.seller >= 0) & (orders.amount > 0))
    price = snapshot.product_price[orders.product[rows]]
    rows, price = rows[price > 0], price[price > 0]
    ratio = orders.amount[rows] / price
    octaves_off = np.abs(np.log2(ratio / np.clip(np.round(ratio), 1, MOST_PIECES)))
    dealers = np.concatenate([orders.buyer[rows], orders.seller[rows]])
    times, occasions = count(dealers, np.tile(octaves_off > FAR_OCTAVES, 2), snapshot.n_accounts)
    return weigh(OFF_MARKET, times, occasions, policy)


def count(account: Ints, did: NDArray[np.bool_], n_accounts: int) -> tuple[Ints, Ints]:
    """How often each account did it, and could have (N,)."""
    return np.bincount(account[did], minlength=n_accounts), np.bincount(account, minlength=n_accounts)


def weigh(name: str, times: Ints, occasions: Ints, policy: Policy) -> Conduct:
    """A signal in bits, as detection weighs its own."""
    usual = times.sum() / max(occasions.sum(), 1)
    silent = np.zeros(len(times))
    if not 0 < usual <= policy.largest_usual:
        return Conduct(name, times, occasions, silent, silent)
    law = BetaLaw(usual, fit_spread(times, occasions, policy))
    implied = np.where(times > 0, score_once(occasions, law, policy), 0.0)
    return Conduct(name, times, occasions, score_habit(times, occasions, law, policy), implied)


def compare_with_rings(run: RunResult, market: Market) -> RunResult:
    """A run whose members' scores, and automatic flags, are set against what the other members of their rings do."""
    row = {account_id: place for place, account_id in enumerate(market.snapshot.account_id.tolist())}
    members = {ring.ring_id: np.array([row[member.account_id] for member in ring.members]) for ring in run.rings}
    best, unlike = np.full(market.n_accounts, -np.inf), np.zeros(market.n_accounts, dtype=bool)
    alike = unlike.copy()
    for ring, bits in zip(run.rings, compare_members(members, market), strict=True):
        rows = members[ring.ring_id]
        best[rows] = np.maximum(best[rows], bits)
        if ring.tier == "automatic":
            unlike[rows] |= bits <= UNLIKE_BITS
            alike[rows] |= bits > UNLIKE_BITS
    known = np.isfinite(best)
    score, tier = run.account_score.copy(), run.account_tier.copy()
    odds = score[known] / np.maximum(1.0 - score[known], 1e-9) * 2.0 ** best[known]
    score[known] = odds / (1.0 + odds)
    tier[unlike & ~alike & (tier == TIERS.index("automatic"))] = TIERS.index("review")
    return replace(run, account_score=score, account_tier=tier)


def compare_members(members: Mapping[str, Ints], market: Market) -> Iterator[Floats]:
    """For each ring, the bits by which each member's conduct is rather the others' than the market's."""
    everybody = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *members.values()]))
    for rows in members.values():
        bits = np.zeros(len(rows))
        for signal in market.conduct:
            k, m = signal.times[rows].astype(float), signal.occasions[rows].astype(float)
            usual, in_rings = find_rate(signal, slice(None)), find_rate(signal, everybody)
            others = (k.sum() - k + PSEUDO_OCCASIONS * in_rings) / (m.sum() - m + PSEUDO_OCCASIONS)
            bits += k * np.log2(others / usual) + (m - k) * np.log2((1 - others) / (1 - usual))
        yield np.clip(bits, *CONDUCT_BOUNDS_BITS)


def find_rate(signal: Conduct, accounts: Ints | slice) -> float:
    """How often accounts do it, all together; kept off 0 and 1."""
    return float((signal.times[accounts].sum() + 0.5) / (signal.occasions[accounts].sum() + 1.0))
