"""Ringfence killed on purpose: at its n-th step on disk, or after so many seconds; for tests and benchmarks.

A process that has imported everything forks one that does the work and dies, so that a kill costs what the work does.
A step is a call that changes files, or LadybugDB's doing so; the process dies before it, or in the middle of a copy.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from places import ROOT, TESTS

_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.truncate", "fcntl.flock")
_WRITING = os.O_WRONLY | os.O_RDWR
SOME_OR_ALL = (pytest.param(3, 10, id="some"), pytest.param(0, 1, id="all", marks=pytest.mark.thorough))
"""The first step to kill at, and how many lie between two."""

_SERVE = "import killing; killing.serve()"


@dataclass(frozen=True)
class Death:
    """What became of some work: ``steps`` it took, ``at`` which it died; ``error`` is the last line of what it said."""

    killed: bool
    steps: int
    at: str
    code: int
    error: str


class Killer:
    """A process from which work is forked that dies.

    Parameters
    ----------
    scratch
        A folder for what the work says.
    """

    def __init__(self, scratch: Path) -> None:
        self._said = scratch / "said.txt"
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE],
            env={**environment, "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, work: str, *arguments: str | Path, step: int | None = None, seconds: float | None = None) -> Death:
        """Do work, and kill it before a step (0 is the first), or so many seconds after it began, or not at all.

        ``work`` is the name of one of this module's functions ``do_…``.
        """
        told = {"work": work, "arguments": [str(each) for each in arguments], "step": step, "seconds": seconds}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(told | {"said": str(self._said)}) + "\n")
        self._process.stdin.flush()
        return Death(**json.loads(self._process.stdout.readline()))

    def kill_at_steps(
        self, work: str, *arguments: str | Path, before: Callable[[], None], first: int = 0, every: int = 1
    ) -> Iterator[Death]:
        """Do the same work again and again, killed at a later step each time, until it is done: the last lived."""
        for step in itertools.count(first, every):
            before()
            death = self.run(work, *arguments, step=step)
            yield death
            if not death.killed:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()


# ── in the process that forks ─────────────────────────────────────────────────────────────────────


def serve() -> None:
    """Take orders from stdin, one a line, and answer each with a line."""
    _import_everything()
    for line in sys.stdin:
        order = json.loads(line)
        steps_read, steps_written = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(steps_read)
            _do(order, steps_written)
        os.close(steps_written)
        if order["seconds"] is not None:
            _kill_later(child, order["seconds"])
        _, status = os.waitpid(child, 0)
        with os.fdopen(steps_read) as pipe:
            steps = pipe.read().splitlines()
        print(json.dumps(_describe(order, status, steps)), flush=True)  # noqa: T201 - an answer


def _kill_later(child: int, seconds: float) -> None:
    # A child that has ended is not waited for before this, so that its number is nobody else's.
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)


def _describe(order: dict[str, Any], status: int, steps: list[str]) -> dict[str, Any]:
    said = Path(order["said"]).read_text(encoding="utf-8", errors="replace").splitlines()
    killed = os.WIFSIGNALED(status)
    assert not killed or os.WTERMSIG(status) == signal.SIGKILL, (order, status, said)
    return {
        "killed": killed,
        "steps": len(steps),
        "at": steps[-1] if steps else "",
        "code": -1 if killed else os.WEXITSTATUS(status),
        "error": said[-1] if said else "",
    }


def _import_everything() -> None:
    import click

    from cli.main import COMMANDS, main

    for command in COMMANDS:
        main.get_command(click.Context(main), command)
    for module in ("detection.run", "detection.training.risk", "small_market"):
        importlib.import_module(module)
    for package in map(importlib.import_module, ("graph", "detection.job", "detection.measures", "cli")):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)


# ── in the process that dies ──────────────────────────────────────────────────────────────────────


def _do(order: dict[str, Any], steps: int) -> None:
    """Do the work and end the process; never returns."""
    code = 1
    try:
        said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        with contextlib.suppress(SystemExit):
            _arm(order["step"], steps)
            code = globals()[f"do_{order['work']}"](*order["arguments"]) or 0
    except BaseException as error:  # noqa: BLE001 - told to whoever asked
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _arm(last: int | None, steps: int) -> None:
    """Count steps from here on, and die before the one after the last."""
    main, seen = threading.get_ident(), 0

    def step(what: str) -> None:
        nonlocal seen
        if threading.get_ident() != main:
            return
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        os.write(steps, f"{what}\n".encode())

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and arguments[2] & _WRITING and isinstance(arguments[0], str)):
            step(f"{event} {_name(arguments[0])}")

    sys.addaudithook(audit)
    _arm_system(step)
    _arm_ladybug(step)
    _arm_neo4j(step)


def _arm_system(step: Callable[[str], None]) -> None:
    """Count what raises no audit event."""
    copy, sync = os.copy_file_range, os.fsync

    def copy_half(source: int, target: int, count: int, *, offset_src: int | None = None) -> int:
        moved = copy(source, target, count // 2, offset_src=offset_src)
        step("half a copy")
        rest = None if offset_src is None else offset_src + moved
        return moved + copy(source, target, count - moved, offset_src=rest)

    def sync_or_die(descriptor: int) -> None:
        step("fsync")
        sync(descriptor)

    os.copy_file_range, os.fsync = copy_half, sync_or_die  # type: ignore[assignment]


def _arm_ladybug(step: Callable[[str], None]) -> None:
    import ladybug

    execute, close = ladybug.Connection.execute, ladybug.Database.close

    def execute_or_die(connection: Any, cypher: Any, *given: Any, **options: Any) -> Any:
        if isinstance(cypher, str) and (" RETURN " not in cypher or " CREATE " in cypher):  # a question changes nothing
            step(cypher.split("(")[0][:40])
        return execute(connection, cypher, *given, **options)

    def close_or_die(database: ladybug.Database) -> None:
        step("close")
        close(database)

    ladybug.Connection.execute = execute_or_die  # type: ignore[method-assign]
    ladybug.Database.close = close_or_die  # type: ignore[method-assign]


def _arm_neo4j(step: Callable[[str], None]) -> None:
    import neo4j

    def counting(work: Callable[..., Any], name: str) -> Callable[..., Any]:
        def work_or_die(owner: Any, *given: Any, **named: Any) -> Any:
            step(name or str(given[0] if given else "")[:40])
            return work(owner, *given, **named)

        return work_or_die

    for owner, method, name in ((neo4j.Transaction, "run", ""), (neo4j.Transaction, "commit", "commit")):
        setattr(owner, method, counting(getattr(owner, method), name))


def _name(path: Any) -> str:
    return Path(path).name if isinstance(path, str) else str(path)


def do_open(place: str) -> None:
    """Open a store for writing, which makes it or brings it up to date."""
    from graph.stores.embedded.store import EmbeddedStore

    EmbeddedStore(place, mode="write").close()


def do_run(place: str) -> None:
    """Write the small market's run."""
    import small_market

    from graph.open import open_store

    with open_store(place, mode="write") as store:
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot), snapshot)


def do_command(*arguments: str) -> int:
    """Run a command of Ringfence's."""
    from cli.main import main

    try:
        main(list(arguments), prog_name="ringfence")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def do_logged_command(*arguments: str) -> int:
    """Run a command as if every file took long to copy."""
    from graph.stores.embedded import draft

    draft._WORTH_LOGGING_BYTES = 0
    return do_command(*arguments)


def do_sweep(place: str) -> None:
    """Keep nothing but the newest generation."""
    from graph.stores.embedded.store import EmbeddedStore
    from graph.stores.location import Folder

    EmbeddedStore(Folder(place, kept_generations=1), mode="write").close()


def do_leave_log(file: str, cypher: str) -> None:
    """Change a graph by hand, and die before LadybugDB has put its log away."""
    from graph.stores.embedded.database import Database

    database = Database(Path(file), writing=True)
    database.ask(cypher)
    os._exit(0)


def do_write_file(path: str) -> None:
    """Replace a file as all outputs are."""
    from graph.files import replace_file

    replace_file(Path(path), b"new" * 2000)


def do_write_folder(path: str) -> None:
    """Make a folder as a simulated market is."""
    from graph.files import making_folder

    with making_folder(Path(path)) as inside:
        (inside / "truth").mkdir()
        (inside / "truth" / "rings.csv").write_bytes(b"new" * 2000)


def do_load_on_server(uri: str, password: str, market: str, stage: str) -> None:
    """Load a folder in many small transactions, and die when a stage begins."""
    from graph.contract.tables import read_folder
    from graph.open import open_store
    from graph.settings import Settings
    from graph.stores.location import Server
    from graph.stores.server import statements
    from graph.stores.server import store as server

    def die(now: str, done: int, total: int) -> None:
        if now == stage:
            os.kill(os.getpid(), signal.SIGKILL)

    server.ONE_TRANSACTION_ROWS, statements.BATCH_ROWS = 0, 100
    with open_store(Server(uri, password=password), mode="write") as store:
        store.load(read_folder(Path(market), Settings()), progress=die)


def do_run_on_server(uri: str, password: str) -> None:
    """Write the small market's second run, and die before it is committed."""
    import small_market

    from graph.stores.location import Server
    from graph.stores.server import write

    write_rows = write.write_run_rows

    def write_and_die(*arguments: Any) -> None:
        write_rows(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    write.write_run_rows = write_and_die
    small_market.add_run(Server(uri, password=password), run_id="run-2")
