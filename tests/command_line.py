"""The command line, run in this process or in one of its own; and texts that stay as they were."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import small_market
from click.testing import CliRunner, Result
from places import ROOT
from small_market import CROWD

from cli.main import main

GOLDEN = ROOT / "tests" / "golden"


UPDATE = "RINGFENCE_UPDATE_GOLDEN"


ACCOUNTS = sorted([*small_market.FRIENDS, *CROWD])


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def do(*words: str, exit_code: int = 0) -> str:
    """Run a command that ends as it should, and return what it prints, or complains of."""
    result = run(*words)
    assert result.exit_code == exit_code, result.output
    return result.stderr if exit_code else result.stdout


def ask(*words: str) -> Any:
    """What a command answers, read from its JSON."""
    return json.loads(do(*words, "--format", "json"))


def run_process(
    *arguments: str, cwd: Path, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'ringfence'; from cli.process import run; run()"
    command = [sys.executable, "-c", code, *arguments]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        command, cwd=cwd, env=variables, input=stdin, capture_output=True, encoding="utf-8", check=False
    )


def check_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get(UPDATE):
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode(), f"set {UPDATE}=1 to accept the new output"
