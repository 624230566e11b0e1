"""Ringfence run here or in a process of its own, and the one line it complains with."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from places import ROOT
from property_graph import Dump

from cli.main import main
from graph.stores.embedded.store import EmbeddedStore

TIMES = ("started_at", "finished_at", "sequence")


Finished = subprocess.CompletedProcess[str]


def start(*arguments: str, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    code = "import sys; sys.argv[0] = 'ringfence'; from cli.process import run; run()"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RINGFENCE_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **options,
    )


def run_process(*arguments: str, cwd: Path, **options: Any) -> Finished:
    process = start(*arguments, cwd=cwd, **options)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def ringfence(*arguments: str, cwd: Path) -> Finished:
    """Run a command here, which spares it the imports; `run_process` is for what only a process of its own can do."""
    with contextlib.chdir(cwd), pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("RINGFENCE_")]:
            environment.delenv(name)
        environment.setenv("NO_COLOR", "1")
        result = CliRunner().invoke(main, arguments, prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def complaint(finished: Finished, code: int) -> str:
    """The one line that says what went wrong; progress and what was rejected may come before it."""
    assert finished.returncode == code, finished.stderr
    assert "Traceback" not in finished.stderr
    lines = finished.stderr.splitlines()
    assert lines
    assert lines[-1].startswith("ringfence: ")
    return lines[-1]


def dump_at(location: Path, dump: Callable[..., Dump]) -> Dump:
    with EmbeddedStore(location) as store:
        return dump(store, without=TIMES)


def write_lines(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
