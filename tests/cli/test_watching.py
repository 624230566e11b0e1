"""Who watches nights: metrics, alerts, the doctor."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import ask, do, run
from nights import NIGHTS, STORE, bring_more, night
from prometheus_client import generate_latest

from cli.context import Workplace
from cli.night import read_order
from detection.job.health import examine
from detection.job.metrics import make_registry
from detection.job.record import Job, JobsFolder
from detection.job.standing import find_standing

pytestmark = pytest.mark.usefixtures("plain_surroundings", "after_a_night")


def test_a_night_leaves_its_metrics_also_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = "[run]\nmetrics = 'ringfence.prom'\n[run.checks]\nleast_rows_share = "
    Path("ringfence.toml").write_text(f"{settings}0\n", encoding="utf-8")
    night()
    said = Path("ringfence.prom").read_text(encoding="utf-8")
    assert 'ringfence_night_state{state="done"} 1.0' in said
    assert 'ringfence_measures_in_force{measure="hold"} 0.0' in said
    assert "ringfence_accounts 66.0" in said
    success = next(line for line in said.splitlines() if line.startswith("ringfence_night_last_success"))
    bring_more()
    Path("ringfence.toml").write_text(f"{settings}0.5\n", encoding="utf-8")
    night(exit_code=9)
    said = Path("ringfence.prom").read_text(encoding="utf-8")
    assert 'ringfence_night_state{state="refused"} 1.0' in said
    assert 'ringfence_night_check_passed{check="least_rows_share"} 0.0' in said
    assert "ringfence_night_exit_code 9.0" in said
    assert "ringfence_exports_refused 1.0" in said
    assert success in said
    Path("ringfence.toml").write_text(f"{settings}0\n", encoding="utf-8")
    assert [each["name"] for each in night()["inputs"]] == ["2"]


def test_a_night_alerts_to_what_changed_and_to_nothing_twice() -> None:
    assert ask("alerts") == []  # all rings of the small market are watched
    bring_more()
    target = "[run]\nalert_tier = 'watch'\n[[run.alerts]]\nname = 'log'\nkind = 'text'\npath = 'alerts.txt'\n"
    Path("ringfence.toml").write_text(target, encoding="utf-8")
    night(exit_code=9)
    night("--retry", exit_code=9)
    (failed,) = ask("alerts")
    assert (failed["kind"], failed["waits"]) == ("check failed", [])
    night("--retry", "--despite", "least_rows_share")
    assert len(Path("alerts.txt").read_text(encoding="utf-8").splitlines()) == len(ask("alerts")) == 1
    assert "accounts has 1 rows" in do("alerts")
    assert ask("alerts", "--send") == ask("alerts")


def test_an_export_that_is_refused_is_left_out_until_it_changes_or_somebody_asks_for_it() -> None:
    bring_more("2", "account\nnewcomer\n")
    assert night(exit_code=4)["refused"][0]["name"] == "2"
    job = night()
    assert (job["state"], job["inputs"], [each["name"] for each in job["refused"]]) == ("done", [], ["2"])
    assert "2, since night 2: " in do("run", "exports").replace("\n", " ")
    assert find_findings()["export"][0] == "wrong"
    assert night("--retry", exit_code=4)["inputs"][0]["name"] == "2"
    (told,) = ask("alerts")
    assert (told["kind"], told["subject_id"]) == ("export refused", "2")
    (Path("exports") / "2" / "accounts.csv").write_text("account_id\n" + "x\n" * 1, encoding="utf-8")
    Path("ringfence.toml").write_text("[run.checks]\nleast_rows_share = 0\n", encoding="utf-8")
    job = night()
    assert ([each["name"] for each in job["inputs"]], job["refused"]) == (["2"], [])


def test_before_anything_was_published_no_export_is_left_out() -> None:
    shutil.rmtree(STORE)
    shutil.rmtree(NIGHTS)
    accounts = Path("exports") / "1" / "accounts.csv"
    accounts.write_text("account\nann\n", encoding="utf-8")
    for _ in range(2):
        assert "accounts.csv has no column account_id" in do("run", "exports", exit_code=4)


def find_findings() -> dict[str, tuple[str, str]]:
    result = run("doctor", "--format", "json")
    return {each["what"]: (each["grade"], each["says"]) for each in json.loads(result.stdout)}


def test_the_doctor_says_what_is_wrong_and_what_to_do() -> None:
    Path("ringfence.toml").write_text("[run]\ntables = 'exports'\n", encoding="utf-8")
    assert {grade for grade, _ in find_findings().values()} == {"well"}
    assert "well" in do("doctor")
    bring_more()
    night(exit_code=9)
    Path("ringfence.toml").write_text("[run]\ntables = 'gone'\n[measures]\nrenew_days = 99\n", encoding="utf-8")
    found = find_findings()
    wrong = {what for what, (grade, _) in found.items() if grade == "wrong"}
    assert wrong == {"policy", "tables", "nights", "export"}
    assert found["stage"][0] == "look"
    assert "night 2 is refused: nothing was published" in found["nights"][1]
    assert "6 of 13 are wrong: policy, tables, nights, export" in do("doctor", exit_code=1)
    shutil.rmtree(STORE)
    assert find_findings()["store"][0] == "wrong"


def test_the_doctor_knows_a_night_that_is_late_and_one_that_is_at_work() -> None:
    order = read_order(Workplace(), {"tables": None, "since": None})
    later = datetime.now(UTC) + timedelta(hours=30)
    with JobsFolder(NIGHTS).locked(0.0):
        found = {each.what: each for each in examine(order, JobsFolder(NIGHTS), now=later)}
    assert (found["schedule"].grade, found["lock"].grade) == ("wrong", "look")
    assert "30" in found["schedule"].says
    assert "lock" not in find_findings()


def test_what_waits_and_what_is_at_risk_is_measured(market: Path) -> None:
    shutil.rmtree(STORE)
    shutil.copytree(market / STORE, STORE)
    Path("appeal.txt").write_text("It was my sister.", encoding="utf-8")
    do("appeal", "ann", "--text", "appeal.txt", "--by", "ana")
    found = find_standing(read_order(Workplace(), {"tables": None, "since": None}))
    assert found.exposure == {("done", "EUR"): 61.5, ("taken back", "EUR"): 21.0}
    (appeal,), cases = found.waiting["appeal"], found.waiting["case"]
    assert 0 <= appeal < 1 < min(cases)
    said = generate_latest(make_registry(read_job(), [], found)).decode()
    assert 'ringfence_queue_length{what="case"} 2.0' in said
    assert f'ringfence_queue_oldest_days{{what="case"}} {max(cases)}' in said
    assert 'ringfence_rings_exposure{currency="EUR",state="taken back"} 21.0' in said


def read_job() -> Job:
    job = JobsFolder(NIGHTS).read(1)
    assert job is not None
    return job
