"""Ringfence in a notebook: from a folder of tables to rings as data frames, and a ring as a picture.

The same as ``load``, ``detect``, ``rings`` and ``export``, without a shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from graph.open import open_store
from graph.queries.answers import RingSummary
from graph.queries.asking import list_fields
from graph.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graph.pages.notebook import RingPicture


@dataclass(frozen=True)
class Findings:
    """What the latest run of a store has found; each frame is read when it is asked for."""

    store: str

    @property
    def rings(self) -> pd.DataFrame:
        """One row for each ring, the strongest first."""
        from graph.queries.rings import list_rings

        with open_store(self.store) as store:
            return _frame((vars(each) for each in list_rings(store)), list_fields(RingSummary))

    @property
    def members(self) -> pd.DataFrame:
        """One row for each ring and member."""
        from graph.queries.exports import list_members
        from graph.queries.runs import find_stored_run

        with open_store(self.store) as store:
            rows = list_members(store, find_stored_run(store).run_id)
        return _frame(rows, ["ring_id", "account_id", "role", "bits", "tier", "kind", "score", "risk_score"])

    @property
    def accounts(self) -> pd.DataFrame:
        """One row for each account, with its score and tier."""
        from graph.queries.exports import list_accounts

        with open_store(self.store) as store:
            return _frame(list_accounts(store), ["account_id", "risk_score", "tier", "probability"])

    def show(self, ring_id: str, *, unmask: bool = False) -> RingPicture:
        """A ring, which a notebook draws; identifiers are hidden unless ``unmask`` asks for them.

        Raises
        ------
        UnknownIdError
            If no run found such a ring.
        """
        from graph.pages.notebook import show_ring

        with open_store(self.store) as store:
            return show_ring(store, ring_id, is_masked=not unmask)


def find_rings(tables: str | Path, store: str | Path, *, settings: Settings | None = None) -> Findings:
    """Load a folder of tables into a store, look for rings, and return what was found.

    Parameters
    ----------
    tables
        The folder; see docs/data.md.
    store
        Where the graph is kept: a folder, made if there is none, or the address of a Neo4j server.
    settings
        What ringfence.toml would say; :func:`graph.settings.load_settings` reads one.

    Raises
    ------
    RingfenceError
        If the tables cannot be read, or the store cannot be written.
    """
    from detection.run import detect
    from detection.settings import read_detect_settings
    from graph.contract.tables import read_folder

    chosen = settings or Settings()
    with open_store(str(store), mode="write") as opened:
        opened.load(read_folder(Path(tables), chosen))
    detect(str(store), read_detect_settings({"seed": chosen.seed, **chosen.detect}))
    return Findings(str(store))


def _frame(rows: Iterable[Mapping[str, object]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns)
