"""How surprising it is that two accounts act so much alike, in bits, against pairs of the same tenure and volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from behaviour_designs import FEWEST, Acts
from encoder import by_cosine
from numpy.typing import NDArray
from scipy import sparse

from detection.candidates.links import link_pairs
from detection.channels.catalogue import SIGN_UP
from detection.evidence.market import Market
from graph.model import Ints

N_TENURES, N_VOLUMES = 4, 6
N_CLASSES, BLOCK = 4_000, 512
LEAST_BITS = 9.0
Compare = Callable[[Ints], NDArray[np.float32]]


def compare_vectors(vectors: Any) -> Compare:
    """How alike some accounts are to all, (m,) rows → (m, N), by cosine, for dense or sparse vectors of unit length."""
    if not sparse.issparse(vectors):
        return by_cosine(vectors)
    wide = sparse.csr_array(vectors.astype(np.float32))
    turned = sparse.csc_array(wide.T)
    return lambda rows: (wide[rows] @ turned).toarray()


@dataclass(frozen=True)
class AlikePairs:
    """Pairs ``a`` < ``b`` (P,) and their surprise in ``bits`` (P,), the most surprising first."""

    a: Ints
    b: Ints
    bits: NDArray[np.float64]

    def take(self, kept: Any) -> AlikePairs:
        """Some of them."""
        return AlikePairs(self.a[kept], self.b[kept], self.bits[kept])


def find_strata(acts: Acts) -> Ints:
    """The class of accounts of one tenure and volume (N,), -1 for who did too little."""
    able = acts.count >= FEWEST
    first = np.full(len(acts.count), np.inf)
    first[able] = acts.at[acts.start[:-1][able]]
    tenure = np.searchsorted(np.quantile(first[able], np.arange(1, N_TENURES) / N_TENURES), first)
    volume = np.log2(np.maximum(acts.count, FEWEST) / FEWEST).astype(np.int64)
    return np.where(able, tenure * N_VOLUMES + np.minimum(volume, N_VOLUMES - 1), -1)


def find_alike(compare: Compare, acts: Acts) -> AlikePairs:
    """Every pair of LEAST_BITS or more, against all pairs of the same two strata; O(N²·d) time, in chunks."""
    strata = find_strata(acts)
    able = np.flatnonzero(strata >= 0)
    numbers, of = np.arange(N_TENURES * N_VOLUMES), strata[able]
    matched = np.minimum.outer(numbers, numbers) * len(numbers) + np.maximum.outer(numbers, numbers)
    counted = np.zeros((len(numbers) ** 2, N_CLASSES), dtype=np.int64)
    sample = np.arange(0, len(able), max(1, len(able) // 400))
    cuts = _cut_roughly(_measure_apart(compare, able, sample), matched[of[sample]][:, of], len(counted))[matched]
    codes, kept = (matched * N_CLASSES).astype(np.int32), []
    for block in np.array_split(np.arange(len(able)), max(1, len(able) // BLOCK)):
        apart = _measure_apart(compare, able, block)
        code = np.minimum(apart * N_CLASSES, N_CLASSES - 1).astype(np.int32) + codes[of[block]][:, of]
        counted += np.bincount(code.ravel(), minlength=counted.size).reshape(counted.shape)
        one, other = np.nonzero(apart < cuts[of[block]][:, of])
        once = block[one] < other
        one, other = one[once], other[once]
        kept.append((able[block[one]], able[other], code[one, other], apart[one, other]))
    a, b, code, apart = (np.concatenate(column) for column in zip(*kept, strict=True))
    share = np.cumsum(counted, axis=1) / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    bits = -np.log2(share.ravel()[code])
    order = np.lexsort((b, a, apart, -bits))
    return AlikePairs(a[order], b[order], bits[order]).take(bits[order] >= LEAST_BITS)


def _cut_roughly(apart: NDArray[np.float32], matched: Ints, n: int) -> NDArray[np.float32]:
    """How far apart matched pairs of enough bits may be (n,), with room: eight times as many are let through."""
    order = np.lexsort((apart.ravel(), matched.ravel()))
    size = np.bincount(matched.ravel(), minlength=n)
    place = np.cumsum(size) - size + np.ceil(size * 8 * 2.0**-LEAST_BITS).astype(np.int64)
    found = apart.ravel()[order][np.minimum(place, len(order) - 1)]
    # Where the sample holds too few to tell, all are looked at.
    return np.where(size >= 512, found, np.float32(1.0)).astype(np.float32)


def _measure_apart(compare: Compare, able: Ints, block: Ints) -> NDArray[np.float32]:
    """The sine of half the angle between some accounts and all (m, n), in 0..1; of an account and itself 1."""
    apart = np.sqrt(np.clip((1 - compare(able[block])[:, able]) / 2, 0, 1))
    apart[np.arange(len(block)), block] = 1
    return apart


def leave_linked(pairs: AlikePairs, market: Market, acts: Acts, *, by_any: bool) -> AlikePairs:
    """Without the pairs that an identifier joins, or ``by_any`` channel, and those whose lives do not overlap."""
    n, first, last = market.n_accounts, np.zeros(market.n_accounts), np.zeros(market.n_accounts)
    things = [
        channel
        for name, channel in market.things.items()
        if name != SIGN_UP and (by_any or channel.record.is_identifier)
    ]
    links = link_pairs(tuple(things), tuple(market.dealings.values()) if by_any else (), n, market.policy)
    has = acts.count > 0
    first[has], last[has] = acts.at[acts.start[:-1][has]], acts.at[acts.start[1:][has] - 1]
    overlap = np.minimum(last[pairs.a], last[pairs.b]) >= np.maximum(first[pairs.a], first[pairs.b])
    return pairs.take(overlap & ~np.isin(pairs.a * n + pairs.b, links.a * n + links.b))


def mark_inside(pairs: AlikePairs, groups: Sequence[Ints], n: int) -> NDArray[np.bool_]:
    """Which pairs lie inside one of some groups (P,)."""
    inside = np.zeros(len(pairs.a), dtype=bool)
    for rows in groups:
        has = np.zeros(n, dtype=bool)
        has[rows] = True
        inside |= has[pairs.a] & has[pairs.b]
    return inside
