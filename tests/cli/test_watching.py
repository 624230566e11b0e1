"""Who watches nights: metrics, alerts, the doctor."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import ask, do, run
from nights import NIGHTS, STORE, bring_more, night

from cli.context import Workplace
from cli.night import read_order
from detection.job.health import examine
from detection.job.record import JobsFolder

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
    assert success in said


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
    assert wrong == {"policy", "tables", "nights"}
    assert found["stage"][0] == "look"
    assert "night 2 is refused: nothing was published" in found["nights"][1]
    assert "5 of 12 are wrong: policy, tables, nights" in do("doctor", exit_code=1)
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
