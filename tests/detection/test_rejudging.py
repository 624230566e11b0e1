"""What a granted appeal would change is what the next run finds, and nothing else is in the difference."""

from __future__ import annotations

from typing import Any

from detection_market import make_background, make_snapshot, pick, plant_farm, plant_refund_ring
from said import decide

from detection.casework.heard import choose_heard
from detection.rejudging import imagine, rejudge
from detection.run import find_run
from detection.settings import DetectSettings
from graph.casebook.fold import fold

FARM, SMALL = pick(50, 10), pick(100, 5)


def make_facts() -> Any:
    facts = make_background(n=400)
    plant_farm(facts, FARM)
    plant_refund_ring(facts, SMALL, "a0020")
    return facts


MARKET = make_snapshot(make_facts())


class Facts:
    """As much of a store as is read."""

    def __init__(self, market: Any = MARKET) -> None:
        self.market = market

    def snapshot(self) -> Any:
        return self.market

    def query(self, _: str) -> list[dict[str, Any]]:
        return []


def grant(account_id: str, **told: Any) -> dict[str, Any]:
    return {"kind": "ruled", "subject": "account", "subject_id": account_id, "by": "ana", "reason": "r"} | {
        "ruling": "granted",
        **told,
    }


def test_the_difference_is_that_of_two_runs() -> None:
    state = fold([decide(FARM[1], "watch")])
    event = imagine(grant(FARM[0], word="cleared"), state)
    changes = {each.account_id: each for each in rejudge(Facts(), DetectSettings(), state, event)}  # type: ignore[arg-type]
    assert next(iter(changes)) == FARM[0]
    assert changes.keys() == set(FARM)
    assert (changes[FARM[0]].outcome, changes[FARM[0]].after) == ("released", "clear")
    assert changes[FARM[1]].outcome == "kept"
    heard = choose_heard(fold([*state.said, event]), event.at)
    after = find_run(MARKET, DetectSettings(), heard=heard)
    named = {member.account_id for ring in after.rings for member in ring.members}
    assert {each for each, change in changes.items() if change.rings} == named & set(FARM)


def test_those_who_are_left_are_judged_with_whom_else_they_belong_to_and_not_only_as_they_were_found() -> None:
    event = imagine(grant(SMALL[0], word="cleared"), fold([]))
    changes = rejudge(Facts(), DetectSettings(), fold([]), event)  # type: ignore[arg-type]
    assert {each.account_id: each.outcome for each in changes} == {SMALL[0]: "released"} | dict.fromkeys(
        SMALL[1:], "kept"
    )


def test_another_person_than_somebody_is_linked_by_nothing_that_they_share() -> None:
    snapshot = MARKET
    users = {each: snapshot.account_id.tolist().index(each) for each in FARM[:2]}
    uses = {each: set(snapshot.uses.identifier[snapshot.uses.account == row].tolist()) for each, row in users.items()}
    assert uses[FARM[0]] & uses[FARM[1]]
    from detection.casework.facts import heed_facts

    event = imagine(grant(FARM[0], not_same_as=(FARM[1],)), fold([]))
    parted = heed_facts(snapshot, choose_heard(fold([event]), event.at))
    left = {each: set(parted.uses.identifier[parted.uses.account == row].tolist()) for each, row in users.items()}
    assert left[FARM[0]] == uses[FARM[0]] - uses[FARM[1]]
    assert left[FARM[1]] == uses[FARM[1]]


def test_those_whom_only_one_account_held_are_released_with_it() -> None:
    facts, few = make_background(n=400), pick(100, 4)
    plant_farm(facts, few)
    store = Facts(make_snapshot(facts))
    event = imagine(grant(few[0], word="cleared"), fold([]))
    changes = rejudge(store, DetectSettings(), fold([]), event)  # type: ignore[arg-type]
    assert {each.account_id: each.outcome for each in changes} == dict.fromkeys(few, "released")
    assert {each.before for each in changes} == {"watch"}
