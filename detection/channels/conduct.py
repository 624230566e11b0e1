"""Conduct: what an account does much more often than the market's accounts do.

Most people ask for a refund now and then.  Somebody of whose five orders four were refunded is
either unlucky or one of those who live by it.  Each signal compares how often an account did
something (k of m times) under two explanations: that it is like the others, whose habits differ as a
beta-binomial law says, and that it does so on purpose, with a habit anywhere above the usual.  The
log-likelihood ratio in bits says what its conduct adds to the suspicion that others raise; it
accuses nobody alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, betaln

from detection.channels.facts import find_refunds
from detection.policy import Policy
from graph.model import Floats, Ints, Snapshot

REFUNDS, UNVERIFIED, COMPLAINTS = "refunds asked", "reviews without an order", "bad reviews written"
SALES = "sales refunded"
SIGNALS = (REFUNDS, UNVERIFIED, COMPLAINTS, SALES)


@dataclass(frozen=True)
class Conduct:
    """One signal: ``times`` (N,) of ``occasions`` (N,) each account did it; ``bits`` (N,), at least -1.

    ``implied_bits`` (N,) of them only say that it did so at all; ``is_of_reviews`` where the judgement of an account's
    reviews has heard it already; ``is_learned`` where it is no conduct at all, but what labels teach of others.
    """

    name: str
    times: Ints
    occasions: Ints
    bits: Floats
    implied_bits: Floats
    is_of_reviews: bool = False
    is_learned: bool = False


@dataclass(frozen=True)
class BetaLaw:
    """How often the market's accounts do it: the ``mean`` share of occasions, and how alike they are (``spread``)."""

    mean: float
    spread: float

    @property
    def shape(self) -> tuple[float, float]:
        """The two parameters as usually written."""
        return self.spread * self.mean, self.spread * (1 - self.mean)


def measure_conduct(snapshot: Snapshot, policy: Policy) -> tuple[Conduct, ...]:
    """Every signal that the snapshot has facts for and that is unusual in it."""
    orders, reviews, n = snapshot.orders, snapshot.reviews, snapshot.n_accounts
    found = []
    judged, refunds = orders.status >= 0, find_refunds(snapshot, policy)
    asked = _compare(REFUNDS, orders.buyer[judged], refunds[judged], n, policy)
    found.append(asked)
    # Whom those rob who live by refunds does not cheat anybody.
    lives_by_it = (asked.bits > 0) & (asked.times > 1)
    sold = judged & (orders.seller >= 0) & ~lives_by_it[orders.buyer]
    found.append(_compare(SALES, orders.seller[sold], refunds[sold], n, policy))
    about = reviews.product >= 0
    if (orders.product >= 0).any():
        found.append(_compare(UNVERIFIED, reviews.author[about], ~find_verified(snapshot)[about], n, policy))
    rated = ~np.isnan(reviews.rating)
    found.append(_compare(COMPLAINTS, reviews.author[rated], reviews.rating[rated] <= policy.bad_rating, n, policy))
    return tuple(signal for signal in found if signal.bits.any())


def find_verified(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Reviews of a product of which the author has an order (R,)."""
    orders, reviews = snapshot.orders, snapshot.reviews
    known, width = orders.product >= 0, snapshot.n_products + 1
    bought = orders.buyer[known] * width + orders.product[known] + 1
    return np.isin(reviews.author * width + reviews.product + 1, bought)


def _compare(name: str, account: Ints, did: NDArray[np.bool_], n_accounts: int, policy: Policy) -> Conduct:
    occasions = np.bincount(account, minlength=n_accounts)
    times = np.bincount(account[did], minlength=n_accounts)
    usual = times.sum() / max(occasions.sum(), 1)
    bits = implied_bits = np.zeros(n_accounts)
    if 0 < usual <= policy.largest_usual:
        law = BetaLaw(usual, fit_spread(times, occasions, policy))
        bits = score_habit(times, occasions, law, policy)
        implied_bits = np.where(times > 0, score_once(occasions, law, policy), 0.0)
    return Conduct(name, times, occasions, bits, implied_bits, name in (UNVERIFIED, COMPLAINTS))


def fit_spread(times: Ints, occasions: Ints, policy: Policy) -> float:
    """How alike the habits are: the concentration of the beta law, by its second moment.

    The larger the more alike; at most ``most_alike``, and at least so much that no habit is more usual the
    closer it is to always, for then doing it more often would accuse less.
    """
    # One occasion says nothing of how habits differ.
    often = occasions >= 2
    m, k = occasions[often].astype(float), times[often].astype(float)
    if not len(m) or not k.sum():
        return policy.most_alike
    usual = k.sum() / m.sum()
    excess = (k * (k - 1)).sum() / (m * (m - 1)).sum()  # chance that two of one account's occasions both show it
    alike = (excess - usual**2) / max(usual * (1 - usual), 1e-12)
    return float(
        np.clip(1.0 / max(alike, 1.0 / policy.most_alike) - 1.0, 1.0 / (1.0 - policy.largest_usual), policy.most_alike)
    )


def score_habit(times: Ints, occasions: Ints, law: BetaLaw, policy: Policy) -> Floats:
    """Bits by which a purpose explains each account's habit better than the others' habits do (N,).

    >>> from detection.policy import DEFAULT_POLICY
    >>> score_habit(np.array([0, 1, 4]), np.array([5, 5, 5]), BetaLaw(0.02, 50.0), DEFAULT_POLICY).round(1)
    array([-0.9,  0.3, 10. ])
    """
    known, place = np.unique(np.stack([times, occasions]), axis=1, return_inverse=True)
    k, m = known[0].astype(float), known[1].astype(float)
    a, b = law.shape
    like_others = betaln(k + a, m - k + b) - betaln(a, b)
    # Under a purpose every habit from least_habit up is as likely: an incomplete beta integral.
    any_habit = np.exp(np.minimum(betaln(k + 1, m - k + 1) - like_others, 700.0))  # beyond, exp overflows
    ratio = any_habit * betaincc(k + 1, m - k + 1, policy.least_habit) / (1 - policy.least_habit)
    bits: Floats = np.minimum(np.log2(policy.likely_honest + (1 - policy.likely_honest) * ratio), policy.loner_bits)
    return bits[place.ravel()]


def score_once(occasions: Ints, law: BetaLaw, policy: Policy) -> Floats:
    """The bits for having done it at least once on so many occasions (N,), under the laws of :func:`score_habit`.

    >>> from detection.policy import DEFAULT_POLICY
    >>> score_once(np.array([1, 5, 50]), BetaLaw(0.02, 50.0), DEFAULT_POLICY).round(1)
    array([4. , 2.5, 0.6])
    """
    m = occasions.astype(float)
    a, b = law.shape
    never = np.exp(betaln(a, m + b) - betaln(a, b))
    never_on_purpose = (1 - policy.least_habit) ** m / (m + 1)
    ratio = (1 - never_on_purpose) / np.maximum(1 - never, 1e-12)
    bits: Floats = np.log2(policy.likely_honest + (1 - policy.likely_honest) * ratio)
    return bits
