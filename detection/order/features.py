"""What a listed ring looks like, in figures that mean the same in every market.

None of them names a channel, a kind of ring or an account, none is a date or an amount, and none knows a label: what
stands for each member, how it is spread, and how the members lie among their neighbours in the links that the search
follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from detection.candidates.links import weigh_links
from detection.evidence.judge import judge_groups
from detection.evidence.market import Market
from detection.groups import Groups
from detection.rings.view import RingView
from detection.search import link_market
from graph.model import Floats, Ints
from graph.results import Ring

DECIMALS = 9
"""Sums hang in their last digits on the order of accounts; what comes of them must not."""
HALF = 0.5
"""An outsider is tied as a member is from half of a usual member's links on."""


@dataclass(frozen=True)
class Feature:
    """One figure of a ring: its ``words``, with a place for it, and the ``direction`` in which it may speak.

    1: the more, the earlier a ring is told, and never later; -1 the other way.
    """

    words: str
    direction: int


FEATURES: dict[str, Feature] = {
    "bits_per_root": Feature("{:.1f} net bits for the root of its size", 1),
    "bits_per_member": Feature("{:.1f} net bits a member", 1),
    "evidence_per_member": Feature("{:.1f} bits of evidence a member", 1),
    "kept_share": Feature("{:.0%} of its evidence stands", 1),
    "axes": Feature("{:.0f} channels leave enough by themselves", 1),
    "doers": Feature("{:.0%} of its members acted together", 1),
    "least_tie": Feature("its weakest tie is {:.2f} of the usual one", 1),
    "low_tie": Feature("a quarter of its ties are below {:.2f} of the usual one", 1),
    "fragment": Feature("{:.1f} outsiders a member are tied to it half as strongly as members are", -1),
    "strongest_outsider": Feature("the strongest outsider has {:.2f} of a member's links to it", -1),
    "outside_links": Feature("its nearest outsiders have {:.2f} of the links to it that its members have", -1),
    "insularity": Feature("{:.0%} of its members' links stay inside", 1),
    "cohesion": Feature("its links hold together by {:.2f}", 1),
    "density": Feature("{:.0%} of its pairs are linked", 1),
    "neighbours": Feature("outsiders linked to it: {:.1f}, as the logarithm of 1 and those a member", -1),
}
"""Every figure by name, in the order of the columns."""


@dataclass(frozen=True)
class RingFeatures:
    """The figures of some rings: ``values`` (R, F), of which the columns are ``names`` (F,)."""

    names: tuple[str, ...]
    values: Floats

    def pick(self, names: Sequence[str]) -> Floats:
        """Some of the columns (R, len(names))."""
        return self.values[:, [self.names.index(name) for name in names]]


def describe_rings(rings: Sequence[Ring], market: Market) -> RingFeatures:
    """Describe rings of a market, O(links of the market + links and pairs of the members).

    Parameters
    ----------
    rings
        With members of the market.
    market
        That they were found in.
    """
    names = tuple(FEATURES)
    if not rings:
        return RingFeatures(names, np.empty((0, len(names))))
    groups = list_groups(rings, market)
    judged = judge_groups(groups, market)
    weights = sparse.csr_array(weigh_links(link_market(market), market.n_accounts))
    pull = _gather(groups, market.n_accounts) @ weights
    rows = []
    for place, ring in enumerate(rings):
        view = RingView(judged, market, place)
        shown = _describe_bits(view, ring) | _describe_links(view.members, weights, _read_row(pull, place))
        rows.append([shown[name] for name in names])
    return RingFeatures(names, np.round(np.array(rows), DECIMALS))


def list_groups(rings: Sequence[Ring], market: Market) -> Groups:
    """The members of rings as rows of a market, ring by ring."""
    row = {account_id: place for place, account_id in enumerate(market.snapshot.account_id.tolist())}
    members = [np.sort([row[member.account_id] for member in ring.members]) for ring in rings]
    ends = np.cumsum([0, *map(len, members)])
    return Groups(np.concatenate(members), ends)


def _gather(groups: Groups, n_accounts: int) -> sparse.csr_array:
    """Who is in which group (G, N)."""
    ones = np.ones(len(groups.account))
    return sparse.csr_array((ones, groups.account, groups.start), shape=(len(groups), n_accounts))


@dataclass(frozen=True)
class _Pull:
    """Bits of links between a group and each ``account`` (K,) that is linked to it, sorted."""

    account: Ints
    bits: Floats

    def of(self, members: Ints) -> Floats:
        """Those of some accounts, 0 for who is not linked to it."""
        place = np.minimum(np.searchsorted(self.account, members), max(len(self.account) - 1, 0))
        found = self.bits[place] if len(self.account) else np.zeros(len(members))
        return np.where(self.account[place] == members, found, 0.0) if len(self.account) else found


def _read_row(pull: sparse.csr_array, group: int) -> _Pull:
    begin, end = pull.indptr[group : group + 2]
    order = np.argsort(pull.indices[begin:end], kind="stable")
    return _Pull(pull.indices[begin:end][order].astype(np.int64), pull.data[begin:end][order])


def _describe_bits(view: RingView, ring: Ring) -> dict[str, float]:
    """How much stands, for whom, and how evenly."""
    judged, size = view.assessment, len(view.members)
    evidence = float(judged.evidence_bits[view.group])
    usual = max(float(np.median(view.member_bits)), np.finfo(float).tiny)
    axes = sum(view.grade(name) >= 1.0 for name in judged.left)
    return {
        "bits_per_root": ring.net_bits / np.sqrt(size),
        "bits_per_member": ring.net_bits / size,
        "evidence_per_member": evidence / size,
        "kept_share": ring.net_bits / max(evidence, np.finfo(float).tiny),
        "axes": float(axes),
        "doers": view.acted,
        "least_tie": float(view.member_bits.min()) / usual,
        "low_tie": float(np.quantile(view.member_bits, 0.25)) / usual,
    }


def _describe_links(members: Ints, weights: sparse.csr_array, pull: _Pull) -> dict[str, float]:
    """How members are linked to one another, and outsiders to them."""
    size, own = len(members), pull.of(members)
    is_outside = ~np.isin(pull.account, members) & (pull.bits > 0)
    outside = np.sort(pull.bits[is_outside])[::-1]
    usual, inside = max(float(np.median(own)), np.finfo(float).tiny), max(float(own.sum()), np.finfo(float).tiny)
    among = weights[members][:, members].toarray()
    return {
        "fragment": float((outside >= HALF * usual).sum()) / size,
        "strongest_outsider": float(outside.max(initial=0.0)) / usual,
        "outside_links": float(outside[:size].sum()) / inside,
        "insularity": float(own.sum()) / max(float(weights[members].sum()), np.finfo(float).tiny),
        "cohesion": measure_cohesion(among),
        "density": float((among > 0).sum()) / max(size * (size - 1), 1),
        "neighbours": float(np.log1p(is_outside.sum() / size)),
    }


def measure_cohesion(weights: Floats) -> float:
    """How hard it is to cut a group in two: the second smallest eigenvalue of its normalised Laplacian.

    0 where it is in two pieces already, s / (s - 1) where all s are tied alike (Chung, *Spectral Graph Theory*, 1997).
    O(s³).

    Parameters
    ----------
    weights
        (s, s) bits of links, symmetric, 0 on the diagonal.

    >>> round(measure_cohesion(np.ones((3, 3)) - np.eye(3)), 6), measure_cohesion(np.zeros((3, 3)))
    (1.5, 0.0)
    """
    degree = weights.sum(axis=1)
    if len(weights) < 2 or not (degree > 0).all():
        return 0.0
    laplacian = np.eye(len(weights)) - weights / np.sqrt(np.outer(degree, degree))
    return max(float(np.linalg.eigvalsh(laplacian)[1]), 0.0)
