"""What only the process of ringfence has."""

from __future__ import annotations

import os
import subprocess
import sys

from places import ROOT

SHOWS_THREADS = """
import atexit, sys
from cli.process import run

def show():
    import numpy, threadpoolctl
    print(*(each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"))

atexit.register(show)
sys.argv = ["ringfence", "--version"]
run()
"""


def test_products_of_matrices_are_not_shared_out_whatever_the_machine_has() -> None:
    """Among how many threads they are moves their last digits."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    ended = subprocess.run(
        [sys.executable, "-c", SHOWS_THREADS], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.split()[-1] == "1"


def test_what_scipy_imports_of_numpy_for_nothing_is_not_run() -> None:
    program = (
        "import sys; from cli.process import run; import cli.main; show = lambda **_: print(*[name for name in"
        " ('numpy.f2py.crackfortran', 'numpy.polynomial.polynomial', 'numpy.testing._private', 'scipy.sparse')"
        " if (__import__('scipy.sparse') and name in sys.modules)]); cli.main.main = show; run()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.split() == ["scipy.sparse"]
