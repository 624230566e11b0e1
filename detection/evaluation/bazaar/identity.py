"""The things that each account shows as its own, and noise that belongs to nobody."""

from __future__ import annotations

import numpy as np

from detection.evaluation.bazaar.bazaar import Bazaar
from detection.evaluation.bazaar.seasons import DAY, END_AT, START_AT, set_hours
from detection.evaluation.simulation.rhythm import IntArray

_SEEN = {"device": 2, "payment": 1, "phone": 1, "email": 1, "ip": 2, "address": 2}
_CARRIER_POOLS = 40


def settle(bazaar: Bazaar) -> None:
    """Let accounts show what they own, some a second device or card, and what they get by chance."""
    everybody = np.arange(bazaar.settings.n_accounts)
    for kind, times in _SEEN.items():
        owners = everybody[bazaar.owns[kind]]
        things = bazaar.home if kind == "address" else bazaar.ledger.issue(kind, len(everybody))
        for _ in range(times):
            bazaar.use(kind, owners, things[owners], _draw_moments(bazaar, owners))
    for kind, share in (("device", 0.35), ("payment", 0.25)):
        owners = everybody[bazaar.owns[kind] & (bazaar.rng.random(len(everybody)) < share)]
        bazaar.use(kind, owners, bazaar.ledger.issue(kind, len(owners)), _draw_moments(bazaar, owners))
    _roam(bazaar, 0.6 if bazaar.settings.is_hard else 0.25)
    _recycle_phones(bazaar, 0.04 if bazaar.settings.is_hard else 0.005)


def _draw_moments(bazaar: Bazaar, accounts: IntArray) -> IntArray:
    """Any time from joining, most of them early."""
    joined = np.maximum(bazaar.created_at[accounts], START_AT)
    share = bazaar.rng.beta(0.6, 1.4, len(accounts))
    at = joined + (share * (END_AT - joined)).astype(np.int64)
    return np.maximum(set_hours(bazaar.rng, at), joined)


def _roam(bazaar: Bazaar, share: float) -> None:
    """A share of accounts is seen on carrier networks, whose addresses thousands use."""
    rng = bazaar.rng
    mobile = np.flatnonzero(rng.random(bazaar.settings.n_accounts) < share)
    pools = bazaar.ledger.issue("ip", _CARRIER_POOLS)
    for _ in range(2):
        bazaar.use("ip", mobile, rng.choice(pools, len(mobile)), _draw_moments(bazaar, mobile))


def _recycle_phones(bazaar: Bazaar, share: float) -> None:
    """Numbers that are given out again: the next owner shows one months after the last."""
    rng, n = bazaar.rng, bazaar.settings.n_accounts
    count = int(share * n)
    pairs = rng.permutation(n)[: 2 * count].reshape(2, count)
    former, later = np.where(bazaar.created_at[pairs[0]] < bazaar.created_at[pairs[1]], pairs, pairs[::-1])
    phones = bazaar.ledger.issue("phone", count)
    bazaar.use("phone", former, phones, np.maximum(bazaar.created_at[former], START_AT) + rng.integers(1, DAY, count))
    at = np.maximum(bazaar.created_at[later], START_AT + 120 * DAY) + rng.integers(1, 30 * DAY, count)
    bazaar.use("phone", later, phones, at)
