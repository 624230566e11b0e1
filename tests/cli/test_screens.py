"""What people see: help and answers, as they were accepted."""

from __future__ import annotations

import pytest
from command_line import check_golden, run
from small_market import CROWD, HOSTILE, RINGS

from cli.main import COMMANDS

pytestmark = pytest.mark.usefixtures("plain_surroundings")


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_help_reads_as_it_did(command: str) -> None:
    shown = run(*command.split(), "--help").stdout
    check_golden(f"help-{command or 'ringfence'}", shown)
    assert "\\b" not in shown


SCREENS = {
    "rings": ["rings"],
    "rings-sparklines": ["rings", "--sparklines"],
    "rings-none": ["rings", "--kind", "attack"],
    "rings-csv": ["rings", "--format", "csv"],
    "rings-jsonl": ["rings", "--format", "jsonl", "--limit", "1"],
    "ring": ["ring", "R-1"],
    "ring-picture": ["ring", "R-1", "--picture"],
    "ring-csv": ["ring", "R-1", "--format", "csv"],
    "ring-json": ["ring", RINGS[1].ring_id, "--format", "json"],
    "account": ["account", "ann"],
    "account-hostile": ["account", HOSTILE],
    "account-unknown": ["account", CROWD[0]],
    "account-json": ["account", "bob", "--format", "json"],
    "why-account": ["why", "ann"],
    "why-ring": ["why", RINGS[1].ring_id],
    "why-review": ["why", "rev-1"],
    "path": ["path", "ann", "dan"],
    "path-none": ["path", "ann", CROWD[0]],
    "path-csv": ["path", "ann", "bob", "--format", "csv"],
    "runs": ["runs"],
    "search": ["search", "p"],
    "search-csv": ["search", HOSTILE[:5], "--format", "csv"],
    "compare": ["compare", "ann", "bob", HOSTILE],
    "compare-csv": ["compare", "ann", "bob", "--format", "csv"],
    "timeline": ["timeline", "R-1"],
    "timeline-json": ["timeline", "ann", "--what", "order", "-n", "1", "--format", "json"],
    "expand": ["expand", "ann", "--hops", "2"],
    "expand-csv": ["expand", "ann", "--channel", "device", "--format", "csv"],
    "exposure": ["exposure", "R-1"],
    "exposure-csv": ["exposure", "all", "--format", "csv"],
    "targets": ["targets"],
    "why-not": ["why-not", "dan", "eve"],
    "why-not-csv": ["why-not", "R-1", "dan", "--format", "csv"],
    "cypher": [
        "cypher",
        "MATCH (a:Account {account_id: $id}) RETURN a.account_id AS id, a.tier AS tier",
        "-p",
        f"id={HOSTILE}",
    ],
    "export-rings": ["export", "rings", "-o", "-"],
    "export-reviews": ["export", "reviews", "-o", "-"],
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_reads_as_it_did(name: str) -> None:
    result = run(*SCREENS[name])
    assert (result.exit_code, result.stderr) == (0, "")
    check_golden(name, result.stdout)


FOR_PROGRAMS = {"csv", "json", "jsonl", "export"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", [name for name in SCREENS if not FOR_PROGRAMS & set(name.split("-"))])
def test_no_screen_obeys_control_characters(name: str) -> None:
    assert not set(run(*SCREENS[name]).stdout) & {"\t", "\x1b", "\r"}
