"""Texts that nearly agree: the same classes as a library finds that compares text by text."""

from __future__ import annotations

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH

from detection.alike import NEAR_DUPLICATE_SIMILARITY, PRINT_VALUES, join_alike

WORDS = [f"word{n}" for n in range(17)]


def join_slowly(texts: list[str]) -> list[int]:
    """One text after the other: into an index, and joined with those that it finds and that are near enough."""
    index, prints = MinHashLSH(threshold=0.5, num_perm=PRINT_VALUES), []
    for place, text in enumerate(texts):
        words = text.casefold().split()
        made = MinHash(num_perm=PRINT_VALUES)
        made.update_batch([" ".join(words[n : n + 3]).encode() for n in range(max(1, len(words) - 2))])
        index.insert(place, made)
        prints.append(made)
    label = list(range(len(texts)))
    for place, made in enumerate(prints):
        for other in index.query(made):
            if made.jaccard(prints[other]) >= NEAR_DUPLICATE_SIMILARITY:
                low, high = sorted((label[place], label[other]))
                label = [low if each == high else each for each in label]
    return label


def draw_texts(rng: np.random.Generator) -> list[str]:
    """Some texts, each with copies in which a word or two are others; some are the same, and some a word long."""
    texts = []
    for _ in range(12):
        words = rng.choice(WORDS, int(rng.integers(1, 40)))
        for _ in range(int(rng.integers(1, 12))):
            copy = words.copy()
            copy[rng.integers(0, len(words), int(rng.integers(0, 3)))] = rng.choice(WORDS)
            texts.append(" ".join(copy))
    return texts


@pytest.mark.parametrize("seed", range(6))
def test_classes_are_those_of_a_library_that_goes_text_by_text(seed: int) -> None:
    texts = draw_texts(np.random.default_rng(seed))
    found, slowly = join_alike(texts).tolist(), join_slowly(texts)
    assert [found.index(each) for each in found] == [slowly.index(each) for each in slowly]
    assert 1 < len(set(found)) < len(set(texts))


def test_classes_are_numbered_by_their_first_text() -> None:
    one, other = "a b c d e f g h i j", "k l m n o p q r s t"
    assert join_alike([one, other, one, "u v w", other]).tolist() == [0, 1, 0, 2, 1]


def test_without_a_text_there_is_no_class() -> None:
    assert join_alike([]).tolist() == []
