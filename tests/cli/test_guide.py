"""The guide to the commands: all of them, every option, and what they print."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import click
import pytest
from command_line import UPDATE, run
from places import ROOT

from cli.main import COMMANDS, main

pytestmark = pytest.mark.usefixtures("plain_surroundings")


GUIDE = ROOT / "docs" / "commands.md"


def test_the_guide_shows_every_command() -> None:
    shown = set(re.findall(r"^\$ ringfence (?:--\S+ \S+ )*([\w-]+)", GUIDE.read_text(encoding="utf-8"), re.M))
    assert set(COMMANDS) <= shown


def test_the_guide_names_every_option() -> None:
    guide, context = GUIDE.read_text(encoding="utf-8"), click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        options = [each for each in command.params if isinstance(each, click.Option)]
        assert [each.opts for each in options if f"`{each.opts[0]}" not in guide] == []


def test_what_is_said_of_history_names_every_command_that_reads_it() -> None:
    context, found = click.Context(main), set()
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        if any("--as-of" in each.opts for each in command.params):
            found.add(name)
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    said = re.search(r"With `--as-of TIME`\n(.*?) read what held then", text)
    assert said is not None
    # What --as-of says to a load is when the tables were exported.
    assert set(re.findall(r"`(\w+)`", said[1])) == found - {"load"}


def test_the_guide_shows_what_the_commands_print(plain_market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plain_market)
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n\$ ringfence ([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) >= 8
    for words, shown in blocks:
        printed = run(*shlex.split(words)).stdout
        if os.environ.get(UPDATE):
            text = text.replace(f"$ ringfence {words}\n{shown}```", f"$ ringfence {words}\n{printed}```")
        else:
            assert printed == shown, words
    if os.environ.get(UPDATE):
        GUIDE.write_text(text, encoding="utf-8")
