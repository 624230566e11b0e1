"""Where the process of ``ringfence`` begins: before anything is imported that takes its time.

The command itself is :func:`cli.main.main`; what only a process of its own has is here: signals, streams, an exit code.
"""

from __future__ import annotations

import os
import sys

from cli.ending import answer_signals, end_work


def run() -> None:
    """Run the command on this process's arguments and streams, and end the process."""
    answer_signals()
    _open_missing_streams()
    from cli.main import main

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a terminal's encoding lacks is written out, not a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        main(prog_name="ringfence")
    finally:
        end_work()


def _open_missing_streams() -> None:
    """Keep a file that is opened later from taking the number of a stream that was closed, and its output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
