"""How far each review is to be believed: a mixture of honest and planted opinions, fitted without labels.

Every rating is drawn either from what the target's experienced reviewers say of it, or from the same
tilted towards what planted reviews are written to say.  How often the second happens depends on the
target and on how the author behaves.  Fitting the two together carries suspicion from reviews to
targets, from targets to other reviews, and through the authors' behaviour to accounts that wrote
a single one: what FraudEagle and SpEagle do with potentials that people set by hand.

It is a latent class model with concomitant variables (Dayton & Macready, JASA 83, 1988): the log-odds
that a review is planted are a sum over its signals, with weights ≥ 0 that are learned, and an
effect of its target that is drawn towards 0.  The honest distribution is the target's own, by
authors who keep coming back, leaving out the review itself; first reviews are allowed the more
extreme tone that first reviews of returning authors have (McAuley & Leskovec, From amateurs to
connoisseurs, WWW 2013).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detection.reviews.fixed_point import find_fixed_point
from graph.model import Floats, Ints

N_RATINGS = 5
REFERENCE_REVIEWS = 30.0
"""A target's own distribution of ratings counts half as much as the market's when it has so many reference reviews."""
CAMOUFLAGE_SHARE = 0.5
"""Of planted reviews, how many say what anybody would.  The ratings cannot tell this from fewer planted reviews."""
_FIRST_TILT = np.array([5.0, 1.5, 0.3, 0.3, 1.3])
_FIRST_REVIEWS = 30.0
"""Before any is seen, planted opinions are extreme ones, with the weight of so many reviews; the rest is fitted."""
_TARGET_PENALTY = 2.0
_WEIGHT_PENALTY = 1.0
SAMPLE_REVIEWS = 500_000
"""The weights and the tilt are a dozen numbers: whole targets with so many reviews are plenty to fit them on."""
EFFECT_ROUNDS = 50
_CLIP = 12.0
_ENOUGH = 1e-3


@dataclass(frozen=True)
class Opinions:
    """What was said of which target, by whom.

    Attributes
    ----------
    target : (R,) codes in 0..n_targets-1, -1 where unknown
    rating : (R,) 1 to 5, NaN where unknown
    is_first : (R,) whether it is the author's first review
    trust : (R,) in [0, 1], how much the author's ratings count as the reference
    n_targets
    """

    target: Ints
    rating: Floats
    is_first: NDArray[np.bool_]
    trust: Floats
    n_targets: int


@dataclass(frozen=True)
class Belief:
    """What the fit says, in nats.

    Attributes
    ----------
    prior : (R,) log-odds that the review is planted, from its target and its author's behaviour
    opinion : (R,) log-likelihood ratio of its rating, planted against honest; 0 where unknown
    target_effect : (n_targets,) log-odds that a target adds to all its reviews
    weight : (K,) log-odds for one unit of each signal
    tilt : (5,) how much likelier planted reviews are to give each rating than honest ones are
    """

    prior: Floats
    opinion: Floats
    target_effect: Floats
    weight: Floats
    tilt: Floats


@dataclass(frozen=True)
class _Known:
    """The reviews with a target and a rating (r of them): the fit sees no others.

    ``base`` (n_targets * 2, 5) is the reference of each target, for later and for first reviews; review i
    sees ``base[slot[i]]`` without its own share ``own[i]`` in the column ``rating[i]``, which is ``honest[i]`` in all.
    ``market`` (5,) is the reference over all targets.
    """

    row: Ints
    target: Ints
    slot: Ints
    rating: Ints
    own: Floats
    honest: Floats
    base: Floats
    market: Floats


def fit_belief(opinions: Opinions, signals: Floats, *, rounds: int = 300) -> Belief:
    """Fit honest and planted opinions together with where planted ones are found.

    Parameters
    ----------
    opinions
        Who said what of which target.
    signals
        (R, K), each the larger the more suspicious, about as far from 0 as 1.
    rounds
        Of expectation and one Newton step each, at most.

    Notes
    -----
    O(rounds · R · K²), in some dozens of rounds: no matrix over targets is solved.  Of more than ``SAMPLE_REVIEWS``,
    the weights and the tilt are fitted on some of the targets, and then the effects of all.

    Examples
    --------
    Twenty regulars call target 0 average and so does everybody; newcomers praise target 1, regulars do not.

    >>> target = np.tile([0, 1], 40)
    >>> is_new = np.repeat([False, True], 40)
    >>> rating = np.where(is_new & (target == 1), 5.0, 3.0)
    >>> found = fit_belief(Opinions(target, rating, is_new, 1.0 - is_new, 2), is_new[:, None].astype(float))
    >>> bool(found.prior[is_new & (target == 1)].min() > found.prior[is_new & (target == 0)].max())
    True
    """
    known = _prepare(opinions)
    x = np.column_stack([np.ones(len(known.row)), signals[known.row]])
    sample = _sample_targets(known.target, opinions.n_targets)
    common = _fit_common(_take(known, sample), x[sample], opinions.n_targets, rounds)
    opinion = np.zeros(len(opinions.rating))
    opinion[known.row] = _weigh_ratings(known, common.tilt)
    effect = common.effect
    if not sample.all():
        effect = _fit_effects(x @ common.weight, opinion[known.row], known.target, opinions.n_targets)
    of_target = np.where(opinions.target >= 0, np.append(effect, 0.0)[opinions.target], 0.0)  # none where unknown
    prior = common.weight[0] + signals @ common.weight[1:] + of_target
    return Belief(prior, opinion, effect, common.weight[1:], np.exp(common.tilt - common.tilt[2]))


def _sample_targets(target: Ints, n_targets: int) -> NDArray[np.bool_]:
    """Reviews of every k-th target by size (r,), so that about ``SAMPLE_REVIEWS`` are left."""
    k = -(-len(target) // SAMPLE_REVIEWS)
    by_size = np.argsort(np.bincount(target, minlength=n_targets), kind="stable")
    chosen = np.zeros(n_targets, dtype=bool)
    chosen[by_size[::-1][:: max(k, 1)]] = True
    return chosen[target]


@dataclass(frozen=True)
class _Common:
    """``weight`` (1 + K,) with the constant first, ``tilt`` (5,) as logarithms, and ``effect`` (n_targets,)."""

    weight: Floats
    tilt: Floats
    effect: Floats


def _fit_common(known: _Known, x: Floats, n_targets: int, rounds: int) -> _Common:
    """What holds for all targets, and the effects of those in the sample."""
    n_weights = x.shape[1]
    n_common = n_weights + N_RATINGS

    def split(place: Floats) -> _Common:
        weight = np.append(place[:1], np.maximum(place[1:n_weights], 0.0))
        tilt = np.clip(place[n_weights:n_common], -_CLIP, _CLIP)
        return _Common(weight, tilt, place[n_common:])

    def step(place: Floats) -> Floats:
        better = _improve(known, x, split(place))
        return np.concatenate([better.weight, better.tilt, better.effect])

    weight = np.concatenate([[-2.0], np.ones(n_weights - 1)])
    start = np.concatenate([weight, np.log(_FIRST_TILT), np.zeros(n_targets)])
    if not len(known.row):
        return split(start)
    return split(find_fixed_point(step, start, watched=slice(n_common), enough=_ENOUGH, rounds=rounds))


def _improve(known: _Known, x: Floats, now: _Common) -> _Common:
    """One round of expectation and one Newton step."""
    chance = _to_chance(x @ now.weight + now.effect[known.target])
    compared = _compare_ratings(known, now.tilt)
    pure = (1.0 - CAMOUFLAGE_SHARE) * compared.ratio
    belief = _believe(chance, pure + CAMOUFLAGE_SHARE)
    tilt = now.tilt + _step_tilt(known, compared, belief * pure / (pure + CAMOUFLAGE_SHARE))
    step = _step_weights(x, known.target, belief - chance, chance * (1.0 - chance), now.weight, now.effect)
    weight = now.weight + step.weight
    weight[1:] = np.maximum(weight[1:], 0.0)
    return _Common(weight, tilt, now.effect + step.effect)


def _fit_effects(log_odds: Floats, opinion: Floats, target: Ints, n_targets: int) -> Floats:
    """The effect of every target when all else is known (n_targets,): rounds of expectation and a Newton step."""
    effect = np.zeros(n_targets)
    for _ in range(EFFECT_ROUNDS):
        chance = _to_chance(log_odds + effect[target])
        miss = _believe(chance, np.exp(opinion)) - chance
        pull = np.bincount(target, weights=miss, minlength=n_targets) - _TARGET_PENALTY * effect
        curve = np.bincount(target, weights=chance * (1.0 - chance), minlength=n_targets) + _TARGET_PENALTY
        step = np.clip(pull / curve, -1.0, 1.0)
        effect = effect + step
        if np.abs(step).max(initial=0.0) < _ENOUGH:
            break
    return effect


def _weigh_ratings(known: _Known, tilt: Floats) -> Floats:
    """Log-likelihood ratio of each rating, planted against honest (r,)."""
    weighed: Floats = np.log((1.0 - CAMOUFLAGE_SHARE) * _compare_ratings(known, tilt).ratio + CAMOUFLAGE_SHARE)
    return weighed


def _believe(chance: Floats, ratio: Floats) -> Floats:
    """The chance after the rating was seen, from the one before and the likelihood ratio."""
    mixed = chance * ratio
    believed: Floats = mixed / (mixed + 1.0 - chance)
    return believed


def _to_chance(log_odds: Floats) -> Floats:
    chance: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -_CLIP, _CLIP)))
    return chance


def _prepare(opinions: Opinions) -> _Known:
    """The reference of each target: smoothed by the market's, and adjusted in tone for first reviews."""
    row = np.flatnonzero((opinions.target >= 0) & ~np.isnan(opinions.rating))
    target, is_first, trust = opinions.target[row], opinions.is_first[row], opinions.trust[row]
    rating = np.clip(np.round(opinions.rating[row]) - 1, 0, N_RATINGS - 1).astype(np.int64)
    everyone = np.bincount(rating, minlength=N_RATINGS) + 1.0
    everyone *= REFERENCE_REVIEWS / everyone.sum()
    later = np.bincount(rating, weights=trust * ~is_first, minlength=N_RATINGS) + everyone
    later /= later.sum()
    first = np.bincount(rating, weights=trust * is_first, minlength=N_RATINGS) + REFERENCE_REVIEWS * later
    tone = np.stack([np.ones(N_RATINGS), first / first.sum() / later])
    own = trust / tone[is_first.astype(np.int64), rating]
    counts = np.bincount(target * N_RATINGS + rating, weights=own, minlength=opinions.n_targets * N_RATINGS)
    reference = counts.reshape(-1, 1, N_RATINGS) + REFERENCE_REVIEWS * later
    base, slot = (reference * tone).reshape(-1, N_RATINGS), target * 2 + is_first
    return _Known(row, target, slot, rating, trust, base.sum(axis=1)[slot] - trust, base, later)


def _take(known: _Known, wanted: NDArray[np.bool_]) -> _Known:
    """Some of the reviews; the references stay those of all."""
    parts = {name: getattr(known, name)[wanted] for name in ("row", "target", "slot", "rating", "own", "honest")}
    return replace(known, **parts)


@dataclass(frozen=True)
class _Comparison:
    """The ratings under a tilt: the ``lift`` (5,) of each; by review (r,) what ``planted`` ratings of its target weigh
    in all, and the ``ratio`` by which its own is likelier among purely planted ones than among honest ones.
    """

    lift: Floats
    planted: Floats
    ratio: Floats


def _compare_ratings(known: _Known, tilt: Floats) -> _Comparison:
    """How much likelier each review's rating is among purely planted ones than among honest ones."""
    lift = np.exp(tilt)
    own = lift[known.rating]
    planted = (known.base @ lift)[known.slot] - known.own * own
    return _Comparison(lift, planted, own * known.honest / planted)


def _step_tilt(known: _Known, compared: _Comparison, pure: Floats) -> Floats:
    """Bring the planted ratings that are expected in line with those that were seen (5,)."""
    lift, per_unit = compared.lift, pure / compared.planted
    seen = np.bincount(known.rating, weights=pure, minlength=N_RATINGS)
    by_slot = np.bincount(known.slot, weights=per_unit, minlength=len(known.base))
    own = np.bincount(known.rating, weights=per_unit * known.own, minlength=N_RATINGS)
    expected = lift * (by_slot @ known.base - own)
    first, now = known.market * _FIRST_TILT, known.market * lift
    wanted, given = seen + _FIRST_REVIEWS * first / first.sum(), expected + _FIRST_REVIEWS * now / now.sum()
    step: Floats = np.log(wanted / given)
    return step


@dataclass(frozen=True)
class _Step:
    weight: Floats
    effect: Floats


def _step_weights(x: Floats, target: Ints, miss: Floats, spread: Floats, weight: Floats, effect: Floats) -> _Step:
    """One Newton step of a logistic regression; the targets' effects are eliminated first (Schur complement)."""
    n = len(effect)
    penalty = np.concatenate([[1e-6], np.full(x.shape[1] - 1, _WEIGHT_PENALTY)])
    spread = np.maximum(spread, 1e-4)
    curve = np.bincount(target, weights=spread, minlength=n) + _TARGET_PENALTY
    # What each target's reviews show, signal by signal (K, n_targets), added up review by review.
    reviews = sparse.csc_array((spread, target, np.arange(len(target) + 1)), shape=(n, len(target)))
    cross = np.ascontiguousarray((reviews @ x).T)
    pull = np.bincount(target, weights=miss, minlength=n) - _TARGET_PENALTY * effect
    inner = (x.T * spread) @ x + np.diag(penalty) - (cross / curve) @ cross.T
    outer = x.T @ miss - penalty * weight - cross @ (pull / curve)
    move = np.linalg.solve(inner, outer)
    return _Step(np.clip(move, -1.0, 1.0), np.clip((pull - move @ cross) / curve, -1.0, 1.0))
