"""The command ``policy``: every rule that can move a verdict, as it is in force; and policies before they are."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.output import Answer, Format, as_rows, format_option, list_columns, say, write_answer
from graph.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType

    from rich.console import RenderableType

    from detection.measures.replay import Policies
    from detection.policy import Policy
    from graph.settings import Settings

logger = logging.getLogger("ringfence.cli")


@dataclass(frozen=True)
class RuleInForce:
    """One rule: its value here and by default, its unit, what it means, where it comes from, why, and its effect."""

    rule: str
    value: Any
    default: Any
    unit: str
    meaning: str
    source: str
    why: str
    effect: str


@click.group(short_help="List every rule that can move a verdict.", invoke_without_command=True)
@click.option("--changed", is_flag=True, help="Only the rules that differ from the defaults.")
@format_option
@pass_workplace
@click.pass_context
def policy(context: click.Context, workplace: Workplace, /, changed: bool, form: Format) -> None:
    """List every rule that can move a verdict, as it is in force; or try the policy of measures.

    Set a rule under [detect.policy] in ringfence.toml.  Every run records all of them, and is named
    by them.  JSON and CSV also say where each comes from, why, and what a larger value does.
    """
    from detection.settings import read_detect_settings

    if context.invoked_subcommand is not None:
        return
    in_force = read_detect_settings(workplace.read_settings().detect).policy
    rules = [rule for rule in list_in_force(in_force) if not changed or rule.value != rule.default]
    write_answer(Answer(rules, list_columns(RuleInForce), as_rows(rules), lambda: _draw(rules)), form)


def list_in_force(in_force: Policy) -> list[RuleInForce]:
    """Every rule with its value in a policy, in the order in which they are documented."""
    from detection.rules import list_rules

    return [
        RuleInForce(
            rule.name, getattr(in_force, rule.name), rule.value, rule.unit, rule.meaning, rule.source, rule.why,
            rule.effect,
        )
        for rule in list_rules()
    ]  # fmt: skip


def _draw(rules: list[RuleInForce]) -> RenderableType:
    from rich.text import Text

    from cli.draw_parts import make_table

    if not rules:
        return Text("Every rule is as by default.")
    table = make_table("rule", "value", "unit", "meaning")
    for rule in rules:
        value = _say(rule.value) + ("" if rule.value == rule.default else f" (default {_say(rule.default)})")
        table.add_row(rule.rule, value, rule.unit, rule.meaning)
    return table


def _say(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@policy.command(short_help="Say what in the settings cannot be meant.")
@pass_workplace
def check(workplace: Workplace) -> None:
    """Read [measures] and [detect] in ringfence.toml, and say what cannot be meant.

    A rule that is never reached, a measure that ends before it is renewed. Exit code 1 if there is any.
    """
    from detection.measures.policy import read_measure_policy
    from detection.measures.replay import find_problems
    from detection.settings import read_detect_settings

    settings = workplace.read_settings()
    read_detect_settings(settings.detect)
    measures = read_measure_policy(settings.measures)
    problems = find_problems(measures)
    if problems:
        raise ConfigError(f"[measures] in the settings: {'; '.join(problems)}")
    say(f"{len(measures.rules)} rules of measures, each of which can be reached.")


@policy.command("test", short_help="Show whom other settings would treat otherwise.")
@click.argument("path", metavar="SETTINGS", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--runs", "n", type=click.IntRange(min=1), default=1, show_default=True, help="Of so many latest runs.")
@format_option
@pass_workplace
def try_policy(workplace: Workplace, path: Path, n: int, form: Format) -> None:
    """Show whom the policies in the file SETTINGS would treat otherwise, in the latest runs.

    Compares the tiers that automatic_score, review_score and review_probability would give their flags, and
    what is recommended for these, with what the policies in force do. A tier that rises may need what no
    run keeps: it is said to be unsure, and a run tells. Changes nothing.
    """
    from detection.measures.replay import Move, replay
    from detection.measures.retier import find_other_rules
    from graph.queries.runs import list_runs
    from graph.settings import load_settings

    now, then = (_read_policies(each) for each in (workplace.read_settings(), load_settings(path)))
    others = find_other_rules(now.detect, then.detect)
    if others:
        logger.warning("only a run tells what other rules would move (%s): ringfence detect", ", ".join(others))
    with workplace.open_store() as store:
        run_ids = [each.run_id for each in list_runs(store)[:n]]
        moves = replay(store, run_ids, now, then, at=datetime.now(UTC))
    write_answer(Answer(moves, list_columns(Move), as_rows(moves), lambda: _render().draw_moves(moves)), form)


def _read_policies(settings: Settings) -> Policies:
    from detection.measures.policy import read_measure_policy
    from detection.measures.replay import Policies
    from detection.settings import read_detect_settings

    return Policies(read_measure_policy(settings.measures), read_detect_settings(settings.detect).policy)


@policy.command("tune", short_help="Propose thresholds from decisions and a budget.")
@click.option("--budget", "budget_minutes", type=click.FloatRange(min=0), default=480.0, show_default=True,
              help="Minutes in which to look at one run's rings.")  # fmt: skip
@click.option("--share", "least_share", type=click.FloatRange(0, 1), default=0.9, show_default=True,
              help="What the interval of confirmed rings has to reach.")  # fmt: skip
@format_option
@pass_workplace
def tune_policy(workplace: Workplace, /, form: Format, **asked: float) -> None:
    """Propose automatic_score and review_score: from what people decided about rings, and from a budget.

    The first is the lowest score from which on rings were confirmed surely often enough (95 % interval), the
    second the lowest from which on all can be looked at. Changes nothing.
    """
    from detection.measures.replay import Threshold, tune

    casework = workplace.read_settings().casework
    with workplace.open_store() as store:
        found = tune(store, casework, **asked)
    rows = as_rows(found.thresholds)
    write_answer(Answer(found, list_columns(Threshold), rows, lambda: _render().draw_tuning(found)), form)


def _render() -> ModuleType:
    from cli import draw_policy

    return draw_policy


COMMANDS: dict[str, click.Command] = {"policy": policy}
