"""Which of two models acts: what speaks for a switch after some runs side by side, and the switch itself.

A switch is one file that is replaced as a whole by another.  The model that acted before is kept, and what was
switched, by whom and why is written down first; who is killed in between, and asks again, has it done once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from detection.beside import Beside
from detection.job.checks import Check
from detection.job.record import JobsFolder
from detection.job.settings import ModelSettings
from detection.risk.drift import MOVED
from detection.risk.file import read_model
from detection.settings import DetectSettings
from graph.errors import ChecksFailedError, ConfigError, StoreDamagedError
from graph.files import replace_file
from graph.measures.events import Instant
from graph.queries.answers import RunSummary

SWITCHES_FILE, MODELS_FOLDER = "models.json", "models"
ALWAYS = ("least_runs",)
"""What nobody can wave aside: a model that was not tried acts on nobody."""


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A switch: when (UTC), by whom and why, from which model to which, after which runs; ``back`` if it was one."""

    at: Instant
    by: str
    reason: str
    before: str
    after: str
    runs: tuple[str, ...] = ()
    despite: tuple[str, ...] = ()
    back: bool = False


@dataclass(frozen=True)
class Round:
    """A run in which both models were side by side, and what came of it."""

    run_id: str
    finished_at: datetime | None
    beside: Beside


@dataclass(frozen=True)
class Trial:
    """A challenger's trial: both files' checksums (empty for no champion), its rounds, the latest first, and checks."""

    champion: str
    challenger: str
    rounds: tuple[Round, ...]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether everything speaks for a switch."""
        return all(each.passed for each in self.checks)


def find_trial(runs: Sequence[RunSummary], settings: DetectSettings, rules: ModelSettings) -> Trial:
    """The trial of the challenger that settings name, as far as runs have seen it.

    Parameters
    ----------
    runs
        The latest first.
    settings
        For both files.
    rules
        For what is asked of a challenger.

    Raises
    ------
    ConfigError
        If no challenger is named, or a file cannot be read.
    """
    if not settings.challenger:
        raise ConfigError("[detect] in the settings names no challenger: train one, and name its file there")
    challenger = read_model(Path(settings.challenger)).sha256
    champion = read_model(Path(settings.model)).sha256 if settings.model else ""
    if champion == challenger:
        raise ConfigError(f"{settings.challenger} is the model itself: there is nothing to switch; train another one")
    found = [(run, read_beside(run)) for run in runs if run.sequence]  # those of the past tried nothing today
    rounds = tuple(
        Round(run.run_id, run.finished_at, beside)
        for run, beside in found
        if beside is not None and _name_sides(beside) == (champion, challenger)
    )
    return Trial(champion, challenger, rounds, tuple(_check_trial(rounds, rules)))


def read_beside(run: RunSummary) -> Beside | None:
    """What the models of a run were like; None where it had none."""
    settings: Any = json.loads(run.settings) if run.settings else {}
    told = settings.get("models") if isinstance(settings, dict) else None
    try:
        return None if told is None else msgspec.convert(told, Beside)
    except msgspec.ValidationError:  # of another version
        return None


def _name_sides(beside: Beside) -> tuple[str, str]:
    return tuple("" if each is None else each.sha256 for each in (beside.champion, beside.challenger))  # type: ignore[return-value]  # two


def _check_trial(rounds: Sequence[Round], rules: ModelSettings) -> list[Check]:
    n = len(rounds)
    words = f"it was side by side in {n} of the {rules.least_runs} runs that are asked for"
    checks = [_check("least_runs", n, rules.least_runs, words)]
    last = rounds[0].beside if rounds else None
    if last is None or last.difference is None or last.challenger is None:
        return checks
    found = last.difference
    later = 0 if found.challenger is None else found.challenger.fraud + found.challenger.legit
    words = f"{later:,} accounts were decided about since it was trained"
    checks.append(_check("least_labels", later, rules.least_labels, words))
    if found.gained is not None:
        words = (
            f"on these its average precision is {found.gained.value:+.3f} higher"
            f" [{found.gained.low:+.3f}, {found.gained.high:+.3f}]"
        )
        checks.append(_check("least_gained", found.gained.high, 0.0, words))
    share = max(sum(each.moved.values()) / max(each.accounts, 1) for each in _list_differences(rounds))
    words = f"it would give up to {share:.2%} of the accounts another tier"
    checks.append(_check("most_moved_share", share, rules.most_moved_share, words))
    words = f"the stability index of its scores is {last.challenger.score_drift:.2f}"
    return [*checks, _check("most_drift", last.challenger.score_drift, MOVED, words)]


def _list_differences(rounds: Sequence[Round]) -> list[Any]:
    return [each.beside.difference for each in rounds if each.beside.difference is not None]


def _check(name: str, value: float, bound: float, words: str) -> Check:
    holds = value >= bound if name.startswith("least") else value <= bound
    return Check(name=name, value=round(float(value), 6), bound=bound, passed=holds, words=words)


def require_trial(trial: Trial, despite: Collection[str]) -> None:
    """Make sure that everything speaks for a switch, but what somebody has named.

    Raises
    ------
    ChecksFailedError
        If something does not.
    """
    failed = [each for each in trial.checks if not each.passed and (each.name in ALWAYS or each.name not in despite)]
    if failed:
        said = "; ".join(f"{each.words} ({each.name} is {each.bound:g})" for each in failed)
        free = [each.name for each in failed if each.name not in ALWAYS]
        named = " ".join(f"--despite {name}" for name in free)
        hint = f". If that is meant: {named}" if len(free) == len(failed) else ""
        raise ChecksFailedError(f"nothing was switched: {said}{hint}")


@dataclass(frozen=True)
class Asker:
    """Who asks for a switch, and why."""

    by: str
    reason: str


def promote(
    jobs: JobsFolder, settings: DetectSettings, trial: Trial, asker: Asker, *, despite: Sequence[str] = ()
) -> Switch:
    """Let the challenger act: its file takes the place of the model's, which is kept.

    Raises
    ------
    ConfigError
        If no model is named whose place it could take.
    ChecksFailedError
        If something speaks against it that was not named.
    StoreBusyError
        If a night is at work.
    """
    if not settings.model:
        raise ConfigError(f"no model acts yet: copy {settings.challenger}, and name the copy, model, under [detect]")
    with jobs.locked(0.0):
        require_trial(trial, despite)
        content = Path(settings.challenger).read_bytes()
        _require_bytes(content, trial.challenger, settings.challenger)
        waved = tuple(each.name for each in trial.checks if not each.passed)
        switch = Switch(
            at=datetime.now(UTC),
            by=asker.by,
            reason=asker.reason,
            before=trial.champion,
            after=trial.challenger,
            runs=tuple(each.run_id for each in trial.rounds),
            despite=waved,
        )
        return _switch(jobs, Path(settings.model), switch, content)


def revert(jobs: JobsFolder, settings: DetectSettings, asker: Asker) -> Switch:
    """Let the model act that acted before the last switch.

    Raises
    ------
    ConfigError
        If there was no switch, the model is not the one that it brought, or the one before is gone.
    StoreBusyError
        If a night is at work.
    """
    with jobs.locked(0.0):
        path, switches = Path(settings.model), list_switches(jobs)
        if not settings.model or not switches:
            raise ConfigError("no model was switched yet, so there is nothing to go back to")
        last, now = switches[-1], _digest(path.read_bytes())
        if last.back and last.before == now:  # killed between both steps
            before, after = last.before, last.after
        elif last.after == now:
            before, after = last.after, last.before
        else:
            raise ConfigError(f"{path} is not the model that the last switch brought: put a file there by hand")
        kept = _place_model(jobs, after)
        if not kept.is_file():
            raise ConfigError(f"{kept} is gone: the model that acted before cannot be put back")
        content = kept.read_bytes()
        _require_bytes(content, after, str(kept))
        switch = Switch(at=datetime.now(UTC), by=asker.by, reason=asker.reason, before=before, after=after, back=True)
        return _switch(jobs, path, switch, content)


def _switch(jobs: JobsFolder, path: Path, switch: Switch, content: bytes) -> Switch:
    """Keep what acted, write down what is done, and do it; what a killed one wrote down is not written twice."""
    now, switches = path.read_bytes(), list_switches(jobs)
    _require_bytes(now, switch.before, str(path))
    _place_model(jobs, "").parent.mkdir(exist_ok=True)
    replace_file(_place_model(jobs, switch.before), now)
    same = ("before", "after", "back")
    if switches and all(getattr(switches[-1], name) == getattr(switch, name) for name in same):
        switch = switches[-1]
    else:
        told = json.dumps(msgspec.to_builtins([*switches, switch]), indent=1, sort_keys=True)
        replace_file(jobs.path / SWITCHES_FILE, f"{told}\n".encode())
    replace_file(path, content)
    return switch


def list_switches(jobs: JobsFolder) -> list[Switch]:
    """All switches, the last one last.

    Raises
    ------
    StoreDamagedError
        If their file is none.
    """
    path = jobs.path / SWITCHES_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Switch])
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError as error:
        raise StoreDamagedError(f"{path} is no list of switches: {error}; move it away") from error


def _place_model(jobs: JobsFolder, sha256: str) -> Path:
    return jobs.path / MODELS_FOLDER / f"{sha256}.model"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _require_bytes(content: bytes, sha256: str, name: str) -> None:
    if _digest(content) != sha256:
        raise ConfigError(f"{name} has changed meanwhile: look again with ringfence model compare")
