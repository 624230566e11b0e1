"""Who holds a store: what the holder of a lock tells those who wait, in words."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


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


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
