"""Which run is the latest: the one that knows up to the latest instant, whenever the others were made.

A run of the past (``detect --as-of``) asks what would have been found then.  It is kept, and is never the latest while
a run is there that knows more: its place is :data:`PAST`, and the verdicts on accounts and reviews stay as they are.
Knows no database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

PAST = 0
"""The sequence of a run of the past; all others count from 1."""

ASK_ORDER = (
    "MATCH (u:Run) RETURN u.run_id AS run_id, u.sequence AS sequence, u.as_of AS as_of, u.started_at AS started_at"
)
"""What :func:`place_run` goes by."""


def place_run(runs: Sequence[Mapping[str, Any]], run_id: str, as_of: np.datetime64 | None, started_at: datetime) -> int:
    """The sequence of a run that is about to be written: one more than the latest, or :data:`PAST`.

    Parameters
    ----------
    runs
        Rows of :data:`ASK_ORDER`; one of the same id is replaced, and counts for nothing.
    run_id, as_of, started_at
        Of the run: up to which instant it knew (None for everything there was when it started).

    >>> then, now = datetime(2024, 1, 1), datetime(2024, 1, 2)
    >>> live = {"run_id": "run-1", "sequence": 1, "as_of": None, "started_at": now}
    >>> place_run([live], "run-2", np.datetime64(then), now), place_run([live], "run-2", None, now)
    (0, 2)
    >>> place_run([], "run-2", np.datetime64(then), now)
    1
    """
    others = [row for row in runs if row["run_id"] != run_id]
    latest = max(others, key=lambda row: row["sequence"] or PAST, default=None)
    if latest is None:
        return 1
    instant = None if as_of is None else as_of.astype("datetime64[us]").item()
    known, knows = _find_horizon(latest["as_of"], latest["started_at"]), _find_horizon(instant, started_at)
    if instant is not None and known is not None and knows is not None and knows < known:
        return PAST
    return (latest["sequence"] or PAST) + 1


def _find_horizon(as_of: Any, started_at: Any) -> datetime | None:
    """Up to which instant a run knew: nobody knows what comes after it started."""
    known = [_as_utc(each) for each in (as_of, started_at) if each is not None]
    return min(known, default=None)


def _as_utc(instant: Any) -> datetime:
    native: datetime = instant.to_native() if hasattr(instant, "to_native") else instant
    return native.astimezone(UTC).replace(tzinfo=None) if native.tzinfo else native
