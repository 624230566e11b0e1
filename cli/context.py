"""Where a command works: which store, which settings.  A flag goes before the environment, that before the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.ending import begin_work
from graph.errors import ConfigError

if TYPE_CHECKING:
    from graph.settings import Settings
    from graph.stores.location import Location
    from graph.stores.protocol import GraphStore, Mode

DEFAULT_STORE = "ringfence-store"
DEFAULT_CONFIG = Path("ringfence.toml")


@dataclass(frozen=True)
class Workplace:
    """What the global options said; None where they said nothing."""

    store: str | None = None
    config: Path | None = None
    wait_seconds: float | None = None

    def read_settings(self) -> Settings:
        """Everything in ``ringfence.toml``, or the defaults without one."""
        from graph.settings import load_settings

        return load_settings(self._find_config())

    def find_location(self) -> Location:
        """Where the store lies: by ``--store`` or RINGFENCE_STORE, NEO4J_URI, ``ringfence.toml``, or in the default."""
        named = self.store or _check_address("NEO4J_URI", os.environ.get("NEO4J_URI"))
        if named and ":" in named:
            _refuse_secrets(named)
        config = self._find_config()
        # Without a file there is nothing to parse, and the answer comes sooner.
        if config is None:
            return self._add_wait(named or DEFAULT_STORE)
        settings = self.read_settings()
        location = named or _check_address("neo4j.uri", settings.neo4j.uri) or settings.store
        if "://" in location:
            return self._add_wait(_add_login(location, settings, config), settings)
        return self._add_wait(location, settings)

    def _add_wait(self, location: Location, settings: Settings | None = None) -> Location:
        """How long a writer waits, and how much is kept, where anybody has said so."""
        waits = settings.wait_seconds if settings and self.wait_seconds is None else self.wait_seconds
        if settings is None and waits is None:
            return location
        from graph.stores.location import KEPT_GENERATIONS, WAIT_SECONDS, Folder, Server, find_server

        waits = WAIT_SECONDS if waits is None else waits
        server = find_server(location) if isinstance(location, str) else location
        if isinstance(server, Server):
            return replace(server, wait_seconds=waits)
        folder = Folder(str(location), waits, settings.keep_generations if settings else KEPT_GENERATIONS)
        return folder if folder != Folder(folder.path) else folder.path  # a path alone says as much

    def name_rejects(self) -> Path:
        """Where bad rows are listed unless the user says otherwise: beside the store, or here if it is on a server."""
        location = self.find_location()
        is_folder = "://" not in str(location)
        place = str(location).rstrip("/") if is_folder else DEFAULT_STORE
        return Path(f"{place}-rejects.csv")

    def place_jobs(self) -> Path:
        """Where the records of nights are kept: beside the store, or here if it is on a server."""
        return self.name_rejects().with_name(self.name_rejects().name.replace("-rejects.csv", "-nights"))

    def require_apart(self, tables: Path) -> None:
        """Refuse tables that lie inside the store, whose folder is Ringfence's own."""
        location = str(self.find_location())
        if "://" not in location and tables.resolve().is_relative_to(Path(location).resolve()):
            raise ConfigError(f"{tables} lies inside the store {location}; keep tables somewhere else")

    def place_models(self, detect: Mapping[str, Any]) -> dict[str, str]:
        """The models and the encoder that ``[detect]`` names, which lie relative to the settings file."""
        config = self._find_config()
        if config is None:
            return {}
        named = {name: detect.get(name) for name in ("model", "challenger", "encoder_file", "rerank_file")}
        return {name: str(config.parent / file) for name, file in named.items() if isinstance(file, str) and file}

    def place_file(self, name: str) -> Path:
        """A file that the settings name: relative to the settings file, or to where one works without one."""
        config = self._find_config()
        return Path(name) if config is None else config.parent / name

    def open_store(self, *, mode: Mode = "read") -> GraphStore:
        """Open the store."""
        from graph.open import open_store

        begin_work()
        return open_store(self.find_location(), mode=mode)

    def _find_config(self) -> Path | None:
        if self.config is not None:
            return self.config
        return DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None


def _check_address(setting: str, address: str | None) -> str | None:
    if address and "://" not in address:
        raise ConfigError(f"{setting} is no address; write it like neo4j://host:7687")
    return address or None


def _refuse_secrets(location: str) -> None:
    """Refuse an address that holds a password before anything is named after it."""
    from graph.stores.location import find_server

    find_server(location)


def _add_login(address: str, settings: Settings, config: Path) -> Location:
    from graph.settings import read_login
    from graph.stores.location import find_server

    return find_server(address, settings=read_login(settings.neo4j, config.resolve().parent)) or address


pass_workplace = click.make_pass_decorator(Workplace)
