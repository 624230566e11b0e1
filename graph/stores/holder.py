"""Who holds a store: what the holder of a lock tells those who wait, in words."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graph.errors import StoreBusyError

log = logging.getLogger("ringfence.store")

_PAUSE_SECONDS = 0.05


def name_this_process() -> dict[str, Any]:
    """What a lock's holder tells those who wait."""
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def say_holder(holder: Mapping[str, Any]) -> str:
    """Put in words who holds a lock; empty if nobody is left of them on this machine."""
    if holder["host"] == socket.gethostname() and not _is_alive(holder["pid"]):
        return ""
    return f"process {holder['pid']} on {holder['host']} ({holder['command']}) since {holder['since']}"


def wait_in_turn(
    place: str, attempt: Callable[[], str], wait_seconds: float, *, pause_seconds: float = _PAUSE_SECONDS
) -> None:
    """Try to take a lock until it is taken, and say once for whom one waits.

    Parameters
    ----------
    place
        What is locked, in words.
    attempt
        Takes the lock and returns nothing, or else the words for who holds it.
    wait_seconds
        How long to go on trying; 0 for one attempt.
    pause_seconds
        How long to pause from one attempt to the next.

    Raises
    ------
    StoreBusyError
        If somebody holds it for longer; the message says who, and since when.
    """
    deadline, told = time.monotonic() + wait_seconds, False
    while holder := attempt():
        if time.monotonic() >= deadline:
            waited = f" (waited {wait_seconds:g} s)" if wait_seconds else ""
            raise StoreBusyError(f"{place} is held by {holder}; try again later{waited}")
        if not told:
            log.info("%s is held by %s; waiting up to %g s", place, holder, wait_seconds)
            told = True
        time.sleep(min(pause_seconds, max(deadline - time.monotonic(), 0.0)))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
