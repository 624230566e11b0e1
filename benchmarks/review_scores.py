"""What each sign of planted reviews is worth by itself, and what all of them are together, without labels.

    python benchmarks/review_scores.py [--market ../shared/data/yelpchi]

The market is any folder in the form of docs/data.md with reviews, and ``truth/reviews`` (``review_id``,
``is_fake``) beside them; an account is bad if it wrote a fake.  Labels are used for measuring only.  Writes
results/review_scores.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from measure import DATA, load_folder, write_result
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from detection.reviews.facts import ReviewFacts, read_review_facts
from detection.reviews.judge import SIGNALS, SIGNS, judge_reviews
from detection.reviews.signals import measure_abandonment, measure_few_reviews, measure_short_life
from graph.model import Floats


@dataclass(frozen=True)
class Known:
    """``review`` (R,) and ``account`` (N,): which are known to be fake, or to have written a fake."""

    review: Floats
    account: Floats
    has_written: Floats


def read_market(folder: Path) -> tuple[ReviewFacts, Known]:
    snapshot = load_folder(folder)
    truth = pd.read_parquet(folder / "truth" / "reviews.parquet").set_index("review_id")["is_fake"]
    review = truth.reindex(snapshot.reviews.review_id).to_numpy(float)
    account, wrote = np.zeros(snapshot.n_accounts), np.zeros(snapshot.n_accounts, dtype=bool)
    np.maximum.at(account, snapshot.reviews.author, review)
    wrote[snapshot.reviews.author] = True
    return read_review_facts(snapshot), Known(review, account, wrote)


def say(name: str, known: Known, review: Floats, account: Floats) -> str:
    cells = []
    for truth, score in ((known.review, review), (known.account[known.has_written], account[known.has_written])):
        cells += [f"{roc_auc_score(truth, score):.3f}", f"{average_precision_score(truth, score):.3f}"]
    return f"| {name} | {' | '.join(cells)} |"


def judge_by_signs(facts: ReviewFacts, known: Known) -> Iterator[str]:
    """Every sign as a score of its own; silent reviews come last, an account has its worst review."""
    for name, sign in SIGNS.items():
        score = sign(facts)
        if np.isnan(score).all():
            continue
        score = np.where(np.isnan(score), np.nanmin(score) - 1.0, score)
        yield say(name, known, score, _worst(facts, score))


def judge_without_each(facts: ReviewFacts, known: Known) -> Iterator[str]:
    """All signs together, and without each that the fit uses."""
    judged = judge_reviews(facts)
    yield say("**all together**", known, judged.suspicion, judged.account_suspicion)
    for name in SIGNALS:
        if not np.ptp(SIGNALS[name](facts)):
            continue  # silent here
        less = judge_reviews(facts, without=name)
        yield say(f"without {name}", known, less.suspicion, less.account_suspicion)
    own = judged.belief.prior + judged.belief.opinion
    yield say("without abandonment and without the author's other reviews", known, own, _worst(facts, own))
    yield say("without ratings (behaviour alone)", known, judged.belief.prior, _worst(facts, judged.belief.prior))


def judge_with_labels(facts: ReviewFacts, known: Known) -> Iterator[str]:
    """What the same inputs give to learners that see labels, cross-validated by author: how much there is to gain."""
    judged = judge_reviews(facts)
    signals = [sign(facts) for sign in SIGNALS.values()]
    parts = [judged.belief.opinion, np.append(judged.belief.target_effect, 0.0)[facts.target], *signals]
    activity = [np.nan_to_num(sign(facts)) for sign in (measure_abandonment, measure_few_reviews, measure_short_life)]
    inputs = np.column_stack([_mean_by_author(facts, part) for part in (*parts, *activity)])
    learners = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "boosted trees": HistGradientBoostingClassifier(max_iter=80, max_leaf_nodes=8, random_state=0),
    }
    folds = list(GroupKFold(5).split(inputs, groups=facts.author))
    for name, learner in learners.items():
        score = np.zeros(len(inputs))
        for train, test in folds:
            score[test] = learner.fit(inputs[train], known.review[train]).decision_function(inputs[test])
        yield say(f"{name}, with labels", known, score, _worst(facts, score))


def _mean_by_author(facts: ReviewFacts, values: Floats) -> Floats:
    mean: Floats = np.bincount(facts.author, values, minlength=facts.n_accounts)[facts.author] / facts.n_written
    return mean


def _worst(facts: ReviewFacts, score: Floats) -> Floats:
    account = np.full(facts.n_accounts, score.min())
    np.maximum.at(account, facts.author, score)
    return account


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--market", type=Path, default=DATA / "yelpchi")
    folder = parser.parse_args().market
    facts, known = read_market(folder)
    head = "| | review AUC | review AP | account AUC | account AP |\n| --- | ---: | ---: | ---: | ---: |"
    written = known.account[known.has_written]
    shares = f"{len(known.review):,} reviews, {known.review.mean():.4f} of them fake; {len(written):,} authors, "
    lines = [
        f"# Reviews of {folder.name}, scored without labels and without texts",
        "",
        f"{shares}{written.mean():.4f} of whom wrote one. `python benchmarks/review_scores.py`.",
        "",
        "Every sign by itself, the most suspicious first:",
        "",
        head,
        *judge_by_signs(facts, known),
        "",
        "All together, and what is lost without each:",
        "",
        head,
        *judge_without_each(facts, known),
        "",
        "How much more labels would give, on the same inputs, cross-validated by author:",
        "",
        head,
        *judge_with_labels(facts, known),
    ]
    write_result("review_scores.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
