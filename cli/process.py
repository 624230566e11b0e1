"""Where the process of ``ringfence`` begins: before anything is imported that takes its time.

The command itself is :func:`cli.main.main`; what only a process of its own has is here: signals, streams, an exit code.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading

from cli.ending import answer_signals, end_work
from graph.pandas_later import pandas_when_imported
from graph.put_off import put_off

_GARBAGE_THRESHOLD = 10_000
"""New objects before Python looks for rings of dead ones: importing makes thousands, none of which is dead."""
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"
_UNUSED = ("numpy.ctypeslib", "numpy.f2py", "numpy.polynomial", "numpy.testing")
"""Parts of numpy that scipy imports, for it imports all of numpy; over a seventh of what detect imports."""


def run() -> None:
    """Run the command on this process's arguments and streams, and end the process."""
    gc.set_threshold(_GARBAGE_THRESHOLD)
    # Among how many threads a product of matrices is shared out moves its last digits, and threads that wait for their
    # part spin meanwhile: a tenth of what detect takes of the processor.  Ours have work of their own.
    os.environ[_BLAS_THREADS] = "1"
    answer_signals()
    _open_missing_streams()
    from cli.main import main

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a terminal's encoding lacks is written out, not a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        with pandas_when_imported(), put_off(*_UNUSED):
            main(prog_name="ringfence")
    except SystemExit as done:
        end_work()
        _end_quickly(done.code if isinstance(done.code, int) else 0)
        raise
    finally:
        end_work()


def _end_quickly(code: int) -> None:
    """End the process once everything is put away and written; unloading module by module takes a tenth of a question.

    Returns where the interpreter has to end it: threads still work, or what was written cannot be flushed.
    """
    if threading.active_count() > 1:
        return
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def _open_missing_streams() -> None:
    """Keep a file that is opened later from taking the number of a stream that was closed, and its output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
