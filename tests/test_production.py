"""docs/production.md: its recipes can be read by what they are for, and call commands that there are."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import pytest
import yaml
from places import ROOT

from cli.main import main
from detection.job.checks import Check
from detection.job.metrics import Standing, make_registry
from detection.job.record import Job, Step
from detection.job.settings import read_job_settings
from detection.measures.policy import read_measure_policy
from detection.settings import read_detect_settings
from graph.settings import convert_settings

PAGE = ROOT / "docs" / "production.md"
RULES = ROOT / "docs" / "ringfence-alerts.yml"
AT = datetime(2026, 11, 29, 3, 15, tzinfo=UTC)


def list_blocks(language: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def read_units() -> list[configparser.ConfigParser]:
    units = []
    for block in list_blocks("ini"):
        unit = configparser.ConfigParser(interpolation=None, strict=True)
        unit.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
        unit.read_string(block)
        units.append(unit)
    return units


def list_commands() -> Iterator[str]:
    """Every call of Ringfence in the recipes."""
    yield from (line.split(maxsplit=5)[5] for block in list_blocks("cron") for line in block.splitlines())
    yield from (unit["Service"]["ExecStart"] for unit in read_units() if "Service" in unit)
    for block in list_blocks("python"):
        calls = (node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.keyword))
        yield from (each.value.value for each in calls if each.arg == "bash_command")  # type: ignore[attr-defined]
    for block in list_blocks("yaml"):
        yield " ".join(find_container(yaml.safe_load(block))["args"])
    yield from re.findall(r"`(ringfence [a-z]+ --[^`A-Z]*)`", PAGE.read_text(encoding="utf-8"))


def find_container(
    job: dict[str, dict[str, dict[str, dict[str, dict[str, dict[str, list[dict[str, list[str]]]]]]]]],
) -> dict[str, list[str]]:
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return container


@pytest.mark.parametrize("words", sorted(set(list_commands())))
def test_every_recipe_calls_a_command_with_options_that_there_are(words: str) -> None:
    program, *arguments = shlex.split(words)
    assert program.endswith("ringfence")
    with main.make_context("ringfence", arguments) as context:
        name, command, rest = main.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        command.make_context(name, rest, parent=context)


def test_there_is_a_recipe_for_each_scheduler() -> None:
    assert [len(list_blocks(each)) for each in ("cron", "ini", "python", "yaml", "toml")] == [1, 2, 1, 1, 2]
    for line in list_blocks("cron")[0].splitlines():
        assert re.match(r"(?:(?:\d+|\*) ){5}ringfence ", line)
    service, timer = read_units()
    assert service["Service"]["Type"] == "oneshot"
    assert timer["Timer"].getboolean("Persistent")
    (job,) = (yaml.safe_load(block) for block in list_blocks("yaml"))
    assert (job["kind"], job["apiVersion"], job["spec"]["concurrencyPolicy"]) == ("CronJob", "batch/v1", "Forbid")
    mounted = {each["name"] for each in find_container(job)["volumeMounts"]}  # type: ignore[index]  # of volumes
    assert mounted == {each["name"] for each in job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]}


def test_the_settings_that_are_shown_are_settings() -> None:
    settings = convert_settings(tomllib.loads(list_blocks("toml")[0]), "ringfence.toml")
    assert read_job_settings(settings.run).tables
    read_measure_policy(settings.measures)
    learning = convert_settings(tomllib.loads(list_blocks("toml")[1]), "ringfence.toml")
    assert read_job_settings(learning.run).models.train_every_days > read_job_settings(learning.run).models.least_runs
    assert read_detect_settings(learning.detect).challenger


@pytest.fixture(scope="module")
def metrics() -> set[str]:
    """The names of all metrics that a night may write."""
    table = {"name": "orders", "read": 5, "added": 4, "changed": 1, "removed": 0, "rejected": 0}
    results = {
        "load": {"exports": [{"export": "1", "tables": [table]}]},
        "detect": {"rings": {"review": 1}, "flags": {"review": 2}, "accounts": 3},
        "plan": {"changes": {"added": 1}, "waiting": 2},
    }
    steps = tuple(Step(name=name, began_at=AT, seconds=1.0, result=found) for name, found in results.items())  # type: ignore[arg-type]
    checks = (Check(name="most_score_shift", value=0.01, bound=0.05, passed=True, words=""),)
    job = Job(
        job=1,
        state="done",
        started_at=AT,
        finished_at=AT,
        version="1",
        asked="",
        settings={},
        inputs=(),
        steps=steps,
        checks=checks,
    )
    standing = Standing({"hold": 1}, {"review": (3, 4)}, {"case": [1.0], "appeal": []}, {("open", "EUR"): 3.5})
    return {family.name for family in make_registry(job, [job], standing).collect()}


def test_the_page_lists_every_metric(metrics: set[str]) -> None:
    listed = set(re.findall(r"`(ringfence_[a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    assert listed == metrics


def test_the_rules_for_alerts_rest_on_metrics_that_are_written(metrics: set[str]) -> None:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names) == 10
    for rule in group["rules"]:
        assert set(re.findall(r"ringfence_[a-z_]+", rule["expr"])) <= metrics
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert rule["annotations"].keys() == {"summary", "action"}
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_every_exit_code_that_is_explained_is_one() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## What the exit code says")[2].partition("##")[0]
    context = click.Context(main)
    said = set(re.findall(r"^ +(\d+)  ", main.get_help(context).replace("\b", ""), re.M))
    assert set(re.findall(r"^\| (\d+) \|", page, re.M)) <= said
