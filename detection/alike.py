"""Texts that nearly agree, by MinHash."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from graph.model import Ints

MOST_TEXTS = 200_000
NEAR_DUPLICATE_SIMILARITY, CANDIDATE_SIMILARITY = 0.7, 0.5
SHINGLE_WORDS = 3


def join_alike(texts: Sequence[str], *, permutations: int = 64) -> Ints:
    """The class of each text (T,), from 0: texts that nearly agree are in one.

    Sets of three words in a row, compared by MinHash (Broder, On the resemblance and containment of
    documents, SEQUENCES 1997) and banded hashing; near is a resemblance of 0.7, and who agrees with one agrees
    with all that it agrees with.  Texts of the same words are compared once; of more than ``MOST_TEXTS`` different
    ones, only those of the same words agree.

    Parameters
    ----------
    texts
        As written; capitals and spaces do not count.
    permutations
        Of the hash; more separate 0.7 more sharply.

    >>> join_alike(["Buy  my book", "buy my BOOK", "sold"]).tolist()
    [0, 0, 1]
    """
    words = [tuple(text.casefold().split()) for text in texts]
    distinct = {each: place for place, each in enumerate(dict.fromkeys(words))}
    alike = _join_words(list(distinct), permutations) if len(distinct) <= MOST_TEXTS else np.arange(len(distinct))
    return alike[np.array([distinct[each] for each in words], dtype=np.int64)]


def _join_words(texts: Sequence[tuple[str, ...]], permutations: int) -> Ints:
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
