"""Where a command works: which store, which settings.  A flag goes before the environment, that before the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from graph.settings import Settings
    from graph.store import GraphStore, Mode

DEFAULT_STORE = "ringfence-store"
DEFAULT_CONFIG = Path("ringfence.toml")


@dataclass(frozen=True)
class Workplace:
    """What the global options said; None where they said nothing."""

    store: str | None = None
    config: Path | None = None

    def read_settings(self) -> Settings:
        """Everything in ``ringfence.toml``, or the defaults without one."""
        from graph.settings import load_settings

        return load_settings(self._find_config())

    def find_location(self) -> str:
        """Where the store lies."""
        if self.store is not None:
            return self.store
        # Without a file there is nothing to parse, and the answer comes sooner.
        return self.read_settings().store if self._find_config() else DEFAULT_STORE

    def open_store(self, *, mode: Mode = "read") -> GraphStore:
        """Open the store."""
        from graph import store

        return store.open_store(self.find_location(), mode=mode)

    def _find_config(self) -> Path | None:
        if self.config is not None:
            return self.config
        return DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None


pass_workplace = click.make_pass_decorator(Workplace)
