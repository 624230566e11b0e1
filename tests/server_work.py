"""Work on a Neo4j server: in this process, and in others that kill themselves in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from places import ROOT
from property_graph import Dump

from graph.contract.tables import read_folder
from graph.open import open_store
from graph.settings import Settings
from graph.stores.location import Server
from graph.stores.snapshots import digest_snapshot

Dumper = Callable[..., Dump]

WORK = """
import os, signal, sys
from pathlib import Path
import small_market
from graph.stores.server import statements, store as server, write as server_write
from graph.settings import Settings
from graph.open import open_store
from graph.stores.location import Server
from graph.contract.tables import read_folder

what, when, uri, password, market = sys.argv[1:]
server.ONE_TRANSACTION_ROWS, statements.BATCH_ROWS = 0, 20

def die(stage, done, total):
    if stage == when:
        os.kill(os.getpid(), signal.SIGKILL)

with open_store(Server(uri, password=password), mode="write") as store:
    if what == "load":
        store.load(read_folder(Path(market), Settings()), progress=die)
    else:
        write_rows = server_write.write_run_rows
        def write_and_die(*arguments):
            write_rows(*arguments)
            die(when, 0, 0)
        server_write.write_run_rows = write_and_die
        snapshot = store.snapshot()
        store.write_run(small_market.make_run(snapshot, run_id="run-2"), snapshot)
"""
"""Works until it kills itself."""


def work_until_death(server: Server, what: str, when: str, market: Path) -> None:
    command = [sys.executable, "-c", WORK, what, when, server.uri, server.password or "", str(market)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def load(server: Server, market: Path, **options: Any) -> None:
    with open_store(server, mode="write") as store:
        store.load(read_folder(market, Settings()), **options)


def describe(server: Server, dump: Dumper, *, without: tuple[str, ...] = ()) -> tuple[Dump, str]:
    with open_store(server) as store:
        return dump(store, without=without), digest_snapshot(store.snapshot())
