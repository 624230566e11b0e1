"""The command ``policy``: every rule that can move a verdict, as it is in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.output import Answer, Format, as_rows, format_option, list_columns, write_answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from detection.policy import Policy


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


@click.command(short_help="List every rule that can move a verdict.")
@click.option("--changed", is_flag=True, help="Only the rules that differ from the defaults.")
@format_option
@pass_workplace
def policy(workplace: Workplace, changed: bool, form: Format) -> None:
    """List every rule that can move a verdict, as it is in force.

    Set a rule under [detect.policy] in ringfence.toml.  Every run records all of them, and is named
    by them.  JSON and CSV also say where each comes from, why, and what a larger value does.
    """
    from detection.settings import read_detect_settings

    in_force = read_detect_settings(workplace.read_settings().detect).policy
    rules = [rule for rule in list_in_force(in_force) if not changed or rule.value != rule.default]
    write_answer(Answer(rules, list_columns(RuleInForce), as_rows(rules), lambda: _draw(rules)), form)


def list_in_force(in_force: Policy) -> list[RuleInForce]:
    """Every rule with its value in a policy, in the order in which they are documented."""
    from detection.policy import list_rules

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


COMMANDS = {command.name: command for command in (policy,)}
