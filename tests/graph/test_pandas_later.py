"""Arrow does not import pandas by itself, and knows a column of it once somebody has."""

from __future__ import annotations

import subprocess
import sys

import pytest

_AFTERWARDS = "import pandas; print(pa.array(pandas.Series([1.0, float('nan')])).null_count)"


def run(program: str) -> str:
    """What a new process prints, in which nothing is imported yet."""
    begin = "import sys; from graph.pandas_later import pandas_when_imported"
    return subprocess.run(
        [sys.executable, "-c", f"{begin}\n{program}"], check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize(
    ("told", "is_there"),
    [
        ("import graph.contract.tables, graph.stores.load_plan", False),
        ("pa.array(['a', None]).to_pylist()", False),
        ("pa.array([1, None]).to_numpy(zero_copy_only=False)", False),
        ("import pandas", True),
        ("import importlib; importlib.import_module('pandas')", True),
        ("import graph.stores.timelines", True),
    ],
)
def test_pandas_is_there_for_whoever_imports_it(told: str, is_there: bool) -> None:
    program = f"with pandas_when_imported():\n    import pyarrow as pa\n    {told}\n    print('pandas' in sys.modules)"
    assert run(program).split() == [str(is_there)]


@pytest.mark.parametrize("indent", ["    ", ""], ids=["within", "afterwards"])
def test_arrow_knows_a_column_of_pandas_once_somebody_imports_it(indent: str) -> None:
    program = f"with pandas_when_imported():\n    import pyarrow as pa\n    pa.array([1])\n{indent}{_AFTERWARDS}"
    assert run(program).split() == ["1"]
