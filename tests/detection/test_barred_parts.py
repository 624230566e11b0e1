"""What is told of who shares with a barred account, on markets of a few accounts that have scores already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from detection_market import Facts, make_snapshot

from detection.barred import heed_decisions
from detection.evidence.market import make_market
from detection.policy import Policy
from detection.scores import Scores
from detection.settings import DetectSettings
from detection.tiers import ACTIONS
from graph.results import Flag
from graph.vocabulary import TIERS, Tier

NAMES = ["ann", "bob", "cyd", "dan", "eve", "old"]
CLEAR, WATCH, REVIEW, AUTOMATIC = range(4)
SINCE = "which is labelled fraud since 2024-04-10"


def make_facts(*, joined: float | None = 50.0, label: float | None = 100.0) -> Facts:
    """``old`` is labelled fraud; all have joined on one day."""
    facts = Facts(dict.fromkeys(NAMES, joined))
    facts.labels = [("old", "fraud", label)]
    return facts


def score(*flags: Flag) -> Scores:
    """Six accounts with a tenth each more than the one before, and the tiers of these flags."""
    tier = np.zeros(len(NAMES), dtype=np.int64)
    for flag in flags:
        if flag.subject == "account":
            tier[NAMES.index(flag.subject_id)] = TIERS.index(flag.tier)
    return Scores(np.arange(6) / 10, tier, np.array([0.5]), np.array([REVIEW]), flags)


def flag(name: str, tier: Tier, *reasons: str) -> Flag:
    return Flag("account", name, 0.5, tier, reasons, ACTIONS[tier], ("R",))


def heed(facts: Facts, *flags: Flag, policy: Policy | None = None) -> Scores:
    settings = DetectSettings(policy=policy or Policy())
    return heed_decisions(score(*flags), make_market(make_snapshot(facts), settings))


def list_reasons(scores: Scores) -> dict[str, tuple[str, ...]]:
    return {each.subject_id: each.reasons for each in scores.flags}


def test_who_is_barred_is_watched_and_told_why_and_nobody_else() -> None:
    facts = make_facts()
    facts.statuses = {"bob": "Suspended", "cyd": "active"}
    scores = heed(facts)
    assert scores.flags == (
        Flag("account", "bob", 0.1, "watch", ("is Suspended",), ACTIONS["watch"]),
        Flag("account", "old", 0.5, "watch", ("is labelled fraud since 2024-04-10",), ACTIONS["watch"]),
    )
    assert scores.account_tier.tolist() == [CLEAR, WATCH, CLEAR, CLEAR, CLEAR, WATCH]
    assert list_reasons(heed(make_facts(label=None))) == {"old": ("is labelled fraud",)}


def test_where_nobody_is_barred_everything_stays() -> None:
    before = score(flag("ann", "review", "one"))
    after = heed_decisions(before, make_market(make_snapshot(Facts(dict.fromkeys(NAMES)))))
    assert after.flags == before.flags
    assert after.account_tier.tolist() == before.account_tier.tolist()


@pytest.mark.parametrize(
    ("joined", "label", "tier", "later"),
    [
        (50.0, 100.0, "watch", ""),
        (100.0, 100.0, "watch", ""),
        (100.5, 100.0, "review", ", and joined after that"),
        (None, 100.0, "watch", ""),
    ],
)
def test_who_shares_with_a_barred_account_is_watched_and_who_joined_later_is_for_review(
    joined: float | None, label: float, tier: Tier, later: str
) -> None:
    facts = make_facts(joined=joined, label=label)
    facts.share(["ann", "old"], "phone", "one")
    scores = heed(facts)
    assert scores.flags[0] == Flag(
        "account", "ann", 0.0, tier, (f"shares phone one with old, {SINCE}{later}",), ACTIONS[tier]
    )
    assert scores.account_tier.tolist() == [TIERS.index(tier), CLEAR, CLEAR, CLEAR, CLEAR, WATCH]


def test_a_status_bars_since_nobody_knows_when() -> None:
    facts = Facts(dict.fromkeys(NAMES, 300.0), statuses={"bob": "banned"})
    facts.share(["ann", "bob"], "phone", "one")
    assert heed(facts).flags[0] == Flag(
        "account", "ann", 0.0, "watch", ("shares phone one with bob, which is banned",), ACTIONS["watch"]
    )


@pytest.mark.parametrize(("users", "is_told"), [(2, True), (3, True), (4, False)])
def test_what_more_than_a_household_uses_tells_nothing(users: int, *, is_told: bool) -> None:
    facts = make_facts()
    facts.share(["old", *NAMES[: users - 1]], "phone", "one")
    told = list_reasons(heed(facts, policy=Policy(household_size=3)))
    assert sorted(told) == sorted([*(NAMES[: users - 1] if is_told else ()), "old"])


@pytest.mark.parametrize("kind", ["address", "browser", "a new kind"])
def test_only_what_is_personal_tells(kind: str) -> None:
    facts = make_facts()
    facts.share(["old", "ann"], kind, "one")
    assert list(list_reasons(heed(facts))) == ["old"]


def test_who_shares_with_one_that_shares_with_a_barred_account_is_left_alone() -> None:
    facts = make_facts()
    facts.share(["old", "ann"], "phone", "one")
    facts.share(["ann", "bob"], "phone", "two")
    facts.share(["cyd", "dan"], "device", "three")
    facts.share(["dan", "old"], "address", "a house")
    assert list(list_reasons(heed(facts))) == ["ann", "old"]


def test_two_barred_accounts_are_told_of_by_themselves() -> None:
    facts = make_facts()
    facts.statuses = {"bob": "banned"}
    facts.share(["old", "bob"], "phone", "one")
    assert list_reasons(heed(facts)) == {"bob": ("is banned",), "old": ("is labelled fraud since 2024-04-10",)}


def test_the_gravest_links_come_first_and_three_are_told() -> None:
    facts = make_facts(joined=200.0)
    facts.statuses = {"bob": "banned"}
    for kind, value, barred in (
        ("phone", "b", "bob"),
        ("phone", "a", "old"),
        ("device", "z", "old"),
        ("card", "c", "old"),
    ):
        facts.share(["ann", barred], kind, value)
    scores = heed(facts)
    later = f"with old, {SINCE}, and joined after that"
    assert scores.flags[0].tier == "review"
    assert scores.flags[0].reasons == (f"shares card c {later}", f"shares device z {later}", f"shares phone a {later}")


def test_one_thing_of_two_barred_accounts_is_told_of_each() -> None:
    facts = make_facts()
    facts.statuses = {"bob": "banned"}
    facts.share(["ann", "bob", "old"], "phone", "one")
    assert list_reasons(heed(facts))["ann"] == (
        "shares phone one with bob, which is banned",
        f"shares phone one with old, {SINCE}",
    )


def test_of_links_as_grave_those_with_the_earlier_accounts_come_first() -> None:
    facts = make_facts()
    facts.statuses = {"bob": "banned"}
    facts.share(["ann", "old"], "device", "a")
    facts.share(["ann", "bob"], "phone", "z")
    assert list_reasons(heed(facts))["ann"] == (
        "shares phone z with bob, which is banned",
        f"shares device a with old, {SINCE}",
    )


@pytest.mark.parametrize(
    ("before", "joined", "after", "order"),
    [
        ("watch", 200.0, "review", ("new", "R one", "R two")),
        ("review", 200.0, "review", ("R one", "R two", "new")),
        ("automatic", 200.0, "automatic", ("R one", "R two", "new")),
        ("watch", 50.0, "watch", ("R one", "R two", "new")),
        ("review", 50.0, "review", ("R one", "R two", "new")),
    ],
)
def test_a_flag_is_raised_and_never_lowered_and_its_reasons_are_kept(
    before: Tier, joined: float, after: Tier, order: Sequence[str]
) -> None:
    facts = make_facts(joined=joined)
    facts.share(["ann", "old"], "phone", "one")
    scores = heed(facts, flag("ann", before, "R one", "R two"))
    raised = scores.flags[0]
    new = f"shares phone one with old, {SINCE}" + (", and joined after that" if joined > 100 else "")
    assert (raised.tier, raised.action, raised.score, raised.ring_ids) == (after, ACTIONS[after], 0.5, ("R",))
    assert raised.reasons == tuple(new if each == "new" else each for each in order)
    assert scores.account_tier[0] == TIERS.index(after)


def test_flags_of_accounts_come_before_those_of_reviews_and_new_ones_by_name() -> None:
    facts = make_facts()
    for name in ("dan", "bob"):
        facts.share([name, "old"], "phone", f"of {name}")
    review = Flag("review", "ann", 0.5, "review", ("written",), ACTIONS["review"])
    scores = heed(facts, flag("eve", "watch", "crowd"), flag("cyd", "review", "ring"), review)
    assert [each.subject_id for each in scores.flags] == ["eve", "cyd", "bob", "dan", "old", "ann"]
    assert scores.flags[-1] == review
    assert scores.account_score.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert (scores.review_score.tolist(), scores.review_tier.tolist()) == ([0.5], [REVIEW])


def test_a_review_that_is_named_as_an_account_is_not_it() -> None:
    facts = make_facts()
    facts.share(["ann", "old"], "phone", "one")
    review = Flag("review", "ann", 0.5, "review", ("written",), ACTIONS["review"])
    scores = heed(facts, review)
    assert [(each.subject, each.subject_id) for each in scores.flags] == [
        ("account", "ann"),
        ("account", "old"),
        ("review", "ann"),
    ]
