"""Very many addresses, read by two processes at once: that is work for Python, which does one thing at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from graph.identity.addresses.form import canonical_address

WORTH_SHARING = 50_000
"""Another process takes half a second to be there, in which fifteen thousand addresses are read."""

_CODER = msgspec.msgpack


def read_addresses(texts: Sequence[str], has_phrases: Sequence[bool]) -> list[str]:
    """The form of each address (N,); half of them are read by another process where there are very many.

    Parameters
    ----------
    texts
        Addresses (N,).
    has_phrases
        (N,) as :func:`~graph.identity.addresses.form.canonical_address` wants to know.

    Notes
    -----
    The other process is a new one, which knows nothing of this one's files and threads, and ends when this one does.
    Where there is none to be had, or it fails, everything is read here.
    """
    if len(texts) < WORTH_SHARING or (os.cpu_count() or 1) < 2:
        return _read_here(texts, has_phrases)
    half = len(texts) // 2
    other = _ask_other(texts[half:], has_phrases[half:])
    mine = _read_here(texts[:half], has_phrases[:half])
    theirs = _hear_other(other)
    return mine + (_read_here(texts[half:], has_phrases[half:]) if theirs is None else theirs)


def _read_here(texts: Sequence[str], has_phrases: Sequence[bool]) -> list[str]:
    return [canonical_address(text, has_phrases=flag) for text, flag in zip(texts, has_phrases, strict=True)]


def _ask_other(texts: Sequence[str], has_phrases: Sequence[bool]) -> subprocess.Popen[bytes] | None:
    # -P: what lies in the folder where somebody stands is not what is to be run.
    command = [sys.executable, "-P", "-m", __name__]
    try:
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    assert other.stdin is not None  # as was asked for
    with suppress(OSError):  # it is gone already, and says nothing either
        other.stdin.write(_CODER.encode((list(texts), list(has_phrases))))
        other.stdin.close()
    return other


def _hear_other(other: subprocess.Popen[bytes] | None) -> list[str] | None:
    """What it read; None where it did not."""
    if other is None or other.stdout is None:
        return None
    with other:
        said = other.stdout.read()
    if other.returncode:
        return None
    with suppress(msgspec.DecodeError):
        return _CODER.decode(said, type=list[str])
    return None


def main() -> None:
    """Read what comes on stdin, and write the forms on stdout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and ends both
    texts, has_phrases = _CODER.decode(sys.stdin.buffer.read(), type=tuple[list[str], list[bool]])
    sys.stdout.buffer.write(_CODER.encode(_read_here(texts, has_phrases)))


if __name__ == "__main__":
    main()
