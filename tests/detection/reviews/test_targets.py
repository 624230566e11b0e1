"""The verdict on each target: campaigns as one cluster, and how many of its reviews were planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from detection_market import Facts, make_snapshot
from said import decide, decide_ring, say

from detection.casework.heard import NOTHING_HEARD, hear
from detection.evidence.market import Market, make_market
from detection.reviewed import FoundRing, judge_reviewed
from detection.reviews.clusters import KnownRing, find_clusters
from detection.reviews.targets import TargetVerdict
from detection.settings import DetectSettings
from graph.model import Snapshot

N_PRODUCTS, N_DAYS = 40, 800
CAMPAIGN = tuple(f"P{number}" for number in range(6))


def make_reviews(n_fakes: int = 0, *, over_days: int = 14, rating: float = 5.0, n_hidden: int = 0) -> Snapshot:
    """Regulars say what they think of forty products; so many accounts are told what to say of six of them.

    The first few also praise ``P30`` in those days, of their own accord.
    """
    rng = np.random.default_rng(0)
    facts = Facts()
    facts.listings = {f"P{number}": f"s{number % 8}" for number in range(N_PRODUCTS)}
    facts.accounts = {f"s{number}": 0.0 for number in range(8)} | {f"a{number}": 0.0 for number in range(400)}
    for number in range(400):
        for product in rng.choice(N_PRODUCTS, 5, replace=False).tolist():
            day = float(rng.integers(N_DAYS))
            facts.reviews.append((f"a{number}", f"P{product}", None, float(rng.integers(2, 5)), day))
    for number in range(n_fakes):
        facts.accounts[f"f{number}"] = 0.0
        for product in rng.choice(6, 4, replace=False).tolist():
            facts.reviews.append((f"f{number}", f"P{product}", None, rating, 300.0 + float(rng.integers(over_days))))
        if number < n_hidden:
            facts.reviews.append((f"f{number}", "P30", None, rating, 300.0 + number))
    return make_snapshot(facts)


def make_reviewed(*args: int, **options: float) -> Market:
    return make_market(make_reviews(*args, **options), DetectSettings())  # type: ignore[arg-type]  # days and stars


@pytest.fixture(scope="module")
def market() -> Market:
    return make_reviewed(120)


def judge(market: Market, *rings: FoundRing) -> dict[str, TargetVerdict]:
    return {each.target_id: each for each in judge_reviewed(market, rings, NOTHING_HEARD)}


@pytest.mark.parametrize("n_fakes", [15, 120, 600])
def test_a_campaign_of_any_size_is_one_cluster(n_fakes: int) -> None:
    market = make_reviewed(n_fakes)
    likely = [each for each in find_clusters(market.snapshot, market.things, (), market.policy) if each.chance > 0.5]
    assert [len(each.account) for each in likely] == [n_fakes]
    assert len(likely[0].review) == 4 * n_fakes


def test_its_targets_are_told_how_many_when_and_by_whom(market: Market) -> None:
    verdicts = judge(market)
    for name in CAMPAIGN:
        told, (part,) = verdicts[name], verdicts[name].clusters
        true = part.reviews
        assert told.planted_low >= true
        assert told.planted - true <= 10
        assert date(2024, 10, 27) <= part.first_day <= part.last_day <= date(2024, 11, 9)
        assert told.rating_without < told.rating - 0.3
        assert (part.all_reviews, part.accounts, part.tone) == (480, 120, "praise")
    assert len({verdicts[name].clusters[0].cluster_id for name in CAMPAIGN}) == 1


def test_an_honest_market_is_sure_of_no_planted_review() -> None:
    assert all(each.planted_low == 0 for each in judge(make_reviewed()).values())


def test_what_a_group_praises_for_years_is_a_taste(market: Market) -> None:
    lasting = make_reviewed(120, over_days=400)
    assert all(each.chance < 0.1 for each in find_clusters(lasting.snapshot, lasting.things, (), lasting.policy))


def test_the_longer_a_campaign_may_last_the_likelier_it_is_one() -> None:
    market = make_reviewed(60, over_days=120)
    chances = [
        max(each.chance for each in find_clusters(market.snapshot, market.things, (), policy))
        for policy in (
            DetectSettings().policy,
            make_policy(campaign_days=300.0),
        )
    ]
    assert chances[0] < chances[1]


def make_policy(**rules: float) -> object:
    from detection.policy import Policy

    return Policy(**rules)  # type: ignore[arg-type]  # every rule that is set here is a number


def test_more_doubt_about_targets_widens_every_interval(market: Market) -> None:
    wider = replace(market, policy=make_policy(target_spread=3.0))
    narrow, wide = judge(market), judge(wider)
    assert all(wide[name].planted_low <= each.planted_low for name, each in narrow.items())
    assert any(wide[name].planted_high > each.planted_high for name, each in narrow.items())


def test_what_hides_a_campaign_is_no_target_of_it() -> None:
    market = make_reviewed(120, n_hidden=12)
    greedy = judge(replace(market, policy=make_policy(by_catch_share=0.0)))
    assert greedy["P30"].planted_low > 0
    verdicts = judge(market)
    assert "P30" not in verdicts or verdicts["P30"].planted_low == 0
    assert all(verdicts[name].planted_low >= 50 for name in CAMPAIGN)


def test_a_ring_that_is_the_campaign_gives_it_its_id(market: Market) -> None:
    ring = FoundRing("R1", "review", 0.9, frozenset(f"f{number}" for number in range(120)))
    piece = FoundRing("R2", "review", 0.7, frozenset(f"f{number}" for number in range(20)))
    farm = FoundRing("R3", "farm", 1.0, frozenset(f"a{number}" for number in range(20)))
    (part,) = judge(market, ring, farm)["P0"].clusters
    assert (part.cluster_id, part.ring_ids) == ("R1", ("R1",))
    (part,) = judge(market, ring, piece)["P0"].clusters
    assert part.cluster_id.startswith("C")
    assert part.ring_ids == ("R1", "R2")


def test_a_persons_word_goes_before_every_chance(market: Market) -> None:
    members = {f"f{number}": 9.0 for number in range(120)}
    ring = FoundRing("R1", "review", 0.9, frozenset(members))
    dismissed = hear([decide_ring("R1", "dismissed", members)])
    assert all(not each.clusters for each in judge_reviewed(market, [ring], dismissed))
    cleared = hear([decide(name, "cleared") for name in members])
    assert all(not each.clusters for each in judge_reviewed(market, [ring], cleared))
    review_id = market.snapshot.reviews.review_id[np.flatnonzero(market.snapshot.reviews.rating < 4)[0]]
    confirmed = hear([say(subject="review", subject_id=review_id, word="confirmed")])
    assert sum(each.planted_low for each in judge_reviewed(make_reviewed(), (), confirmed)) == 1


def test_strangers_change_no_cluster(market: Market) -> None:
    clusters = find_clusters(
        market.snapshot, market.things, [KnownRing("R9", "attack", 1.0, np.arange(3))], market.policy
    )
    assert [len(each.account) for each in clusters if each.chance > 0.5] == [120]


def test_a_market_without_reviews_has_nothing_to_say() -> None:
    facts = Facts(accounts={"a": 0.0, "b": 0.0, "c": 0.0})
    assert judge_reviewed(make_market(make_snapshot(facts), DetectSettings()), (), NOTHING_HEARD) == ()


def test_reviews_without_times_are_no_campaign_and_break_nothing() -> None:
    market = make_reviewed(60)
    reviews = market.snapshot.reviews
    timeless = replace(reviews, reviewed_at=np.full(len(reviews.author), np.datetime64("NaT", "us")))
    told = judge(make_market(replace(market.snapshot, reviews=timeless), DetectSettings()))
    assert all(each.first_day is None and not each.days and not each.clusters for each in told.values())
