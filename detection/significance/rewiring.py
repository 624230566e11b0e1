"""Markets without rings: copies of a market in which everybody does as much as before, with others.

Whatever the detectors find in such a copy is chance.  How many null rings score as high as a found
one says how many of the found ones to believe: the false-discovery rate of the list.

What stays: every account's number of identifiers of each kind, orders of each status as a buyer and
as a seller, reviews of each opinion, referrals made and received, events of each action; every identifier's number of
accounts, every listing's orders and reviews with their times and ratings.  What goes is who met whom.
Accounts swap partners with others who were active at about the same time only, so that the copies
keep what contemporaries have in common innocently.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection.statistics import find_least_rates
from graph.model import Events, Floats, Ints, Orders, Reviews, Snapshot, Times, Uses

MAX_ERAS = 8
LEAST_IN_ERA = 500
"""Partners are swapped within an era: an eighth of the edges of a kind, or so many."""
LEAST_SIGN_UPS = 500
LEAST_PAIRS = 8
"""So many pairs, at least, have orders enough between them for a bundle of a size."""
MAX_ROUNDS = 100


@dataclass(frozen=True)
class _Edges:
    """``left`` (E,) meets ``right`` (E,), both codes; ``stratum`` (E,) within which partners may be swapped.

    ``own`` (E,) is the code of ``left`` that ``right`` must not meet, -1 where it may meet all.
    """

    left: Ints
    right: Ints
    stratum: Ints
    own: Ints


def rewire_snapshot(snapshot: Snapshot, rng: np.random.Generator) -> Snapshot:
    """Make a copy of a market in which who meets whom is chance, O(E log E) for E facts.

    A random matching of the configuration model (Molloy & Reed 1995), with repeated and self pairs
    swapped away (Fosdick et al., SIAM Review 60, 2018).

    Parameters
    ----------
    snapshot
        The market.
    rng
        The same state gives the same copy.

    Returns
    -------
    Snapshot
        With the same accounts, identifiers, listings, review ids and labels.
    """
    return replace(
        snapshot,
        created_at=_rewire_sign_ups(snapshot.created_at, rng),
        uses=_rewire_uses(snapshot, rng),
        orders=_rewire_orders(snapshot.orders, rng),
        reviews=_rewire_reviews(snapshot.reviews, rng),
        referral_by=_rewire_referrals(snapshot, rng),
        events=_rewire_events(snapshot.events, rng),
    )


def find_q_values(scores: Floats, null_scores: Floats, n_markets: float) -> Floats:
    """The least false-discovery rate of a list that still holds each ring, in [0, 1] (G,).

    Storey & Tibshirani (PNAS 2003), with the null rings of several rewired markets in place of p-values
    and one ring added to them, so that no list is said to be free of errors for want of trying.

    Parameters
    ----------
    scores
        (G,) of the found rings, in any order.
    null_scores
        Of all rings found in rewired markets.
    n_markets
        How many rewired markets those are.

    Examples
    --------
    >>> find_q_values(np.array([0.9, 0.5, 0.1]), np.array([0.4, 0.2]), 2).round(2)
    array([0.25, 0.25, 0.5 ])
    """
    return find_least_rates(scores, count_as_high(scores, null_scores) / n_markets)


def count_as_high(scores: Floats, null_scores: Floats) -> Ints:
    """How many null scores are at least as high as each (G,), and one: no list is free of errors for want of trying."""
    return np.searchsorted(np.sort(-null_scores), -scores, side="right") + 1


def _rewire_sign_ups(created_at: Times, rng: np.random.Generator) -> Times:
    """Deal the times of signing up anew among accounts that are about as old."""
    known = np.flatnonzero(~np.isnat(created_at))
    by_age = known[np.argsort(created_at[known], kind="stable")]
    n_blocks = max(1, min(len(known) // LEAST_SIGN_UPS, 5 * MAX_ERAS))
    block = np.arange(len(known)) * n_blocks // max(len(known), 1)
    dealt = created_at.copy()
    dealt[by_age] = created_at[by_age][_permute_within(block, rng)]
    return dealt


def _rewire_uses(snapshot: Snapshot, rng: np.random.Generator) -> Uses:
    """Swap identifiers of one kind; an account keeps its times, however often it saw the thing."""
    uses = snapshot.uses
    pair, account, identifier = _find_pairs(uses.account, uses.identifier)
    _, kind = np.unique(snapshot.identifier_kind, return_inverse=True)
    stratum = _split_into_eras(kind[identifier], uses.seen_at[_first_of(pair)])
    edges = _Edges(identifier, account, stratum, np.full(len(account), -1, dtype=np.int64))
    thing = _shuffle_left(edges, rng)[pair]
    order = np.lexsort((uses.seen_at, thing, uses.account))
    return Uses(uses.account[order], thing[order], uses.seen_at[order])


def _rewire_orders(orders: Orders, rng: np.random.Generator) -> Orders:
    """Swap buyers between bundles: the orders of one status between two accounts, or a part of many."""
    known = np.flatnonzero(orders.seller >= 0)
    status = orders.status[known] + 1
    order = np.lexsort((orders.ordered_at[known], status, orders.seller[known], orders.buyer[known]))
    rows, status = known[order], status[order]
    bundle = _cut_bundles(np.stack([orders.buyer[rows], orders.seller[rows], status]))
    first = _first_of(bundle)
    size = np.bincount(bundle)[bundle[first]] if len(bundle) else bundle
    stratum = _split_into_eras(_code(status[first], size), orders.ordered_at[rows][first])
    seller = orders.seller[rows][first]
    buyer = orders.buyer.copy()
    buyer[rows] = _shuffle_left(_Edges(orders.buyer[rows][first], seller, stratum, seller), rng)[bundle]
    return _sort_orders(replace(orders, buyer=buyer))


def _sort_orders(orders: Orders) -> Orders:
    names = ("amount", "status", "product", "ordered_at", "seller", "buyer")
    order = np.lexsort(tuple(getattr(orders, name) for name in names))
    return replace(orders, **{name: getattr(orders, name)[order] for name in names})


def _rewire_reviews(reviews: Reviews, rng: np.random.Generator) -> Reviews:
    """Swap authors between reviews of about the same time with the same rating."""
    target = np.where(reviews.product >= 0, reviews.product, -1 - np.maximum(reviews.seller, 0))
    known = np.flatnonzero((reviews.product >= 0) | (reviews.seller >= 0))
    _, rating = np.unique(reviews.rating[known].round(), return_inverse=True)
    stratum = _split_into_eras(rating, reviews.reviewed_at[known])
    author = reviews.author.copy()
    edges = _Edges(author[known], target[known] - target.min(initial=0), stratum, reviews.seller[known])
    author[known] = _shuffle_left(edges, rng)
    return replace(reviews, author=author)


def _rewire_events(events: Events, rng: np.random.Generator) -> Events:
    """Swap accounts between events of one action of about the same time; an object keeps its times."""
    if not len(events):
        return events  # without a draw: what else is dealt out is as it was
    stratum = _split_into_eras(events.action + 1, events.happened_at)
    account = events.account[_permute_within(stratum, rng)]
    order = np.lexsort((events.happened_at, events.action, events.object, account))
    columns = {name: getattr(events, name)[order] for name in ("object", "action", "happened_at")}
    return replace(events, account=account[order], **columns)


def _rewire_referrals(snapshot: Snapshot, rng: np.random.Generator) -> Ints:
    """Deal the referrers out anew; the accounts that they brought in come sorted and stay."""
    account = snapshot.referral_account
    edges = _Edges(snapshot.referral_by, account, np.zeros(len(account), dtype=np.int64), account)
    by = _shuffle_left(edges, rng)
    return by[np.lexsort((by, account))]


def _shuffle_left(edges: _Edges, rng: np.random.Generator) -> Ints:
    """Permute the left ends within their strata: no more repeated or self pairs than there were."""
    place = _permute_within(edges.stratum, rng)
    allowed = len(edges.left) - _count_pairs(edges, np.arange(len(edges.left)))
    for _ in range(MAX_ROUNDS):
        is_own, is_repeated = _find_bad(edges, place)
        bad = np.flatnonzero(is_own if is_repeated.sum() <= allowed else is_own | is_repeated)
        if not len(bad):
            return edges.left[place]
        place = _swap_away(edges, place, bad, rng)
    return edges.left[_restore(edges, place)]


def _swap_away(edges: _Edges, place: Ints, bad: Ints, rng: np.random.Generator) -> Ints:
    """Swap each bad edge's left end with that of another edge of its stratum, where that mends it."""
    partner = _draw_partners(edges.stratum, bad, rng)
    # Every edge takes part in one swap a round, or two good swaps could make a bad one.
    ends = np.concatenate([bad, partner])
    _, first = np.unique(ends, return_index=True)
    is_first = np.zeros(len(ends), dtype=bool)
    is_first[first] = True
    alone = is_first[: len(bad)] & is_first[len(bad) :] & (bad != partner)
    bad, partner = bad[alone], partner[alone]
    left_bad, left_partner = edges.left[place[partner]], edges.left[place[bad]]
    fresh = (left_bad != edges.own[bad]) & (left_partner != edges.own[partner])
    now = np.sort(_code(edges.left[place], edges.right))
    codes = [_code_like(edges, left_bad, edges.right[bad]), _code_like(edges, left_partner, edges.right[partner])]
    for code in codes:
        spot = np.minimum(np.searchsorted(now, code), len(now) - 1)
        fresh &= now[spot] != code
    _, which, times = np.unique(np.concatenate(codes), return_inverse=True, return_counts=True)
    fresh &= (times[which] == 1).reshape(2, -1).all(axis=0)
    bad, partner = bad[fresh], partner[fresh]
    swapped = place.copy()
    swapped[bad], swapped[partner] = place[partner], place[bad]
    return swapped


def _draw_partners(stratum: Ints, edge: Ints, rng: np.random.Generator) -> Ints:
    """A random edge of the same stratum for each of some edges."""
    order = np.argsort(stratum, kind="stable")
    ordered = stratum[order]
    begin = np.searchsorted(ordered, stratum[edge])
    end = np.searchsorted(ordered, stratum[edge], side="right")
    return order[begin + (rng.random(len(edge)) * (end - begin)).astype(np.int64)]


def _restore(edges: _Edges, place: Ints) -> Ints:
    """Put whole strata back as they were until no more pairs are bad than before."""
    place = place.copy()
    identity = np.arange(len(place))
    before = [bad.sum() for bad in _find_bad(edges, identity)]
    while True:
        is_own, is_repeated = _find_bad(edges, place)
        if is_own.sum() <= before[0] and is_repeated.sum() <= before[1]:
            return place
        code = _code(edges.left[place], edges.right)
        involved = is_own | np.isin(code, code[is_repeated])
        again = np.isin(edges.stratum, edges.stratum[involved])
        place[again] = identity[again]


def _find_bad(edges: _Edges, place: Ints) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Edges that meet their own account (E,), and edges that repeat an earlier one (E,)."""
    left = edges.left[place]
    _, first = np.unique(_code(left, edges.right), return_index=True)
    is_repeated = np.ones(len(left), dtype=bool)
    is_repeated[first] = False
    return left == edges.own, is_repeated


def _count_pairs(edges: _Edges, place: Ints) -> int:
    return len(np.unique(_code(edges.left[place], edges.right)))


def _permute_within(stratum: Ints, rng: np.random.Generator) -> Ints:
    """A permutation (E,) that leaves every stratum among itself."""
    place = np.empty(len(stratum), dtype=np.int64)
    place[np.argsort(stratum, kind="stable")] = np.lexsort((rng.random(len(stratum)), stratum))
    return place


def _split_into_eras(base: Ints, at: Times) -> Ints:
    """Cut each stratum into eras of as many edges each; what bears no time counts as latest."""
    order = np.lexsort((at, base))
    _, begin, size = np.unique(base[order], return_index=True, return_counts=True)
    n_eras = np.clip(size // LEAST_IN_ERA, 1, MAX_ERAS)
    which = np.repeat(np.arange(len(size)), size)
    rank = np.arange(len(order)) - begin[which]
    stratum = np.empty(len(order), dtype=np.int64)
    stratum[order] = which * MAX_ERAS + rank * n_eras[which] // size[which]
    return stratum


def _cut_bundles(keys: Ints) -> Ints:
    """The bundle of each row (E,): equal columns of the sorted keys (k, E), cut into sizes that several have."""
    starts = np.ones(keys.shape[1], dtype=bool)
    starts[1:] = np.any(np.diff(keys, axis=1) != 0, axis=0)
    group = np.cumsum(starts) - 1
    rest = np.bincount(group)
    left = rest[group] - (np.arange(len(group)) - np.flatnonzero(starts)[group])  # counts down to 1 at the last row
    cut = starts.copy()
    for size in _choose_sizes(rest):
        # Each group gives off as many pieces of this size as it can; the smaller sizes share the rest.
        after = rest % size
        inside = (left <= rest[group]) & (left > after[group])
        cut |= inside & ((rest[group] - left) % size == 0)
        rest = after
    return np.cumsum(cut) - 1


def _choose_sizes(sizes: Ints) -> list[int]:
    """Sizes of bundles, largest first and 1 at last, each of which several groups can fill once."""
    chosen, waiting = [], 0
    for size, times in zip(*(part[::-1].tolist() for part in np.unique(sizes, return_counts=True)), strict=True):
        waiting += times
        if waiting >= LEAST_PAIRS:
            chosen.append(size)
            waiting = 0
    return chosen if chosen[-1:] == [1] else [*chosen, 1]


def _find_pairs(a: Ints, b: Ints) -> tuple[Ints, Ints, Ints]:
    """The distinct pair of each row (E,) whose pairs come sorted, and the two ends of each pair."""
    starts = np.ones(len(a), dtype=bool)
    starts[1:] = (np.diff(a) != 0) | (np.diff(b) != 0)
    return np.cumsum(starts) - 1, a[starts], b[starts]


def _first_of(group: Ints) -> Ints:
    """The first row of each group (G,); the groups of the rows (E,) are sorted and count from 0."""
    first: Ints = np.searchsorted(group, np.arange(int(group[-1]) + 1 if len(group) else 0))
    return first


def _code(a: NDArray[Any], b: NDArray[Any]) -> Ints:
    """One number for each pair of numbers of 0 or more."""
    code: Ints = a.astype(np.int64) * (int(b.max(initial=0)) + 1) + b
    return code


def _code_like(edges: _Edges, left: Ints, right: Ints) -> Ints:
    """Codes of some pairs as ``_code`` gives them for all edges."""
    return left * (int(edges.right.max(initial=0)) + 1) + right
