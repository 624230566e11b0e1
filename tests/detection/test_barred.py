"""Who shares something with a barred account is told so, and never more than a person's review follows from it."""

from __future__ import annotations

import pytest
from detection_market import Facts, make_background, make_snapshot

from detection.run import find_run
from detection.settings import DetectSettings
from graph.results import Flag, RunResult
from graph.vocabulary import TIERS


def run(facts: Facts, *, heed_decisions: bool = True) -> RunResult:
    return find_run(make_snapshot(facts), DetectSettings(heed_decisions=heed_decisions))


def find_flag(found: RunResult, account_id: str) -> Flag | None:
    return next((flag for flag in found.flags if (flag.subject, flag.subject_id) == ("account", account_id)), None)


def make_market(*, joined: float = 300, label: float | None = 200, kind: str = "phone", users: int = 2) -> Facts:
    """``old`` is labelled fraud; ``new`` shares one thing with it, and so do as many others as are wanted."""
    facts = make_background(n=60)
    facts.accounts |= {"old": 50.0, "new": joined} | {f"other {n}": 20.0 + n for n in range(users - 2)}
    facts.share(["old", "new", *(f"other {n}" for n in range(users - 2))], kind, "shared")
    facts.labels = [("old", "fraud", label)]
    return facts


def test_whoever_comes_back_after_a_ban_is_for_review_with_the_reason() -> None:
    flag = find_flag(run(make_market()), "new")
    assert flag is not None
    assert flag.tier == "review"
    assert flag.reasons == (
        "shares phone shared with old, which is labelled fraud since 2024-07-19, and joined after that",
    )
    assert flag.action == "let an investigator decide"


@pytest.mark.parametrize("market", [make_market(joined=100), make_market(label=None)])
def test_who_was_there_before_or_may_have_been_is_watched(market: Facts) -> None:
    flag = find_flag(run(market), "new")
    assert flag is not None
    assert flag.tier == "watch"
    assert "joined after" not in flag.reasons[0]


def test_a_barred_account_is_never_clear() -> None:
    facts = make_background(n=60)
    facts.statuses = {"a0007": "suspended"}
    flag = find_flag(run(facts), "a0007")
    assert flag is not None
    assert (flag.tier, flag.reasons) == ("watch", ("is suspended",))


@pytest.mark.parametrize("market", [make_market(kind="ip"), make_market(kind="hat size"), make_market(users=30)])
def test_a_place_a_kind_nobody_knows_and_what_a_crowd_uses_tell_nothing_of_one_who_uses_it(market: Facts) -> None:
    flag = find_flag(run(market), "new")
    assert flag is None or not any("labelled" in reason for reason in flag.reasons)


def test_scores_and_rings_rest_on_evidence_alone() -> None:
    with_it, without = run(make_market()), run(make_market(), heed_decisions=False)
    assert with_it.account_score.tolist() == without.account_score.tolist()
    assert with_it.rings == without.rings
    assert find_flag(without, "new") is None


def test_what_was_decided_never_lowers_a_tier_and_keeps_the_reasons_of_a_ring() -> None:
    facts = make_background(n=300)
    ring = [f"f{n}" for n in range(6)]
    facts.accounts |= {name: 100.0 + n / 100 for n, name in enumerate(ring)}
    for kind in ("device", "payment", "phone"):
        facts.share(ring, kind, "of all")
    facts.reviews += [(name, None, seller, 5.0, 110.0) for name in ring for seller in ("a0001", "a0002", "a0003")]
    before = run(facts)
    assert len(before.rings) == 1
    facts.labels = [("f0", "fraud", 90)]
    after = run(facts)
    assert (after.account_tier >= before.account_tier).all()
    for name in ring[1:]:
        was, now = find_flag(before, name), find_flag(after, name)
        assert was is not None
        assert now is not None
        assert set(was.reasons) < set(now.reasons)
        assert TIERS.index(now.tier) >= TIERS.index(was.tier)
        assert sum("which is labelled fraud" in reason for reason in now.reasons) == 3
