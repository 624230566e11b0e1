"""Reviews and authors judged by all signs together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from detection_market import Facts, make_snapshot
from places import DATA
from reviewed import make_campaign
from sklearn.metrics import average_precision_score, roc_auc_score

from detection.reviews.facts import ReviewFacts, read_review_facts
from detection.reviews.judge import SIGNS, judge_reviews

YELPCHI = DATA / "yelpchi"


@pytest.mark.parametrize("missing", ["target", "rating", "day"])
def test_what_is_missing_silences_its_signs_and_scores_still_come(missing: str) -> None:
    facts, planted = make_campaign()
    nothing = np.full(len(planted), -1) if missing == "target" else np.full(len(planted), np.nan)
    facts = replace(facts, **{missing: nothing})
    for sign in SIGNS.values():
        assert not np.isinf(sign(facts)).any()
    suspicion = judge_reviews(facts).suspicion
    assert ((suspicion >= 0) & (suspicion <= 1)).all()


def test_one_review_accounts_in_a_bad_burst_are_caught_and_other_newcomers_are_not() -> None:
    facts, planted = make_campaign()
    judged = judge_reviews(facts)
    worst = np.argsort(-judged.suspicion)[: planted.sum()]
    assert planted[worst].mean() > 0.9
    newcomers = (facts.n_written == 1) & ~planted
    assert judged.suspicion[planted].min() > np.quantile(judged.suspicion[newcomers], 0.95)


def test_the_target_of_a_campaign_makes_its_other_praise_suspect() -> None:
    facts, planted = make_campaign()
    facts = replace(facts, day=np.full(len(planted), np.nan))  # else the burst explains it
    effect = judge_reviews(facts).belief.target_effect
    assert effect.argmax() == 7
    without = replace(
        facts, author=facts.author[~planted], target=facts.target[~planted], rating=facts.rating[~planted],
        day=facts.day[~planted], days_to_order=facts.days_to_order[~planted],
    )  # fmt: skip
    assert judge_reviews(without).belief.target_effect[7] < effect[7]


def test_a_review_without_an_order_is_never_less_suspect_than_the_same_with_one() -> None:
    facts, _ = make_campaign()
    row = int(np.flatnonzero(facts.n_written == 1)[0])
    bought = np.full(len(facts.author), 5.0)
    bought[::7] = np.inf
    bought[row] = 5.0
    unbought = bought.copy()
    unbought[row] = np.inf
    with_order = judge_reviews(replace(facts, days_to_order=bought)).suspicion[row]
    assert judge_reviews(replace(facts, days_to_order=unbought)).suspicion[row] >= with_order - 1e-3


def test_no_reviews_no_judgement() -> None:
    judged = judge_reviews(read_review_facts(make_snapshot(Facts({"ann": 0.0}))))
    assert judged.suspicion.tolist() == []
    assert judged.account_suspicion.tolist() == [0.0]


def read_yelpchi() -> tuple[ReviewFacts, np.ndarray]:
    if not YELPCHI.exists():
        pytest.skip(f"no {YELPCHI}")
    table = pd.read_parquet(YELPCHI / "reviews.parquet")
    truth = pd.read_parquet(YELPCHI / "truth" / "reviews.parquet").set_index("review_id")["is_fake"]
    day = pd.to_datetime(table["reviewed_at"]).dt.tz_localize(None).to_numpy().astype("datetime64[D]").astype(float)
    author, names = table["account_id"].factorize(sort=True)
    target, products = table["product_id"].factorize(sort=True)
    silent = np.full(len(day), np.nan)
    facts = ReviewFacts(author, target, table["rating"].to_numpy(float), day, len(names), len(products), silent)
    return facts, truth.reindex(table["review_id"]).to_numpy()


def test_on_real_reviews_the_scores_hold_what_they_promise() -> None:
    facts, fake = read_yelpchi()
    judged = judge_reviews(facts)
    of_account = np.zeros(facts.n_accounts)
    np.maximum.at(of_account, facts.author, fake)
    assert roc_auc_score(fake, judged.suspicion) > 0.79
    assert average_precision_score(fake, judged.suspicion) > 0.34
    assert roc_auc_score(of_account, judged.account_suspicion) > 0.69
    assert average_precision_score(of_account, judged.account_suspicion) > 0.36
    assert judged.suspicion.mean() == pytest.approx(fake.mean(), abs=0.05)
