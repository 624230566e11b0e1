"""A store that version 1 wrote: the small market with its run and three vectors, and what version 1 answered of it.

``data/store-version-1.tar.xz`` was packed before anything came to version 2.  It can be read as long as LadybugDB reads
its files of 0.22; when that ends, so does what these tests promise.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

from places import ROOT

ARCHIVE = ROOT / "tests" / "data" / "store-version-1.tar.xz"


def unpack_version_1(folder: Path) -> Path:
    """The store, in a folder of its own."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "store"


def read_recorded() -> dict[str, Any]:
    """What version 1 said: ``answers`` to commands, ``exports`` as rows, and the whole ``graph``.

    In today's words: a sentence that is made when it is asked for says "innocent explanation".
    """
    with tarfile.open(ARCHIVE) as archive:
        file = archive.extractfile("recorded.json")
        assert file is not None
        said = file.read().decode().replace("the innocent reading", "the innocent explanation")
    recorded: dict[str, Any] = json.loads(said)
    return recorded
