"""What a night did, step by step, written down as it goes; and the lock by which there is one night at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from detection.job.checks import Check
from detection.job.inputs import Export
from graph.errors import ConfigError, StoreDamagedError, StoreError
from graph.files import replace_file
from graph.measures.events import Instant
from graph.stores.holder import name_this_process, say_holder, wait_in_turn

FORMAT = 1
StepName = Literal["stage", "load", "detect", "check", "publish", "plan", "apply", "train"]
STEPS: tuple[StepName, ...] = ("stage", "load", "detect", "check", "publish", "plan", "apply", "train")
State = Literal["running", "stopped", "failed", "refused", "partial", "done", "abandoned"]
STATES: tuple[State, ...] = get_args(State)
UNFINISHED: tuple[State, ...] = ("running", "stopped", "failed", "refused", "partial")
RECORD_FILE, PLAN_FILE, REJECTS_FILE = "record.json", "plan.json", "rejects.csv"
_LOCK, _HOLDER = "lock", "holder.json"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step that is done: when it began (UTC), how long it took, whether there was anything to do, what came of it."""

    name: StepName
    began_at: Instant
    seconds: float
    skipped: bool = False
    result: dict[str, Any] = {}


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An export that a night would not load or publish: its name and checksum, the settings, the night, and why."""

    name: str
    sha256: str
    reading: str
    night: int
    why: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One night.

    Attributes
    ----------
    job
        Its number.
    state
        ``running`` also of one that was killed; ``refused`` by a check; ``partial`` if it published and did not apply;
        ``abandoned`` if another one was asked for.
    started_at, finished_at, version, versions
        When (UTC), by which version of Ringfence, and of what it is worked out with.
    asked
        A checksum of all that was asked for; a night that is taken up again asks for the same.
    settings
        Those of detection, of measures and of the night.
    inputs
        Every export that is loaded.
    loaded
        The checksums of every export that the store has, this night's among them.
    refused
        What is left out until it or the settings change, or somebody asks for it; also of nights before.
    refused_run
        Why what was found would not be published, of a night that is taken up; empty where it was not found yet.
    steps
        What is done.
    checks
        Every check, also those that failed.
    exit_code, error
        How it ended.
    """

    job: int
    state: State
    started_at: Instant
    version: str
    asked: str
    settings: dict[str, Any]
    inputs: tuple[Export, ...]
    loaded: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    refused_run: str = ""
    steps: tuple[Step, ...] = ()
    checks: tuple[Check, ...] = ()
    finished_at: Instant | None = None
    versions: dict[str, str] = {}
    exit_code: int = 0
    error: str = ""
    dry_run: bool = False
    format: int = FORMAT

    def find(self, name: StepName) -> Step | None:
        """A step that is done."""
        return next((each for each in self.steps if each.name == name), None)


class JobsFolder:
    """The records of all nights, in a folder beside the store.

    Parameters
    ----------
    path
        The folder; it is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self, wait_seconds: float) -> Iterator[None]:
        """Be the only night at work; the lock goes with the process, however it ends.

        Raises
        ------
        StoreBusyError
            If another one is; the message says whose it is.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written: {error.strerror}; records of nights are kept there"
            ) from error
        try:
            wait_in_turn(str(self.path), lambda: self._try(lock), wait_seconds)
            replace_file(self.path / _HOLDER, json.dumps(name_this_process()).encode())
            yield
        finally:
            os.close(lock)

    def is_held(self) -> bool:
        """Whether a night is at work."""
        try:
            lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _try(self, lock: int) -> str:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self.say_holder() or "another night"
        return ""

    def say_holder(self) -> str:
        """Who is at work, or was last, as far as it is alive."""
        try:
            return say_holder(json.loads((self.path / _HOLDER).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def list_numbers(self) -> list[int]:
        """The numbers of all nights, the first first."""
        if not self.path.is_dir():
            return []
        return sorted(int(each.name) for each in self.path.iterdir() if each.name.isdecimal() and each.is_dir())

    def read(self, number: int) -> Job | None:
        """One record; None where a night was killed before it wrote one.

        Raises
        ------
        StoreDamagedError
            If it is no record.
        """
        path = self.name(number) / RECORD_FILE
        try:
            fields = json.loads(path.read_bytes())
            if fields["format"] > FORMAT:
                raise ConfigError(f"{path} was written by a newer Ringfence; upgrade Ringfence")
            return msgspec.convert(fields, Job)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise (
                error
                if isinstance(error, ConfigError)
                else StoreDamagedError(f"{path} is no record of a night: {error}; move its folder away")
            ) from error

    def read_all(self) -> list[Job]:
        """Every record, the latest first."""
        found = (self.read(number) for number in reversed(self.list_numbers()))
        return [each for each in found if each is not None]

    def write(self, job: Job) -> None:
        """Write a record, as a whole."""
        self.name(job.job).mkdir(exist_ok=True)
        text = json.dumps(msgspec.to_builtins(job), indent=1, sort_keys=True)
        replace_file(self.name(job.job) / RECORD_FILE, f"{text}\n".encode())

    def name(self, number: int) -> Path:
        """The folder of a night."""
        return self.path / f"{number:06d}"

    def keep(self, most: int) -> None:
        """Delete the oldest records: the files that nights write, and their folders."""
        for number in self.list_numbers()[:-most]:
            for name in (PLAN_FILE, REJECTS_FILE, RECORD_FILE):
                (self.name(number) / name).unlink(missing_ok=True)
            with suppress(OSError):  # somebody keeps something there
                self.name(number).rmdir()


def find_seconds(began_at: datetime, now: datetime) -> float:
    """How long something took, to the millisecond."""
    return round((now - began_at).total_seconds(), 3)
