"""The errors that a user can meet, as one tree.

::

    RingfenceError
    ├── ConfigError (ValueError)             ringfence.toml or an option makes no sense
    ├── DataError (ValueError)               a table breaks the data contract as a whole
    │   ├── MissingTableError                a folder or file that is not there
    │   ├── MissingColumnError               a required column that is not there
    │   ├── UnreadableTableError             not the encoding, or not the format, it should be
    │   ├── TooLargeError                    larger than the limits in the settings allow
    │   └── TooManyRejectsError              more bad rows than the settings allow
    ├── StoreError (OSError)                 the property graph on disk or on a server
    │   ├── StoreNotFoundError               nothing was loaded there yet
    │   ├── StoreBusyError                   another process holds it
    │   ├── CaseHeldError                    somebody else has claimed the case
    │   ├── StoreVersionError                written by a newer Ringfence, or damaged
    │   ├── StoreReadOnlyError               no permission to write
    │   ├── StoreFullError                   no space left on the disk, or no memory in the server
    │   ├── StoreUnfinishedError             a load was interrupted; run it again
    │   ├── StoreMovedError                  the facts changed while a run was at work
    │   ├── StoreDamagedError                what is kept is not what was written
    │   ├── StoreUnreachableError            no server answers there, or not over this kind of TLS
    │   └── StoreLoginError                  the server does not know the user, or not that password
    ├── QueryError (ValueError)              the store refused a Cypher query
    │   └── QueryLimitError                  it took more than the settings allow
    ├── LeakError (ValueError)               a score rests on what it is measured by
    ├── RefusedError (RuntimeError)          what was asked was not done, to be safe; nothing was changed
    │   ├── PlanMovedError                   what a plan rests on is not so any more
    │   ├── PlanTooLargeError                a plan touches more than the policy allows
    │   └── ChecksFailedError                what a night found is not like what was found before
    └── UnknownIdError (LookupError)         an id that is not in the store

Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations


class RingfenceError(Exception):
    """Something a user can understand and mend; the message is one line and says how."""


class ConfigError(RingfenceError, ValueError):
    """A setting, an option or ``ringfence.toml`` makes no sense."""


class DataError(RingfenceError, ValueError):
    """A table breaks the data contract as a whole (single bad rows are rejects instead)."""


class MissingTableError(DataError):
    """The folder, or a table that the contract requires, is not there."""


class MissingColumnError(DataError):
    """A table lacks a column that the contract requires."""


class UnreadableTableError(DataError):
    """A file is not in the encoding or format that its name promises."""


class TooLargeError(DataError):
    """A file, a row or a header is larger than the limits under ``[load]`` allow; the message names the limit."""


class TooManyRejectsError(DataError):
    """More rows break the contract than ``load.max_reject_share`` allows."""


class DoubtfulDataError(DataError):
    """Ids in a table are not what they were: loading them would join or part what is not.  Says what mends it."""


class StoreError(RingfenceError, OSError):
    """The property graph on disk, or on a server, failed."""


class StoreNotFoundError(StoreError):
    """Nothing was loaded at this place yet."""


class StoreBusyError(StoreError):
    """Another process holds the store."""


class CaseHeldError(StoreError):
    """Somebody else has claimed the case; says who, and until when."""


class StoreVersionError(StoreError):
    """The store was written by a newer Ringfence, or is damaged."""


class StoreReadOnlyError(StoreError):
    """The place cannot be written to."""


class StoreFullError(StoreError):
    """The disk is full, or the server has no memory left for what was asked."""


class StoreUnfinishedError(StoreError):
    """A load was interrupted, and half of it is in the store."""


class StoreMovedError(StoreError):
    """The facts changed while a run was at work, so that not all of them are scored; says what was kept."""


class StoreDamagedError(StoreError):
    """What the store keeps is not what was written there; says which command goes back to what is whole."""


class StoreUnreachableError(StoreError):
    """No server answers at this address, or not over this kind of TLS."""


class StoreLoginError(StoreError):
    """The server does not let this user in."""


class QueryError(RingfenceError, ValueError):
    """The store refused a Cypher query."""


class QueryLimitError(QueryError):
    """A question took more time, rows or memory than the limits under ``[query]`` allow; the message names which."""


class LeakError(RingfenceError, ValueError):
    """A score rests on the future or on labels, so that measuring it would flatter; says which."""


class RefusedError(RingfenceError, RuntimeError):
    """What was asked was not done, to be safe; nothing was changed."""


class PlanMovedError(RefusedError):
    """What a plan rests on is not so any more: facts, run, policy, decisions or measures; says which."""


class PlanTooLargeError(RefusedError):
    """A plan touches more than the policy allows; names the bound."""


class ChecksFailedError(RefusedError):
    """What a night found is not like what was found before, and was not published; says in what."""


class UnknownIdError(RingfenceError, LookupError):
    """An id that is not in the store; the message names the nearest one that is."""


_EXIT_CODES: tuple[tuple[type[RingfenceError], int], ...] = (
    (UnknownIdError, 3),
    (DataError, 4),
    (StoreMovedError, 7),
    (StoreDamagedError, 8),
    (StoreError, 5),
    (LeakError, 6),
    (RefusedError, 9),
)


def find_exit_code(error: RingfenceError) -> int:
    """The code with which a command ends on an error.

    >>> find_exit_code(UnknownIdError("no account 'x'")), find_exit_code(ConfigError("no such setting"))
    (3, 1)
    """
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 1)
