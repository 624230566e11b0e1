"""Cells that a spreadsheet would take for formulas, and the mark that keeps it from doing so.

An account may be called ``=HYPERLINK(...)``.  In a CSV file that is text; a spreadsheet that opens the file runs it.
An apostrophe before it says that it is text (OWASP, "CSV Injection").  What already looks like a guarded cell is
guarded again, so that taking one apostrophe off gives back what there was, whatever it was.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import TypeVar

_STARTS = "=+\\-@\t\r\n＝＋－＠"  # the wide ones too: East Asian spreadsheets read them alike
GUARDED = f"^'('*[{_STARTS}])"
"""What a guarded cell looks like; the group is all of it that was there before."""
_START, _SUSPECT, _GUARDED = re.compile(f"[{_STARTS}]"), re.compile(f"'*[{_STARTS}]"), re.compile(GUARDED)
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


def guard_row(row: str) -> str:
    """The same for a whole row that will be one cell, whose own cells are guarded: only a number can begin it then.

    >>> guard_row("-5,ann"), guard_row("'=1+1,ann")
    ("'-5,ann", "'=1+1,ann")
    """
    return f"'{row}" if _START.match(row) else row


def format_row(cells: Iterable[object], delimiter: str = ",") -> str:
    r"""A row of CSV without its line end; ``csv`` leaves a carriage return bare if lines do not end in one.

    >>> format_row(["a,b", "c\rd", 1])
    '"a,b","c\rd",1'
    """
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n")


def unguard_cell(cell: str) -> str:
    """Take the mark off again.

    >>> unguard_cell("'=1+1"), unguard_cell("''=1+1"), unguard_cell("'ann")
    ('=1+1', "'=1+1", "'ann")
    """
    return cell[1:] if _GUARDED.match(cell) else cell
