"""Whether a server that is silent is at work, or gone.

A connection to a server that hangs, or that no packet reaches any more, stays open for ever: the kernel on the other
side still acknowledges, and Bolt sends no sign of life that a client could rely on.  So while something is asked for
longer than a moment, a second connection knocks at the same address.  Whoever works through a long query answers a
knock at once.  If two go unanswered, the connections are closed, and whoever waits on them is told.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

QUIET_SECONDS = 2.0
"""Who answers sooner is not knocked at; and how long it is from one knock to the next."""

KNOCK_SECONDS = 2.5
"""How long a knock may go unanswered: longer than a server collects garbage."""

_KNOCKS = 2
_GREETING = bytes.fromhex("6060b017 00000405 00000000 00000000 00000000")
"""What every Bolt connection begins with: the server answers which version it would speak."""


class OpenSocket(Protocol):
    """A connection that may be closed from another thread."""

    def getpeername(self) -> tuple[Any, ...]:
        """The address at its other end."""

    def close(self) -> None:
        """Close it; whoever reads from it is woken."""


class Heartbeat:
    """Watches over what is asked of a server.

    Parameters
    ----------
    list_sockets
        The connections that are in use at this moment.
    is_encrypted
        Whether the server speaks TLS.
    """

    def __init__(self, list_sockets: Callable[[], Sequence[OpenSocket]], *, is_encrypted: bool) -> None:
        self.is_lost = False
        self._list_sockets = list_sockets
        self._is_encrypted = is_encrypted
        self._began_at: dict[object, float] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch over what is done inside."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="ringfence-heartbeat", daemon=True)
            self._thread.start()
        key = object()
        self._began_at[key] = time.monotonic()
        try:
            yield
        finally:
            del self._began_at[key]

    def stop(self) -> None:
        """Watch no longer; stopping twice is harmless."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(QUIET_SECONDS / 4):
            began_at = list(self._began_at.values())
            if began_at and time.monotonic() - min(began_at) >= QUIET_SECONDS:
                self._look_after()
                self._over.wait(QUIET_SECONDS * 3 / 4)

    def _look_after(self) -> None:
        """Knock once at each address, and again where nobody answers; close what leads nowhere."""
        for peer in {each for each in map(_find_peer, self._list_sockets()) if each}:
            if not any(answers(peer, is_encrypted=self._is_encrypted) for _ in range(_KNOCKS)) and self._began_at:
                self.is_lost = True
                for connection in self._list_sockets():
                    if _find_peer(connection) == peer:
                        connection.close()


def _find_peer(connection: OpenSocket) -> tuple[Any, ...] | None:
    with suppress(OSError):
        return connection.getpeername()
    return None


def answers(peer: tuple[Any, ...], *, is_encrypted: bool, patience_seconds: float = KNOCK_SECONDS) -> bool:
    """Whether anybody at an address says anything to a knock; a refusal or a goodbye will do, except at the door."""
    deadline = time.monotonic() + patience_seconds
    try:
        door = socket.create_connection(peer[:2], timeout=patience_seconds)
    except OSError:
        return False
    with door:
        try:
            door.settimeout(max(deadline - time.monotonic(), 0.1))
            if is_encrypted:
                door = _any_certificate().wrap_socket(door)
            door.sendall(_GREETING)
            door.recv(4)
        except TimeoutError:
            return False
        except OSError:  # hung up on: whoever does that is there
            return True
        finally:
            door.close()
    return True


def _any_certificate() -> ssl.SSLContext:
    # Nothing is said over this connection but the greeting, and nothing believed but that somebody answers.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
