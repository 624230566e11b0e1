"""Cells that a spreadsheet would take for formulas, and the mark that keeps it from doing so.

An account may be called ``=HYPERLINK(...)``.  In a CSV file that is text; a spreadsheet that opens the file runs it.
An apostrophe before it says that it is text (OWASP, "CSV Injection").  What already looks like a guarded cell is
guarded again, so that taking one apostrophe off gives back what there was, whatever it was.
"""

from __future__ import annotations

import re
from typing import TypeVar

_STARTS = "=+\\-@\t\r\n＝＋－＠"  # the wide ones too: East Asian spreadsheets read them alike
GUARDED = f"^'('*[{_STARTS}])"
"""What a guarded cell looks like; the group is all of it that was there before."""
_SUSPECT, _GUARDED = re.compile(f"'*[{_STARTS}]"), re.compile(GUARDED)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

Cell = TypeVar("Cell")


def guard_cell(cell: Cell) -> Cell | str:
    """Put an apostrophe before a text that a spreadsheet would run; numbers are not touched.

    >>> [guard_cell(each) for each in ("=1+1", "-5", "'=1+1", "ann", -5.0)]
    ["'=1+1", '-5', "''=1+1", 'ann', -5.0]
    """
    if not isinstance(cell, str) or not _SUSPECT.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def unguard_cell(cell: str) -> str:
    """Take the mark off again.

    >>> unguard_cell("'=1+1"), unguard_cell("''=1+1"), unguard_cell("'ann")
    ('=1+1', "'=1+1", "'ann")
    """
    return cell[1:] if _GUARDED.match(cell) else cell
