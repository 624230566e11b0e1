"""Reviews: each sign against an obvious twin, and what all signs together must and must not do."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from detection_market import Facts, make_snapshot
from places import DATA
from sklearn.metrics import average_precision_score, roc_auc_score

from detection.reviews import mixture as review_belief
from detection.reviews.bursts import RUSH_DAYS, SEASON_DAYS, measure_burst, measure_rush
from detection.reviews.facts import ReviewFacts, read_review_facts
from detection.reviews.judge import SIGNALS, SIGNS, judge_reviews
from detection.reviews.mixture import Opinions, fit_belief
from detection.reviews.signals import (
    MIN_ABANDONED,
    TREND_REVIEWS,
    _estimate_never,
    measure_abandonment,
    measure_deviation,
    measure_earliness,
    measure_few_reviews,
    measure_gap_regularity,
    measure_no_order,
    measure_regular_audience,
    measure_short_life,
    measure_undelivered,
)
from detection.reviews.texts import measure_near_duplicates
from graph.model import Floats

YELPCHI = DATA / "yelpchi"


def make_facts(n: int = 400, seed: int = 0, *, unknown: float = 0.1) -> ReviewFacts:
    """A small market with unknown targets, ratings and days."""
    rng = np.random.default_rng(seed)
    hide = lambda values: np.where(rng.random(n) < unknown, np.nan, values)  # noqa: E731
    return ReviewFacts(
        author=(60 * rng.random(n) ** 2).astype(np.int64),
        target=np.where(rng.random(n) < unknown, -1, (12 * rng.random(n) ** 2).astype(np.int64)),
        rating=hide(rng.integers(1, 6, n).astype(float)),
        day=hide(15_000 + np.floor(300 * rng.random(n))),
        n_accounts=60,
        n_targets=12,
        days_to_order=rng.choice([np.nan, np.inf, -2.0, 0.5, 9.0], n),
    )


def make_campaign(n_fakes: int = 25, seed: int = 1) -> tuple[ReviewFacts, np.ndarray]:
    """Forty products that regulars call fair; in one week newcomers praise one of them."""
    rng = np.random.default_rng(seed)
    n = 3000
    author, target = rng.integers(0, 250, n), rng.integers(0, 40, n)
    rating, day = rng.choice([2.0, 3.0, 4.0], n), 15_000 + np.floor(700 * rng.random(n))
    newcomers = np.arange(250, 700)
    honest = [newcomers, rng.integers(0, 40, 450), rng.choice([2.0, 3.0, 4.0], 450), 15_000 + 700 * rng.random(450)]
    planted = [
        np.arange(700, 700 + n_fakes),
        np.full(n_fakes, 7),
        np.full(n_fakes, 5.0),
        15_300 + 6 * rng.random(n_fakes),
    ]
    columns = [np.concatenate(parts) for parts in zip([author, target, rating, day], honest, planted, strict=True)]
    size = len(columns[0])
    facts = ReviewFacts(
        columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], np.floor(columns[3]), 700 + n_fakes, 40,
        np.full(size, np.nan),
    )  # fmt: skip
    return facts, np.arange(size) >= size - n_fakes


def days_of(facts: ReviewFacts, author: int) -> list[float]:
    return sorted(facts.day[(facts.author == author) & ~np.isnan(facts.day)].tolist())


def compare(given: Floats, wanted: list[float]) -> None:
    np.testing.assert_allclose(given, np.array(wanted), rtol=1e-9, atol=1e-9)


def test_authors_of_few_days_and_short_lives_are_as_counted_by_hand() -> None:
    facts = make_facts()
    few, short = [], []
    for author in facts.author.tolist():
        days = days_of(facts, author)
        unknown = int((np.isnan(facts.day) & (facts.author == author)).sum())
        few.append(-math.log2(len(set(days)) + unknown))
        short.append(-math.log2(1 + days[-1] - days[0]) if days else math.nan)
    compare(measure_few_reviews(facts), few)
    compare(measure_short_life(facts), short)


def test_the_entropy_of_gaps_is_as_counted_by_hand() -> None:
    facts = make_facts()
    wanted = []
    for author in facts.author.tolist():
        days = days_of(facts, author)
        scales = [int(math.log2(1 + b - a)) for a, b in pairwise(days)]
        shares = [scales.count(scale) / len(scales) for scale in set(scales)] if len(scales) > 1 else [math.nan]
        wanted.append(sum(share * math.log2(share) for share in shares))
    compare(measure_gap_regularity(facts), wanted)


def test_the_trend_and_the_rank_of_a_review_are_as_counted_by_hand() -> None:
    facts = make_facts(900)
    deviation, earliness = [], []
    for row in range(900):
        here = np.flatnonzero((facts.target == facts.target[row]) & ~np.isnan(facts.day))
        if facts.target[row] < 0 or np.isnan(facts.day[row]):
            deviation.append(math.nan)
            earliness.append(math.nan)
            continue
        earliness.append(-math.log2(1 + (facts.day[here] < facts.day[row]).sum()))
        here = here[~np.isnan(facts.rating[here])]
        here = here[np.lexsort((here, facts.day[here]))].tolist()
        place = here.index(row) if row in here else None
        near = [] if place is None else here[max(place - TREND_REVIEWS, 0) : place + TREND_REVIEWS + 1]
        others = [float(facts.rating[other]) for other in near if other != row]
        deviation.append(abs(float(facts.rating[row]) - sum(others) / len(others)) if others else math.nan)
    compare(measure_deviation(facts), deviation)
    compare(measure_earliness(facts), earliness)


def scan_by_hand(days: list[float], row: int) -> float:
    """Every interval of each length, one after the other."""
    n, life, best, length = len(days), days[-1] - days[0] + 1, 0.0, 2
    while length < n:
        for start in range(max(0, row - length + 1), min(row, n - length) + 1):
            width = min(days[start + length - 1] - days[start] + 1, life - 0.5)
            inside, outside = length / width, (n - length) / (life - width)
            if inside > n / life:
                ratio = length * math.log2(inside * life / n) + (n - length) * math.log2(outside * life / n)
                best = max(best, ratio - math.log2(2 * n * math.log2(n)))
        length = length * 3 // 2 if math.log2(length).is_integer() else length // 3 * 4
    return best


def test_bursts_are_those_that_a_loop_over_all_intervals_finds() -> None:
    facts = make_facts(300, unknown=0.0)
    busy = facts.target == 3
    facts = replace(facts, day=np.where(busy & (np.arange(300) % 2 == 0), 15_100.0, facts.day))
    found = measure_burst(facts)
    for target in range(12):
        rows = np.flatnonzero(facts.target == target)
        rows = rows[np.lexsort((rows, facts.day[rows]))]
        days = facts.day[rows].tolist()
        compare(found[rows], [scan_by_hand(days, place) for place in range(len(rows))])
    assert found[busy].max() > 5


def test_a_burst_is_seen_however_long_it_is_and_even_trade_has_none() -> None:
    even = np.arange(0.0, 4000.0, 10.0)
    for length in (10, 60):
        day = np.concatenate([even, 2000.0 + np.arange(float(length)) // (length / 7)])
        n = len(day)
        facts = ReviewFacts(np.arange(n), np.zeros(n, np.int64), np.full(n, 4.0), day, n, 1, np.full(n, np.nan))
        bits = measure_burst(facts)
        assert bits[400:].min() > 10
        assert np.median(bits[:400]) == 0.0


def test_the_rush_around_a_review_is_as_counted_by_hand() -> None:
    facts = make_facts()
    wanted = []
    for row in range(len(facts.day)):
        apart = np.abs(facts.day - facts.day[row])[(facts.target == facts.target[row]) & ~np.isnan(facts.day)]
        few, many = ((apart <= days).sum() - 1 for days in (RUSH_DAYS, SEASON_DAYS))
        usual = 1 + many * (2 * RUSH_DAYS + 1) / (2 * SEASON_DAYS + 1)
        known = facts.target[row] >= 0 and not np.isnan(facts.day[row])
        wanted.append(math.log2((1 + few) / usual) if known else math.nan)
    compare(measure_rush(facts), wanted)


def make_hotels(seed: int = 2) -> ReviewFacts:
    """Ten restaurants that sixty locals review, ten hotels that sixty travellers review and many pass by once."""
    rng = np.random.default_rng(seed)
    regular = np.repeat(np.arange(120), 6)
    theirs = rng.integers(0, 10, len(regular)) + 10 * (regular >= 60)
    passers_by = rng.integers(10, 20, 600), rng.integers(0, 10, 60)
    target = np.concatenate([theirs, *passers_by])
    author = np.concatenate([regular, 120 + np.arange(660)])
    n = len(author)
    rating, day = rng.integers(1, 6, n).astype(float), 15_000 + np.floor(900 * rng.random(n))
    return ReviewFacts(author, target, rating, day, 780, 20, np.full(n, np.nan))


def test_a_newcomer_tells_more_where_regulars_go_than_where_people_pass_by() -> None:
    facts = make_hotels()
    audience = measure_regular_audience(facts)
    assert audience[facts.target < 10].min() > audience[facts.target >= 10].max()


def test_a_target_flooded_with_newcomers_is_judged_by_its_like() -> None:
    facts = make_hotels()
    many = np.full(200, 3)
    flooded = ReviewFacts(
        np.append(facts.author, np.arange(780, 980)), np.append(facts.target, many),
        np.append(facts.rating, many + 2.0),
        np.append(facts.day, many + 15_400.0), 980, 20, np.full(len(facts.day) + 200, np.nan),
    )  # fmt: skip
    audience = measure_regular_audience(flooded)
    here, hotels = audience[flooded.target == 3], audience[flooded.target >= 10]
    assert here.min() > hotels.max()


def test_where_nobody_comes_back_nothing_is_expected_of_anybody() -> None:
    facts = make_hotels()
    once = replace(facts, author=np.arange(len(facts.author)), n_accounts=len(facts.author))
    assert np.ptp(measure_regular_audience(once)) == pytest.approx(0.0)


def test_the_paper_s_example_of_a_survival_curve_comes_out() -> None:
    # Kaplan & Meier (1958), section 1.2: deaths at 0.8, 3.1, 5.4, 9.2 months and losses at 1.0, 2.7, 7.0, 12.1.
    gap = np.array([8, 31, 54, 92, 10, 27, 70, 121])
    never = _estimate_never(gap, np.array([True] * 4 + [False] * 4))
    still_away = 0.2625 / never[[8, 31, 54, 92]]
    assert still_away == pytest.approx([0.875, 0.7, 0.525, 0.2625])


def test_an_account_that_has_been_silent_for_longer_is_likelier_to_be_gone() -> None:
    facts = make_facts(2000, unknown=0.0)
    gone = measure_abandonment(facts)
    assert ((gone <= 0) & (gone >= np.log2(MIN_ABANDONED))).all()
    once = np.flatnonzero(facts.n_written >= 8)
    by_silence = once[np.argsort(facts.last_day[once])]
    assert (np.diff(gone[by_silence]) <= 1e-12).all()


def test_orders_tell_who_never_bought_and_who_wrote_before_delivery() -> None:
    facts = Facts(dict.fromkeys(("ann", "bob", "cyd", "dan", "other", "shop")), listings={"p": "shop", "q": "other"})
    facts.orders = [("ann", "shop", 1.0, None), ("ann", "shop", 30.0, None), ("bob", "shop", 8.5, None)]
    facts.orders += [("dan", "shop", 20.0, None), ("bob", "shop", None, None)]
    facts.reviews = [(name, "p", None, 5.0, 9.0) for name in ("ann", "bob", "cyd", "dan")]
    facts.reviews.append(("ann", "q", None, 5.0, 9.0))
    found = read_review_facts(make_snapshot(facts))
    compare(measure_no_order(found), [0.0, 0.0, 1.0, 0.0, math.nan])
    compare(measure_undelivered(found), [0.0, 1.0, math.nan, 1.0, math.nan])


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


@pytest.mark.parametrize("name", SIGNS)
def test_a_sign_does_not_depend_on_the_order_of_reviews_and_accounts(name: str) -> None:
    facts, rng = make_facts(unknown=0.0), np.random.default_rng(5)
    facts = replace(facts, day=15_000.0 + rng.permutation(len(facts.day)))  # ties have no order of their own
    rows, names = rng.permutation(len(facts.author)), rng.permutation(facts.n_accounts)
    mixed = replace(
        facts, author=names[facts.author][rows], target=facts.target[rows], rating=facts.rating[rows],
        day=facts.day[rows], days_to_order=facts.days_to_order[rows],
    )  # fmt: skip
    np.testing.assert_allclose(SIGNS[name](mixed), SIGNS[name](facts)[rows], atol=1e-9)
    np.testing.assert_allclose(judge_reviews(mixed).suspicion, judge_reviews(facts).suspicion[rows], atol=1e-6)


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


def test_weights_are_never_negative_whatever_the_signal() -> None:
    facts, planted = make_campaign()
    misleading = -planted.astype(float)[:, None]
    opinions = Opinions(facts.target, facts.rating, facts.n_written == 1, 1.0 - 1.0 / facts.active_days, 40)
    assert fit_belief(opinions, misleading).weight.tolist() == [0.0]


def test_the_fit_agrees_with_one_that_solves_for_all_targets_at_once() -> None:
    facts, _ = make_campaign()
    signals = np.column_stack([measure_few_reviews(facts), np.log1p(measure_burst(facts))])
    signals = (signals - signals.mean(0)) / signals.std(0)
    opinions = Opinions(facts.target, facts.rating, facts.n_written == 1, 1.0 - 1.0 / facts.active_days, 40)
    found = fit_belief(opinions, signals, rounds=300)
    chance = 1 / (1 + np.exp(-found.prior))
    belief = chance * np.exp(found.opinion) / (chance * np.exp(found.opinion) + 1 - chance)
    design = np.column_stack([np.ones(len(chance)), signals, np.eye(40)[facts.target]])
    penalty = np.array([1e-6, 1.0, 1.0] + [2.0] * 40)
    slope = np.concatenate([[0.0], found.weight, found.target_effect])
    pull = design.T @ (belief - chance) - penalty * slope
    held = np.array([False, *(found.weight == 0), *[False] * 40])  # a weight held at 0 may be pulled below it
    assert np.abs(pull[~held][1:]).max() < 0.5
    assert (pull[held] <= 0.5).all()


def test_a_fit_on_some_of_the_targets_says_what_one_on_all_says(monkeypatch: pytest.MonkeyPatch) -> None:
    markets = [make_campaign(seed=seed) for seed in range(8)]
    authors, targets = np.cumsum([0, *(each.n_accounts for each, _ in markets)]), 40 * np.arange(9)
    columns = {name: np.concatenate([getattr(each, name) for each, _ in markets]) for name in ("rating", "day")}
    facts = ReviewFacts(
        author=np.concatenate([each.author + begin for (each, _), begin in zip(markets, authors, strict=False)]),
        target=np.concatenate([each.target + begin for (each, _), begin in zip(markets, targets, strict=False)]),
        n_accounts=int(authors[-1]), n_targets=320, days_to_order=np.full(len(columns["day"]), np.nan), **columns,
    )  # fmt: skip
    whole = judge_reviews(facts)
    monkeypatch.setattr(review_belief, "SAMPLE_REVIEWS", len(facts.day) // 2)
    sampled = judge_reviews(facts)
    planted = np.concatenate([planted for _, planted in markets])
    assert roc_auc_score(planted, whole.suspicion) > 0.99
    assert roc_auc_score(planted, sampled.suspicion) > 0.99
    assert np.corrcoef(sampled.suspicion, whole.suspicion)[0, 1] > 0.98


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
