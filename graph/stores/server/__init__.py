"""The property graph on a Neo4j server, over Bolt.

The driver imports numpy, pandas and pyarrow where they are there, in case that it is given values of theirs.  It is
given plain ones, and each question would take a second longer: so it is imported here, first and without them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hiding(*names: str) -> Iterator[None]:
    """What is imported inside finds none of these modules, whether or not they are loaded."""
    loaded = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None says that there is no such module
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(loaded)


with _hiding("numpy", "pandas", "pyarrow"):
    importlib.import_module("neo4j")
