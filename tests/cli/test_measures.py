"""What is done about flags: planned, applied exactly or not at all, undone, and ended by itself."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import ask, do, run
from property_graph import as_server, empty_quickly
from small_market import HOSTILE, add_run, make_loaded_store, write_tables

from detection.measures.applying import Actor, apply_plan, undo_plan
from detection.measures.plan import PlanTerms, find_exceeded, make_plan
from detection.measures.policy import MeasurePolicy
from detection.policy import DEFAULT_POLICY
from graph.errors import PlanMovedError
from graph.measures.events import read_events
from graph.measures.fold import fold_measures
from graph.open import open_store, verify_store
from graph.stores.location import Location

pytestmark = pytest.mark.usefixtures("plain_surroundings")
WHY = ("--by", "ana", "--reason", "looked through")


@pytest.fixture(autouse=True)
def here(market: Path, elsewhere: Path) -> Path:
    """A store of one's own after a run, and a policy that lets small plans through."""
    shutil.copytree(market / "ringfence-store", elsewhere / "ringfence-store")
    (elsewhere / "ringfence.toml").write_text("[measures]\nmost_share = 0.5\n", encoding="utf-8")
    return elsewhere


def list_measures() -> dict[str, str]:
    return {row["subject_id"]: row["measure"] for row in ask("measures")}


def list_changes(document: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(each["kind"], each["subject_id"], each.get("measure")) for each in document["changes"]]


def test_a_plan_says_what_and_why_and_what_is_touched_and_changes_nothing() -> None:
    planned = ask("plan")
    assert list_changes(planned) == [
        ("added", "ann", "hold"),
        ("added", HOSTILE, "step-up"),
        ("added", "rev-1", "watch"),
    ]
    assert planned["changes"][0]["why"] == "Core of trade ring R-1."
    assert planned["changes"][1]["needs_person"].startswith("one weak link")
    assert planned["touches"] == {
        "accounts": 2, "of_accounts": 66, "reviews": 1, "orders": 4, "money": {"EUR": 53.0},
    }  # fmt: skip
    assert list_measures() == {}
    shown = do("plan")
    assert "2 of 66 accounts, 1 reviews, 4 orders of 53.00 EUR" in shown.replace("\n", " ")
    assert run("plan", "--detailed-exitcode").exit_code == 10


def test_what_no_run_does_by_itself_waits_for_a_person() -> None:
    planned = ask("plan", "--unseen")
    assert list_changes(planned) == [("added", "ann", "hold"), ("added", "rev-1", "watch")]
    assert [each["subject_id"] for each in planned["waiting"]] == [HOSTILE]


def test_a_plan_is_applied_once_and_applying_it_again_changes_nothing() -> None:
    do("plan", "-o", "plan.json")
    before = datetime.now(UTC)
    assert len(json.loads(do("apply", "plan.json", *WHY, "--format", "json"))["changes"]) == 3
    assert list_measures() == {"ann": "hold", HOSTILE: "step-up", "rev-1": "watch"}
    (ann,) = ask("measures", "--about", "ann")
    assert before + timedelta(days=6.9) < datetime.fromisoformat(ann["until"]) < before + timedelta(days=7.1)
    assert (ann["by"], ann["run_id"], ann["rings"]) == ("ana", "run-1", ["R-1"])
    assert "was applied before" in do("apply", "plan.json", *WHY)
    assert ask("plan")["changes"] == []
    assert run("plan", "--detailed-exitcode").exit_code == 0
    assert [each.state for each in verify_store("ringfence-store").tables if each.table == "measures"] == ["whole"]


def test_a_plan_that_was_edited_is_refused() -> None:
    do("plan", "-o", "plan.json")
    file = Path("plan.json")
    file.write_text(file.read_text(encoding="utf-8").replace('"hold"', '"freeze"'), encoding="utf-8")
    assert "was changed since it was made" in do("apply", "plan.json", *WHY, exit_code=1)
    file.write_text("{}", encoding="utf-8")
    assert "is no plan" in do("apply", "plan.json", *WHY, exit_code=1)
    assert "cannot be read" in do("apply", "gone.json", *WHY, exit_code=1)
    assert list_measures() == {}


def move_facts() -> None:
    tables = write_tables(Path("more"))
    with (tables / "accounts.csv").open("a", encoding="utf-8") as file:
        file.write("newcomer,,,\n")
    do("load", "more")


def move_run() -> None:
    add_run(Path("ringfence-store"), run_id="run-2")


def move_policy() -> None:
    Path("ringfence.toml").write_text("[measures]\nmost_share = 0.6\n", encoding="utf-8")


def move_tiers() -> None:
    settings = Path("ringfence.toml").read_text(encoding="utf-8")
    Path("ringfence.toml").write_text(f"{settings}[detect.policy]\nreview_score = 0.6\n", encoding="utf-8")


def move_decisions() -> None:
    do("decide", "ann", "cleared", *WHY)


def move_measures() -> None:
    do("plan", "-o", "other.json")
    do("apply", "other.json", *WHY)


MOVES = {
    "facts were loaded": move_facts,
    "there is another run": move_run,
    "the policy is another one": move_policy,
    "policy is another": move_tiers,
    "people decided": move_decisions,
    "measures were applied": move_measures,
}


@pytest.mark.parametrize("said", MOVES)
def test_a_plan_is_refused_when_what_it_rests_on_has_moved(said: str) -> None:
    do("plan", "-o", "plan.json")
    MOVES[said]()
    held = list_measures()
    assert said in do("apply", "plan.json", *WHY, exit_code=9)
    assert list_measures() == held


def test_a_note_moves_no_plan() -> None:
    do("plan", "-o", "plan.json")
    do("note", "R-1", "--text", "called the bank", "--by", "ana")
    assert "To take it back" in do("apply", "plan.json", *WHY)


@pytest.mark.parametrize(("bound", "value"), [("most_accounts", 1), ("most_share", 0.01), ("most_money", 52.0)])
def test_a_plan_beyond_the_policy_is_refused_unless_the_bound_is_named(bound: str, value: float) -> None:
    rest = "" if bound == "most_share" else "most_share = 0.5\n"
    Path("ringfence.toml").write_text(f"[measures]\n{rest}{bound} = {value}\n", encoding="utf-8")
    assert "Beyond the policy" in do("plan", "-o", "plan.json")
    assert f"--despite {bound}" in do("apply", "plan.json", *WHY, exit_code=9)
    assert "is no bound" in do("apply", "plan.json", *WHY, "--despite", "all", exit_code=1)
    assert list_measures() == {}
    do("apply", "plan.json", *WHY, "--despite", bound)
    assert len(list_measures()) == 3


def test_what_lost_its_ground_is_removed_by_the_next_plan() -> None:
    move_measures()
    with open_store("ringfence-store", mode="write") as store:
        store.query("MATCH (f:Flag) WHERE f.subject_id = 'ann' DETACH DELETE f")
    planned = ask("plan")
    assert list_changes(planned) == [("removed", "ann", None)]
    assert planned["changes"][0]["why"] == "its ground is gone"


def test_what_is_undone_is_left_out_until_somebody_asks_for_it() -> None:
    move_measures()
    plan_id = ask("measures")[0]["plan"]
    assert "--reason" in do("undo", plan_id, "--by", "bo", exit_code=1)
    do("undo", plan_id, "--by", "bo", "--reason", "wrong market")
    assert list_measures() == {}
    planned = ask("plan")
    assert planned["changes"] == []
    assert len(planned["stopped"]) == 3
    assert "undone by bo on" in planned["stopped"][0]
    assert "wrong market" in do("plan").replace("\n", " ")
    assert "was undone before, by bo" in do("undo", plan_id, *WHY, exit_code=1)
    assert f"the nearest is '{plan_id}'" in do("undo", f"{plan_id}x", *WHY, exit_code=3)
    assert "was undone by bo" in do("apply", "other.json", *WHY, exit_code=9)
    do("plan", "--again", "-o", "again.json")
    do("apply", "again.json", *WHY)
    assert len(list_measures()) == 3


def test_undoing_a_run_undoes_the_last_plan_of_it() -> None:
    move_measures()
    assert "the nearest is 'run-1'" in do("undo", "run-11", *WHY, exit_code=3)
    do("undo", "run-1", *WHY)
    assert list_measures() == {}
    assert "was undone before" in do("undo", "run-1", *WHY, exit_code=1)


def test_a_reason_is_asked_for() -> None:
    do("plan", "-o", "plan.json")
    assert "say why" in do("apply", "plan.json", "--by", "ana", exit_code=1)


def test_before_the_first_run_there_is_no_plan(tmp_path: Path) -> None:
    make_loaded_store(tmp_path / "loaded", write_tables(tmp_path / "tables"))
    assert "no run yet" in do("--store", str(tmp_path / "loaded"), "plan", exit_code=1)


def make_terms(**more: Any) -> PlanTerms:
    return PlanTerms(MeasurePolicy(most_share=1.0), DEFAULT_POLICY, datetime.now(UTC), **more)


def check_life_of_a_plan(location: Location) -> None:
    """Plan, apply, apply again, undo: the same on each store, to the changes."""
    actor = Actor("ana", "looked through")
    with open_store(location) as store:
        made = make_plan(store, make_terms())
        assert find_exceeded(made.touches, MeasurePolicy(most_accounts=1)).keys() == {"most_accounts"}
        assert [(each.kind, each.subject_id) for each in made.changes] == [
            ("added", "ann"), ("added", HOSTILE), ("added", "rev-1"),
        ]  # fmt: skip
        assert (made.touches.orders, made.touches.money) == (4, {"EUR": 53.0})
        done = apply_plan(store, made, make_terms(), actor)
        assert [each.kind for each in done.events] == ["applied", "added", "added", "added"]
        assert apply_plan(store, made, make_terms(), actor).was_before
        old = make_plan(store, make_terms())
        late = PlanTerms(make_terms().policy, DEFAULT_POLICY, old.made_at + timedelta(hours=25))
        with pytest.raises(PlanMovedError, match="25 hours ago"):
            apply_plan(store, old, late, actor)
        undo_plan(store, made.plan_id, make_terms(), actor)
        measures = fold_measures(read_events(store.measures.read()))
        assert measures.list_in_force(datetime.now(UTC)) == {}
        assert len(make_plan(store, make_terms()).stopped) == 3
        assert len(make_plan(store, make_terms(again=True)).changes) == 3
        assert store.casebook.read() == ()


def test_a_plan_lives_and_ends_in_a_folder() -> None:
    check_life_of_a_plan("ringfence-store")


@pytest.mark.server
def test_a_plan_lives_and_ends_on_a_server(neo4j_server: Any, tmp_path: Path) -> None:
    empty_quickly(neo4j_server)
    server = as_server(neo4j_server)
    make_loaded_store(server, write_tables(tmp_path / "tables"))
    add_run(server)
    check_life_of_a_plan(server)
    assert [each.state for each in verify_store(server).tables if each.table == "measures"] == ["whole"]


def write_settings(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def test_a_policy_that_cannot_be_meant_is_told() -> None:
    assert "5 rules of measures" in do("policy", "check")
    write_settings("ringfence.toml", "[[measures.rules]]\nmeasure = 'hold'\ntier = 'review'\n" * 2)
    assert "rule 2 (hold for review) is never reached" in do("policy", "check", exit_code=1)
    assert "Every rule is as by default" in do("policy", "--changed")


def test_other_settings_say_whom_they_would_treat_otherwise() -> None:
    write_settings("other.toml", "[[measures.rules]]\nmeasure = 'freeze'\ntier = 'automatic'\n")
    moves = ask("policy", "test", "other.toml")
    assert [(each["subject_id"], each["now"], each["then"]) for each in moves] == [
        ("ann", "hold", "freeze"), (HOSTILE, "step-up", None), ("rev-1", "watch", None),
    ]  # fmt: skip
    assert "3 would be treated otherwise" in do("policy", "test", "other.toml")
    assert "Nobody would be" in do("policy", "test", "ringfence.toml", "--runs", "3")
    write_settings("other.toml", "[measures]\nleast_channels = 3\n")
    (waits,) = ask("policy", "test", "other.toml")
    assert (waits["subject_id"], waits["then"], waits["then_waits"][:18]) == ("ann", "hold", "its ring shows evi")
    write_settings("other.toml", "[detect.policy]\nautomatic_score = 0.99\nprior_bits = 9\n")
    (falls,) = (each for each in ask("policy", "test", "other.toml") if each["subject_id"] == "ann")
    assert (falls["tier"], falls["then_tier"], falls["then"]) == ("automatic", "review", "step-up")
    assert "what other rules would move (prior_bits)" in run("policy", "test", "other.toml").stderr


def test_thresholds_follow_from_decisions_and_a_budget() -> None:
    assert "too few decisions" in do("policy", "tune")
    do("decide", "R-1", "confirmed", *WHY)
    tuned = ask("policy", "tune", "--share", "0.2", "--budget", "12")
    assert (tuned["automatic_score"], tuned["review_score"]) == (0.3, 0.45)
    (at_half,) = (each for each in tuned["thresholds"] if each["score"] == 0.5)
    assert (at_half["rings"], at_half["minutes"], at_half["decided"], at_half["confirmed"]) == (1, 12.0, 1, 1)
    assert ask("policy", "tune", "--budget", "5")["review_score"] == 0.95
