"""The command line, run in this process or in one of its own; and texts that stay as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
