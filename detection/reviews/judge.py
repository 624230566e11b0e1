"""What tells on a review, and on its author, without labels: each sign by itself, and all of them together.

A sign is a function of the facts: (R,) numbers, the larger the more suspicious, NaN where it is
silent.  Ratings, times, orders and texts may each be missing; the signs that need them fall silent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.channels.facts import find_review_targets
from detection.channels.incidence import NO_TARGET
from detection.channels.windows import MICROS_PER_DAY
from detection.reviews.expected_newcomers import expect_newcomers
from detection.reviews.mixture import CAMOUFLAGE_SHARE, N_RATINGS, Belief, Opinions, fit_belief
from graph.model import Floats, Ints, Snapshot

TREND_REVIEWS = 20
"""The trend at a review is the mean of so many reviews of the target before it and as many after it."""
DELIVERY_DAYS = 1.0
"""Nothing that was ordered can be delivered and judged sooner."""
OWN_SHARE = 0.25
"""What a review weighs by itself, beside the mean over all that its author wrote: whole accounts are planted."""
SEQUENCE_CLASSES = 8
"""Whether an account comes back is estimated apart after its first, second, ... review, up to this one."""
MIN_ABANDONED = 0.02
MOST_TEXTS = 200_000
NEAR_DUPLICATE_SIMILARITY, CANDIDATE_SIMILARITY = 0.7, 0.5
SHINGLE_WORDS = 3
RUSH_DAYS, SEASON_DAYS = 10.0, 180.0


@dataclass(frozen=True)
class ReviewFacts:
    """The reviews of a market as arrays.

    Attributes
    ----------
    author : (R,) rows of accounts
    target : (R,) codes in 0..n_targets-1, -1 where unknown
    rating : (R,) 1 to 5, NaN where unknown
    day : (R,) whole days since 1970, NaN where unknown
    n_accounts, n_targets
    days_to_order : (R,) days from the author's first order of the target to the review: negative if the
        review came first, inf if there is no order, NaN where orders say nothing of the target
    text : (R,) as written, None where there is none; empty if no review has any
    """

    author: Ints
    target: Ints
    rating: Floats
    day: Floats
    n_accounts: int
    n_targets: int
    days_to_order: Floats
    text: Sequence[str | None] = ()

    @cached_property
    def by_author(self) -> Ints:
        """Rows sorted by author and day, unknown days last (R,)."""
        return np.lexsort((self.day, self.author))

    @cached_property
    def by_target(self) -> Ints:
        """Rows with a target and a day, sorted by both (r,)."""
        rows = np.flatnonzero((self.target >= 0) & ~np.isnan(self.day))
        return rows[np.lexsort((self.day[rows], self.target[rows]))]

    @cached_property
    def n_written(self) -> Ints:
        """How many reviews each review's author wrote (R,)."""
        return np.bincount(self.author, minlength=self.n_accounts)[self.author]

    @cached_property
    def span_days(self) -> Floats:
        """From the first to the last review of each review's author (R,)."""
        return self.last_day - self.first_day

    @cached_property
    def first_day(self) -> Floats:
        """Day of the first review of each review's author (R,), its own day where none is known."""
        first = np.full(self.n_accounts, np.nan)
        np.fmin.at(first, self.author, self.day)
        return first[self.author]

    @cached_property
    def last_day(self) -> Floats:
        """Day of the last review of each review's author (R,)."""
        last = np.full(self.n_accounts, np.nan)
        np.fmax.at(last, self.author, self.day)
        return last[self.author]

    @cached_property
    def active_days(self) -> Ints:
        """On how many different days each review's author wrote; a review of unknown day counts as one (R,)."""
        order = self.by_author
        author, day = self.author[order], self.day[order]
        is_new = np.ones(len(order), dtype=bool)
        is_new[1:] = (np.diff(author) != 0) | ~(np.diff(day) == 0)
        return np.bincount(author[is_new], minlength=self.n_accounts)[self.author]

    @cached_property
    def expected_newcomers(self) -> Floats:
        """The share of newcomers that each target should have, as log-odds (n_targets,)."""
        return expect_newcomers(self.author, self.target, self.active_days == 1, self.n_targets)


def read_review_facts(snapshot: Snapshot) -> ReviewFacts:
    """The facts about the reviews of a market."""
    reviews = snapshot.reviews
    code = find_review_targets(reviews)
    targets, place = np.unique(code, return_inverse=True)
    target = np.where(code == NO_TARGET, -1, place - int(NO_TARGET in targets[:1]))
    at = reviews.reviewed_at
    day = np.where(np.isnat(at), np.nan, at.astype("datetime64[D]").astype(np.int64).astype(np.float64))
    n_targets = int(target.max(initial=-1)) + 1
    days_to_order = _find_days_to_order(snapshot, code)
    text = reviews.text.tolist() if (reviews.text != None).any() else ()  # noqa: E711  (element by element)
    return ReviewFacts(reviews.author, target, reviews.rating, day, snapshot.n_accounts, n_targets, days_to_order, text)


def _find_days_to_order(snapshot: Snapshot, target: Ints) -> Floats:
    """Days from each author's first order of the target to the review (R,): see :class:`ReviewFacts`."""
    orders = snapshot.orders
    of_product, of_seller = np.flatnonzero(orders.product >= 0), np.flatnonzero(orders.seller >= 0)
    order = np.concatenate([of_product, of_seller])
    bought = np.concatenate([orders.product[of_product], -1 - orders.seller[of_seller]])
    if not len(order):
        return np.full(len(target), np.nan)
    if not len(of_product):  # orders that name sellers only: any order from the product's seller will do
        target = np.where(snapshot.reviews.seller >= 0, -1 - snapshot.reviews.seller, target)
    things, thing = np.unique(bought, return_inverse=True)
    pair = thing * np.int64(snapshot.n_accounts) + orders.buyer[order]
    first = np.lexsort((orders.ordered_at[order], pair))  # unknown times last
    pairs, place = np.unique(pair[first], return_index=True)
    asked = np.minimum(np.searchsorted(things, target), len(things) - 1)
    wanted = asked * np.int64(snapshot.n_accounts) + snapshot.reviews.author
    found = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    apart = snapshot.reviews.reviewed_at - orders.ordered_at[order][first][place][found]
    days = np.where(pairs[found] == wanted, apart / np.timedelta64(MICROS_PER_DAY, "us"), np.inf)
    return np.where(things[asked] == target, days, np.nan)


def measure_few_reviews(facts: ReviewFacts) -> Floats:
    """Authors who wrote on few days (singletons above all): -log2 of the days (R,).

    Most filtered reviews come from accounts that write once (Xie, Wang, Lin & Yu, Review spam detection
    via temporal pattern discovery, KDD 2012).  Days, not reviews: a batch on one day is one effort.
    """
    few: Floats = -np.log2(facts.active_days.astype(np.float64))
    return few


def measure_short_life(facts: ReviewFacts) -> Floats:
    """Authors whose first and last review lie close together: -log2 of the days between, plus one (R,).

    The account-age sign of Mukherjee et al., Spotting opinion spammers using behavioral footprints, KDD 2013.
    """
    short: Floats = -np.log2(1.0 + facts.span_days)
    return short


def measure_abandonment(facts: ReviewFacts) -> Floats:
    """The chance that the author will never write again, as log2 (R,).

    Planted reviews come from accounts that are dropped after use, but a new account is silent too.  The
    Kaplan–Meier estimate (JASA 53, 1958) of the time to the next review tells them apart: what share
    never comes back after the k-th review, given that it was silent for so long already.
    """
    order = facts.by_author
    order = order[~np.isnan(facts.day[order])]
    if not len(order):
        return np.full(len(facts.author), np.nan)
    author, day = facts.author[order], facts.day[order].astype(np.int64)
    last = np.append(np.diff(author) != 0, True)
    gap = np.where(last, day.max() - day, np.append(np.diff(day), 0))
    begin = np.maximum.accumulate(np.where(np.insert(last[:-1], 0, True), np.arange(len(order)), 0))
    nth = np.minimum(np.arange(len(order)) - begin, SEQUENCE_CLASSES - 1)
    gone = np.ones(facts.n_accounts)
    for k in range(SEQUENCE_CLASSES):
        of = nth == k
        if of.any():
            never = _estimate_never(gap[of], ~last[of])
            silent = of & last
            gone[author[silent]] = never[gap[silent]]
    return np.where(np.isnan(facts.last_day), np.nan, np.log2(gone)[facts.author])


def _estimate_never(gap: Ints, came_back: NDArray[np.bool_]) -> Floats:
    """By days of silence, the chance that nothing follows (gap.max() + 1,): Kaplan–Meier, its tail over its value."""
    returns = np.bincount(gap[came_back], minlength=int(gap.max()) + 1)
    at_risk = np.cumsum(np.bincount(gap, minlength=len(returns))[::-1])[::-1]
    still_away = np.maximum(np.cumprod(1.0 - returns / np.maximum(at_risk, 1)), MIN_ABANDONED)
    end = still_away[int(np.quantile(gap, 0.99))]
    never: Floats = np.minimum(1.0, end / still_away)
    return never


def measure_gap_regularity(facts: ReviewFacts) -> Floats:
    """Authors whose gaps between reviews are all alike: minus their entropy in bits (R,); NaN below two gaps.

    Gaps are counted by powers of two days, as in Li et al., Bimodal distribution and co-bursting in review
    spam detection, WWW 2017: people come back at all distances, campaigns at one.
    """
    order = facts.by_author
    author = facts.author[order]
    gap = np.append(np.where(np.diff(author) == 0, np.diff(facts.day[order]), np.nan), np.nan)[: len(order)]
    known = ~np.isnan(gap)
    scale = np.log2(1.0 + gap[known]).astype(np.int64)
    cells, times = np.unique(author[known] * 64 + scale, return_counts=True)
    total = np.bincount(cells // 64, weights=times, minlength=facts.n_accounts)
    share = times / total[cells // 64]
    entropy = np.bincount(cells // 64, weights=-share * np.log2(share), minlength=facts.n_accounts)
    return np.where(total >= 2, -entropy, np.nan)[facts.author]


def measure_extremity(facts: ReviewFacts) -> Floats:
    """How far the rating lies from the middle of the scale (R,) (Mukherjee et al., KDD 2013)."""
    return np.abs(facts.rating - 3.0)


def measure_deviation(facts: ReviewFacts) -> Floats:
    """How far the rating lies from what the target was given just before and after (R,).

    The mean of the ``TREND_REVIEWS`` reviews on either side, without the review itself, in place of
    the mean over all times (Lim et al., Detecting product review spammers using rating behaviors, CIKM
    2010): targets get better and worse.
    """
    deviation = np.full(len(facts.rating), np.nan)
    rows = facts.by_target[~np.isnan(facts.rating[facts.by_target])]
    if not len(rows):
        return deviation
    rating, target = facts.rating[rows], facts.target[rows]
    run = _find_runs(target)
    low = np.maximum(np.arange(len(rows)) - TREND_REVIEWS, run.first)
    high = np.minimum(np.arange(len(rows)) + TREND_REVIEWS, run.last) + 1
    total = np.concatenate([[0.0], np.cumsum(rating)])
    others = high - low - 1
    mean = (total[high] - total[low] - rating) / np.maximum(others, 1)
    deviation[rows] = np.where(others > 0, np.abs(rating - mean), np.nan)
    return deviation


def measure_earliness(facts: ReviewFacts) -> Floats:
    """How early the review came among the target's: -log2 of its rank (R,) (Lim et al., CIKM 2010).

    Reviews of one day share a rank.
    """
    earliness = np.full(len(facts.rating), np.nan)
    rows = facts.by_target
    day, run = facts.day[rows], _find_runs(facts.target[rows])
    is_new = np.append(True, np.diff(day) != 0)[: len(rows)] | (run.first == np.arange(len(rows)))
    tied = np.maximum.accumulate(np.where(is_new, np.arange(len(rows)), 0))
    earliness[rows] = -np.log2(1.0 + tied - run.first)
    return earliness


def measure_burst(facts: ReviewFacts) -> Floats:
    """Bits of the strongest burst of the target that the review lies in (R,), 0 where there is none.

    A scan over intervals that begin and end at a review and hold 2, 3, 4, 6, 8, ... of them, so that the data
    say how long a burst is: the log-likelihood ratio of a Poisson rate inside and another outside
    (Kulldorff, Communications in Statistics 26, 1997), less log2 of how many intervals were tried.
    Half-octave lengths lose little against all intervals (Walther, Annals of Statistics 38, 2010).
    O(R log R).
    """
    bits = np.zeros(len(facts.rating))
    rows = facts.by_target
    if not len(rows):
        return np.full(len(bits), np.nan)
    day, run = facts.day[rows], _find_runs(facts.target[rows])
    size = run.last - run.first + 1
    life = day[run.last] - day[run.first] + 1.0
    strongest, length = np.zeros(len(rows)), 2
    while length < int(size.max()):
        strongest = np.maximum(strongest, _scan(day, run, size, life, length))
        length = length * 3 // 2 if length & (length - 1) == 0 else length // 3 * 4
    bits[rows] = strongest
    bits[np.isnan(facts.day) | (facts.target < 0)] = np.nan
    return bits


def _scan(day: Floats, run: _Runs, size: Ints, life: Floats, length: int) -> Floats:
    """For each review, the most bits of any interval of so many reviews that it lies in."""
    start = np.arange(len(day) - length + 1)
    inside = start[run.last[start] >= start + length - 1]
    inside = inside[size[inside] > length]
    n, t = size[inside].astype(np.float64), life[inside]
    width = np.minimum(day[inside + length - 1] - day[inside] + 1.0, t - 0.5)
    ratio = length * np.log2(length / width * t / n) + (n - length) * np.log2((n - length) / (t - width) * t / n)
    is_faster = length / width > n / t
    found = np.zeros(len(day))
    found[inside] = np.where(is_faster, ratio - np.log2(2.0 * n * np.log2(n)), 0.0)
    found = np.maximum(found, 0.0)
    reach = 1
    while reach < length:  # sliding maximum by doubling; an interval with bits never leaves its target
        step = min(reach, length - reach)
        found[step:] = np.maximum(found[step:], found[:-step])
        reach += step
    return found


@dataclass(frozen=True)
class _Runs:
    """For each place in a sorted array, the ``first`` and the ``last`` place with the same value."""

    first: Ints
    last: Ints


def _find_runs(values: Ints) -> _Runs:
    begin = np.flatnonzero(np.append(True, np.diff(values) != 0)[: len(values)])
    sizes = np.diff(np.append(begin, len(values)))
    return _Runs(np.repeat(begin, sizes), np.repeat(begin + sizes - 1, sizes))


def measure_rush(facts: ReviewFacts) -> Floats:
    """How many more reviews of the target come within days than the season has: log2 of the ratio (R,).

    Others of the target within ``RUSH_DAYS`` on either side, against those within ``SEASON_DAYS``, one added to
    each.  A scan over the target's whole life sees seasons first; this sees what stands out of one (the
    window of arrivals of Xie, Wang, Lin & Yu, KDD 2012).  O(R log R).
    """
    rush = np.full(len(facts.rating), np.nan)
    rows = facts.by_target
    if not len(rows):
        return rush
    day = facts.day[rows] - facts.day[rows].min()
    day = day + facts.target[rows] * (day.max() + 2.0 * SEASON_DAYS)  # no window reaches into another target's
    few, many = (_count_near(day, days) for days in (RUSH_DAYS, SEASON_DAYS))
    share = (2.0 * RUSH_DAYS + 1.0) / (2.0 * SEASON_DAYS + 1.0)
    rush[rows] = np.log2((1.0 + few) / (1.0 + many * share))
    return rush


def _count_near(day: Floats, days: float) -> Ints:
    """How many other places of a sorted array (r,) lie within so many days of each."""
    return np.searchsorted(day, day + days, side="right") - np.searchsorted(day, day - days) - 1


def measure_no_order(facts: ReviewFacts) -> Floats:
    """1 where the target is sold here and the author never ordered it, 0 where they did (R,).

    The unverified purchase of the marketplace studies (He, Hollenbeck & Proserpio, The market for fake
    reviews, Marketing Science 41, 2022).
    """
    return np.where(np.isnan(facts.days_to_order), np.nan, np.isposinf(facts.days_to_order).astype(np.float64))


def measure_undelivered(facts: ReviewFacts) -> Floats:
    """1 where the review came before its order or within a day of it (R,); NaN without an order and its time."""
    days = facts.days_to_order
    return np.where(np.isfinite(days), (days < DELIVERY_DAYS).astype(np.float64), np.nan)


def measure_regular_audience(facts: ReviewFacts) -> Floats:
    """How few newcomers the target should have, by what else its regulars review: minus log-odds (R,).

    The fewer there should be, the more each of them tells; see
    :func:`~detection.reviews.expected_newcomers.expect_newcomers`.
    The share of singletons as in Xie, Wang, Lin & Yu, KDD 2012, but of the target's like: a target that is
    flooded with newcomers is judged by the others.
    """
    return np.where(facts.target >= 0, np.append(-facts.expected_newcomers, np.nan)[facts.target], np.nan)


def measure_near_duplicates(facts: ReviewFacts, *, permutations: int = 64) -> Floats:
    """With how many other reviews of its target each text nearly agrees, as log2(1 + n) (R,); NaN without a text.

    Sets of three words in a row, compared by MinHash (Broder, On the resemblance and containment of
    documents, SEQUENCES 1997) and banded hashing; near is a resemblance of 0.7, and who agrees with one agrees
    with all that it agrees with.  Stock phrases are everywhere: the same words of the same thing are what tells.
    Texts of the same words are compared once; of more than ``MOST_TEXTS`` different ones, only those of the
    same words agree.

    Parameters
    ----------
    facts
        The reviews.
    permutations
        Of the hash; more separate 0.7 more sharply.
    """
    near = np.full(len(facts.author), np.nan)
    words = [tuple((text or "").casefold().split()) for text in facts.text]
    rows = np.array([row for row, each in enumerate(words) if each], dtype=np.int64)
    if len(rows):
        distinct = {each: place for place, each in enumerate(dict.fromkeys(words[row] for row in rows.tolist()))}
        alike = _join_alike(list(distinct), permutations) if len(distinct) <= MOST_TEXTS else np.arange(len(distinct))
        said = alike[[distinct[words[row]] for row in rows.tolist()]]
        _, place, times = np.unique(
            np.stack([facts.target[rows], said]), axis=1, return_inverse=True, return_counts=True
        )
        near[rows] = np.log2(times[place.ravel()])
    return near


def _join_alike(texts: Sequence[tuple[str, ...]], permutations: int) -> Ints:
    """The class of each text (T,): texts that nearly agree are in one."""
    from datasketch import MinHash, MinHashLSH  # only where there are texts

    index, prints = MinHashLSH(threshold=CANDIDATE_SIMILARITY, num_perm=permutations), []
    for place, words in enumerate(texts):
        shingles = {" ".join(words[n : n + SHINGLE_WORDS]) for n in range(max(1, len(words) - SHINGLE_WORDS + 1))}
        prints.append(MinHash(num_perm=permutations))
        prints[place].update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in sorted(shingles)])
        index.insert(place, prints[place])
    pairs = [
        (place, other)
        for place, made in enumerate(prints)
        for other in index.query(made)
        if other == place or made.jaccard(prints[other]) >= NEAR_DUPLICATE_SIMILARITY
    ]
    one, other = np.array(pairs).T
    agree = sparse.coo_array((np.ones(len(one)), (one, other)), shape=(len(texts), len(texts)))
    return connected_components(agree, directed=False)[1].astype(np.int64)


SIGNS: dict[str, Callable[[ReviewFacts], Floats]] = {
    "few reviews": measure_few_reviews,
    "short life": measure_short_life,
    "abandonment": measure_abandonment,
    "gap regularity": measure_gap_regularity,
    "extremity": measure_extremity,
    "deviation from the trend": measure_deviation,
    "earliness": measure_earliness,
    "burst": measure_burst,
    "rush": measure_rush,
    "regular audience": measure_regular_audience,
    "no order": measure_no_order,
    "undelivered": measure_undelivered,
    "near duplicates": measure_near_duplicates,
}
"""Every sign, for reports."""


@dataclass(frozen=True)
class ReviewBelief:
    """What the signs say together.

    ``suspicion`` (R,) and ``account_suspicion`` (N,) are chances that the opinion, or any of the account's, was
    planted, 0 for accounts without reviews; ``belief`` is the fit behind them.
    """

    suspicion: Floats
    account_suspicion: Floats
    belief: Belief


def judge_reviews(facts: ReviewFacts, *, rounds: int = 300, without: str = "") -> ReviewBelief:
    """Judge every review and author by all signs together; see ``docs/reviews.md``.

    Parameters
    ----------
    facts
        The reviews.
    rounds
        Of the fit, at most.
    without
        One of ``SIGNALS`` to leave out, for ablations.
    """
    signals = np.column_stack([sign(facts) for name, sign in SIGNALS.items() if name != without])
    trusted = 1.0 - 1.0 / np.maximum(facts.active_days, 1)  # who keeps coming back is the reference
    is_first = ~(facts.day > facts.first_day)
    found = fit_belief(Opinions(facts.target, facts.rating, is_first, trusted, facts.n_targets), signals, rounds=rounds)
    own = found.prior + found.opinion
    mean = np.bincount(facts.author, weights=own, minlength=facts.n_accounts)[facts.author] / facts.n_written
    chance = 1.0 / (1.0 + np.exp(-(OWN_SHARE * own + (1.0 - OWN_SHARE) * mean)))
    gone = 2.0 ** np.nan_to_num(measure_abandonment(facts))  # planted accounts are dropped after use
    suspicion = (1.0 - CAMOUFLAGE_SHARE) * chance * gone
    of_account = np.zeros(facts.n_accounts)
    np.maximum.at(of_account, facts.author, suspicion)
    return ReviewBelief(suspicion, of_account, found)


def _signal_short_stay(facts: ReviewFacts) -> Floats:
    return _standardise(_standardise(measure_few_reviews(facts)) + _standardise(measure_short_life(facts)))


def _signal_burst(facts: ReviewFacts) -> Floats:
    return _standardise(np.log1p(measure_burst(facts)))


def _signal_near_duplicates(facts: ReviewFacts) -> Floats:
    """Against reviews of the same rating: phrases go with ratings, and ratings are what weights are learned from."""
    near, rating = measure_near_duplicates(facts), np.nan_to_num(facts.rating).astype(np.int64)
    known = ~np.isnan(near)
    total = np.bincount(rating[known], near[known], minlength=N_RATINGS + 1)
    usual = total / np.maximum(np.bincount(rating[known], minlength=N_RATINGS + 1), 1)
    return _standardise(near - usual[rating])


SIGNALS: dict[str, Callable[[ReviewFacts], Floats]] = {
    "short stay": _signal_short_stay,
    "burst": _signal_burst,
    "rush": lambda facts: _standardise(measure_rush(facts)),
    "regular audience": lambda facts: _standardise(measure_regular_audience(facts)),
    "no order": lambda facts: _standardise(measure_no_order(facts)),
    "undelivered": lambda facts: _standardise(measure_undelivered(facts)),
    "near duplicates": _signal_near_duplicates,
}
"""What the fit learns weights for, each about as far from 0 as 1: the behaviour that goes with planted opinions."""


def _standardise(sign: Floats) -> Floats:
    """Mean 0 and deviation 1 over what is known; 0 where it is silent, and everywhere if it never varies."""
    known = sign[~np.isnan(sign)]
    if not len(known) or np.ptp(known) == 0:
        return np.zeros(len(sign))
    standard: Floats = np.nan_to_num((sign - known.mean()) / known.std())
    return standard
