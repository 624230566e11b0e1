"""What a screen is given: nothing in an id, a name or an error is obeyed, hidden or turned round."""

from __future__ import annotations

import ast
import contextlib
import csv
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import run
from places import ROOT

from cli.visible import make_json_visible, make_lines_visible, make_visible
from graph.open import open_store

CODE = "import sys; sys.argv[0] = 'ringfence'; from cli.process import run; run()"
EVIL = (
    "\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x9b31m \x07 \x7f \u202eexe.gpj \u2066x\u2069 \u200bz "
    "\u2028 \u2029 \x85 \ufeff [red]r[/red] \u3164 \U000e0041 \r"
)
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u3164]"
)
STYLES = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an account whose id, segment and device are evil."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / "market").mkdir()
    for name, row in (
        ("accounts", {"account_id": EVIL, "segment": EVIL}),
        ("devices", {"account_id": EVIL, "device_id": EVIL}),
    ):
        with (folder / "market" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerow(row)
    assert run("--store", str(folder / "store"), "load", str(folder / "market")).exit_code == 0
    return folder


def on_terminal(*arguments: str, cwd: Path) -> str:
    """All that a terminal gets, stdout and stderr, without its own line ends and styles."""
    ours, theirs = pty.openpty()
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm-256color", "COLUMNS": "120"}
    variables.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments], cwd=cwd, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal with an error
        while piece := os.read(ours, 65536):
            shown += piece
    process.wait(timeout=60)
    os.close(ours)
    return STYLES.sub("", shown.decode().replace("\r\n", "\n"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("account", EVIL),
        ("account", EVIL, "--format", "json"),
        ("account", EVIL, "--format", "csv"),
        ("account", "nobody" + EVIL),
        ("cypher", f"MATCH (a:Account) RETURN a.account_id AS `x{EVIL[:9]}`, a.segment AS s"),
        ("cypher", "RETURN nonsense " + EVIL),
        ("load", EVIL),
        ("--store", EVIL, "rings"),
        ("detect", "--model", EVIL),
    ],
    ids=lambda words: " ".join(words)[:24].encode("ascii", "replace").decode(),
)
def test_a_terminal_is_told_nothing_by_what_somebody_wrote(place: Path, arguments: tuple[str, ...]) -> None:
    shown = on_terminal("--store", "store", *arguments, cwd=place)
    assert shown
    assert not FORBIDDEN.search(shown), ascii(shown)
    assert "\x1b" not in shown, ascii(shown)


def test_a_pipe_gets_csv_as_it_is(place: Path) -> None:
    shown = run("--store", str(place / "store"), "account", EVIL, "--format", "csv").stdout_bytes.decode()
    assert EVIL in shown


def test_json_says_the_same_when_it_is_made_visible() -> None:
    text = json.dumps({EVIL: [EVIL, "\U0001f98a é"]}, ensure_ascii=False, indent=2)
    visible = make_json_visible(text)
    assert json.loads(visible) == json.loads(text)
    assert not FORBIDDEN.search(visible)


def test_every_character_that_is_not_simply_seen_is_written_out() -> None:
    for point in range(sys.maxunicode + 1):
        shown = make_visible(chr(point))
        assert shown.isprintable(), hex(point)
        assert shown == chr(point) or shown.startswith("\\"), hex(point)
    assert make_visible("café 🦊 中文") == "café 🦊 中文"
    assert make_lines_visible("a\nb\x1b") == "a\nb\\x1b"


def test_one_module_writes_to_the_streams() -> None:
    for path in sorted((ROOT / "cli").glob("*.py")):
        if path.name == "output.py":
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in ("echo", "secho", "echo_via_pager"), f"{path.name}:{node.lineno}"


def test_the_market_is_there(place: Path) -> None:
    with open_store(str(place / "store")) as store:
        assert store.query("MATCH (a:Account) RETURN a.account_id AS a") == [{"a": EVIL}]
