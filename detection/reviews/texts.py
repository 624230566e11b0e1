"""Texts that nearly agree, among the reviews of one target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detection.reviews.facts import ReviewFacts
from graph.model import Floats, Ints

MOST_TEXTS = 200_000
NEAR_DUPLICATE_SIMILARITY, CANDIDATE_SIMILARITY = 0.7, 0.5
SHINGLE_WORDS = 3


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
    values = np.array([made.hashvalues for made in prints])
    near = [_pick_near(values, place, index.query(made)) for place, made in enumerate(prints)]
    one, other = np.repeat(np.arange(len(near)), [len(each) for each in near]), np.concatenate(near)
    agree = sparse.coo_array((np.ones(len(one)), (one, other)), shape=(len(texts), len(texts)))
    return connected_components(agree, directed=False)[1].astype(np.int64)


def _pick_near(values: Ints, place: int, candidates: Sequence[int]) -> Ints:
    """The candidates that resemble a text; a resemblance is the share of hash values that agree."""
    others = np.array(candidates, dtype=np.int64)
    near: Ints = others[(values[others] == values[place]).mean(axis=1) >= NEAR_DUPLICATE_SIMILARITY]
    return near
