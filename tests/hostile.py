"""Ids that quote, escape, inject, format, mimic options or look like nothing at all, and where they are kept."""

from __future__ import annotations

import json
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.context import Workplace
from cli.main import main
from graph.open import open_store
from graph.stores.protocol import GraphStore

ASKING = ("account", "cypher", "path", "report", "ring", "rings", "runs", "why")
PLAIN = {"NO_COLOR": "1", "COLUMNS": "200", "RINGFENCE_CONFIG": None}

HOSTILE = (
    'it\'s "quoted" `thrice`',
    "\\",
    "back\\slash\\'",
    "\\u0027}) DETACH DELETE n //",
    "'}) DETACH DELETE n //",
    '"}) MATCH (n) DETACH DELETE n; //',
    "`]->() DETACH DELETE a //",
    "' OR 1=1 //",
    "*/ RETURN 1 /*",
    "x'; DROP TABLE Account; --",
    ":Account)-[:USES]->(i",
    "$param",
    "$id",
    "{{ 7 * 7 }}",
    "{0} %s %(id)s ${jndi:x}",
    "-- id",
    "-h",
    "--help",
    "--store=elsewhere",
    "@file",
    "=1+1",
    '=HYPERLINK("x")',
    "+49 30 1234",
    "%",
    "_",
    "100%_a",
    ".*",
    "(?i)a|b[",
    "two\nlines\r\nor three",
    "cell,comma;semicolon\ttab",
    "[bold]red[/bold]",
    "\x1b[31mred\x1b[0m",
    "<b>&amp;</b>",
    "\u202eright to left\u202c אבג",
    "zero\u200bwidth",
    "\ufeffmarked",
    "🦊👩‍👩‍👧",
    "e\u0301",
    "\u00e9",
    "Straße",
    "STRASSE",
    "  padded  ",
    " ",
    "007",
    "7",
    "7.0",
    "1e5",
    "null",
    "NaN",
    "true",
    "2024-01-01",
    "a/b",
    "a:b",
    "\uffff\U0010ffff",
    "x" * 1024,
    "é" * 512,
)


@dataclass(frozen=True)
class Place:
    """A store as the command line names it.

    What only asks finds the store open already: to open it takes longer than to answer, and has tests of its own.
    """

    location: str
    answers: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False, compare=False)
    opened: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)
    readers: list[GraphStore] = field(default_factory=list, repr=False, compare=False)

    def ask(self, *arguments: str) -> Result:
        """Run a command on the store; only its own errors may end it."""
        given = ("--store", self.location, *arguments)
        with pytest.MonkeyPatch.context() as here:
            if arguments[0] in ASKING:
                here.setattr(Workplace, "open_store", lambda _: nullcontext(self._open()))
            else:
                self.close()
            result = CliRunner(env=PLAIN).invoke(main, given, prog_name="ringfence")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def _open(self) -> GraphStore:
        if not self.readers:
            self.readers.append(self.opened.enter_context(open_store(self.location)))
        return self.readers[0]

    def close(self) -> None:
        """Let go of the store, because somebody is going to write to it, or nobody asks any more."""
        self.readers.clear()
        self.opened.close()

    def answer(self, *arguments: str) -> Any:
        """What a command that has to succeed says in JSON; the same question is asked once.

        Nothing may change the store between two questions.
        """
        if arguments not in self.answers:
            command, *ids = arguments
            result = self.ask(command, "--format", "json", "--", *ids)
            assert (result.exit_code, result.stderr) == (0, ""), (arguments, result.stderr)
            self.answers[arguments] = result.stdout
        return json.loads(self.answers[arguments])
