"""Very many addresses, read by another process as well: that is work for Python, which does one thing at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO

import msgspec

from graph.identity.addresses.form import canonical_address
from graph.identity.addresses.shapes import read_plain
from graph.version import VERSION

WORTH_SHARING = 50_000
"""Another process takes half a second to be there, in which fifteen thousand addresses are read."""

_CODER = msgspec.msgpack
_AT_ONCE = 1_024
_LENGTH_BYTES = 4


def is_worth_sharing(n_texts: int) -> bool:
    """Whether another process reads a part of so many addresses before this one has read them all."""
    return n_texts >= WORTH_SHARING and (os.cpu_count() or 1) > 1


def read_addresses(texts: Sequence[str], has_phrases: Sequence[bool]) -> list[str]:
    """The form of each address (N,); another process reads a part of them where there are very many.

    Parameters
    ----------
    texts
        Addresses (N,).
    has_phrases
        (N,) as :func:`~graph.identity.addresses.form.canonical_address` wants to know.
    """
    if not is_worth_sharing(len(texts)):
        return _read_here(texts, has_phrases)
    with SharedReading(texts, has_phrases) as reading:
        return reading.finish()


class SharedReading:
    """Addresses that another process reads from now on, the first ones first.

    Parameters
    ----------
    texts, has_phrases
        See :func:`read_addresses`.

    Notes
    -----
    The other process is a new one, which knows nothing of this one's files and threads, and ends when this one does.
    Nobody waits for it: where there is none to be had, or it dies, stands still, says what it should not, or is of
    another installation, which may read otherwise, all that it has not read is read here.
    """

    def __init__(self, texts: Sequence[str], has_phrases: Sequence[bool]) -> None:
        self._texts, self._has_phrases = texts, has_phrases
        self.heard: list[list[str]] = []
        """What the other process has read, piece by piece."""
        self._other = _start_other()
        self._thread = Thread(target=self._listen, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system has no thread left, and nobody would listen
            if self._other is not None:
                self._other.kill()
                self._other.communicate()
            self._other = None

    def finish(self) -> list[str]:
        """The form of each address (N,): the last ones are read here, until the two processes meet."""
        n_pieces = -(-len(self._texts) // _AT_ONCE)
        mine: list[list[str]] = []
        while len(self.heard) + len(mine) < n_pieces:
            own = self._cut(n_pieces - len(mine) - 1)
            mine.append(_read_here(self._texts[own], self._has_phrases[own]))
        pieces = [*self.heard[: n_pieces - len(mine)], *reversed(mine)]
        return [form for piece in pieces for form in piece]

    def _cut(self, piece: int) -> slice:
        return slice(piece * _AT_ONCE, (piece + 1) * _AT_ONCE)

    def _listen(self) -> None:
        """Tell the other process what to read, and hear it; it may be gone at any moment."""
        if self._other is None or self._other.stdin is None or self._other.stdout is None:
            return
        with suppress(OSError, ValueError, msgspec.DecodeError):
            self._other.stdin.write(_CODER.encode((list(self._texts), list(self._has_phrases), _AT_ONCE)))
            self._other.stdin.close()
            pieces = _hear_pieces(self._other.stdout)
            if _CODER.decode(next(pieces, b""), type=str) != _say_who_reads():
                return
            for number, said in enumerate(pieces):
                forms = _CODER.decode(said, type=list[str])
                if len(forms) != len(self._texts[self._cut(number)]):
                    return
                self.heard.append(forms)

    def close(self) -> None:
        """End the other process, whatever it has read; twice is harmless."""
        if self._other is not None:
            self._other.kill()
            self._thread.join()
        if self._other is not None:
            with suppress(OSError), self._other:  # what was not written yet nobody wants any more
                pass

    def __enter__(self) -> SharedReading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_here(texts: Sequence[str], has_phrases: Sequence[bool]) -> list[str]:
    return [
        canonical_address(text) if flag else read_plain(text) for text, flag in zip(texts, has_phrases, strict=True)
    ]


def _say_who_reads() -> str:
    """Where the rules lie by which this process reads, and of which version they are."""
    return f"{VERSION} {Path(__file__).resolve()}"


def _start_other() -> subprocess.Popen[bytes] | None:
    if not sys.executable or getattr(sys, "frozen", False):  # what was started is no Python that takes a module
        return None
    # -P: what lies in the folder where somebody stands is not what is to be run.
    command = [sys.executable, "-P", "-m", __name__]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return None


def _hear_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """What is said, piece by piece, each after its length; one that was cut off is none."""
    while len(length := stream.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        said = stream.read(int.from_bytes(length, "big"))
        if len(said) < int.from_bytes(length, "big"):
            return
        yield said


def main() -> None:
    """Read what comes on stdin, and write the forms on stdout, piece by piece."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and ends both
    _say(_say_who_reads())
    texts, has_phrases, at_once = _CODER.decode(sys.stdin.buffer.read(), type=tuple[list[str], list[bool], int])
    for start in range(0, len(texts), at_once):
        end = start + at_once
        _say(_read_here(texts[start:end], has_phrases[start:end]))


def _say(what: object) -> None:
    said = _CODER.encode(what)
    sys.stdout.buffer.write(len(said).to_bytes(_LENGTH_BYTES, "big") + said)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
