"""Texts that nearly agree."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from reviewed import compare, make_campaign
from sklearn.metrics import roc_auc_score

from detection.reviews.facts import ReviewFacts
from detection.reviews.judge import SIGNALS, judge_reviews
from detection.reviews.texts import measure_near_duplicates


def test_texts_that_differ_in_a_word_are_near_duplicates_and_others_are_not() -> None:
    text = " ".join(f"this kettle boils {word} and looks lovely on our counter" for word in ("fast", "well", "hot"))
    text += " and we use it for tea in the morning and for soup when the children come home cold from school"
    texts = [text, text.replace("soup", "noodles"), text.upper(), "broke after two days and nobody answers", None, ""]
    row = np.zeros(len(texts), dtype=np.int64)
    facts = ReviewFacts(row, row, row + 5.0, row + 15_000.0, 1, 1, row * np.nan, texts)
    compare(measure_near_duplicates(facts), [math.log2(3)] * 3 + [0.0, math.nan, math.nan])


def test_a_text_that_a_campaign_repeats_counts_where_ratings_say_that_it_should() -> None:
    facts, planted = make_campaign()
    lucky = np.random.default_rng(3).random(len(planted)) < 0.2
    facts = replace(facts, rating=np.where(lucky, 5.0, facts.rating), day=np.full(len(planted), np.nan))
    own = [f"{word} of number {row} and what came after it" for row, word in enumerate(["kettle", "lamp"] * 2000)]
    said = ["lovely in every way and the best of all" if bad else own[row] for row, bad in enumerate(planted.tolist())]
    repeated, various = (judge_reviews(replace(facts, text=text)) for text in (said, own[: len(said)]))
    place = list(SIGNALS).index("near duplicates")
    assert repeated.belief.weight[place] > 0.5
    assert various.belief.weight[place] == 0.0
    assert repeated.suspicion[planted].mean() > 1.5 * various.suspicion[planted].mean()


def test_stock_phrases_that_go_with_a_rating_say_nothing() -> None:
    facts, planted = make_campaign()
    phrase = [f"{'good' if rating >= 4 else 'bad'} value and quick to come" for rating in facts.rating.tolist()]
    without, with_phrases = judge_reviews(facts), judge_reviews(replace(facts, text=phrase))
    assert roc_auc_score(planted, with_phrases.suspicion) > roc_auc_score(planted, without.suspicion) - 0.01
