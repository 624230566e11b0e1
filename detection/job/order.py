"""What is asked of a night."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from detection.job.inputs import Export
from detection.job.record import StepName
from detection.job.settings import CHECKS, JobSettings
from detection.measures.policy import BOUNDS, MeasurePolicy
from detection.settings import DetectSettings
from graph.errors import ConfigError
from graph.settings import Settings
from graph.stores.location import Location
from graph.version import VERSION


@dataclass(frozen=True)
class Order:
    """What is asked of a night.

    Attributes
    ----------
    location
        Of the store.
    settings
        How tables are read.
    detect, measures, rules
        How to detect, what follows from flags, and how far a night may differ from what was before.
    tables
        The folder of what may be loaded; None to load nothing.
    since
        Leave out exports that are older (UTC).
    stop_after
        The last step to do; None for all.
    dry_run
        Whether to publish, plan and apply nothing for good.
    retry
        Whether to take up the last night, and to begin no other.
    metrics
        The file of metrics; None for none.
    folder
        Where the settings file lies: files that it names are relative to that.
    despite
        The checks and bounds that may fail.
    """

    location: Location
    settings: Settings
    detect: DetectSettings
    measures: MeasurePolicy
    rules: JobSettings
    tables: Path | None = None
    since: datetime | None = None
    stop_after: StepName | None = None
    dry_run: bool = False
    retry: bool = False
    metrics: Path | None = None
    folder: Path = Path()
    despite: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse the name of a check or bound that there is not, and a training without a place."""
        for name in self.despite:
            if name not in (*CHECKS, *BOUNDS):
                raise ConfigError(
                    f"--despite {name!r} is no check and no bound; they are {', '.join((*CHECKS, *BOUNDS))}"
                )
        if self.rules.models.train_every_days and not self.detect.challenger:
            raise ConfigError(
                "[run.models] in the settings: train_every_days takes a file to write: challenger, under [detect]"
            )

    def find_file(self, name: str) -> Path:
        """A file that the settings name."""
        return self.folder / name

    def record_settings(self) -> dict[str, Any]:
        """What a record keeps of the settings."""
        # Who is told is no part of what a night finds, and an address may be a secret.
        rules = msgspec.structs.replace(self.rules, alerts=(), metrics="")
        parts = {"detect": self.detect, "measures": self.measures, "run": rules}
        return {name: msgspec.to_builtins(part) for name, part in parts.items()}

    def name(self, inputs: Iterable[Export]) -> str:
        """A checksum of what was asked for, by which a night that was killed is known again."""
        return _digest([VERSION, self.record_settings(), [each.sha256 for each in inputs]])

    def name_reading(self) -> str:
        """A checksum of all that decides whether an export is refused, beside the store and itself."""
        reading = [msgspec.to_builtins(each) for each in (self.settings.load, self.settings.tables)]
        return _digest([VERSION, reading, self.record_settings()])

    def name_detection(self, facts: str, heard: str) -> str:
        """A checksum of all that a run's results follow from: facts by their mark, decisions by their checksum."""
        known = [_name_file(self.detect.model, must_exist=True), _name_file(self.detect.challenger)]
        return _digest([VERSION, facts, msgspec.to_builtins(self.detect), heard, known])


def _name_file(path: str, *, must_exist: bool = False) -> str:
    """A checksum of a file's bytes; empty where none is named, or where it need not exist and does not."""
    if not path or not (must_exist or Path(path).is_file()):
        return ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
