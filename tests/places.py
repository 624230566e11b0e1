"""Where the tests find what lies outside of them."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
DATA = Path(os.environ.get("RINGFENCE_DATA", ROOT.parent / "shared" / "data"))
"""Public markets in the form of the data contract, beside the checkout."""
