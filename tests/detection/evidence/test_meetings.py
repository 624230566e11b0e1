"""Who comes together elsewhere: classes, offices, days at one table and followers are explained, and a ring is not."""

from __future__ import annotations

import numpy as np
import pytest
from detection_market import Facts, gather, make_snapshot

from detection.channels.catalogue import EVENT, MESSAGE
from detection.evidence.explanations import find_best_span
from detection.evidence.judge import Assessment, judge_groups
from detection.evidence.market import make_market
from detection.policy import Policy
from detection.settings import DetectSettings

HOUR, MINUTE = 1 / 24, 1 / 1440
GROUP = [f"g{number}" for number in range(12)]
OTHERS = [f"o{number}" for number in range(600)]
SALE = "text:buy the famous golden kettle of my uncle today and get two for the price of one"


def make_facts(rng: np.random.Generator) -> Facts:
    """Others who look at things, each in its own time."""
    facts = Facts(dict.fromkeys([*GROUP, *OTHERS]))
    for who in OTHERS:
        facts.events += [(who, f"t{int(rng.integers(300))}", "view", float(day)) for day in rng.uniform(0, 120, 12)]
    return facts


def judge(facts: Facts, **rules: float) -> Assessment:
    snapshot = make_snapshot(facts)
    market = make_market(snapshot, DetectSettings(policy=Policy(**rules)))  # type: ignore[arg-type]  # numbers of any rule
    return judge_groups(gather(snapshot, GROUP), market)


def claim(judged: Assessment, name: str = "meeting", channel: str = EVENT) -> float:
    """Which share of a channel's bits an explanation accounts for."""
    found = next((each for each in judged.explanations if each.name == name), None)
    return 0.0 if found is None else float(found.claimed[channel].sum() / judged.within[channel].bits.sum())


def act(
    facts: Facts, rng: np.random.Generator, thing: str, day: float, *, share: float = 1.0, pace: float = MINUTE
) -> None:
    there = [who for who in GROUP if rng.random() < share]
    facts.events += [(who, thing, "view", day + float(rng.exponential(pace))) for who in there]


def test_a_class_by_the_week_is_explained() -> None:
    rng = np.random.default_rng(1)
    facts = make_facts(rng)
    for week in range(10):
        act(facts, rng, f"page {week}", 2.4 + 7 * week + rng.uniform(0, HOUR))
    judged = judge(facts)
    assert claim(judged) == pytest.approx(1.0)
    assert judged.net_bits[0] < 0 < judged.evidence[EVENT].bits[0] - judged.charge_bits[0]
    assert claim(judge(facts, meeting_hours=0.01, followers_share=0.01)) < 0.5


def test_a_day_at_one_table_is_explained() -> None:
    rng = np.random.default_rng(2)
    facts = make_facts(rng)
    for number in range(10):
        act(facts, rng, f"page {number}", 30.4 + rng.uniform(0, 8 * HOUR))
    judged = judge(facts)
    assert claim(judged) == pytest.approx(1.0)
    assert judged.net_bits[0] < 0
    assert claim(judge(facts, occasion_hours=0.1, followers_share=0.01, meetings_each=0)) < 0.7


def test_an_office_that_opens_its_pages_at_any_hour_is_explained_however_often_it_does() -> None:
    rng = np.random.default_rng(3)
    facts = make_facts(rng)
    for day in range(60):
        for page in ("orders", "parcels", "dashboard"):
            act(facts, rng, page, day + rng.uniform(0.2, 0.8), share=0.9)
    judged = judge(facts)
    assert claim(judged) > 0.9
    assert judged.net_bits[0] < 0


def test_that_they_come_back_to_a_thing_is_theirs_but_for_the_first_time() -> None:
    rng = np.random.default_rng(3)
    facts = make_facts(rng)
    for page, day in (("a", 3.11), ("a", 20.52), ("a", 77.93), ("b", 41.34), ("b", 66.65)):
        act(facts, rng, page, day, pace=MINUTE / 60)
    # Without a week, a day and followers to speak of, the two pages are two causes, of which one is one occasion.
    judged = judge(facts, meeting_hours=1e-6, occasion_hours=1e-6, followers_share=1e-3, meetings_each=1)
    left = 1.0 - claim(judged)
    assert left == pytest.approx(1 / 5, abs=0.02)


def test_followers_of_whom_some_come_each_time_are_explained_the_more_the_fewer_come() -> None:
    claims = []
    for share in (0.3, 0.6, 1.0):
        rng = np.random.default_rng(4)
        facts = make_facts(rng)
        for number in range(30):
            act(facts, rng, f"news {number}", rng.uniform(1, 119), share=share, pace=20 * MINUTE)
        claims.append(claim(judge(facts)))
    assert claims == sorted(claims, reverse=True)
    assert claims[0] > 0.8
    assert claims[-1] < 0.4


def test_what_is_done_together_at_any_hour_of_any_day_is_no_meeting() -> None:
    rng = np.random.default_rng(5)
    facts = make_facts(rng)
    for number in range(10):
        act(facts, rng, f"boosted {number}", rng.uniform(1, 119), pace=MINUTE / 6)
    judged = judge(facts)
    assert claim(judged) < 0.5
    assert judged.net_bits[0] > 100


def test_what_everybody_runs_to_surprises_nobody() -> None:
    rng = np.random.default_rng(6)
    facts = make_facts(rng)
    for number in range(10):
        day = float(rng.uniform(1, 119))
        facts.events += [
            (who, f"launch {number}", "view", day + float(rng.exponential(HOUR))) for who in [*GROUP, *OTHERS]
        ]
    assert judge(facts).net_bits[0] < 0


def test_a_household_that_looks_at_the_same_pages_is_explained() -> None:
    rng = np.random.default_rng(7)
    facts = make_facts(rng)
    family = GROUP[:4]
    for number in range(20):
        at = float(rng.uniform(1, 119))
        facts.events += [(who, f"film {number}", "view", at) for who in family]
    snapshot = make_snapshot(facts)
    judged = judge_groups(gather(snapshot, family), make_market(snapshot))
    assert judged.won["household"][0]
    assert judged.net_bits[0] < 0


@pytest.mark.parametrize(("words", "share"), [(2, 0.707), (4, 0.5), (8, 0.25)])
def test_the_shorter_a_text_the_more_of_it_is_what_many_say(words: int, share: float) -> None:
    rng = np.random.default_rng(8)
    facts = make_facts(rng)
    for number, who in enumerate(OTHERS):
        facts.events.append((who, f"text:own {number} words of {who} about {number * 7} things", "message", 1.0))
    text = "text:" + " ".join(f"word{number}" for number in range(words))
    facts.events += [(who, text, "message", 1.0) for who in GROUP]
    judged = judge(facts)
    assert claim(judged, "common words", MESSAGE) == pytest.approx(share, abs=0.001)
    assert claim(judge(facts, phrase_words=8.0), "common words", MESSAGE) == pytest.approx(share**0.5, abs=0.001)


def test_of_a_checksum_nobody_says_that_it_is_a_phrase() -> None:
    rng = np.random.default_rng(9)
    facts = make_facts(rng)
    facts.events += [(who, f"{number:x}", "message", 1.0) for number, who in enumerate(OTHERS)]
    facts.events += [(who, "feed", "message", 1.0) for who in GROUP]
    assert claim(judge(facts), "common words", MESSAGE) == 0.0


@pytest.mark.parametrize(("others", "share"), [(0, 0.0), (12, 0.5), (36, 0.75)])
def test_who_writes_much_says_again_and_again_what_others_say_too(others: int, share: float) -> None:
    rng = np.random.default_rng(9)
    facts = make_facts(rng)
    facts.events += [
        (who, f"{number:x}", "message", float(day)) for number, who in enumerate(OTHERS) for day in range(8)
    ]
    facts.events += [(who, "feed", "message", 1.0) for who in OTHERS[:others]]
    facts.events += [(who, "feed", "message", float(day)) for who in GROUP for day in range(8)]
    judged = judge(facts)
    within = judged.within[MESSAGE]
    words = next(
        (each.claimed[MESSAGE] for each in judged.explanations if each.name == "common words"), 0 * within.bits
    )
    often = within.trials < 12 + others - 1
    assert within.members.tolist() == [12] * 4
    assert (words / within.bits)[often].tolist() == pytest.approx([share] * often.sum())
    # That they all say it at all is held against how many do.
    assert (words[~often] == 0.0).all()
    assert often.sum() == (3 if others else 0)


def test_the_best_span_is_the_slow_ones() -> None:
    rng = np.random.default_rng(10)
    group, at, bits = rng.integers(0, 4, 60), rng.uniform(0, 10, 60), rng.exponential(3, 60)
    found = find_best_span(group, at, bits, 1.5)
    for each in range(4):
        rows = np.flatnonzero(group == each)
        best = max(bits[rows[(at[rows] >= begin) & (at[rows] <= begin + 1.5)]].sum() for begin in at[rows])
        assert bits[rows[found[rows]]].sum() == pytest.approx(best)
