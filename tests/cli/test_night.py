"""One night, unattended: what is new is loaded, found, checked, published, planned; once, whoever is killed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import ask, do, run
from nights import (
    NIGHTS,
    STORE,
    bring_more,
    count_accounts,
    find_step,
    list_generations,
    night,
    read_last,
    say_steps,
)
from property_graph import Dump, as_server, empty_quickly
from small_market import HOSTILE, write_tables

from cli.context import Workplace
from detection.job import night as at_work
from detection.job.checks import Check
from detection.job.record import STEPS as ALL_STEPS
from detection.job.record import JobsFolder
from graph.open import open_store
from graph.staging import FolderStaging, find_staging
from graph.stores.location import Folder, Server

STEPS = ALL_STEPS[:-1]  # the last one learns, where that is asked for
pytestmark = pytest.mark.usefixtures("plain_surroundings", "after_a_night")
WATCHED = dict.fromkeys(("ann", "bob", "cyd", HOSTILE), "watch")


def test_the_first_night_does_every_step_and_says_what_came_of_it() -> None:
    job = read_last()
    assert say_steps(job) == dict.fromkeys(STEPS[:-1], True) | {"apply": False}
    (export,) = find_step(job, "load")["exports"]
    assert {table["name"]: (table["read"], table["rejected"]) for table in export["tables"]}["orders"] == (6, 0)
    assert (job["state"], job["exit_code"], job["inputs"][0]["name"], len(job["inputs"][0]["sha256"])) == (
        "done", 0, "1", 64,
    )  # fmt: skip
    assert find_step(job, "publish")["generation"] == 1
    assert find_step(job, "publish")["run_id"] == ask("runs")[0]["run_id"]
    assert not (STORE / "staged").exists()


def test_a_night_with_nothing_new_changes_nothing() -> None:
    before = list_generations(), (STORE / "generations" / "000001" / "manifest.json").read_bytes()
    job = night("--detailed-exitcode", exit_code=10 if read_plan()["changes"] else 0)
    assert say_steps(job) == dict.fromkeys(STEPS, False) | {"plan": True}
    assert (list_generations(), (STORE / "generations" / "000001" / "manifest.json").read_bytes()) == before
    assert "Night 3: done." in do("run", "exports")


def read_plan() -> dict[str, Any]:
    return json.loads((NIGHTS / "000001" / "plan.json").read_bytes())  # type: ignore[no-any-return]  # an object


def test_a_decision_alone_makes_the_next_night_detect_again() -> None:
    do("decide", "ann", "watch", "--by", "ana", "--reason", "known")
    assert say_steps(night()) == dict.fromkeys(STEPS, True) | {"load": False, "apply": False}


def test_who_decides_while_a_night_is_at_work_is_heard_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    find_run = at_work.find_run

    def decide_meanwhile(*given: Any, **named: Any) -> Any:
        do("decide", "ann", "watch", "--by", "ana", "--reason", "known")
        return find_run(*given, **named)

    bring_more()
    with monkeypatch.context() as patched:
        patched.setattr(at_work, "find_run", decide_meanwhile)
        night()
    assert say_steps(night())["detect"]
    assert not say_steps(night())["detect"]


def test_only_what_is_new_is_loaded() -> None:
    bring_more()
    job = night()
    assert [each["name"] for each in job["inputs"]] == ["2"]
    assert count_accounts() == 67
    assert night("--since", "2100-01-01")["inputs"] == []


def test_whoever_reads_while_a_night_is_at_work_sees_what_there_was(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    find_run = at_work.find_run

    def look(*given: Any, **named: Any) -> Any:
        seen.append(count_accounts())
        return find_run(*given, **named)

    bring_more()
    monkeypatch.setattr(at_work, "find_run", look)
    with open_store(str(STORE)) as reader:
        night()
        assert reader.snapshot().n_accounts == 66
    assert (seen, count_accounts()) == ([66], 67)


def test_what_fails_its_checks_publishes_nothing_until_somebody_names_the_check() -> None:
    bring_more()
    before = list_generations()
    result = run("run", "exports")
    assert result.exit_code == 9
    assert "accounts has 1 rows, and had 66 (least_rows_share is 0.5)" in result.stderr
    assert (list_generations(), count_accounts(), read_last()["state"]) == (before, 66, "refused")
    assert not [check for check in read_last()["checks"] if check["passed"] and check["name"] == "least_rows_share"]
    night("--retry", "--despite", "least_rows_share")
    assert count_accounts() == 67


@pytest.fixture(autouse=True)
def lenient(request: pytest.FixtureRequest, after_a_night: Path) -> None:
    """Small exports are no alarm, unless a test is about that."""
    if "checks" not in request.node.name:
        (after_a_night / "ringfence.toml").write_text("[run.checks]\nleast_rows_share = 0\n", encoding="utf-8")


def test_a_run_that_is_not_like_the_last_fails_its_checks() -> None:
    bring_more("2", "account_id\n" + "".join(f"twin-{number}\n" for number in range(60)))
    Path("ringfence.toml").write_text("[run.checks]\nmost_score_shift = 0.000001\n", encoding="utf-8")
    result = run("run", "exports")
    assert result.exit_code == 9
    assert "scores moved by" in result.stderr
    assert count_accounts() == 66


def test_what_failed_its_checks_is_not_searched_for_again_while_all_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    do("decide", "ann", "watch", "--by", "ana", "--reason", "known")
    Path("ringfence.toml").write_text("[run.checks]\nmost_rings_factor = 1\n", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(at_work, "check_run", lambda *given: [Check(name="most_rings_factor", value=9.0, bound=1.0,
                                                                      passed=False, words="9 rings")])  # fmt: skip
        said = do("run", "exports", exit_code=9)
        patched.setattr(at_work, "find_run", None)  # nobody may search
        assert do("run", "exports", exit_code=9) == said.splitlines(keepends=True)[-1]
        assert [each["passed"] for each in read_last()["checks"]] == [False]
    do("decide", "bob", "watch", "--by", "ana", "--reason", "known")
    assert say_steps(night())["publish"]


@pytest.mark.parametrize(
    "step", ["load", *(pytest.param(step, marks=pytest.mark.thorough) for step in STEPS[:-1] if step != "load")]
)
def test_a_night_that_stops_after_a_step_is_taken_up_there(step: str) -> None:
    bring_more()
    assert (stopped := night("--stop-after", step))["state"] == "stopped"
    assert [each["name"] for each in stopped["steps"]] == list(STEPS[: STEPS.index(step) + 1])
    assert count_accounts() == (66 if STEPS.index(step) < STEPS.index("publish") else 67)
    assert night("--stop-after", step)["job"] == stopped["job"]
    job = night("--retry")
    assert (job["job"], job["state"], count_accounts()) == (stopped["job"], "done", 67)
    assert "nothing to take up" in do("run", "exports", "--retry", exit_code=1)


class Killed(BaseException):
    """The process is gone."""


MOMENTS: dict[str, tuple[object, str]] = {
    "record": (JobsFolder, "write"),
    "stage": (FolderStaging, "start"),
    "publish": (FolderStaging, "publish"),
    "discard": (FolderStaging, "discard"),
    "plan": (at_work, "replace_file"),
    "apply": (at_work, "apply_plan"),
}


USUAL = {("publish", 0, True), ("apply", 0, True)}
"""After publishing, and after applying; the rest is the same with other steps left to do."""
KILLS = [
    (name, n, is_done) for name in MOMENTS for n in (range(14) if name == "record" else (0,)) for is_done in (0, 1)
]


@pytest.mark.parametrize(
    ("moment", "n", "is_done"),
    [pytest.param(*each, marks=() if each in USUAL else pytest.mark.thorough) for each in KILLS],
)
def test_a_night_that_is_killed_is_taken_up_and_nothing_is_lost_or_doubled(
    moment: str, n: int, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_more()
    with Path("ringfence.toml").open("a", encoding="utf-8") as file:
        file.write("[measures]\nrun_applies = true\nmost_share = 1.0\nleast_channels = 0\nleast_net_bits = 0\n")
    with monkeypatch.context() as patched:
        kill_at(patched, *MOMENTS[moment], n=n, is_done=is_done)
        with pytest.raises(Killed):
            run("run", "exports")
    assert count_accounts() in (66, 67)
    job = night()
    assert (job["state"], count_accounts(), len(ask("runs"))) == ("done", 67, 2)
    assert not (STORE / "staged").exists()
    assert ask("plan")["changes"] == []
    assert {row["subject_id"]: row["measure"] for row in ask("measures")} == WATCHED


def kill_at(patched: pytest.MonkeyPatch, owner: object, name: str, *, n: int, is_done: bool) -> None:
    """Let the process be gone before or after the n-th call."""
    work: Callable[..., Any] = getattr(owner, name)
    calls: list[int] = []

    def die(*given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) <= n:
            return work(*given, **named)
        if is_done:
            work(*given, **named)
        raise Killed

    patched.setattr(owner, name, die)


def test_a_store_that_moved_meanwhile_is_left_alone_and_the_next_night_begins_anew() -> None:
    bring_more()
    night("--stop-after", "check")
    write_tables(Path("more"))
    with Path("more/accounts.csv").open("a", encoding="utf-8") as file:
        file.write("stranger,,,\n")
    do("load", "more")
    job = night()
    assert (job["state"], count_accounts()) == ("done", 68)
    assert find_staging(str(STORE)).find_facts() == ""


def test_who_asks_for_something_else_begins_another_night() -> None:
    bring_more()
    night("--stop-after", "load")
    assert "asked for something else" in do("run", "exports/1", "--retry", exit_code=1)
    job = json.loads(do("run", "exports/1", "--format", "json"))
    assert (job["job"], job["inputs"], count_accounts()) == (3, [], 66)
    assert [each.state for each in JobsFolder(NIGHTS).read_all()] == ["done", "abandoned", "done"]


def test_one_night_is_at_work_at_a_time_and_the_other_says_whose_it_is() -> None:
    with JobsFolder(NIGHTS).locked(0.0):
        error = do("run", "exports", exit_code=5)
    assert "is held by process" in error


def test_a_dry_run_says_what_would_be_and_leaves_nothing() -> None:
    bring_more()
    before = list_generations(), JobsFolder(NIGHTS).list_numbers()
    job = night("--dry-run")
    assert find_step(job, "detect")["accounts"] == 67
    assert find_step(job, "plan")["plan_id"].startswith("P")
    assert (list_generations(), JobsFolder(NIGHTS).list_numbers(), count_accounts()) == (*before, 66)
    assert not (STORE / "staged").exists()


def test_a_plan_beyond_its_bound_is_not_applied_and_the_rest_is_published() -> None:
    settings = "[run.checks]\nleast_rows_share = 0\n[measures]\nrun_applies = true\nmost_share = 0\n"
    Path("ringfence.toml").write_text(f"{settings}least_channels = 0\nleast_net_bits = 0\n", encoding="utf-8")
    job = night(exit_code=11)
    assert job["state"] == "partial"
    assert "--despite most_share" in job["error"]
    assert ask("measures") == []
    assert (night(exit_code=11)["job"], night("--retry", "--despite", "most_share")["state"]) == (3, "done")
    assert len(ask("measures")) == len(find_changes(job))


def find_changes(job: dict[str, Any]) -> list[str]:
    changes = find_step(job, "plan")["changes"]
    return [kind for kind, n in changes.items() for _ in range(n)]


def test_rollback_goes_back_to_what_was_published_before() -> None:
    assert "nothing before" in do("rollback", exit_code=1)
    bring_more()
    night()
    assert "Generation 1 is the graph again" in do("rollback")
    assert count_accounts() == 66
    assert "`ringfence restore GENERATION`" in do("rollback", exit_code=1)


def test_bad_tables_or_settings_are_one_line() -> None:
    assert "holds no tables" in do("run", str(NIGHTS), exit_code=4)
    assert "is no folder" in do("run", "nowhere", exit_code=4)
    assert "--despite 'all' is no check" in do("run", "exports", "--despite", "all", exit_code=1)
    Path("ringfence.toml").write_text("[run]\ntable = 'x'\n", encoding="utf-8")
    assert "did you mean 'tables'?" in do("run", exit_code=1)
    Path("ringfence.toml").write_text("[run.checks]\nmost_shift = 1\n", encoding="utf-8")
    assert "[run.checks]" in do("run", exit_code=1)
    Path("ringfence.toml").write_text("[run]\ntables = 'exports'\n", encoding="utf-8")
    assert json.loads(do("run", "--format", "json"))["state"] == "done"


@pytest.mark.server
def test_a_night_on_a_server_publishes_its_run_or_leaves_the_verdicts(
    neo4j_server: Any, monkeypatch: pytest.MonkeyPatch, dump: Callable[..., Dump]
) -> None:
    empty_quickly(neo4j_server)
    server = as_server(neo4j_server)
    monkeypatch.setattr(Workplace, "find_location", lambda self: server)
    Path("scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(Path("scratch").resolve()))
    job = night()
    assert (job["state"], find_step(job, "publish")["generation"]) == ("done", None)
    times = ("started_at", "finished_at")
    with open_store(server) as store, open_store(Folder(str(STORE))) as folder:
        assert dump(store, without=times) == dump(folder, without=times)
    check_a_second_night(server, dump)


def check_a_rehearsal(server: Server, dump: Callable[..., Dump]) -> None:
    """A dry run says what would be, to the plan, and leaves nothing on the server nor anywhere else."""
    with open_store(server) as store:
        before = dump(store), store.casebook.read(), store.measures.read(), list_scratch()
    Path("ringfence.toml").write_text("[run.checks]\nleast_rows_share = 0\n", encoding="utf-8")
    job = night("--dry-run")
    assert find_step(job, "detect")["accounts"] == 67
    assert find_step(job, "plan")["plan_id"].startswith("P")
    with open_store(server) as store:
        assert (dump(store), store.casebook.read(), store.measures.read(), list_scratch()) == before


def list_scratch() -> list[Path]:
    return list(Path(tempfile.gettempdir()).iterdir())


def check_a_second_night(server: Server, dump: Callable[..., Dump]) -> None:
    """What fails its checks leaves the verdicts; the night that is taken up publishes; then nothing is new."""
    bring_more()
    check_a_rehearsal(server, dump)
    Path("ringfence.toml").write_text("[run.checks]\nmost_rings_factor = 0\n", encoding="utf-8")
    assert run("run", "exports").exit_code == 9
    assert count_on(server) == (66, 1)
    first = read_verdicts(server)
    night("--retry", "--despite", "least_rows_share")
    assert count_on(server) == (67, 2)
    assert say_steps(night()) == dict.fromkeys(STEPS, False) | {"plan": True}
    check_a_rollback(server, first)


def read_verdicts(server: Server) -> dict[str, tuple[Any, ...]]:
    """What the latest run says of every account and review, and which run that is."""
    asked = (
        "MATCH (a:Account) RETURN a.account_id AS id, a.risk_score AS score, a.tier AS tier, a.probability AS odds",
        "MATCH (r:Review) RETURN r.review_id AS id, r.suspicion AS score, r.tier AS tier, null AS odds",
    )
    with open_store(server) as store:
        rows = [row for cypher in asked for row in store.query(cypher)]
    latest = ask("runs")[0]["run_id"]
    return {row["id"]: (row["score"], row["tier"], row["odds"]) for row in rows} | {"latest": (latest,)}


def check_a_rollback(server: Server, first: dict[str, tuple[Any, ...]]) -> None:
    """The run before is the latest again, with the verdicts that it gave, once; the next night finds the other one."""
    second = read_verdicts(server)
    assert f"Run {first['latest'][0]} is the latest again" in do("rollback")
    assert read_verdicts(server) == first | {"newcomer": (None, None, None)}
    assert "the latest run is none that a night has published" in do("rollback", exit_code=1)
    assert say_steps(night())["detect"]
    assert read_verdicts(server) == second
    assert f"Run {first['latest'][0]} is the latest again" in do("rollback")


def count_on(server: Server) -> tuple[int, int]:
    with open_store(server) as store:
        runs = store.query("MATCH (r:Run) RETURN count(r) AS n")[0]["n"]
        return store.snapshot().n_accounts, runs
