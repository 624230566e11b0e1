"""Accounts that are not in the store yet, checked against the market that is: what they share, and what is like them.

Nothing here is a verdict.  One thing shared with a bad account is what a household, an office or a second-hand phone
shows too; whether a group is a ring takes a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detection.evidence.market import make_market
from detection.risk.file import KeptModel
from detection.risk.model import score_accounts
from detection.risk.reasons import explain_risk
from detection.scores import score_market
from detection.settings import DetectSettings
from embeddings.features.accounts import AccountFeatures, account_features
from embeddings.features.history import measure_large_amounts
from embeddings.features.one_account import cut_around, describe_account
from embeddings.features.table import describe_accounts, move_rows
from embeddings.similar import explain_likeness, find_similar, say_reason
from graph.model import Floats, Ints, Snapshot

if TYPE_CHECKING:
    from embeddings.encoder.incremental import WarmMarket


@dataclass(frozen=True)
class Newcomers:
    """A market without and with some accounts that it does not know.

    ``market`` is what the store knows, ``joined`` the same with the newcomers; ``known`` (N,) is the row in ``joined``
    of each account of ``market``, ``row`` (K,) that of each newcomer.
    """

    market: Snapshot
    joined: Snapshot
    known: Ints
    row: Ints

    @classmethod
    def of(cls, market: Snapshot, joined: Snapshot, account_ids: Iterable[str]) -> Newcomers:
        """The newcomers of some ids, by row; whom the market knows, or nobody does, is left out."""
        by_id = np.argsort(joined.account_id)
        known = by_id[np.searchsorted(joined.account_id, market.account_id, sorter=by_id)]
        wanted = np.isin(joined.account_id, np.array(sorted(set(account_ids)), dtype=object))
        wanted[known] = False
        return cls(market, joined, known, np.flatnonzero(wanted))


@dataclass(frozen=True)
class SharedThing:
    """What a newcomer has in common with known accounts: a ``kind`` of thing by its ``value``, or a way of dealing.

    ``account_ids`` are those accounts, sorted.
    """

    kind: str
    value: str
    account_ids: tuple[str, ...]


@dataclass(frozen=True)
class LearnedRisk:
    """The chance, in [0, 1], that a model gives to an account and to accounts in general, and why, in sentences."""

    chance: float
    base_rate: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Likeness:
    """A known account that behaves like a newcomer: its ``cosine``, and in what."""

    account_id: str
    cosine: float
    reasons: tuple[str, ...]


def list_shared(newcomers: Newcomers, row: int) -> tuple[SharedThing, ...]:
    """What one newcomer has in common with known accounts, what the fewest of them have first.

    Parameters
    ----------
    newcomers
        The market without and with them.
    row
        Of the newcomer, in the joined market.

    Returns
    -------
    Things that it uses, in whatever spelling, and then whom it dealt with: orders either way, reviews of one another,
    referrals.
    """
    joined = newcomers.joined
    is_known = np.zeros(joined.n_accounts + 1, dtype=bool)  # the last place is where -1, the unknown, points
    is_known[newcomers.known] = True
    uses, shared = joined.uses, []
    for thing in np.unique(uses.identifier[uses.account == row]).tolist():
        users = uses.account[uses.identifier == thing]
        named = joined.name_identifier(thing)
        shared.append(_name(joined, str(joined.identifier_kind[thing]), named, users[is_known[users]]))
    for kind, mine, other in _list_dealings(joined):
        partners = other[mine == row]
        shared.append(_name(joined, kind, "", partners[is_known[partners]]))
    # What few have in common says more than what many have.
    return tuple(sorted((each for each in shared if each.account_ids), key=lambda each: len(each.account_ids)))


def _list_dealings(market: Snapshot) -> tuple[tuple[str, Ints, Ints], ...]:
    orders, reviews = market.orders, market.reviews
    return (
        ("bought from", orders.buyer, orders.seller),
        ("sold to", orders.seller, orders.buyer),
        ("reviewed", reviews.author, reviews.seller),
        ("reviewed by", reviews.seller, reviews.author),
        ("referred by", market.referral_account, market.referral_by),
        ("referred", market.referral_by, market.referral_account),
    )


def _name(market: Snapshot, kind: str, value: str, rows: Ints) -> SharedThing:
    return SharedThing(kind, value, tuple(sorted(set(market.account_id[rows].tolist()))))


def weigh_newcomers(newcomers: Newcomers, kept: KeptModel, settings: DetectSettings) -> tuple[LearnedRisk, ...]:
    """What a learned model says of each newcomer (K,).

    Parameters
    ----------
    newcomers
        The market without and with them.
    kept
        The model.  Of its inputs, a newcomer's own figures are those that a load would give it; its neighbours are
        taken as the market described them before it came.
    settings
        Of the runs that the model is made for.

    Notes
    -----
    The unsupervised score is that of a member of no ring: who belongs to one is for a run to find.
    """
    market, joined, rows = newcomers.market, newcomers.joined, newcomers.row
    table = move_rows(describe_accounts(market), newcomers.known, joined.n_accounts)
    large_from = measure_large_amounts(market)
    ring_score = score_ringless(joined, settings)
    found = []
    for row in rows.tolist():
        alone, score = describe_account(joined, table, row, large_from), ring_score[[row]]
        chance = float(score_accounts(kept.model, alone, score)[0])
        why = explain_risk(kept.model, alone, score, np.zeros(1, dtype=np.int64), market=table, usual=ring_score)
        found.append(LearnedRisk(chance, kept.model.base_rate, why[0]))
    return tuple(found)


def score_ringless(snapshot: Snapshot, settings: DetectSettings) -> Floats:
    """The unsupervised score of every account (N,), in [0, 1], as if none were in a ring."""
    return score_market((), make_market(snapshot, settings)).account_score


def find_alike(newcomers: Newcomers, warm: WarmMarket, *, most: int) -> tuple[tuple[Likeness, ...], ...]:
    """The known accounts most like each newcomer (K,), most alike first.

    Parameters
    ----------
    newcomers
        The market without and with them.
    warm
        The market without them, encoded.
    most
        How many known accounts for each.
    """
    joined, features = newcomers.joined, account_features(newcomers.joined)
    vectors, found = warm.states.vectors, []
    for row in newcomers.row.tolist():
        mine: NDArray[np.float32] = warm.encode_newcomer(cut_around(joined, row).snapshot, str(joined.account_id[row]))
        near = find_similar(np.vstack([vectors, mine]), len(vectors), most)
        others = zip(newcomers.known[near.row].tolist(), near.cosine.tolist(), strict=True)
        found.append(tuple(_explain(joined, features, row, other, cosine) for other, cosine in others))
    return tuple(found)


def _explain(market: Snapshot, features: AccountFeatures, row: int, other: int, cosine: float) -> Likeness:
    reasons = tuple(say_reason(reason) for reason in explain_likeness(features, row, other))
    return Likeness(str(market.account_id[other]), round(cosine, 6), reasons)
