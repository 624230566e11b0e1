"""Nights that are killed, for tests and benchmarks: where they begin, and what has to be true whatever happened."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from killing import Death, Killer
from on_disk import list_leftovers
from small_market import write_tables

from detection.job.alerts import read_told
from graph.measures.events import read_events
from graph.measures.fold import fold_measures
from graph.open import open_store, verify_store

LATER = "account_id,created_at,role,status\nnewcomer,,,\n"
SETTINGS = """store = "{place}/store"
[run]
tables = "exports"
alert_tier = "watch"
[[run.alerts]]
name = "log"
kind = "jsonl"
path = "alerts.jsonl"
[run.checks]
least_rows_share = 0
[measures]
run_applies = true
most_share = 1.0
least_channels = 0
least_net_bits = 0
"""


@dataclass(frozen=True)
class NightState:
    """What is there: the mark of the facts, runs, measures in force by whom they are on, plans, alerts, and orphans.

    ``left`` is what no store has in its folder while nobody uses it.
    """

    accounts: int
    runs: int
    measures: tuple[tuple[str, str | None], ...]
    plans: int
    alerts: int
    left: tuple[str, ...]


class NightPlace:
    """A folder in which nights are killed: the first is done, and there is an export for the second.

    Parameters
    ----------
    folder
        With nothing in it.
    killer
        Does the work.
    """

    def __init__(self, folder: Path, killer: Killer) -> None:
        self.place, self._begun, self._killer = folder / "place", folder / "begun", killer
        write_tables(self.place / "exports" / "1")
        (self.place / "ringfence.toml").write_text(SETTINGS.format(place=self.place), encoding="utf-8")
        assert self.run("run").code == 0
        (self.place / "exports" / "2").mkdir()
        (self.place / "exports" / "2" / "accounts.csv").write_text(LATER, encoding="utf-8")
        shutil.copytree(self.place, self._begun)

    def begin(self) -> None:
        """Go back to the moment before the second night."""
        shutil.rmtree(self.place)
        shutil.copytree(self._begun, self.place)

    def run(self, *words: str, **death: Any) -> Death:
        """Run a command there, and kill it, if that is asked for."""
        return self._killer.run("command", "--config", str(self.place / "ringfence.toml"), *words, **death)

    def describe(self) -> NightState:
        """What is there now, all of it whole."""
        store = str(self.place / "store")
        found = verify_store(store)
        assert found.damaged == (), found.damaged
        with open_store(store) as opened:
            measures = fold_measures(read_events(opened.measures.read()))
            in_force = measures.list_in_force(datetime.now(UTC))
            runs = opened.query("MATCH (r:Run) RETURN count(r) AS n")[0]["n"]
            accounts = opened.snapshot().n_accounts
        told = read_told(self.place / "store-nights")
        return NightState(
            accounts=accounts,
            runs=runs,
            measures=tuple(sorted((key[1], event.measure) for key, event in in_force.items())),
            plans=len(measures.plans),
            alerts=len(told.alerts),
            left=tuple(
                each for each in list_leftovers(self.place / "store") if not each.startswith(("measures/", "casebook/"))
            ),
        )
