"""LadybugDB's and the system's errors in the project's words."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from graph import errors

_SAYS_DURABLE = re.compile(r"^.*post-commit checkpoint failed\..* on restart: ")
"""LadybugDB's words where a file cannot be written; but that of a draft, which goes with what was committed to it."""


@contextmanager
def explained(location: str, *, query: str | None = None) -> Iterator[None]:
    """Turn LadybugDB's and the system's errors into the project's."""
    try:
        yield
    except errors.RingfenceError:
        raise
    except OSError as error:
        raise _system_error(location, error) from error
    except RuntimeError as error:
        raise _database_error(location, str(error), query) from error


def _system_error(location: str, error: OSError) -> errors.StoreError:
    if error.errno == errno.ENOSPC:
        return errors.StoreFullError(f"no space left on the disk of {location}; nothing was changed")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return errors.StoreReadOnlyError(f"cannot write to {location}: {error.strerror}")
    return errors.StoreError(f"{location}: {error}")


def _database_error(location: str, message: str, query: str | None) -> errors.RingfenceError:
    said = " ".join(message.split())
    line = _SAYS_DURABLE.sub("", said)
    lower = line.lower()
    if "no space left" in lower:
        return errors.StoreFullError(f"no space left on the disk of {location}; nothing was changed")
    if "lock" in lower and "file" in lower:
        return errors.StoreBusyError(f"{location} is held by another process")
    if "permission denied" in lower or "read-only" in lower or "read only" in lower:
        return errors.StoreReadOnlyError(f"cannot write to {location}: {line}")
    if "version" in lower and "storage" in lower:
        return errors.StoreVersionError(f"{location} was written by another version of LadybugDB: {line}")
    if query is not None and line == said:
        return errors.QueryError(f"{line} (query: {' '.join(query.split())[:200]})")
    return errors.StoreError(f"{location}: {line}{'' if line == said else '; nothing was changed'}")
