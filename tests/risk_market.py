"""A market with bad accounts that labels point at, for tests of learned risk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from click.testing import CliRunner, Result
from detection_market import FIRST_DAY, Facts, make_background, pick

from cli.main import main
from detection.risk.settings import RiskSettings
from detection.settings import DetectSettings
from embeddings.features.table import FeatureTable, TableBlock
from graph.model import Snapshot

SETTINGS = DetectSettings()
QUICK = RiskSettings(trees=30)
BAD = pick(300, 30)


def make_facts() -> Facts:
    """Thirty accounts that buy at night, much and in a hurry; every second one shares a device with another of them."""
    facts = make_background(n=500)
    rng = np.random.default_rng(5)
    for place, name in enumerate(BAD):
        day = float(rng.integers(100, 250))
        facts.orders += [(name, f"a{k:04d}", day + 0.01 * k, "refunded") for k in range(6)]
        facts.uses.append((name, "device", f"shared-{place // 4}", day))
    return facts


def label(snapshot: Snapshot, names: list[str], is_fraud: list[bool], *, day: float = 300) -> Snapshot:
    row = {name: place for place, name in enumerate(snapshot.account_id.tolist())}
    rows = np.array([row[name] for name in names], dtype=np.int64)
    at = FIRST_DAY + np.timedelta64(int(day * 24), "h")
    return replace(
        snapshot,
        label_account=rows,
        label_is_fraud=np.array(is_fraud, dtype=bool),
        label_decided_at=np.full(len(rows), at, dtype="datetime64[us]"),
    )


def make_table(values: np.ndarray, *names: str) -> FeatureTable:
    return FeatureTable(len(values), (TableBlock(names, np.arange(len(values)), values.astype(np.float32)),))


def rows_of(snapshot: Snapshot, names: list[str]) -> np.ndarray:
    return np.flatnonzero(np.isin(snapshot.account_id, names))


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments, prog_name="ringfence")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
