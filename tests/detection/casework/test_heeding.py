"""What people decided outranks every score: in the run, in later runs, and until there is something new to see."""

from __future__ import annotations

import dataclasses
import random
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import small_market
from detection_market import Facts, find_members, find_ring_of, make_background, make_snapshot, pick, plant_farm
from detection_market import plant_opinions as plant
from said import BEGAN, decide, decide_ring, say

from detection.casework.facts import heed_facts
from detection.casework.heard import NOTHING_HEARD, hear
from detection.decisions import choose_known, find_barred
from detection.policy import DEFAULT_POLICY
from detection.rings.ids import list_ties
from detection.run import find_run
from detection.settings import DetectSettings
from detection.training.risk import read_heeded
from graph.casebook.book import import_events
from graph.casebook.events import Event, write_event
from graph.open import open_casebook
from graph.results import Flag, Ring, RunResult

FARM, FANS = pick(50, 10), pick(100, 12)


def make_facts() -> Facts:
    facts = make_background(n=400)
    plant_farm(facts, FARM)
    plant(facts, FANS, 1, 5.0)
    return facts


FACTS = make_facts()
MARKET = make_snapshot(FACTS)


def run(*said: Event, before: RunResult | None = None, market: object = MARKET) -> RunResult:
    earlier = {ring.ring_id: list_ties(ring) for ring in before.rings} if before else None
    return find_run(market, DetectSettings(), earlier=earlier, heard=hear(said))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plain() -> RunResult:
    return run()


def need_ring(found: RunResult, members: list[str]) -> Ring:
    ring = find_ring_of(found, members)
    assert ring is not None
    return ring


def find_flag(found: RunResult, subject_id: str) -> Flag | None:
    return next((flag for flag in found.flags if flag.subject_id == subject_id), None)


def find_tier(found: RunResult, account_id: str) -> int:
    return int(found.account_tier[MARKET.account_id.tolist().index(account_id)])


def judge(ring: Ring, word: str, turn: int = 1) -> Event:
    """A verdict on the whole of a ring as it is."""
    bits = {each.channel: each.bits for each in ring.evidence}
    members = {member.account_id: member.bits for member in ring.members}
    return decide_ring(ring.ring_id, word, members, turn, evidence=bits, net_bits=ring.net_bits)


def tell(found: RunResult) -> tuple[object, ...]:
    """All of a run."""
    arrays = [found.account_score, found.account_tier, found.review_score, found.review_tier]
    rest = dataclasses.replace(found, **dict.fromkeys(("account_score", "account_tier", "review_score", "review_tier")))
    return (*(array.tobytes() for array in arrays), rest)


def test_where_nobody_said_anything_that_stands_a_run_is_the_same_to_its_id(plain: RunResult) -> None:
    taken_back = decide(FARM[0], "cleared")
    undone = say(2, kind="undone", subject="event", subject_id=taken_back.event_id)
    assert tell(run(taken_back, undone)) == tell(plain)
    assert "casebook" not in plain.settings


def test_what_was_said_in_another_order_or_twice_is_the_same_run() -> None:
    said = [decide(FARM[0], "cleared"), decide(FARM[1], "confirmed"), decide(FANS[0], "watch", 2)]
    first = run(*said)
    random.Random(1).shuffle(said)
    assert tell(run(*said, *said)) == tell(first)
    assert first.settings["casebook"]["events"] == 3
    assert first.run_id != run(*said[:2]).run_id


def test_a_cleared_account_is_neither_flagged_nor_named_and_what_it_would_have_been_is_kept(plain: RunResult) -> None:
    assert (need_ring(plain, FARM).tier, find_tier(plain, FARM[3])) == ("review", 2)
    found = run(decide(FARM[3], "cleared"))
    assert find_flag(found, FARM[3]) is None
    assert find_tier(found, FARM[3]) == 0
    named = [member.account_id for ring in found.rings for member in ring.members]
    named += [party.account_id for ring in found.rings for party in ring.parties]
    assert FARM[3] not in named
    assert not [flag for flag in found.flags if any(FARM[3] in reason for reason in flag.reasons)]
    assert find_members(need_ring(found, FARM)) == set(FARM) - {FARM[3]}
    (kept,) = found.overruled
    assert (kept.subject_id, kept.tier, kept.would_be) == (FARM[3], "clear", "review")


def test_a_cleared_account_is_not_flagged_for_what_it_shares_with_a_crowd_either() -> None:
    facts = make_facts()
    facts.share([f"a{n:04d}" for n in range(1, 30)], "phone", "the hall's")
    market = make_snapshot(facts)
    before, after = (find_flag(run(*said, market=market), "a0001") for said in ((), (decide("a0001", "cleared"),)))
    assert before is not None
    assert before.tier == "watch"
    assert after is None


def test_the_ring_of_a_cleared_account_is_judged_without_it_and_keeps_its_id(plain: RunResult) -> None:
    found = run(decide(FARM[0], "cleared"), before=plain)
    ring, before = need_ring(found, FARM[1:]), need_ring(plain, FARM)
    assert ring.ring_id == before.ring_id
    assert ring.net_bits < before.net_bits


def test_a_ring_that_is_cleared_as_a_whole_is_gone(plain: RunResult) -> None:
    found = run(judge(need_ring(plain, FARM), "cleared"))
    assert find_ring_of(found, FARM) is None
    assert {find_tier(found, each) for each in FARM} == {0}
    assert len(found.overruled) == len(FARM)
    assert find_ring_of(found, FANS) is not None


def test_a_dismissed_ring_stays_away_run_after_run(plain: RunResult) -> None:
    ring = need_ring(plain, FARM)
    said, found = judge(ring, "dismissed"), plain
    for _ in range(3):
        found = run(said, before=found)
        assert find_ring_of(found, FARM) is None
        assert {find_tier(found, each) for each in FARM} == {0}
        (note,) = [each for each in found.notes if "stays away" in each]
        assert note.startswith(f"ring {ring.ring_id} of 10 accounts stays away, dismissed by ana on 2024-04-02: ")
        assert "0 bits are new, 20 bring it back" in note


def claim_refunds(facts: Facts) -> Facts:
    """The farm's accounts go on to do something that nobody has looked at."""
    for day in (130, 200, 270):
        facts.orders += [(member, "a0020", day + number / 4, "refunded") for number, member in enumerate(FARM)]
    return facts


def test_a_dismissed_ring_is_back_under_its_id_once_enough_is_new(plain: RunResult) -> None:
    ring = need_ring(plain, FARM)
    away = run(judge(ring, "dismissed"), before=plain)
    facts = make_facts()
    facts.share(FARM[:2], "payment", "one card")
    little = run(judge(ring, "dismissed"), before=away, market=make_snapshot(facts))
    assert find_ring_of(little, FARM) is None
    market = make_snapshot(claim_refunds(facts))
    found = run(judge(ring, "dismissed"), before=little, market=market)
    assert need_ring(found, FARM).ring_id == ring.ring_id
    assert [each for each in found.notes if each.startswith(f"ring {ring.ring_id} is back, ")]
    again = judge(need_ring(found, FARM), "dismissed", 2)
    assert find_ring_of(run(judge(ring, "dismissed"), again, before=found, market=market), FARM) is None


def test_a_ring_that_is_only_watched_is_for_nobodys_review(plain: RunResult) -> None:
    ring = need_ring(run(judge(need_ring(plain, FARM), "watch")), FARM)
    assert (ring.tier, ring.action) == ("watch", "keep an eye on it; restrict nobody")
    found = run(judge(ring, "watch"))
    assert {find_tier(found, each) for each in FARM} == {1}


@pytest.mark.parametrize(("word", "tier"), [("watch", "watch"), ("confirmed", "automatic")])
@pytest.mark.parametrize("account_id", [FARM[2], "a0001"])
def test_a_decision_puts_an_account_where_it_says_whatever_the_score(account_id: str, word: str, tier: str) -> None:
    found = run(decide(account_id, word))
    flag = find_flag(found, account_id)
    assert flag is not None
    assert flag.tier == tier
    said = {"watch": "only watched"}.get(word, word)
    assert flag.reasons[0] == f"{said} by ana on 2024-04-02: family phone"


def test_scores_tell_of_evidence_and_not_of_what_was_confirmed(plain: RunResult) -> None:
    found = run(decide("a0001", "confirmed"))
    assert np.array_equal(found.account_score, plain.account_score)
    assert found.rings == plain.rings


def test_who_shares_something_with_a_confirmed_account_is_watched() -> None:
    facts = make_facts()
    facts.share(["a0001", "a0002"], "phone", "the one")
    market = make_snapshot(facts)
    flag = find_flag(run(decide("a0001", "confirmed"), market=market), "a0002")
    assert flag is not None
    assert flag.tier == "watch"
    assert flag.reasons == ("shares phone the one with a0001, which is labelled fraud since 2024-04-02",)


def test_an_account_that_was_dismissed_is_clear_until_its_tie_grows(plain: RunResult) -> None:
    bits = {each.account_id: each.bits for each in need_ring(plain, FARM).members}
    seen = judge(need_ring(plain, FARM), "dismissed").seen
    enough = [decide(FARM[0], "dismissed", seen=seen)]
    assert find_flag(run(*enough), FARM[0]) is None
    lower = decide_ring("R", "dismissed", {FARM[0]: bits[FARM[0]] - DEFAULT_POLICY.reopening_bits - 1}).seen
    back = find_flag(run(decide(FARM[0], "dismissed", seen=lower)), FARM[0])
    assert back is not None
    assert back.tier == "review"


def test_a_thing_that_is_ignored_links_nobody(plain: RunResult) -> None:
    before = {each.channel for each in need_ring(plain, FARM).evidence}
    things = [(kind, value) for account, kind, value, _ in FACTS.uses if account in FARM and kind == "device"]
    said = [
        say(kind="ignored", subject="thing", subject_id=value, thing_kind=kind, word=None)
        for kind, value in dict.fromkeys(things)
    ]
    found = run(*said)
    ring = find_ring_of(found, FARM)
    assert "device" in before
    assert ring is None or "device" not in {each.channel for each in ring.evidence}
    assert found.snapshot_digest == plain.snapshot_digest
    over = [
        say(kind="ignored", subject="thing", subject_id=each.subject_id, thing_kind="device", word=None, until=BEGAN)
        for each in said
    ]
    assert tell(run(*over)) == tell(plain)


@pytest.mark.parametrize(("word", "tier"), [("cleared", 0), ("dismissed", 0), ("watch", 1), ("confirmed", 3)])
def test_a_review_stands_where_a_person_put_it(plain: RunResult, word: str, tier: int) -> None:
    row = int(np.flatnonzero(plain.review_tier == 2)[0])
    review_id = MARKET.reviews.review_id[row]
    found = run(decide(review_id, word, subject="review"))
    assert found.review_tier[row] == tier
    assert (find_flag(found, review_id) is None) == (tier == 0)
    assert [each.would_be for each in found.overruled] == ["review"]


def test_decisions_are_labels_of_their_day_and_are_cut_off_with_it() -> None:
    said = [decide(FARM[0], "confirmed"), decide(FARM[1], "cleared"), decide(FARM[2], "watch"), decide("x", "cleared")]
    market = heed_facts(MARKET, hear(said))
    known = choose_known(market)
    assert {MARKET.account_id[row]: bool(bad) for row, bad in zip(known.row, known.is_fraud, strict=True)} == {
        FARM[0]: True,
        FARM[1]: False,
    }
    day = np.datetime64(BEGAN.replace(tzinfo=None), "us")
    assert find_barred(market, DEFAULT_POLICY).decided_at[known.row[known.is_fraud]] == [day]
    assert hear(said, day - np.timedelta64(1, "us")) == NOTHING_HEARD
    assert len(hear(said, day).accounts) == 4
    assert heed_facts(MARKET, NOTHING_HEARD) is MARKET


def test_what_a_clock_has_put_into_the_future_is_heard_now_and_not_as_of_today() -> None:
    said = [decide(FARM[0], "cleared", at=BEGAN + timedelta(days=40_000))]
    assert len(hear(said).accounts) == 1
    assert hear(said, np.datetime64("2026-01-01", "us")) == NOTHING_HEARD


def test_training_learns_from_decisions_too_and_as_of_a_day_from_those_until_then(tmp_path: Path) -> None:
    store = str(small_market.make_store(tmp_path))
    with open_casebook(store) as book:
        import_events(book, [write_event(each) for each in (decide("ann", "confirmed"), decide("bob", "cleared"))])
    for as_of, expected in ((None, [("ann", True), ("bob", False), ("cyd", True)]), ("2024-04-01", [("cyd", True)])):
        market = read_heeded(store, None if as_of is None else np.datetime64(as_of, "us"))
        known = choose_known(market)
        ids = market.account_id[known.row].tolist()
        assert sorted(zip(ids, known.is_fraud.tolist(), strict=True)) == expected
