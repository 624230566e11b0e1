"""How the process ends when it is told to: one line, the exit code that shells expect, and nothing left behind.

A signal becomes a ``KeyboardInterrupt``, so that whatever is open is put away on the way out.  It must not come in the
middle of an import, where compiled modules swallow it: there it waits until the import is done.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

_AGAIN_SECONDS = 0.01
_GRACE_SECONDS = 5.0
_IMPORTING = "<frozen importlib"
_WORDS = {"SIGINT": "interrupted", "SIGTERM": "ended by SIGTERM", "SIGHUP": "ended by SIGHUP"}
ENDING = tuple(getattr(signal, name) for name in _WORDS if hasattr(signal, name))


@dataclass
class _Told:
    """Which signal came first, and what it would find: nothing begun yet, work, or nothing left to end."""

    number: int = 0
    is_working: bool = False
    is_done: bool = False


_told = _Told()


def answer_signals() -> None:
    """End in order when a signal asks for it; one that is ignored (as ``nohup`` does) stays so."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _answer)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _answer_again)
    sys.unraisablehook = _notice_swallowed


def begin_work() -> None:
    """From now on there may be something to put away; before that, a signal ends the process at once."""
    _told.is_working = True


def end_work() -> None:
    """From now on a signal has nothing to end.

    Ignored, and not merely answered with nothing: on its way out the interpreter takes every answer away, and what came
    then would kill a process whose work is done.
    """
    _told.is_done = True
    for number in (*ENDING, getattr(signal, "SIGALRM", ENDING[0])):
        if signal.getsignal(number) in (_answer, _answer_again):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def ending_late(seconds: float, words: str) -> Iterator[None]:
    """What is done inside has so long, and a few seconds to end by itself; then the process ends, in one line.

    For work that only reads, and that nothing else can stop: a call into a database that does not come back.
    """

    def end() -> None:
        os.write(2, f"ringfence: {words}\n".encode())
        os._exit(1)

    timer = threading.Timer(seconds + _GRACE_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def find_ending() -> tuple[str, int]:
    """The line to say, and the exit code (128 and the signal's number), when work was interrupted."""
    number = _told.number or signal.SIGINT
    return _WORDS[signal.Signals(number).name], 128 + number


def was_told_to_end() -> bool:
    """Whether a signal came, even if whoever got the interruption swallowed it."""
    return _told.number != 0


def _answer(number: int, frame: FrameType | None) -> None:
    _told.number = _told.number or number
    if not _told.is_working:
        _leave()
    _interrupt(frame)


def _answer_again(number: int, frame: FrameType | None) -> None:
    if was_told_to_end():
        _interrupt(frame)


def _interrupt(frame: FrameType | None) -> None:
    if _told.is_done:
        return
    if _is_importing(frame):
        _ask_again()
        return
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False


def _ask_again() -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


def _leave() -> None:
    """End at once: nothing is open yet."""
    words, code = find_ending()
    os.write(2, f"ringfence: {words}\n".encode())
    os._exit(code)


def _notice_swallowed(unraisable: Any) -> None:
    """Python cannot raise what comes in a callback or while something is deleted; an interruption comes again then."""
    if unraisable.exc_type is KeyboardInterrupt and was_told_to_end():
        _ask_again()
    else:
        sys.__unraisablehook__(unraisable)
