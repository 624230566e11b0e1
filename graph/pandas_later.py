"""Keeping pandas out of work that may not need it: to import it takes longer than to load a few rows, and as long as a
quarter of searching a small market.

Arrow imports pandas whenever it turns anything into a column, so as to know a column of pandas if it sees one.  It goes
on without where that fails, and nobody can hand it such a column who has not imported pandas first.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import FrameType, ModuleType

_IMPORT_NAME = dis.opmap["IMPORT_NAME"]


@contextmanager
def pandas_when_imported() -> Iterator[None]:
    """Within, pandas is there for whoever says ``import pandas``, and for Arrow once somebody has."""
    if "pandas" in sys.modules:
        yield
        return
    finder = _Later()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        finder.is_refusing = False


class _Later(MetaPathFinder):
    """Finds pandas for a statement, and for no compiled code, as long as it is refusing."""

    def __init__(self) -> None:
        self.is_refusing = True

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if fullname != "pandas":
            return None
        if self.is_refusing and not _is_statement(sys._getframe(1)):
            raise ModuleNotFoundError(f"{fullname} is not wanted yet", name=fullname)
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Telling(spec.loader.name, spec.loader.path)
        return spec


class _Telling(SourceFileLoader):
    """Imports pandas and tells Arrow, which has found out that there is none."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        import pyarrow as pa

        _ = pa.lib._pandas_api.version  # asked for this it looks again


def _is_statement(frame: FrameType | None) -> bool:
    """Whether Python's machinery of imports was set going by an import statement, or by ``import_module``."""
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    if frame is None:
        return False
    return frame.f_globals.get("__name__") == "importlib" or frame.f_code.co_code[frame.f_lasti] == _IMPORT_NAME
