"""The Tab key: every command, every option and its values, and the ids that the store knows."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from cli.main import COMMANDS, main


def complete(*words: str) -> list[str]:
    """What is offered for the last word."""
    found = ShellComplete(main, {}, "ringfence", "_RINGFENCE_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [each.value for each in found]


def test_every_command_is_offered() -> None:
    assert complete("") == list(COMMANDS)
    assert complete("time") == ["timeline"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_offers_its_options(name: str) -> None:
    assert "--help" in complete(name, "--")


def test_options_offer_their_values() -> None:
    assert complete("rings", "--tier", "") == ["automatic", "review", "watch", "clear"]
    assert complete("ring", "--format", "json") == ["json", "jsonl"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ring", ""), ["R-1"]),
        (("case", "R-"), ["R-1"]),
        (("account", "a"), ["ann"]),
        (("account", "A"), []),
        (("compare", "ann", "b"), ["bob"]),
        (("why", "c"), ["cyd"]),
        (("ring", "R-1", "--run", ""), ["run-1"]),
        (("--store", "nowhere", "ring", ""), []),
    ],
)
def test_ids_are_those_of_the_store(words: tuple[str, ...], offered: list[str]) -> None:
    assert complete(*words) == offered
