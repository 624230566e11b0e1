"""What the measurements share: where data and results lie, and what a whole `ringfence` process takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detection.evaluation.truth import TrueVerdicts
from graph.contract.tables import read_folder
from graph.model import Snapshot
from graph.open import open_store
from graph.settings import Settings

RESULTS = Path(__file__).parent / "results"
DATA = Path(__file__).parents[2] / "shared" / "data"
"""Public markets in the form of the data contract, beside the checkout; each script takes another place too."""
RINGFENCE = Path(sys.executable).with_name("ringfence")


def load_folder(folder: Path) -> Snapshot:
    """The snapshot of a folder of tables, by way of a store that is thrown away."""
    with tempfile.TemporaryDirectory() as place, open_store(f"{place}/store", mode="write") as store:
        store.load(read_folder(folder, Settings()))
        return store.snapshot()


def mark_bad(snapshot: Snapshot, told: TrueVerdicts) -> np.ndarray:
    """Which accounts of a snapshot are bad (N,), by a truth that knows them all."""
    bad = dict(zip(told.subject.tolist(), told.is_bad.tolist(), strict=True))
    return np.array([bad[account] for account in snapshot.account_id.tolist()])


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds, the most memory that the process held, in GiB, and its processor seconds."""

    seconds: float
    gib: float
    processor_seconds: float


def run_ringfence(*arguments: str | Path) -> Cost:
    """Run one command to its end; fail if it fails."""
    command = [str(RINGFENCE), *(str(argument) for argument in arguments)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {' '.join(command)}")
    return Cost(seconds, usage.ru_maxrss / 2**20, usage.ru_utime + usage.ru_stime)


def read_ringfence(*arguments: str | Path) -> str:
    """What one command prints."""
    command = [str(RINGFENCE), *(str(argument) for argument in arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write_result(name: str, text: str) -> None:
    """Keep a result beside the scripts, and show it."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(text, encoding="utf-8")
    sys.stdout.write(text)
